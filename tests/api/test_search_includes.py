"""_include and _revinclude over a real MongoDB: what is added, once, and never without end."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fhir_server.fhir.outcome import FhirError
from fhir_server.interactions.context import Server
from fhir_server.storage.mongo import MongoStore
from tests.api.searching import Searcher, searcher
from tests.conftest import Fhir

Json = dict[str, Any]
CANONICAL = "http://example.org/Questionnaire/falls"


def to(reference: str) -> Json:
    return {"reference": reference}


def questionnaire(id_: str, version: str | None = None) -> Json:
    own = {"version": version} if version else {}
    return {"resourceType": "Questionnaire", "id": id_, "url": CANONICAL, "status": "active", **own}


def response_to(id_: str, canonical: str) -> Json:
    return {
        "resourceType": "QuestionnaireResponse",
        "id": id_,
        "questionnaire": canonical,
        "status": "completed",
    }


RESOURCES: tuple[Json, ...] = (
    {"resourceType": "Organization", "id": "region", "name": "Region"},
    {
        "resourceType": "Organization",
        "id": "hospital",
        "name": "Hospital",
        "partOf": to("Organization/region"),
    },
    {
        "resourceType": "Organization",
        "id": "ward",
        "name": "Ward",
        "partOf": to("Organization/hospital"),
    },
    {"resourceType": "Practitioner", "id": "doctor", "name": [{"family": "Ek"}]},
    {
        "resourceType": "Patient",
        "id": "anna",
        "generalPractitioner": [to("Practitioner/doctor"), to("Organization/ward")],
        "managingOrganization": to("Organization/hospital"),
    },
    {
        "resourceType": "Patient",
        "id": "bo",
        "link": [{"other": to("Patient/anna"), "type": "seealso"}],
        "generalPractitioner": [to("Practitioner/doctor")],
    },
    {
        "resourceType": "Observation",
        "id": "first",
        "status": "final",
        "code": {"text": "x"},
        "subject": to("Patient/anna"),
    },
    {
        "resourceType": "Observation",
        "id": "second",
        "status": "final",
        "code": {"text": "x"},
        "subject": to("Patient/anna"),
        "derivedFrom": [to("Observation/first")],
        "performer": [to("Practitioner/doctor")],
    },
    questionnaire("v1", "1"),
    questionnaire("v2", "2"),
    response_to("any", CANONICAL),
    response_to("to-v2", f"{CANONICAL}|2"),
    {"resourceType": "Organization", "id": "told", "name": "Told of"},
    {"resourceType": "Organization", "id": "source", "name": "Said so"},
    {
        "resourceType": "Provenance",
        "id": "told",
        "target": [to("Organization/told/_history/1"), to("https://other.example/Organization/9")],
        "recorded": "2026-01-01T00:00:00Z",
        "agent": [{"who": {"display": "Somebody"}}],
        "entity": [{"role": "source", "what": to("Organization/source")}],
    },
)
# A circle, closed by a second write.
CIRCLE = {
    "resourceType": "Organization",
    "id": "region",
    "name": "Region",
    "partOf": to("Organization/ward"),
}


@pytest.fixture(scope="module")
def find(app: Any, app_server: Server, store: MongoStore) -> Searcher:
    return searcher(app, app_server, store, (*RESOURCES, CIRCLE))


def refusal(find: Searcher, url: str) -> str:
    with pytest.raises(FhirError) as error:
        find(url)
    assert error.value.status == 400
    return str(error.value)


@pytest.mark.parametrize(
    ("url", "included"),
    [
        ("Patient?_id=anna&_include=Patient:organization", ["Organization/hospital"]),
        (
            "Patient?_id=anna&_include=Patient:general-practitioner",
            ["Organization/ward", "Practitioner/doctor"],
        ),
        (
            "Patient?_id=anna&_include=Patient:general-practitioner:Practitioner",
            ["Practitioner/doctor"],
        ),
        (
            "Patient?_id=anna&_include=Patient:*",
            ["Organization/hospital", "Organization/ward", "Practitioner/doctor"],
        ),
        (
            "Patient?_id=anna&_include=*",
            ["Organization/hospital", "Organization/ward", "Practitioner/doctor"],
        ),
        ("Patient?_id=anna&_revinclude=Observation:patient", ["Observation/first", "Observation/second"]),
        ("Patient?_id=anna&_revinclude=Observation:subject:Patient", ["Observation/first", "Observation/second"]),
        ("Patient?_id=anna&_revinclude=Observation:*", ["Observation/first", "Observation/second"]),
        (
            "Patient?_id=anna&_revinclude=*",
            ["Observation/first", "Observation/second", "Patient/bo"],
        ),
        (
            "Patient?_id=anna&_include=Patient:organization&_revinclude=Patient:link",
            ["Organization/hospital", "Patient/bo"],
        ),
    ],
)  # fmt: skip
def test_references_are_followed(find: Searcher, url: str, included: list[str]) -> None:
    page = find(url)
    assert page.matches == ["Patient/anna"]
    assert page.included == included
    assert page.total == 1


@pytest.mark.parametrize(
    ("url", "included"),
    [
        ("Organization?_id=told&_revinclude=*", ["Provenance/told"]),
        ("Organization?_id=told&_revinclude=Provenance:*", ["Provenance/told"]),
        ("Organization?_id=told&_revinclude=Provenance:target", ["Provenance/told"]),
        ("Organization?_id=source&_revinclude=*", ["Provenance/told"]),
        ("Provenance?_id=told&_include=*", ["Organization/source", "Organization/told"]),
        ("Provenance?_id=told&_include=Provenance:target", ["Organization/told"]),
    ],
)
def test_what_a_provenance_tells_of_is_followed_both_ways(
    find: Searcher, url: str, included: list[str]
) -> None:
    assert find(url).included == included


def test_what_was_included_is_followed_only_by_iterate(find: Searcher) -> None:
    once = find("Patient?_id=anna&_include=Patient:organization&_include=Patient:link")
    assert once.included == ["Organization/hospital"]
    circle = ["Organization/hospital", "Organization/region", "Organization/ward"]
    page = find(
        "Patient?_id=anna&_include=Patient:organization&_include:iterate=Organization:partof"
    )
    assert page.included == circle


def test_a_circle_ends(find: Searcher) -> None:
    page = find("Organization?_id=ward&_include:iterate=Organization:partof")
    assert page.matches == ["Organization/ward"]
    assert page.included == ["Organization/hospital", "Organization/region"]
    back = find("Organization?_id=ward&_revinclude:iterate=Organization:partof")
    assert back.included == ["Organization/hospital", "Organization/region"]


def test_a_result_is_never_included_too(find: Searcher) -> None:
    page = find("Observation?subject=Patient/anna&_include=Observation:derived-from")
    assert sorted(page.matches) == ["Observation/first", "Observation/second"]
    assert page.included == []


def test_a_resource_that_several_references_lead_to_is_included_once(find: Searcher) -> None:
    page = find("Patient?_include=Patient:general-practitioner&_include=*")
    assert page.included.count("Practitioner/doctor") == 1


def test_iterate_follows_back_what_was_included(find: Searcher) -> None:
    page = find("Patient?_id=bo&_include=Patient:link&_revinclude:iterate=Observation:patient")
    assert page.included == ["Observation/first", "Observation/second", "Patient/anna"]


def test_a_definition_is_included_by_its_url_and_version(find: Searcher) -> None:
    include = "_include=QuestionnaireResponse:questionnaire"
    assert find(f"QuestionnaireResponse?_id=to-v2&{include}").included == ["Questionnaire/v2"]
    both = ["Questionnaire/v1", "Questionnaire/v2"]
    assert find(f"QuestionnaireResponse?_id=any&{include}").included == both
    assert find("QuestionnaireResponse?_id=any&_include=*").included == both


def test_what_refers_to_a_definition_is_included_by_its_version(find: Searcher) -> None:
    revinclude = "_revinclude=QuestionnaireResponse:questionnaire"
    assert find(f"Questionnaire?_id=v1&{revinclude}").included == ["QuestionnaireResponse/any"]
    assert find(f"Questionnaire?_id=v2&{revinclude}").included == [
        "QuestionnaireResponse/any",
        "QuestionnaireResponse/to-v2",
    ]


def test_a_reference_to_nothing_adds_nothing(find: Searcher, fhir: Fhir) -> None:
    fhir.put("Patient/cia", {"resourceType": "Patient", "id": "cia"})
    fhir.put("Patient/dan", {
        "resourceType": "Patient", "id": "dan",
        "link": [{"other": to("Patient/cia"), "type": "seealso"}],
    })  # fmt: skip
    assert find("Patient?_id=dan&_include=Patient:link").included == ["Patient/cia"]
    fhir.delete("Patient/dan")
    assert find("Patient?_id=cia&_revinclude=Patient:link").included == []


def test_a_cut_is_said(find: Searcher) -> None:
    settings = replace(find.server.settings, max_includes=2)
    narrow = replace(find, server=replace(find.server, settings=settings))
    page = narrow("Patient?_id=anna&_include=Patient:*&_revinclude=*")
    assert len(page.included) == 2
    assert [(i["severity"], i["code"]) for i in page.issues] == [("warning", "incomplete")]
    exactly = narrow("Patient?_id=anna&_include=Patient:general-practitioner")
    assert len(exactly.included) == 2
    assert exactly.issues == []


def test_an_include_of_another_type_has_no_effect_and_says_so(find: Searcher) -> None:
    page = find("Patient?_id=anna&_include=Observation:patient&_include=Patient:organization")
    assert page.included == ["Organization/hospital"]
    (issue,) = page.issues
    assert issue["severity"] == "warning"
    assert "_include:iterate" in issue["details"]["text"]
    assert "Observation" not in str(page.link("self"))


@pytest.mark.parametrize(
    ("parameter", "says"),
    [
        ("_include=Patient:colour", "Patient:general-practitioner"),
        ("_include=Patient:name", "Patient:link"),
        ("_include=Patient:organisation", "Did you mean 'Patient:organization'"),
        ("_include=Persn:link", "Did you mean 'Person'"),
        ("_include=Patient:organization:Practitioner", "Valid: Organization"),
        ("_include=organization", "form"),
        ("_include=", "form"),
        ("_include:recurse=Patient:link", ":iterate"),
        ("_include:iterate=Patient:colour", "Valid"),
        ("_revinclude=Observation:encounter", "Observation:subject"),
        ("_revinclude=Observation:code", "Observation:patient"),
        ("_include=Patient:link&_summary=text", "_summary=text"),
    ],
)
def test_what_names_no_reference_is_refused_with_those_there_are(
    find: Searcher, parameter: str, says: str
) -> None:
    assert says in refusal(find, f"Patient?{parameter}")


def test_the_self_link_has_the_includes(find: Searcher) -> None:
    page = find("Patient?_id=anna&_include:iterate=Patient:link&_revinclude=*")
    assert page.link("self") == (
        "http://localhost/fhir/Patient?_id=anna&_include%3Aiterate=Patient%3Alink&_revinclude=%2A"
    )


def test_every_page_has_its_own_includes(find: Searcher) -> None:
    pages = find.pages("Observation?subject=Patient/anna&_count=1&_include=Observation:subject")
    assert [page.included for page in pages] == [["Patient/anna"], ["Patient/anna"]]
