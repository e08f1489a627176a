"""Turns element values into index entries: one small function for each FHIR data type.

Source: the tables of https://hl7.org/fhir/R4/search.html#ptypes
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from fhir_server.fhir import json
from fhir_server.fhir.reference import local, normal, split_canonical
from fhir_server.search import ranges, tokens
from fhir_server.search.ranges import EARLIEST, GREATEST, LATEST, LEAST

Value = Any
# A range, for a quantity followed by system|code, code and unit.
Found = tuple[str, ...]

TELEPHONES = ("phone", "fax", "pager", "sms")
HUMAN_NAME = ("family", "given", "prefix", "suffix", "text")
ADDRESS = ("text", "line", "city", "district", "state", "postalCode", "country")


@dataclass(slots=True)
class Collector:
    """What one resource says, by parameter; tokens in a dict to be unique and keep their order."""

    resource: Value
    zone: ZoneInfo
    base_url: str
    tokens: dict[str, None] = field(default_factory=dict)
    texts: dict[str, set[str]] = field(default_factory=dict)
    ranges: dict[str, set[Found]] = field(default_factory=dict)

    def add(self, *found: str) -> None:
        """Take tokens."""
        for token in found:
            self.tokens[token] = None


Emit = Callable[[str, Value, Collector], None]  # (the parameter's token prefix, value, into)


def emitter(parameter_type: str, value_type: str) -> Emit | None:
    """Give the function that indexes a data type for a type of search parameter, None for none."""
    return _EMITTERS.get(parameter_type, {}).get(value_type)


def _code(name: str, value: Value, into: Collector) -> None:
    if isinstance(value, str):
        into.tokens[f"{name}={tokens.code(value)}"] = None


def _boolean(name: str, value: Value, into: Collector) -> None:
    if isinstance(value, bool):
        into.tokens[f"{name}={'true' if value else 'false'}"] = None


def _coding(name: str, value: Value, into: Collector) -> None:
    if isinstance(value, dict):
        _system_and_code(name, value.get("system"), value.get("code"), into)


def _system_and_code(name: str, system: Value, code: Value, into: Collector) -> None:
    known = system if isinstance(system, str) else ""
    if isinstance(code, str):
        folded = tokens.code(code)
        into.tokens[f"{name}={folded}"] = None
        into.tokens[f"{name};{tokens.bounded(known)}|{folded}"] = None
    elif known:
        into.tokens[f"{name};{tokens.bounded(known)}|"] = None
    else:
        into.tokens[f"{name}?"] = None


def _codeable_concept(name: str, value: Value, into: Collector) -> None:
    codings = _codings(value)
    for coding in codings:
        _system_and_code(name, coding.get("system"), coding.get("code"), into)
    if not codings:
        into.tokens[f"{name}?"] = None


def _codings(concept: Value) -> list[dict[str, Any]]:
    codings = concept.get("coding") if isinstance(concept, dict) else None
    return [c for c in codings if isinstance(c, dict)] if isinstance(codings, list) else []


def _identifier(name: str, value: Value, into: Collector) -> None:
    if not isinstance(value, dict):
        return
    number = value.get("value")
    _system_and_code(name, value.get("system"), number, into)
    if isinstance(number, str):
        for coding in _codings(value.get("type")):
            kind = tokens.coded(str(coding.get("system", "")), str(coding.get("code", "")))
            into.add(f"{name}{tokens.OF_TYPE}{kind}|{tokens.code(number)}")


def _contact_point(name: str, value: Value, into: Collector) -> None:
    if not isinstance(value, dict):
        return
    system, number = value.get("system"), value.get("value")
    _system_and_code(name, system, number, into)
    if system in TELEPHONES and isinstance(number, str):
        digits = tokens.telephone(number)
        into.add(f"{name}={tokens.bounded(digits)}", f"{name};{system}|{tokens.bounded(digits)}")


def _uri(name: str, value: Value, into: Collector) -> None:
    if isinstance(value, str):
        into.tokens[f"{name}={tokens.bounded(value)}"] = None


def _canonical_uri(name: str, value: Value, into: Collector) -> None:
    if isinstance(value, str):
        for spelled in _with_and_without_version(value):
            into.tokens[f"{name}={tokens.bounded(spelled)}"] = None


def _canonical_reference(name: str, value: Value, into: Collector) -> None:
    if isinstance(value, str) and not value.startswith("#"):
        for spelled in _with_and_without_version(normal(value, into.base_url)):
            into.tokens[f"{name}>{tokens.bounded(spelled)}"] = None


def _with_and_without_version(canonical: str) -> tuple[str, ...]:
    url, version = split_canonical(canonical)
    return (canonical, url) if version else (url,)


def _reference(name: str, value: Value, into: Collector) -> None:
    if not isinstance(value, dict):
        return
    reference, identifier = value.get("reference"), value.get("identifier")
    if isinstance(reference, str) and not reference.startswith("#"):
        into.tokens[f"{name}>{tokens.bounded(normal(reference, into.base_url))}"] = None
    elif not isinstance(identifier, dict):
        into.tokens[f"{name}?"] = None
    if isinstance(identifier, dict):
        system, number = identifier.get("system"), identifier.get("value")
        _system_and_code(f"{name}{tokens.IDENTIFIER}", system, number, into)


def _resource(name: str, value: Value, into: Collector) -> None:
    """Index a resource inside a Bundle as if it were referred to."""
    if isinstance(value, dict) and isinstance(value.get("id"), str):
        into.tokens[f"{name}>{value.get('resourceType')}/{value['id']}"] = None


def _string(name: str, value: Value, into: Collector) -> None:
    if isinstance(value, str):
        into.texts.setdefault(name, set()).add(tokens.text_entry(value))


def _parts(names: Iterable[str], name: str, value: Value, into: Collector) -> None:
    if isinstance(value, dict):
        for part in names:
            found = value.get(part)
            for text in found if isinstance(found, list) else (found,):
                _string(name, text, into)


def _moment(name: str, value: Value, into: Collector) -> None:
    found = _date(value, into.zone)
    if found:
        into.ranges.setdefault(name, set()).add(found)


def _period(name: str, value: Value, into: Collector) -> None:
    found = _period_range(value, into.zone)
    if found:
        into.ranges.setdefault(name, set()).add(found)


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
        into.ranges.setdefault(name, set()).add(outer)


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
    start, end = _date(value.get("start"), zone), _date(value.get("end"), zone)
    if start is None and end is None:
        return None
    low, high = start[0] if start else EARLIEST, end[1] if end else LATEST
    return (low, high) if low < high else (high, low)


def _number(name: str, value: Value, into: Collector) -> None:
    found = _decimal(value)
    if found is not None:
        into.ranges.setdefault(name, set()).add(ranges.point(found))


def _quantity(name: str, value: Value, into: Collector) -> None:
    found = _decimal(value.get("value")) if isinstance(value, dict) else None
    if found is not None:
        low, high = _compared(ranges.point(found), value.get("comparator"))
        into.ranges.setdefault(name, set()).add((low, high, *_unit(value)))


def _money(name: str, value: Value, into: Collector) -> None:
    if isinstance(value, dict):
        as_quantity = {
            "value": value.get("value"),
            "system": "urn:iso:std:iso:4217",
            "code": value.get("currency"),
        }
        _quantity(name, as_quantity, into)


def _range(name: str, value: Value, into: Collector, *, units: bool) -> None:
    if not isinstance(value, dict):
        return
    ends = [end if isinstance(end, dict) else {} for end in (value.get("low"), value.get("high"))]
    low, high = _decimal(ends[0].get("value")), _decimal(ends[1].get("value"))
    if low is None and high is None:
        return
    found = (
        ranges.point(low)[0] if low is not None else LEAST,
        ranges.point(high)[1] if high is not None else GREATEST,
    )
    unit = _unit(ends[0] or ends[1]) if units else ()
    into.ranges.setdefault(name, set()).add((*found, *unit))


def _sampled_data(name: str, value: Value, into: Collector) -> None:
    """Index the least and the greatest sample, in the unit of the origin."""
    if not isinstance(value, dict) or not isinstance(value.get("origin"), dict):
        return
    origin, factor = _decimal(value["origin"].get("value")), _decimal(value.get("factor", 1))
    samples = [_sample(text) for text in str(value.get("data", "")).split()]
    known = [sample for sample in samples if sample is not None]
    if origin is None or factor is None or not known:
        return
    found = sorted(ranges.spell(origin + factor * end) for end in (min(known), max(known)))
    entry = (found[0], found[1] + ranges.AFTER, *_unit(value["origin"]))
    into.ranges.setdefault(name, set()).add(entry)


def _sample(text: str) -> Decimal | None:
    try:
        return ranges.number(text)
    except ValueError:
        return None  # E, L and U stand for errors and values outside the limits


_NO_NUMBERS = (bool, str, dict, list)


def _decimal(value: Value) -> Decimal | None:
    if value is None or type(value) in _NO_NUMBERS:
        return None
    return Decimal(repr(value)) if isinstance(value, float) else json.decimal(value)


def _compared(found: ranges.Range, comparator: Value) -> ranges.Range:
    low, high = found
    match comparator:
        case "<":
            return LEAST, low
        case "<=":
            return LEAST, high
        case ">":
            return high, GREATEST
        case ">=":
            return low, GREATEST
        case _:
            return found


def _unit(quantity: Value) -> tuple[str, str, str]:
    system, code, unit = (str(quantity.get(key) or "") for key in ("system", "code", "unit"))
    return f"{system}|{code}", code, unit


_EMITTERS: dict[str, dict[str, Emit]] = {
    "token": {
        **dict.fromkeys(("code", "string", "id", "markdown"), _code),
        **dict.fromkeys(("uri", "url", "canonical", "oid", "uuid"), _code),
        "boolean": _boolean,
        "Coding": _coding,
        "CodeableConcept": _codeable_concept,
        "Identifier": _identifier,
        "ContactPoint": _contact_point,
    },
    "reference": {
        "Reference": _reference,
        "canonical": _canonical_reference,
        "uri": _canonical_reference,
        "Resource": _resource,
    },
    "uri": {
        **dict.fromkeys(("uri", "url", "oid", "uuid"), _uri),
        "canonical": _canonical_uri,
    },
    "string": {
        **dict.fromkeys(("string", "markdown", "code", "id"), _string),
        "HumanName": partial(_parts, HUMAN_NAME),
        "Address": partial(_parts, ADDRESS),
    },
    "date": {
        **dict.fromkeys(("date", "dateTime", "instant"), _moment),
        "Period": _period,
        "Timing": _timing,
    },
    "number": {
        **dict.fromkeys(("decimal", "integer", "positiveInt", "unsignedInt"), _number),
        "Range": partial(_range, units=False),
    },
    "quantity": {
        **dict.fromkeys(("Quantity", "Age", "Duration", "Count", "Distance"), _quantity),
        "Money": _money,
        "Range": partial(_range, units=True),
        "SampledData": _sampled_data,
    },
}


_NESTED = (dict, list)


def referred(value: Value, base_url: str) -> set[str]:
    """Give ``Type/id`` of every local resource that a value refers to, however deep."""
    found: set[str] = set()
    rest = [value]
    while rest:
        item = rest.pop()
        if type(item) is list:
            rest.extend([inner for inner in item if type(inner) in _NESTED])
            continue
        for key, inner in item.items():
            if type(inner) in _NESTED:
                rest.append(inner)
            elif key == "reference" and type(inner) is str:
                target = local(inner, base_url)
                if target:
                    found.add(str(target))
    return found
