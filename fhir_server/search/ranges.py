"""Dates and numbers as ranges whose ends are texts that sort as the values do.

A range reaches from its first text up to, but not including, its second. Dates are moments in
UTC: ``2026-05-01`` in Stockholm is ``2026-04-30T22:00:00.000000`` to a day later. A number is a
point: its range ends right after it.

Source: https://hl7.org/fhir/R4/search.html#prefix
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal
from functools import lru_cache
from typing import Any, Literal
from zoneinfo import ZoneInfo

from fhir_server.fhir import json
from fhir_server.fhir.dates import interval
from fhir_server.fhir.units import Scale

Range = tuple[str, str]
Kind = Literal["date", "number"]

EARLIEST, LATEST = "0001-01-01T00:00:00.000000", "9999-12-31T23:59:59.999999"
LEAST, GREATEST = "m", "q"  # below every negative number, above every positive one

# Sorts before every character of a number's text, so a longer text never comes in between.
AFTER = "!"

# Classes of ranges by length, each with a sort key of its own. A search for what overlaps a day
# then looks at ranges of a class only as far before that day as the class is long. The first,
# which has no name, covers dates and the longest day of the year.
SPANS = (("", timedelta(hours=25)), ("month", timedelta(days=32)), ("year", timedelta(days=400)))
LONG = "long"

_NUMBER = re.compile(r"[+-]?[0-9]{1,60}(?:\.[0-9]{1,60})?(?:[eE][+-]?[0-9]{1,4})?")
_SHORT = 40
_EXACT = Context(prec=5000)
_NO_NUMBERS = (bool, str, dict, list)
_COMPLEMENT = str.maketrans("0123456789", "9876543210")


def date_range(text: str, zone: ZoneInfo) -> Range:
    """Give the range of a date, dateTime or instant.

    Raises:
        ValueError: the text is none.
    """
    return _date_range(text, zone) if len(text) <= _SHORT else _long_date_range(text, zone)


def _long_date_range(text: str, zone: ZoneInfo) -> Range:
    start, end = interval(text, zone)
    return moment(start), moment(end)


# The dates of a bundle repeat; a range is two short texts, so this holds a few MB at most.
_date_range = lru_cache(maxsize=2048)(_long_date_range)


def moment(at: datetime) -> str:
    """Spell a moment so that later ones sort later."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")


def shifted(text: str, by: timedelta) -> str:
    """Give the moment some time from another; the ends of time where there is none."""
    try:
        return (datetime.fromisoformat(text) + by).isoformat(timespec="microseconds")
    except OverflowError:
        return LATEST if by > timedelta(0) else EARLIEST


def approximate_date(low: str, high: str, now: datetime) -> Range:
    """Widen a range by a tenth of its distance from now, as R4 recommends for ``ap``."""
    gap = abs(now.astimezone(UTC).replace(tzinfo=None) - datetime.fromisoformat(low)) / 10
    return shifted(low, -gap), shifted(high, gap)


@lru_cache(maxsize=1024)
def span(kind: Kind, low: str, high: str) -> str:
    """Name the class of ranges that one belongs to; empty for the short ones."""
    if kind == "number":
        return "" if high.rstrip(AFTER) == low else LONG
    length = datetime.fromisoformat(high) - datetime.fromisoformat(low)
    return next((name for name, longest in SPANS if length <= longest), LONG)


def number(text: str) -> Decimal:
    """Read a number from a search value.

    Raises:
        ValueError: the text is no number.
    """
    if not _NUMBER.fullmatch(text):
        raise ValueError("not a number")
    return Decimal(text)


def decimal(value: Any) -> Decimal | None:
    """Give a number of a resource exactly; None for what is no number."""
    if value is None or type(value) in _NO_NUMBERS:
        return None
    return Decimal(repr(value)) if isinstance(value, float) else json.decimal(value)


@dataclass(frozen=True, slots=True)
class Ends:
    """A range of numbers.

    Args:
        low: where it starts; None for no start.
        high: where it ends; None for no end.
        low_excluded: it starts right after ``low``.
        high_included: ``high`` still belongs to it.
    """

    low: Decimal | None
    high: Decimal | None
    low_excluded: bool = False
    high_included: bool = True

    def spelled(self) -> Range:
        """Spell it as two texts."""
        low = LEAST if self.low is None else spell(self.low) + AFTER * self.low_excluded
        high = GREATEST if self.high is None else spell(self.high) + AFTER * self.high_included
        return low, high

    def scaled(self, scale: Scale) -> Ends | None:
        """Give it in base units; None where an end is beyond what can be scaled."""
        ends = [None if end is None else scale.convert(end) for end in (self.low, self.high)]
        if [end is None for end in ends] != [end is None for end in (self.low, self.high)]:
            return None
        return replace(self, low=ends[0], high=ends[1])


def point(value: Decimal) -> Ends:
    """Give the range of an exact number."""
    return Ends(value, value)


def implied(value: Decimal) -> Ends:
    """Give the range of numbers that round to one as it was written: 100 is 99.5 up to 100.5.

    For ``1e2`` R4 gives 95 up to 105, a tenth of what rounding would give; so does this.
    """
    exponent = int(value.as_tuple().exponent)
    half = Decimal(5).scaleb(exponent - (2 if exponent > 0 else 1), _EXACT)
    low, high = _EXACT.subtract(value, half), _EXACT.add(value, half)
    return Ends(low, high, high_included=False)


def approximate_number(value: Decimal) -> Ends:
    """Give the range of a tenth of a number around it."""
    tenth = _EXACT.divide(abs(value), Decimal(10)) if value else Decimal(0)
    around = implied(value)
    low, high = _EXACT.subtract(value, tenth), _EXACT.add(value, tenth)
    if around.low is not None and around.low < low:
        return around
    return Ends(low, high)


@lru_cache(maxsize=1024)
def spell(value: Decimal) -> str:
    """Spell a number exactly and so that greater ones sort later."""
    if not value.is_finite() or abs(value.adjusted()) > 40_000:
        return GREATEST if value > 0 else LEAST
    if value == 0:
        return "o"
    digits = "".join(map(str, value.as_tuple().digits)).rstrip("0")
    spelled = f"{value.adjusted() + 50_000:05d}{digits}"
    if value > 0:
        return f"p{spelled}"
    return f"n{spelled.translate(_COMPLEMENT)}~"
