"""R4's own invariants: all are compiled, and fhirpathpy, a second opinion, agrees on what they say."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

import fhirpathpy
import pytest
from fhirpathpy.models import models

from fhir_server.fhir.json import plain
from fhir_server.fhirpath.engine import Engine, Environment, FhirPathError
from fhir_server.profiles.definitions import Definitions
from tests.conformance.r4_examples import ROOT, examples

INVARIANTS = json.loads((ROOT / "profiles" / "r4" / "invariants.json").read_bytes())

# R4's own mistakes.
ERRATA = {"cid-0": "ChargeItemDefinition has no element 'name'"}

# Where fhirpathpy says otherwise, or nothing, and why this engine is right.
DISAGREEMENTS = {
    "age-1": "fhirpathpy has no hasValue(), a function that FHIR adds",
    "bdl-10": "fhirpathpy has no hasValue()",
    "cnt-3": "fhirpathpy has no hasValue()",
    "ctm-1": "fhirpathpy has no resolve()",
    "dom-3": "fhirpathpy refuses `as` on collections, which R4's own rule needs",
    "per-1": "fhirpathpy has no hasValue()",
    "que-7": "fhirpathpy takes `answer is Boolean` for System.Boolean; R4 means its own boolean",
    "rng-2": "fhirpathpy has no order of FHIR's Quantity, which R4 converts to FHIRPath's",
}
# htmlChecks() asks the environment; ele-1 holds for each element, and would leave no time for others.
LEFT_OUT = {"txt-1", "txt-2", "ele-1"}

OFTEN_ENOUGH = 2
LARGEST = 12_000
MANY_EXAMPLES = 400
MANY_LESS = 3


class Case(NamedTuple):
    key: str
    expression: str
    context: str
    value: dict[str, Any]
    resource: dict[str, Any]


def rules() -> Iterator[tuple[str, dict[str, Any]]]:
    for by_path in INVARIANTS.values():
        for path, listed in by_path.items():
            yield from ((path, rule) for rule in listed)


def test_every_invariant_of_r4_is_compiled(engine: Engine) -> None:
    refused = {}
    for path, rule in rules():
        try:
            engine.compile(rule["expression"], path)
        except FhirPathError as error:
            refused[rule["key"]] = error.text
    assert refused.keys() == ERRATA.keys()
    assert all(ERRATA[key] in text for key, text in refused.items())


def test_fhirpathpy_agrees_on_what_the_invariants_say_of_examples(
    engine: Engine, definitions: Definitions
) -> None:
    logging.disable(logging.CRITICAL)
    verdicts: Counter[Any] = Counter()
    disagreed: dict[str, list[Any]] = {}
    for case in cases(definitions):
        ours, theirs = our_verdict(engine, case), their_verdict(definitions, case)
        verdicts[ours] += 1
        if ours is not theirs and case.key not in DISAGREEMENTS:
            disagreed.setdefault(case.key, []).append((ours, theirs, case.value))
    assert disagreed == {}
    assert verdicts[True] > 150
    assert verdicts[False] > 25


def cases(definitions: Definitions) -> Iterator[Case]:
    """Give values of examples that a rule is about, as they are and with an element less."""
    by_path: dict[str, list[dict[str, Any]]] = {}
    for path, rule in rules():
        if rule["key"] not in LEFT_OUT and rule["key"] not in ERRATA:
            by_path.setdefault(path, []).append(rule)
    met: Counter[str] = Counter()
    for number, (_, data) in enumerate(examples()):
        if number > MANY_EXAMPLES:
            return
        if len(data) > LARGEST:
            continue
        resource = plain(data)
        for path, value in elements(definitions, resource["resourceType"], resource):
            contexts = [path, "DomainResource"] if value is resource else [path]
            for context in contexts:
                for rule in by_path.get(context, ()):
                    key = rule["key"]
                    if met[key] < OFTEN_ENOUGH:
                        met[key] += 1
                        for variant in variants(value, rule["expression"]):
                            whole = variant if value is resource else resource
                            yield Case(key, rule["expression"], context, variant, whole)


def variants(value: dict[str, Any], expression: str) -> Iterator[dict[str, Any]]:
    """Give a value, and the same without each of the first elements that the rule speaks of."""
    yield value
    named = [name for name in value if name in expression]
    for less in named[:MANY_LESS]:
        yield {name: inner for name, inner in value.items() if name != less}


def elements(
    definitions: Definitions, path: str, value: dict[str, Any]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give what has elements, with the path or type that its rules are found by."""
    yield path, value
    for element in definitions.children(path).values():
        for name, type_ in element.properties().items():
            found = value.get(name)
            inner = element.content_reference or element.path
            if type_.code not in ("BackboneElement", "Element"):
                inner = type_.code
            for item in found if isinstance(found, list) else [found]:
                if isinstance(item, dict) and type_.code != "Resource":
                    yield from elements(definitions, inner, item)


