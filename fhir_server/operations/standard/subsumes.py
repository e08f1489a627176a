"""$subsumes: whether one code is above another in its code system.

Source: https://hl7.org/fhir/R4/codesystem-operation-subsumes.html. docs/operations/subsumes.md
"""

from __future__ import annotations

from collections.abc import Callable

from fhir_server.fhir import json
from fhir_server.fhir.outcome import FhirError, Issue, invalid
from fhir_server.interactions.answer import Answer
from fhir_server.operations.operation import Call
from fhir_server.operations.standard.terminology_subjects import (
    answered,
    in_effect,
    refuse,
    stored,
    undecided,
    unknown,
)
from fhir_server.terminology.compose import NOWHERE
from fhir_server.terminology.concepts import Concept
from fhir_server.terminology.inline import inline_code_system

# Tells whether the first code is above the second; None where nobody knows.
Above = Callable[[str, str], bool | None]
Look = Callable[[str], Concept | None]


def run(call: Call) -> Answer:
    """Compare two codes.

    Returns:
        Parameters: ``outcome``, one of equivalent, subsumes, subsumed-by and not-subsumed.

    Raises:
        FhirError: 400 for a code that is missing or given twice, for a system that is missing, or
            codes of two systems; 404 for a code or code system that is not known; 422 where
            nobody here can tell.
    """
    with answered():
        outcome = _of_stored(call) if call.id is not None else _of_known(call)
    if outcome is None:
        raise undecided("The code system is not known here well enough to compare its codes.")
    parameter = [{"name": "outcome", "valueCode": outcome}]
    return Answer(200, body=json.dump({"resourceType": "Parameters", "parameter": parameter}))


def _of_stored(call: Call) -> str | None:
    refuse(call, ("system", "version"), "the URL names the code system already.")
    resource = stored(call)
    known_as = in_effect(call, resource)
    if known_as is not None:
        return _of_canonical(call, known_as)
    system = inline_code_system(resource)
    codes = _codes(call, system.info.url)
    return _compared(codes, system.concept, lambda above, below: system.is_below(below, above))


def _of_known(call: Call) -> str | None:
    codings = [call.arguments.get("codingA", {}), call.arguments.get("codingB", {})]
    named = [coding["system"] for coding in codings if "system" in coding]
    system = call.arguments.get("system") or next(iter(named), None)
    if system is None:
        raise invalid("Give the system that the codes are of.", "system", "required")
    url, _, version = str(system).partition("|")
    version = call.arguments.get("version") or version
    return _of_canonical(call, f"{url}|{version}" if version else url)


def _of_canonical(call: Call, system: str) -> str | None:
    url, _, version = system.partition("|")
    codes = _codes(call, url)
    terminology = call.context.server.terminology

    def above(one: str, other: str) -> bool | None:
        return terminology.subsumes(system, one, other)

    def look(code: str) -> Concept | None:
        return terminology.concept(url, code, version or None)

    info = terminology.code_system(system)
    if info is None or info.content != "complete":
        known = info is not None and info.content not in NOWHERE
        return _elsewhere(codes, above, known=known)
    return _compared(codes, look, above)


def _elsewhere(codes: list[str], above: Above, *, known: bool) -> str | None:
    """Compare codes of a system that is not here in full; somebody else may have it."""
    one, other = codes
    subsumes = above(one, other)
    if subsumes is None and not known:
        raise unknown("The code system, or the version of it,", "system")
    return _outcome(subsumes, above(other, one))


def _codes(call: Call, system: str) -> list[str]:
    return [_code(call, letter, system) for letter in "AB"]


def _code(call: Call, letter: str, system: str) -> str:
    code, coding = f"code{letter}", f"coding{letter}"
    if code in call.arguments and coding in call.arguments:
        raise invalid(f"Give {code} or {coding}, not both.", coding)
    if code in call.arguments:
        return str(call.arguments[code])
    given = call.arguments.get(coding, {})
    if "code" not in given:
        raise invalid(f"Give {code} or {coding}, with its code.", code, "required")
    if given.get("system", system) != system:
        text = f"{coding} is of another code system: this server compares codes of one system."
        raise FhirError(Issue("error", "not-supported", text, f"{coding}.system"))
    return str(given["code"])


def _compared(codes: list[str], look: Look, above: Above) -> str | None:
    concepts = []
    for letter, code in zip("AB", codes, strict=True):
        concept = look(code)
        if concept is None:
            text = "There is no such code in the code system."
            raise FhirError(Issue("error", "not-found", text, f"code{letter}"))
        concepts.append(concept.code)
    one, other = concepts
    if one == other:
        return "equivalent"
    return _outcome(above(one, other), above(other, one))


def _outcome(subsumes: bool | None, subsumed: bool | None) -> str | None:
    if subsumes is None or subsumed is None:
        return None
    if subsumes:
        return "equivalent" if subsumed else "subsumes"
    return "subsumed-by" if subsumed else "not-subsumed"
