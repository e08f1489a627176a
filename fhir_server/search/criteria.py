"""One value of one search parameter, made a criterion; one function for each parameter type.

Source: https://hl7.org/fhir/R4/search.html#ptypes, #modifiers, #prefix
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import get_args
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from fhir_server.fhir.dates import interval, micros
from fhir_server.fhir.outcome import FhirError, Issue
from fhir_server.fhir.reference import local, normal, type_named
from fhir_server.search import ranges, tokens
from fhir_server.search.parameters import ORDERED, Parameter, present_range
from fhir_server.search.query import (
    Comparator,
    Criterion,
    HasId,
    HasKey,
    HasToken,
    InRange,
    Not,
    Or,
    TextContains,
    TextStart,
    TokenRange,
    Unit,
    Updated,
    either,
)
from fhir_server.search.syntax import split, unescape

COMPARATORS: tuple[str, ...] = get_args(Comparator)
NOTHING = Or(())

# For what R4 lets be compared; the modifiers besides are ``missing`` and, of a reference, a type.
MODIFIERS: Mapping[str, tuple[str, ...]] = {
    "token": ("not", "of-type"),
    "reference": ("identifier",),
    "string": ("exact", "contains"),
    "uri": ("below", "above"),
}

_COMPARED = re.compile(r"(?P<comparator>[a-z]{2})?(?P<value>.*)", re.DOTALL)
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_END_OF_TEXT = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class Asked:
    """What stands in a URL about one parameter: ``CareTeam?category:not=a,b``.

    Args:
        parameter: which.
        modifier: after the colon; empty for none.
        resource_type: the type that is searched.
        zone: what dates without a zone are local to.
        base_url: the server's own address.
    """

    parameter: Parameter
    modifier: str
    resource_type: str
    zone: ZoneInfo
    base_url: str

    @property
    def label(self) -> str:
        """The parameter as the client wrote it."""
        return f"{self.parameter.code}:{self.modifier}" if self.modifier else self.parameter.code

    def refused(self, text: str, code: str = "value") -> FhirError:
        """Make the error for a value; the text must not repeat it, as it may be personal."""
        return FhirError(
            Issue("error", code, f"Search parameter '{self.label}': {text}"), status=400
        )


def criterion(asked: Asked, values: str) -> Criterion:
    """Read a parameter's value, which may be a list of alternatives.

    Raises:
        FhirError: 400 for a modifier, prefix or value that can't be used; it says what can.
    """
    if not values:
        raise asked.refused("it has no value. Give one, or leave the parameter out.")
    if asked.modifier == "missing":
        return _missing(asked, values)
    _require_modifier(asked)
    read = _READERS[asked.parameter.type]
    found = either(*(read(asked, value) for value in split(values, ",")))
    return Not(found) if asked.modifier == "not" else found


def modifiers(parameter: Parameter) -> tuple[str, ...]:
    """Give the modifiers that a parameter takes."""
    if parameter.code == "_lastUpdated":
        return ()
    if parameter.code == "_id":
        return ("not",)
    own = MODIFIERS.get(parameter.type, ())
    if parameter.type == "token" and "Identifier" not in parameter.value_types:
        own = ("not",)
    if parameter.type == "reference":
        own = (*(own if "Reference" in parameter.value_types else ()), *parameter.targets)
    return ("missing", *own)


def _require_modifier(asked: Asked) -> None:
    allowed = modifiers(asked.parameter)
    if asked.modifier and asked.modifier not in allowed:
        named = ", ".join(f":{name}" for name in allowed) or "none"
        raise asked.refused(f"the modifier is not supported here. Valid: {named}.", "not-supported")


def _missing(asked: Asked, value: str) -> Criterion:
    _require_modifier(asked)
    if value not in ("true", "false"):
        raise asked.refused("the value of :missing must be true or false.")
    parameter = asked.parameter
    if parameter.type in ORDERED:
        found: Criterion = HasKey(parameter.name)
    else:
        found = TokenRange(*present_range(parameter.name))
    return Not(found) if value == "true" else found


def _token(asked: Asked, text: str) -> Criterion:
    parts = [unescape(part) for part in split(text, "|")]
    if asked.parameter.code == "_id":
        return _id(asked, text)
    if asked.modifier == "of-type":
        return _of_type(asked, parts)
    if len(parts) > 2:
        raise asked.refused("a token has the form code, system|code, |code or system|.")
    if not any(parts):
        raise asked.refused("it asks for neither a system nor a code.")
    return _system_and_code(asked, asked.parameter.name, parts)


def _system_and_code(asked: Asked, name: str, parts: list[str]) -> Criterion:
    *system, code = parts
    if not system:
        return either(*(HasToken(f"{name}={each}") for each in _spellings(asked, code)))
    if asked.parameter.systems is not None and name == asked.parameter.name:
        return _plain_code(asked, system[0], code)
    start = f"{name};{tokens.bounded(system[0])}|"
    if not code:
        return TokenRange(start, start + _END_OF_TEXT)
    return either(*(HasToken(f"{start}{each}") for each in _spellings(asked, code)))


def _plain_code(asked: Asked, system: str, code: str) -> Criterion:
    """Answer system|code about an element that only has a code: its binding gives the system."""
    name, systems = asked.parameter.name, asked.parameter.systems or frozenset()
    if system and system not in systems:
        return NOTHING
    return HasToken(f"{name}={tokens.code(code)}") if code else TokenRange(*present_range(name))


def _spellings(asked: Asked, code: str) -> tuple[str, ...]:
    if "ContactPoint" in asked.parameter.value_types:
        return tokens.code(code), tokens.bounded(tokens.telephone(code))
    return (tokens.code(code),)


def _of_type(asked: Asked, parts: list[str]) -> Criterion:
    if len(parts) != 3 or not all(parts):
        raise asked.refused("the value of :of-type has the form system|code|value.")
    system, code, value = parts
    name = f"{asked.parameter.name}{tokens.OF_TYPE}"
    return HasToken(f"{name}{tokens.coded(system, code)}|{tokens.code(value)}")


def _id(asked: Asked, text: str) -> Criterion:
    id_ = unescape(text)
    return HasId((f"{asked.resource_type}/{id_}",)) if _ID.fullmatch(id_) else NOTHING


def _reference(asked: Asked, text: str) -> Criterion:
    value, name = unescape(text), asked.parameter.name
    if asked.modifier == "identifier":
        parts = [unescape(part) for part in split(text, "|")]
        if len(parts) > 2 or not any(parts):
            raise asked.refused("the value of :identifier has the form value or system|value.")
        return _system_and_code(asked, f"{name}{tokens.IDENTIFIER}", parts)
    target = local(value, asked.base_url)
    if asked.modifier:
        if target and target.resource_type != asked.modifier:
            raise asked.refused(f"the reference is not to a {asked.modifier}.")
        return _to(asked, f"{asked.modifier}/{value}" if _ID.fullmatch(value) else value)
    if _ID.fullmatch(value) and not target:
        return either(*(_to(asked, f"{type_}/{value}") for type_ in asked.parameter.targets))
    return _to(asked, value)


def _to(asked: Asked, reference: str) -> Criterion:
    normalised = normal(reference, asked.base_url)
    is_reference = bool(type_named(normalised)) or ":" in normalised
    if not is_reference:
        raise asked.refused("a reference has the form id, Type/id or an absolute URL.")
    return HasToken(f"{asked.parameter.name}>{tokens.bounded(normalised)}")


def _uri(asked: Asked, text: str) -> Criterion:
    value, name = unescape(text), asked.parameter.name
    exact = HasToken(f"{name}={tokens.bounded(value)}")
    if not asked.modifier:
        return exact
    if not urlsplit(value).netloc or len(value) > tokens.LONGEST:
        raise asked.refused("it needs a URL with a host: only those have a hierarchy.")
    if asked.modifier == "below":
        below = f"{name}={value.rstrip('/')}/"
        return either(exact, TokenRange(below, below + _END_OF_TEXT))
    return either(*(HasToken(f"{name}={each}") for each in _above(value)))


def _above(url: str) -> list[str]:
    found = [url]
    while urlsplit(url).path.strip("/"):
        stem = url.rstrip("/").rpartition("/")[0]
        found += [f"{stem}/", stem]
        url = stem
    return found


def _string(asked: Asked, text: str) -> Criterion:
    value, name = unescape(text), asked.parameter.name
    folded = tokens.fold(value)
    if asked.modifier == "exact" or (not folded and not asked.modifier):
        return TextStart(name, tokens.text_entry(value), whole=True)
    if len(folded) > tokens.LONGEST:
        raise asked.refused(f"at most {tokens.LONGEST} characters can be compared; use :exact.")
    if asked.modifier == "contains":
        if not folded:
            raise asked.refused("it needs a letter or a digit to look for.")
        return TextContains(name, folded)
    return TextStart(name, folded)


def _date(asked: Asked, text: str) -> Criterion:
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


def _number(asked: Asked, text: str) -> Criterion:
    comparator, value = _compared(asked, unescape(text))
    return InRange(asked.parameter.name, comparator, *_number_range(asked, comparator, value))


def _quantity(asked: Asked, text: str) -> Criterion:
    parts = [unescape(part) for part in split(text, "|")]
    if len(parts) not in (1, 3):
        raise asked.refused("a quantity has the form number or number|system|code.")
    comparator, value = _compared(asked, parts[0])
    unit = Unit(parts[1] or None, parts[2]) if len(parts) == 3 and any(parts[1:]) else None
    found = _number_range(asked, comparator, value)
    return InRange(asked.parameter.name, comparator, *found, unit)


def _number_range(asked: Asked, comparator: Comparator, text: str) -> ranges.Range:
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


_READERS: Mapping[str, Callable[[Asked, str], Criterion]] = {
    "token": _token,
    "reference": _reference,
    "string": _string,
    "uri": _uri,
    "date": _date,
    "number": _number,
    "quantity": _quantity,
}
