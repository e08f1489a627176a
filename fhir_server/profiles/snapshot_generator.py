"""Makes the snapshot of a profile from its base and its differential.

Source: https://hl7.org/fhir/R4/profiling.html#snapshot,
https://hl7.org/fhir/R4/elementdefinition.html#interpretation
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from fhir_server.fhir.outcome import Issue
from fhir_server.profiles.core_snapshots import BY_URL, STRUCTURES, SYSTEM
from fhir_server.profiles.element_merging import merged, problems
from fhir_server.profiles.element_tree import (
    ElementDefinition,
    Node,
    Step,
    flat,
    steps_of,
    tree,
)

Resource = Mapping[str, Any]
# Gives a StructureDefinition with its snapshot, by canonical.
Find = Callable[[str], Resource | None]

# Far more than any profile needs; a differential may not make more work than this.
MAX_DEPTH = 40
MAX_ELEMENTS = 20_000

_BY_TYPE = {
    "discriminator": [{"type": "type", "path": "$this"}],
    "ordered": False,
    "rules": "open",
}


class _Misfit(Exception):
    """An element of the differential has no place in the base; the text says why."""


@dataclass(frozen=True, slots=True)
class Generated:
    """What came of a generation.

    Args:
        definition: the StructureDefinition with its snapshot; None where there is none to make.
        issues: what is wrong with it; the snapshot is then not to be used.
    """

    definition: dict[str, Any] | None
    issues: tuple[Issue, ...] = ()


def generate(definition: Resource, find: Find) -> Generated:
    """Give a StructureDefinition with the snapshot that its differential makes of its base.

    Args:
        definition: a constraint on another StructureDefinition; it is not changed.
        find: gives the base and the profiles of types, each with its snapshot.

    Returns:
        The definition, and issues that point to the differential: an unknown base, an element the
        base doesn't have, a cardinality that is wider, a type that is not allowed.
    """
    base_url = str(definition.get("baseDefinition", ""))
    base = find(base_url) if base_url else None
    if base is None:
        known = f"The base {base_url} is not known here, or can't be enforced itself."
        text = known if base_url else "It names no base."
        return _refused(text, "baseDefinition")
    if base.get("type") != definition.get("type") and not _is_any(base):
        text = f"The base is about {base.get('type')}, this profile about {definition.get('type')}."
        return _refused(text, "type")
    root = tree(base.get("snapshot", {}).get("element", ()))
    if root is None:
        return _refused("The base has no snapshot.", "baseDefinition")
    generation = _Generation(definition, root, find)
    generation.apply()
    if generation.issues:
        return Generated(None, tuple(generation.issues))
    snapshot = {"element": list(flat(root))}
    return Generated({**_without_snapshot(definition), "snapshot": snapshot})


def _without_snapshot(definition: Resource) -> dict[str, Any]:
    return {key: value for key, value in definition.items() if key != "snapshot"}


def _is_any(base: Resource) -> bool:
    return base.get("type") in ("Resource", "DomainResource", "Element")


def _refused(text: str, element: str) -> Generated:
    return Generated(
        None, (Issue("error", "business-rule", text, f"StructureDefinition.{element}"),)
    )


class _Place(NamedTuple):
    """Where a walk through the tree has come.

    Args:
        node: the element.
        inherited: what of it may not be widened.
        steps: that led there.
        sliced: what the node slices, where it is a slice.
    """

    node: Node
    inherited: ElementDefinition
    steps: tuple[Step, ...]
    sliced: Node | None = None


class _Generation:
    """One snapshot in the making."""

    def __init__(self, definition: Resource, root: Node, find: Find) -> None:
        self.issues: list[Issue] = []
        self._profile = str(definition.get("url", ""))
        self._type = root.name = str(definition.get("type", ""))
        differential = definition.get("differential")
        elements = differential.get("element", ()) if isinstance(differential, dict) else ()
        self._differential: Sequence[ElementDefinition] = elements
        self._steps = list(steps_of(elements))
        self._named = _names_by_parent(self._steps)
        self._root = root
        self._find = find
        self._room = MAX_ELEMENTS

    def apply(self) -> None:
        """Lay all elements of the differential over the base."""
        for number, element in enumerate(self._differential):
            try:
                self._apply(self._steps[number], element, number)
            except _Misfit as misfit:
                self._say(number, f"{element.get('path')}: {misfit}.")

    def _say(self, number: int, text: str) -> None:
        place = f"StructureDefinition.differential.element[{number}]"
        self.issues.append(Issue("error", "business-rule", text, place))

    def _apply(self, steps: Sequence[Step], element: ElementDefinition, number: int) -> None:
        if steps[0].name != self._type:
            raise _Misfit(f"the path begins with another type than {self._type}")
        if len(steps) > MAX_DEPTH:
            raise _Misfit(f"more than {MAX_DEPTH} levels can't be handled")
        place = _Place(self._root, self._root.element, (steps[0],))
        for depth, step in enumerate(steps[1:], start=2):
            place = self._below(place, step, opens=depth == len(steps))
        for text in problems(place.inherited, element, self._is_a):
            self._say(number, f"{element.get('path')}: {text}.")
        place.node.element = merged(place.node.element, element, self._profile)

    def _below(self, place: _Place, step: Step, *, opens: bool) -> _Place:
        """Go a step down; what may be made on the way is made."""
        node, steps = place.node, (*place.steps, step)
        if not node.children:
            self._unfold(place)
        child = node.child(step.name)
        if child is None:
            child, step = self._by_type(place, step)
        if not step.slice_name:
            return _Place(child, child.element, steps)
        outer = child
        if "/" in step.slice_name:
            outer = child.slice(step.slice_name.rpartition("/")[0]) or child
        slice_ = child.slice(step.slice_name)
        if slice_ is not None:
            return _Place(slice_, slice_.element, steps, outer)
        if not opens and not child.is_choice:
            raise _Misfit(f"there is no slice {step.slice_name} before this")
        slice_ = self._slice(outer, step.slice_name)
        inherited = {key: v for key, v in slice_.element.items() if key != "sliceName"}
        return _Place(slice_, inherited, steps, outer)

    def _by_type(self, place: _Place, step: Step) -> tuple[Node, Step]:
        """Find a choice by a name that has the type in it, such as ``valueQuantity``."""
        for child in place.node.children:
            stem = child.name.removesuffix("[x]")
            code = _type_in(step.name, stem, child.element) if child.is_choice else None
            if code is None:
                continue
            if len(child.element["type"]) == 1:
                return child, Step(child.name)
            if child.slice(step.name) is not None:
                return child, Step(child.name, step.name)
            others = self._named[place.steps]
            named = [name for name in others if _type_in(name, stem, child.element)]
            if step.slice_name or len(named) > 1:
                return child, Step(child.name, step.slice_name or step.name)
            # A name like this alone, and no slice, leaves the choice with this type only.
            types = [each for each in child.element["type"] if each["code"] == code]
            child.element = {**child.element, "type": types}
            return child, Step(child.name)
        raise _Misfit(f"there is no element {step.name} there")

    def _slice(self, sliced: Node, slice_name: str) -> Node:
        """Open a new slice."""
        if "slicing" not in sliced.element:
            sliced.element = {**sliced.element, "slicing": _implied_slicing(sliced)}
        inherited = {key: v for key, v in sliced.element.items() if key != "slicing"}
        own = {**inherited, "min": 0, "sliceName": slice_name}
        if sliced.is_choice:
            code = _type_in(slice_name, sliced.name.removesuffix("[x]"), sliced.element)
            if code is not None:
                own["type"] = [each for each in inherited["type"] if each["code"] == code]
        slice_ = Node(sliced.name, own)
        sliced.slices.append(slice_)
        self._take(1)
        return slice_

    def _unfold(self, place: _Place) -> None:
        """Give a node the children of its type, or of what it refers to."""
        node, sliced = place.node, place.sliced
        reference = node.element.get("contentReference")
        if reference:
            source = self._referred_to(str(reference).rpartition("#")[2])
            kept = {key: v for key, v in node.element.items() if key != "contentReference"}
            node.element = {**kept, "type": source.element.get("type", [])}
        elif sliced is not None and sliced.children and _types_of(sliced) == _types_of(node):
            source = sliced
        else:
            source = self._definition_of(node)
        node.children = source.copied_children()
        self._take(_size(node))

    def _definition_of(self, node: Node) -> Node:
        """Give the tree of a node's type, or of the one profile on it."""
        types = node.element.get("type", ())
        if len(types) != 1:
            raise _Misfit("the element may have several types: choose one before what is in it")
        profiles = types[0].get("profile", ())
        if len(profiles) == 1:
            root = self._tree(profiles[0])
            if root is None:
                text = f"its profile {profiles[0]} is not known here, so what is in it neither"
                raise _Misfit(text)
            return root
        code = _fhir_type(types[0])
        root = self._tree(f"{STRUCTURES}{code}")
        if root is None:
            raise _Misfit(f"the type {code} is not known here")
        return root

    def _referred_to(self, path: str) -> Node:
        """Give what a contentReference leads to, as R4 defines it."""
        here = self._tree(f"{STRUCTURES}{path.partition('.')[0]}")
        for name in path.split(".")[1:]:
            here = here.child(name) if here is not None else None
        if here is None:
            raise _Misfit(f"the reference to {path} leads nowhere")
        return here

    def _tree(self, url: str) -> Node | None:
        definition = self._find(url)
        return None if definition is None else tree(definition["snapshot"]["element"])

    def _take(self, elements: int) -> None:
        self._room -= elements
        if self._room < 0:
            raise _Misfit(f"the snapshot would have more than {MAX_ELEMENTS} elements")

    def _is_a(self, code: str, ancestor: str) -> bool:
        for _ in range(MAX_DEPTH):
            if code == ancestor:
                return True
            definition = self._find(f"{STRUCTURES}{code}")
            if definition is None:
                return False
            code = str(definition.get("baseDefinition", "")).removeprefix(STRUCTURES)
        return False


