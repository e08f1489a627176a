"""Parameters of operations, checked against their OperationDefinition.

Source: https://hl7.org/fhir/R4/operations.html#request, https://hl7.org/fhir/R4/parameters.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fhir_server.fhir.outcome import FhirError, Issue, has_errors

Arguments = dict[str, Any]

# Types whose values a URL can carry.
PRIMITIVES = {
    "base64Binary", "boolean", "canonical", "code", "date", "dateTime", "decimal", "id",
    "instant", "integer", "markdown", "oid", "positiveInt", "string", "time", "unsignedInt",
    "uri", "url", "uuid",
}  # fmt: skip
SEARCH_TYPES = {"token", "reference"}


def read_body(definition: Mapping[str, Any], parameters: Any) -> Arguments:
    """Read a Parameters resource.

    Args:
        definition: the OperationDefinition.
        parameters: the body, already valid as an R4 Parameters resource; None for no body.

    Returns:
        Values by parameter name; a list for a parameter that may repeat, nested arguments for
        one with parts, and nothing for one that was not given.

    Raises:
        FhirError: 400; every parameter that is unknown, missing, repeated or of a wrong type.
    """
    given = [] if parameters is None else parameters.get("parameter", [])
    issues: list[Issue] = []
    arguments = _arguments(_inputs(definition), given, "Parameters.parameter", issues)
    if has_errors(issues):
        raise FhirError(*issues, status=400)
    return arguments


def read_query(definition: Mapping[str, Any], pairs: Sequence[tuple[str, str]]) -> Arguments:
    """Read the parameters of a GET from its URL; only simple types can stand there.

    Raises:
        FhirError: 400, as for `read_body`.
    """
    declared = {p["name"]: p for p in _inputs(definition)}
    issues: list[Issue] = []
    given: list[dict[str, Any]] = []
    for name, text in pairs:
        type_ = declared.get(name, {}).get("type", "string")
        if type_ not in PRIMITIVES | SEARCH_TYPES:
            issues.append(_issue("not-supported", f"{name} can't stand in a URL; use POST.", name))
            continue
        key = f"value{type_[:1].upper()}{type_[1:]}" if type_ in PRIMITIVES else "valueString"
        value: Any = text
        if type_ == "boolean":
            if text not in ("true", "false"):
                issues.append(_issue("value", f"{name} must be true or false.", name))
                continue
            value = text == "true"
        elif type_ in ("integer", "positiveInt", "unsignedInt"):
            if not text.lstrip("-").isdigit():
                issues.append(_issue("value", f"{name} must be a whole number.", name))
                continue
            value = int(text)
        given.append({"name": name, key: value})
    arguments = _arguments(_inputs(definition), given, "Parameters.parameter", issues)
    if has_errors(issues):
        raise FhirError(*issues, status=400)
    return arguments


def affects_state(definition: Mapping[str, Any]) -> bool:
    """Tell whether the operation changes something, and so must be asked for by POST."""
    return bool(definition.get("affectsState", True))


def _inputs(definition: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [p for p in definition.get("parameter", []) if p["use"] == "in"]


def _issue(code: str, text: str, expression: str) -> Issue:
    return Issue("error", code, text, expression)


def _arguments(
    declared: Sequence[Mapping[str, Any]], given: list[dict[str, Any]], where: str, issues: list[Issue]
) -> Arguments:
    by_name = {p["name"]: p for p in declared}
    values: dict[str, list[Any]] = {}
    for index, parameter in enumerate(given):
        name, at = parameter.get("name"), f"{where}[{index}]"
        definition = by_name.get(name) if isinstance(name, str) else None
        if definition is None:
            known = ", ".join(sorted(by_name)) or "none"
            issues.append(_issue("invalid", f"Unknown parameter {name!r}; known: {known}.", at))
            continue
        values.setdefault(definition["name"], []).append(_value(definition, parameter, at, issues))
    arguments: Arguments = {}
    for name, definition in by_name.items():
        found = values.get(name, [])
        _check_count(definition, len(found), where, issues)
        if found:
            arguments[name] = found[0] if definition["max"] == "1" else found
    return arguments


def _check_count(definition: Mapping[str, Any], count: int, where: str, issues: list[Issue]) -> None:
    name, most = definition["name"], definition["max"]
    if count < definition["min"]:
        issues.append(_issue("required", f"The parameter {name} is required.", where))
    if most != "*" and count > int(most):
        issues.append(
            _issue("invalid", f"The parameter {name} may be given {most} time(s) at most.", where)
        )


def _value(
    definition: Mapping[str, Any], parameter: dict[str, Any], at: str, issues: list[Issue]
) -> Any:
    if definition.get("part"):
        return _arguments(definition["part"], parameter.get("part", []), f"{at}.part", issues)
    type_ = definition.get("type", "string")
    if "resource" in parameter:
        resource = parameter["resource"]
        if type_ in ("Resource", "Any", resource.get("resourceType")):
            return resource
    keys = [key for key in parameter if key.startswith("value")]
    wanted = f"value{type_[:1].upper()}{type_[1:]}"
    if wanted in parameter:
        return parameter[wanted]
    if type_ in SEARCH_TYPES and "valueString" in parameter:
        return parameter["valueString"]
    found = keys[0] if keys else "no value"
    issues.append(
        _issue("value", f"{definition['name']} must be given as {wanted}, not {found}.", at)
    )
    return None
