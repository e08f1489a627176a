"""Reads of what will be asked for next, in the round trip of what is asked for now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fhir_server.storage import mongo_about, mongo_direct
from fhir_server.storage.documents import stored
from fhir_server.storage.mongo_about import REFERRING, About, Referring
from fhir_server.storage.mongo_transaction import Transaction
from fhir_server.storage.places import Collections
from fhir_server.storage.records import StoredResource
from fhir_server.storage.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class _About:
    """What a question to `Snapshot.about` finds."""

    tokens: list[str]
    wanted: Sequence[About]
    found: list[StoredResource]


class ReadingAlong(Snapshot):
    """Keeps what was read along until it is asked for, or for as long as one question takes.

    What is kept is given only by the methods that would read it, so that whoever decides what may
    be seen decides about it there. Each is given once; what was not found is asked for again.
    """

    def __init__(self, collections: Collections, within: Transaction | None = None) -> None:
        super().__init__(collections, within)
        self._along: dict[str, StoredResource] = {}
        self._about: _About | None = None

    def read_along(
        self,
        references: Iterable[str],
        tokens: Sequence[str] = (),
        wanted: Sequence[About] = (),
    ) -> None:
        """Read what `read_many` and `about` will be asked for, in one round trip.

        Args:
            references: ``Type/id``.
            tokens: as for `about`; none for nothing to ask of it.
            wanted: the same.
        """
        types = {each.resource_type for each in wanted}
        # What is found is told apart by its type.
        apart = [each for each in references if each.partition("/")[0] not in types]
        ways = mongo_about.by_type(apart)
        if tokens:
            ways.append(mongo_about.having(tokens, wanted))
        if not ways:
            return
        place, session = self.collections.resources, self.session
        found = self._run(lambda: mongo_about.find_any(place, ways, session))
        read = [stored(document) for document in found]
        self._along |= {e.reference: e for e in read if e.resource_type not in types}
        if tokens:
            about = [each for each in read if each.resource_type in types]
            self._about = _About(list(tokens), wanted, about)

    def _with_referring(
        self, tokens: Sequence[str], limit: int, referring: Referring
    ) -> list[StoredResource]:
        """Give what has one of some tokens; where it is one, what refers to it is read along."""
        place, session = self.collections.resources, self.session
        if session is not None or mongo_direct.is_sharded(place):
            # There a join is refused in a transaction, and asks all shards for each document.
            named = [{"t": {"$in": list(tokens)}}]
            rows = self._run(lambda: mongo_about.find_any(place, named, session, limit))
            return [stored(row) for row in rows]
        rows = self._run(lambda: mongo_about.find_with_referring(place, tokens, limit, referring))
        found = list({row["_id"]: stored(row) for row in rows}.values())
        if len(found) == 1:
            about = [stored(row[REFERRING]) for row in rows if REFERRING in row]
            asked = referring.tokens(found[0].reference)
            self._about = _About(asked, referring.wanted, about)
        return found

    def forget_along(self) -> None:
        """Forget what was read along and not asked for."""
        self._along.clear()
        self._about = None

    def read_many(self, references: Iterable[str]) -> dict[str, StoredResource]:
        """Give those of some resources there are; see `Snapshot.read_many`."""
        if not self._along:
            return super().read_many(references)
        wanted = set(references)
        found = {each: self._along.pop(each) for each in wanted if each in self._along}
        rest = wanted - found.keys()
        return found | super().read_many(rest) if rest else found

    def about(self, tokens: Sequence[str], wanted: Sequence[About]) -> list[StoredResource]:
        """Give what has one of some tokens; see `Snapshot.about`."""
        kept = self._about
        if kept is None or kept.tokens != list(tokens) or kept.wanted != wanted:
            return super().about(tokens, wanted)
        self._about = None
        return kept.found

    def labels_of(self, references: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """Give the labels of some resources; see `Snapshot.labels_of`."""
        if not self._along:
            return super().labels_of(references)
        wanted = set(references)
        found = {each: tuple(self._along[each].labels) for each in wanted & self._along.keys()}
        rest = wanted - found.keys()
        return found | super().labels_of(rest) if rest else found
