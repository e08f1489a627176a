"""$translate: a code in another code system, by ConceptMaps.

Source: https://hl7.org/fhir/R4/conceptmap-operation-translate.html. docs/operations/translate.md
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fhir_server.fhir import json
from fhir_server.fhir.outcome import invalid
from fhir_server.fhir.reference import split_canonical
from fhir_server.interactions.answer import Answer
from fhir_server.operations.operation import Call
from fhir_server.operations.standard.codings import Names, codings
from fhir_server.operations.standard.terminology_subjects import (
    answered,
    canonical,
    one_of,
    require_beside,
    stored,
    unknown,
)
from fhir_server.profiles.code_checks import Coded
from fhir_server.terminology.terminology import Terminology
from fhir_server.terminology.translate import (
    Dependency,
    Match,
    SystemsOf,
    Translation,
    Wanted,
    source_scope,
    target_scope,
    translate,
)

Resource = Mapping[str, Any]
NAMES = Names("system", "version")


def run(call: Call) -> Answer:
    """Translate a code.

    Returns:
        Parameters: ``result``, ``message`` and, for each counterpart, ``match``.

    Raises:
        FhirError: 400 for parameters that don't go together; 404 for a map that is not known.
    """
    asked = [coded for coded in codings(call.arguments, NAMES) if coded.system and coded.code]
    if not asked:
        raise invalid("Only a coding with system and code can be translated.", code="required")
    terminology = call.context.server.terminology
    with answered():
        maps, chosen = _maps(call, terminology, asked)
        scoped = [each for each in maps if _is_in_scope(call, terminology, each)]
        by_rule = chosen or _near(call) in call.arguments
        found, systems_of = Translation(), _systems_of(terminology)
        for coded in asked:
            wanted = _wanted(call, coded, by_rule=by_rule)
            for concept_map in scoped:
                found.join(translate(concept_map, wanted, terminology.concept_map, systems_of))
    return Answer(200, body=json.dump(_answer(found, scoped, maps)))


def _maps(call: Call, terminology: Terminology, asked: list[Coded]) -> tuple[list[Resource], bool]:
    """Give the maps to ask, and whether the request chose one."""
    require_beside(call, "conceptMapVersion", "url")
    names = ("url", "conceptMap")
    if call.id is None and not any(name in call.arguments for name in names):
        systems = {coded.system for coded in asked if coded.system}
        return list(terminology.concept_maps_about(systems)), False
    about = one_of(call, names)
    if about != "url":
        return [call.arguments["conceptMap"] if about else stored(call)], True
    found = terminology.concept_map(canonical(call, "url", "conceptMapVersion"))
    if found is None:
        raise unknown("The concept map", "url")
    return [found], True


def _near(call: Call) -> str:
    """Give the parameter for the value set that the code is of: `reverse` turns them round."""
    return "target" if call.arguments.get("reverse") else "source"


def _is_in_scope(call: Call, terminology: Terminology, concept_map: Resource) -> bool:
    return all(
        name not in call.arguments
        or _is_same(terminology, str(call.arguments[name]), scope_of(concept_map))
        for name, scope_of in (("source", source_scope), ("target", target_scope))
    )


def _is_same(terminology: Terminology, asked: str, scope: str | None) -> bool:
    """Compare a value set as asked for, by canonical or address, with one that a map names."""
    if scope is None:
        return False
    url = split_canonical(scope)[0]
    if split_canonical(asked)[0] == url:
        return True
    found = terminology.value_set(asked)
    return found is not None and found.get("url") == url


def _wanted(call: Call, coded: Coded, *, by_rule: bool) -> Wanted:
    return Wanted(
        coded,
        call.arguments.get("targetsystem"),
        [_dependency(given) for given in call.arguments.get("dependency", ())],
        reverse=call.arguments.get("reverse", False),
        by_rule=by_rule,
    )


def _dependency(given: Mapping[str, Any]) -> Dependency:
    if "element" not in given or "concept" not in given:
        raise invalid("A dependency has an element and a concept.", "dependency", "required")
    concept = given["concept"]
    return Dependency(
        given["element"],
        frozenset(
            (coding.get("system"), coding["code"])
            for coding in concept.get("coding", ())
            if "code" in coding
        ),
        concept.get("text"),
    )


def _systems_of(terminology: Terminology) -> SystemsOf:
    def systems_of(value_set: str) -> set[str] | None:
        found = terminology.value_set(value_set) if value_set else None
        if found is None:
            return None
        includes = found.get("compose", {}).get("include", ())
        return {include["system"] for include in includes if "system" in include}

    return systems_of


def _answer(found: Translation, scoped: list[Resource], maps: list[Resource]) -> dict[str, Any]:
    parameter: list[dict[str, Any]] = [{"name": "result", "valueBoolean": found.succeeds}]
    message = " ".join(_messages(found, scoped, maps))
    if message:
        parameter.append({"name": "message", "valueString": message})
    parameter += [{"name": "match", "part": list(_parts(match))} for match in found.matches]
    return {"resourceType": "Parameters", "parameter": parameter}


def _messages(found: Translation, scoped: list[Resource], maps: list[Resource]) -> Iterator[str]:
    if maps and not scoped:
        yield "No concept map is between the value sets that source and target name."
    elif not found.matches:
        yield "No concept map says anything about the code."
    elif not found.succeeds:
        yield "There is no counterpart: the concept map says so."
    if found.needed:
        yield f"Further mappings depend on {', '.join(sorted(found.needed))}: see dependency."
    if found.missing:
        missing = ", ".join(sorted(found.missing))
        yield f"Not known here, though asked for codes that are not mapped: {missing}."


def _parts(match: Match) -> Iterator[dict[str, Any]]:
    yield {"name": "equivalence", "valueCode": match.equivalence}
    if match.coding:
        yield {"name": "concept", "valueCoding": match.coding}
    for product in match.products:
        part = [
            {"name": "element", "valueUri": product.element},
            {"name": "concept", "valueCoding": product.coding},
        ]
        yield {"name": "product", "part": part}
    if match.source:
        yield {"name": "source", "valueUri": match.source}
