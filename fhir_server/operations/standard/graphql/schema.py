"""The GraphQL schema of R4: every resource type, its elements, and the searches for it.

Source: https://hl7.org/fhir/R4/graphql.html#fields, #searching, #reverse
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property, partial

from graphql import (
    GraphQLArgument,
    GraphQLBoolean,
    GraphQLField,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    GraphQLString,
)

from fhir_server.operations.standard.graphql.directives import DIRECTIVES
from fhir_server.operations.standard.graphql.scalars import scalar
from fhir_server.profiles.definitions import Definitions, Element, TypeRef
from fhir_server.search.parameters import Parameter
from fhir_server.search.parse import QueryParser

Fields = dict[str, GraphQLField]
Arguments = dict[str, GraphQLArgument]

_NAME = re.compile(r"(?!__)[_A-Za-z][_0-9A-Za-z]*")
LIST, CONNECTION, EDGE = "List", "Connection", "Edge"
# What a field is, beside an element: a read, a search, or the target of a reference.
READ, SEARCH_LIST, SEARCH_CONNECTION, TARGET = "read", "list", "connection", "target"
# A parameter that names so many types may refer to any.
ANY = 100
NESTED = ("BackboneElement", "Element")
ABOUT_RESULTS: Mapping[str, GraphQLArgument] = {
    "_filter": GraphQLArgument(GraphQLString),
    "_sort": GraphQLArgument(GraphQLList(scalar("code"))),
    "_count": GraphQLArgument(GraphQLInt),
    "_list": GraphQLArgument(GraphQLList(scalar("token"))),
}
BY_REFERENCE: Arguments = {"_reference": GraphQLArgument(GraphQLNonNull(scalar("code")))}
POSITION: Mapping[str, GraphQLArgument] = {
    "_offset": GraphQLArgument(GraphQLInt),
    "_count": GraphQLArgument(GraphQLInt),
}


def argument_name(code: str) -> str:
    """Give a search parameter's name as GraphQL can spell it."""
    return code.replace("-", "_")


def argument_codes(codes: Iterable[str]) -> dict[str, str]:
    """Give search parameters by the arguments that stand for them.

    One that a user defined may have a name that GraphQL can't spell (``2nd``), or the same as
    another when it does: ``_filter`` reaches it.
    """
    found: dict[str, str] = {}
    for code in codes:
        name = argument_name(code)
        if _NAME.fullmatch(name):
            found.setdefault(name, code)
    return found


