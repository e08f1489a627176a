"""What happens by chance, the same for the same seed."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from random import Random
from typing import TypeVar

Item = TypeVar("Item")


class Fate:
    """Draws lots for one patient or one unit.

    Args:
        name: what the draws follow from.
        certain: events that happen to this one whatever the odds, so that even a small region
            shows each of them.
    """

    def __init__(self, name: str, certain: Collection[str] = ()) -> None:
        self._random = Random(name)  # noqa: S311
        self._certain = certain

    def happens(self, event: str, odds: float) -> bool:
        """Tell whether an event happens."""
        return self._random.random() < odds or event in self._certain

    def share(self) -> float:
        """Give a number from 0 to below 1."""
        return self._random.random()

    def between(self, low: int, high: int) -> int:
        """Give a whole number, both ends included; the lower where the range is empty."""
        return low + int(self._random.random() * (high - low + 1)) if high > low else low

    def one_of(self, items: Sequence[Item]) -> Item:
        """Give one item."""
        return items[int(self._random.random() * len(items))]

    def some_of(self, items: Sequence[Item], count: int) -> list[Item]:
        """Give some of the items, in their order."""
        chosen = set(self._random.sample(range(len(items)), min(count, len(items))))
        return [item for index, item in enumerate(items) if index in chosen]

    def weighted(self, odds: Sequence[tuple[Item, float]]) -> Item:
        """Give one item by its weight."""
        left = self._random.random() * sum(weight for _, weight in odds)
        for item, weight in odds:
            left -= weight
            if left < 0:
                return item
        return odds[-1][0]

    def count(self, mean: float, most: int) -> int:
        """Give a number of events that has this mean: few for most, many for some."""
        if mean <= 0:
            return 0
        return min(most, int(-math.log(1 - self._random.random()) * mean + 0.5))


class Shuffle:
    """A permutation of 0 … size - 1 that needs no memory.

    Args:
        size: how many numbers.
        name: what it follows from.
    """

    def __init__(self, size: int, name: str) -> None:
        random = Random(name)  # noqa: S311
        self._size = size
        self._start = random.randrange(size) if size else 0
        # A step without a common divisor visits every number once before it repeats.
        self._step = next(
            (step for step in _candidates(random, size) if math.gcd(step, size) == 1), 1
        )

    def __getitem__(self, position: int) -> int:
        return (self._start + position * self._step) % self._size


def _candidates(random: Random, size: int) -> list[int]:
    return [random.randrange(size // 3, size) | 1 for _ in range(50)] if size > 3 else []
