"""The elements of a StructureDefinition as a tree that can be changed, slices beside what they
slice.

Source: https://hl7.org/fhir/R4/elementdefinition.html#id
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

ElementDefinition = Mapping[str, Any]


class Step(NamedTuple):
    """One part of an element's id: ``value[x]:valueQuantity`` has a slice name, ``code`` none."""

    name: str
    slice_name: str = ""


@dataclass(slots=True)
class Node:
    """An ElementDefinition with those below it.

    Args:
        name: the element's name, with ``[x]`` for a choice.
        element: the ElementDefinition, never changed in place: nodes that are copies share it.
        children: in order.
        slices: in order; a slice's own slices are re-slices.
    """

    name: str
    element: ElementDefinition
    children: list[Node] = field(default_factory=list)
    slices: list[Node] = field(default_factory=list)

    @property
    def slice_name(self) -> str:
        """The name as a slice; empty for what is none."""
        return str(self.element.get("sliceName", ""))

    @property
    def is_choice(self) -> bool:
        """Whether the element may have one of several types in its name."""
        return self.name.endswith("[x]")

    def child(self, name: str) -> Node | None:
        """Give the child of a name, which for a choice may stand without ``[x]``."""
        for child in self.children:
            if child.name == name or child.name.removesuffix("[x]") == name:
                return child
        return None

    def slice(self, slice_name: str) -> Node | None:
        """Give the slice of a name, at any level of re-slicing."""
        for each in self.slices:
            if each.slice_name == slice_name:
                return each
            if slice_name.startswith(f"{each.slice_name}/"):
                return each.slice(slice_name)
        return None

    def copied_children(self) -> list[Node]:
        """Give copies of the children, with all below them."""
        return [child.copied() for child in self.children]

    def copied(self) -> Node:
        """Give a copy with all below it."""
        slices = [each.copied() for each in self.slices]
        return Node(self.name, self.element, self.copied_children(), slices)


def tree(elements: Iterable[ElementDefinition]) -> Node | None:
    """Build the tree of a snapshot; None of an empty one.

    What has no parent in the snapshot is left out: no element could be reached by it.
    """
    root: Node | None = None
    for steps, element in zip(steps_of(elements := list(elements)), elements, strict=True):
        if root is None:
            root = Node(steps[0].name, element)
        elif len(steps) > 1:
            _insert(root, steps[1:], element)
    return root


def flat(root: Node) -> Iterator[dict[str, Any]]:
    """List the elements of a tree in the order of a snapshot, with their ids and paths."""
    yield from _flat(root, "", "")


def steps_of(elements: Iterable[ElementDefinition]) -> Iterator[list[Step]]:
    """Give for each element of a snapshot or differential where it stands.

    By its id where that agrees with its path; otherwise by its path, and the slices opened by the
    elements before it.
    """
    open_slices: dict[str, str] = {}
    for element in elements:
        path, name = str(element.get("path", "")), str(element.get("sliceName", ""))
        for known in [p for p in open_slices if p == path or p.startswith(f"{path}.")]:
            del open_slices[known]
        if name:
            open_slices[path] = name
        steps = _steps_of_id(str(element.get("id", "")), path, name)
        yield steps if steps is not None else _steps_of_path(path, open_slices)


def _steps_of_id(id_: str, path: str, slice_name: str) -> list[Step] | None:
    steps = [Step(name, own) for name, _, own in (part.partition(":") for part in id_.split("."))]
    names = path.split(".")
    if len(steps) != len(names) or steps[-1].slice_name != slice_name:
        shorthand = not slice_name and steps[-1].name.endswith("[x]")
        if len(steps) != len(names) or not shorthand:
            return None
    agree = all(map(_same_name, steps, names))
    return steps if agree else None


def _same_name(step: Step, name: str) -> bool:
    stem = step.name.removesuffix("[x]")
    return name in (step.name, stem) or (step.name != stem and name.startswith(stem))


def _steps_of_path(path: str, open_slices: Mapping[str, str]) -> list[Step]:
    names = path.split(".")
    prefixes = (".".join(names[: depth + 1]) for depth in range(len(names)))
    return [
        Step(name, open_slices.get(prefix, ""))
        for name, prefix in zip(names, prefixes, strict=True)
    ]


def _insert(root: Node, steps: list[Step], element: ElementDefinition) -> None:
    here: Node | None = root
    for step in steps[:-1]:
        below = here.child(step.name) if here is not None else None
        here = below.slice(step.slice_name) if below is not None and step.slice_name else below
    last = steps[-1]
    if here is None:
        return
    sliced = here.child(last.name)
    if not last.slice_name:
        if sliced is None:
            here.children.append(Node(last.name, element))
        return
    if sliced is None:
        sliced = Node(last.name, {"min": 0, "max": "*"})
        here.children.append(sliced)
    outer = _resliced(sliced, last.slice_name)
    outer.slices.append(Node(sliced.name, {**element, "sliceName": last.slice_name}))


def _resliced(sliced: Node, slice_name: str) -> Node:
    """Give what a slice slices: the element, or for ``a/b`` its slice ``a``."""
    outer = sliced.slice(slice_name.rpartition("/")[0]) if "/" in slice_name else None
    return outer or sliced


def _flat(node: Node, parent_id: str, parent_path: str) -> Iterator[dict[str, Any]]:
    path = f"{parent_path}.{node.name}" if parent_path else node.name
    slice_name = node.slice_name
    own = f"{node.name}:{slice_name}" if slice_name else node.name
    id_ = f"{parent_id}.{own}" if parent_id else own
    yield {**node.element, "id": id_, "path": path}
    for child in node.children:
        yield from _flat(child, id_, path)
    for each in node.slices:
        yield from _flat(each, parent_id, parent_path)
