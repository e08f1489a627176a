"""Pages that a chain leads: in the order of what is referred to, then of what refers.

Two orders of the same texts meet here: the ids of the resources that fulfil the condition, and
the tokens of the references to them. Both can be read from any text on. Whichever has fewer up to
some point leads up to there, so that neither a few referrers of many nor many referrers of a few
make a page dear.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, replace

from fhir_server.search import tokens
from fhir_server.search.query import Chained
from fhir_server.storage.mongo_filters import Filter, joined
from fhir_server.storage.mongo_joins import few_matches, fulfilling, ids_after, inner_query
from fhir_server.storage.mongo_reads import Document, Entry, Read
from fhir_server.storage.mongo_scans import Position, are_two_texts

# Where a document was found: not a field of the store, but a position to go on from.
FOUND_AT = "@"
# Tokens that are looked up at once.
TOGETHER = 500


@dataclass(frozen=True, slots=True)
class ChainScan:
    """In the order of the references that lead to what fulfils a condition, then of ids.

    A document comes at the first of its references that does.

    Args:
        chain: the references, and the condition.
        filter: what must hold besides.
    """

    chain: Chained
    filter: Filter

    def documents(self, read: Read, position: Position, limit: int) -> list[Document]:
        """Give the next documents after a position; None to begin."""
        at: Entry = tuple(position) if position else (self._start, "")
        found: list[Document] = []
        while len(found) < limit:
            ids, upto = self._candidates(read, at, limit + 1 - len(found))
            found += self._placed(read, ids, at, upto)
            if upto is None:
                break
            at = upto
        return found[:limit]

    def position(self, document: Document) -> Position:
        """Tell where a document stands."""
        return [document[FOUND_AT], document["_id"]]

    def accepts(self, position: Position) -> bool:
        """Tell whether this can be one of the scan's positions."""
        return are_two_texts(position) and position[0].startswith(self._start)

    def within(self, *filters: Filter) -> ChainScan:
        """Narrow the scan."""
        return replace(self, filter=joined(self.filter, *filters))

    @property
    def _start(self) -> str:
        return f"{self.chain.name}{tokens.REFERENCE}"

    def _candidates(self, read: Read, at: Entry, size: int) -> tuple[list[str], Entry | None]:
        """Give ids among which is all that stands after one entry, up to another; None the end."""
        token, id_ = at
        if id_:
            entries = read.entries(token, f"{token}\0", size, id_)
            ends = entries[-1] if len(entries) == size else (f"{token}\0", "")
            return _ids(entries), ends
        query = inner_query(self.chain)
        few = few_matches(read, query)
        after = token[len(self._start) :]
        if few is not None:
            first = bisect_left(few, after)
            leading = few[first : first + TOGETHER]
            return self._led_by(read, leading, size, last=first + TOGETHER >= len(few))
        stretch = self._stretch(token)
        if stretch is None:
            return [], None
        low, high = stretch
        outer = read.entries(low, high, size)
        if len(outer) < size:
            return _ids(outer), (high, "")
        inner = ids_after(read, query, after, size)
        exhausted = len(inner) < size
        if exhausted or f"{self._start}{inner[-1]}" >= outer[-1][0]:
            return self._led_by(read, inner, size, last=exhausted)
        return _ids(outer), outer[-1]

    def _stretch(self, token: str) -> Entry | None:
        """Give the bounds of the references to the next type from a token on."""
        for type_ in sorted(self.chain.types, key=lambda each: f"{each}/"):
            low, high = f"{self._start}{type_}/", f"{self._start}{type_}0"
            if token < high:
                return max(token, low), high
        return None

    def _led_by(
        self, read: Read, leading: list[str], size: int, *, last: bool
    ) -> tuple[list[str], Entry | None]:
        referring = [f"{self._start}{id_}" for id_ in leading]
        entries = read.entries_of(referring, size) if referring else []
        if len(entries) == size:
            return _ids(entries), entries[-1]
        return _ids(entries), None if last else (f"{referring[-1]}\0", "")

    def _placed(
        self, read: Read, ids: list[str], after: Entry, upto: Entry | None
    ) -> list[Document]:
        """Give the documents that stand between two entries, in order."""
        documents = read.by_ids(ids, self.filter, "t").values()
        named = {d["_id"]: self._local(d["t"]) for d in documents}
        good = self._good(read, {target for found in named.values() for target in found})
        found: list[tuple[Entry, Document]] = []
        for document in documents:
            leading = min((t for t in named[document["_id"]] if t in good), default=None)
            at = (f"{self._start}{leading}", document["_id"])
            if leading is not None and after < at and (upto is None or at <= upto):
                found.append((at, {**document, FOUND_AT: at[0]}))
        return [document for _, document in sorted(found, key=lambda each: each[0])]

    def _local(self, found: Iterable[str]) -> list[str]:
        start, types = self._start, self.chain.types
        cut = len(start)
        named = [token[cut:] for token in found if token.startswith(start)]
        return [e for e in named if e.partition("/")[0] in types] if types else named

    def _good(self, read: Read, wanted: set[str]) -> set[str]:
        query = inner_query(self.chain)
        few = few_matches(read, query)
        return wanted & set(few) if few is not None else fulfilling(read, query, wanted)


def _ids(entries: Iterable[Entry]) -> list[str]:
    return [id_ for _, id_ in entries]
