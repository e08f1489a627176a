"""Filters of value sets, tried on one concept.

    =          a value of the property is the value       concept, code, display, parent, child,
    in, not-in one, or none, of values between commas     and what the code system declares
    regex      a value matches from beginning to end
    exists     the property has a value, or with "false" none
    is-a, descendent-of, is-not-a, generalizes            of codes alone

Source: https://hl7.org/fhir/R4/valueset-filter-operator.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

from fhir_server.fhir.folding import fold
from fhir_server.terminology.concepts import Concept, SystemInfo, TerminologyError
from fhir_server.terminology.rows import ABOVE, BELOW
from fhir_server.terminology.sources import CodeSystem, Condition, Selection

Predicate = Callable[[Concept], bool]

_OF_LEVELS = frozenset(("is-a", "descendent-of", "is-not-a", "generalizes"))
_CODES = frozenset(("concept", "code"))
# What every code system has, declared or not.
_KNOWN = frozenset(
    (*_CODES, "display", "definition", *ABOVE, *BELOW, "inactive", "notSelectable", "status")
)
_LONGEST_PATTERN = 1000
# Keeps the automaton of a pattern small: what needs more is refused.
_PATTERN_BYTES = 1_000_000


def predicate(selection: Selection, system: CodeSystem) -> Predicate:
    """Give a test of whether a concept of a code system is among the wanted ones.

    Raises:
        TerminologyError: not-supported, for a property or an operator that is not known.
    """
    tests = [_of(condition, system) for condition in selection.conditions]
    if selection.active_only:
        tests.append(lambda concept: not concept.inactive)
    if selection.words:
        tests.append(lambda concept: has_words(concept, selection.words))
    return lambda concept: all(test(concept) for test in tests)


def words_of(concept: Concept) -> set[str]:
    """Give the folded words of what a concept is called."""
    texts = (concept.display or "", *(each.value for each in concept.designations))
    return {word for text in texts for word in fold(text).split()}


def has_words(concept: Concept, wanted: Iterable[str]) -> bool:
    """Tell whether each wanted word begins a word of what a concept is called."""
    words = words_of(concept)
    return all(any(word.startswith(start) for word in words) for start in wanted)


def _of(condition: Condition, system: CodeSystem) -> Predicate:
    if condition.op in _OF_LEVELS:
        return _of_levels(condition, system)
    require_known(condition, system.info)
    name, value = condition.property, condition.value
    match condition.op:
        case "=":
            return lambda concept: value in values(concept, name, system)
        case "in" | "not-in":
            wanted = {each.strip() for each in value.split(",")}
            inside = condition.op == "in"
            return lambda c: (not wanted.isdisjoint(values(c, name, system))) is inside
        case "regex":
            matches = linear_pattern(value)
            return lambda concept: any(matches(each) for each in values(concept, name, system))
        case "exists":
            present = _truth(value)
            return lambda concept: bool(values(concept, name, system)) is present
    raise _unsupported(condition)


def require_known(condition: Condition, info: SystemInfo) -> None:
    """Refuse a filter on a property that neither R4 nor the code system defines.

    Raises:
        TerminologyError: not-supported.
    """
    if condition.property not in _KNOWN and not any(
        declared["code"] == condition.property for declared in info.properties
    ):
        raise _unsupported(condition)


def _unsupported(condition: Condition) -> TerminologyError:
    return TerminologyError(
        "not-supported",
        f"The filter '{condition.property} {condition.op}' of the value set is not known to "
        "this server for the code system. Filter by concept, code, display, parent, child or a "
        "property that the code system declares.",
    )


def _truth(value: str) -> bool:
    if value not in ("true", "false"):
        raise TerminologyError("invalid", "The value of the filter 'exists' is true or false.")
    return value == "true"


def _of_levels(condition: Condition, system: CodeSystem) -> Predicate:
    if condition.property not in _CODES:
        raise _unsupported(condition)
    found = system.concept(condition.value)
    root = condition.value if found is None else found.code
    match condition.op:
        case "is-a":
            return lambda c: c.code == root or system.is_below(c.code, root)
        case "descendent-of":
            return lambda c: system.is_below(c.code, root)
        case "is-not-a":
            return lambda c: not (c.code == root or system.is_below(c.code, root))
        case _:
            above = {root, *system.ancestors(root)}
            return lambda c: c.code in above


def values(concept: Concept, name: str, system: CodeSystem) -> Iterable[str]:
    """Give the values of a property as text."""
    match name:
        case "concept" | "code":
            return (concept.code,)
        case "display" | "definition":
            text = concept.display if name == "display" else concept.definition
            return (text,) if text else ()
        case "parent" | "subsumedBy":
            return concept.parents
        case "child":
            return system.children(concept.code)
        case "inactive":
            return ("true" if concept.inactive else "false",)
        case "notSelectable":
            return ("true" if concept.abstract else "false",)
    return property_values(concept.properties, name)


def property_values(properties: Iterable[Mapping[str, Any]], name: str) -> tuple[str, ...]:
    """Give what the properties of a name say, as text."""
    return tuple(
        text for item in properties if item["code"] == name for text in _texts(item) if text
    )


def _texts(item: Mapping[str, Any]) -> tuple[str, ...]:
    for name, value in item.items():
        if name == "valueCoding":
            code = value.get("code", "")
            return code, f"{value.get('system', '')}|{code}"
        if name.startswith("value"):
            return (str(value).lower() if isinstance(value, bool) else str(value),)
    return ()


@lru_cache(maxsize=64)
def linear_pattern(pattern: str) -> Callable[[str], bool]:
    """Compile a regular expression that is matched in linear time, from beginning to end.

    Raises:
        TerminologyError: invalid, where it is none, or needs to look back or ahead.
    """
    import jsonschema_rs

    refused = TerminologyError(
        "invalid",
        f"The regular expression of a filter can't be read, is longer than {_LONGEST_PATTERN} "
        "characters, or looks ahead or back, which takes too long on some texts.",
    )
    if len(pattern) > _LONGEST_PATTERN:
        raise refused
    options = jsonschema_rs.RegexOptions(size_limit=_PATTERN_BYTES)
    try:
        # The pattern alone first: one like a)|(b must not get out of the group around it.
        for each in (pattern, f"^(?:{pattern})$"):
            schema = {"type": "string", "pattern": each}
            compiled = jsonschema_rs.Draft202012Validator(schema, pattern_options=options)
    except (jsonschema_rs.ValidationError, ValueError):
        raise refused from None
    return compiled.is_valid
