"""Index entries of a resource: what searches will find it by.

The paths of all parameters of a type are merged into one tree, so that one walk down the
resource finds the values of all of them and absent elements cost nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from zoneinfo import ZoneInfo

from fhir_server.profiles.definitions import Definitions
from fhir_server.search import labels, ranges, tokens
from fhir_server.search.collecting import Collector, Emit, Found, Value
from fhir_server.search.composites import composite_emitter
from fhir_server.search.parameters import STORED, Parameter, Parameters
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
from fhir_server.search.values import emitter, referred
from fhir_server.search.words import Words


@dataclass(frozen=True, slots=True)
class IndexEntries:
    """Index entries of one resource.

    Args:
        tokens: what is looked up by equality or by prefix; spelled in `fhir_server.search.tokens`.
        keys: sort keys by name, made unique by the id at their end. ``P<`` is a parameter's
            smallest value, ``P>`` the end of its greatest range; ``P<month``, ``P<year`` and
            ``P<long`` repeat ``P<`` for ranges that are not short.
        ranges: by parameter, every range; a quantity's with its system|code, code and unit. Of a
            composite: low, high, system|code, code, unit (empty without one), low and high of a
            second range (empty without one), then the token part as ``=code`` and as
            ``;system|code``.
        words: of the narrative as ``n:word``, those that only stand elsewhere as ``c:word``.
        position: longitude and latitude.
        revision: of the search state whose parameters these are.
        facts: what is counted about the resource; empty where nothing is.
        labels: whose it is and whom it is about, spelled as tokens; see `search.labels`.
    """

    tokens: list[str]
    keys: dict[str, str]
    ranges: dict[str, list[list[str]]]
    words: list[str] = field(default_factory=list)
    position: tuple[float, float] | None = None
    revision: int = 0
    facts: Mapping[str, Any] = field(default_factory=dict)
    labels: list[str] = field(default_factory=list)


# Gives the facts that are counted about a resource (docs/adr/0011-facts-beside-the-resource.md).
FactsOf = Callable[[dict[str, Any]], Mapping[str, Any]]


def no_facts(_: dict[str, Any]) -> Mapping[str, Any]:
    """Count nothing."""
    return {}


class Indexer:
    """Makes index entries.

    Args:
        definitions: the search parameters and the types they apply to.
        zone: what dates without a zone are local to.
        base_url: the server's own address; references to it are local.
        full_text: whether the words of resources are indexed.
        revision: of the search state that the definitions are of.
        facts_of: gives the facts that are counted about a resource.
        label_rules: say whose a resource is; None labels nothing.
    """

    def __init__(
        self,
        definitions: Definitions,
        zone: ZoneInfo,
        base_url: str,
        *,
        full_text: bool = True,
        revision: int = 0,
        facts_of: FactsOf = no_facts,
        label_rules: labels.LabelRules | None = None,
    ) -> None:
        self._label_rules = label_rules
        self._compartment = _compartment(definitions)
        self._revision = revision
        self._facts_of = facts_of
        self._parameters = Parameters(definitions, full_text=full_text)
        self._words = Words(definitions) if full_text else None
        self._zone = zone
        self._base_url = base_url
        self._trees: dict[str, _Node] = {}

    def supported_parameters(self, resource_type: str) -> Mapping[str, Parameter]:
        """Give the parameters that resources of a type are indexed by, by code."""
        return self._parameters.of(resource_type)

    def index(self, resource: dict[str, Any], id_: str) -> IndexEntries:
        """Give the entries of a resource.

        Args:
            resource: valid R4.
            id_: ``Type/id``; ends the sort keys.
        """
        collector = self._walked(resource, resource)
        collector.add(*(f">{target}" for target in sorted(referred(resource, self._base_url))))
        for contained in _contained(resource):
            self._add_contained(contained, collector)
        words = self._words.of(resource) if self._words else []
        made = _entries(collector, id_, words, self._revision, self._facts_of(resource))
        return replace(made, labels=self._labels(resource, made.tokens))

    def _labels(self, resource: dict[str, Any], found: list[str]) -> list[str]:
        if self._label_rules is None:
            return []
        type_ = resource["resourceType"]
        # A Task is in nobody's compartment, and about somebody all the same.
        names = self._compartment.get(type_) or {f"{type_}.patient", f"{type_}.subject"}
        return labels.said_by(self._label_rules, resource, found, names).spelled(type_)

    def _walked(self, resource: dict[str, Any], container: dict[str, Any]) -> Collector:
        collector = Collector(container, self._zone, self._base_url)
        collector.add(resource["resourceType"])
        _visit(self._tree(resource["resourceType"]), resource, collector)
        return collector

    def _add_contained(self, contained: dict[str, Any], into: Collector) -> None:
        """Let the container be found by what a contained resource says."""
        own = self._walked(contained, into.resource)
        into.add(*(f"{tokens.CONTAINED}{token}" for token in own.tokens))
        for name, texts in own.texts.items():
            into.add(*(f"{tokens.CONTAINED}{name}{tokens.TEXT}{text}" for text in texts))
        for name, found in own.ranges.items():
            into.add(*(f"{tokens.CONTAINED}{name}{tokens.START}{low}" for low, *_ in found))

    def _tree(self, resource_type: str) -> _Node:
        tree = self._trees.get(resource_type)
        if tree is None:
            tree = _Node()
            for parameter in self._parameters.of(resource_type).values():
                if parameter.code not in STORED:
                    _plant(tree, parameter)
            self._trees[resource_type] = tree
        return tree


def _compartment(definitions: Definitions) -> dict[str, frozenset[str]]:
    """Give by type the names of the parameters by which it belongs to a patient's compartment."""
    found = definitions.compartment("Patient")
    if found is None:
        return {}
    return {
        type_: frozenset(f"{type_}.{code}" for code in codes)
        for type_, codes in found.parameters.items()
    }


