"""What is asked about a few resources that a token leads to, as conditions that no index leads to.

MongoDB would else choose between the tokens, and a common one, such as that of a status, may win.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class About:
    """What must hold of the resources of a type.

    Args:
        resource_type: the type.
        labels: one of these it must have; any resource for none.
        tokens: one of these it must have; any resource for none.
        ended: tokens of resources that count only where the fact ``end`` is not before ``since``.
        since: µs since 1970.
    """

    resource_type: str
    labels: Sequence[str] = ()
    tokens: Sequence[str] = ()
    ended: Sequence[str] = ()
    since: int = 0


def way(wanted: About) -> dict[str, Any]:
    """Give the filter."""
    found: dict[str, Any] = {"y": wanted.resource_type}
    if wanted.labels:
        found["a"] = {"$in": list(wanted.labels)}
    if wanted.tokens:
        found["$expr"] = _has(wanted.tokens)
    if wanted.ended:
        late = {"$gte": ["$f.end", wanted.since]}
        found["$expr"] = {"$or": [_has(wanted.tokens), {"$and": [_has(wanted.ended), late]}]}
    return found


def _has(tokens: Sequence[str]) -> dict[str, Any]:
    # A literal: a token may begin with what MongoDB would take for a field.
    both = {"$setIntersection": ["$t", {"$literal": list(tokens)}]}
    return {"$gt": [{"$size": both}, 0]}
