"""$lookup: what a code means, and all that its code system says of it.

Source: https://hl7.org/fhir/R4/codesystem-operation-lookup.html. docs/operations/lookup.md
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from fhir_server.fhir import json
from fhir_server.fhir.outcome import FhirError, Issue
from fhir_server.interactions.answer import Answer
from fhir_server.operations.operation import Call
from fhir_server.operations.standard.codings import Names, codings
from fhir_server.operations.standard.displays import shown, speaks
from fhir_server.operations.standard.terminology_subjects import (
    answered,
    refuse_date,
    undecided,
    unknown,
)
from fhir_server.profiles.code_checks import Coded
from fhir_server.terminology.compose import NOWHERE
from fhir_server.terminology.concepts import Concept, SystemInfo
from fhir_server.terminology.terminology import Terminology

Parameter = dict[str, Any]

NAMES = Names("system", "version", forms=("code", "coding"))
# Properties that are made here from what a concept is, and not repeated from its list.
DERIVED = {"definition", "parent", "child", "inactive", "notSelectable", "subsumedBy"}
LANGUAGE = "lang."


def run(call: Call) -> Answer:
    """Give what is known of a code.

    Returns:
        Parameters: ``name``, ``version``, ``display``, ``designation`` and ``property``.

    Raises:
        FhirError: 400 for a code without its system; 404 for a code, a code system or a version
            of one that is not known.
    """
    refuse_date(call)
    (asked,) = codings(call.arguments, NAMES)
    if not asked.system or not asked.code:
        lacking = "code" if not asked.code else "system"
        text = f"The coding needs a {lacking}."
        raise FhirError(Issue("error", "required", text, f"coding.{lacking}"))
    terminology = call.context.server.terminology
    with answered():
        concept = terminology.concept(asked.system, asked.code, asked.version)
        if concept is None:
            raise _not_found(terminology, asked, "coding" if "coding" in call.arguments else "")
        info = terminology.code_system(_canonical(asked))
        children = terminology.children(_canonical(asked), concept.code)
    return Answer(200, body=json.dump(_answer(call, concept, info, children)))


def _canonical(asked: Coded) -> str:
    return f"{asked.system}|{asked.version}" if asked.version else asked.system or ""


def _not_found(terminology: Terminology, asked: Coded, form: str) -> FhirError:
    system_at, code_at = (f"{form}.system", f"{form}.code") if form else ("system", "code")
    info = terminology.code_system(_canonical(asked))
    if info is None or info.content in NOWHERE:
        return unknown("The code system, or the version of it,", system_at)
    if info.content in ("complete", "grammar"):
        text = "There is no such code in the code system."
        return FhirError(Issue("error", "not-found", text, code_at))
    return undecided("The code system has only part of its codes here, and this code is not there.")


def _answer(
    call: Call, concept: Concept, info: SystemInfo | None, children: Sequence[str]
) -> dict[str, Any]:
    named = info and (info.title or info.name)
    parameter: list[Parameter] = [{"name": "name", "valueString": named or concept.system}]
    version = concept.version or (info.version if info else None)
    if version:
        parameter.append({"name": "version", "valueString": version})
    display = shown(concept, call.arguments.get("displayLanguage"))
    parameter.append({"name": "display", "valueString": display or concept.code})
    wanted = call.arguments.get("property")
    parameter += _designations(concept, wanted)
    parameter += _properties(concept, children, wanted)
    return {"resourceType": "Parameters", "parameter": parameter}


def _designations(concept: Concept, wanted: Collection[str] | None) -> Iterator[Parameter]:
    every = wanted is None or "designation" in wanted
    languages = [w.removeprefix(LANGUAGE) for w in wanted or () if w.startswith(LANGUAGE)]
    for designation in concept.designations:
        if every or any(speaks(designation.language, language) for language in languages):
            part: list[Parameter] = []
            if designation.language:
                part.append({"name": "language", "valueCode": designation.language})
            if designation.use:
                part.append({"name": "use", "valueCoding": designation.use})
            part.append({"name": "value", "valueString": designation.value})
            yield {"name": "designation", "part": part}


def _properties(
    concept: Concept, children: Sequence[str], wanted: Collection[str] | None
) -> Iterator[Parameter]:
    for code, value in _all_properties(concept, children):
        if wanted is None or code in wanted:
            part = [{"name": "code", "valueCode": code}, {"name": "value", **value}]
            yield {"name": "property", "part": part}


def _all_properties(
    concept: Concept, children: Sequence[str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    if concept.definition:
        yield "definition", {"valueString": concept.definition}
    for parent in concept.parents:
        yield "parent", {"valueCode": parent}
    for child in children:
        yield "child", {"valueCode": child}
    yield "inactive", {"valueBoolean": concept.inactive}
    if concept.abstract:
        yield "notSelectable", {"valueBoolean": True}
    for item in concept.properties:
        if item["code"] not in DERIVED:
            yield (
                item["code"],
                {name: value for name, value in item.items() if name.startswith("value")},
            )
