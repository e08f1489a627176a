"""Make a resource ready to be stored: identity, validation, index entries, bytes.

Every write passes here, whichever interaction, operation or loader it comes from.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import uuid_utils

from fhir_server.fhir import json
from fhir_server.fhir.dates import instant_text
from fhir_server.fhir.ids import is_id
from fhir_server.fhir.outcome import FhirError, Issue, errors_first, has_errors, invalid
from fhir_server.interactions.context import Context, Server
from fhir_server.interactions.resolving import Current, WithIt, resolver
from fhir_server.profiles.scope import Resolve, nowhere
from fhir_server.security.referring import NOTHING, Ahead
from fhir_server.storage.records import Change, StoredResource
from fhir_server.terminology import allowance

# MongoDB stores documents of at most 16 MB; the rest is for index entries.
MAX_RESOURCE_BYTES = 14_000_000


@dataclass(frozen=True, slots=True)
class Prepared:
    """A change ready to commit.

    Args:
        change: for the store.
        tree: the resource that it stores; None where it deletes, or where nothing that a commit
            asks looks into it (`commit.looked_into`).
        issues: warnings of validation; errors where the law is to be heard before them.
        at: where the resource stands in the bundle it came in; empty for one that came alone.
        ahead: what was read already of what the resource refers to.
    """

    change: Change
    tree: dict[str, Any] | None
    issues: tuple[Issue, ...] = ()
    at: str = ""
    ahead: Ahead = NOTHING

    @property
    def deletes(self) -> bool:
        """Whether it deletes."""
        return self.change.new.deleted

    @property
    def resource(self) -> dict[str, Any] | None:
        """What it stores, read from the bytes where the tree is gone; None deletes."""
        if self.tree is None and not self.deletes:
            read: dict[str, Any] = json.parse(self.change.new.body or b"")
            return read
        return self.tree


def new_id() -> str:
    """Give an unused logical id; ids made later sort later, which keeps index writes together."""
    return str(uuid_utils.uuid7())


def check_id(id_: str) -> None:
    """Refuse a logical id that R4 doesn't allow (datatypes.html#id)."""
    if not is_id(id_):
        raise invalid(
            "The logical id must be 1 to 64 of the characters A-Z, a-z, 0-9, '-' and '.'.",
            code="value",
        )


def require_resource(resource: Any, resource_type: str) -> dict[str, Any]:
    """Refuse a body that isn't a resource of the type that the URL names."""
    if not isinstance(resource, dict):
        raise invalid("The body must be a JSON object, one resource.", code="structure")
    given = resource.get("resourceType")
    if given != resource_type:
        text = f"The URL asks for a {resource_type}, the body has " + (
            f"resourceType {given!r}." if isinstance(given, str) else "no resourceType."
        )
        raise invalid(text, "resourceType", code="structure")
    return resource


def prepare(
    context: Context,
    resource: dict[str, Any],
    id_: str,
    previous: StoredResource | None,
    *,
    profiles: tuple[str, ...] = (),
    written: WithIt = nowhere,
    current: Current | None = None,
) -> Prepared:
    """Give the change that stores ``resource`` as the next version of ``id_``.

    Args:
        context: the request.
        resource: as the client sent it; it is not changed.
        id_: its logical id.
        previous: the version it replaces.
        profiles: canonicals it must conform to besides those in ``meta.profile``.
        written: gives what is written with it, by ``Type/id``.
        current: gives current versions of what it refers to; None to read them one by one.

    Raises:
        FhirError: the resource breaks R4 or a profile; every problem is listed.
    """
    resolve = resolver(context, written, current)
    return next_version(context.server, resource, id_, previous, profiles, resolve)


