"""Values of composite parameters, ``code$value``, made criteria.

Each part is read as its own type is, and the parts' criteria are joined to one about both.

Source: https://hl7.org/fhir/R4/search.html#composite
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from fhir_server.fhir.outcome import FhirError
from fhir_server.search import tokens
from fhir_server.search.asked import Asked
from fhir_server.search.composites import JOINT, join
from fhir_server.search.parameters import RANGED
from fhir_server.search.query import (
    Compared,
    Criterion,
    HasToken,
    InRange,
    Or,
    Paired,
    TextStart,
    TokenRange,
    either,
)
from fhir_server.search.range_values import CANONICAL
from fhir_server.search.syntax import split
from fhir_server.search.tokens import END_OF_TEXT

Readers = Mapping[str, Callable[[Asked, str], Criterion]]


def composite_criterion(asked: Asked, text: str, readers: Readers) -> Criterion:
    """Read the parts of a composite and join them.

    Args:
        asked: the composite.
        text: its value.
        readers: by kind of parameter, how a value is read.

    Raises:
        FhirError: 400 for a value that lacks a part, or a part that can't be used.
    """
    parts, given = asked.parameter.parts, split(text, JOINT)
    if len(given) != len(parts) or not all(given):
        form = JOINT.join(part.code for part in parts)
        raise asked.refused(f"the value has the form {form}.")
    found = []
    for part, value in zip(parts, given, strict=True):
        try:
            found.append(readers[part.kind](replace(asked, parameter=part, modifier=""), value))
        except FhirError as error:
            issue = error.issues[0]
            why = issue.text.rpartition("': ")[2]
            raise asked.refused(f"{part.code}: {why}", issue.code) from None
    if parts[-1].kind in RANGED:
        return either(*(_paired(asked, half, found[1:]) for half in _halves(asked, found[0])))
    return either(*(_joined(asked, half, found[1]) for half in _halves(asked, found[0])))


def _halves(asked: Asked, first: Criterion) -> list[str]:
    halves = []
    for each in first.parts if isinstance(first, Or) else (first,):
        if not isinstance(each, HasToken):
            raise asked.refused("the first part must name a code, not only a system.")
        halves.append(each.token)
    return halves


def _paired(asked: Asked, half: str, others: list[Criterion]) -> Criterion:
    compared, suffixes = [], set()
    for each in others:
        assert isinstance(each, InRange)  # noqa: S101 - what a range is read as
        compared.append(Compared(each.comparator, each.low, each.high, each.unit))
        suffixes.add(each.name)
    suffix = CANONICAL if CANONICAL in suffixes else ""
    return Paired(f"{asked.parameter.name}{suffix}", half, tuple(compared))


def _joined(asked: Asked, half: str, second: Criterion) -> Criterion:
    name = asked.parameter.name
    match second:
        case Or(parts):
            return either(*(_joined(asked, half, part) for part in parts))
        case HasToken(token):
            return HasToken(name + join(half, token))
        case TokenRange(low, high):
            return TokenRange(name + join(half, low), name + join(half, high))
        case TextStart(_, text, whole):
            start = name + join(half, f"{tokens.TEXT}{text}")
            return HasToken(start) if whole else TokenRange(start, start + END_OF_TEXT)
        case _:
            raise asked.refused("the second part can't be used here.", "not-supported")
