"""Parameters of operations, checked against their OperationDefinition.

Source: https://hl7.org/fhir/R4/operations.html#request, https://hl7.org/fhir/R4/parameters.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from fhir_server.fhir.dates import interval
from fhir_server.fhir.outcome import FhirError, Issue

Arguments = dict[str, Any]
Definition = Mapping[str, Any]

# Gives the codes of a value set by system; None for a set or a system that can't be listed.
CodesOf = Callable[[str], Mapping[str, Sequence[str] | None] | None]

# Types whose values a URL can carry.
PRIMITIVES = {
    "base64Binary", "boolean", "canonical", "code", "date", "dateTime", "decimal", "id",
    "instant", "integer", "markdown", "oid", "positiveInt", "string", "time", "unsignedInt",
    "uri", "url", "uuid",
}  # fmt: skip
WHOLE_NUMBERS = {"integer", "positiveInt", "unsignedInt"}
_DAY = r"[0-9]{4}(?:-[0-9]{2}(?:-[0-9]{2})?)?"
_MOMENT = r"[0-9-]{10}T[0-9:.]{8,}(?:Z|[+-][0-9:]{5})"
_AS_DATE = "a date such as 2026, 2026-03 or 2026-03-02"
_AS_MOMENT = "2026-03-02T08:10:00Z or, escaped, 2026-03-02T09:10:00%2B01:00"
DATES = {
    "date": (re.compile(_DAY), _AS_DATE),
    "dateTime": (re.compile(f"{_DAY}|{_MOMENT}"), f"{_AS_DATE}, or a time such as {_AS_MOMENT}"),
    "instant": (re.compile(_MOMENT), f"an instant with a zone, such as {_AS_MOMENT}"),
}
_UTC = ZoneInfo("UTC")


def read_body(definition: Definition, parameters: Any, codes_of: CodesOf) -> Arguments:
    """Read a Parameters resource.

    Args:
        definition: the OperationDefinition.
        parameters: the body, already valid as an R4 Parameters resource; None for no body.
        codes_of: the codes that required bindings allow.

    Returns:
        Values by parameter name; a list for a parameter that may repeat, nested arguments for
        one with parts, and nothing for one that was not given.

    Raises:
        FhirError: 400; every parameter that is unknown, missing, repeated, of a wrong type or
            with a code outside its value set.
    """
    given = [] if parameters is None else parameters.get("parameter", [])
    reader = _Reader(codes_of)
    return reader.finish(reader.arguments(_inputs(definition), given, "Parameters.parameter"))


def read_query(
    definition: Definition, pairs: Sequence[tuple[str, str]], codes_of: CodesOf
) -> Arguments:
    """Read the parameters of a GET from its URL; only simple types can stand there.

    Raises:
        FhirError: 400, as for `read_body`.
    """
    declared = {p["name"]: p for p in _inputs(definition)}
    reader = _Reader(codes_of)
    given = []
    for name, text in pairs:
        asked = declared.get(name, {})
        type_ = asked.get("type", "parts" if "part" in asked else "string")
        value = reader.simple_value(name, type_, text)
        if value is not None:
            given.append({"name": name, _key(type_): value})
    return reader.finish(reader.arguments(_inputs(definition), given, "Parameters.parameter"))


def affects_state(definition: Definition) -> bool:
    """Tell whether the operation changes something, and so must be asked for by POST."""
    return bool(definition.get("affectsState", True))


def _inputs(definition: Definition) -> list[Definition]:
    return [p for p in definition.get("parameter", []) if p["use"] == "in"]


def _key(type_: str) -> str:
    return f"value{type_[:1].upper()}{type_[1:]}"


def _is_in_calendar(text: str) -> bool:
    try:
        interval(text, _UTC)
    except ValueError:
        return False
    return True


class _Reader:
    """Reads values and collects what is wrong with them."""

    def __init__(self, codes_of: CodesOf) -> None:
        self._codes_of = codes_of
        self._issues: list[Issue] = []

    def finish(self, arguments: Arguments) -> Arguments:
        if self._issues:
            raise FhirError(*self._issues, status=400)
        return arguments

    def _wrong(self, code: str, text: str, expression: str) -> None:
        self._issues.append(Issue("error", code, text, expression))

    def simple_value(self, name: str, type_: str, text: str) -> Any:
        if type_ not in PRIMITIVES:
            self._wrong("not-supported", f"{name} can't stand in a URL; use POST.", name)
        elif type_ == "boolean":
            if text in ("true", "false"):
                return text == "true"
            self._wrong("value", f"{name} must be true or false.", name)
        elif type_ in WHOLE_NUMBERS:
            if text.removeprefix("-").isdecimal() and len(text) < 12:
                return int(text)
            self._wrong("value", f"{name} must be a whole number.", name)
        elif type_ in DATES:
            pattern, wanted = DATES[type_]
            if pattern.fullmatch(text) and _is_in_calendar(text):
                return text
            self._wrong("value", f"{name} must be {wanted}.", name)
        else:
            return text
        return None

    def arguments(
        self, declared: Sequence[Definition], given: Sequence[Mapping[str, Any]], where: str
    ) -> Arguments:
        by_name = {p["name"]: p for p in declared}
        values: dict[str, list[Any]] = {}
        for index, parameter in enumerate(given):
            name, at = str(parameter.get("name")), f"{where}[{index}]"
            if name in by_name:
                values.setdefault(name, []).append(self._value(by_name[name], parameter, at))
            else:
                known = ", ".join(sorted(by_name)) or "none"
                self._wrong("invalid", f"Unknown parameter {name[:64]!r}; known: {known}.", at)
        for name, definition in by_name.items():
            self._check_count(definition, len(values.get(name, [])), where)
        return {
            name: found[0] if by_name[name]["max"] == "1" else found
            for name, found in values.items()
        }

    def _check_count(self, definition: Definition, count: int, where: str) -> None:
        name, most = definition["name"], definition["max"]
        if count < definition["min"]:
            self._wrong("required", f"The parameter {name} is required.", where)
        if most != "*" and count > int(most):
            self._wrong("invalid", f"The parameter {name} may be given {most} time(s).", where)

    def _value(self, definition: Definition, parameter: Mapping[str, Any], at: str) -> Any:
        if definition.get("part"):
            return self.arguments(definition["part"], parameter.get("part", []), f"{at}.part")
        type_ = definition.get("type", "string")
        if "resource" in parameter and type_ in ("Resource", parameter["resource"]["resourceType"]):
            return parameter["resource"]
        wanted = _key(type_)
        if wanted not in parameter:
            found = next((key for key in parameter if key.startswith("value")), "no value")
            text = f"{definition['name']} must be given as {wanted}, not {found}."
            self._wrong("value", text, at)
            return None
        value = parameter[wanted]
        self._check_binding(definition, value, at)
        return value

    def _check_binding(self, definition: Definition, value: Any, at: str) -> None:
        binding = definition.get("binding", {})
        if binding.get("strength") != "required" or not isinstance(value, str):
            return
        systems = self._codes_of(binding["valueSet"])
        if systems is None or any(codes is None for codes in systems.values()):
            return
        allowed = sorted({code for codes in systems.values() for code in codes or ()})
        if value not in allowed:
            name = definition["name"]
            self._wrong("code-invalid", f"{name} must be one of {', '.join(allowed)}.", at)
