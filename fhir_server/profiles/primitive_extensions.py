"""Checks what JSON Schema can't say about arrays of primitives that have extensions.

``given: ["Anna", null]`` goes with ``_given: [null, {…}]``: same length, and at each position a
value, extensions, or both.

Source: https://hl7.org/fhir/R4/json.html#primitive
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from fhir_server.fhir.outcome import Issue
from fhir_server.profiles.expressions import Path

_PROFILE = "http://hl7.org/fhir/StructureDefinition/Element"


def unpaired(
    resource: Any, expression: Callable[[Path], str]
) -> Iterator[tuple[Issue, tuple[str | int, ...]]]:
    """Find arrays of values and of extensions that don't fit each other, and where they stand.

    Args:
        resource: a parsed resource; what is no array where one stands beside it is left to those
            who look at structure.
        expression: writes a place in it as FHIRPath.
    """
    for path, name, values, extensions in _pairs(resource, ()):
        problem = _problem(name, values, extensions)
        if problem:
            at = expression((*path, name))
            issue = Issue("error", "structure", problem, at, rule="structure", profile=_PROFILE)
            yield issue, (*path, name)


def _pairs(
    value: Any, path: tuple[str | int, ...]
) -> Iterator[tuple[tuple[str | int, ...], str, Any, Any]]:
    if isinstance(value, list):
        for position, item in enumerate(value):
            yield from _pairs(item, (*path, position))
    elif isinstance(value, dict):
        names = {name.removeprefix("_"): None for name, v in value.items() if isinstance(v, list)}
        for name in names:
            values, extensions = value.get(name), value.get(f"_{name}")
            if not _is_array(values) or not _is_array(extensions):
                continue
            if extensions is not None or None in (values or ()):
                yield path, name, values, extensions
        for name, item in value.items():
            yield from _pairs(item, (*path, name))


def _is_array(value: Any) -> bool:
    return value is None or isinstance(value, list)


def _problem(name: str, values: Any, extensions: Any) -> str | None:
    if extensions is None:
        return f"{name} has null without extensions in _{name} at the same position."
    if values is None:
        if None in extensions:
            return f"_{name} has null without a value in {name} at the same position."
        return None
    if len(values) != len(extensions):
        return f"{name} and _{name} must be of the same length, with null for what is missing."
    if any(v is None and e is None for v, e in zip(values, extensions, strict=True)):
        return f"{name} and _{name} are both null at the same position."
    return None
