"""What was measured, as numbers: slices, their spread, and ratios of one to another."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


def percentile(ordered: Sequence[float], share: float) -> float:
    """Give the value that a share of the others stay at or below (nearest rank); 0 of none.

    Args:
        ordered: from the least on.
        share: above 0, at most 1.
    """
    if not ordered:
        return 0.0
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


@dataclass(frozen=True, slots=True)
class Slice:
    """One stretch of measuring of one target.

    Args:
        seconds: how long.
        times: milliseconds of each right answer, by the name of the request.
        items: what the right answers were about: one each, or the entries of a bundle.
        wrong: answers that were not right.
        errors: the first of them, in words.
        all_requests: answers with those of the warm-up.
        cpu: CPU seconds by process, warm-up included.
    """

    seconds: float
    times: Mapping[str, Sequence[float]]
    items: int
    wrong: int = 0
    errors: Sequence[str] = ()
    all_requests: int = 0
    cpu: Mapping[str, float] = field(default_factory=dict)

    @property
    def requests(self) -> int:
        """How many answers were right."""
        return sum(len(each) for each in self.times.values())

    @property
    def rate(self) -> float:
        """Right answers a second."""
        return self.requests / self.seconds

    @property
    def item_rate(self) -> float:
        """Items a second."""
        return self.items / self.seconds


@dataclass(frozen=True, slots=True)
class Spread:
    """A number that was measured several times.

    Args:
        low: the least.
        middle: the median.
        high: the most.
    """

    low: float
    middle: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread:
        """Give the spread of some values; zeros for none."""
        ordered = sorted(values)
        if not ordered:
            return cls(0.0, 0.0, 0.0)
        return cls(ordered[0], statistics.median(ordered), ordered[-1])

    @property
    def noise(self) -> float:
        """How far it goes from the middle, as a share of it."""
        if not self.middle:
            return 0.0
        return max(self.high - self.middle, self.middle - self.low) / self.middle


@dataclass(frozen=True, slots=True)
class Measured:
    """All slices of one workload on one target.

    Args:
        slices: in the order of the rounds.
    """

    slices: Sequence[Slice]

    def rate(self) -> Spread:
        """Give the right answers a second."""
        return Spread.of(each.rate for each in self.slices)

    def item_rate(self) -> Spread:
        """Give the items a second."""
        return Spread.of(each.item_rate for each in self.slices)

    def latency(self, share: float, name: str | None = None) -> float:
        """Give a percentile of all slices together, in ms; of one name or of all."""
        times = [
            ms
            for each in self.slices
            for key, values in each.times.items()
            if name in {None, key}
            for ms in values
        ]
        return percentile(sorted(times), share)

    def names(self) -> list[str]:
        """Give the names of the requests."""
        return sorted({name for each in self.slices for name in each.times})

    def wrong(self) -> int:
        """Give how many answers were wrong."""
        return sum(each.wrong for each in self.slices)

    def cpu_per_request(self) -> dict[str, float]:
        """Give the CPU of each process for a request, in ms."""
        requests = sum(each.all_requests for each in self.slices)
        if not requests:
            return {}
        total: dict[str, float] = {}
        for each in self.slices:
            for process, seconds in each.cpu.items():
                total[process] = total.get(process, 0.0) + seconds
        return {process: seconds * 1000 / requests for process, seconds in total.items()}

    def as_data(self) -> dict[str, Any]:
        """Give the figures for a file."""
        rate, items = self.rate(), self.item_rate()
        errors = [error for each in self.slices for error in each.errors]
        return {
            "requests_per_second": _spread(rate),
            "items_per_second": _spread(items),
            "rates": [round(each.rate, 2) for each in self.slices],
            "item_rates": [round(each.item_rate, 2) for each in self.slices],
            "ms": self._percentiles(None),
            "ms_by_request": {name: self._percentiles(name) for name in self.names()},
            "requests": sum(each.requests for each in self.slices),
            "wrong": self.wrong(),
            "errors": errors[:5],
            "cpu_ms_per_request": {k: round(v, 4) for k, v in self.cpu_per_request().items()},
        }

    def _percentiles(self, name: str | None) -> dict[str, float]:
        shares = (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
        return {label: round(self.latency(share, name), 3) for label, share in shares}


def ratios(ours: Measured, theirs: Measured) -> Spread:
    """Give how many times the rate of another a rate is, round by round.

    A round's slices lie next to each other in time, so what else the machine did fell on both.
    """
    pairs = zip(ours.slices, theirs.slices, strict=False)
    return Spread.of(a.item_rate / b.item_rate for a, b in pairs if b.item_rate)


def _spread(spread: Spread) -> dict[str, float]:
    return {
        "low": round(spread.low, 2),
        "middle": round(spread.middle, 2),
        "high": round(spread.high, 2),
    }
