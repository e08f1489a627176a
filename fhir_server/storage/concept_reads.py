"""A code system whose concepts are in the database."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, TypeVar

from pymongo.collection import Collection
from pymongo.cursor import Cursor

from fhir_server.search.tokens import END_OF_TEXT
from fhir_server.storage.concept_documents import INACTIVE, READ, every, place, read, token
from fhir_server.storage.documents import Document
from fhir_server.storage.errors import TransactionConflict, translated_errors
from fhir_server.storage.mongo_indexes import CONCEPT_TOKENS
from fhir_server.storage.mongo_primary import Primary
from fhir_server.storage.records import StoreUnavailable
from fhir_server.terminology.concepts import Concept, SystemInfo
from fhir_server.terminology.filters import predicate, require_known
from fhir_server.terminology.rows import Marks
from fhir_server.terminology.sources import Condition, Selection, SourceUnavailable

Result = TypeVar("Result")
Filter = dict[str, Any]

# So many concepts are in memory at once.
PAGE = 10_000

_CODES = ("concept", "code")
# Of these a concept has values that are no properties; the database is not asked about them.
_COMPUTED = frozenset(("display", "definition", "child", "inactive", "notSelectable"))


class ConceptsUnavailable(StoreUnavailable, SourceUnavailable):
    """The database does not answer: 503 to who asks for concepts, unknown to who checks a code."""


class StoredCodeSystem:
    """The concepts stored under a key.

    Args:
        concepts: the collection.
        primary: of the database.
        key: of the code system.
        info: what its definition says of it.
    """

    def __init__(
        self, concepts: Collection[Document], primary: Primary, key: str, info: SystemInfo
    ) -> None:
        self.info = info
        self._concepts = concepts
        self._primary = primary
        self._key = key
        self._marks = Marks(info.properties)

    def concept(self, code: str) -> Concept | None:
        """Give a concept; where the code system is not case-sensitive, in any spelling."""
        found = self._one({"t": token("c", code)})
        if found is None and not self.info.case_sensitive:
            found = self._one({"t": token("f", code.casefold())})
        return None if found is None else read(found, self.info, self._marks)

    def children(self, code: str) -> Sequence[str]:
        """Give the codes right below a code, in order."""
        return self._codes({"t": token("p", code)})

    def is_below(self, code: str, above: str) -> bool:
        """Tell whether a code has another one above it, at any distance."""
        both = [{"t": token("c", code)}, {"t": {"$in": _above(above)}}]
        return self._one({"$and": both}) is not None

    def ancestors(self, code: str) -> Sequence[str]:
        """Give all codes above a code."""
        found = self._one({"t": token("c", code)}, {"_id": 0, "t": 1})
        tokens = () if found is None else found["t"]
        return [each[2:] for each in tokens if each.startswith(("p:", "a:"))]

    def descendants(self, code: str) -> Sequence[str]:
        """Give all codes below a code, each once."""
        return self._codes({"t": {"$in": _above(code)}})

    def has_levels(self) -> bool:
        """Tell whether any code stands above another."""
        return self._one(_starting("p:")) is not None

    def select(
        self, selection: Selection, offset: int = 0, limit: int | None = None
    ) -> Iterator[Concept]:
        """Give the wanted concepts in the order of the code system."""
        filter_, rest = self._translated(selection)
        if not rest.conditions:
            for document in self._documents(filter_, offset, limit):
                yield read(document, self.info, self._marks)
            return
        wanted = predicate(rest, self)
        found = (read(d, self.info, self._marks) for d in self._documents(filter_))
        stop = None if limit is None else offset + limit
        yield from islice(filter(wanted, found), offset, stop)

    def count(self, selection: Selection) -> int:
        """Count the wanted concepts."""
        filter_, rest = self._translated(selection)
        if rest.conditions:
            return sum(1 for _ in self.select(selection))
        return self._run(lambda: self._concepts.count_documents(filter_, hint=_index(filter_)))

    def explain(self, selection: Selection) -> dict[str, Any]:
        """Tell how the database finds the wanted concepts."""
        filter_, _ = self._translated(selection)
        return self._run(lambda: self._cursor(filter_).explain())

    def _translated(self, selection: Selection) -> tuple[Filter, Selection]:
        """Give what the database can tell apart, and the conditions that are left.

        Raises:
            TerminologyError: not-supported, for a filter nobody here understands.
        """
        parts: list[Filter] = []
        rest = []
        for condition in selection.conditions:
            part = self._part(condition)
            if part is None:
                rest.append(condition)
            else:
                parts.append(part)
        for word in selection.words:
            parts.append(_starting(token("w", word)))
        found: Filter = {"k": self._key, "$and": parts} if parts else every(self._key)
        if selection.active_only:
            found["t"] = {"$ne": INACTIVE}
        return found, replace(selection, conditions=tuple(rest), words=(), active_only=False)

    def _part(self, condition: Condition) -> Filter | None:
        name, value = condition.property, condition.value
        if name in _CODES:
            return self._of_codes(condition.op, value)
        require_known(condition, self.info)
        if name in _COMPUTED:
            return None
        kind = "p:{}" if name in ("parent", "subsumedBy") else f"v:{name}={{}}"
        match condition.op:
            case "=":
                return {"t": token(*kind.format(value).split(":", 1))}
            case "in":
                wanted = [kind.format(each.strip()) for each in value.split(",")]
                return {"t": {"$in": [token(*each.split(":", 1)) for each in wanted]}}
            case "exists" if value == "true" and kind.startswith("v:"):
                return _starting(token("v", f"{name}="))
        return None

    def _of_codes(self, op: str, value: str) -> Filter | None:
        match op:
            case "=":
                return {"t": token("c", value)}
            case "in":
                return {"t": {"$in": [token("c", each.strip()) for each in value.split(",")]}}
            case "is-a":
                root = self._spelled(value)
                return {"t": {"$in": [token("c", root), *_above(root)]}}
            case "descendent-of":
                return {"t": {"$in": _above(self._spelled(value))}}
            case "generalizes":
                root = self._spelled(value)
                codes = [root, *self.ancestors(root)]
                return {"t": {"$in": [token("c", each) for each in codes]}}
        return None

    def _spelled(self, code: str) -> str:
        found = self.concept(code)
        return code if found is None else found.code

    def _one(self, filter_: Filter, fields: Filter | None = None) -> Document | None:
        query = {"k": self._key, **filter_}
        return self._run(
            lambda: self._concepts.find_one(query, fields or READ, hint=CONCEPT_TOKENS)
        )

    def _codes(self, filter_: Filter) -> list[str]:
        query = {"k": self._key, **filter_}
        return self._run(lambda: [d["c"] for d in self._cursor(query, {"_id": 0, "c": 1, "o": 1})])

    def _documents(
        self, filter_: Filter, offset: int = 0, limit: int | None = None
    ) -> Iterator[Document]:
        left, after = limit, -1
        while left is None or left > 0:
            size = PAGE if left is None else min(PAGE, left)
            found = self._page(self._behind(filter_, after), offset, size)
            yield from found
            if len(found) < size:
                return
            offset, after = 0, found[-1]["o"]
            left = None if left is None else left - size

    def _behind(self, filter_: Filter, after: int) -> Filter:
        if after < 0:
            return filter_
        if "_id" in filter_:
            return {**filter_, "_id": {**filter_["_id"], "$gt": place(self._key, after)}}
        return {**filter_, "o": {"$gt": after}}

    def _page(self, filter_: Filter, offset: int, size: int) -> list[Document]:
        return self._run(lambda: self._cursor(filter_).skip(offset).limit(size).to_list())

    def _cursor(self, filter_: Filter, fields: Filter | None = None) -> Cursor[Document]:
        cursor = self._concepts.find(filter_, fields or READ).allow_disk_use(True)
        index = _index(filter_)
        return cursor.sort("o" if index == CONCEPT_TOKENS else "_id", 1).hint(index)

    def _run(self, read_: Callable[[], Result]) -> Result:
        try:
            with translated_errors():
                return self._primary.settled(read_)
        except (StoreUnavailable, TransactionConflict) as error:
            raise ConceptsUnavailable(str(error)) from None


def _above(code: str) -> list[str]:
    """Give the tokens of what is below a code, at whatever distance."""
    return [token("p", code), token("a", code)]


def _starting(start: str) -> Filter:
    return {"t": {"$elemMatch": {"$gte": start, "$lt": start + END_OF_TEXT}}}


def _index(filter_: Filter) -> str:
    return "_id_" if "_id" in filter_ else CONCEPT_TOKENS
