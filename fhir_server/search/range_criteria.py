"""Values of date, number and quantity parameters, made criteria.

Source: https://hl7.org/fhir/R4/search.html#prefix, #date, #number, #quantity
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import get_args

from fhir_server.fhir import units
from fhir_server.fhir.dates import interval, micros
from fhir_server.search import ranges
from fhir_server.search.asked import Asked
from fhir_server.search.query import Comparator, Criterion, InRange, Unit, Updated
from fhir_server.search.range_values import CANONICAL
from fhir_server.search.ranges import Ends
from fhir_server.search.syntax import split, unescape

COMPARATORS: tuple[str, ...] = get_args(Comparator)

_COMPARED = re.compile(r"(?P<comparator>[a-z]{2})?(?P<value>.*)", re.DOTALL)


def date_criterion(asked: Asked, text: str) -> Criterion:
    """Read a date of any precision."""
    comparator, value = _compared(asked, unescape(text))
    try:
        start, end = interval(value, asked.zone)
    except ValueError:
        raise asked.refused(
            "the value must be a date such as 2026, 2026-03, 2026-03-02 or "
            f"2026-03-02T08:10:00+01:00, with one of {', '.join(COMPARATORS)} before it or none."
        ) from None
    low, high = ranges.moment(start), ranges.moment(end)
    if comparator == "ap":
        low, high = ranges.approximate_date(low, high, datetime.now(UTC))
    if asked.parameter.code == "_lastUpdated":
        ends = [datetime.fromisoformat(each).replace(tzinfo=UTC) for each in (low, high)]
        return Updated(comparator, micros(ends[0]), micros(ends[1]))
    return InRange(asked.parameter.name, comparator, low, high)


def number_criterion(asked: Asked, text: str) -> Criterion:
    """Read a number."""
    comparator, value = _compared(asked, unescape(text))
    ends = _ends(asked, comparator, value)
    return InRange(asked.parameter.name, comparator, *ends.spelled())


def quantity_criterion(asked: Asked, text: str) -> Criterion:
    """Read ``number``, ``number|system|code`` or ``number||code``."""
    parts = [unescape(part) for part in split(text, "|")]
    if len(parts) not in (1, 3):
        raise asked.refused("a quantity has the form number, number|system|code or number||code.")
    comparator, value = _compared(asked, parts[0])
    ends = _ends(asked, comparator, value)
    name = asked.parameter.name
    if len(parts) == 1 or not any(parts[1:]):
        return InRange(name, comparator, *ends.spelled())
    system, code = parts[1:]
    scale = units.scale(code) if system == units.UCUM else None
    scaled = ends.scaled(scale) if scale else None
    if scale and scaled:
        unit = Unit(units.UCUM, scale.unit)
        return InRange(name + CANONICAL, comparator, *scaled.spelled(), unit)
    return InRange(name, comparator, *ends.spelled(), Unit(system or None, code))


def _ends(asked: Asked, comparator: Comparator, text: str) -> Ends:
    try:
        value = ranges.number(text)
    except ValueError:
        raise asked.refused(
            "the value must be a number such as 5, 5.40 or 1e2, with one of "
            f"{', '.join(COMPARATORS)} before it or none."
        ) from None
    if comparator == "ap":
        return ranges.approximate_number(value)
    # R4: with eq and ne a number means what rounds to it, with the others exactly itself.
    return ranges.implied(value) if comparator in ("eq", "ne") else ranges.point(value)


def _compared(asked: Asked, text: str) -> tuple[Comparator, str]:
    match = _COMPARED.fullmatch(text)
    comparator = (match and match["comparator"]) or "eq"
    if comparator not in COMPARATORS or match is None:
        raise asked.refused(
            f"the prefix is unknown. Valid: {', '.join(COMPARATORS)}.", "not-supported"
        )
    return comparator, match["value"]  # type: ignore[return-value]
