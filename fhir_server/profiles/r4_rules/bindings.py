"""Bindings that the structure leaves open: extensible ones, and required ones that nobody lists.

Source: https://hl7.org/fhir/R4/terminologies.html#strength
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fhir_server.fhir.outcome import Severity
from fhir_server.profiles.code_checks import CodeChecks, Coded
from fhir_server.profiles.definitions import Definitions
from fhir_server.profiles.elements import Binding, Element
from fhir_server.profiles.r4_rules.code_forms import form_of
from fhir_server.profiles.r4_rules.walk import CORE, Place, PropertyCheck, Walk

_MOST_ACCEPTED = 20_000
# Checked with the reference itself.
_ELSEWHERE = ("Reference.type",)
_Key = tuple[str, Any, Any]


class Bindings:
    """Makes the checks of bindings.

    Args:
        definitions: tell which bindings the structure looks at.
        codes: knows the value sets.
    """

    def __init__(self, definitions: Definitions, codes: CodeChecks) -> None:
        self._definitions = definitions
        self._codes = codes
        # Answers that were yes, so that a code which comes again and again is asked about once.
        self._accepted: set[_Key] = set()

    def of_property(self, element: Element, type_code: str) -> PropertyCheck | None:
        """Give the check of an element's codes; None where there is nothing to check."""
        binding = element.binding
        if binding is None or element.path in _ELSEWHERE:
            return None
        form = form_of(binding.value_set, element.path)
        if form is not None and type_code in ("code", "string"):
            return _form_check(element, binding, form)
        if binding.strength == "required":
            if self._definitions.codes(binding.value_set) is not None:
                return None
        elif binding.strength != "extensible":
            return None
        return self._check(element, binding, uris=type_code == "uri")

    def _check(self, element: Element, binding: Binding, *, uris: bool) -> PropertyCheck:
        name, value_set = element.name, binding.value_set
        accepted = self._accepted

        def check(_holder: Mapping[str, Any], item: Any, place: Place, walk: Walk) -> None:
            listed = item if item.__class__ is list else (item,)
            for position, value in enumerate(listed):
                if uris and value.__class__ is str and ":" in value:
                    continue  # it names what is not in the value set, such as a logical model
                keys = _keys(value_set, value)
                if keys and accepted.isdisjoint(keys):
                    at = (place, name, position if item.__class__ is list else None)
                    self._ask(element, binding, keys, at, walk)

        return check

    def _ask(
        self, element: Element, binding: Binding, keys: list[_Key], place: Place, walk: Walk
    ) -> None:
        unknown = False
        for key in keys:
            holds = self._codes.in_value_set(key[0], Coded(key[2], key[1])).holds
            if holds:
                self._accept(key)
                return
            unknown = unknown or holds is None
        _report(element, binding, place, walk, unknown=unknown)

    def _accept(self, key: _Key) -> None:
        if len(self._accepted) >= _MOST_ACCEPTED:
            self._accepted.clear()
        self._accepted.add(key)


def _keys(value_set: str, value: Any) -> list[_Key]:
    """Give the codes of a value; a concept by its text alone has none, and passes."""
    if value.__class__ is str:
        return [(value_set, None, value)]
    keys: list[_Key] = []
    if value.__class__ is dict:
        for coding in value.get("coding", (value,)):
            if coding.__class__ is dict:
                code, system = coding.get("code"), coding.get("system")
                if code.__class__ is str:
                    keys.append((value_set, system if system.__class__ is str else None, code))
    return keys


def _form_check(element: Element, binding: Binding, form: Callable[[str], bool]) -> PropertyCheck:
    def check(_holder: Mapping[str, Any], item: Any, place: Place, walk: Walk) -> None:
        if item.__class__ is str:
            if not form(item):
                _report_outside(element, binding, (place, element.name, None), walk, "error")
        elif item.__class__ is list:
            for position, value in enumerate(item):
                if value.__class__ is str and not form(value):
                    at = (place, element.name, position)
                    _report_outside(element, binding, at, walk, "error")

    return check


def _report(element: Element, binding: Binding, place: Place, walk: Walk, *, unknown: bool) -> None:
    required = binding.strength == "required"
    if not unknown:
        _report_outside(element, binding, place, walk, "error" if required else "warning")
        return
    text = f"Nobody here can tell whether {element.name} has a code of {binding.value_set}."
    walk.report(
        place,
        "binding",
        text,
        profile=_profile(element),
        code="code-invalid",
        severity="warning" if required else "information",
    )


def _report_outside(
    element: Element, binding: Binding, place: Place, walk: Walk, severity: Severity
) -> None:
    if severity == "error":
        text = f"{element.name} must have a code of the value set {binding.value_set}."
    else:
        text = f"{element.name} should have a code of the value set {binding.value_set} where one "
        text += "says what is meant."
    walk.report(
        place,
        "binding",
        text,
        profile=_profile(element),
        code="code-invalid",
        severity=severity,
    )


def _profile(element: Element) -> str:
    return CORE + element.path.partition(".")[0]
