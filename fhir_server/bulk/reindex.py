"""Makes index entries anew where the rules have changed, while the server goes on.

A reindex works through everything that is due (`SearchState.due`), type by type and in the order of
ids, and notes after each portion how far it is: another process that takes over, or the same after
a crash, goes on there. At the end it looks through it all once more, and only when nothing is left
do the new definitions answer. docs/adr/0009-search-parameters-as-data.md says why that is enough.
"""

from __future__ import annotations

import contextlib
import math
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from fhir_server.fhir import json
from fhir_server.interactions.context import Server
from fhir_server.interactions.live_search import GRACE_SECONDS, Rules
from fhir_server.security.guarded_store import GuardedStore
from fhir_server.storage.mongo_reindex import LeaseLost, Progress, ReindexStore
from fhir_server.storage.mongo_search_state import SearchStates
from fhir_server.storage.records import StoredResource, StoreUnavailable

PORTION = 200
PORTION_BYTES = 4_000_000
PATIENCE_SECONDS = 60.0
TICK_SECONDS = 0.5

Result = TypeVar("Result")


class Watcher(Protocol):
    """Hears how a reindex goes on."""

    def planned(self, total: int) -> None:
        """So many resources are to be looked at from here."""

    def begin(self, what: str) -> None:
        """Work on this begins."""

    def done(self, amount: float, resources: int) -> None:
        """So many were looked at, and so many of those got new entries."""

    def waiting(self) -> None:
        """The database does not answer; the work goes on when it does."""


class Unwatched:
    """A watcher for where nobody looks on."""

    def planned(self, total: int) -> None:
        """See `Watcher`."""

    def begin(self, what: str) -> None:
        """See `Watcher`."""

    def done(self, amount: float, resources: int) -> None:
        """See `Watcher`."""

    def waiting(self) -> None:
        """See `Watcher`."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Other processes that index a portion each.

    Args:
        begin: begins with a portion, by the rules of a revision or later ones; gives how many
            resources got new entries (`index_portion`).
        ahead: so many portions at most are begun and not done.
    """

    begin: Callable[[list[StoredResource], int], Future[int]]
    ahead: int


class Stopped(Exception):
    """The reindex was asked to stop; what is done stays, and the next one goes on from there."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a reindex.

    Args:
        activated: ids of the SearchParameters that answer since.
        written: resources that got new entries.
    """

    activated: tuple[str, ...] = ()
    written: int = 0


