"""What another server's answers say; anything else than the answer to the question is malformed.

Source: https://hl7.org/fhir/R4/codesystem-operation-lookup.html,
https://hl7.org/fhir/R4/valueset-operation-expand.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from fhir_server.terminology.concepts import (
    Concept,
    Designation,
    Expansion,
    ExpansionItem,
    ExpansionRequest,
)

Resource = dict[str, Any]
Value = TypeVar("Value")

# How servers say "false" and mean "I don't know the code system".
UNKNOWN_SYSTEM = ("x-caused-by-unknown-system", "x-unknown-system")
MAX_DEPTH = 50


class Malformed(Exception):
    """FHIR, perhaps, but not an answer to the question."""


def require_type(answer: Resource, resource_type: str) -> None:
    """Refuse an answer of another type.

    Raises:
        Malformed: it is one.
    """
    if answer["resourceType"] != resource_type:
        raise Malformed


def one(answer: Resource, name: str, kind: type[Value], *, required: bool = True) -> Value | None:
    """Give the value of a parameter.

    Raises:
        Malformed: it is of another type, or is required and not there.
    """
    for parameter in _objects(answer.get("parameter")):
        if parameter.get("name") == name:
            value = _value(parameter)
            if not isinstance(value, kind):
                raise Malformed
            return value
    if required:
        raise Malformed
    return None


def says_unknown(answer: Resource) -> bool:
    """Tell whether the answer to $validate-code is that the code system is not known there."""
    for parameter in _objects(answer.get("parameter")):
        if parameter.get("name") in UNKNOWN_SYSTEM:
            return True
        issues = parameter.get("resource")
        if parameter.get("name") == "issues" and isinstance(issues, dict):
            return any(issue.get("code") == "not-found" for issue in _objects(issues.get("issue")))
    return False


def declared_systems(answer: Resource) -> frozenset[str]:
    """Give the code systems that TerminologyCapabilities lists; none for another resource."""
    if answer.get("resourceType") != "TerminologyCapabilities":
        return frozenset()
    uris = (system.get("uri") for system in _objects(answer.get("codeSystem")))
    return frozenset(uri.partition("|")[0] for uri in uris if isinstance(uri, str))


def concept_of(answer: Resource, system: str, code: str) -> Concept:
    """Read the answer to $lookup.

    Raises:
        Malformed: it has no display.
    """
    parameters = list(_objects(answer.get("parameter")))
    groups = [_parts(p) for p in parameters if p.get("name") == "property"]
    properties = [group for group in groups if isinstance(_text(group, "code"), str)]
    definition = one(answer, "definition", str, required=False) or _of(properties, "definition")
    return Concept(
        system=system,
        code=code,
        display=one(answer, "display", str),
        definition=definition if isinstance(definition, str) else None,
        designations=tuple(
            designation
            for p in parameters
            if p.get("name") == "designation"
            for designation in _designation(_named(p))
        ),
        properties=tuple(_property(group) for group in properties if "value" in group),
        parents=tuple(str(parent) for parent in _all(properties, "parent")),
        inactive=_of(properties, "inactive") is True,
        abstract=_of(properties, "notSelectable") is True,
        version=one(answer, "version", str, required=False),
    )


def expansion_of(answer: Resource, request: ExpansionRequest) -> Expansion:
    """Read the answer to $expand.

    Raises:
        Malformed: it is not expanded, or an entry has no system.
    """
    expansion = answer.get("expansion")
    if not isinstance(expansion, dict):
        raise Malformed
    contains = [_item(entry, 0) for entry in _objects(expansion.get("contains"))]
    total = expansion.get("total")
    known = isinstance(total, int) and not isinstance(total, bool)
    used = [
        str(_value(p)) for p in _objects(expansion.get("parameter")) if p.get("name") == "version"
    ]
    return Expansion(
        contains=contains,
        total=total if known else request.offset + sum(_sizes(contains)),  # type: ignore[arg-type]
        offset=request.offset,
        used=tuple(used),
    )


def _item(entry: Mapping[str, Any], depth: int) -> ExpansionItem:
    system, code, display = entry.get("system"), entry.get("code"), entry.get("display")
    if depth > MAX_DEPTH or not isinstance(system, str) or not isinstance(code, str):
        raise Malformed
    version = entry.get("version")
    return ExpansionItem(
        system=system,
        code=code,
        display=display if isinstance(display, str) else None,
        version=version if isinstance(version, str) else None,
        abstract=entry.get("abstract") is True,
        inactive=entry.get("inactive") is True,
        designations=tuple(
            found for each in _objects(entry.get("designation")) for found in _designation(each)
        ),
        contains=[_item(inner, depth + 1) for inner in _objects(entry.get("contains"))],
    )


def _sizes(items: list[ExpansionItem]) -> Iterator[int]:
    for item in items:
        yield 1 + sum(_sizes(item.contains))


def _designation(given: Mapping[str, Any]) -> Iterator[Designation]:
    value, language, use = given.get("value"), given.get("language"), given.get("use")
    if isinstance(value, str):
        yield Designation(
            value,
            language if isinstance(language, str) else None,
            use if isinstance(use, dict) else None,
        )


def _property(group: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    part = group["value"]
    key = next((name for name in part if name.startswith("value")), None)
    if key is None:
        raise Malformed
    return {"code": _text(group, "code"), key: part[key]}


def _named(parameter: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _value(part) for name, part in _parts(parameter).items()}


def _parts(parameter: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {
        part["name"]: part
        for part in _objects(parameter.get("part"))
        if isinstance(part.get("name"), str)
    }


def _text(group: Mapping[str, Mapping[str, Any]], name: str) -> Any:
    return _value(group.get(name, {}))


def _all(properties: list[dict[str, Mapping[str, Any]]], code: str) -> Iterator[Any]:
    for group in properties:
        if _text(group, "code") == code and "value" in group:
            yield _text(group, "value")


def _of(properties: list[dict[str, Mapping[str, Any]]], code: str) -> Any:
    return next(_all(properties, code), None)


def _value(part: Mapping[str, Any]) -> Any:
    return next((value for name, value in part.items() if name.startswith("value")), None)


def _objects(listed: Any) -> Iterator[dict[str, Any]]:
    if isinstance(listed, list):
        yield from (item for item in listed if isinstance(item, dict))