class SchemaSource:
    """Makes the schema of the whole system and those of single resources.

    Args:
        definitions: the types and their elements.
        parser: knows the search parameters.
    """

    def __init__(self, definitions: Definitions, parser: QueryParser) -> None:
        self._definitions = definitions
        self._parser = parser
        self._types: dict[str, GraphQLObjectType] = {}
        self._by_type: dict[str, GraphQLSchema] = {}

    @cached_property
    def system(self) -> GraphQLSchema:
        """The schema of ``[base]/$graphql``."""
        return self._schema(GraphQLObjectType("Query", self._system_fields))

    def of(self, resource_type: str) -> GraphQLSchema:
        """Give the schema of ``[base]/[Type]/[id]/$graphql``: its root is the resource."""
        found = self._by_type.get(resource_type)
        if found is None:
            found = self._schema(self._object(resource_type))
            self._by_type[resource_type] = found
        return found

    def _schema(self, root: GraphQLObjectType) -> GraphQLSchema:
        resources = [self._object(name) for name in self._definitions.resource_types]
        return GraphQLSchema(root, types=resources, directives=DIRECTIVES, assume_valid=True)

    def _system_fields(self) -> Fields:
        fields: Fields = {}
        by_id = {"id": GraphQLArgument(GraphQLNonNull(GraphQLID))}
        for name in self._definitions.resource_types:
            fields[name] = _field(self._object(name), READ, name, by_id)
            fields[name + LIST] = self._searches[name][0]
            fields[name + CONNECTION] = self._searches[name][1]
        return fields

    @cached_property
    def _searches(self) -> dict[str, tuple[GraphQLField, GraphQLField]]:
        """The searches at the root, by type."""
        return {name: self._search(name, {}, ()) for name in self._definitions.resource_types}

    @cached_property
    def _reverse(self) -> dict[str, Fields]:
        """The searches inside a resource for those that refer to it, by their type."""
        return {
            name: dict(
                zip(
                    (name + LIST, name + CONNECTION),
                    self._search(name, BY_REFERENCE, ("_id", "_cursor")),
                    strict=True,
                )
            )
            for name in self._definitions.resource_types
        }

    @cached_property
    def _reverse_of_any(self) -> dict[str, Fields]:
        """The same by parameters that may refer to any type: these make the schema large.

        In full they were nine tenths of it, and a tool that reads the schema would read 57 MB.
        """
        arguments = {**BY_REFERENCE, **ABOUT_RESULTS}
        return {
            name: {
                name + LIST: _field(GraphQLList(self._object(name)), SEARCH_LIST, name, arguments)
            }
            for name in self._definitions.resource_types
        }

    def _search(
        self, name: str, more: Arguments, less: Iterable[str]
    ) -> tuple[GraphQLField, GraphQLField]:
        supported = self._parser.supported_parameters(name)
        arguments: Arguments = {**more, **ABOUT_RESULTS}
        for argument, code in argument_codes(supported).items():
            arguments.setdefault(argument, _several(_kind(supported[code])))
        paged = {**arguments, "_cursor": GraphQLArgument(GraphQLID)}
        resource = self._object(name)
        return (
            _field(GraphQLList(resource), SEARCH_LIST, name, _without(arguments, less)),
            _field(self._connection(name), SEARCH_CONNECTION, name, _without(paged, less)),
        )

    def _connection(self, name: str) -> GraphQLObjectType:
        return self._type(name + CONNECTION, partial(self._connection_fields, name))

    def _connection_fields(self, name: str) -> Fields:
        edge = self._type(name + EDGE, partial(self._edge_fields, name))
        numbers = {each: GraphQLField(GraphQLInt) for each in ("count", "offset", "pagesize")}
        cursors = {each: GraphQLField(GraphQLID) for each in ("first", "previous", "next", "last")}
        return {**numbers, **cursors, "edges": GraphQLField(GraphQLList(edge))}

    def _edge_fields(self, name: str) -> Fields:
        return {
            "mode": GraphQLField(scalar("code")),
            "score": GraphQLField(GraphQLFloat),
            "resource": GraphQLField(self._object(name)),
        }

    @cached_property
    def _resource(self) -> GraphQLInterfaceType:
        return GraphQLInterfaceType("Resource", self._resource_fields)

    def _resource_fields(self) -> Fields:
        return {"resourceType": GraphQLField(scalar("code")), **self._elements("Resource")}

    def _object(self, path: str) -> GraphQLObjectType:
        """Give the type of a resource, of a data type, or of an element with elements inside."""
        resource = self._definitions.is_resource_type(path)
        name = "".join(part[0].upper() + part[1:] for part in path.split("."))
        fields = self._fields_of_resource if resource else self._elements
        return self._type(name, partial(fields, path), resource=resource)

    def _type(
        self, name: str, fields: Callable[[], Fields], *, resource: bool = False
    ) -> GraphQLObjectType:
        found = self._types.get(name)
        if found is None:
            interfaces = [self._resource] if resource else ()
            found = self._types[name] = GraphQLObjectType(name, fields, interfaces)
        return found

    def _fields_of_resource(self, name: str) -> Fields:
        fields = {"resourceType": GraphQLField(scalar("code")), **self._elements(name)}
        for source, (named, any_) in self._references.items():
            if name in named:
                fields |= self._reverse[source]
            elif name in any_:
                fields |= self._reverse_of_any[source]
        return fields

    @cached_property
    def _references(self) -> dict[str, tuple[set[str], set[str]]]:
        """By type: what its parameters for references name, and what those for any allow."""
        found: dict[str, tuple[set[str], set[str]]] = {}
        for source in self._definitions.resource_types:
            found[source] = (set(), set())
            for parameter in self._parser.supported_parameters(source).values():
                if parameter.type == "reference":
                    found[source][len(parameter.targets) >= ANY].update(parameter.targets)
        return found

    def _elements(self, path: str) -> Fields:
        fields: Fields = {}
        for element in self._definitions.children(path).values():
            for name, type_ in element.properties().items():
                fields |= self._element(element, name, type_)
        if path == "Reference":
            fields["resource"] = _field(self._resource, TARGET, "", _TARGET_ARGUMENTS)
        return fields

    def _element(self, element: Element, name: str, type_: TypeRef) -> Fields:
        if self._definitions.is_primitive(type_.code):
            return self._primitive(element, name, type_.code)
        if type_.code == "Resource":
            inner: GraphQLObjectType | GraphQLInterfaceType = self._resource
        else:
            inner = self._object(self._path_inside(element, type_))
        if not element.is_array:
            return {name: GraphQLField(inner)}
        arguments = {**self._filters(element, type_), **POSITION}
        return {name: GraphQLField(GraphQLList(inner), arguments)}

    def _primitive(self, element: Element, name: str, code: str) -> Fields:
        # R4's name for what _birthDate and its like hold: id and extension.
        own, more = scalar(code), self._type("ElementBase", partial(self._elements, "Element"))
        if name == "id":
            return {name: GraphQLField(own)}
        if element.is_array:
            return {
                name: GraphQLField(GraphQLList(own)),
                f"_{name}": GraphQLField(GraphQLList(more)),
            }
        return {name: GraphQLField(own), f"_{name}": GraphQLField(more)}

    def _path_inside(self, element: Element, type_: TypeRef) -> str:
        if element.content_reference:
            return element.content_reference
        return element.path if type_.code in NESTED else type_.code

    def _filters(self, element: Element, type_: TypeRef) -> Arguments:
        """Give the elements inside that a list can be filtered by: those with one simple value."""
        if type_.code == "Resource":
            return {}
        inside = self._definitions.children(self._path_inside(element, type_))
        return {
            name: _one(inner.code)
            for child in inside.values()
            for name, inner in child.properties().items()
            if self._definitions.is_primitive(inner.code) and not child.is_choice
        }


