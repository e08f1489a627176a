"""What order R4 asks for, said plainly on the index entries of resources.

What has several values stands at the one that comes first in the order asked for; what has none
comes last; ties are in the order of the ids, in the direction of the last key.

Source: https://hl7.org/fhir/R4/search.html#sort
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fhir_server.search import tokens
from fhir_server.search.matching import Indexed
from fhir_server.search.query import Sort

# What a token of a parameter of each type looks like after its name.
SEPARATORS = {"token": "=", "uri": "=", "reference": ">"}


def in_order(resources: Sequence[Indexed], sorts: Sequence[Sort]) -> list[str]:
    """Give the references of resources, sorted."""
    keys = [sort.by for sort in sorts]
    if "_id" in keys:
        sorts = sorts[: keys.index("_id") + 1]
    ordered = sorted(resources, key=lambda r: r.reference, reverse=sorts[-1].descending)
    for sort in reversed(sorts):
        known = [r for r in ordered if _value(r, sort) is not None]
        missing = [r for r in ordered if _value(r, sort) is None]
        known.sort(key=lambda r: _value(r, sort), reverse=sort.descending)
        ordered = known + missing
    return [r.reference for r in ordered]


def _value(resource: Indexed, sort: Sort) -> Any:
    if sort.by == "_id":
        return resource.reference
    if sort.by == "_lastUpdated":
        return resource.last_updated
    found = _values(resource, sort)
    if not found:
        return None
    return max(found) if sort.descending else min(found)


def _values(resource: Indexed, sort: Sort) -> list[str]:
    entries, key = resource.entries, sort.by.replace(".", ":")
    if sort.kind == "string":
        return entries.keys.get(f"{key}<", "").split(tokens.NEXT)[:-1]
    if sort.kind in SEPARATORS:
        names = sort.said_by or (sort.by,)
        own = [t.removeprefix(n) for n in names for t in entries.tokens if t.startswith(n)]
        return [t for t in own if t[0] in SEPARATORS[sort.kind]]
    return [found[1 if sort.descending else 0] for found in entries.ranges.get(key, ())]
