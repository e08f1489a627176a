"""Sets of moments as stretches of time: in order, apart from each other, half open."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from fhir_server.sweden.periods import Period

Stretch = tuple[datetime, datetime]
Stretches = tuple[Stretch, ...]

NEVER: Stretches = ()
_MINUTE = timedelta(minutes=1)
_FIRST = datetime.min.replace(tzinfo=UTC)
_LAST = datetime.max.replace(tzinfo=UTC)


def of(period: Period) -> Stretches:
    """Give a period as stretches; an open bound is as far away as a datetime can be."""
    start, end = period.start or _FIRST, period.end or _LAST
    return ((start, end),) if start < end else NEVER


def united(found: Iterable[Stretch]) -> Stretches:
    """Give the moments that lie in any of the stretches, which may overlap and be in any order."""
    joined: list[Stretch] = []
    for start, end in sorted(found):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        elif start < end:
            joined.append((start, end))
    return tuple(joined)


def common(one: Stretches, other: Stretches) -> Stretches:
    """Give the moments that lie in both."""
    return tuple(_common(one, other))


def without(one: Stretches, other: Stretches) -> Stretches:
    """Give the moments that lie in the one and not in the other."""
    return common(one, _between(other)) if other else one


def minutes(stretches: Sequence[Stretch]) -> int:
    """Give the length of stretches, in whole minutes."""
    return sum((end - start for start, end in stretches), timedelta()) // _MINUTE


def _common(one: Stretches, other: Stretches) -> Iterator[Stretch]:
    i = j = 0
    while i < len(one) and j < len(other):
        start, end = max(one[i][0], other[j][0]), min(one[i][1], other[j][1])
        if start < end:
            yield start, end
        if one[i][1] <= other[j][1]:
            i += 1
        else:
            j += 1


def _between(stretches: Stretches) -> Stretches:
    starts = [_FIRST, *(end for _, end in stretches)]
    ends = [*(start for start, _ in stretches), _LAST]
    return tuple((s, e) for s, e in zip(starts, ends, strict=True) if s < e)
