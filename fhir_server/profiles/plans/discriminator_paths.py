"""Paths of discriminators: from a value to what tells its slice, in the value and in the profile.

They are a small part of FHIRPath: ``$this``, names, ``extension('url')``, ``resolve()`` and
``ofType(X)``.

Source: https://hl7.org/fhir/R4/profiling.html#discriminator
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fhir_server.profiles.definitions import Definitions
from fhir_server.profiles.plans.problems import Uncompilable
from fhir_server.profiles.plans.reading import Item, reader, resource_type
from fhir_server.profiles.plans.run import Run
from fhir_server.profiles.plans.targets import type_of
from fhir_server.profiles.snapshot import Node, tree

Walk = Callable[[Item, Run], list[Item]]

_STEP = re.compile(
    r"\$this|resolve\(\)|extension\(\s*['\"](?P<url>[^'\"]+)['\"]\s*\)"
    r"|ofType\(\s*(?:FHIR\.)?(?P<type>\w+)\s*\)|(?P<name>[A-Za-z]\w*)(?:\[x\])?"
)


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a path has come to.

    Args:
        nodes: what the profile says about this place, the nearest first.
        types: the types that values here may have.
        path: where the elements below are defined; None where the types differ.
        walk: leads from a value of the sliced element here.
        resolved: whether a reference was followed: types are then those of its targets.
    """

    nodes: tuple[Node, ...]
    types: tuple[str, ...]
    path: str | None
    walk: Walk
    resolved: bool = False


class Paths:
    """Follows the paths of discriminators.

    Args:
        definitions: R4's, and the profiles that others name.
    """

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions

    def follow(self, path: str, start: Spot) -> Spot:
        """Give where a path leads.

        Raises:
            Uncompilable: it is no path of a discriminator, or names what is not defined.
        """
        here = start
        for match in _steps(path):
            text = match[0]
            if text == "resolve()":
                here = self._resolve(here)
            elif match["url"]:
                here = self._extension(here, match["url"])
            elif match["type"]:
                here = self._of_type(here, match["type"])
            elif text != "$this":
                here = self._child(here, match["name"])
        return here

    def below(self, nodes: Sequence[Node], name: str) -> tuple[Node, ...]:
        """Give what a profile says about an element below: itself, in slices, in type profiles."""
        found = [node.children[name] for node in nodes if name in node.children]
        sliced = [inner for node in found for inner in node.slices.values()]
        for root in (root for node in nodes for root in self.profile_trees(node)):
            found += [root.children[name]] if name in root.children else []
        return (*found, *sliced)

    def profile_trees(self, node: Node) -> Iterator[Node]:
        """Give the roots of the profiles that the types of an element name."""
        for url in node.profiles():
            definition = self._definitions.conformance("StructureDefinition", url)
            if definition is not None and "snapshot" in definition:
                yield tree(definition)

    def _child(self, here: Spot, name: str) -> Spot:
        element = self._definitions.children(here.path).get(name) if here.path else None
        if element is None:
            raise Uncompilable(f"'{name}' is not an element of {' or '.join(here.types)}")
        read = reader(self._definitions, element)
        types = tuple(type_ref.code for type_ref in element.properties().values())
        nodes = self.below(here.nodes, name)
        if types in (("Resource",), ("DomainResource",)):
            path = next((t["code"] for node in nodes for t in node.types), types[0])
        else:
            path = element.path if not element.is_choice else _only(types)

        def walk(item: Item, run: Run) -> list[Item]:
            return [
                inner
                for value, extension, _, place in here.walk(item, run)
                for inner in read(_holder(value, extension), place)
            ]

        return Spot(nodes, types, path, walk)

    def _extension(self, here: Spot, url: str) -> Spot:
        spot = self._child(here, "extension")
        nodes = tuple(
            node for node in spot.nodes if node.position >= 0 and self._has_url(node, url)
        )

        def walk(item: Item, run: Run) -> list[Item]:
            return [
                each
                for each in spot.walk(item, run)
                if isinstance(each[0], dict) and each[0].get("url") == url
            ]

        return replace(spot, nodes=nodes, walk=walk)

    def _has_url(self, node: Node, url: str) -> bool:
        child = node.children.get("url")
        return url in [u.partition("|")[0] for u in node.profiles()] or (
            child is not None and url in (child.value("fixed"), child.value("pattern"))
        )

    def _of_type(self, here: Spot, name: str) -> Spot:
        def walk(item: Item, run: Run) -> list[Item]:
            return [each for each in here.walk(item, run) if each[2] == name]

        nodes = tuple(n for n in here.nodes if not n.types or name in _codes(n))
        return replace(here, nodes=nodes, types=(name,), path=name, walk=walk)

    def _resolve(self, here: Spot) -> Spot:
        targets = [url for node in here.nodes for url in _targets(node)]
        found = (self._definitions.conformance("StructureDefinition", url) for url in targets)
        roots = tuple(tree(d) for d in found if d is not None and "snapshot" in d)
        types = tuple(dict.fromkeys(root.name for root in roots))
        path = types[0] if len(types) == 1 else _core_type(targets)

        def walk(item: Item, run: Run) -> list[Item]:
            return [each for each in map(_resolver(run), here.walk(item, run)) if each[2]]

        return Spot((*here.nodes, *roots), types, path, walk, resolved=True)


def _steps(path: str) -> Iterator[re.Match[str]]:
    at = 0
    while at < len(path):
        match = _STEP.match(path, at)
        if match is None or path[match.end() : match.end() + 1] not in ("", "."):
            raise Uncompilable(f"the path '{path}' is not one that a discriminator may have")
        yield match
        at = match.end() + 1


def _resolver(run: Run) -> Callable[[Item], Item]:
    """Give what follows a Reference: to the resource, or where it is not here, to its type."""

    def resolve(item: Item) -> Item:
        value, _, _, place = item
        if not isinstance(value, dict):
            return None, None, "", place
        reference = value.get("reference")
        found = run.scope.target(reference) if isinstance(reference, str) else None
        if found is not None:
            return found, None, resource_type(found), place
        return None, None, type_of(value, run.scope) or "", place

    return resolve


def _holder(value: Any, extension: Any) -> Mapping[str, Any]:
    """Give the object that holds the elements inside a value: of a primitive its sibling."""
    if isinstance(value, dict):
        return value
    return extension if isinstance(extension, dict) else {}


def _only(types: Sequence[str]) -> str | None:
    return types[0] if len(types) == 1 else None


def _codes(node: Node) -> list[str]:
    return [type_["code"] for type_ in node.types]


def _targets(node: Node) -> list[str]:
    return [url for type_ in node.types for url in type_.get("targetProfile", ())]


def _core_type(targets: Sequence[str]) -> str | None:
    names = {url.rpartition("/")[2] for url in targets}
    return names.pop() if len(names) == 1 else None
