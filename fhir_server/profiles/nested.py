"""Finds the resources inside a resource.

Source: https://hl7.org/fhir/R4/references.html#contained, https://hl7.org/fhir/R4/bundle.html,
https://hl7.org/fhir/R4/parameters.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_CONTAINERS = ("Bundle", "Parameters")


def has_nested(resource: Mapping[str, Any]) -> bool:
    """Tell, at the price of a look, whether a resource may hold others."""
    return "contained" in resource or resource.get("resourceType") in _CONTAINERS


def nested(resource: Mapping[str, Any], root: str) -> Iterator[tuple[str, Any, bool]]:
    """Give the resources directly inside a resource: FHIRPath, resource, whether contained.

    What does not have the structure of R4 is passed over; the resource's own validation reports
    it.

    Args:
        root: FHIRPath of the resource.
    """
    for place, inner in _items(resource.get("contained"), f"{root}.contained"):
        yield place, inner, True
    for place, inner in _entries(resource, root):
        yield place, inner, False


def _entries(resource: Mapping[str, Any], root: str) -> Iterator[tuple[str, Any]]:
    if resource.get("resourceType") == "Bundle":
        for place, entry in _items(resource.get("entry"), f"{root}.entry"):
            yield from _member(entry, "resource", place)
            yield from _member(entry.get("response"), "outcome", f"{place}.response")
    elif resource.get("resourceType") == "Parameters":
        yield from _of_parameters(resource.get("parameter"), f"{root}.parameter")


def _of_parameters(parameters: Any, root: str) -> Iterator[tuple[str, Any]]:
    for place, parameter in _items(parameters, root):
        yield from _member(parameter, "resource", place)
        yield from _of_parameters(parameter.get("part"), f"{place}.part")


def _items(values: Any, root: str) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(values, list):
        for position, value in enumerate(values):
            if isinstance(value, dict):
                yield f"{root}[{position}]", value


def _member(holder: Any, name: str, root: str) -> Iterator[tuple[str, Any]]:
    if isinstance(holder, dict) and isinstance(holder.get(name), dict):
        yield f"{root}.{name}", holder[name]
