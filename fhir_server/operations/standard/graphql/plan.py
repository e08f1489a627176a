"""What is to be done for one field of a query, worked out once for all objects that have it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLList,
    GraphQLNamedType,
    GraphQLObjectType,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
)
from graphql.execution.values import VariableValues, get_argument_values

from fhir_server.fhir.outcome import invalid
from fhir_server.operations.standard.graphql.directives import INDEX, Shape, shape
from fhir_server.operations.standard.graphql.scalars import text
from fhir_server.operations.standard.graphql.schema import Lookup, lookup

POSITION = ("_offset", "_count")


@dataclass(frozen=True, slots=True)
class Plan:
    """One field.

    Args:
        key: its name in the answer.
        name: its name.
        nodes: where the query selects it.
        type: of each of its values.
        listed: it is a list.
        leaf: its values hold nothing to select.
        arguments: as given.
        shape: what its directives ask for.
        lookup: what it asks the store for; None for an element.
    """

    key: str
    name: str
    nodes: list[FieldNode]
    type: GraphQLNamedType
    listed: bool
    leaf: bool
    arguments: Mapping[str, Any]
    shape: Shape
    lookup: Lookup | None


def plan(
    key: str, nodes: list[FieldNode], type_: GraphQLObjectType, variables: VariableValues
) -> Plan:
    """Work out a field of an object type.

    Raises:
        GraphQLError: for variables or directives that don't fit.
        FhirError: 400 for @flatten where nothing is inside.
    """
    first = nodes[0]
    field: GraphQLField = type_.fields[first.name.value]
    named = get_named_type(field.type)
    shaped = shape(first, variables)
    if shaped.flatten and is_leaf_type(named):
        raise invalid(f"@flatten: '{first.name.value}' has no fields to put in its place.")
    return Plan(
        key,
        first.name.value,
        nodes,
        named,
        isinstance(get_nullable_type(field.type), GraphQLList),
        is_leaf_type(named),
        get_argument_values(field, first, variables) if field.args else {},
        shaped,
        lookup(field),
    )


def chosen(asked: Plan, value: Any) -> list[Any] | None:
    """Give the values of an element that its arguments leave; None for no such element."""
    if value is None:
        return None
    if not asked.listed:
        return [value]
    values = value if isinstance(value, list) else [value]
    if not asked.arguments:
        return values
    tests = [
        (name, text(wanted))
        for name, wanted in asked.arguments.items()
        if wanted is not None and name not in POSITION
    ]
    found = [each for each in values if isinstance(each, dict) and _passes(each, tests)]
    offset, count = (_natural(asked, name) for name in POSITION)
    start = offset or 0
    return found[start : None if count is None else start + count]


def sliced(asked: Plan, values: Iterable[Any]) -> dict[str, list[Any]]:
    """Give the values by what continues the name; nothing does where a value has no such part."""
    found: dict[str, list[Any]] = {}
    for index, value in enumerate(values):
        part = str(index) if asked.shape.path == (INDEX,) else _at(value, asked.shape.path)
        found.setdefault(f".{part}" if part else "", []).append(value)
    return found


def _natural(asked: Plan, name: str) -> int | None:
    given = asked.arguments.get(name)
    if given is not None and given < 0:
        raise invalid(f"{name} must not be negative.")
    number: int | None = given
    return number


def _passes(value: Mapping[str, Any], tests: Iterable[tuple[str, str]]) -> bool:
    return all(_equals(value.get(name), wanted) for name, wanted in tests)


def _equals(value: Any, wanted: str) -> bool:
    if isinstance(value, list):
        return any(_equals(each, wanted) for each in value)
    if value is None or text(value) == wanted:
        return value is not None
    return not isinstance(value, str | bool) and _same_number(text(value), wanted)


def _same_number(one: str, other: str) -> bool:
    try:
        return Decimal(one) == Decimal(other)
    except InvalidOperation:
        return False


def _at(value: Any, path: tuple[str, ...]) -> str:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
        if isinstance(value, list):
            value = value[0] if value else None
    return "" if value is None or isinstance(value, dict) else text(value)
