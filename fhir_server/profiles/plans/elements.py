"""Compiles the elements of a profile: those with something to check, and no others.

Source: https://hl7.org/fhir/R4/profiling.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fhir_server.profiles.elements import Element, TypeRef
from fhir_server.profiles.plans.constraints import Constraints
from fhir_server.profiles.plans.instruments import Instruments, profile_check
from fhir_server.profiles.plans.parts import (
    Cardinality,
    Checks,
    Named,
    Part,
    Together,
    counted,
    inside,
    inside_primitive,
    part,
    prohibited,
    resource_part,
    typed,
)
from fhir_server.profiles.plans.reading import reader
from fhir_server.profiles.plans.run import Place, Run
from fhir_server.profiles.plans.slicings import Slicings
from fhir_server.profiles.plans.values import Check
from fhir_server.profiles.snapshot import Node, find

_RESOURCES = ("Resource", "DomainResource")
# Types whose elements are defined where they are used.
_IN_LINE = ("BackboneElement", "Element")


class Elements:
    """Compiles the elements of one profile.

    Args:
        with_: what it is compiled with.
        root: of its snapshot.
    """

    def __init__(self, with_: Instruments, root: Node) -> None:
        self._with = with_
        self._definitions = with_.definitions
        self._source = with_.source
        self._root = root
        self._constraints = Constraints(with_)
        self._slicings = Slicings(with_, self.checks)
        self._contents: dict[int, list[Check]] = {}

    def at_the_top(self) -> list[Check]:
        """Give what the profile asks of what it is on."""
        type_ref = TypeRef(self._root.name)
        found = list(self._constraints.on_value(self._root, None, type_ref))
        found += self._constraints.invariants(self._root, self._root.name)
        found += self._inside(self._root, self._root.name)
        return found

    def checks(self, node: Node, base: Element) -> Checks:
        """Give what a node asks of each value of an element, by type."""
        if _holds_resources(base):
            return self._of_resources(node, base)
        found: dict[str, Sequence[Check]] = {}
        for type_ref in self._allowed(node, base):
            found[type_ref.code] = tuple(self._of_type(node, base, type_ref))
        return {code: checks for code, checks in found.items() if checks}

    def _of_type(self, node: Node, base: Element, type_ref: TypeRef) -> Iterator[Check]:
        in_line = type_ref.code in _IN_LINE and not base.is_choice
        path = base.path if in_line else type_ref.code
        yield from self._constraints.on_value(node, base, type_ref)
        yield from self._constraints.invariants(node, path)
        yield from self._inside(node, path)
        yield from self._of_content(node, path)

    def _of_resources(self, node: Node, base: Element) -> Checks:
        """Give what is asked of resources; what holds for any stands under the empty name."""
        checks: dict[str, list[Check]] = {"": []}
        codes = [t["code"] for t in node.types if self._is_type(t["code"])] or ["Resource"]
        for type_ in node.types:
            if type_.get("profile"):
                check = profile_check(self._source, self._with.others, type_["profile"])
                checks.setdefault(_any_or(type_["code"]), []).append(check)
        path = codes[0] if len(codes) == 1 else "Resource"
        found = [*self._constraints.invariants(node, path), *self._inside(node, path)]
        checks.setdefault(_any_or(path), []).extend(found)
        return {code: tuple(found) for code, found in checks.items() if found}

    def _inside(self, node: Node, path: str) -> Iterator[Check]:
        """Give what a node asks of the elements inside it."""
        base = self._definitions.children(path)
        primitive = self._definitions.is_primitive(path)
        parts: list[Named] = []
        for child, element in self._children(node, base, primitive=primitive):
            made = self._part(child, element)
            if made is not None:
                name = "" if element.is_choice or _asks_for(child, element) else element.name
                parts.append((name, f"_{name}", made))
        if parts:
            yield inside_primitive(parts) if primitive else inside(parts)
        if primitive and "value" in node.children:
            yield from self._constraints.content(node.children["value"], path)

    def _children(
        self, node: Node, base: Mapping[str, Element], *, primitive: bool
    ) -> Iterator[tuple[Node, Element]]:
        """Give the nodes below one with R4's elements; renamed choices under their own name."""
        renamed = {name: e for e in base.values() if e.is_choice for name in e.properties()}
        children = {name: child for name, child in node.children.items() if name in base}
        for name, child in node.children.items():
            if name in renamed and name not in base:
                self._rename(child, name, renamed[name], children)
            elif name not in base and child.max != 0 and not (primitive and name == "value"):
                text = f"R4 does not define the element '{name}' here."
                # What is asked of such an element is never asked: R4 refuses it.
                self._with.problems.add(child, "path", text, "error" if child.min else "warning")
        for name, child in children.items():
            yield child, base[name]

    @staticmethod
    def _rename(child: Node, name: str, element: Element, children: dict[str, Node]) -> None:
        """Read ``valueQuantity`` as ``value[x]`` of that type, or as a slice beside others."""
        type_ = {"code": element.properties()[name].code}
        own = {**child.element, "type": [child.types[0] if child.types else type_]}
        again = Node(element.name, own, child.position, child.children, child.slices)
        if element.name in children:
            children[element.name].slices.setdefault(name, again)
        else:
            children[element.name] = again

    def _part(self, node: Node, base: Element) -> Part | None:
        read, step = reader(self._definitions, base), f".{base.name}"
        what = f"{base.name}[x]" if base.is_choice else base.name
        if node.max == 0:
            return prohibited(self._source, read, what, step)
        checks = self.checks(node, base)
        together = list(self._together(node, base, what))
        if not checks and not together:
            return None
        make = resource_part if _holds_resources(base) else part
        return make(read, step, checks, together)

    def _together(self, node: Node, base: Element, what: str) -> Iterator[Together]:
        """Give what a node asks of all the values of an element."""
        limits = _cardinality(node, base)
        if limits.min or limits.max is not None:
            yield counted(self._source, limits, what)
        types = self._types(node, base)
        if types:
            yield typed(self._source, types, what)
        if node.slices:
            yield from self._slicings.together(node, base)

    def _types(self, node: Node, base: Element) -> list[str]:
        """Give the types that a profile leaves; none where it leaves all."""
        if _holds_resources(base):
            return self._resource_types(node)
        if not base.is_choice:
            return []
        left = [type_ref.code for type_ref in self._allowed(node, base)]
        return left if len(left) < len(base.types) else []

    def _resource_types(self, node: Node) -> list[str]:
        codes = [type_["code"] for type_ in node.types if self._is_type(type_["code"])]
        if not codes or "Resource" in codes:
            return []
        lineage = self._definitions.lineage
        types = self._definitions.resource_types
        return [name for name in types if not set(codes).isdisjoint(lineage(name))]

    def _is_type(self, code: str) -> bool:
        return code in _RESOURCES or self._definitions.is_resource_type(code)

    def _allowed(self, node: Node, base: Element) -> list[TypeRef]:
        """Give the types that a profile leaves to an element."""
        known = list(base.properties().values())
        codes = {type_["code"] for type_ in node.types}
        if not base.is_choice or not codes:
            return known
        strange = codes - {type_ref.code for type_ref in known}
        if strange:
            text = f"R4 does not give this element the type {', '.join(sorted(strange))}."
            self._with.problems.add(node, "type", text)
        return [type_ref for type_ref in known if type_ref.code in codes]

    def _of_content(self, node: Node, path: str) -> Iterator[Check]:
        """Give what a profile asks of elements whose content it defines elsewhere.

        A reference to R4's own definition, by absolute URL, asks no more than R4.
        """
        reference = node.element.get("contentReference", "")
        if not reference.startswith("#") or node.children:
            return
        target = find(self._root, reference[1:])
        if target is None:
            text = f"The content reference {reference} leads to no element of this profile."
            self._with.problems.add(node, "contentReference", text)
        elif id(target) in self._contents:
            yield _later(self._contents[id(target)])
        else:
            checks = self._contents[id(target)] = []
            checks += self._inside(target, path)
            if checks:
                yield _later(checks)


def _later(checks: list[Check]) -> Check:
    """Give a check that may stand inside itself: content is defined once and met at any depth."""

    def check(value: Any, extension: Any, place: Place, run: Run) -> None:
        for one in checks:
            one(value, extension, place, run)

    return check


def _cardinality(node: Node, base: Element) -> Cardinality:
    most = node.max
    narrower = most is not None and (base.max is None or most < base.max)
    return Cardinality(node.min if node.min > base.min else 0, most if narrower else None)


def _asks_for(node: Node, base: Element) -> bool:
    """Tell whether a node may ask for its element where there is none."""
    if _cardinality(node, base).min:
        return True
    return any(slice_.min or slice_.slices for slice_ in node.slices.values())


def _holds_resources(base: Element) -> bool:
    return bool(base.types) and base.types[0].code in _RESOURCES


def _any_or(type_code: str) -> str:
    return "" if type_code in _RESOURCES else type_code
