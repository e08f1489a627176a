"""How old people are, and of which sex: about as in Sweden.

The shares are rounded from SCB's figures for 2024, from memory; they are to be plausible, and
nothing is to be concluded from them.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate

from fhir_server.synthetic.chance import Shuffle
from fhir_server.synthetic.identities import FEMALE, MALE, BirthYear, Identity

# From this age: per mille of the people in the five years from it, and how many are women.
_AGES = (
    (100, 2, 0.82), (95, 2, 0.76), (90, 8, 0.68), (85, 18, 0.60), (80, 34, 0.55), (75, 48, 0.52),
    (70, 50, 0.51), (65, 52, 0.50), (60, 56, 0.50), (55, 62, 0.49), (50, 62, 0.49), (45, 60, 0.49),
    (40, 62, 0.49), (35, 68, 0.48), (30, 70, 0.48), (25, 62, 0.48), (20, 56, 0.48), (15, 59, 0.48),
    (10, 61, 0.49), (5, 59, 0.49), (0, 51, 0.49),
)  # fmt: skip
_YEARS = 5


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody, before anything is known but who it is.

    Args:
        rank: how many of the region are older, about: 0 is of the oldest.
        sex: administrative gender.
        identity: birth date and number.
    """

    rank: int
    sex: str
    identity: Identity


class Population:
    """The people of a region.

    Args:
        size: how many.
        seed: what everything follows from.
        end: the day it is.
    """

    def __init__(self, size: int, seed: str, end: dt.date) -> None:
        self._order = Shuffle(size, f"{seed}/population")
        cells = [
            (end.year - age - year, sex, weight * share / _YEARS)
            for age, weight, women in _AGES
            for year in reversed(range(_YEARS))
            for sex, share in ((FEMALE, women), (MALE, 1 - women))
        ]
        self._sexes = [sex for _, sex, _ in cells]
        self._years = [BirthYear(year, sex, end, seed) for year, sex, _ in cells]
        self._ends = _spread(size, [weight for _, _, weight in cells])

    @property
    def beyond_personnummer(self) -> int:
        """How many people there is no test personnummer for."""
        begins = [0, *self._ends]
        counts = (end - begin for begin, end in zip(begins, self._ends, strict=False))
        pairs = zip(counts, self._years, strict=True)
        return sum(max(0, count - year.personnummer) for count, year in pairs)

    def __getitem__(self, number: int) -> Person:
        """Give a person by a number from 0 to below the size; neighbours have nothing in common."""
        rank = self._order[number]
        cell = bisect_right(self._ends, rank)
        before = self._ends[cell - 1] if cell else 0
        return Person(rank, self._sexes[cell], self._years[cell][rank - before])


def _spread(size: int, weights: list[float]) -> list[int]:
    """Give where each cell's people end, so that all cells together have all people."""
    total = sum(weights)
    return [round(size * part / total) for part in accumulate(weights)]
