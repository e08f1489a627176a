"""Which days in Sweden are as a Sunday, whatever weekday they are.

Lagen (1989:253) om allmänna helgdagar; semesterlagen (1977:480) 3 a § counts midsommarafton,
julafton and nyårsafton as Sundays.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SUNDAY = "sun"
_FIXED = ((1, 1), (1, 6), (5, 1), (6, 6), (12, 24), (12, 25), (12, 26), (12, 31))
# Långfredag, annandag påsk and Kristi himmelsfärds dag, counted from Easter Sunday; påskdagen and
# pingstdagen are Sundays anyway.
_FROM_EASTER = (-2, 1, 39)


def day_code(day: date) -> str:
    """Give ``mon`` … ``sun``; a public holiday is ``sun``."""
    return _SUNDAY if day in holidays(day.year) else WEEKDAYS[day.weekday()]


@lru_cache(maxsize=64)
def holidays(year: int) -> frozenset[date]:
    """Give the days of a year that are as a Sunday; plain Sundays are not among them."""
    found = {date(year, month, day) for month, day in _FIXED}
    found |= {easter(year) + timedelta(days=days) for days in _FROM_EASTER}
    midsummer = _saturday_from(date(year, 6, 20))
    all_saints = _saturday_from(date(year, 10, 31))
    return frozenset({*found, midsummer, midsummer - timedelta(days=1), all_saints})


def easter(year: int) -> date:
    """Give Easter Sunday of the Gregorian calendar (the algorithm of Meeus, Jones and Butcher)."""
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    leap = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 19 * leap) // 433
    month = (h + leap - 7 * m + 90) // 25
    return date(year, month, (h + leap - 7 * m + 33 * month + 19) % 32)


def _saturday_from(day: date) -> date:
    return day + timedelta(days=(5 - day.weekday()) % 7)


def is_working_day(day: date) -> bool:
    """Tell whether a day is Monday to Friday and no holiday; lagen (1930:173) 2 § names the same.

    Saturdays are no working days here: lagen (1930:173) puts them beside Sundays (R74; from memory,
    not verified).
    """
    return day_code(day) not in ("sat", _SUNDAY)


def working_day_from(day: date) -> date:
    """Give the day, or the first working day after it where it is none (R74)."""
    while not is_working_day(day):
        day += timedelta(days=1)
    return day


def working_days_after(day: date, count: int) -> date:
    """Give the working day that comes as number ``count`` after a day; the day itself for 0."""
    for _ in range(count):
        day = working_day_from(day + timedelta(days=1))
    return day
