"""Tells the slices of an element apart, and matches patterns, in JSON Schema.

Source: https://hl7.org/fhir/R4/profiling.html#discriminator,
https://hl7.org/fhir/R4/elementdefinition-definitions.html#ElementDefinition.pattern_x_
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fhir_server.profiles.compiler import Schema, coded
from fhir_server.profiles.definitions import Definitions
from fhir_server.profiles.snapshot import Node
from fhir_server.profiles.value_sets import members


def matching(
    definitions: Definitions,
    slice_: Node,
    path: str,
    discriminators: Iterable[Mapping[str, str]],
) -> Schema | None:
    """Give the schema that an item of the slice, and no other, satisfies.

    Args:
        path: of the sliced element, where its children are defined.
        discriminators: as in ``ElementDefinition.slicing``.

    Returns:
        None where a discriminator is of a kind that is not supported (type, profile, resolve()).
    """
    found = [_discriminated(definitions, slice_, path, d) for d in discriminators]
    if not found or any(match is None for match in found):
        return None
    return {"allOf": found}


def pattern_of(value: Any) -> Schema:
    """Match what has at least the content of a pattern."""
    if isinstance(value, dict):
        properties = {name: pattern_of(item) for name, item in value.items()}
        return {"type": "object", "required": list(value), "properties": properties}
    if isinstance(value, list):
        return {"type": "array", "allOf": [{"contains": pattern_of(item)} for item in value]}
    return {"const": value}


def _discriminated(
    definitions: Definitions, slice_: Node, path: str, discriminator: Mapping[str, str]
) -> Schema | None:
    kind, where = discriminator["type"], discriminator["path"]
    steps = [] if where == "$this" else where.split(".")
    if kind not in ("value", "pattern", "exists") or any("(" in step for step in steps):
        return None
    if steps == ["url"] and "url" not in slice_.children:
        return _url_of_profile(slice_)
    if kind == "exists":
        return _exists(slice_, steps)
    return _at(definitions, slice_, path, steps)


def _url_of_profile(slice_: Node) -> Schema | None:
    urls = [url for type_ in slice_.element.get("type", []) for url in type_.get("profile", [])]
    if not urls:
        return None
    return {"required": ["url"], "properties": {"url": {"enum": urls}}}


def _exists(slice_: Node, steps: list[str]) -> Schema | None:
    node = slice_
    for step in steps:
        if step not in node.children:
            return None
        node = node.children[step]
    present: Schema = {"required": [steps[-1]]}
    for step in reversed(steps[:-1]):
        present = {"required": [step], "properties": {step: present}}
    return {"not": present} if node.max == 0 else present


def _at(definitions: Definitions, node: Node, path: str, steps: list[str]) -> Schema | None:
    own = _value_of(definitions, node)
    if own is not None or not steps:
        return own
    child = node.children.get(steps[0])
    element = definitions.children(path).get(steps[0])
    if child is None or element is None:
        return None
    inside = _at(definitions, child, f"{path}.{steps[0]}", steps[1:])
    if inside is None:
        return None
    value = {"contains": inside} if element.is_array else inside
    return {"type": "object", "required": [steps[0]], "properties": {steps[0]: value}}


def _value_of(definitions: Definitions, node: Node) -> Schema | None:
    fixed, pattern = node.value("fixed"), node.value("pattern")
    if fixed is not None:
        return {"const": fixed}
    if pattern is not None:
        return pattern_of(pattern)
    binding = node.element.get("binding", {})
    types = node.element.get("type", [])
    if binding.get("strength") != "required" or not types:
        return None
    codes = members(definitions, binding.get("valueSet", ""))
    return coded(binding["valueSet"], codes, types[0]["code"]) if codes else None
