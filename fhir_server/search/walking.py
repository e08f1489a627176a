"""The one walk down a resource: finds what is searched by, and the texts whose words are.

What search parameters look at is a tree of places; where texts stand follows from the types of
R4 and has no end, as extensions may hold anything. Both are joined into places that are made when
something is first met there, so that each resource is walked once, whatever is looked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fhir_server.search.collecting import Collector, Emit, Value
from fhir_server.search.composites import composite_emitter
from fhir_server.search.parameters import Parameter
from fhir_server.search.paths import (
    Computed,
    Field,
    FromResource,
    Item,
    Location,
    Step,
    Test,
    Where,
)
from fhir_server.search.values import emitter
from fhir_server.search.words import RESOURCE, Words


@dataclass(slots=True)
class _Node:
    """A place that parameters look at: what to index there, and the places below."""

    emits: list[tuple[Emit, str]] = field(default_factory=list)
    fields: dict[str, _Node] = field(default_factory=dict)
    items: dict[int, _Node] = field(default_factory=dict)
    tests: list[tuple[Test, _Node]] = field(default_factory=list)
    computed: list[tuple[Test, _Node]] = field(default_factory=list)


class Place:
    """A place in a resource: what parameters look at there, and what texts stand below.

    Args:
        node: what parameters look at.
        path: by which `Words` knows the texts below; empty where none are read.
    """

    __slots__ = ("below", "by_type", "computed", "emits", "items", "node", "path", "tests")

    def __init__(self, node: _Node, path: str = "") -> None:
        self.node = node
        self.path = path
        self.emits = tuple(node.emits)
        # Other views of a value that is walked already: its texts are not read again.
        self.items = [(number, Place(each)) for number, each in node.items.items()]
        self.tests = [(test, Place(each)) for test, each in node.tests]
        self.computed = [(test, Place(each)) for test, each in node.computed]
        # By JSON property, whether its strings are read and the place it leads to; made when
        # something is first met here.
        self.below: _Below | None = None
        self.by_type: dict[str, Place] = {}


_Below = dict[str, tuple[bool, Place | None]]
_NOTHING = _Node()


class Walk:
    """Walks down the resources of one type.

    Args:
        resource_type: the type.
        parameters: what they are searched by.
        words: knows which texts are read; None where none are.
    """

    def __init__(
        self, resource_type: str, parameters: Iterable[Parameter], words: Words | None
    ) -> None:
        tree = _Node()
        for parameter in parameters:
            _plant(tree, parameter)
        self._words = words
        self._start = Place(tree, resource_type if words else "")
        # Where no parameter looks, texts are all there is: by their path, however one got there.
        self._texts: dict[str, Place] = {}

    def down(self, resource: Mapping[str, Any], into: Collector) -> None:
        """Gather what stands in a resource."""
        self._visit(self._start, resource, into)

    def _visit(self, place: Place, value: Value, into: Collector) -> None:
        for emit, name in place.emits:
            emit(name, value, into)
        if type(value) is dict:
            below = place.below
            if below is None:
                below = self._below(place, value)
            # Often there is nothing to look for: a Period has no text but in extensions.
            if not below.keys().isdisjoint(value):
                self._enter(below, value, into)
        if place.tests:
            for test, other in place.tests:
                if test(value, into.resource):
                    self._visit(other, value, into)
        if place.computed:
            for test, other in place.computed:
                self._visit(other, test(value, into.resource), into)

    def _enter(self, below: _Below, value: dict[str, Any], into: Collector) -> None:
        for key, inner in value.items():
            found = below.get(key)
            if found is None:
                continue
            reads, place = found
            if type(inner) is not list:
                if reads and type(inner) is str:
                    into.words[inner] = None
                if place is not None:
                    self._visit(place, inner, into)
                continue
            if reads:
                into.words.update([(each, None) for each in inner if type(each) is str])
            if place is not None:
                for item in inner:
                    if item is not None:
                        self._visit(place, item, into)
                for number, other in place.items:
                    if number < len(inner):
                        self._visit(other, inner[number], into)

    def _below(self, place: Place, value: dict[str, Any]) -> _Below:
        if place.path == RESOURCE:
            return self._below(self._of_type(place, str(value.get("resourceType"))), value)
        if place.below is None:
            place.below = self._grown(place)
        return place.below

    def _of_type(self, place: Place, resource_type: str) -> Place:
        """Give the place of a resource inside another, whose type only itself tells."""
        if self._words is None or not self._words.is_type(resource_type):
            resource_type = ""
        return place.by_type.setdefault(resource_type, Place(place.node, resource_type))

    def _grown(self, place: Place) -> _Below:
        read, paths = self._words.texts(place.path) if self._words and place.path else ((), {})
        fields = place.node.fields
        return {
            name: (name in read, self._place(fields.get(name), paths.get(name, "")))
            for name in (*fields, *paths, *read)
        }

    def _place(self, node: _Node | None, path: str) -> Place | None:
        if node is not None:
            return Place(node, path)
        return self._texts.setdefault(path, Place(_NOTHING, path)) if path else None


def _plant(tree: _Node, parameter: Parameter) -> None:
    composite = composite_emitter(parameter) if parameter.parts else None
    for location in parameter.locations:
        emit = composite or emitter(parameter.kind, location.type)
        assert emit is not None  # noqa: S101 - Parameters keeps no other locations
        entry = (emit, parameter.name)
        leaf = _leaf(tree, location)
        if entry not in leaf.emits:
            leaf.emits.append(entry)


def _leaf(node: _Node, location: Location) -> _Node:
    for step in location.steps:
        node = _next(node, step)
    return node


def _next(node: _Node, step: Step) -> _Node:
    match step:
        case Field(name):
            return node.fields.setdefault(name, _Node())
        case Item(number):
            return node.items.setdefault(number, _Node())
        case Where(test):
            node.tests.append((test, _Node()))
            return node.tests[-1][1]
        case Computed(test):
            node.computed.append((test, _Node()))
            return node.computed[-1][1]
        case FromResource():
            return node  # only ever inside a test, which follows its own steps
