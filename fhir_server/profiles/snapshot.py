"""The elements of a StructureDefinition's snapshot as a tree, slices beside what they slice.

Source: https://hl7.org/fhir/R4/elementdefinition.html#id,
https://hl7.org/fhir/R4/profiling.html#slicing
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

DEFAULT_SLICE = "@default"


@dataclass(slots=True, eq=False)
class Node:
    """One ElementDefinition with those below it.

    Args:
        name: the element's name, without ``[x]``.
        element: the ElementDefinition; empty where the snapshot leaves it out.
        position: in the snapshot; -1 where it is left out.
        children: by name.
        slices: by slice name; of a slice, those it is sliced into again.
    """

    name: str
    element: Mapping[str, Any]
    position: int = -1
    children: dict[str, Node] = field(default_factory=dict)
    slices: dict[str, Node] = field(default_factory=dict)

    @property
    def min(self) -> int:
        """The least number of times the element must be there."""
        return int(self.element.get("min", 0))

    @property
    def max(self) -> int | None:
        """The most it may be there; None for no limit."""
        limit = self.element.get("max", "*")
        return None if limit == "*" else int(limit)

    @property
    def types(self) -> Sequence[Mapping[str, Any]]:
        """Its types, as the ElementDefinition has them."""
        found: Sequence[Mapping[str, Any]] = self.element.get("type", ())
        return found

    def value(self, prefix: str) -> Any:
        """Give ``fixed[x]``, ``pattern[x]``, ``minValue[x]``…; None where there is none."""
        length = len(prefix)
        for key, value in self.element.items():
            if key[:length] == prefix and key[length : length + 1].isupper():
                return value
        return None

    def profiles(self) -> list[str]:
        """Give the profiles that its types name."""
        return [url for type_ in self.types for url in type_.get("profile", ())]


def tree(definition: Mapping[str, Any]) -> Node:
    """Give the root of a StructureDefinition's snapshot.

    Raises:
        KeyError: it has no snapshot.
    """
    elements = definition["snapshot"]["element"]
    root = Node(definition["type"], elements[0], 0)
    for position, steps in enumerate(_steps(elements)):
        if position:
            _insert(root, steps, elements[position], position)
    return root


def find(root: Node, element_id: str) -> Node | None:
    """Give the node with an element id, such as ``Questionnaire.item``; None where none has it."""
    here: Node | None = root
    for step in element_id.split(".")[1:]:
        name, _, slice_name = step.partition(":")
        here = here and here.children.get(name.removesuffix("[x]"))
        if slice_name:
            here = here and here.slices.get(slice_name)
    return here


def _steps(elements: Sequence[Mapping[str, Any]]) -> Iterator[list[str]]:
    """Give the steps of each element's id; made from path and slice name where it has none."""
    last: dict[str, str] = {}
    for element in elements:
        path = element.get("path", "")
        element_id = element.get("id") or _id(element, path, last)
        last[path] = element_id
        yield element_id.split(".")[1:]


def _id(element: Mapping[str, Any], path: str, last: Mapping[str, str]) -> str:
    above, dot, name = path.rpartition(".")
    part = f":{element['sliceName']}" if "sliceName" in element else ""
    return f"{last.get(above, above)}{dot}{name}{part}"


def _insert(root: Node, steps: Sequence[str], element: Mapping[str, Any], position: int) -> None:
    here = root
    for step in steps[:-1]:
        here = _below(here, step)
    here = _below(here, steps[-1]) if steps else here
    here.element, here.position = element, position


def _below(above: Node, step: str) -> Node:
    name, _, slice_name = step.partition(":")
    name = name.removesuffix("[x]")
    here = _kept(above.children, name, name)
    if not slice_name:
        return here
    # `a/b` slices the slice `a` again.
    cuts = [i for i, sign in enumerate(slice_name) if sign == "/"]
    for cut in cuts:
        here = here.slices.get(slice_name[:cut], here)
    return _kept(here.slices, slice_name, name)


def _kept(nodes: dict[str, Node], key: str, name: str) -> Node:
    found = nodes.get(key)
    if found is None:
        found = nodes[key] = Node(name, {})
    return found
