"""Compiles the slicing of an element.

Source: https://hl7.org/fhir/R4/profiling.html#slicing, https://hl7.org/fhir/R4/profiling.html#reslicing
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from fhir_server.profiles.elements import Element
from fhir_server.profiles.plans.discriminator_paths import Spot
from fhir_server.profiles.plans.discriminators import Discriminators
from fhir_server.profiles.plans.instruments import Instruments
from fhir_server.profiles.plans.parts import Checks, Together, uncompiled
from fhir_server.profiles.plans.problems import Uncompilable
from fhir_server.profiles.plans.slices import (
    Matches,
    Slice,
    Sort,
    by_constant,
    by_matches,
    sliced,
)
from fhir_server.profiles.snapshot import DEFAULT_SLICE, Node

_EXTENSIONS = ("extension", "modifierExtension")
_BY_URL = {"discriminator": [{"type": "value", "path": "url"}]}
_BY_TYPE = {"discriminator": [{"type": "type", "path": "$this"}]}


class Slicings:
    """Compiles the slicings of one profile.

    Args:
        with_: what it is compiled with.
        checks: gives what a node asks of each value.
    """

    def __init__(self, with_: Instruments, checks: Callable[[Node, Element], Checks]) -> None:
        self._with = with_
        self._source = with_.source
        self._checks = checks
        self._discriminators = Discriminators(with_.definitions, with_.codes, with_.others.conforms)

    def together(self, node: Node, base: Element) -> Iterator[Together]:
        """Give what the slices of a node ask of its values."""
        slicing = _slicing(node, base)
        nodes = {name: n for name, n in node.slices.items() if name != DEFAULT_SLICE}
        slices = [self._slice(name, each, base) for name, each in nodes.items()]
        problems: list[str] = []
        sort = self._sort(node, list(nodes.items()), base, slicing, problems)
        for text in problems:
            yield uncompiled(self._source, "slicing", text)
        default = node.slices.get(DEFAULT_SLICE)
        # Where a slice can't be recognised, its values would be taken for those of none.
        complete = not problems
        yield sliced(
            self._source,
            [each if complete else _without_min(each) for each in slices],
            sort,
            default=self._slice(DEFAULT_SLICE, default, base) if default and complete else None,
            rules=slicing.get("rules", "open") if complete else "open",
            ordered=slicing.get("ordered", False) and complete,
        )

    def _slice(self, name: str, node: Node, base: Element) -> Slice:
        most = node.max
        narrower = most is not None and (base.max is None or most < base.max)
        return Slice(
            name=name,
            min=node.min,
            max=most if narrower else None,
            checks=self._checks(node, base) if most != 0 else {},
            together=tuple(self.together(node, base)) if node.slices else (),
        )

    def _sort(
        self,
        node: Node,
        nodes: Sequence[tuple[str, Node]],
        base: Element,
        slicing: Mapping[str, Any],
        problems: list[str],
    ) -> Sort:
        discriminators = slicing.get("discriminator", ())
        spots = [_start(each, base) for _, each in nodes]
        if len(discriminators) == 1:
            constants = self._constants(spots, discriminators[0])
            if constants is not None:
                return by_constant(discriminators[0]["path"], constants)
        matches: list[Matches | None] = []
        for (name, each), spot in zip(nodes, spots, strict=True):
            try:
                matches.append(self._discriminators.matches(spot, discriminators))
            except Uncompilable as error:
                text = f"The slice '{name}' can't be told from others: {error}."
                self._with.problems.add(each if each.position >= 0 else node, "", text)
                problems.append(text)
                matches.append(None)
        return by_matches(matches)

    def _constants(
        self, spots: Sequence[Spot], discriminator: Mapping[str, str]
    ) -> dict[str, int] | None:
        """Give the text that tells each slice, where texts do."""
        constants: dict[str, int] = {}
        for number, spot in enumerate(spots):
            text = self._discriminators.constant(spot, discriminator)
            if text is None:
                return None
            constants.setdefault(text, number)
        return constants


def _slicing(node: Node, base: Element) -> Mapping[str, Any]:
    """Give how slices are told apart: where nothing is said, extensions by url, choices by type."""
    found: Mapping[str, Any] = node.element.get("slicing", {})
    if found.get("discriminator"):
        return found
    if base.name in _EXTENSIONS:
        return {**found, **_BY_URL}
    return {**found, **_BY_TYPE} if base.is_choice else found


def _start(node: Node, base: Element) -> Spot:
    types = tuple(type_ref.code for type_ref in base.properties().values())
    path: str | None = base.path
    if base.is_choice:
        own = tuple(type_["code"] for type_ in node.types)
        types = tuple(code for code in types if code in own) or types
        path = types[0] if len(types) == 1 else None
    elif types[0] in ("Resource", "DomainResource"):
        path = node.types[0]["code"] if len(node.types) == 1 else types[0]
    return Spot((node,), types, path, lambda item, _run: [item])


def _without_min(slice_: Slice) -> Slice:
    return Slice(slice_.name, 0, slice_.max, slice_.checks, slice_.together)
