"""What follows from a write, in the same transaction: docs/adr/0012-consequences-of-a-write.md.

The rules say which other resources change because some did. They are asked inside the
transaction, with the law's locks held and the write in it, at each attempt: what they see is what
is committed with it, however many write at the same time.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Any

from fhir_server.fhir import json
from fhir_server.fhir.outcome import Issue
from fhir_server.interactions.context import Context, Server
from fhir_server.interactions.finder import Finder
from fhir_server.interactions.prepare import Prepared, following
from fhir_server.interactions.search_changes import current_rules
from fhir_server.storage.checks import Follow
from fhir_server.storage.records import Change
from fhir_server.storage.snapshot import Snapshot

Pair = tuple[dict[str, Any] | None, dict[str, Any] | None]


class Consequences:
    """What follows from some changes.

    Args:
        context: the request.
        prepared: the changes.
    """

    def __init__(self, context: Context, prepared: Sequence[Prepared]) -> None:
        types = context.server.write_rules.consequential_types
        self._context = context
        self._written = {p.change.new.reference for p in prepared}
        self._causes = [p for p in prepared if p.change.new.resource_type in types]
        self._pairs: list[Pair] = [(_before(p), p.resource) for p in self._causes]
        self.prepared: list[Prepared] = []

    @property
    def follow(self) -> Follow | None:
        """What the store asks inside the transaction; None where nothing can follow."""
        return self._follow if self._causes else None

    def locks(self) -> list[str]:
        """Name what must not change meanwhile for what the changes replace."""
        rules = self._context.server.write_rules
        return [key for before, _ in self._pairs if before for key in rules.lock_keys(before)]

    def issues(self) -> dict[str, list[Issue]]:
        """Tell of what followed, by the ``Type/id`` of each cause."""
        if not self.prepared:
            return {}
        # What one may not see is changed all the same, and not told of.
        sees = self._context.store.access.sees
        seen = [p for p in self.prepared if p.change.previous and sees(p.change.previous)]
        if not seen:
            return {}
        changed = ", ".join(_told(p) for p in seen)
        text = f"This changed other resources, too: {changed}."
        return {
            p.change.new.reference: [Issue("information", "informational", text)]
            for p in self._causes
        }

    def _follow(self, snapshot: Snapshot) -> list[Change]:
        server = self._context.server
        now = dt.datetime.now(dt.UTC)
        found = server.write_rules.consequences(self._pairs, Finder(server, snapshot), now)
        # What the write itself stores is as its author wants it; the rules judge that.
        self.prepared[:] = _prepared(server, snapshot, found, self._written)
        return [p.change for p in self.prepared]


def store_lapsed(context: Context, person: str, now: dt.datetime) -> list[Prepared]:
    """Store what changes for a person because time, and no write, has ended a consent.

    Found inside the transaction, as what follows from a write is.

    Args:
        context: the request.
        person: ``Patient/[id]``.
        now: an aware datetime.

    Returns:
        What was stored; nothing where all is as it should be.

    Raises:
        StoreUnavailable: from the store.
    """
    server, changed = context.server, list[Prepared]()
    lapsed = server.write_rules.lapsed
    if not lapsed(person, Finder(server, context.store), now):
        return changed  # the usual case, and no reason to take turns with who writes

    def follow(snapshot: Snapshot) -> list[Change]:
        found = lapsed(person, Finder(server, snapshot), now)
        changed[:] = _prepared(server, snapshot, found)  # the store may run this again
        return [p.change for p in changed]

    with current_rules(context, (), None, changed) as write:
        locks = server.write_rules.lapse_locks(person)
        context.store.transact(write.changes, locks=locks, follow=follow, after=write.after)
    return changed


def _prepared(
    server: Server,
    snapshot: Snapshot,
    found: Sequence[dict[str, Any]],
    but: Collection[str] = (),
) -> list[Prepared]:
    changed = {f"{each['resourceType']}/{each['id']}": each for each in found}
    new = {name: each for name, each in changed.items() if name not in but}
    stored = snapshot.read_many(new)
    return [following(server, each, stored[name]) for name, each in new.items()]


def _before(prepared: Prepared) -> dict[str, Any] | None:
    previous = prepared.change.previous
    if previous is None or previous.body is None:
        return None
    found: dict[str, Any] = json.parse(previous.body)
    return found


def _told(prepared: Prepared) -> str:
    status = (prepared.resource or {}).get("status", "")
    return f"{prepared.change.new.reference} ({status})"
