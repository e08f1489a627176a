"""Finds the resources inside a resource.

Source: https://hl7.org/fhir/R4/references.html#contained, https://hl7.org/fhir/R4/bundle.html,
https://hl7.org/fhir/R4/parameters.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_CONTAINERS = ("Bundle", "Parameters")


@dataclass(frozen=True, slots=True)
class Nested:
    """A resource inside another.

    Args:
        place: its FHIRPath.
        resource: as it came; it may be anything.
        contained: whether the other contains it.
        entry: the entry of a Bundle that holds it.
    """

    place: str
    resource: dict[str, Any]
    contained: bool = False
    entry: Mapping[str, Any] | None = None


def has_nested(resource: Mapping[str, Any]) -> bool:
    """Tell, at the price of a look, whether a resource may hold others."""
    return "contained" in resource or resource.get("resourceType") in _CONTAINERS


def nested(resource: Mapping[str, Any], root: str) -> Iterator[Nested]:
    """Give the resources directly inside a resource.

    What does not have the structure of R4 is passed over; the resource's own validation reports
    it.

    Args:
        root: FHIRPath of the resource.
    """
    for place, inner in _items(resource.get("contained"), f"{root}.contained"):
        yield Nested(place, inner, contained=True)
    if resource.get("resourceType") == "Bundle":
        yield from _entries(resource, root)
    elif resource.get("resourceType") == "Parameters":
        yield from _of_parameters(resource.get("parameter"), f"{root}.parameter")


def _entries(bundle: Mapping[str, Any], root: str) -> Iterator[Nested]:
    for place, entry in _items(bundle.get("entry"), f"{root}.entry"):
        if isinstance(entry.get("resource"), dict):
            yield Nested(f"{place}.resource", entry["resource"], entry=entry)
        response = entry.get("response")
        if isinstance(response, dict) and isinstance(response.get("outcome"), dict):
            yield Nested(f"{place}.response.outcome", response["outcome"])


def _of_parameters(parameters: Any, root: str) -> Iterator[Nested]:
    for place, parameter in _items(parameters, root):
        if isinstance(parameter.get("resource"), dict):
            yield Nested(f"{place}.resource", parameter["resource"])
        yield from _of_parameters(parameter.get("part"), f"{place}.part")


def _items(values: Any, root: str) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(values, list):
        for position, value in enumerate(values):
            if isinstance(value, dict):
                yield f"{root}[{position}]", value
