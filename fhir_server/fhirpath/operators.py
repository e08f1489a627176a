"""Compiles comparison, logic and membership.

Source: http://hl7.org/fhirpath/N1/#operations
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from fhir_server.fhirpath import categories, equality, temporal
from fhir_server.fhirpath.compiled import Compiled, Run, Truth, truth
from fhir_server.fhirpath.errors import FhirPathError
from fhir_server.fhirpath.items import CONVERSIONS, Frame
from fhir_server.fhirpath.numbers import number
from fhir_server.fhirpath.types import TypeInfo

Test = Callable[[Any, Any], bool]

_GROUPS = {
    categories.STRING: "string",
    categories.BOOLEAN: "boolean",
    categories.INTEGER: "number",
    categories.DECIMAL: "number",
    categories.DATE: "date",
    categories.DATE_TIME: "date",
    categories.TIME: "time",
}


def logic(name: str, left: Compiled, right: Compiled) -> Compiled:
    """Compile ``and``, ``or``, ``xor``, ``implies``."""
    one, other = left.truth(), right.truth()
    definite = left.definite and right.definite
    if name == "xor":
        return truth(_exclusive(one, other), definite=definite)
    if left.definite:
        return truth(_decided(name, one, other), definite=definite)
    return truth(_open(name, one, other))


def _decided(name: str, one: Truth, other: Truth) -> Truth:
    """Join where the left side is never empty: it decides, or the right side does."""
    if name == "and":
        return lambda v, f: one(v, f) and other(v, f)
    if name == "or":
        return lambda v, f: one(v, f) or other(v, f)
    return lambda v, f: other(v, f) if one(v, f) else True


def _open(name: str, one: Truth, other: Truth) -> Truth:
    def both(v: Any, f: Frame) -> bool | None:
        left = one(v, f)
        if left is False:
            return False
        right = other(v, f)
        return right if left or right is False else None

    def either(v: Any, f: Frame) -> bool | None:
        left = one(v, f)
        if left:
            return True
        right = other(v, f)
        return right if left is False or right else None

    def implies(v: Any, f: Frame) -> bool | None:
        left = one(v, f)
        if left is False:
            return True
        right = other(v, f)
        return right if left or right else None

    return {"and": both, "or": either, "implies": implies}[name]


def _exclusive(one: Truth, other: Truth) -> Truth:
    def run(v: Any, f: Frame) -> bool | None:
        left, right = one(v, f), other(v, f)
        return None if left is None or right is None else left is not right

    return run


def equals(left: Compiled, right: Compiled, *, negated: bool) -> Compiled:
    """Compile ``=`` and ``!=``."""
    found = truth(_equals(left, right), definite=left.definite and right.definite)
    if not negated:
        return found
    return truth(found.opposite(), definite=found.definite, opposite=found.truth())


def _group(expression: Compiled) -> str | None:
    return _GROUPS.get(expression.category or "") if expression.single else None


def _equals(left: Compiled, right: Compiled) -> Truth:
    groups = _group(left), _group(right)
    if groups in (("string", "string"), ("boolean", "boolean")):
        return _same(left, right)
    if groups == ("number", "number"):
        return _binary(_numeric(left), _numeric(right), operator.eq)
    if groups in (("date", "date"), ("time", "time")):
        return _chronological(left, right, "=")
    if None not in groups:
        return _binary(left.value(), right.value(), lambda _one, _other: False)
    one, other = left.described(), right.described()
    return lambda v, f: equality.equal(one(v, f), other(v, f))


def _same(left: Compiled, right: Compiled) -> Truth:
    if left.constant:
        left, right = right, left
    value = left.value()
    if not right.constant:
        return _binary(value, right.value(), operator.eq)
    literal, field = right.constant[0], left.field
    if field is not None:
        return lambda v, _f: None if (found := v.get(field)) is None else found == literal

    def run(v: Any, f: Frame) -> bool | None:
        found = value(v, f)
        return None if found is None else found == literal

    return run


def _binary(one: Run, other: Run, test: Test) -> Truth:
    def run(v: Any, f: Frame) -> bool | None:
        left = one(v, f)
        if left is None:
            return None
        right = other(v, f)
        return None if right is None else test(left, right)

    return run


def _numeric(expression: Compiled) -> Run:
    value = expression.value()
    if expression.category == categories.INTEGER or expression.constant:
        return value

    def run(v: Any, f: Frame) -> Any:
        found = value(v, f)
        return found if found is None or type(found) is int else number(found)

    return run


_TESTS: dict[str, Test] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_SIGNS: dict[str, Callable[[int], bool]] = {
    "=": lambda order: order == 0,
    "<": lambda order: order < 0,
    "<=": lambda order: order <= 0,
    ">": lambda order: order > 0,
    ">=": lambda order: order >= 0,
}


def inequality(name: str, left: Compiled, right: Compiled) -> Compiled:
    """Compile ``<``, ``<=``, ``>``, ``>=``.

    Raises:
        FhirPathError: the sides have types without an order between them.
    """
    one, other = _orderable(left), _orderable(right)
    if one and other and one != other and {one, other} != {"number", "quantity"}:
        raise FhirPathError(f"{name} can't compare a {one} with a {other}.")
    if one == other == "number":
        return truth(_binary(_numeric(left), _numeric(right), _TESTS[name]))
    if one == other == "string":
        return truth(_binary(left.value(), right.value(), _TESTS[name]))
    if one == other and one in ("date", "time"):
        return truth(_chronological(left, right, name))
    sign, order = _SIGNS[name], equality.order
    values = left.system(), right.system()

    def run(v: Any, f: Frame) -> bool | None:
        first = values[0](v, f)
        second = values[1](v, f)
        found = None if first is None or second is None else order(first, second)
        return None if found is None else sign(found)

    return truth(run)


def _orderable(expression: Compiled) -> str | None:
    if expression.type is None:
        return None
    category = expression.type.category
    if category == categories.QUANTITY:
        return "quantity"
    group = _GROUPS.get(category)
    if group is None or group == "boolean":
        raise FhirPathError(f"Values of type {expression.type.name} have no order.")
    return group


def _chronological(left: Compiled, right: Compiled, name: str) -> Truth:
    one, other = left.value(), right.value()
    parse, parse_other = _parser(left.type), _parser(right.type)
    sign, test, compare = _SIGNS[name], _TESTS[name], temporal.compare
    # Dates, and dateTimes in UTC, sort as texts if they are of the same length.
    as_texts = not (
        left.type is None or left.type.is_system or right.type is None or right.type.is_system
    )

    def run(v: Any, f: Frame) -> bool | None:
        first = one(v, f)
        if first is None:
            return None
        second = other(v, f)
        if second is None:
            return None
        if as_texts and len(first) == len(second) and _sorts_as_text(first, second):
            return test(first, second)
        start, end = parse(first), parse_other(second)
        order = None if start is None or end is None else compare(start, end)
        return None if order is None else sign(order)

    return run


def _sorts_as_text(first: str, second: str) -> bool:
    return len(first) == 10 or first[-1] == second[-1] == "Z"


def _parser(type_: TypeInfo | None) -> Callable[[Any], Any]:
    if type_ is None or type_.is_system:
        return lambda value: value
    return CONVERSIONS[type_.category]


def equivalence(left: Compiled, right: Compiled, *, negated: bool) -> Compiled:
    """Compile ``~`` and ``!~``."""
    one, other, equivalent = left.described(), right.described(), equality.equivalent
    return truth(lambda v, f: equivalent(one(v, f), other(v, f)) is not negated, definite=True)


def membership(name: str, left: Compiled, right: Compiled) -> Compiled:
    """Compile ``in`` and ``contains``."""
    item, collection = (left, right) if name == "in" else (right, left)
    if item.category == categories.STRING and item.single and _all_strings(collection):
        values, known = item.value(), frozenset(collection.constant or ())

        def among(v: Any, f: Frame) -> bool | None:
            found = values(v, f)
            return None if found is None else found in known

        return truth(among)
    one, several = item.as_described().one(), collection.described()

    def run(v: Any, f: Frame) -> bool | None:
        found = one(v, f)
        if found is None:
            return None
        wanted = equality.key(found)
        return any(equality.key(other) == wanted for other in several(v, f))

    return truth(run)


def _all_strings(collection: Compiled) -> bool:
    return bool(collection.constant) and collection.category == categories.STRING
