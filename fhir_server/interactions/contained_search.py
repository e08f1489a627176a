"""Searches of resources that are contained in others.

The index entries of a container say that it may contain a match; the entries of each contained
resource, made anew, decide.

Source: https://hl7.org/fhir/R4/search.html#contained
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from fhir_server.fhir import cursors, json
from fhir_server.fhir.outcome import FhirError, Issue
from fhir_server.interactions.context import Context
from fhir_server.search import tokens
from fhir_server.search.matching import Indexed, fulfils
from fhir_server.search.query import (
    And,
    Criterion,
    HasToken,
    Or,
    Query,
    TextStart,
    TokenRange,
    either,
    every,
)
from fhir_server.storage.records import StoredResource

# Stands before the tokens of contained resources, and between a container's id and theirs.
CONTAINED = "#"
# Containers that one request looks into at most; the next page goes on from there.
MOST_CONTAINERS = 10_000
_AT_ONCE = 100
_END_OF_TEXT = "\U0010ffff"
_MARK = "~"


@dataclass(frozen=True, slots=True)
class Match:
    """A result.

    Args:
        stored: the resource itself, or the one that contains it.
        contained: the contained resource, where that is the result.
    """

    stored: StoredResource
    contained: dict[str, Any] | None = None

    @property
    def address(self) -> str:
        """``Type/id``, or ``Type/id#id`` of a contained one."""
        inner = f"{CONTAINED}{self.contained.get('id', '')}" if self.contained else ""
        return f"{self.stored.reference}{inner}"


@dataclass(frozen=True, slots=True)
class Matches:
    """A page of results."""

    found: list[Match]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class _Place:
    """Before a result.

    Args:
        cursor: the store's, of the page that holds the container.
        position: of the container in that page; 0 in a cursor of our own, as others may write.
        reference: the container.
        skip: how many of its matches come before.
    """

    cursor: str | None
    position: int = 0
    reference: str = ""
    skip: int = 0


def find(context: Context, query: Query) -> Matches:
    """Give one page of a search with ``_contained=true`` or ``both``.

    Raises:
        FhirError: 400 for a cursor that is not from this search.
    """
    start = _start(query)
    found: list[Match] = []
    if start is None:
        page = context.store.search(query)
        found = [Match(stored) for stored in page.resources]
        if page.next_cursor:
            return Matches(found, page.next_cursor)
        start = _Place(None)
    for place, match in _matches(context, query, start):
        # One more than there is room for tells whether there is a next page.
        if match is None or len(found) == query.count:
            return Matches(found, _cursor(context, query, place))
        found.append(match)
    return Matches(found, None)


def count(context: Context, query: Query, limit: int | None) -> int:
    """Count the results.

    Args:
        context: the request.
        query: with ``_contained=true`` or ``both``.
        limit: where to stop counting; None for an exact count.

    Raises:
        FhirError: 400 where too many resources would have to be looked into.
    """
    total = context.store.count(query, limit) if query.contained == "both" else 0
    for _, match in _matches(context, query, _Place(None)):
        if limit is not None and total >= limit:
            break
        if match is None:
            raise FhirError(
                Issue(
                    "error",
                    "too-costly",
                    f"More than {MOST_CONTAINERS} resources would have to be looked into to count "
                    "what they contain; add criteria, or ask for _total=none.",
                ),
                status=400,
            )
        total += 1
    return total


def candidates(query: Query) -> Query:
    """Give the search for what may contain a match."""
    contained = either(*(HasToken(CONTAINED + type_) for type_ in query.types))
    if not query.types:
        contained = TokenRange(CONTAINED, chr(ord(CONTAINED) + 1))
    narrowed = [found for part in query.where.parts if (found := _narrow(part)) is not None]
    # Other results are no business of the candidates: without them any type may contain.
    return replace(query, types=(), where=every(contained, *narrowed), count=_AT_ONCE, cursor=None)


def _narrow(criterion: Criterion) -> Criterion | None:
    """Say what a criterion on a contained resource means for the container's tokens."""
    match criterion:
        case HasToken(token):
            return HasToken(CONTAINED + token)
        case TokenRange(low, high):
            return TokenRange(CONTAINED + low, CONTAINED + high)
        case TextStart(name, text):
            start = f"{CONTAINED}{name}{tokens.TEXT}{text}"
            return TokenRange(start, start + _END_OF_TEXT)
        case Or(parts):
            found = [_narrow(part) for part in parts]
            known = [each for each in found if each is not None]
            return either(*known) if len(known) == len(found) else None
        case And(parts):
            known = [each for part in parts if (each := _narrow(part)) is not None]
            return every(*known) if known else None
        case _:
            return None


def _matches(
    context: Context, query: Query, start: _Place
) -> Iterator[tuple[_Place, Match | None]]:
    """Give results with their places; a place alone where too many were looked into."""
    cursor, looked = start.cursor, 0
    while True:
        page = context.store.search(replace(candidates(query), cursor=cursor))
        for position, stored in enumerate(page.resources):
            skip = start.skip if stored.reference == start.reference else 0
            for number, match in enumerate(_within(context, query, stored)):
                if number >= skip:
                    yield _Place(cursor, position, stored.reference, number), match
        looked += len(page.resources)
        cursor = page.next_cursor
        if cursor is None:
            return
        if looked >= MOST_CONTAINERS:
            yield _Place(cursor), None
            return


def _within(context: Context, query: Query, stored: StoredResource) -> Iterator[Match]:
    """Give the results in one resource: itself once, or what it contains."""
    if stored.body is None:
        return
    resource = json.parse(stored.body)
    listed = resource.get("contained", ())
    fitting = [each for each in listed if _fits(context, query, each, stored)]
    if query.contained_type == "contained":
        yield from (Match(stored, each) for each in fitting)
    elif fitting and not (query.contained == "both" and _fits(context, query, resource, stored)):
        yield Match(stored)


def _fits(context: Context, query: Query, resource: Any, stored: StoredResource) -> bool:
    type_ = resource.get("resourceType")
    if query.types and type_ not in query.types:
        return False
    reference = f"{type_}/{resource.get('id', '')}"
    entries = context.server.indexer.index(resource, reference)
    return fulfils(query.where, Indexed(reference, stored.last_updated, entries))


def _start(query: Query) -> _Place | None:
    """Read where a page begins; None for among the resources that are not contained."""
    if query.cursor is None:
        return None if query.contained == "both" else _Place(None)
    if _MARK not in query.cursor:
        if query.contained == "both":
            return None
        raise cursors.not_from("search")
    skip, _, rest = query.cursor.partition(_MARK)
    reference, mark, cursor = rest.partition(_MARK)
    if not mark or not (skip.isascii() and skip.isdigit() and len(skip) < 6):
        raise cursors.not_from("search")
    return _Place(cursor or None, reference=reference, skip=int(skip))


def _cursor(context: Context, query: Query, place: _Place) -> str | None:
    cursor = place.cursor
    if place.position:
        before = replace(candidates(query), cursor=cursor, count=place.position)
        cursor = context.store.search(before).next_cursor
        if cursor is None:
            return None  # what came next was deleted meanwhile
    return _MARK.join((str(place.skip), place.reference if place.skip else "", cursor or ""))
