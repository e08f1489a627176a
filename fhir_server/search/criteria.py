"""The values of one search parameter, made a criterion.

Plain, chained, reverse chained and filtered searches all come here; one function for each kind of
parameter is in the modules beside.

Source: https://hl7.org/fhir/R4/search.html#ptypes, #modifiers
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fhir_server.search.asked import NOTHING, Asked
from fhir_server.search.composite_criteria import composite_criterion
from fhir_server.search.parameters import ORDERED, Parameter, present_range
from fhir_server.search.places import near_criterion
from fhir_server.search.query import Criterion, HasKey, Not, TokenRange, either
from fhir_server.search.range_criteria import (
    COMPARATORS,
    date_criterion,
    number_criterion,
    quantity_criterion,
)
from fhir_server.search.syntax import split
from fhir_server.search.text_criteria import phonetic_criterion, string_criterion
from fhir_server.search.token_criteria import reference_criterion, token_criterion, uri_criterion
from fhir_server.search.word_criteria import words_criterion

# Those for which a resource without the element is found too.
NEGATIONS = ("not", "not-in")

_CODED = frozenset(("code", "Coding", "CodeableConcept"))
_NAMED = frozenset(("Coding", "CodeableConcept", "Identifier"))

_READERS: Mapping[str, Callable[[Asked, str], Criterion]] = {
    "token": token_criterion,
    "reference": reference_criterion,
    "string": string_criterion,
    "phonetic": phonetic_criterion,
    "words": words_criterion,
    "uri": uri_criterion,
    "date": date_criterion,
    "number": number_criterion,
    "quantity": quantity_criterion,
    "special": near_criterion,
}


def criterion(asked: Asked, values: str) -> Criterion:
    """Read a parameter's value, which may be a list of alternatives.

    Args:
        asked: the parameter and its modifier.
        values: what stands after ``=``, decoded, with its escapes.

    Raises:
        FhirError: 400 for a modifier, prefix or value that can't be used; it says what can.
    """
    if not values:
        raise asked.refused("it has no value. Give one, or leave the parameter out.")
    if asked.modifier:
        _require_modifier(asked)
    if asked.modifier == "missing":
        return _missing(asked, values)
    spelled = asked.spelled
    found = either(*(_read(each, value) for value in split(values, ",") for each in spelled))
    return Not(found) if asked.modifier in NEGATIONS else found


def modifiers(parameter: Parameter) -> tuple[str, ...]:
    """Give the modifiers that a parameter takes, as they stand in a URL."""
    if parameter.code == "_lastUpdated" or parameter.kind == "words":
        return ()
    if parameter.code == "_id":
        return ("not",)
    match parameter.kind:
        case "token":
            own = _of_token(parameter)
        case "reference":
            own = ("identifier",) if "Reference" in parameter.value_types else ()
            own += parameter.targets
        case "string":
            own = ("exact", "contains")
        case "uri":
            own = ("below", "above")
        case _:
            own = ()
    return ("missing", *own)


def _of_token(parameter: Parameter) -> tuple[str, ...]:
    types = parameter.value_types
    named = ("text",) if types & _NAMED else ()
    coded = ("in", "not-in", "above", "below") if types & _CODED else ()
    identified = ("of-type",) if "Identifier" in types else ()
    return ("not", *named, *coded, *identified)


def _read(asked: Asked, value: str) -> Criterion:
    if asked.parameter.kind == "composite":
        return composite_criterion(asked, value, _READERS)
    return _READERS[asked.parameter.kind](asked, value)


def _require_modifier(asked: Asked) -> None:
    allowed = modifiers(asked.parameter)
    if asked.modifier not in allowed:
        named = ", ".join(f":{name}" for name in allowed) or "none"
        raise asked.refused(f"the modifier is not supported here. Valid: {named}.", "not-supported")


def _missing(asked: Asked, value: str) -> Criterion:
    if value not in ("true", "false"):
        raise asked.refused("the value of :missing must be true or false.")
    found = either(*(_present(each.parameter) for each in asked.spelled))
    return Not(found) if value == "true" else found


def _present(parameter: Parameter) -> Criterion:
    if parameter.type in ORDERED:
        return HasKey(parameter.name)
    return TokenRange(*present_range(parameter.name))


__all__ = ["COMPARATORS", "NOTHING", "Asked", "criterion", "modifiers"]
