"""Criteria that name a resource by what it is instead of by its id.

https://hl7.org/fhir/R4/http.html#ccreate, #cond-update, #trules (conditional references)
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl

from fhir_server.fhir.outcome import FhirError, Issue, invalid
from fhir_server.interactions.context import Server
from fhir_server.search.query import Query
from fhir_server.storage.checks import Check
from fhir_server.storage.records import StaleWrite, StoredResource
from fhir_server.storage.snapshot import Snapshot

# They say how an answer looks, and may stand in any URL.
FORMAT = frozenset({"_format", "_pretty"})


@dataclass(frozen=True, slots=True)
class Criteria:
    """A search that should find at most one resource, and the name of the lock that makes it so."""

    text: str
    query: Query
    lock: str


def criteria(server: Server, resource_type: str, text: str) -> Criteria:
    """Read the search of an ``ifNoneExist``, of a conditional URL or of a conditional reference.

    Args:
        server: the server's parts.
        resource_type: the type to search.
        text: parameters as in a URL, with or without ``?`` in front.

    Raises:
        FhirError: 400 for no criteria, for parameters that select nothing, or that the server
            does not know.
    """
    given = parse_qsl(text.lstrip("?"), keep_blank_values=True)
    pairs = [(name, value) for name, value in given if name not in FORMAT]
    if not pairs:
        raise _refused("Conditional criteria need at least one search parameter.", "required")
    for name, value in pairs:
        if not value.strip():
            # An empty parameter would match everything, which nobody means who asks to change it.
            raise _refused(f"'{name[:64]}' has no value.", "value")
    query = server.parser.parse_criteria(resource_type, pairs, 2)
    normal = "&".join(f"{name}={value}" for name, value in sorted(pairs))
    # Criteria name people, and a lock's name is kept for an hour.
    name = hashlib.sha256(normal.encode()).hexdigest()
    return Criteria(f"{resource_type}?{text.lstrip('?')}", query, f"if:{resource_type}?{name}")


def _refused(text: str, code: str) -> FhirError:
    return FhirError(Issue("error", code, text), status=400)


def find(snapshot: Snapshot, wanted: Criteria, limit: int) -> list[StoredResource]:
    """Give what matches, up to a number."""
    return snapshot.search(replace(wanted.query, count=limit)).resources


def one_match(snapshot: Snapshot, wanted: Criteria) -> StoredResource | None:
    """Give the one resource that matches, None for none.

    Raises:
        FhirError: 412 for several.
    """
    return the_one(find(snapshot, wanted, 2))


def the_one(found: Collection[StoredResource]) -> StoredResource | None:
    """Give the one that was found, None for none.

    Raises:
        FhirError: 412 for several.
    """
    if len(found) > 1:
        # The criteria may hold a personal identity number, so the text does not repeat them.
        raise FhirError(
            Issue(
                "error",
                "multiple-matches",
                "More than one resource matches the criteria; make them more specific.",
            )
        )
    return next(iter(found), None)


@dataclass(frozen=True, slots=True)
class Expected:
    """What criteria found before a write, which must not have changed when it is made."""

    criteria: Criteria
    references: frozenset[str]
    limit: int

    @classmethod
    def of(cls, wanted: Criteria, found: Collection[StoredResource], limit: int = 2) -> Expected:
        """Note what was found by a search with a limit."""
        return cls(wanted, frozenset(each.reference for each in found), limit)


def unchanged(*expected: Expected) -> Check:
    """Give the check, with the locks of the criteria held, that they find what they found."""

    def check(snapshot: Snapshot) -> None:
        for each in expected:
            found = find(snapshot, each.criteria, each.limit)
            if each.references != {stored.reference for stored in found}:
                raise StaleWrite(each.criteria.query.types)

    return check


def require_matching_id(given: object, found: StoredResource) -> None:
    """Refuse a body whose id is not that of the resource that the criteria found."""
    if given is not None and given != found.id:
        raise invalid(
            "The criteria find another resource than the one whose id the body carries. Leave the "
            "id out, or send that of the resource found.",
            "id",
            code="value",
        )