def next_version(
    server: Server,
    resource: dict[str, Any],
    id_: str,
    previous: StoredResource | None,
    profiles: Sequence[str] = (),
    resolve: Resolve = nowhere,
) -> Prepared:
    """Give the same without a store to look into.

    Args:
        server: the server's parts.
        resource: as the client sent it; it is not changed.
        id_: its logical id.
        previous: the version it replaces.
        profiles: canonicals it must conform to besides those in ``meta.profile``.
        resolve: gives what references lead to.

    Raises:
        FhirError: the resource breaks R4 or a profile; every problem is listed.
    """
    complete, version, updated = _complete(resource, id_, previous)
    body, has_decimals = json.dump_with_decimals(complete)
    if len(body) > MAX_RESOURCE_BYTES:
        raise FhirError(
            Issue(
                "error",
                "too-long",
                f"The resource has {len(body)} bytes; at most {MAX_RESOURCE_BYTES} can be stored. "
                "Keep large content in a Binary of its own or outside the server.",
            )
        )
    # However many codes it has, and whoever writes: a request has a limit for all that it writes.
    with allowance.at_most(server.settings.terminology_timeout_s):
        issues = server.validator.validate(
            json.plain(body) if has_decimals else complete, profiles=profiles, resolve=resolve
        )
    if has_errors(issues) and not _law_comes_first(server, resource, issues):
        raise FhirError(*errors_first(issues))
    type_ = resource["resourceType"]
    entries = server.indexer.index(complete, f"{type_}/{id_}", body)
    stored = StoredResource(type_, id_, version, updated, json.fitted(body))
    return Prepared(Change(stored, previous, entries), complete, tuple(issues))


def following(server: Server, resource: dict[str, Any], previous: StoredResource) -> Prepared:
    """Give the change that stores what follows from another write, without judging it anew.

    What was stored stays as good as it was: a defect of old must not stand in the way of the write
    that this follows from. Nor is a terminology server asked while a transaction is open.

    Args:
        server: the server's parts.
        resource: as it becomes; it is not changed.
        previous: the version it replaces.
    """
    type_, id_ = previous.resource_type, previous.id
    complete, version, updated = _complete(resource, id_, previous)
    body = json.dump(complete)
    entries = server.indexer.index(complete, previous.reference, body)
    stored = StoredResource(type_, id_, version, updated, json.fitted(body))
    return Prepared(Change(stored, previous, entries), complete)


def _complete(
    resource: dict[str, Any], id_: str, previous: StoredResource | None
) -> tuple[dict[str, Any], int, int]:
    version = previous.version + 1 if previous else 1
    updated = _now(previous)
    return _with_meta(resource, id_, version, updated), version, updated


def _law_comes_first(server: Server, resource: dict[str, Any], issues: Sequence[Issue]) -> bool:
    """Tell whether only the project's own profiles refuse what the law judges, too.

    A profile states what one resource shows of a rule of law. Where the law itself has something
    against the resource, its answer names the paragraph; where it has nothing, `commit` gives
    what the profiles have.
    """
    own = server.definitions.canonical
    return server.write_rules.applies(resource) and all(
        (issue.profile or "").startswith(own) for issue in issues if has_errors([issue])
    )


def deletion(previous: StoredResource) -> Prepared:
    """Give the change that deletes a resource."""
    tombstone = StoredResource(
        previous.resource_type, previous.id, previous.version + 1, _now(previous), None
    )
    return Prepared(Change(tombstone, previous), None)


def same_content(resource: dict[str, Any], id_: str, previous: StoredResource) -> bool:
    """Tell whether storing the resource would change nothing but its version and date."""
    if previous.body is None:
        return False
    as_before = _with_meta(resource, id_, previous.version, previous.last_updated)
    return json.dump(as_before) == previous.body


def _now(previous: StoredResource | None) -> int:
    """Give the current millisecond in µs, later than the previous version even if clocks differ."""
    now = time.time_ns() // 1_000_000 * 1000
    return max(now, previous.last_updated + 1000) if previous else now


def _with_meta(resource: dict[str, Any], id_: str, version: int, updated: int) -> dict[str, Any]:
    given = resource.get("meta")
    meta = {"versionId": str(version), "lastUpdated": instant_text(updated)}
    if isinstance(given, dict):
        own = ("versionId", "lastUpdated", "_versionId", "_lastUpdated")
        meta.update((key, value) for key, value in given.items() if key not in own)
    # What comes first stays first.
    complete: dict[str, Any] = {"resourceType": None, "id": None, "meta": None}
    complete.update(resource)
    complete["id"] = id_
    # What is not an object is refused by the validator.
    complete["meta"] = meta if given is None or isinstance(given, dict) else given
    return complete
