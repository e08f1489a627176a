"""What is asked about a few resources that a token leads to, beside that token."""

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
    if not wanted.tokens:
        return found
    current = {"t": {"$in": list(wanted.tokens)}}
    if not wanted.ended:
        return found | current
    late = {"t": {"$in": list(wanted.ended)}, "f.end": {"$gte": wanted.since}}
    return found | {"$or": [current, late]}
