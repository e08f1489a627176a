"""Profiles, code systems and their checks as they are now: published ones and those that are data.

Every worker keeps an index of what it read last, and looks whether it has changed when that is
older than `REFRESH_SECONDS` and somebody asks. A write that changes what is in effect is
acknowledged no sooner than every worker must have looked. A process without stored conformance
resources works with the very objects it was started with.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from fhir_server.interactions.followed import Followed
from fhir_server.interactions.stored_definitions import KeptContents, StoredDefinitions
from fhir_server.profiles.conformance_index import ConformanceIndex
from fhir_server.profiles.definitions import Definitions
from fhir_server.profiles.taking_effect import Problems
from fhir_server.profiles.validator import Validator
from fhir_server.storage.mongo_conformance import ConformanceStore
from fhir_server.storage.places import Collections
from fhir_server.terminology.terminology import Terminology

REFRESH_SECONDS = 0.2

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, eq=False)
class Conformance:
    """What is in effect at one revision.

    Args:
        revision: of the state; 0 with nothing stored.
        definitions: R4's, the project's and the stored ones.
        validator: checks by them.
        terminology: answers about codes by them.
    """

    revision: int
    definitions: Definitions
    validator: Validator
    terminology: Terminology


# Gives what is in effect at a revision: the definitions have what is stored; the last arguments
# tell what that is, and in which database.
Make = Callable[[int, Definitions, StoredDefinitions, Collections], Conformance]


class Settling:
    """Notes that a change was made which every worker must have seen before it is acknowledged."""

    def __init__(self) -> None:
        self._until = -math.inf

    def changed(self) -> None:
        """A change was just committed."""
        self._until = time.monotonic() + REFRESH_SECONDS

    def wait(self) -> None:
        """Wait until every worker must have looked; returns at once where nothing changed."""
        left = self._until - time.monotonic()
        if left > 0:
            time.sleep(left)


class LiveConformance:
    """Gives what is in effect; safe to share between threads.

    Args:
        published: what is in effect with nothing stored.
        make: gives what is in effect otherwise.
        problems: says why a profile can't be enforced.
    """

    def __init__(self, published: Conformance, make: Make, problems: Problems) -> None:
        self.problems = problems
        self._published = published
        self._make = make
        self._index = ConformanceIndex()
        # Unlike the rules of searching, nobody goes on with what is older.
        self._seen = Followed(published, REFRESH_SECONDS)

    @property
    def published(self) -> Definitions:
        """The definitions without anything stored."""
        return self._published.definitions

    def follow(self, source: ConformanceStore) -> None:
        """Begin to follow the state of a database; a server has one, and keeps the first."""
        contents = KeptContents(source)

        def read(known: Conformance, first: bool) -> Conformance:
            if first:
                _warn_of_old_layout(source)
            if source.revision() == known.revision:
                return known
            # A database that was restored from a copy counts from an earlier number.
            revision, changed = source.changed_since(known.revision)
            if revision < known.revision:
                self._index = ConformanceIndex()
                revision, changed = source.changed_since(0)
            self._index = self._index.changed(changed)
            return self._generation(revision, source, contents)

        self._seen.follow(read)

    def current(self) -> Conformance:
        """Give what is in effect: nothing that was acknowledged before the call is missing.

        Raises:
            StoreUnavailable: it was never read, and the database does not answer.
        """
        return self._seen.seen()[0]

    def refresh(self) -> Conformance:
        """Look now.

        Raises:
            StoreUnavailable: the database does not answer.
        """
        return self._seen.refresh()

    def _generation(
        self, revision: int, source: ConformanceStore, contents: KeptContents
    ) -> Conformance:
        if not len(self._index):
            published = self._published
            return Conformance(
                revision, published.definitions, published.validator, published.terminology
            )
        stored = StoredDefinitions(self._index, contents)
        definitions = self._published.definitions.with_conformance(stored)
        return self._make(revision, definitions, stored, source.collections)


def _warn_of_old_layout(source: ConformanceStore) -> None:
    if source.is_old():
        log.error(
            "profiles, value sets and code systems that were stored by an older version are not "
            "in effect; run `fhir-server reindex --all`"
        )
