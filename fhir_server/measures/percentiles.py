"""Distributions: lowest, median, 90th percentile, highest, mean.

A percentile is an observed value, by the nearest rank: the smallest value that at least p per cent
of the values do not exceed (Hyndman & Fan 1996, definition 1). So "90 per cent waited at most so
long" is true as it stands, which no interpolated value promises. The median of an even number of
values is the mean of the two in the middle, as everybody expects of a median.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Distribution:
    """How values are spread.

    Args:
        count: how many values.
        least: the lowest.
        median: see the module.
        p90: see the module.
        most: the highest.
        mean: the arithmetic mean.
    """

    count: int
    least: float
    median: float
    p90: float
    most: float
    mean: float


def percentile(ordered: Sequence[float], percent: int) -> float:
    """Give a percentile by nearest rank.

    Args:
        ordered: values in ascending order, at least one.
        percent: 1 to 100.
    """
    # Whole numbers throughout: 0.9 * 10 is not exactly 9 in floating point.
    rank = -(-percent * len(ordered) // 100)
    return ordered[max(rank, 1) - 1]


def median(ordered: Sequence[float]) -> float:
    """Give the median of values in ascending order, at least one."""
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return (ordered[middle - 1] + ordered[middle]) / 2


def distribution(values: Sequence[float]) -> Distribution | None:
    """Describe values in any order; None where there are none."""
    if not values:
        return None
    ordered = sorted(values)
    return Distribution(
        count=len(ordered),
        least=ordered[0],
        median=median(ordered),
        p90=percentile(ordered, 90),
        most=ordered[-1],
        # fsum does not depend on the order of the values: the same data give the same digits.
        mean=math.fsum(ordered) / len(ordered),
    )