def our_verdict(engine: Engine, case: Case) -> bool | None:
    environment = Environment(case.resource, case.resource)
    try:
        return engine.compile(case.expression, case.context).holds(case.value, environment)
    except FhirPathError:
        return None


def their_verdict(definitions: Definitions, case: Case) -> bool | None:
    whole = {"resource": case.resource, "rootResource": case.resource}
    variables = {**whole, "ucum": "http://unitsofmeasure.org"}
    expression: Any = case.expression
    if not definitions.is_resource_type(case.context):
        expression = {"base": case.context, "expression": case.expression}
    try:
        found = fhirpathpy.evaluate(case.value, expression, variables, models["r4"])
    except Exception:
        return None
    return found != [False]


@pytest.mark.parametrize(
    ("path", "key", "good", "bad"),
    [
        ("Period", "per-1", {"start": "2020-01-01T10:00:00+01:00", "end": "2020-01-01T09:30:00Z"}, {"start": "2020-01-01", "end": "2019-12-31T23:59:00Z"}),
        ("Range", "rng-2", {"low": {"value": 1, "code": "g", "system": "http://unitsofmeasure.org"}, "high": {"value": 1, "code": "kg", "system": "http://unitsofmeasure.org"}}, {"low": {"value": 1, "unit": "x"}, "high": {"value": 0.5, "unit": "x"}}),
        ("Age", "age-1", {"value": 1, "code": "a", "system": "http://unitsofmeasure.org"}, {"value": 0, "code": "a", "system": "http://unitsofmeasure.org"}),
        ("Count", "cnt-3", {"value": 10, "code": "1"}, {"value": 10.5, "code": "1"}),
        ("Questionnaire.item.enableWhen", "que-7", {"operator": "exists", "answerBoolean": True}, {"operator": "exists", "answerString": "yes"}),
        ("Extension", "ext-1", {"url": "a", "valueString": "b"}, {"url": "a", "valueString": "b", "extension": [{"url": "c", "valueString": "d"}]}),
        ("Reference", "ref-1", {"reference": "Patient/1"}, {"reference": "#1"}),
        ("ElementDefinition", "eld-2", {"path": "a", "min": 1, "max": "2"}, {"path": "a", "min": 3, "max": "2"}),
        ("ElementDefinition", "eld-20", {"path": "Patient.deceased[x]"}, {"path": "1"}),
        ("ElementDefinition", "eld-13", {"path": "a", "type": [{"code": "a"}, {"code": "b"}]}, {"path": "a", "type": [{"code": "a"}, {"code": "a"}]}),
        ("Timing.repeat", "tim-4", {"duration": 0.0}, {"duration": -0.5}),
        ("Timing.repeat", "tim-9", {"offset": 5, "when": ["HS"]}, {"offset": 5, "when": ["CM"]}),
        ("DomainResource", "dom-2", {"resourceType": "Patient", "contained": [{"resourceType": "Patient", "id": "a"}]}, {"resourceType": "Patient", "contained": [{"resourceType": "Patient", "contained": [{"resourceType": "Patient"}]}]}),
        ("CareTeam.participant", "ctm-1", {"member": {"reference": "Practitioner/1"}, "onBehalfOf": {"reference": "Organization/1"}}, {"member": {"reference": "Patient/1"}, "onBehalfOf": {"reference": "Organization/1"}}),
    ],
)  # fmt: skip
def test_an_invariant_tells_good_from_bad(
    engine: Engine, path: str, key: str, good: dict[str, Any], bad: dict[str, Any]
) -> None:
    (expression,) = {rule["expression"] for at, rule in rules() if (at, rule["key"]) == (path, key)}
    known = {f"{name}/1": {"resourceType": name, "id": "1"} for name in ("Patient", "Practitioner")}
    compiled = engine.compile(expression, path)
    for value, holds in ((good, True), (bad, False)):
        environment = Environment(value, value, resolve=known.get)
        assert compiled.holds(value, environment) is holds


def test_dom_3_asks_that_contained_resources_are_referred_to(engine: Engine) -> None:
    (expression,) = {rule["expression"] for _, rule in rules() if rule["key"] == "dom-3"}
    contained = [{"resourceType": "Practitioner", "id": "p"}]
    referred = {"resourceType": "Patient", "contained": contained, "generalPractitioner": [{"reference": "#p"}]}  # fmt: skip
    forgotten = {"resourceType": "Patient", "contained": contained}
    back = {"resourceType": "CareTeam", "contained": [{"resourceType": "Patient", "id": "p", "managingOrganization": {"reference": "#"}}]}  # fmt: skip
    by_uri = {"resourceType": "CarePlan", "contained": contained, "instantiatesCanonical": ["#p"]}
    compiled = engine.compile(expression, "DomainResource")
    for resource, holds in ((referred, True), (forgotten, False), (back, True), (by_uri, True)):
        assert compiled.holds(resource, Environment(resource, resource)) is holds
