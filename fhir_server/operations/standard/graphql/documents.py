"""A query: read, measured, made the GraphQL that it means, and validated.

R4's examples are not all GraphQL: codes stand without quotes where text is expected, and
``resource(type: Patient) { birthDate }`` selects what only some resources have. Both are
rewritten to what they mean before they are validated, so that clients may use either.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from graphql import (
    ArgumentNode,
    BooleanValueNode,
    DocumentNode,
    EnumValueNode,
    FieldNode,
    FloatValueNode,
    GraphQLError,
    GraphQLID,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLString,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    NamedTypeNode,
    NameNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    StringValueNode,
    TypeInfo,
    TypeInfoVisitor,
    ValueNode,
    VariablesInAllowedPositionRule,
    Visitor,
    get_named_type,
    parse,
    specified_rules,
    validate,
    visit,
)
from graphql.pyutils import Undefined
from graphql.utilities import type_from_ast

from fhir_server.fhir.outcome import invalid
from fhir_server.operations.standard.graphql.limits import MOST_TOKENS, require_bounded
from fhir_server.operations.standard.graphql.scalars import literal_text

MOST_ERRORS = 20


def read(schema: GraphQLSchema, text: str) -> DocumentNode:
    """Give the document of a query that may be run.

    Args:
        schema: what can be asked for.
        text: the query.

    Raises:
        GraphQLError: it can't be parsed.
        FhirError: it is too large.
        Refused: it is not valid for the schema.
    """
    if not text.strip():
        raise invalid(
            "The query is empty; send one such as { PatientList { id } }.", code="required"
        )
    document: DocumentNode = parse(
        text, max_lexical_tokens=MOST_TOKENS, allow_empty_selection_sets=False
    )
    require_bounded(document)
    document = visit(document, _Targets(schema))
    info = TypeInfo(schema)
    document = visit(document, TypeInfoVisitor(info, _BareText(info)))
    errors = validate(schema, document, RULES, max_errors=MOST_ERRORS)
    if errors:
        raise Refused(errors)
    return document


class Refused(Exception):
    """A query that is not valid for the schema.

    Args:
        errors: what is wrong.
    """

    def __init__(self, errors: Iterable[Exception]) -> None:
        super().__init__("not valid")
        self.errors = tuple(errors)


def operation(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    """Give the operation to run.

    Raises:
        FhirError: 400 where it is not clear which.
    """
    found = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    if name is not None:
        found = [node for node in found if node.name and node.name.value == name]
        if not found:
            raise invalid("operationName names no operation of the query.")
    if len(found) != 1:
        raise invalid("The query has several operations: say which by operationName.")
    return found[0]


class _BareText(Visitor):
    """Makes text of codes, numbers and booleans that stand where text is expected."""

    def __init__(self, info: TypeInfo) -> None:
        super().__init__()
        self._info = info

    def enter_enum_value(self, node: EnumValueNode, *_: Any) -> ValueNode | None:
        """Rewrite ``official``."""
        return self._text(node)

    def enter_int_value(self, node: IntValueNode, *_: Any) -> ValueNode | None:
        """Rewrite ``1950``."""
        return self._text(node)

    def enter_float_value(self, node: FloatValueNode, *_: Any) -> ValueNode | None:
        """Rewrite ``1.10``."""
        return self._text(node)

    def enter_boolean_value(self, node: BooleanValueNode, *_: Any) -> ValueNode | None:
        """Rewrite ``true``."""
        return self._text(node)

    def _text(self, node: ValueNode) -> ValueNode | None:
        expected = get_named_type(self._info.get_input_type())
        if expected is GraphQLString or expected is GraphQLID:
            return StringValueNode(value=literal_text(node) or "", loc=node.loc)
        return None


class _Targets(Visitor):
    """Makes fragments of the types that ``resource(type: …)`` names, and joins such fields."""

    def __init__(self, schema: GraphQLSchema) -> None:
        super().__init__()
        self._schema = schema

    def leave_selection_set(self, node: SelectionSetNode, *_: Any) -> SelectionSetNode | None:
        """Rewrite the fields of one place."""
        typed = {id(each): names for each in node.selections if (names := self._types(each))}
        if not typed:
            return None
        kept: dict[Any, SelectionNode] = {}
        for each in node.selections:
            if id(each) in typed and isinstance(each, FieldNode):
                field = _with_fragments(each, typed[id(each)])
                key = (field.alias or field.name).value
                first = kept.get(key)
                kept[key] = _joined(first, field) if isinstance(first, FieldNode) else field
            else:
                kept[id(each)] = each
        return SelectionSetNode(selections=tuple(kept.values()), loc=node.loc)

    def _types(self, node: SelectionNode) -> list[str]:
        """Give the types that a ``resource`` field names literally; none if it names none."""
        if not isinstance(node, FieldNode) or node.name.value != "resource":
            return []
        given = _argument(node, "type")
        if given is None or node.selection_set is None:
            return []
        values = given.value.values if isinstance(given.value, ListValueNode) else (given.value,)
        names = [literal_text(value) or "" for value in values]
        known = all(name in self._schema.type_map for name in names)
        return names if known else []


def _argument(node: FieldNode, name: str) -> ArgumentNode | None:
    return next((each for each in node.arguments or () if each.name.value == name), None)


def _with_fragments(node: FieldNode, types: list[str]) -> FieldNode:
    """Make a selection of plain fields one for each of the types."""
    chosen = _selections(node)
    # Fragments say for themselves what type they are about.
    if all(isinstance(each, FieldNode) for each in chosen):
        chosen = tuple(
            InlineFragmentNode(
                type_condition=NamedTypeNode(name=NameNode(value=name)),
                selection_set=SelectionSetNode(selections=chosen),
                directives=(),
            )
            for name in types
        )
    return _changed(node, chosen, types)


def _joined(first: FieldNode, second: FieldNode) -> FieldNode:
    """Make one field of two that differ in type and selection; of other differences, the first."""
    types = [*_named(first), *_named(second)]
    return _changed(first, (*_selections(first), *_selections(second)), types)


def _changed(
    node: FieldNode, selections: tuple[SelectionNode, ...], types: Iterable[str]
) -> FieldNode:
    arguments = tuple(
        _listing(each, types) if each.name.value == "type" else each
        for each in node.arguments or ()
    )
    return FieldNode(
        alias=node.alias,
        name=node.name,
        arguments=arguments,
        directives=node.directives,
        selection_set=SelectionSetNode(selections=selections),
        loc=node.loc,
    )


def _listing(node: ArgumentNode, types: Iterable[str]) -> ArgumentNode:
    values = tuple(StringValueNode(value=name) for name in types)
    return ArgumentNode(name=node.name, value=ListValueNode(values=values), loc=node.loc)


def _selections(node: FieldNode) -> tuple[SelectionNode, ...]:
    return tuple(node.selection_set.selections) if node.selection_set else ()


def _named(node: FieldNode) -> list[str]:
    given = _argument(node, "type")
    values = given.value.values if given and isinstance(given.value, ListValueNode) else ()
    return [literal_text(value) or "" for value in values]


class _LenientVariables(VariablesInAllowedPositionRule):
    """Lets a variable of any type that is text stand where another is expected, or several.

    Clients declare ``$id: String`` where the schema has reference, token or a list of them.
    """

    def leave_operation_definition(self, operation: OperationDefinitionNode, *_: Any) -> None:
        """Report the variables that can't stand where they are used."""
        for usage in self.context.get_recursive_variable_usages(operation):
            declared = self.var_def_map.get(usage.node.name.value)
            given = type_from_ast(self.context.schema, declared.type) if declared else None
            if declared is None or given is None or usage.type is None:
                continue
            defaulted = declared.default_value is not None or usage.default_value is not Undefined
            if not _fits(given, usage.type, defaulted):
                text = (
                    f"Variable '${usage.node.name.value}' of type '{given}' used in position "
                    f"expecting type '{usage.type}'."
                )
                self.report_error(GraphQLError(text, [declared, usage.node]))


def _fits(given: Any, expected: Any, defaulted: bool) -> bool:
    if isinstance(expected, GraphQLNonNull):
        if not isinstance(given, GraphQLNonNull) and not defaulted:
            return False
        expected = expected.of_type
    if isinstance(given, GraphQLNonNull):
        given = given.of_type
    if isinstance(given, GraphQLList):
        return isinstance(expected, GraphQLList) and _fits(given.of_type, expected.of_type, True)
    if isinstance(expected, GraphQLList):
        return _fits(given, expected.of_type, True)
    return given is expected or (_is_text(given) and _is_text(expected))


def _is_text(type_: Any) -> bool:
    return isinstance(type_, GraphQLScalarType) and type_.name not in NOT_TEXT


NOT_TEXT = ("Int", "Boolean", "Float")
RULES = [
    _LenientVariables if rule is VariablesInAllowedPositionRule else rule
    for rule in specified_rules
]
