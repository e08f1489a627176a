"""What the store does about primaries that go and come.

Reads show every acknowledged write, also just after another primary was elected.

A new primary has every acknowledged write, but shows to a reader who asks for what a majority has
only those that it knows a majority to have. For about a second after an election that may lack the
last ones (measured: 3 of 44 elections after `kill -9`). Who reads then would miss a resource
that was just stored: a delete would answer that there is nothing to delete, an update that nothing
changes. So the first reads from a new primary wait until it shows all that it had when elected.

And nobody waits for a primary that has been gone for long: the threads that wait would be missing
for those who only ask whether the server lives.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import pymongo
from pymongo import MongoClient
from pymongo.collection import Collection
from pymongo.server_type import SERVER_TYPE
from pymongo.topology_description import TopologyDescription

from fhir_server.storage.records import StoreUnavailable

ATTEMPTS = 10
SETTLING_MS = 10_000

Result = TypeVar("Result")

# The address of a primary and the number of the election that made it one.
Identity = tuple[Any, Any]


class _Described(NamedTuple):
    """What one description of the deployment says; the driver makes another where it changes."""

    topology: TopologyDescription
    primary: Identity | None
    is_visible: bool
    is_missing: bool  # there should be one to see


def _described(topology: TopologyDescription) -> _Described:
    servers = topology.server_descriptions().values()
    primaries = (s for s in servers if s.server_type == SERVER_TYPE.RSPrimary)
    found = next(((s.address, s.election_id) for s in primaries), None)
    visible = topology.topology_type_name not in ("Sharded", "LoadBalanced")
    return _Described(topology, found, visible, visible and found is None)


class Primary:
    """The replica set's primary as this process knows it.

    Behind a mongos there is none to see, and reads are not held back.

    Args:
        client: of the deployment.
        collection: any that exists; one key is looked up in it.
    """

    def __init__(
        self, client: MongoClient[dict[str, Any]], collection: Collection[dict[str, Any]]
    ) -> None:
        self._client = client
        self._collection = collection
        self._described: _Described | None = None
        self._settled: Identity | None = None
        self._gone_since: float | None = None

    def require(self) -> None:
        """Refuse at once where there has been no primary for as long as the driver waits for one.

        Raises:
            StoreUnavailable: there has been none for so long.
        """
        if not self._now().is_missing:
            self._gone_since = None
            return
        now = time.monotonic()
        since = self._gone_since = self._gone_since or now
        if now - since > self._client.options.server_selection_timeout:
            raise StoreUnavailable("there is no primary")

    def settled(self, read: Callable[[], Result]) -> Result:
        """Read from a primary that shows all acknowledged writes.

        Args:
            read: the reads; they may run more than once.

        Raises:
            StoreUnavailable: there is no primary, or one follows the other and none settles.
        """
        self.require()
        for _ in range(ATTEMPTS):
            # Noted before, because the driver repeats a read that fails on the next primary.
            settled = self._settled
            result = self._patiently(read)
            now = self._now()
            if not now.is_visible:
                return result
            if settled is not None and settled == now.primary:
                self._gone_since = None
                return result
            self._settle()
        raise StoreUnavailable("the primary keeps changing")

    def _patiently(self, read: Callable[[], Result]) -> Result:
        """Read; where there is no primary, wait for one as long as the driver does and no longer.

        With a limit of time for a whole request the driver tries again until that is over.
        """
        if not self._now().is_missing:
            return read()
        with pymongo.timeout(self._client.options.server_selection_timeout):
            return read()

    def _identity(self) -> Identity | None:
        return self._now().primary

    def _now(self) -> _Described:
        """Give what the driver knows now; each read asks several times."""
        topology = self._client.topology_description
        described = self._described
        if described is None or described.topology is not topology:
            described = self._described = _described(topology)
        return described

    def _settle(self) -> None:
        primary = self._identity()
        # Causally consistent: the find waits until a majority has what the ping's answer names,
        # which is the last write that the primary has.
        with self._client.start_session(causal_consistency=True) as session:
            self._client.admin.command("ping", session=session)
            self._collection.find_one(
                {"_id": ""}, {"_id": 1}, session=session, max_time_ms=SETTLING_MS
            )
        if primary is not None and primary == self._identity():
            self._settled = primary
