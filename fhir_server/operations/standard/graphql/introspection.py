"""Answers about the schema itself, ``__schema`` and ``__type``.

The schema has hundreds of thousands of parts, most of which stand in many places: each is
rendered once for each selection. The executor of graphql-core, which renders each place, took
half a minute for what a tool such as GraphiQL asks first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from graphql import (
    FieldNode,
    GraphQLError,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    SchemaMetaFieldDef,
    TypeMetaFieldDef,
    is_leaf_type,
)
from graphql.execution.values import get_argument_values

from fhir_server.operations.standard.graphql.limits import MOST_PARTS, too_costly
from fhir_server.operations.standard.graphql.selection import Fields, Selections

META_FIELDS = {"__schema": SchemaMetaFieldDef, "__type": TypeMetaFieldDef}


class _Info:
    """What the resolvers of introspection read of the real info: no more than the schema."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self.schema = schema


class Introspection:
    """Renders parts of a schema.

    Args:
        schema: what is asked about.
        selections: reads selection sets.
        take_object: called for each part that is rendered; raises when they are too many.
    """

    def __init__(
        self, schema: GraphQLSchema, selections: Selections, take_object: Callable[[], None]
    ) -> None:
        self._selections = selections
        self._take_object = take_object
        self._info = cast("GraphQLResolveInfo[Any]", _Info(schema))
        self._rendered: dict[tuple[Any, int], tuple[dict[str, Any], int]] = {}
        self._parts = 0
        # An id() is only good for as long as its object lives.
        self._alive: list[Any] = []

    def field(self, nodes: list[FieldNode]) -> Any:
        """Give the value of ``__schema`` or ``__type``."""
        definition = META_FIELDS[nodes[0].name.value]
        return self._value(definition.type, definition, None, nodes)

    def _value(self, type_: Any, definition: Any, source: Any, nodes: list[FieldNode]) -> Any:
        arguments = get_argument_values(definition, nodes[0], self._selections.variables)
        resolve = definition.resolve
        if resolve is None:
            value = getattr(source, nodes[0].name.value, None)
        else:
            value = resolve(source, self._info, **arguments)
        return self._complete(type_, value, nodes)

    def _complete(self, type_: Any, value: Any, nodes: list[FieldNode]) -> Any:
        if isinstance(type_, GraphQLNonNull):
            return self._complete(type_.of_type, value, nodes)
        if value is None:
            return None
        if isinstance(type_, GraphQLList):
            return [self._complete(type_.of_type, item, nodes) for item in value]
        if is_leaf_type(type_):
            return type_.coerce_output_value(value)
        return self._object(type_, value, nodes)

    def _object(self, type_: GraphQLObjectType, value: Any, nodes: list[FieldNode]) -> Any:
        fields = self._selections.inside(nodes, type_)
        key = (_identity(value), id(fields))
        found, parts = self._rendered.get(key, (None, 0))
        if found is None:
            self._take_object()
            self._alive.append(value)
            before = self._parts
            found = self._fields(type_, value, fields)
            parts = self._parts - before + 1
            self._rendered[key] = found, parts
            self._parts = before
        # What is rendered once is written as often as it stands in the answer.
        self._parts += parts
        if self._parts > MOST_PARTS:
            raise too_costly("The query asks for the schema several times over; ask once.")
        return found

    def _fields(self, type_: GraphQLObjectType, value: Any, fields: Fields) -> dict[str, Any]:
        rendered = {}
        for key, nodes in fields.items():
            name = nodes[0].name.value
            if name == "__typename":
                rendered[key] = type_.name
                continue
            definition = type_.fields.get(name)
            if definition is None:
                raise GraphQLError("There is no such field.", nodes)
            rendered[key] = self._value(definition.type, definition, value, nodes)
        return rendered


def _identity(value: Any) -> Any:
    """Tell values apart; fields and arguments come with their names, in pairs made anew."""
    if isinstance(value, tuple):
        name, part = value
        return name, id(part)
    return id(value)
