"""The store as one principal may use it: the only store that interactions and operations see.

One instance is made for each request, so no handler can forget who asks. Today every principal
may see and write all; the criterion for access is added here, in front of every read, search,
count and write, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Sequence

from fhir_server.security.principal import Principal
from fhir_server.storage.mongo import MongoStore
from fhir_server.storage.records import Change
from fhir_server.storage.snapshot import Check, Follow, Snapshot


class GuardedStore(Snapshot):
    """Reads and writes on behalf of a principal.

    Args:
        store: the whole store.
        principal: on whose behalf.
        inside: a snapshot of the same store whose transaction the reads belong to.
    """

    def __init__(
        self, store: MongoStore, principal: Principal, inside: Snapshot | None = None
    ) -> None:
        super().__init__(store.collections, inside.session if inside else None)
        self._store = store
        self.principal = principal

    def inside(self, snapshot: Snapshot) -> GuardedStore:
        """Give the same principal's view of the store inside a transaction."""
        return GuardedStore(self._store, self.principal, snapshot)

    def transact(
        self,
        changes: Sequence[Change],
        *,
        locks: Sequence[str] = (),
        before: Check | None = None,
        follow: Follow | None = None,
        after: Check | None = None,
        once: str | None = None,
    ) -> None:
        """Make all the changes or none; see `MongoStore.transact`."""
        self._store.transact(
            changes, locks=locks, before=before, follow=follow, after=after, once=once
        )
