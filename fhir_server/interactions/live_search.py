"""The rules of searching and indexing as they are now: the published ones and those that are data.

Every worker keeps what it read last and reads again when that is a second old and somebody asks.
A process without custom parameters works with the very objects it was started with.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from fhir_server.interactions.followed import Followed
from fhir_server.profiles.definitions import Definitions
from fhir_server.search.custom import indexable, searchable
from fhir_server.search.indexing import Indexer
from fhir_server.search.parse import QueryParser
from fhir_server.search.search_state import LAYOUT, SearchState
from fhir_server.storage.mongo_search_state import SearchStates

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
        self._published = make_parser(definitions)
        first = Rules(SearchState(), make_indexer(definitions, 0), self._published)
        self._rules = Followed(first, REFRESH_SECONDS, GRACE_SECONDS)

    @property
    def published(self) -> QueryParser:
        """The parser without anything stored."""
        return self._published

    def follow(self, source: SearchStates) -> None:
        """Begin to follow the state of a database; a server has one, and keeps the first."""

        def read(rules: Rules, first: bool) -> Rules:
            state = source.read(None if first else rules.revision)
            if state is None:
                return rules
            if first:
                _warn_of_old_layout(state)
            return self._rules_of(state, rules)

        self._rules.follow(read)

    def current(self) -> Rules:
        """Give the rules, not older than about a second.

        Raises:
            StoreUnavailable: they were never read, and the database does not answer.
        """
        return self._rules.seen()[0]

    def seen(self) -> tuple[Rules, float]:
        """Give the rules as `current` does, and when they were read, on ``time.monotonic``."""
        return self._rules.seen()

    def refresh(self) -> Rules:
        """Read the state now.

        Raises:
            StoreUnavailable: the database does not answer.
        """
        return self._rules.refresh()

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
