"""Index entries of what has an order: dates, numbers and quantities, all of them ranges.

A quantity in a UCUM unit has a second range in base units, under the parameter's name and
`CANONICAL`, so that it is found in whatever unit is asked for.

Source: https://hl7.org/fhir/R4/search.html#date, #number, #quantity
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from fhir_server.fhir import units
from fhir_server.search import ranges
from fhir_server.search.collecting import Collector, Emit, Found, Value
from fhir_server.search.ranges import EARLIEST, LATEST, Ends, decimal

# Ends the name under which a quantity stands in base units.
CANONICAL = ":ucum"

# What is worth remembering.
_SHORT = 200


def _moment(name: str, value: Value, into: Collector) -> None:
    found = _date(value, into.zone)
    if found:
        into.range(name, found)


def _period(name: str, value: Value, into: Collector) -> None:
    found = _period_range(value, into.zone)
    if found:
        into.range(name, found)


def _timing(name: str, value: Value, into: Collector) -> None:
    """Index the outer limits of a Timing, which is all that R4 asks search to look at."""
    if not isinstance(value, dict):
        return
    events = value.get("event")
    found = [_date(event, into.zone) for event in events] if isinstance(events, list) else []
    repeat = value.get("repeat")
    if isinstance(repeat, dict):
        found.append(_period_range(repeat.get("boundsPeriod"), into.zone))
    known = [each for each in found if each]
    if known:
        outer = min(low for low, _ in known), max(high for _, high in known)
        into.range(name, outer)


def _date(value: Value, zone: ZoneInfo) -> ranges.Range | None:
    if not isinstance(value, str):
        return None
    try:
        return ranges.date_range(value, zone)
    except ValueError:
        return None


def _period_range(value: Value, zone: ZoneInfo) -> ranges.Range | None:
    if not isinstance(value, dict):
        return None
    start, end = value.get("start"), value.get("end")
    first, last = start if isinstance(start, str) else "", end if isinstance(end, str) else ""
    return (_between if len(first) + len(last) <= _SHORT else _long_between)(first, last, zone)


def _long_between(first: str, last: str, zone: ZoneInfo) -> ranges.Range | None:
    start, end = _date(first, zone), _date(last, zone)
    if start is None and end is None:
        return None
    low, high = start[0] if start else EARLIEST, end[1] if end else LATEST
    return (low, high) if low < high else (high, low)


# The activities of a plan have few different periods.
_between = lru_cache(maxsize=1024)(_long_between)


def _number(name: str, value: Value, into: Collector) -> None:
    found = decimal(value)
    if found is not None:
        into.range(name, ranges.point(found).spelled())


def _number_range(name: str, value: Value, into: Collector) -> None:
    ends = _ends(value)
    if ends:
        into.range(name, ends.spelled())


def _quantity(name: str, value: Value, into: Collector) -> None:
    found = decimal(value.get("value")) if isinstance(value, dict) else None
    if found is not None:
        comparator = value.get("comparator")
        unit = _unit_of(value)
        spell = _quantity_entries if sum(map(len, unit)) <= _SHORT else _long_quantity_entries
        compared = comparator if isinstance(comparator, str) and len(comparator) <= 2 else ""
        _take(name, spell(found, compared, *unit), into)


def _money(name: str, value: Value, into: Collector) -> None:
    if isinstance(value, dict):
        as_quantity = {
            "value": value.get("value"),
            "system": "urn:iso:std:iso:4217",
            "code": value.get("currency"),
        }
        _quantity(name, as_quantity, into)


def _range(name: str, value: Value, into: Collector) -> None:
    ends = _ends(value)
    if ends:
        given = [end for end in (value.get("low"), value.get("high")) if isinstance(end, dict)]
        _measured(name, ends, given[0], into)


def _sampled_data(name: str, value: Value, into: Collector) -> None:
    """Index the least and the greatest sample, in the unit of the origin."""
    if not isinstance(value, dict) or not isinstance(value.get("origin"), dict):
        return
    origin, factor = decimal(value["origin"].get("value")), decimal(value.get("factor", 1))
    samples = [_sample(text) for text in str(value.get("data", "")).split()]
    known = [sample for sample in samples if sample is not None]
    if origin is None or factor is None or not known:
        return
    low, high = sorted(origin + factor * end for end in (min(known), max(known)))
    _measured(name, Ends(low, high), value["origin"], into)


def _sample(text: str) -> Decimal | None:
    try:
        return ranges.number(text)
    except ValueError:
        return None  # E, L and U stand for errors and values outside the limits


def _ends(value: Value) -> Ends | None:
    if not isinstance(value, dict):
        return None
    ends = [end if isinstance(end, dict) else {} for end in (value.get("low"), value.get("high"))]
    low, high = decimal(ends[0].get("value")), decimal(ends[1].get("value"))
    return None if low is None and high is None else Ends(low, high)


def _compared(value: Decimal, comparator: Value) -> Ends:
    match comparator:
        case "<":
            return Ends(None, value, high_included=False)
        case "<=":
            return Ends(None, value)
        case ">":
            return Ends(value, None, low_excluded=True)
        case ">=":
            return Ends(value, None)
        case _:
            return ranges.point(value)


def _measured(name: str, ends: Ends, quantity: Value, into: Collector) -> None:
    """Index a range as it was given, and in base units where its unit is known."""
    _take(name, _measure_entries(ends, *_unit_of(quantity)), into)


def _unit_of(quantity: Value) -> tuple[str, str, str]:
    return (
        str(quantity.get("system") or ""),
        str(quantity.get("code") or ""),
        str(quantity.get("unit") or ""),
    )


def _take(name: str, entries: tuple[Found, Found | None], into: Collector) -> None:
    given, scaled = entries
    into.range(name, given)
    if scaled:
        into.range(name + CANONICAL, scaled)


def _long_quantity_entries(
    value: Decimal, comparator: str, system: str, code: str, unit: str
) -> tuple[Found, Found | None]:
    return _measure_entries(_compared(value, comparator), system, code, unit)


# A quantity is indexed by four parameters of an Observation, alone and beside its code.
_quantity_entries = lru_cache(maxsize=1024)(_long_quantity_entries)


def _measure_entries(ends: Ends, system: str, code: str, unit: str) -> tuple[Found, Found | None]:
    """Spell a range as it was given, and in base units where its unit is known."""
    given = (*ends.spelled(), f"{system}|{code}", code, unit)
    scale = units.scale(code) if system == units.UCUM else None
    scaled = ends.scaled(scale) if scale else None
    if not scale or not scaled:
        return given, None
    return given, (*scaled.spelled(), f"{units.UCUM}|{scale.unit}", scale.unit, "")


EMITTERS: Mapping[str, Mapping[str, Emit]] = {
    "date": {
        **dict.fromkeys(("date", "dateTime", "instant"), _moment),
        "Period": _period,
        "Timing": _timing,
    },
    "number": {
        **dict.fromkeys(("decimal", "integer", "positiveInt", "unsignedInt"), _number),
        "Range": _number_range,
    },
    "quantity": {
        **dict.fromkeys(("Quantity", "Age", "Duration", "Count", "Distance"), _quantity),
        "Money": _money,
        "Range": _range,
        "SampledData": _sampled_data,
    },
}
