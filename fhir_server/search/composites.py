"""Index entries of composite parameters: which values stand together.

Each value of a composite is indexed part by part with the functions of the parts' own types, and
the parts are joined:

    Observation.code-value-concept;http://loinc.org|x$;urn:s|y    two parts without an order
    Observation.code-value-quantity=x@p50000…                     one that has: its start; % in
                                                                  place of @ for what is not short

and for exactness the ranges, each with its token, in the ranges of the parameter.

Source: https://hl7.org/fhir/R4/search.html#composite
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product

from fhir_server.search import ranges, tokens
from fhir_server.search.collecting import Collector, Emit, Found, Value
from fhir_server.search.parameters import RANGED, Parameter
from fhir_server.search.paths import Field, follow
from fhir_server.search.range_values import CANONICAL
from fhir_server.search.syntax import escape
from fhir_server.search.values import emitter

JOINT = "$"
LONG_START = "%"

_NO_UNIT = ("", "", "")
_NO_RANGE = ("", "")


def composite_emitter(parameter: Parameter) -> Emit:
    """Give the function that indexes the values of a composite."""
    token_part, *others = parameter.parts
    ordered = others[-1].kind in RANGED
    needed = [names for names in map(_begins_at, others) if names is not None]

    def emit(name: str, value: Value, into: Collector) -> None:
        # Most values lack a part: an Observation has one kind of value[x], and composites of all.
        if type(value) is dict and any(names.isdisjoint(value) for names in needed):
            return
        # The last part first: it is the one that is most often absent.
        found = [_collected(part, value, into) for part in reversed(others)][::-1]
        if ordered:
            if all(part.ranges for part in found):
                _add_ordered(name, _collected(token_part, value, into), found, into)
        elif any(part.tokens or part.texts for part in found):
            parts = (_collected(token_part, value, into), *found)
            into.add(*(name + join(a, b) for a, b in product(*map(_halves, parts))))

    return emit


def _begins_at(part: Parameter) -> frozenset[str] | None:
    """Give the elements one of which a value must have to have a part; None where that differs."""
    first = [location.steps[0] if location.steps else None for location in part.locations]
    names = frozenset(step.name for step in first if isinstance(step, Field))
    return names if all(isinstance(step, Field) for step in first) else None


def _add_ordered(name: str, token_part: Collector, found: list[Collector], into: Collector) -> None:
    for suffix in ("", CANONICAL):
        for combined in product(*(part.ranges.get(suffix, ()) for part in found)):
            _add_pairs(f"{name}{suffix}", token_part.codes or (), combined, into)


def join(first: str, second: str) -> str:
    """Spell two halves as one token; a ``$`` in the first can't be taken for the joint."""
    return f"{escape(first)}{JOINT}{second}"


def _collected(part: Parameter, value: Value, into: Collector) -> Collector:
    own = into.inner()
    for location in part.locations:
        emit = emitter(part.kind, location.type)
        for found in follow(location.steps, value, into.resource):
            if emit is not None:
                emit("", found, own)
    return own


def _halves(part: Collector) -> Iterator[str]:
    """Give the spellings of a part that can be asked for by themselves."""
    for spellings in part.codes or ():
        yield from (each for each in spellings if each)
    for token in part.tokens:
        if token.startswith(tokens.REFERENCE):
            yield token
    for text in part.texts.get("", ()):
        yield f"{tokens.TEXT}{text}"


def _add_pairs(
    name: str, codes: Iterable[tuple[str, str]], combined: tuple[Found, ...], into: Collector
) -> None:
    first, *others = combined
    low, high = first[:2]
    kind: ranges.Kind = "date" if low[:1].isdigit() else "number"
    start = tokens.START if ranges.span(kind, low, high) == "" else LONG_START
    unit = first[2:5] if len(first) >= 5 else _NO_UNIT
    second = others[0][:2] if others else _NO_RANGE
    for plain, coded in codes:
        into.pairs.setdefault(name, set()).add((low, high, *unit, *second, plain, coded))
        into.add(*(f"{name}{spelled}{start}{low}" for spelled in (plain, coded) if spelled))
