"""Gives a part of a resource, as `_summary` and `_elements` ask for.

Source: https://hl7.org/fhir/R4/search.html#summary, https://hl7.org/fhir/R4/search.html#elements

What R4 leaves open: a summary has the elements that are mandatory or modify the meaning of others,
too, at every level whose parent is given; `_elements` gives the mandatory ones at the top. An
element's extensions are in a summary only where they modify; a primitive value keeps what stands
beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from fhir_server.fhir.outcome import FhirError, invalid
from fhir_server.fhir.suggestions import suggestion
from fhir_server.profiles.definitions import Definitions, Element

Resource = Mapping[str, Any]

SUMMARIES = ("true", "text", "data", "count", "false")
SUBSETTED = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
    "code": "SUBSETTED",
    "display": "subsetted",
}
_TEXT = ("text", "_text")
# The last two may change what everything else means, so that nobody may go without them.
_ALWAYS = ("resourceType", "id", "meta", "implicitRules", "modifierExtension")
_IDENTITY = ("resourceType", "id", "meta")
_IN_LINE = ("BackboneElement", "Element")


@dataclass(frozen=True, slots=True)
class _Part:
    """What becomes of one property in a summary.

    Args:
        content: where its children are defined; None where it is given whole.
    """

    content: str | None
    is_resource: bool = False


class Subset:
    """Makes subsets; safe to share between threads.

    Args:
        definitions: say which elements are mandatory, modify or belong to the summary.
    """

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions
        self._parts: dict[str, Mapping[str, _Part]] = {}

    def apply(
        self, resource: dict[str, Any], summary: str | None, elements: Sequence[str]
    ) -> dict[str, Any]:
        """Give what is asked for of a resource, tagged SUBSETTED; the resource is not changed.

        Args:
            resource: valid, as `fhir.json.parse` gives it.
            summary: the value of `_summary`; None and ``false`` for everything. ``count`` has no
                meaning here: it asks for a Bundle without resources.
            elements: as `elements_from` gives them for the resource's type; used where
                ``summary`` is None or ``false``.
        """
        if summary in (None, "false") and not elements:
            return resource
        resource_type = resource["resourceType"]
        if summary == "true":
            chosen = self._summary(resource, resource_type)
        elif summary == "data":
            chosen = {name: value for name, value in resource.items() if name not in _TEXT}
        else:
            kept = {"text"} if summary == "text" else set(_of_type(elements, resource_type))
            chosen = self._elements(resource, resource_type, kept)
        return _tagged(chosen)

    def elements_from(self, text: str, resource_types: Iterable[str]) -> tuple[str, ...]:
        """Read the value of `_elements`.

        Args:
            text: names of elements, with commas between; each may have its type in front, as in
                ``CareTeam.status``.
            resource_types: those that may be in the answer.

        Raises:
            FhirError: 400 for a name that none of the types has; the elements there are are
                listed.
        """
        types = tuple(resource_types)
        names = tuple(dict.fromkeys(name.strip() for name in text.split(",")))
        known = {name: None for each in types for name in self._names(each)}
        for name in names:
            self._require_known(name, types, list(known))
        return names

    def _require_known(self, name: str, types: Sequence[str], known: Sequence[str]) -> None:
        prefix, dot, rest = name.rpartition(".")
        if dot and prefix in types:
            self._require_known(rest, [prefix], list(self._names(prefix)))
        elif dot and prefix in known:
            text = f"_elements takes elements of the resource itself: ask for {prefix}."
            raise invalid(text, code="value")
        elif name not in known:
            raise _unknown(name, types, known)

    def _names(self, resource_type: str) -> Iterable[str]:
        for element in self._definitions.children(resource_type).values():
            yield element.name
            yield from element.properties()

    def _elements(self, resource: Resource, resource_type: str, asked: set[str]) -> dict[str, Any]:
        kept: set[str] = set(_ALWAYS)
        for element in self._definitions.children(resource_type).values():
            names = {element.name, *element.properties()}
            if element.min or element.name in asked:
                kept |= names
            else:
                kept |= names & asked
        return {name: value for name, value in resource.items() if name.lstrip("_") in kept}

    def _summary(self, value: Resource, path: str) -> dict[str, Any]:
        parts = self._parts.get(path)
        if parts is None:
            parts = self._parts[path] = self._parts_of(path)
        chosen: dict[str, Any] = {}
        for name, item in value.items():
            part = parts.get(name)
            if part is not None:
                chosen[name] = self._summary_of(item, part)
        return chosen

    def _summary_of(self, value: Any, part: _Part) -> Any:
        if isinstance(value, list):
            return [self._summary_of(item, part) for item in value]
        if not isinstance(value, dict):
            return value
        if part.is_resource:
            return self.apply(value, "true", ())
        # What has nothing but extensions is given whole: FHIR has no empty objects.
        return value if part.content is None else self._summary(value, part.content) or value

    def _parts_of(self, path: str) -> Mapping[str, _Part]:
        parts = {"resourceType": _Part(None)}
        for element in self._definitions.children(path).values():
            if not (element.is_summary or element.min or element.is_modifier):
                continue
            for name, type_ref in element.properties().items():
                parts[name] = self._part(element, type_ref.code)
                parts[f"_{name}"] = _Part(None)
        return parts

    def _part(self, element: Element, code: str) -> _Part:
        if element.name == "modifierExtension" or self._definitions.is_primitive(code):
            return _Part(None)
        if code == "Resource":
            return _Part(None, is_resource=True)
        if element.content_reference:
            return _Part(element.content_reference)
        return _Part(element.path if code in _IN_LINE else code)


def _of_type(elements: Iterable[str], resource_type: str) -> Iterable[str]:
    for name in elements:
        prefix, _, rest = name.rpartition(".")
        if prefix in ("", resource_type):
            yield rest


def _tagged(resource: dict[str, Any]) -> dict[str, Any]:
    """Say in the copy's meta that it is not the whole; the stored meta stays as it is."""
    meta = resource.get("meta") or {}
    tags = [tag for tag in meta.get("tag", ()) if tag.get("code") != SUBSETTED["code"]]
    tagged = {**meta, "tag": [*tags, dict(SUBSETTED)]}
    front: dict[str, Any] = {
        name: resource[name] for name in ("resourceType", "id") if name in resource
    }
    rest = {name: value for name, value in resource.items() if name not in _IDENTITY}
    return {**front, "meta": tagged, **rest}


@lru_cache(maxsize=4)
def subset_of(definitions: Definitions) -> Subset:
    """Give the maker of subsets, which remembers what it has worked out of the definitions."""
    return Subset(definitions)


def _unknown(name: str, types: Sequence[str], known: Sequence[str]) -> FhirError:
    hint = suggestion(name, known)
    if len(types) > 3:
        return invalid(
            f"_elements: no type here has the element {name[:64]!r}.{hint}", code="value"
        )
    listed = ", ".join(sorted(known))
    text = f"_elements: {' and '.join(types)} has no element {name[:64]!r}.{hint}"
    return invalid(f"{text} There are: {listed}.", code="value")
