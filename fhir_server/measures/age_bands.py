"""Age, and the bands it is reported in (R109: figures must not point at a person)."""

from __future__ import annotations

from bisect import bisect_right

# First year of each band; the last is open.
STARTS = (0, 18, 45, 65, 75, 85)
BANDS = ("0-17", "18-44", "45-64", "65-74", "75-84", "85-")


def age(born: int, day: int) -> int:
    """Give completed years on a day.

    Args:
        born: the birth date as a number, 20130514.
        day: the day, the same way.
    """
    return (day - born) // 10_000


def band(born: int | None, day: int) -> str | None:
    """Give the band of somebody's age on a day.

    Returns:
        None for no full birth date, and for one after the day.
    """
    if born is None or born > day:
        return None
    return BANDS[bisect_right(STARTS, age(born, day)) - 1]