_TARGET_ARGUMENTS: Arguments = {
    "optional": GraphQLArgument(GraphQLBoolean),
    "type": GraphQLArgument(GraphQLList(scalar("code"))),
}


@dataclass(frozen=True, slots=True)
class Lookup:
    """What a field asks the store for; kept in its ``extensions``.

    Args:
        kind: `READ`, `SEARCH_LIST`, `SEARCH_CONNECTION` or `TARGET`.
        resource_type: of what is looked up; empty for any.
    """

    kind: str
    resource_type: str


def lookup(field: GraphQLField) -> Lookup | None:
    """Tell what a field asks the store for; None for one whose value is at hand."""
    found: Lookup | None = field.extensions.get("lookup")
    return found


def _field(
    type_: GraphQLOutputType, kind: str, resource_type: str, arguments: Arguments
) -> GraphQLField:
    extensions = {"lookup": Lookup(kind, resource_type)}
    return GraphQLField(type_, arguments, extensions=extensions)


def _without(arguments: Arguments, names: Iterable[str]) -> Arguments:
    return {name: each for name, each in arguments.items() if name not in names}


def _kind(parameter: Parameter) -> str:
    return "string" if parameter.type == "special" else parameter.type


# Arguments are many and alike: one object serves all of a kind.
@cache
def _one(kind: str) -> GraphQLArgument:
    return GraphQLArgument(scalar(kind))


@cache
def _several(kind: str) -> GraphQLArgument:
    return GraphQLArgument(GraphQLList(scalar(kind)))
