"""Checks of single values: fixed ones, patterns, limits of length and of size.

Source: https://hl7.org/fhir/R4/elementdefinition.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from fhir_server.fhir.dates import interval
from fhir_server.profiles.plans.matching import equals, fits, is_number, number, plain
from fhir_server.profiles.plans.run import Place, Run, Source, name_of

# Gets the value, what stands in its `_sibling`, its place and the run.
Check = Callable[[Any, Any, Place, Run], None]

_UTC = ZoneInfo("UTC")
_DATES = ("date", "dateTime", "instant")
_UNITS = {
    "s": timedelta(seconds=1),
    "min": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "wk": timedelta(weeks=1),
}
_MONTHS = {"mo": 1, "a": 12}


def fixed_check(source: Source, fixed: Any) -> Check:
    """Ask for exactly a value."""
    fixed = plain(fixed)

    def check(value: Any, _extension: Any, place: Place, run: Run) -> None:
        if not equals(value, fixed):
            text = f"{name_of(place)} must be exactly {_json(fixed)}."
            source.report(run, place, "fixed", text)

    return check


def pattern_check(source: Source, pattern: Any) -> Check:
    """Ask for at least the content of a pattern."""
    pattern = plain(pattern)

    def check(value: Any, _extension: Any, place: Place, run: Run) -> None:
        if not fits(value, pattern):
            text = f"{name_of(place)} must have at least the content {_json(pattern)}."
            source.report(run, place, "pattern", text)

    return check


def length_check(source: Source, most: int) -> Check:
    """Ask for a text of at most so many characters."""

    def check(value: Any, _extension: Any, place: Place, run: Run) -> None:
        if isinstance(value, str) and len(value) > most:
            text = f"{name_of(place)} may have at most {most} characters."
            source.report(run, place, "max-length", text)

    return check


def limit_check(source: Source, rule: str, limit: Any, type_code: str) -> Check:
    """Ask for a value that is not below, or not above, another.

    Args:
        rule: ``min-value`` or ``max-value``.
        limit: of the value's type; for a date also a Quantity, the time from now.
        type_code: the value's type.
    """
    limit = plain(limit)
    beyond = _beyond(limit, type_code, -1 if rule == "min-value" else 1)
    word = "least" if rule == "min-value" else "most"

    def check(value: Any, _extension: Any, place: Place, run: Run) -> None:
        verdict = False if value is None else beyond(value)
        if verdict:
            text = f"{name_of(place)} must be at {word} {_json(limit)}."
            source.report(run, place, rule, text)
        elif verdict is None:
            text = (
                f"Whether {name_of(place)} is at {word} {_json(limit)} can't be told: it has "
                "another unit."
            )
            source.unknown(run, place, rule, text)

    return check


def _beyond(limit: Any, type_code: str, sign: int) -> Callable[[Any], bool | None]:
    """Give what tells whether a value is beyond a limit; it answers None where it can't tell."""
    if type_code in _DATES:
        return lambda value: _date_beyond(value, limit, sign)
    if isinstance(limit, dict):
        return lambda value: _quantity_beyond(value, limit, sign)
    if is_number(limit):
        return lambda value: is_number(value) and _number_beyond(value, limit, sign)
    # Times have one form, in which the order of texts is that of the clock.
    return lambda value: isinstance(value, str) and (value < limit if sign < 0 else value > limit)


def _number_beyond(value: Any, limit: Any, sign: int) -> bool:
    return (number(value) - number(limit)) * sign > 0


def _quantity_beyond(value: Any, limit: Mapping[str, Any], sign: int) -> bool | None:
    if not isinstance(value, dict) or not is_number(value.get("value")):
        return False
    if _unit(value) != _unit(limit) or not is_number(limit.get("value")):
        return None
    return _number_beyond(value["value"], limit["value"], sign)


def _unit(quantity: Mapping[str, Any]) -> tuple[Any, Any]:
    if "code" in quantity:
        return quantity.get("system"), quantity["code"]
    return None, quantity.get("unit")


def _date_beyond(value: Any, limit: Any, sign: int) -> bool | None:
    """Compare stretches of time: what overlaps the limit is not beyond it."""
    try:
        start, end = interval(value, _UTC)
        first, after = _from_now(limit) if isinstance(limit, dict) else interval(limit, _UTC)
    except (TypeError, ValueError, OverflowError):
        return False
    except KeyError:
        return None
    return end <= first if sign < 0 else start >= after


def _from_now(quantity: Mapping[str, Any]) -> tuple[datetime, datetime]:
    """Give the moment that lies a Quantity from now.

    Raises:
        KeyError: it has no value, or a unit that is no stretch of time.
    """
    now, count = datetime.now(UTC), number(quantity["value"])
    unit = quantity["code"]
    if unit in _MONTHS:
        months = now.year * 12 + now.month - 1 + int(count) * _MONTHS[unit]
        moment = now.replace(year=months // 12, month=months % 12 + 1, day=min(now.day, 28))
    else:
        moment = now + _UNITS[unit] * float(count)
    return moment, moment


def _json(value: Any) -> str:
    return orjson.dumps(value, default=str).decode()
