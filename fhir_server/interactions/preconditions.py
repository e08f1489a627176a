"""If-Match, If-None-Match, If-Modified-Since: whether the version at hand is one the client knows.

Source: https://hl7.org/fhir/R4/http.html#concurrency, https://hl7.org/fhir/R4/http.html#cread,
https://www.rfc-editor.org/rfc/rfc9110#section-13.1
"""

from __future__ import annotations

import re
from datetime import datetime

from fhir_server.fhir.ids import version_number
from fhir_server.fhir.outcome import FhirError, Issue, gone, invalid, not_found, version_conflict
from fhir_server.storage.records import StoredResource

_TAG = r'(?:W/)?"([^"]*)"'
_TAGS = re.compile(rf"\s*,*\s*{_TAG}(?:\s*,\s*(?:{_TAG})?)*\s*\Z")
_ONE_TAG = re.compile(_TAG)
_ONLY_TAG = re.compile(rf"\s*{_TAG}\s*\Z")


def require_living(stored: StoredResource | None, name: str) -> StoredResource:
    """Give a version that is there and no deletion.

    Args:
        stored: as the store has it.
        name: what was asked for, ``Type/id`` or one of its versions.

    Raises:
        FhirError: 404 for none, 410 for a deletion.
    """
    if stored is None:
        raise not_found(name)
    if stored.deleted:
        raise gone(name)
    return stored


def expected_version(if_match: str | None) -> int | None:
    """Give the version number that an If-Match header asks for; None for no header."""
    if if_match is None:
        return None
    match = _ONLY_TAG.match(if_match)
    if not match:
        raise invalid('If-Match must be a weak ETag such as W/"3".', code="value")
    return version_number(match[1])


def require_version(reference: str, previous: StoredResource | None, expected: int | None) -> None:
    """Refuse where If-Match doesn't name the current version (412)."""
    if expected is None:
        return
    if previous is None:
        raise version_conflict(reference, "If-Match was given, but the resource does not exist.")
    if previous.version != expected:
        raise version_conflict(
            reference,
            f"If-Match does not name the current version, {previous.version}. "
            "Read it, apply the change to it and send it again.",
        )


def names(if_none_match: str, stored: StoredResource) -> bool:
    """Tell whether If-None-Match names a version: by its ETag, weak or strong, or by ``*``.

    Raises:
        FhirError: 400 for what is neither ``*`` nor a list of ETags.
    """
    if if_none_match.strip() == "*":
        return True
    if if_none_match.strip().isdecimal():
        # A version without the quotes of an ETag, as fhirpy sends it, can mean nothing else.
        return str(stored.version) == if_none_match.strip()
    if not _TAGS.match(if_none_match):
        raise invalid('If-None-Match must be * or ETags such as W/"3", W/"4".', code="value")
    return str(stored.version) in _ONE_TAG.findall(if_none_match)


def is_known(
    stored: StoredResource, if_none_match: str | None, if_modified_since: datetime | None
) -> bool:
    """Tell whether a reader has this version already, and 304 answers them.

    Args:
        stored: the current version.
        if_none_match: the header; where it is given the date does not count (RFC 9110).
        if_modified_since: the date, aware of its zone; HTTP's dates have no parts of seconds.
    """
    if if_none_match is not None:
        return names(if_none_match, stored)
    if if_modified_since is None:
        return False
    return stored.last_updated // 1_000_000 <= int(if_modified_since.timestamp())


def require_none(
    reference: str, previous: StoredResource | None, if_none_match: str | None
) -> None:
    """Refuse a write where what it would replace is what If-None-Match names (412).

    With ``*`` the write may only create; a deleted resource does not exist.
    """
    if if_none_match is None:
        return
    nothing = StoredResource("", "", 0, 0, None)
    if names(if_none_match, previous or nothing) and previous and not previous.deleted:
        text = f"{reference} exists in a version that If-None-Match excludes; nothing was stored."
        raise FhirError(Issue("error", "duplicate", text), status=412)
