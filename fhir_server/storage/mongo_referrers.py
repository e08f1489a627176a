"""Pages that a `_has` leads: in the order of what refers, each at the first that refers to it.

What refers is read a page's worth at a time. So a page costs the same however many refer: of
somebody's hundreds of patients, twenty are found by about as many of their teams.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from fhir_server.search import tokens
from fhir_server.search.query import Criterion, Not, Or, Query, ReferredBy
from fhir_server.storage.mongo_chains import FOUND_AT
from fhir_server.storage.mongo_filters import Filter, joined
from fhir_server.storage.mongo_joins import (
    LARGEST_BATCH,
    has_join,
    inner_query,
    only_tokens,
    targets,
)
from fhir_server.storage.mongo_own import own_of
from fhir_server.storage.mongo_plan import by_id
from fhir_server.storage.mongo_reads import Document, Read
from fhir_server.storage.mongo_scans import IdScan, Position, are_two_texts

Reference = tuple[str, str]  # what refers, what it refers to


def leading_referrer(query: Query) -> ReferredBy | None:
    """Give the `_has` that can lead; None where something else says more of what is found."""
    found = [part for part in query.where.parts if isinstance(part, ReferredBy)]
    if query.sort or len(found) != 1 or has_join(found[0].where):
        return None
    own = own_of(query)
    rest = [part for part in query.where.parts if part is not found[0]]
    plain = all(_excludes(part) or (own and part is own.criterion) for part in rest)
    return found[0] if plain else None


def _excludes(criterion: Criterion) -> bool:
    """Tell whether a criterion leaves some out, and selects nothing."""
    if isinstance(criterion, Or):
        return any(_excludes(part) for part in criterion.parts) and not has_join(criterion)
    return isinstance(criterion, Not) and not has_join(criterion)


@dataclass(frozen=True, slots=True)
class ReferrerScan:
    """In the order of what refers, then of ids; a document comes at the first that refers to it.

    Args:
        join: the references, and what those who refer must fulfil.
        filter: what the documents must fulfil besides.
    """

    join: ReferredBy
    filter: Filter

    def documents(self, read: Read, position: Position, limit: int) -> list[Document]:
        """Give the next documents after a position; None to begin."""
        after: Reference = tuple(position) if position else ("", "")
        found: list[Document] = []
        size = limit
        while len(found) < limit:
            referring = self._referring(read, {"_id": {"$gte": after[0]}}, size)
            references = [pair for d in referring for pair in self._references(d) if pair > after]
            found += self._first_found(read, references)
            if len(referring) < size:
                break
            # Nothing else stands at the last of them.
            after = (referring[-1]["_id"] + "\0", "")
            size = min(2 * size, LARGEST_BATCH)
        return found[:limit]

    def position(self, document: Document) -> Position:
        """Tell where a document stands."""
        return [document[FOUND_AT], document["_id"]]

    def accepts(self, position: Position) -> bool:
        """Tell whether this can be one of the scan's positions."""
        return are_two_texts(position)

    def within(self, *filters: Filter) -> ReferrerScan:
        """Narrow the scan."""
        return replace(self, filter=joined(self.filter, *filters))

    @property
    def _scan(self) -> IdScan:
        return by_id(inner_query(self.join))

    def _referring(self, read: Read, among: Filter, size: int) -> list[Document]:
        """Give so many at most of those who refer, with what they refer to, by their ids."""
        start, end = f"{self.join.name}{tokens.REFERENCE}", f"{self.join.name}{tokens.PRESENT}"
        own = replace(read, projection=only_tokens(start, end), max_bytes=None)
        return self._scan.within(among).documents(own, None, size)

    def _references(self, referring: Document) -> list[Reference]:
        own = set(targets([referring], self.join.name))
        return [(referring["_id"], target) for target in sorted(own)]

    def _first_found(self, read: Read, references: list[Reference]) -> list[Document]:
        """Give what is referred to, where nothing before refers to it, in order."""
        new: dict[str, str] = {}
        for referring, target in references:
            new.setdefault(target, referring)
        for target in self._referred_to_before(read, new):
            del new[target]
        seen = read.by_ids(list(new), self.filter)
        ordered = sorted((referring, target) for target, referring in new.items())
        return [
            {**seen[target], FOUND_AT: referring} for referring, target in ordered if target in seen
        ]

    def _referred_to_before(self, read: Read, new: dict[str, str]) -> set[str]:
        """Give those of some that something refers to which comes before what was found."""
        if not new:
            return set()
        last = max(new.values())
        asked = self._asked(new) | {"_id": {"$lt": last}}
        size = 4 * len(new)
        found = self._referring(read, asked, size)
        before = self._before(found, new)
        if len(found) == size:
            # Much refers to some of them: ask for the others one by one.
            for target in new.keys() - before:
                one = self._asked([target]) | {"_id": {"$lt": new[target]}}
                if self._referring(read, one, 1):
                    before.add(target)
        return before

    def _asked(self, wanted: Iterable[str]) -> Filter:
        return {"t": {"$in": [f"{self.join.name}{tokens.REFERENCE}{each}" for each in wanted]}}

    def _before(self, referring: list[Document], new: dict[str, str]) -> set[str]:
        pairs = (pair for document in referring for pair in self._references(document))
        return {target for by, target in pairs if target in new and by < new[target]}
