"""Discriminators: what of a value tells the slice that it is in.

A value in which a discriminator can't be evaluated is in no slice.

Source: https://hl7.org/fhir/R4/profiling.html#discriminator,
https://hl7.org/fhir/R4/valueset-discriminator-type.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from fhir_server.profiles.code_checks import CodeChecks
from fhir_server.profiles.definitions import Definitions
from fhir_server.profiles.plans.bindings import membership
from fhir_server.profiles.plans.discriminator_paths import Paths, Spot
from fhir_server.profiles.plans.matching import equals, fits, plain
from fhir_server.profiles.plans.problems import Uncompilable
from fhir_server.profiles.plans.reading import Item
from fhir_server.profiles.plans.run import Run
from fhir_server.profiles.plans.slices import Matches
from fhir_server.profiles.plans.targets import Conforms
from fhir_server.profiles.snapshot import Node
from fhir_server.profiles.value_sets import systems_of

_CORE = "http://hl7.org/fhir/StructureDefinition/"
# Tells whether a JSON value is what a profile fixes.
_Test = Callable[[Any], bool]


class Discriminators:
    """Makes matchers of the discriminators of slices.

    Args:
        definitions: R4's, and profiles.
        codes: for slices that a required binding tells apart.
        conforms: for slices that a profile tells apart.
    """

    def __init__(self, definitions: Definitions, codes: CodeChecks, conforms: Conforms) -> None:
        self._definitions = definitions
        self._codes = codes
        self._conforms = conforms
        self._paths = Paths(definitions)

    def matches(self, start: Spot, discriminators: Iterable[Mapping[str, str]]) -> Matches:
        """Give what tells whether a value is in a slice.

        Args:
            start: the slice.
            discriminators: of the sliced element; a value must satisfy each.

        Raises:
            Uncompilable: one of them can't be evaluated for this slice.
        """
        found = [self._one(start, each) for each in discriminators]
        if not found:
            raise Uncompilable("the slicing has no discriminator")
        if len(found) == 1:
            return found[0]
        return lambda item, run: all(match(item, run) for match in found)

    def constant(self, start: Spot, discriminator: Mapping[str, str]) -> str | None:
        """Give the text that alone tells a slice, where it stands right below the value.

        Returns:
            None where the discriminator is of another kind.
        """
        path = discriminator.get("path", "")
        if discriminator.get("type") not in ("value", "pattern") or not path.isalpha():
            return None
        if any(node.value("fixed") or node.value("pattern") for node in start.nodes):
            return None
        element = self._definitions.children(start.path).get(path) if start.path else None
        if element is None or element.is_array or element.is_choice:
            return None
        for node in self._paths.below(start.nodes, path):
            value = node.value("fixed") or node.value("pattern")
            if value is not None:
                return value if isinstance(value, str) else None
        return _url_of_profile(start.nodes) if path == "url" else None

    def _one(self, start: Spot, discriminator: Mapping[str, str]) -> Matches:
        kind, path = discriminator.get("type"), discriminator.get("path", "")
        if kind in ("value", "pattern"):
            return self._value(start, path)
        spot = self._paths.follow(path, start)
        if kind == "exists":
            return _exists(spot, path)
        if kind == "type":
            return self._type(spot, path)
        if kind == "profile":
            return self._profile(spot, path)
        raise Uncompilable(f"there is no discriminator of type '{kind}'")

    def _value(self, start: Spot, path: str) -> Matches:
        """Compare what the path leads to; or what it passes, where more is fixed there."""
        spot = before = start
        steps = [] if path == "$this" else _split(path)
        for step in ["$this", *steps]:
            spot, before = self._paths.follow(step, spot), spot
            test = self._fixed(spot.nodes)
            if test is not None:
                return _any(spot, test)
        test = self._deep(spot.nodes)
        if test is None and steps[-1:] == ["system"]:
            test = self._of_bound_system(before.nodes)
        if test is None and path == "url":
            url = _url_of_profile(start.nodes)
            test = None if url is None else lambda value: bool(value == url)
        if test is None:
            raise Uncompilable(f"nothing is fixed at '{path}' that would tell the slice")
        return _any(spot, test)

    def _of_bound_system(self, nodes: Sequence[Node]) -> _Test | None:
        """Compare with the systems of the value set that a Coding is bound to."""
        for node in nodes:
            binding = node.element.get("binding", {})
            if binding.get("strength") == "required" and "valueSet" in binding:
                systems = systems_of(self._definitions, binding["valueSet"])
                if systems:
                    return lambda value: value in systems
        return None

    def _fixed(self, nodes: Sequence[Node]) -> _Test | None:
        for node in nodes:
            fixed, pattern = node.value("fixed"), node.value("pattern")
            if fixed is not None:
                return _equal_to(plain(fixed))
            if pattern is not None:
                return _fitting(plain(pattern))
        return None

    def _deep(self, nodes: Sequence[Node]) -> _Test | None:
        """Compare with what is fixed below, or bound."""
        for node in nodes:
            test = self._bound(node) or self._below(node)
            if test is not None:
                return test
        return None

    def _bound(self, node: Node) -> _Test | None:
        binding = node.element.get("binding", {})
        if binding.get("strength") != "required" or "valueSet" not in binding:
            return None
        return membership(self._codes, binding["valueSet"])

    def _below(self, node: Node) -> _Test | None:
        tests = []
        for name, child in node.children.items():
            nodes = (child, *child.slices.values())
            test = self._fixed(nodes) or next(filter(None, map(self._below, nodes)), None)
            if test is not None:
                tests.append(_in_property(name, test))
        return (lambda value: all(test(value) for test in tests)) if tests else None

    def _type(self, spot: Spot, path: str) -> Matches:
        types = self._types(spot)
        if not types:
            raise Uncompilable(f"no type is named at '{path}' that would tell the slice")
        lineage = self._definitions.lineage

        def match(item: Item, run: Run) -> bool:
            found = [code for _, _, code, _ in spot.walk(item, run)]
            return any(
                code in types or (_is_resource(code) and not types.isdisjoint(lineage(code)))
                for code in found
            )

        def _is_resource(code: str) -> bool:
            return self._definitions.is_resource_type(code)

        return match

    def _types(self, spot: Spot) -> frozenset[str]:
        for node in spot.nodes:
            if spot.resolved:
                urls = [url for type_ in node.types for url in type_.get("targetProfile", ())]
                types = [self._target_type(url) for url in urls]
            else:
                types = [type_["code"] for type_ in node.types]
            if types:
                return frozenset(type_ for type_ in types if type_)
        return frozenset()

    def _target_type(self, url: str) -> str | None:
        definition = self._definitions.conformance("StructureDefinition", url)
        if definition is not None:
            return str(definition["type"])
        name = url.partition("|")[0].removeprefix(_CORE)
        return name if self._definitions.is_resource_type(name) else None

    def _profile(self, spot: Spot, path: str) -> Matches:
        key = "targetProfile" if spot.resolved else "profile"
        urls = [u for node in spot.nodes for t in node.types for u in t.get(key, ())]
        if not urls:
            raise Uncompilable(f"no profile is named at '{path}' that would tell the slice")
        for url in urls:
            if self._target_type(url) is None:
                raise Uncompilable(f"the profile {url}, which would tell the slice, is not known")

        def match(item: Item, run: Run) -> bool:
            found = [value for value, _, _, _ in spot.walk(item, run) if isinstance(value, dict)]
            return any(self._conforms(value, url, run) for value in found for url in urls)

        return match


def _exists(spot: Spot, path: str) -> Matches:
    for node in spot.nodes:
        if node.max == 0:
            return lambda item, run: not spot.walk(item, run)
        if node.min:
            return lambda item, run: bool(spot.walk(item, run))
    raise Uncompilable(f"'{path}' is neither required nor prohibited, which would tell the slice")


def _any(spot: Spot, test: _Test) -> Matches:
    walk = spot.walk
    return lambda item, run: any(test(value) for value, _, _, _ in walk(item, run))


def _equal_to(fixed: Any) -> _Test:
    return lambda value: equals(value, fixed)


def _fitting(pattern: Any) -> _Test:
    return lambda value: fits(value, pattern)


def _in_property(name: str, test: _Test) -> _Test:
    def holds(value: Any) -> bool:
        inner = value.get(name) if isinstance(value, dict) else None
        if isinstance(inner, list):
            return any(test(item) for item in inner)
        return inner is not None and test(inner)

    return holds


def _url_of_profile(nodes: Sequence[Node]) -> str | None:
    urls = [url.partition("|")[0] for node in nodes for url in node.profiles()]
    return urls[0] if urls else None


def _split(path: str) -> list[str]:
    """Give the steps of a path; dots inside parentheses are part of a step."""
    steps, depth = [""], 0
    for sign in path:
        depth += {"(": 1, ")": -1}.get(sign, 0)
        if sign == "." and depth == 0:
            steps.append("")
        else:
            steps[-1] += sign
    return steps
