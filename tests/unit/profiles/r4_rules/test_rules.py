"""R4's own rules: each broken once, with the rule, the place and the StructureDefinition."""

from __future__ import annotations

from typing import Any

import pytest

from fhir_server.profiles.definitions import Definitions
from fhir_server.profiles.validator import Validator

CORE = "http://hl7.org/fhir/StructureDefinition/"
CODED = {"coding": [{"system": "http://loinc.org", "code": "1-8"}]}
ID = "urn:uuid:c757873d-ec9a-4326-a141-556f43239520"


def team(**elements: Any) -> dict[str, Any]:
    return {"resourceType": "CareTeam", **elements}


def patient(**elements: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", **elements}


def observation(**elements: Any) -> dict[str, Any]:
    return {"resourceType": "Observation", "status": "final", "code": CODED, **elements}


def bundle(type_: str, *entries: dict[str, Any], **elements: Any) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": type_, "entry": list(entries), **elements}


def entry(url: str, resource: dict[str, Any]) -> dict[str, Any]:
    return {"fullUrl": url, "resource": resource}


def concept(code: str, system: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}


SCOPE = "http://terminology.hl7.org/CodeSystem/consentscope"
CONSENT = {
    "resourceType": "Consent",
    "status": "active",
    "category": [{"text": "x"}],
    "policy": [{"uri": "http://example.org"}],
}
HOME = [{"use": "home", "system": "phone", "value": "1"}]
INNER = patient(id="p")
COMPOSITION = {
    "resourceType": "Composition",
    "id": "c",
    "status": "final",
    "type": {"text": "x"},
    "date": "2026",
    "title": "x",
    "author": [{"display": "x"}],
    "subject": {"reference": "urn:uuid:nowhere"},
}
REQUEST = {"method": "POST", "url": "Patient"}

BROKEN: list[tuple[str, dict[str, Any], str, str, str]] = [
    ("a period that ends before it starts",
     team(period={"start": "2026-02-01", "end": "2026-01-31"}), "per-1", "CareTeam.period", "Period"),
    ("a period in two zones that ends before it starts",
     team(period={"start": "2026-01-01T10:00:00Z", "end": "2026-01-01T10:30:00+01:00"}),
     "per-1", "CareTeam.period", "Period"),
    ("a quantity with a code without system",
     observation(valueQuantity={"value": 1, "code": "mg"}), "qty-3", "Observation.value", "Quantity"),
    ("a contact point without system",
     patient(telecom=[{"value": "1"}]), "cpt-2", "Patient.telecom[0]", "ContactPoint"),
    ("data without its media type",
     patient(photo=[{"data": "SGVq"}]), "att-1", "Patient.photo[0]", "Attachment"),
    ("an extension with a value and parts",
     patient(extension=[{"url": "urn:a", "valueCode": "x", "extension": [{"url": "b", "valueCode": "x"}]}]),
     "ext-1", "Patient.extension[0]", "Extension"),
    ("an element with an id alone", team(period={"id": "a"}), "ele-1", "CareTeam.period", "Element"),
    ("a primitive with an id alone", patient(_birthDate={"id": "a"}), "ele-1", "Patient.birthDate", "Element"),
    ("an id that two elements have",
     patient(name=[{"id": "a", "text": "x"}, {"id": "a", "text": "y"}]),
     "element-id", "Patient.name[1].id", "Element"),
    ("a reference to a resource that is not contained",
     team(subject={"reference": "#p"}), "ref-1", "CareTeam.subject", "Reference"),
    ("a reference that says nothing", team(subject={"type": "Patient"}), "ref-2", "CareTeam.subject", "Reference"),
    ("a reference whose type is another",
     team(subject={"reference": "Patient/1", "type": "Group"}), "type", "CareTeam.subject.type", "Reference"),
    ("a contained resource of a type that is not allowed",
     team(contained=[{"resourceType": "Practitioner", "id": "p"}], subject={"reference": "#p"}),
     "target", "CareTeam.subject.reference", "CareTeam"),
    ("a contained resource that nothing refers to",
     team(contained=[INNER]), "dom-3", "CareTeam.contained[0]", "DomainResource"),
    ("a contained resource without id",
     team(contained=[patient(active=True)]), "contained", "CareTeam.contained[0]", "DomainResource"),
    ("two contained resources with one id",
     team(contained=[INNER, INNER], subject={"reference": "#p"}),
     "contained", "CareTeam.contained[1].id", "DomainResource"),
    ("a contained resource with a version",
     team(contained=[{**INNER, "meta": {"versionId": "1"}}], subject={"reference": "#p"}),
     "dom-4", "CareTeam.contained[0].meta.versionId", "DomainResource"),
    ("a contained resource with security labels",
     team(contained=[{**INNER, "meta": {"security": [{"code": "R"}]}}], subject={"reference": "#p"}),
     "dom-5", "CareTeam.contained[0].meta.security", "DomainResource"),
    ("an extension of a relative url",
     patient(extension=[{"url": "height", "valueCode": "x"}]), "extension", "Patient.extension[0].url", "Extension"),
    ("a contact of nobody", patient(contact=[{"gender": "male"}]), "pat-1", "Patient.contact[0]", "Patient"),
    ("a home address of an organization",
     {"resourceType": "Organization", "name": "x", "telecom": HOME},
     "org-3", "Organization.telecom[0]", "Organization"),
    ("a value and the reason that there is none",
     observation(valueString="x", dataAbsentReason={"text": "y"}), "obs-6", "Observation", "Observation"),
    ("consent to privacy of nobody, where R4 names the system 'something'",
     {**CONSENT, "scope": concept("patient-privacy", SCOPE)}, "ppc-2", "Consent", "Consent"),
    ("a language that is no tag of BCP 47", patient(language="sv_SE"), "binding", "Patient.language", "Patient"),
    ("a media type without its second part",
     patient(photo=[{"contentType": "png"}]), "binding", "Patient.photo[0].contentType", "Attachment"),
    ("a currency that is none",
     {"resourceType": "Invoice", "status": "draft", "totalNet": {"value": 1, "currency": "KRR"}},
     "binding", "Invoice.totalNet.currency", "Money"),
    ("a fullUrl of another resource",
     bundle("collection", entry("http://a.example/Patient/q", INNER)), "full-url", "Bundle.entry[0].fullUrl", "Bundle"),
    ("a relative fullUrl",
     bundle("collection", entry("Patient/p", INNER)), "full-url", "Bundle.entry[0].fullUrl", "Bundle"),
    ("two entries of one fullUrl",
     bundle("collection", entry(ID, INNER), entry(ID, INNER)), "bdl-7", "Bundle", "Bundle"),
    ("a fullUrl of a version",
     bundle("collection", entry("http://a.example/Patient/p/_history/1", INNER)),
     "bdl-8", "Bundle.entry[0]", "Bundle"),
    ("a transaction that writes nothing",
     bundle("transaction", {"request": REQUEST}), "request", "Bundle.entry[0]", "Bundle"),
    ("a collection with requests",
     bundle("collection", {"resource": INNER, "request": REQUEST}), "bdl-3", "Bundle", "Bundle"),
    ("a document without Composition",
     bundle("document", entry(ID, INNER), identifier={"system": "urn:s", "value": "1"},
            timestamp="2026-01-01T00:00:00Z"), "bdl-11", "Bundle", "Bundle"),
]  # fmt: skip


@pytest.mark.parametrize(("resource", "rule", "place", "stated_by"),
                         [each[1:] for each in BROKEN], ids=[each[0] for each in BROKEN])  # fmt: skip
def test_a_rule_of_r4_is_told_with_its_place_and_who_states_it(
    validator: Validator, resource: dict[str, Any], rule: str, place: str, stated_by: str
) -> None:
    found = validator.validate(resource)
    errors = [(i.rule, i.expression, i.profile) for i in found if i.severity == "error"]
    assert errors == [(rule, place, f"{CORE}{stated_by}")]


KEPT: dict[str, dict[str, Any]] = {
    "a period that ends when it starts": team(period={"start": "2026-02-01", "end": "2026-02-01"}),
    "a period of different precision": team(period={"start": "2026-02-01", "end": "2026-02"}),
    "a period in two zones": team(
        period={"start": "2026-01-01T10:30:00+01:00", "end": "2026-01-01T10:00:00Z"}
    ),
    "a contained resource that refers to its container": team(
        contained=[{"resourceType": "Provenance", "id": "p", "recorded": "2026-01-01T00:00:00Z",
                    "target": [{"reference": "#"}], "agent": [{"who": {"display": "x"}}]}]
    ),
    "contained resources that refer to each other": team(
        contained=[INNER, {"resourceType": "RelatedPerson", "id": "r", "patient": {"reference": "#p"}}],
        participant=[{"member": {"reference": "#r"}}],
    ),
    "a relative url in a part of an extension": patient(
        extension=[{"url": "urn:a", "extension": [{"url": "b", "valueCode": "x"}]}]
    ),
    "formats by their short names": {
        "resourceType": "CapabilityStatement", "status": "draft", "date": "2026", "fhirVersion": "4.0.1",
        "kind": "requirements", "description": "x", "format": ["xml", "application/fhir+json"], "rest": [{"mode": "server"}],
    },
    "a fullUrl that is a urn": bundle("collection", entry(ID, INNER)),
    "a code without extension, and its unit": observation(
        valueQuantity={"value": 1, "code": "mg", "system": "http://unitsofmeasure.org"}
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", KEPT)
def test_what_keeps_the_rules_is_accepted_without_a_word(validator: Validator, name: str) -> None:
    assert [i for i in validator.validate(KEPT[name]) if i.severity != "information"] == []


def test_a_document_lacks_what_its_composition_refers_to(validator: Validator) -> None:
    whole = bundle("document", entry(ID, COMPOSITION), identifier={"system": "urn:s", "value": "1"},
                   timestamp="2026-01-01T00:00:00Z")  # fmt: skip
    [warning] = validator.validate(whole)
    assert (warning.severity, warning.rule) == ("warning", "document")
    assert warning.expression == "Bundle.entry[0].resource.subject.reference"


def test_an_unknown_modifier_extension_is_a_warning(validator: Validator) -> None:
    [warning] = validator.validate(patient(modifierExtension=[{"url": "urn:a", "valueCode": "x"}]))
    assert (warning.severity, warning.rule) == ("warning", "extension")


def test_a_code_outside_an_extensible_binding_is_a_warning(validator: Validator) -> None:
    coded = concept("x", "http://terminology.hl7.org/CodeSystem/condition-category")
    condition = {"resourceType": "Condition", "subject": {"reference": "Patient/1"}}
    [warning] = validator.validate({**condition, "category": [coded]})
    assert (warning.severity, warning.rule) == ("warning", "binding")
    assert warning.expression == "Condition.category[0]"


def test_best_practices_are_told_when_they_are_asked_for(validator: Validator) -> None:
    assert validator.validate(patient(active=True)) == []
    [advice] = validator.validate(patient(active=True), best_practices=True)
    assert (advice.severity, advice.rule) == ("warning", "dom-6")


def test_rules_are_told_beside_problems_of_structure_that_they_do_not_follow_from(
    validator: Validator,
) -> None:
    wrong = patient(nurse=1, gender="x", telecom=[{"value": "1"}], contact=[{"name": []}])
    assert {(i.rule, i.expression) for i in validator.validate(wrong)} == {
        ("unknown", "Patient.nurse"),
        ("structure", "Patient.contact[0].name"),
        ("binding", "Patient.gender"),
        ("cpt-2", "Patient.telecom[0]"),
    }


def test_warnings_never_keep_out_an_error(validator: Validator) -> None:
    names = [
        {"resourceType": "ValueSet", "status": "draft", "name": "not a name"} for _ in range(1100)
    ]
    wrong = [{"resourceType": "Patient", "gender": "x"}]
    found = validator.validate(bundle("collection", *({"resource": r} for r in [*names, *wrong])))
    assert len(found) == 1000
    assert (found[0].severity, found[0].rule) == ("error", "binding")


def test_all_invariants_of_r4_are_evaluated_or_listed_among_the_errata(
    definitions: Definitions,
) -> None:
    from fhir_server.fhirpath.engine import Engine
    from fhir_server.profiles.r4_rules.invariants import Invariants

    engine = Engine(definitions)
    invariants = Invariants(definitions, engine)
    types = [*definitions.resource_types, "Period", "Quantity", "Timing", "ElementDefinition"]
    count = 0
    for name in types:
        for path in definitions.invariants(name):
            for invariant in invariants.at(path):
                engine.compile(invariant.expression, invariant.path)
                count += 1
    assert count > 180
