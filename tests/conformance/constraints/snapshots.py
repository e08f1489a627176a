"""A snapshot as a tree: elements, their slices, and where a resource has them.

Written from the specification and not from the validator's own reading of snapshots, so that the two
check each other. https://hl7.org/fhir/R4/profiling.html#slicing, elementdefinition.html#id
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
# A way through JSON: names and positions.
Place = tuple[str | int, ...]


@dataclass(eq=False)
class Node:
    """One element of a snapshot, or one slice of it.

    Args:
        element: the ElementDefinition.
        parent: the element around it; None for the root.
        sliced: for a slice, the element it is a slice of.
        slice: its name; empty for an element that is no slice.
    """

    element: Json
    parent: Node | None = None
    sliced: Node | None = None
    slice: str = ""
    own: dict[str, Node] = field(default_factory=dict)
    slices: dict[str, Node] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return str(self.element["id"])

    @property
    def name(self) -> str:
        return str(self.element["path"]).rsplit(".", 1)[-1].removesuffix("[x]")

    @property
    def is_choice(self) -> bool:
        return str(self.element["path"]).endswith("[x]")

    @property
    def is_array(self) -> bool:
        base = self.element.get("base", {}).get("max", self.element["max"])
        return str(base) not in ("0", "1")

    @property
    def types(self) -> list[Json]:
        return list(self.element.get("type", []))

    @property
    def children(self) -> dict[str, Node]:
        """Its elements; a slice has those of the sliced element too."""
        inherited = self.sliced.children if self.sliced else {}
        return {**inherited, **self.own}

    def value(self, *prefixes: str) -> tuple[str, Any] | None:
        """Give key and value of ``fixed…``, ``pattern…`` or the like."""
        for key, value in self.element.items():
            if any(key.startswith(prefix) for prefix in prefixes):
                return key, value
        return None

    def walk(self) -> Iterator[Node]:
        yield self
        for each in (*self.slices.values(), *self.own.values()):
            yield from each.walk()


def tree(definition: Mapping[str, Any]) -> Node:
    """Read a snapshot."""
    nodes: dict[str, Node] = {}
    root: Node | None = None
    for element in definition["snapshot"]["element"]:
        around, _, last = str(element["id"]).rpartition(".")
        name, _, slice_ = last.partition(":")
        parent = nodes.get(around)
        node = Node(element, parent, slice=slice_)
        if parent is None:
            root = root or node
        elif slice_:
            outer, _, _ = slice_.rpartition("/")
            node.sliced = nodes[f"{around}.{name}:{outer}" if outer else f"{around}.{name}"]
            node.sliced.slices[slice_] = node
        else:
            parent.own[node.name] = node
        nodes[str(element["id"])] = node
    assert root is not None
    return root


def at(value: Any, place: Place) -> Any:
    """Give what stands at a place."""
    for step in place:
        value = value[step]
    return value


def expression(root: str, place: Place, choices: Mapping[str, str]) -> str:
    """Give the FHIRPath of a place.

    Args:
        root: the resource type.
        place: the place.
        choices: element names by the JSON names of choice elements: ``valueCode`` is ``value``.
    """
    text = root
    for step in place:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            name = step.removeprefix("_")
            text += f".{choices.get(name, name)}"
    return text


def keys(node: Node, value: Mapping[str, Any]) -> list[str]:
    """Give the JSON names under which an object has an element."""
    if not node.is_choice:
        return [key for key in (node.name, f"_{node.name}") if key in value][:1]
    names = [f"{node.name}{t['code'][:1].upper()}{t['code'][1:]}" for t in all_types(node)]
    return [name for name in names if name in value]


def all_types(node: Node) -> list[Json]:
    """Give the types of an element, for a slice those of the whole choice."""
    return node.sliced.types if node.sliced is not None else node.types


def places(node: Node, resource: Json, root: Place = ()) -> list[Place]:
    """Give where a resource has an element or slice.

    Args:
        node: the element.
        resource: the resource.
        root: where the root of the snapshot stands in it.
    """
    if node.parent is None:
        return [root]
    found: list[Place] = []
    for around in places(node.parent, resource, root):
        value = object_at(resource, around)
        if value is None:
            continue
        inside, at_object = value
        for key in keys(node, inside):
            items = inside[key]
            listed = (
                [(*at_object, key, index) for index in range(len(items))]
                if isinstance(items, list)
                else [(*at_object, key)]
            )
            found += [place for place in listed if belongs(node, at(resource, place), key)]
    return found


def object_at(resource: Json, place: Place) -> tuple[Json, Place] | None:
    """Give the object whose properties are the children of what stands at a place.

    For a primitive that is the object beside it, if there is one.
    """
    value = at(resource, place)
    if isinstance(value, dict):
        return value, place
    beside = beside_of(place)
    *around, name = beside[:-1] if isinstance(beside[-1], int) else beside
    holder = at(resource, tuple(around))
    if name not in holder:
        return None
    found = at(resource, beside)
    return (found, beside) if isinstance(found, dict) else None


def beside_of(place: Place) -> Place:
    """Give where the id and the extensions of a primitive value stand."""
    *around, last = place
    if isinstance(last, int):
        *outer, name = around
        return (*outer, f"_{str(name).removeprefix('_')}", last)
    return (*around, f"_{last.removeprefix('_')}")


def belongs(node: Node, value: Any, key: str = "") -> bool:
    """Tell whether a value is of a slice, by the discriminators."""
    if node.sliced is None:
        return True
    if node.sliced.slice and not belongs(node.sliced, value, key):
        return False
    slicing = node.sliced.element.get("slicing", {})
    return all(_selects(node, d, value, key) for d in slicing.get("discriminator", []))


def _selects(node: Node, discriminator: Json, value: Any, key: str) -> bool:
    kind, path = discriminator["type"], discriminator["path"]
    if kind == "type" and path == "$this":
        codes = [str(t["code"]) for t in node.types]
        return any(
            key.endswith(f"{code[:1].upper()}{code[1:]}")
            or (isinstance(value, dict) and value.get("resourceType") == code)
            for code in codes
        )
    found = list(_values(value, path))
    inner = _inner(node, path)
    if kind == "exists":
        assert inner is not None
        return bool(found) == (inner.element["min"] > 0)
    wanted = _wanted(node, path)
    if wanted is None:
        return False
    return any(contains(each, wanted) for each in found)


def _inner(node: Node, path: str) -> Node | None:
    inner: Node | None = node
    for name in [] if path == "$this" else path.split("."):
        inner = inner.children.get(name) if inner else None
    return inner


def _wanted(node: Node, path: str) -> Any:
    """Give the fixed value or pattern that a discriminator looks for."""
    profiles = [url for t in node.types for url in t.get("profile", [])]
    if path == "url" and profiles:
        return profiles[0]
    steps = [] if path == "$this" else path.split(".")
    for depth in range(len(steps), -1, -1):
        inner = _inner(node, ".".join(steps[:depth]) or "$this")
        stated = inner.value("fixed", "pattern") if inner else None
        if stated is None:
            continue
        remaining = list(_values(stated[1], ".".join(steps[depth:]) or "$this"))
        if remaining:
            return remaining[0]
    return None


def _values(value: Any, path: str) -> Iterator[Any]:
    found = [value]
    for name in [] if path == "$this" else path.split("."):
        inside = [each[name] for each in found if isinstance(each, dict) and name in each]
        found = [x for each in inside for x in (each if isinstance(each, list) else [each])]
    yield from found


def contains(value: Any, pattern: Any) -> bool:
    """Tell whether a value has what a pattern asks for (elementdefinition.html#pattern)."""
    if isinstance(pattern, dict):
        return isinstance(value, dict) and all(
            key in value and contains(value[key], wanted) for key, wanted in pattern.items()
        )
    if isinstance(pattern, list):
        return isinstance(value, list) and all(
            any(contains(each, wanted) for each in value) for wanted in pattern
        )
    return bool(value == pattern)
