"""Writes the place of an element in a JSON document as FHIRPath.

Source: https://hl7.org/fhir/R4/operationoutcome-definitions.html#OperationOutcome.issue.expression
"""

from __future__ import annotations

from collections.abc import Sequence

from fhir_server.profiles.definitions import Definitions

Path = Sequence[str | int]


def expression_of(definitions: Definitions, type_name: str, path: Path, root: str) -> str:
    """Give the FHIRPath of a place: ``valueString`` is ``value`` there, and ``_status`` ``status``.

    Args:
        type_name: the type that the path starts from.
        path: property names and array positions.
        root: FHIRPath of where the path starts.
    """
    return place_of(definitions, type_name, path, root)[0]


def place_of(
    definitions: Definitions, type_name: str, path: Path, root: str
) -> tuple[str, str, str]:
    """Give the FHIRPath of a place, where its element is defined, and where its children are.

    Args:
        type_name: the type that the path starts from.
        path: property names and array positions.
        root: FHIRPath of where the path starts.

    Returns:
        The latter two as paths such as ``CareTeam.participant`` and ``Period``; the second is
        where the element stands, the third may be empty for what is not defined.
    """
    expression, around, here = root, type_name, type_name
    for step in path:
        if isinstance(step, int):
            expression += f"[{step}]"
            continue
        around = here or around
        name, here = _element_name(definitions, here, step.removeprefix("_"))
        expression += f".{name}"
    return expression, around, here


def type_at(definitions: Definitions, path: str) -> str:
    """Give the type whose own definition says what may stand inside a path."""
    parent, _, name = path.rpartition(".")
    if not parent:
        return path
    try:
        element = definitions.children(parent)[name]
    except KeyError:
        return path.partition(".")[0]
    code = element.types[0].code if element.types else ""
    in_line = code in ("BackboneElement", "Element", "")
    return element.path.partition(".")[0] if in_line else code


def _element_name(definitions: Definitions, here: str, step: str) -> tuple[str, str]:
    """Give the element that a property carries, and where its children are defined."""
    try:
        children = definitions.children(here)
    except KeyError:
        return step, ""
    if step in children and not children[step].is_choice:
        return step, f"{here}.{step}"
    for element in children.values():
        type_ref = element.properties().get(step) if element.is_choice else None
        if type_ref:
            return element.name, type_ref.code
    return step, ""
