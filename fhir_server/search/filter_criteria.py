"""What a ``_filter`` means: each comparison is made the criterion that a plain search would be.

Source: https://hl7.org/fhir/R4/search_filter.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from fhir_server.fhir.folding import fold
from fhir_server.fhir.outcome import FhirError
from fhir_server.search import filter_language, tokens
from fhir_server.search.chains import Chains, Condition, Path
from fhir_server.search.criteria import Asked, criterion
from fhir_server.search.draft import Joins, refused
from fhir_server.search.filter_language import Comparison, Filter, Logical, Negated, Step
from fhir_server.search.parameters import STORED
from fhir_server.search.query import (
    Criterion,
    HasToken,
    InRange,
    Not,
    TextContains,
    TextStart,
    TokenRange,
    Updated,
    either,
    every,
)

# Makes what `criterion` wants from a type, and a parameter's code with or without a modifier.
Ask = Callable[[str, str], Asked]

_ORDERED = ("eq", "ne", "gt", "lt", "ge", "le", "ap", "sa", "eb")
_BY_KIND = {
    "date": (*_ORDERED, "po", "pr"),
    "number": (*_ORDERED, "pr"),
    "quantity": (*_ORDERED, "pr"),
    "string": ("eq", "co", "sw", "ew", "pr"),
    "phonetic": ("eq", "pr"),
    "words": ("eq",),
    "special": ("eq",),
    "composite": ("eq", "pr"),
    "token": ("eq", "ne", "ss", "sb", "in", "ni", "pr"),
    "reference": ("eq", "re", "pr"),
    "uri": ("eq", "ne", "sw", "pr"),
}
# R4's modifiers that ask what the operators of a token ask.
_MODIFIERS = {"ss": "below", "sb": "above", "in": "in", "ni": "not-in"}
_OPPOSITE = {"true": "false", "false": "true"}
# A telephone number has several tokens, a canonical with a version two: "another" is not clear.
_SEVERAL_SPELLINGS = frozenset({"ContactPoint", "canonical"})
_END_OF_TEXT = "\U0010ffff"


class FilterCriteria:
    """Reads filters.

    Args:
        chains: follow the paths.
        ask: names a parameter of a type to `criterion`.
    """

    def __init__(self, chains: Chains, ask: Ask) -> None:
        self._chains = chains
        self._ask = ask

    def read(self, types: Sequence[str], text: str, joins: Joins) -> Criterion:
        """Read a filter over resources of some types.

        Raises:
            FhirError: 400 for what is no filter, or can't be answered; it says what can.
        """
        found = filter_language.parse(text)
        try:
            return self._read(types, found, joins)
        except FhirError as error:
            issues = [replace(i, text=f"_filter: {i.text}") for i in error.issues]
            raise FhirError(*issues, status=error.status) from None

    def _read(self, types: Sequence[str], node: Filter, joins: Joins) -> Criterion:
        match node:
            case Logical("and", parts):
                return every(*(self._read(types, part, joins) for part in parts))
            case Logical("or", parts):
                return either(*(self._read(types, part, joins) for part in parts))
            case Negated(part):
                return Not(self._read(types, part, joins))
            case Comparison():
                return self._path(types, node, joins)
        raise AssertionError(node)  # pragma: no cover

    def _path(self, types: Sequence[str], asked: Comparison, joins: Joins) -> Criterion:
        name = ".".join(step.name for step in asked.steps)
        conditions = tuple(self._condition(step, joins) for step in asked.steps[:-1])
        path = Path(name, lambda type_, code: self._compare(type_, code, asked), (), joins)
        return self._chains.follow(types, replace(path, conditions=conditions))

    def _condition(self, step: Step, joins: Joins) -> Condition | None:
        condition = step.condition
        if condition is None:
            return None
        return lambda type_: self._read((type_,), condition, joins)

    def _compare(self, type_: str, name: str, comparison: Comparison) -> Criterion:
        code, colon, _ = name.partition(":")
        if colon:
            raise refused(f"'{code}': a filter knows no modifiers at the end of a path.")
        asked, operator = self._ask(type_, code), comparison.operator
        valid = _valid(asked)
        if operator not in valid:
            raise refused(
                f"'{operator}' can't be asked of {type_}.{code}, which is of type "
                f"{asked.parameter.type}. Valid: {', '.join(valid)}."
            )
        return _compared(asked, operator, comparison.value)


def _valid(asked: Asked) -> tuple[str, ...]:
    code, valid = asked.parameter.code, _BY_KIND.get(asked.parameter.kind, ("pr",))
    if code in STORED:
        valid = tuple(each for each in valid if each not in ("pr", "ne", "ss", "sb", "in", "ni"))
        return (*valid, "ne") if code == "_lastUpdated" else valid
    if asked.parameter.value_types & _SEVERAL_SPELLINGS:
        return tuple(each for each in valid if each != "ne")
    return valid


def _compared(asked: Asked, operator: str, value: str) -> Criterion:
    kind, text = asked.parameter.kind, _escaped(value)
    if operator == "pr":
        if value not in ("true", "false"):
            raise asked.refused("the value of pr must be true or false.")
        return criterion(replace(asked, modifier="missing"), _OPPOSITE[value])
    if kind in ("date", "number", "quantity"):
        return _ordered(asked, operator, text)
    if operator in _MODIFIERS:
        return criterion(replace(asked, modifier=_MODIFIERS[operator]), text)
    if kind == "string":
        return _string(asked, operator, value, text)
    if kind == "composite":
        return criterion(asked, value.replace(",", r"\,"))
    if operator == "sw":
        start = f"{asked.parameter.name}{tokens.CODE}{value}"
        return TokenRange(start, start + _END_OF_TEXT)
    if operator == "ne":
        return either(*(_other_than(each, criterion(each, text)) for each in asked.spelled))
    return criterion(asked, text)


def _ordered(asked: Asked, operator: str, text: str) -> Criterion:
    if re.match("[a-z]", text):
        raise asked.refused("the operator stands before the value; leave the prefix out.")
    if operator != "po":
        return criterion(asked, operator + text)
    found = criterion(asked, text)
    # Without the widening that "ap" has in a search, its comparison is that of an overlap.
    return replace(found, comparator="ap") if isinstance(found, InRange | Updated) else found


def _string(asked: Asked, operator: str, value: str, text: str) -> Criterion:
    if operator == "co":
        return criterion(replace(asked, modifier="contains"), text)
    if operator == "sw":
        return criterion(asked, text)
    folded = fold(value)
    if not folded or len(folded) > tokens.LONGEST:
        raise asked.refused("it needs a letter or a digit, and at most 500 characters.")
    if operator == "ew":
        return TextContains(asked.parameter.name, folded, end=True)
    return TextStart(asked.parameter.name, folded + tokens.EXACT)


def _other_than(asked: Asked, found: Criterion) -> Criterion:
    """Find a value that is not the one found: the tokens before it, and those after."""
    if not isinstance(found, HasToken):
        raise asked.refused("ne takes code, system|code or a URL; or ask not (… eq …).")
    name, token = asked.parameter.name, found.token
    separator = token[len(name)]
    after = chr(ord(separator) + 1)
    return either(
        TokenRange(name + separator, token),
        TokenRange(token + "\0", name + after),
    )


def _escaped(value: str) -> str:
    """Leave the bars of system|code as they are."""
    return re.sub(r"([,$\\])", r"\\\1", value)
