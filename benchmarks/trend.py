"""Whether memory grows: a line through what was sampled."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Trend:
    """A line fitted by least squares.

    Args:
        per_hour: how much it rises in an hour.
        error: the standard error of that; what lies within twice of it is no trend.
    """

    per_hour: float
    error: float

    @property
    def grows(self) -> bool:
        """Whether it rises by more than chance."""
        return self.per_hour > 2 * self.error


def trend(seconds: Sequence[float], values: Sequence[float]) -> Trend:
    """Fit a line; none rises through fewer than three points.

    Args:
        seconds: when each value was sampled.
        values: as many.
    """
    count = len(values)
    if count < 3:
        return Trend(0.0, 0.0)
    middle_x, middle_y = sum(seconds) / count, sum(values) / count
    across = sum((x - middle_x) ** 2 for x in seconds)
    if not across:
        return Trend(0.0, 0.0)
    pairs = list(zip(seconds, values, strict=True))
    slope = sum((x - middle_x) * (y - middle_y) for x, y in pairs) / across
    rest = sum((y - middle_y - slope * (x - middle_x)) ** 2 for x, y in pairs)
    error = math.sqrt(rest / (count - 2) / across)
    return Trend(slope * 3600, error * 3600)
