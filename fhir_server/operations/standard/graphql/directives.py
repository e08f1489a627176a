"""The directives that change the shape of an answer.

Source: https://hl7.org/fhir/R4/graphql.html#flattening
"""

from __future__ import annotations

from dataclasses import dataclass

from graphql import (
    DirectiveLocation,
    FieldNode,
    GraphQLArgument,
    GraphQLDirective,
    GraphQLError,
    GraphQLIncludeDirective,
    GraphQLNonNull,
    GraphQLSkipDirective,
    GraphQLString,
)
from graphql.execution.values import VariableValues, get_directive_values

_FIELD = [DirectiveLocation.FIELD]
FLATTEN = GraphQLDirective(
    "flatten", _FIELD, description="Puts the children in the place of the field."
)
FIRST = GraphQLDirective("first", _FIELD, description="Takes the first value alone.")
SINGLETON = GraphQLDirective(
    "singleton", _FIELD, description="Gives one value instead of a list; more are an error."
)
SLICE = GraphQLDirective(
    "slice",
    _FIELD,
    {"path": GraphQLArgument(GraphQLNonNull(GraphQLString))},
    description="Adds a dot and the value at the path to the name: $index, or elements and dots.",
)
DIRECTIVES = (GraphQLSkipDirective, GraphQLIncludeDirective, FLATTEN, FIRST, SINGLETON, SLICE)
INDEX = "$index"


@dataclass(frozen=True, slots=True)
class Shape:
    """What the directives of a field ask for.

    Args:
        flatten: give the children in its place.
        first: only its first value.
        singleton: one value, no list.
        path: what its name is continued by, for each value; empty for nothing.
    """

    flatten: bool = False
    first: bool = False
    singleton: bool = False
    path: tuple[str, ...] = ()


PLAIN = Shape()


def shape(node: FieldNode, variables: VariableValues) -> Shape:
    """Read the directives of a field.

    Raises:
        GraphQLError: for some that contradict each other, or a path of another kind.
    """
    names = {directive.name.value for directive in node.directives or ()}
    if not names & {"flatten", "first", "singleton", "slice"}:
        return PLAIN
    sliced = get_directive_values(SLICE, node, variables)
    path = _path(sliced["path"], node) if sliced else ()
    if "flatten" in names and "singleton" in names:
        raise GraphQLError("@flatten leaves no field that @singleton could be about.", node)
    if "first" in names and path:
        raise GraphQLError("@slice names each value, @first leaves one: use either.", node)
    return Shape("flatten" in names, "first" in names, "singleton" in names, path)


def _path(text: str, node: FieldNode) -> tuple[str, ...]:
    parts = tuple(text.split("."))
    if text != INDEX and not all(part.isascii() and part.isalnum() for part in parts):
        raise GraphQLError(
            "@slice(path) is $index, or names of elements with dots between; this server "
            "evaluates no other FHIRPath here.",
            node,
        )
    return parts