@dataclass(slots=True)
class _Node:
    """A place in a resource: what to index there, and the places below."""

    emits: list[tuple[Emit, str]] = field(default_factory=list)
    fields: dict[str, _Node] = field(default_factory=dict)
    items: dict[int, _Node] = field(default_factory=dict)
    tests: list[tuple[Test, _Node]] = field(default_factory=list)
    computed: list[tuple[Test, _Node]] = field(default_factory=list)


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
        node = _below(node, step)
    return node


def _below(node: _Node, step: Step) -> _Node:
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


def _visit(node: _Node, value: Value, collector: Collector) -> None:
    for emit, name in node.emits:
        emit(name, value, collector)
    if node.fields and type(value) is dict:
        fields = node.fields
        for key, inner in value.items():
            below = fields.get(key)
            if below is not None:
                _descend(below, inner, collector)
    for test, below in node.tests:
        if test(value, collector.resource):
            _visit(below, value, collector)
    for test, below in node.computed:
        _visit(below, test(value, collector.resource), collector)


def _descend(node: _Node, value: Value, collector: Collector) -> None:
    if type(value) is not list:
        _visit(node, value, collector)
        return
    for item in value:
        if item is not None:
            _visit(node, item, collector)
    for number, below in node.items.items():
        if number < len(value):
            _visit(below, value[number], collector)


def _contained(resource: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Give the contained resources."""
    found = resource.get("contained")
    for each in found if isinstance(found, list) else ():
        if isinstance(each, dict) and isinstance(each.get("resourceType"), str):
            yield each


def _entries(
    collector: Collector,
    id_: str,
    words: list[str],
    revision: int,
    facts: Mapping[str, Any],
) -> IndexEntries:
    keys: dict[str, str] = {}
    for name, texts in collector.texts.items():
        _add_texts(name, texts, id_, keys, collector)
    for name, found in collector.ranges.items():
        _add_ranges(name, found, id_, keys, collector)
    by_key = {
        name.replace(".", ":"): [list(entry) for entry in sorted(found)]
        for name, found in (*collector.ranges.items(), *collector.pairs.items())
    }
    return IndexEntries(
        list(collector.tokens), keys, by_key, words, collector.position, revision, facts
    )


def _add_texts(
    name: str, texts: set[str], id_: str, keys: dict[str, str], collector: Collector
) -> None:
    listed = sorted(texts)
    if len(listed) > 1:
        collector.add(*(f"{name}{tokens.TEXT}{text}" for text in listed))
    keys[f"{name.replace('.', ':')}<"] = tokens.NEXT.join([*listed, id_])


def _add_ranges(
    name: str, found: set[Found], id_: str, keys: dict[str, str], collector: Collector
) -> None:
    low, high = next(iter(found))[:2]
    if len(found) > 1:
        collector.add(*(f"{name}{tokens.START}{entry[0]}" for entry in sorted(found)))
        low, high = min(entry[0] for entry in found), max(entry[1] for entry in found)
    key = name.replace(".", ":")
    keys[f"{key}<"] = f"{low} {id_}"
    keys[f"{key}>"] = f"{high} {id_}"
    span = ranges.span("date" if low[:1].isdigit() else "number", low, high)
    if span:
        keys[f"{key}<{span}"] = f"{low} {id_}"
