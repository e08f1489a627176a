"""What the constraints of a profile are broken in: examples that are valid by it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from fhir_server.profiles.definitions import Definitions
from tests.conformance.constraints.filling import Filler
from tests.conformance.constraints.snapshots import Json, Node, Place, places, tree
from tests.conftest import ROOT

EXAMPLES = ROOT / "profiles" / "examples" / "valid"
DEMO = ROOT / "demo"
# What R4's invariants, and no cardinality, ask of a resource that holds an extension.
ASKED: dict[str, Json] = {
    "Bundle": {"type": "searchset", "entry": [{"resource": {"resourceType": "Patient"}}]},
    "Consent": {"patient": {"display": "Någon"}, "policyRule": {"text": "En lag"}},
    "Organization": {"name": "Enheten"},
}


@dataclass(frozen=True)
class Subject:
    """A valid resource in which a profile holds.

    Args:
        name: of the example.
        resource: the whole of it.
        root: where what conforms to the profile stands; for an extension that is inside.
    """

    name: str
    resource: Json
    root: Place = ()


def resources() -> list[tuple[str, Json]]:
    """Give the examples and the demo data by name."""
    found: list[tuple[str, Json]] = []
    for folder in (EXAMPLES, DEMO):
        for path in sorted(folder.rglob("*.json")):
            content = json.loads(path.read_text("utf-8"))
            entries = content.get("entry", []) if content.get("resourceType") == "Bundle" else []
            found += [
                (f"{path.stem}-{index}", entry["resource"])
                for index, entry in enumerate(entries)
                if "resource" in entry
            ]
            if content.get("resourceType") != "Bundle":
                found.append((path.stem, content))
    return found


class Subjects:
    """Finds, or makes, what a profile holds for."""

    def __init__(self, definitions: Definitions, filler: Filler) -> None:
        self._definitions = definitions
        self._filler = filler
        self._resources = resources()

    def of(self, definition: Json, root: Node) -> list[Subject]:
        """Give the subjects of a profile, examples first."""
        url, type_ = definition["url"], definition["type"]
        if type_ == "Extension":
            return [*self._with_extension(url), *self._hosts(definition)]
        if not self._definitions.is_resource_type(type_):
            return list(self._with_data_type(url))
        claiming = [
            Subject(name, resource)
            for name, resource in self._resources
            if url in resource.get("meta", {}).get("profile", [])
        ]
        made: Json = self._filler.value(root, {"code": type_})
        made = {"resourceType": type_, **made, "meta": {"profile": [url]}}
        return [*claiming, Subject("made", made)]

    def _with_extension(self, url: str) -> Iterator[Subject]:
        for name, resource in self._resources:
            for place in _extensions(resource, url):
                yield Subject(name, resource, place)

    def _with_data_type(self, url: str) -> Iterator[Subject]:
        """Give where elements stand that a profile wants to conform to one on their data type."""
        for name, resource in self._resources:
            for claimed in resource.get("meta", {}).get("profile", []):
                profile = self._definitions.conformance("StructureDefinition", claimed)
                for node in tree(profile).walk() if profile else ():
                    if any(url in type_.get("profile", []) for type_ in node.types):
                        yield from (Subject(name, resource, p) for p in places(node, resource))

    def _hosts(self, definition: Json) -> Iterator[Subject]:
        """Make a resource for each context that holds nothing but the extension."""
        for context in definition.get("context", []):
            type_, *path = str(context["expression"]).split(".")
            if context["type"] != "element" or not self._definitions.is_resource_type(type_):
                continue
            host: Json = {"resourceType": type_, **deepcopy(ASKED.get(type_, {}))}
            self._filler.complete_r4(host, type_)
            holder: Any = host
            place: Place = ()
            so_far = type_
            for name in path:
                element = self._definitions.children(so_far)[name]
                made = self._filler.by_r4(element)
                if name not in holder:
                    holder.update(made)
                place, holder = (*place, name), holder[name]
                if element.is_array:
                    place, holder = (*place, 0), holder[0]
                so_far = element.path if not element.types else element.types[0].code
                if so_far in ("BackboneElement", "Element"):
                    so_far = element.path
            if not isinstance(holder, dict):
                continue
            holder.setdefault("extension", []).append(self._filler.extension(definition))
            at = len(holder["extension"]) - 1
            yield Subject(f"made-{context['expression']}", host, (*place, "extension", at))


def _extensions(value: Any, url: str, at: Place = ()) -> Iterator[Place]:
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _extensions(item, url, (*at, index))
    elif isinstance(value, dict):
        for key, item in value.items():
            if key in ("extension", "modifierExtension") and isinstance(item, list):
                for index, each in enumerate(item):
                    if isinstance(each, dict) and each.get("url") == url:
                        yield (*at, key, index)
            yield from _extensions(item, url, (*at, key))
