"""The fields that a query selects of an object, fragments and @skip and @include seen to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLIncludeDirective,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLSkipDirective,
    InlineFragmentNode,
    SelectionNode,
    SelectionSetNode,
    is_abstract_type,
)
from graphql.execution.values import VariableValues, get_directive_values

# By the name in the answer: the nodes that select it, which have the same field and arguments.
Fields = dict[str, list[FieldNode]]


class Selections:
    """Reads selection sets, each once for each type.

    Args:
        schema: knows the types.
        fragments: of the document, by name.
        variables: the values given.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        fragments: Mapping[str, FragmentDefinitionNode],
        variables: VariableValues,
    ) -> None:
        self.variables = variables
        self._schema = schema
        self._fragments = fragments
        self._read: dict[tuple[int, ...], dict[str, Fields]] = {}

    def inside(self, nodes: list[FieldNode], type_: GraphQLObjectType) -> Fields:
        """Give what fields select of an object of a type; the same object for the same nodes."""
        sets = [node.selection_set for node in nodes if node.selection_set]
        by_type = self._read.setdefault(tuple(map(id, sets)), {})
        found = by_type.get(type_.name)
        if found is None:
            found = by_type[type_.name] = self.collected(sets, type_)
        return found

    def collected(self, sets: Iterable[SelectionSetNode], type_: GraphQLObjectType) -> Fields:
        """Give what selection sets select of an object of a type."""
        fields: Fields = {}
        seen: set[str] = set()
        for each in sets:
            self._collect(each, type_, fields, seen)
        return fields

    def _collect(
        self, selected: SelectionSetNode, type_: GraphQLObjectType, fields: Fields, seen: set[str]
    ) -> None:
        for node in selected.selections:
            if not self._wanted(node):
                continue
            if isinstance(node, FieldNode):
                key = node.alias.value if node.alias else node.name.value
                fields.setdefault(key, []).append(node)
            elif isinstance(node, InlineFragmentNode):
                if self._applies(node, type_):
                    self._collect(node.selection_set, type_, fields, seen)
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in seen:
                seen.add(node.name.value)
                fragment = self._fragments[node.name.value]
                if self._applies(fragment, type_):
                    self._collect(fragment.selection_set, type_, fields, seen)

    def _wanted(self, node: SelectionNode) -> bool:
        if not node.directives:
            return True
        skip = get_directive_values(GraphQLSkipDirective, node, self.variables)
        include = get_directive_values(GraphQLIncludeDirective, node, self.variables)
        return not (skip and skip["if"]) and (include is None or bool(include["if"]))

    def _applies(
        self, fragment: InlineFragmentNode | FragmentDefinitionNode, type_: GraphQLObjectType
    ) -> bool:
        condition = fragment.type_condition
        if condition is None or condition.name.value == type_.name:
            return True
        named = self._schema.get_type(condition.name.value)
        return is_abstract_type(named) and self._schema.is_sub_type(named, type_)
