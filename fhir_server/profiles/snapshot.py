"""The elements of a StructureDefinition's snapshot as a tree, slices beside what they slice.

Source: https://hl7.org/fhir/R4/elementdefinition.html#id,
https://hl7.org/fhir/R4/profiling.html#slicing
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Node:
    """One ElementDefinition with those below it.

    Args:
        name: the element's name, without ``[x]``.
        element: the ElementDefinition.
        children: by name.
        slices: by slice name.
    """

    name: str
    element: Mapping[str, Any]
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

    def value(self, prefix: str) -> Any:
        """Give ``fixed[x]`` or ``pattern[x]``; None where there is none."""
        for key, value in self.element.items():
            if key.startswith(prefix) and key[len(prefix) :][:1].isupper():
                return value
        return None


def tree(definition: Mapping[str, Any]) -> Node:
    """Give the root of a StructureDefinition's snapshot."""
    elements = definition["snapshot"]["element"]
    root = Node(definition["type"], elements[0])
    for element in elements[1:]:
        _insert(root, element)
    return root


def _insert(root: Node, element: Mapping[str, Any]) -> None:
    here = root
    steps = element["id"].split(".")[1:]
    for position, step in enumerate(steps):
        name, _, slice_name = step.partition(":")
        name = name.removesuffix("[x]")
        own = element if position == len(steps) - 1 else {}
        here = here.children.setdefault(name, Node(name, {} if slice_name else own))
        if slice_name:
            here = here.slices.setdefault(slice_name, Node(name, own))
