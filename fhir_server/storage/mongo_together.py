"""Some resources by their ids, and what several searches find, in one round trip.

For searches that a token leads to few by, such as all that ask about one person. Each adds one
condition to the query, and no way for the database to try out: there is one index for ids and one
for tokens.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fhir_server.search.query import Criterion, HasToken, Or, Query
from fhir_server.storage.documents import STORED
from fhir_server.storage.mongo_filters import Filter, as_filter, joined
from fhir_server.storage.mongo_joins import has_join


@dataclass(frozen=True, slots=True)
class Sought:
    """A search, each of whose conditions is a token, or one of some.

    Args:
        query: as it may be made.
        asked: its conditions, the first of which leads; what a principal may not see stands in
            the query besides.
        ids_only: its results are counted or named, and not read.
    """

    query: Query
    asked: Sequence[Sequence[str]]
    ids_only: bool = False

    def finds(self, own: Collection[str]) -> bool:
        """Tell whether a resource has the tokens asked for."""
        return all(any(token in own for token in each) for each in self.asked)


def tokens_of(query: Query) -> list[tuple[str, ...]] | None:
    """Give the conditions of a query as tokens; None where one is something else."""
    found = [_tokens(part) for part in query.where.parts]
    return [each for each in found if each] if found and all(found) else None


def _tokens(criterion: Criterion) -> tuple[str, ...]:
    parts = criterion.parts if isinstance(criterion, Or) else (criterion,)
    found = tuple(part.token for part in parts if isinstance(part, HasToken))
    return found if len(found) == len(parts) else ()


def can_be_joined(sought: Iterable[Sought]) -> bool:
    """Tell whether nothing has to be asked of other resources first."""
    return not any(has_join(each.query.where) for each in sought)


def filter_of(references: Collection[str], sought: Sequence[Sought]) -> Filter:
    """Give the filter of all of it."""
    ways: list[Filter] = [{"_id": {"$in": sorted(references)}}] if references else []
    if sought:
        leads = list(dict.fromkeys(token for each in sought for token in each.asked[0]))
        found = [joined(as_filter(each.query.where)) for each in sought]
        # Behind a double negation, or each condition would be a way of its own to try out.
        ways.append({"t": {"$in": leads}, "$nor": [{"$nor": found}]})
    return ways[0] if len(ways) == 1 else {"$or": ways}


def fields_of(references: Collection[str], sought: Sequence[Sought]) -> Mapping[str, Any]:
    """Give the fields to read: of the tokens those asked for, and bodies only where they are."""
    asked = list(dict.fromkeys(token for s in sought for each in s.asked for token in each))
    own = {"$setIntersection": [{"$ifNull": ["$t", []]}, {"$literal": asked}]}
    counted = sorted({type_ for each in sought if each.ids_only for type_ in each.query.types})
    read = {type_ for each in sought if not each.ids_only for type_ in each.query.types}
    counted = [each for each in counted if each not in read]
    if not counted:
        return STORED | {"t": own}
    named = {"$in": ["$_id", {"$literal": sorted(references)}]}
    is_read = {"$or": [{"$not": [{"$in": ["$y", counted]}]}, named]}
    return STORED | {"t": own, "b": {"$cond": [is_read, "$b", "$$REMOVE"]}}
