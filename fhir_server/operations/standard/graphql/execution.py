"""Carries out a query.

The values of elements are at hand as soon as a resource is. What must be asked of the store
(references, searches) is collected over all resources of a level and asked together, so that the
number of searches follows the query and not the data. graphql-core's own executor can't do
either that without asyncio, or the directives that change the shape of an answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    is_abstract_type,
)
from graphql.execution.values import VariableValues

from fhir_server.fhir.outcome import FhirError, invalid, not_found
from fhir_server.fhir.reference import type_named
from fhir_server.interactions.context import Context
from fhir_server.operations.standard.graphql.introspection import META_FIELDS, Introspection
from fhir_server.operations.standard.graphql.limits import Allowance
from fhir_server.operations.standard.graphql.output import Output, Place
from fhir_server.operations.standard.graphql.plan import Plan, chosen, plan, sliced
from fhir_server.operations.standard.graphql.references import References, missing
from fhir_server.operations.standard.graphql.schema import (
    READ,
    SEARCH_CONNECTION,
    SEARCH_LIST,
    TARGET,
)
from fhir_server.operations.standard.graphql.searches import REFERENCE, Searches
from fhir_server.operations.standard.graphql.selection import Fields, Selections

Resource = dict[str, Any]
Path = tuple[str | int, ...]


class Located(Exception):
    """An error in one field.

    Args:
        error: what is wrong.
        asked: the field.
        path: where it is in the answer.
    """

    def __init__(self, error: FhirError, asked: Plan, path: Path) -> None:
        super().__init__(str(error))
        self.error, self.asked, self.path = error, asked, path


@dataclass(frozen=True, slots=True)
class _At:
    """An object of the answer: what it shows, and where.

    Args:
        source: the JSON object.
        container: the resource whose contained resources it may refer to.
        place: where its fields go.
        path: where it is in the answer.
    """

    source: Resource
    container: Resource
    place: Place
    path: Path


class Execution:
    """One run of one operation.

    Args:
        context: the request.
        schema: which fields there are.
        document: the operation's, with the fragments.
        variables: their values.
    """

    def __init__(
        self,
        context: Context,
        schema: GraphQLSchema,
        document: DocumentNode,
        variables: VariableValues,
    ) -> None:
        fragments = {
            node.name.value: node
            for node in document.definitions
            if isinstance(node, FragmentDefinitionNode)
        }
        self._schema = schema
        self._allowance = Allowance()
        self._selections = Selections(schema, fragments, variables)
        self._introspection = Introspection(schema, self._selections, self._allowance.take_object)
        self._references = References(context, self._allowance)
        self._searches = Searches(context, self._allowance)
        self._plans: dict[int, Plan] = {}
        self._waiting: list[tuple[Plan, _At]] = []

    def run(self, operation: OperationDefinitionNode, root: Resource | None) -> Resource:
        """Give the data.

        Args:
            operation: what to run.
            root: the resource in scope; None for the whole system.

        Raises:
            Located: a field can't be answered.
            FhirError: 403 for too much.
        """
        query = self._schema.query_type
        assert query is not None  # noqa: S101 - for mypy; every schema here has one
        output, source = Output(), root or {}
        fields = self._selections.collected([operation.selection_set], query)
        self._object(query, fields, _At(source, source, Place(output), ()))
        while self._waiting:
            waiting, self._waiting = self._waiting, []
            self._look_up(waiting)
        return output.values

    def _object(self, type_: GraphQLObjectType, fields: Fields, at: _At) -> None:
        self._allowance.take_object(len(fields))
        for key, nodes in fields.items():
            name = nodes[0].name.value
            if name == "__typename":
                at.place.put(key, "String", [type_.name], listed=False, single=False)
            elif name in META_FIELDS:
                at.place.output.values[key] = self._introspection.field(nodes)
            else:
                asked = self._plans.get(id(nodes))
                if asked is None:
                    asked = plan(key, nodes, type_, self._selections.variables)
                    self._plans[id(nodes)] = asked
                self._field(asked, at)

    def _field(self, asked: Plan, at: _At) -> None:
        if asked.lookup is not None:
            if not asked.shape.flatten and not asked.shape.path:
                at.place.reserve(asked.key)
            self._waiting.append((asked, at))
            return
        try:
            values = chosen(asked, at.source.get(asked.name))
            self._emit(asked, at, values, own=asked.name != "contained")
        except FhirError as error:
            raise Located(error, asked, (*at.path, asked.key)) from None

    def _emit(self, asked: Plan, at: _At, values: list[Any] | None, *, own: bool) -> None:
        """Put the values of a field into the answer.

        Args:
            asked: the field.
            at: the object it belongs to.
            values: None for an element that is not there.
            own: resources among them have contained resources of their own.
        """
        if asked.shape.first and values:
            values = values[:1]
        if asked.shape.path:
            for suffix, part in sliced(asked, values or ()).items():
                place = replace(at.place, suffix=at.place.suffix + suffix)
                self._emit_here(asked, replace(at, place=place), part, own)
        else:
            self._emit_here(asked, at, values, own)

    def _emit_here(self, asked: Plan, at: _At, values: list[Any] | None, own: bool) -> None:
        path = (*at.path, asked.key)
        if asked.shape.flatten:
            inside = at.place.inside("", asked.listed)
            for index, value in enumerate(values or ()):
                self._inside(asked, at, value, inside, (*path, index), own)
            return
        if asked.leaf or values is None:
            rendered = values
            for value in values or ():
                self._allowance.take_text(value)
        else:
            rendered = [
                self._rendered(asked, at, value, (*path, index) if asked.listed else path, own)
                for index, value in enumerate(values)
            ]
        listed, single = asked.listed, asked.shape.singleton
        at.place.put(asked.key, asked.type.name, rendered, listed=listed, single=single)

    def _rendered(self, asked: Plan, at: _At, value: Any, path: Path, own: bool) -> Any:
        if value is None:
            return None
        output = Output()
        self._inside(asked, at, value, Place(output), path, own)
        return output.values

    def _inside(
        self, asked: Plan, at: _At, value: Any, place: Place, path: Path, own: bool
    ) -> None:
        if not isinstance(value, dict):
            return
        type_: Any = asked.type
        if is_abstract_type(type_):
            type_ = self._schema.type_map[value["resourceType"]]
        container = value if own and "resourceType" in value else at.container
        fields = self._selections.inside(asked.nodes, type_)
        self._object(type_, fields, _At(value, container, place, path))

    def _look_up(self, waiting: Sequence[tuple[Plan, _At]]) -> None:
        """Ask the store for what fields of one level need, and put it into the answer."""
        self._references.load(
            found for asked, at in waiting if (found := _reference(asked, at)) is not None
        )
        together = self._together(waiting)
        for asked, at in waiting:
            try:
                values = self._found(asked, at, together.get(id(asked)))
                contained = str(at.source.get("reference", "")).startswith("#")
                own = not (contained and asked.lookup and asked.lookup.kind == TARGET)
                self._emit(asked, at, values, own=own)
            except FhirError as error:
                raise Located(error, asked, (*at.path, asked.key)) from None

    def _together(
        self, waiting: Sequence[tuple[Plan, _At]]
    ) -> dict[int, dict[str, list[Resource]]]:
        """Search for what refers to the resources of a level, once for each field."""
        focuses: dict[int, tuple[Plan, _At, list[_At]]] = {}
        for asked, at in waiting:
            if asked.lookup and asked.lookup.kind == SEARCH_LIST and REFERENCE in asked.arguments:
                focuses.setdefault(id(asked), (asked, at, []))[2].append(at)
        found = {}
        for key, (asked, at, sources) in focuses.items():
            try:
                names = [_focus(each) for each in sources]
                found[key] = self._searches.listed_for(_type(asked), asked.arguments, names)
            except FhirError as error:
                raise Located(error, asked, (*at.path, asked.key)) from None
        return found

    def _found(
        self, asked: Plan, at: _At, together: dict[str, list[Resource]] | None
    ) -> list[Any] | None:
        kind = asked.lookup.kind if asked.lookup else ""
        if kind == TARGET:
            return self._target(asked, at)
        if kind == READ:
            return [self._one(asked)]
        if together is not None:
            return together[_focus(at)]
        if kind == SEARCH_LIST:
            return self._searches.listed(_type(asked), asked.arguments)
        assert kind == SEARCH_CONNECTION  # noqa: S101 - there are no others
        focus = _focus(at) if REFERENCE in asked.arguments else None
        counted = self._selects(asked, "count")
        return [self._searches.connection(_type(asked), asked.arguments, focus, counted=counted)]

    def _selects(self, asked: Plan, name: str) -> bool:
        type_: Any = asked.type
        inside = self._selections.inside(asked.nodes, type_)
        return any(nodes[0].name.value == name for nodes in inside.values())

    def _one(self, asked: Plan) -> Resource:
        reference = _named(asked)
        found = self._references.resolve(reference, {}) if "/" in reference else None
        if found is None:
            raise not_found(_type(asked))
        return found

    def _target(self, asked: Plan, at: _At) -> list[Any] | None:
        reference, types = at.source.get("reference"), asked.arguments.get("type")
        named = type_named(reference) if isinstance(reference, str) else None
        if types and named and named not in types:
            return None
        found = None
        if isinstance(reference, str):
            found = self._references.resolve(reference, at.container)
        if found is None:
            if asked.arguments.get("optional"):
                return None
            raise missing(reference)
        return None if types and found["resourceType"] not in types else [found]


def _type(asked: Plan) -> str:
    return asked.lookup.resource_type if asked.lookup else ""


def _named(asked: Plan) -> str:
    return f"{_type(asked)}/{asked.arguments.get('id')}"


def _focus(at: _At) -> str:
    """Give the reference to the resource that a search inside it is about.

    Raises:
        FhirError: 400 inside a contained resource, which has no address of its own.
    """
    if at.container is not at.source:
        raise invalid("Nothing can refer to a contained resource from outside: ask elsewhere.")
    return f"{at.source.get('resourceType')}/{at.source.get('id')}"


def _reference(asked: Plan, at: _At) -> str | None:
    """Give the reference that a field follows, or the resource it names."""
    kind = asked.lookup.kind if asked.lookup else ""
    if kind == READ:
        return _named(asked)
    if kind != TARGET:
        return None
    found = at.source.get("reference")
    return found if isinstance(found, str) and not found.startswith("#") else None
