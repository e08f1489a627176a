"""The rules of searching and indexing as they are now: the published ones and those that are data.

Every worker keeps what it read last and reads again when that is a second old and somebody asks.
A process without custom parameters works with the very objects it was started with.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from fhir_server.profiles.definitions import Definitions
from fhir_server.search.custom import indexable, searchable
from fhir_server.search.indexing import Indexer
from fhir_server.search.parse import QueryParser
from fhir_server.search.search_state import LAYOUT, SearchState
from fhir_server.storage.mongo_search_state import SearchStates
from fhir_server.storage.records import StoreUnavailable

REFRESH_SECONDS = 1.0
# What is read may be so old when it is used; a reindex waits so long before it begins.
GRACE_SECONDS = 3.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Rules:
    """One state of the rules.

    Args:
        state: which parameters there are.
        indexer: makes the entries, also of parameters that don't answer yet.
        parser: reads searches, by parameters that are complete.
    """

    state: SearchState
    indexer: Indexer
    parser: QueryParser

    @property
    def revision(self) -> int:
        """The revision of the state."""
        return self.state.revision


MakeIndexer = Callable[[Definitions, int], Indexer]
MakeParser = Callable[[Definitions], QueryParser]


class LiveSearch:
    """Gives the rules in force; safe to share between threads.

    Args:
        definitions: what is published.
        make_indexer: gives the indexer for definitions at a revision.
        make_parser: gives the parser for definitions.
    """

    def __init__(
        self, definitions: Definitions, make_indexer: MakeIndexer, make_parser: MakeParser
    ) -> None:
        self._definitions = definitions
        self._make_indexer = make_indexer
        self._make_parser = make_parser
        self._lock = threading.Lock()
        self._source: SearchStates | None = None
        self._published = make_parser(definitions)
        # The rules, and when the read began that gave them, by this process's own clock; replaced
        # as one, so that no thread takes old rules for newly read ones.
        self._seen = (Rules(SearchState(), make_indexer(definitions, 0), self._published), math.inf)

    def follow(self, source: SearchStates) -> None:
        """Begin to follow the state of a database; a server has one, and keeps the first."""
        with self._lock:
            if self._source is None:
                self._source = source
                self._seen = (self._seen[0], -math.inf)

    def current(self) -> Rules:
        """Give the rules, not older than about a second.

        Raises:
            StoreUnavailable: they were never read, and the database does not answer.
        """
        return self.seen()[0]

    def seen(self) -> tuple[Rules, float]:
        """Give the rules as `current` does, and when they were read, on ``time.monotonic``."""
        seen = self._seen
        age = time.monotonic() - seen[1]
        if age < REFRESH_SECONDS:
            return seen
        # While one thread reads, the others go on with what there is, unless that is too old.
        if self._lock.acquire(blocking=age > GRACE_SECONDS):
            try:
                self._refresh_if_old()
            finally:
                self._lock.release()
        return self._seen

    def refresh(self) -> Rules:
        """Read the state now.

        Raises:
            StoreUnavailable: the database does not answer.
        """
        with self._lock:
            self._refresh()
        return self._seen[0]

    def _refresh_if_old(self) -> None:
        if time.monotonic() - self._seen[1] < REFRESH_SECONDS:
            return
        try:
            self._refresh()
        except StoreUnavailable:
            if self._seen[1] == -math.inf:
                raise

    def _refresh(self) -> None:
        if self._source is None:
            return
        began = time.monotonic()
        rules, checked = self._seen
        first = checked == -math.inf
        state = self._source.read(None if first else rules.revision)
        if state is not None:
            rules = self._rules_of(state, rules)
            if first:
                _warn_of_old_layout(state)
        self._seen = (rules, began)

    def _rules_of(self, state: SearchState, before: Rules) -> Rules:
        if state.revision == before.revision:
            return Rules(state, before.indexer, before.parser)
        if state.parameters == before.state.parameters:
            parser = before.parser
        elif any(known.active for known in state.parameters.values()):
            parser = self._make_parser(searchable(self._definitions, state))
        else:
            parser = self._published
        indexer = self._make_indexer(indexable(self._definitions, state), state.revision)
        return Rules(state, indexer, parser)


def _warn_of_old_layout(state: SearchState) -> None:
    if state.layout < LAYOUT:
        log.error(
            "the index was made by an older version: some searches miss resources that were "
            "stored before; run `fhir-server reindex --all`",
            layout=state.layout,
            needed=LAYOUT,
        )
