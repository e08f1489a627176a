"""$validate-code: whether a code is in a value set, or in a code system.

R4's answer is true or false. Where this server can't tell, neither would be true: the answer is
an OperationOutcome then. docs/operations/validate-code.md

Source: https://hl7.org/fhir/R4/valueset-operation-validate-code.html,
https://hl7.org/fhir/R4/codesystem-operation-validate-code.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from fhir_server.fhir import json
from fhir_server.interactions.answer import Answer
from fhir_server.operations.operation import Call
from fhir_server.operations.standard.codings import Names, codings
from fhir_server.operations.standard.displays import is_called, shown
from fhir_server.operations.standard.terminology_subjects import (
    answered,
    canonical,
    in_effect,
    one_of,
    refuse,
    refuse_date,
    require_beside,
    stored,
    undecided,
    unknown,
)
from fhir_server.profiles.code_checks import Coded, Verdict
from fhir_server.terminology.compose import NOWHERE
from fhir_server.terminology.concepts import Concept
from fhir_server.terminology.inline import inline_code_system

Check = Callable[[Coded], Verdict]
Look = Callable[[Coded], Concept | None]

ABSTRACT = "The code is abstract: it groups others."
OF_VALUE_SET = Names("system", "systemVersion", "display")
OF_CODE_SYSTEM = Names(None, "version", "display")


@dataclass(frozen=True, slots=True)
class Finding:
    """What is found out about one code.

    Args:
        holds: None where nobody can tell.
        message: why not; beside a code that holds, what to know about it.
        display: the right one.
    """

    holds: bool | None
    message: str = ""
    display: str | None = None


def run(call: Call) -> Answer:
    """Check the code.

    Returns:
        Parameters: ``result``, ``message`` and ``display``.

    Raises:
        FhirError: 400 for parameters that don't go together; 404 for a value set or code system
            that is not known; 422 where nobody here can tell.
    """
    refuse_date(call)
    with answered():
        findings = _of_value_set(call) if call.resource_type == "ValueSet" else _of_system(call)
    for holds in (True, None, False):
        found = next((finding for finding in findings if finding.holds is holds), None)
        if found is not None:
            break
    assert found is not None  # noqa: S101 - there is at least one code
    if found.holds is None:
        raise undecided(found.message)
    return Answer(200, body=json.dump(_parameters(found)))


def _of_value_set(call: Call) -> list[Finding]:
    refuse(call, ("context",), "name the value set by url.")
    require_beside(call, "valueSetVersion", "url")
    asked = codings(call.arguments, OF_VALUE_SET)
    terminology = call.context.server.terminology
    about = one_of(call, ("url", "valueSet"))
    known = True
    if about == "url":
        reference = canonical(call, "url", "valueSetVersion")
        known = terminology.value_set(reference) is not None

        def check(coded: Coded) -> Verdict:
            return terminology.in_value_set(reference, coded)
    else:
        value_set = call.arguments["valueSet"] if about else stored(call)

        def check(coded: Coded) -> Verdict:
            return terminology.in_value_set_resource(value_set, coded)

    def look(coded: Coded) -> Concept | None:
        return terminology.concept(coded.system or "", coded.code, coded.version)

    findings = [_finding(call, coded, check, look) for coded in asked]
    if not known and all(finding.holds is None for finding in findings):
        raise unknown("The value set", "url")
    return findings


def _of_system(call: Call) -> list[Finding]:
    about = one_of(call, ("url", "codeSystem"))
    if about == "url":
        return _of_known_system(call, str(call.arguments["url"]))
    resource = call.arguments["codeSystem"] if about else stored(call)
    known_as = None if about else in_effect(call, resource)
    if known_as is not None:
        return _of_known_system(call, known_as)
    system = inline_code_system(resource)
    return _in_system(call, system.info.url, system.verdict, lambda c: system.concept(c.code))


def _of_known_system(call: Call, system: str) -> list[Finding]:
    terminology = call.context.server.terminology
    url, _, version = system.partition("|")

    def check(coded: Coded) -> Verdict:
        return terminology.in_code_system(replace(coded, version=coded.version or version or None))

    def look(coded: Coded) -> Concept | None:
        return terminology.concept(url, coded.code, coded.version or version or None)

    findings = _in_system(call, url, check, look)
    info = terminology.code_system(system)
    known = info is not None and info.content not in NOWHERE
    if not known and any(finding.holds is None for finding in findings):
        raise unknown("The code system", "url")
    return findings


def _in_system(call: Call, url: str, check: Check, look: Look) -> list[Finding]:
    return [
        _finding(call, coded, check, look)
        if coded.system == url
        else Finding(False, "The coding is of another code system.")
        for coded in codings(call.arguments, OF_CODE_SYSTEM, url)
    ]


def _finding(call: Call, coded: Coded, check: Check, look: Look) -> Finding:
    if not coded.code or not coded.system:
        lacking = "code" if not coded.code else "system"
        return Finding(False, f"A coding without a {lacking} can't be checked.")
    verdict = check(coded)
    if not verdict.holds:
        return Finding(verdict.holds, verdict.text, verdict.display)
    concept, language = look(coded), call.arguments.get("displayLanguage")
    display = verdict.display
    if concept is not None and (language or display is None):
        display = shown(concept, language)
    wrong = _wrong(call, coded, verdict, concept)
    if wrong:
        return Finding(False, wrong, display)
    return Finding(True, " ".join(_hints(call, coded, verdict, display, concept)), display)


def _wrong(call: Call, coded: Coded, verdict: Verdict, concept: Concept | None) -> str:
    """Say what is wrong with a code though it is one of those that are asked for."""
    if coded.version and concept is None and _has_version(call, coded):
        return "There is no such code in this version of the code system."
    language = call.arguments.get("displayLanguage")
    if coded.display and (verdict.wrong_display or _is_foreign(concept, coded.display, language)):
        return "The display is not one of those that the code has."
    if verdict.abstract and call.arguments.get("abstract") is False:
        return ABSTRACT
    return ""


def _hints(
    call: Call, coded: Coded, verdict: Verdict, display: str | None, concept: Concept | None
) -> Iterator[str]:
    if verdict.abstract:
        if not call.arguments.get("abstract"):
            yield ABSTRACT
    elif verdict.text:
        yield verdict.text
    if coded.display and display is None:
        yield "The display was not checked: none is known for the code."
    if coded.version and concept is None:
        yield "This version of the code system is not known here: the code is one in another."


def _has_version(call: Call, coded: Coded) -> bool:
    found = call.context.server.terminology.code_system(f"{coded.system}|{coded.version}")
    return found is not None and found.content == "complete"


def _is_foreign(concept: Concept | None, display: str, language: str | None) -> bool:
    """Tell whether a display is not of the language that it is to be judged in."""
    if language is None or concept is None or concept.display is None:
        return False
    return not is_called(concept, display, language)


def _parameters(found: Finding) -> Mapping[str, Any]:
    parameter: list[dict[str, Any]] = [{"name": "result", "valueBoolean": found.holds}]
    if found.message:
        parameter.append({"name": "message", "valueString": found.message})
    if found.display:
        parameter.append({"name": "display", "valueString": found.display})
    return {"resourceType": "Parameters", "parameter": parameter}
