"""Scalar types, and what may be written for their values.

R4 writes codes and ids without quotes (``name(use: official)``, ``_id: [1, 2]``), which GraphQL
takes for enumerations and numbers: every scalar here takes such a literal as its text.

Source: https://hl7.org/fhir/R4/graphql.html#arguments
"""

from __future__ import annotations

from functools import cache
from typing import Any

from graphql import (
    BooleanValueNode,
    EnumValueNode,
    FloatValueNode,
    GraphQLBoolean,
    GraphQLError,
    GraphQLID,
    GraphQLInt,
    GraphQLScalarType,
    GraphQLString,
    IntValueNode,
    StringValueNode,
    ValueNode,
)

from fhir_server.fhir.json import LosslessDecimal

# As R4's own GraphQL schema spells them; all others keep FHIR's name.
BUILT_IN = {
    "boolean": GraphQLBoolean,
    "integer": GraphQLInt,
    "string": GraphQLString,
    "id": GraphQLID,
}
BARE = (EnumValueNode, IntValueNode, FloatValueNode, StringValueNode)


@cache
def scalar(name: str) -> GraphQLScalarType:
    """Give the scalar type of a FHIR primitive, or of a kind of search parameter."""
    built_in = BUILT_IN.get(name)
    if built_in is not None:
        return built_in
    return GraphQLScalarType(
        name,
        coerce_output_value=lambda value: value,
        coerce_input_value=_from_variable,
        coerce_input_literal=_from_literal,
        description=f"FHIR's {name}, as in its JSON format.",
    )


def text(value: Any) -> str:
    """Give the text that a JSON value is compared by."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def literal_text(node: ValueNode) -> str | None:
    """Give the text that a literal stands for; None for lists, objects and null."""
    if isinstance(node, BARE):
        return node.value
    return text(node.value) if isinstance(node, BooleanValueNode) else None


def _from_variable(value: Any) -> str:
    if isinstance(value, str | bool | int | float | LosslessDecimal):
        return text(value)
    raise GraphQLError("A single value is expected here.")


def _from_literal(node: ValueNode) -> str:
    found = literal_text(node)
    if found is None:
        raise GraphQLError("A single value is expected here.")
    return found
