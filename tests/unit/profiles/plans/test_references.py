"""References: types, profiles of what they lead to, aggregation and versions."""

from __future__ import annotations

import pytest

from tests.unit.profiles.plans.conftest import CORE, concept, profile

ROLE = profile("PractitionerRole", {"id": "PractitionerRole.code", "min": 1}, name="role")
CODED = {"resourceType": "PractitionerRole", "id": "r", "code": [concept("x")]}
AT = "CareTeam.participant[0].member"


def member(*targets, **of_type):
    type_ = {"code": "Reference", "targetProfile": list(targets), **of_type}
    return profile(
        "CareTeam",
        {"id": "CareTeam.participant"},
        {"id": "CareTeam.participant.member", "max": "1", "type": [type_]},
    )


def team(reference, **more):
    if isinstance(reference, str):
        reference = {"reference": reference}
    return {"resourceType": "CareTeam", "participant": [{"member": reference}], **more}


NARROWED = member(f"{CORE}/PractitionerRole", f"{CORE}/Patient")


@pytest.mark.parametrize(
    "reference",
    [
        "PractitionerRole/1",
        "Patient/1/_history/2",
        "https://other.example/fhir/Patient/1",
        "Patient?identifier=urn:x|1",
        "urn:uuid:7a1bd1a0-0000-4000-8000-000000000000",
        "https://other.example/somewhere",
        "#r",
        {"type": "Patient", "identifier": {"value": "1"}},
        {"identifier": {"value": "1"}},
        {"display": "N"},
    ],
)
def test_a_reference_to_one_of_the_types_or_to_what_nobody_knows(check, reference):
    assert check(team(reference, contained=[CODED]), NARROWED) == []


@pytest.mark.parametrize(
    "reference",
    [
        "Practitioner/1",
        "Practitioner/1/_history/2",
        "https://other.example/fhir/Practitioner/1",
        "Practitioner?identifier=urn:x|1",
        "#p",
        "#",
    ],
)
def test_a_reference_to_another_type_is_refused(check, reference):
    contained = [{"resourceType": "Practitioner", "id": "p"}]
    assert check(team(reference, contained=contained), NARROWED) == [("target", f"{AT}.reference")]


def test_the_types_are_named(issues):
    [issue] = issues(team("Practitioner/1"), NARROWED)
    assert "must refer to PractitionerRole or Patient" in issue.text
    assert (issue.severity, issue.code) == ("error", "invariant")


def test_an_identifier_of_another_type_is_refused(check):
    logical = {"type": "Practitioner", "identifier": {"value": "1"}}
    assert check(team(logical), NARROWED) == [("target", f"{AT}.type")]


def test_a_reference_inside_a_bundle_has_the_type_of_its_entry(check):
    url = "urn:uuid:7a1bd1a0-0000-4000-8000-000000000000"
    for type_, found in (("Patient", []), ("Group", [("target", f"{AT}.reference")])):
        entry = {"fullUrl": url, "resource": {"resourceType": type_}}
        bundle = {"resourceType": "Bundle", "entry": [entry]}
        assert check(team(url), NARROWED, bundle=bundle) == found


def test_a_reference_to_any_type_is_not_narrowed(check):
    assert check(team("Group/1"), member(f"{CORE}/Resource")) == []
    assert check(team("Group/1"), member()) == []


def test_what_a_reference_leads_to_conforms_to_the_profile(check, issues):
    by_profile = member(ROLE["url"])
    assert check(team("#r", contained=[CODED]), by_profile, ROLE) == []
    plain = {"resourceType": "PractitionerRole", "id": "r"}
    [issue] = issues(team("#r", contained=[plain]), by_profile, ROLE)
    assert (issue.rule, issue.expression) == ("target", f"{AT}.reference")
    assert f"does not conform to {ROLE['url']}" in issue.text
    assert check(team("Practitioner/1"), by_profile, ROLE) == [("target", f"{AT}.reference")]


