"""UCUM units reduced to base units, so that 5 mg and 0.005 g are the same quantity.

The definitions are those of UCUM's own table (ucum-essence.xml, which ucumvert brings along with
the grammar of unit codes), read as exact fractions: no binary floating point anywhere. They are
loaded when the first unit is met, in a fifth of a second.

Source: https://ucum.org/ucum
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction
from functools import cache, lru_cache
from importlib import resources
from typing import Any

UCUM = "http://unitsofmeasure.org"

# Far beyond any measurement; what is beyond these is compared only as it was given.
_LONGEST_CODE, _GREATEST_EXPONENT, _MOST_DIGITS, _GREATEST_MAGNITUDE = 64, 60, 400, 400

_ANNOTATION = re.compile(r"\{[^{}]*\}")

# Enough to tell all measurements apart; sixtieths and thirds have no end as decimals.
_ROUNDED = Context(prec=40)

_TEMPERATURES = {
    # K = value × factor + offset; in UCUM these are functions, not factors
    "Cel": (Fraction(1), Fraction("273.15")),
    "[degF]": (Fraction(5, 9), Fraction("459.67") * Fraction(5, 9)),
    "[degRe]": (Fraction(5, 4), Fraction("273.15")),
}


@dataclass(frozen=True, slots=True)
class Scale:
    """How a unit relates to base units.

    Args:
        code: the UCUM code.
        unit: the product of base units, e.g. ``g.m-3``; ``1`` where there is none.
        factor: what a value in the unit is multiplied with.
        offset: what is added then (temperatures only).
    """

    code: str
    unit: str
    factor: Fraction
    offset: Fraction = Fraction(0)

    def convert(self, value: Decimal) -> Decimal | None:
        """Give a value in base units, rounded to 40 digits; None for one beyond all measure."""
        digits = len(value.as_tuple().digits)
        if digits > _MOST_DIGITS or abs(value.adjusted()) > _GREATEST_MAGNITUDE:
            return None
        return _converted(self.code, value)


# The same measurements come again and again, and fractions are slow.
@lru_cache(maxsize=1024)
def _converted(code: str, value: Decimal) -> Decimal | None:
    known = scale(code)
    if known is None:
        return None
    exact = Fraction(value) * known.factor + known.offset
    return _ROUNDED.divide(Decimal(exact.numerator), Decimal(exact.denominator))


@dataclass(frozen=True, slots=True)
class _Term:
    """A factor and the base units it multiplies, with their exponents."""

    factor: Fraction
    units: tuple[tuple[str, int], ...] = ()

    def times(self, other: _Term, exponent: int = 1) -> _Term:
        units = Counter(dict(self.units))
        for name, power in other.units:
            units[name] += power * exponent
        kept = tuple(sorted((name, power) for name, power in units.items() if power))
        return _Term(self.factor * other.factor**exponent, kept)


class _Unknown(Exception):
    """The code is no UCUM code, or one that has no factor (pH, dB)."""


@lru_cache(maxsize=4096)
def scale(code: str) -> Scale | None:
    """Relate a UCUM code to base units.

    Returns:
        None for what can't be related: no UCUM code, an annotation alone (``{score}``), a
        logarithmic unit (``[pH]``, ``dB``).
    """
    if not code or len(code) > _LONGEST_CODE or _ANNOTATION.fullmatch(code):
        return None
    if code in _TEMPERATURES:
        factor, offset = _TEMPERATURES[code]
        return Scale(code, "K", factor, offset)
    try:
        term = _term(_parsed(code))
    except (_Unknown, ZeroDivisionError):
        return None
    spelled = ".".join(name if power == 1 else f"{name}{power}" for name, power in term.units)
    return Scale(code, spelled or "1", term.factor)


@lru_cache(maxsize=4096)
def is_unit(code: str) -> bool:
    """Tell whether a text is a UCUM code, whether or not it can be related to base units."""
    if not code or len(code) > _LONGEST_CODE:
        return False
    try:
        _parsed(code)
    except _Unknown:
        return False
    return True


def _parsed(code: str) -> Any:
    from lark.exceptions import LarkError

    parse, parser = _grammar()
    try:
        return parse(code, parser)
    except LarkError:
        raise _Unknown(code) from None


@cache
def _grammar() -> tuple[Callable[..., Any], Any]:
    # Imported late: ucumvert brings pint, and a server without quantities needs neither.
    from ucumvert.parser import get_ucum_parser, parse_ucum

    return parse_ucum, get_ucum_parser()


def _term(node: Any) -> _Term:
    kind = getattr(node, "type", None)
    if kind == "ANNOTATION":
        return _Term(Fraction(1))
    parts = node.children
    match str(node.data):
        case "simple_unit":
            return _simple(parts)
        case "annotatable" if len(parts) == 2:
            return _power(_term(parts[0]), int(parts[1]))
        case "term" if len(parts) == 3:
            return _term(parts[0]).times(_term(parts[2]), -1 if parts[1] == "/" else 1)
        case "main_term" if len(parts) == 2:
            return _Term(Fraction(1)).times(_term(parts[1]), -1)
        case _:
            return _term(parts[0])  # parentheses, or a unit with an annotation


def _power(term: _Term, exponent: int) -> _Term:
    if abs(exponent) > _GREATEST_EXPONENT:
        raise _Unknown
    return _Term(Fraction(1)).times(term, exponent)


def _simple(parts: list[Any]) -> _Term:
    *prefix, atom = parts
    if atom.type == "FACTOR":
        return _Term(Fraction(str(atom)))
    own = _atom(str(atom))
    return own.times(_Term(_table().prefixes[str(prefix[0])])) if prefix else own


@cache
def _atom(code: str) -> _Term:
    table = _table()
    if code in table.bases:
        return _Term(Fraction(1), ((code, 1),))
    value, unit = table.units.get(code, ("", ""))
    if not unit:
        raise _Unknown(code)
    return _Term(Fraction(value)).times(_term(_parsed(unit)))


@dataclass(frozen=True, slots=True)
class _Table:
    prefixes: Mapping[str, Fraction]
    bases: frozenset[str]
    units: Mapping[str, tuple[str, str]]


@cache
def _table() -> _Table:
    from lxml import etree

    source = resources.files("ucumvert") / "vendor" / "ucum-essence.xml"
    root = etree.fromstring(source.read_bytes(), etree.XMLParser(resolve_entities=False))
    prefixes, bases, units = {}, set(), {}
    for element in root.iterchildren("{*}prefix", "{*}base-unit", "{*}unit"):
        code, kind = str(element.get("Code")), etree.QName(element).localname
        value = next(element.iterchildren("{*}value"), element)
        # An arbitrary unit is defined by a procedure, and convertible to no other.
        alone = element.get("isArbitrary") == "yes" and value.get("Unit") == "1"
        if kind == "base-unit" or alone:
            bases.add(code)
        elif kind == "prefix":
            prefixes[code] = Fraction(str(value.get("value")))
        elif element.get("isSpecial") != "yes":
            units[code] = (str(value.get("value")), str(value.get("Unit")))
    return _Table(prefixes, frozenset(bases), units)