def _names_by_parent(all_steps: Sequence[Sequence[Step]]) -> dict[tuple[Step, ...], set[str]]:
    """Give the names of elements that the differential speaks of, by where they stand."""
    named: dict[tuple[Step, ...], set[str]] = defaultdict(set)
    for steps in all_steps:
        for depth in range(1, len(steps)):
            named[tuple(steps[:depth])].add(steps[depth].name)
    return named


def _implied_slicing(sliced: Node) -> Mapping[str, Any]:
    if sliced.name in ("extension", "modifierExtension"):
        return BY_URL
    if sliced.is_choice:
        return _BY_TYPE
    raise _Misfit("there is no slicing before this slice, which would say what tells it apart")


def _types_of(node: Node) -> Any:
    return node.element.get("type")


def _type_in(name: str, stem: str, element: ElementDefinition) -> str | None:
    """Give the type that a name like ``valueQuantity`` names, of those a choice may have."""
    for type_ in element.get("type", ()):
        code = str(type_.get("code", ""))
        if name == f"{stem}{code[:1].upper()}{code[1:]}":
            return code
    return None


def _fhir_type(type_: Mapping[str, Any]) -> str:
    code = str(type_.get("code", ""))
    if not code.startswith(SYSTEM):
        return code
    named = (each.get("valueUrl") for each in type_.get("extension", ()))
    return next((str(each) for each in named if each), "string")


def _size(node: Node) -> int:
    return sum(1 + _size(each) for each in (*node.children, *node.slices))
