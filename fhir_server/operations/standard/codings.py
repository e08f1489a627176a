"""Codes in parameters of operations: code and system, a Coding, or a CodeableConcept.

Source: https://hl7.org/fhir/R4/valueset-operation-validate-code.html,
https://hl7.org/fhir/R4/conceptmap-operation-translate.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fhir_server.fhir.outcome import invalid
from fhir_server.fhir.parameters import Arguments
from fhir_server.profiles.code_checks import Coded

FORMS = ("code", "coding", "codeableConcept")


@dataclass(frozen=True, slots=True)
class Names:
    """What an operation calls the parameters that go with ``code``.

    Args:
        system: None where the operation has it from elsewhere.
        version: of the code system.
        display: None where the operation has none.
    """

    system: str | None = "system"
    version: str = "version"
    display: str | None = None
    forms: tuple[str, ...] = FORMS


def codings(arguments: Arguments, names: Names, system: str | None = None) -> list[Coded]:
    """Give the codes that are asked about.

    Args:
        arguments: the operation's.
        names: of its parameters.
        system: of a bare code, where no parameter names it.

    Returns:
        At least one. A Coding may lack its system or, then as an empty text, its code.

    Raises:
        FhirError: 400 for no form, or more than one; for what belongs to another form.
    """
    form = _form(arguments, names)
    if form != "code":
        for name in (names.system, names.version, names.display):
            if name is not None and name in arguments:
                raise invalid(f"{name} goes with code: leave it out beside {form}.", name)
        return _of_codings(arguments, form)
    if names.system is not None and names.system not in arguments:
        raise invalid(f"A code needs its {names.system}.", names.system, "required")
    return [
        Coded(
            arguments["code"],
            arguments[names.system] if names.system is not None else system,
            arguments.get(names.version),
            arguments.get(names.display or ""),
        )
    ]


def coded(coding: Mapping[str, Any]) -> Coded:
    """Read a Coding."""
    return Coded(
        coding.get("code", ""),
        coding.get("system"),
        coding.get("version"),
        coding.get("display"),
    )


def _form(arguments: Arguments, names: Names) -> str:
    given = [form for form in names.forms if form in arguments]
    if len(given) == 1:
        return given[0]
    wanted = f"{', '.join(names.forms[:-1])} or {names.forms[-1]}"
    if given:
        raise invalid(f"Give one of {wanted}, not {' and '.join(given)}.", given[1])
    raise invalid(f"Give one of {wanted}.", names.forms[0], "required")


def _of_codings(arguments: Arguments, form: str) -> list[Coded]:
    given = [arguments[form]] if form == "coding" else arguments[form].get("coding", [])
    if not given:
        raise invalid(f"{form} has no coding.", form, "required")
    return [coded(each) for each in given]