def test_a_stored_resource_is_looked_up_and_a_missing_one_is_no_error(check):
    stored = {
        "PractitionerRole/1": CODED,
        "PractitionerRole/2": {"resourceType": "PractitionerRole"},
    }
    by_profile = member(ROLE["url"])
    for id_, found in ((1, []), (2, [("target", f"{AT}.reference")]), (3, [])):
        resource = team(f"PractitionerRole/{id_}")
        assert check(resource, by_profile, ROLE, resolve=stored.get) == found


def test_one_of_several_profiles_is_enough(check):
    other = profile("PractitionerRole", {"id": "PractitionerRole.location", "min": 1}, name="o")
    either = member(other["url"], ROLE["url"])
    assert check(team("#r", contained=[CODED]), either, other, ROLE) == []
    plain = member(other["url"], f"{CORE}/PractitionerRole")
    assert check(team("#r", contained=[CODED]), plain, other) == []


def test_a_profile_that_is_not_known_is_a_warning(issues, problems):
    gone = member("urn:gone")
    [issue] = issues(team("#r", contained=[CODED]), gone)
    assert (issue.severity, issue.rule) == ("warning", "target")
    assert "urn:gone is not known here" in issue.text
    [problem] = problems(gone)
    assert (problem.severity, problem.expression) == (
        "warning",
        "StructureDefinition.snapshot.element[2].type",
    )


def test_profiles_that_refer_to_each_other_end(check):
    back = profile(
        "PractitionerRole",
        {
            "id": "PractitionerRole.practitioner",
            "min": 1,
            "max": "1",
            "type": [{"code": "Reference", "targetProfile": ["urn:person"]}],
        },
        name="role",
    )
    person = {
        **profile(
            "Practitioner",
            {
                "id": "Practitioner.extension.value[x]",
                "type": [{"code": "Reference", "targetProfile": [back["url"]]}],
            },
        ),
        "url": "urn:person",
    }
    stored = {
        "PractitionerRole/1": {
            "resourceType": "PractitionerRole",
            "practitioner": {"reference": "Practitioner/1"},
        },
        "Practitioner/1": {
            "resourceType": "Practitioner",
            "extension": [{"url": "u", "valueReference": {"reference": "PractitionerRole/1"}}],
        },
    }
    by_profile = member(back["url"])
    assert check(team("PractitionerRole/1"), by_profile, back, person, resolve=stored.get) == []


def test_where_a_reference_may_lead(check, issues):
    contained = member(aggregation=["contained"])
    assert check(team("#r", contained=[CODED]), contained) == []
    [issue] = issues(team("Patient/1"), contained)
    assert (issue.rule, issue.expression) == ("target", f"{AT}.reference")
    assert "contained in this one" in issue.text
    referenced = member(aggregation=["referenced"])
    assert check(team("Patient/1"), referenced) == []
    assert check(team("#r", contained=[CODED]), referenced) == [("target", f"{AT}.reference")]


def test_a_reference_that_must_stay_in_its_bundle(check):
    url = "https://clinic.example/fhir/Patient/1"
    entry = {"fullUrl": url, "resource": {"resourceType": "Patient"}}
    bundle = {"resourceType": "Bundle", "entry": [entry]}
    bundled = member(aggregation=["bundled"])
    assert check(team(url), bundled, bundle=bundle) == []
    other = "https://clinic.example/fhir/Patient/2"
    assert check(team(other), bundled, bundle=bundle) == [("target", f"{AT}.reference")]
    assert check(team(url), bundled) == [("target", f"{AT}.reference")]


def test_whether_a_reference_names_a_version(check):
    specific, independent = member(versioning="specific"), member(versioning="independent")
    assert check(team("Patient/1/_history/2"), specific) == []
    assert check(team("Patient/1"), specific) == [("target", f"{AT}.reference")]
    assert check(team("Patient/1"), independent) == []
    assert check(team("Patient/1/_history/2"), independent) == [("target", f"{AT}.reference")]
    assert check(team("Patient/1"), member(versioning="either")) == []
    assert check(team("#r", contained=[CODED]), specific) == []