class Reindex:
    """One run of the reindex.

    Args:
        server: the server's parts.
        store: as whoever asks may use it, outside a transaction; all is reindexed all the same.
        watcher: hears how it goes on.
        stopping: tells whether to stop; asked after each portion.
        elsewhere: gives other processes that index, for so many resources; None for as many as
            are indexed in this one.
    """

    def __init__(
        self,
        server: Server,
        store: GuardedStore,
        watcher: Watcher,
        stopping: Callable[[], bool] = lambda: False,
        elsewhere: Callable[[int], Elsewhere | None] = lambda _: None,
    ) -> None:
        self._elsewhere = elsewhere
        self._server = server
        self._states = SearchStates(store.collections)
        self._guarded = store
        self._store = ReindexStore(store.collections)
        self._watcher = watcher
        self._stopping = stopping
        self._owner = str(uuid.uuid4())
        self._progress = Progress()
        self._written = 0

    def run(self, *, everything: bool = False) -> Outcome:
        """Index all that is due, and let the new definitions answer.

        Waits while another process reindexes, and then does what is left.

        Args:
            everything: also what no change made due; one that was left off goes on.

        Raises:
            Stopped: it was asked to stop.
            StoreUnavailable: the database did not come back; a later run goes on.
        """
        if everything:
            self._patiently(self._ask_for_everything)
        waiting = self._patiently(self._waiting)
        while True:
            self._take_lease()
            try:
                while self._round():
                    pass
                break
            except LeaseLost:
                continue  # wait for whoever has it, then do what is left
            finally:
                with contextlib.suppress(StoreUnavailable):
                    self._store.release(self._owner)
        known = self._patiently(self._server.search.refresh).state.parameters
        active = {id_ for id_ in waiting if id_ in known and not known[id_].building}
        return Outcome(tuple(sorted(active)), self._written)

    def _ask_for_everything(self) -> None:
        types = self._server.definitions.resource_types
        self._states.change(lambda state: state.all_due(types))

    def _waiting(self) -> list[str]:
        parameters = self._server.search.refresh().state.parameters
        return [id_ for id_, known in parameters.items() if known.building]

    def _take_lease(self) -> None:
        while not self._patiently(lambda: self._store.take(self._owner)):
            self._watcher.begin("another process reindexes")
            self._rest(TICK_SECONDS)

    def _round(self) -> bool:
        """Index what is due now; tell whether definitions came meanwhile that wait for another."""
        rules = self._patiently(self._server.search.refresh)
        work = dict(rules.state.due)
        if not work:
            return False
        self._begin(work)
        self._wait_for_writers()
        while self._pass(rules) or not self._progress.verifying:
            self._note(replace(self._progress, verifying=True, after=""))
        state = self._patiently(lambda: self._states.change(lambda s: s.complete(work)))
        self._note(Progress())
        return state.waiting

    def _begin(self, work: dict[str, int]) -> None:
        left = self._patiently(self._store.progress)
        self._progress = left
        if left.work != work:
            total = self._patiently(lambda: self._store.count(sorted(work)))
            self._progress = Progress(work=work, total=total)
        self._watcher.planned(max(0, self._progress.total - self._progress.done))
        self._note(self._progress)

    def _wait_for_writers(self) -> None:
        # Until here there may be writers who do not know what is due.
        self._watcher.begin("waiting for writers")
        until = time.monotonic() + GRACE_SECONDS
        while (left := until - time.monotonic()) > 0:
            self._rest(min(TICK_SECONDS, left))
            self._note(self._progress)

    def _pass(self, rules: Rules) -> int:
        """Go once through all that is due, and give how many resources that were."""
        found = 0
        for type_, revision in sorted(self._progress.work.items()):
            if self._progress.after < f"{type_}0":
                self._watcher.begin("verifying" if self._progress.verifying else type_)
                found += self._type(rules, type_, revision)
        return found

    def _type(self, rules: Rules, type_: str, revision: int) -> int:
        found = 0
        deadline = math.inf
        while True:
            try:
                due = self._store.due(type_, revision, self._progress.after)
                for portion, written in self._indexed(rules, _portions(due)):
                    self._done(portion, written)
                    found += len(portion)
                    deadline = math.inf
            except StoreUnavailable as error:
                deadline = self._wait_for_database(error, deadline)
            else:
                return found

    def _indexed(
        self, rules: Rules, portions: Iterable[list[StoredResource]]
    ) -> Iterator[tuple[list[StoredResource], int]]:
        """Index portions, and give each in its order with how many of it were written.

        One that was begun elsewhere and not given may be begun again: it does no harm.
        """
        left = max(0, self._progress.total - self._progress.done)
        elsewhere = None if self._progress.verifying else self._elsewhere(left)
        if elsewhere is None:
            for portion in portions:
                yield portion, index_portion(rules, self._guarded, portion)
            return
        begun: deque[tuple[list[StoredResource], Future[int]]] = deque()
        try:
            for portion in portions:
                begun.append((portion, elsewhere.begin(portion, rules.revision)))
                while begun and (len(begun) >= elsewhere.ahead or begun[0][1].done()):
                    first, written = begun.popleft()
                    yield first, written.result()
            while begun:
                first, written = begun.popleft()
                yield first, written.result()
        finally:
            for _, future in begun:
                future.cancel()

    def _done(self, portion: list[StoredResource], written: int) -> None:
        self._written += written
        first = 0 if self._progress.verifying else len(portion)
        self._progress = replace(
            self._progress,
            after=portion[-1].reference,
            done=self._progress.done + first,
            written=self._progress.written + written,
        )
        self._note(self._progress)
        self._watcher.done(first, written)
        if self._stopping():
            raise Stopped

    def _note(self, progress: Progress) -> None:
        self._progress = progress
        if self._patiently(lambda: self._store.keep(self._owner, progress)):
            raise Stopped

    def _rest(self, seconds: float) -> None:
        if self._stopping():
            raise Stopped
        time.sleep(seconds)

    def _patiently(self, act: Callable[[], Result]) -> Result:
        """Try again while the database is away; everything tried here may be tried twice."""
        deadline = math.inf
        while True:
            try:
                return act()
            except StoreUnavailable as error:
                deadline = self._wait_for_database(error, deadline)

    def _wait_for_database(self, error: StoreUnavailable, deadline: float) -> float:
        deadline = min(deadline, time.monotonic() + PATIENCE_SECONDS)
        if time.monotonic() >= deadline:
            raise error
        self._watcher.waiting()
        self._rest(TICK_SECONDS)
        return deadline


def index_portion(rules: Rules, store: GuardedStore, portion: Sequence[StoredResource]) -> int:
    """Make the entries of some resources anew; give how many got new ones.

    Args:
        rules: by which.
        store: as in `Reindex`.
        portion: living resources as they were read; one that was changed since is left as it is.

    Raises:
        StoreUnavailable: the database does not answer; some may be written.
    """
    index = rules.indexer.index
    made = [(each, index(json.parse(each.body or b""), each.reference)) for each in portion]
    return ReindexStore(store.collections).write(store.relabelled(made))


def _portions(resources: Iterator[StoredResource]) -> Iterator[list[StoredResource]]:
    portion: list[StoredResource] = []
    size = 0
    for resource in resources:
        portion.append(resource)
        size += len(resource.body or b"")
        if len(portion) == PORTION or size >= PORTION_BYTES:
            yield portion
            portion, size = [], 0
    if portion:
        yield portion
