"""Leaks that were found by looking for them, each with the way it went."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from fhir_server.security.principal import Principal
from fhir_server.security.scopes import Scope
from tests.security.matrix_world import PRINCIPALS, PROTECTED, MatrixWorld
from tests.security.worlds import HSA, LEGAL, encounter, hsa, staff

OPEN = PRINCIPALS["open"]
NURSE = PRINCIPALS["coordinator"]
BASIC = {"resourceType": "Basic", "code": {"text": "x"}}


@pytest.fixture(scope="module")
def world(app: Flask) -> MatrixWorld:
    return MatrixWorld(app)


def ids(told: Any) -> list[str]:
    return [each["resource"]["id"] for each in told.body.get("entry", ())]


def person(id_: str, **more: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": id_, "name": [{"family": f"Name{id_}"}], **more}


def test_the_order_of_results_does_not_tell_a_protected_name(world: MatrixWorld) -> None:
    """R118: nor does the link to the next page, which holds what a result is sorted by."""
    asked = "Practitioner?_id=x-practitioner,x-protected-practitioner&_sort="
    assert ids(world.ask(NURSE, "GET", asked + "family")) == ["x-practitioner"]
    assert len(ids(world.ask(NURSE, "GET", asked + "_lastUpdated"))) == 2


def test_what_is_masked_is_not_included_either(world: MatrixWorld) -> None:
    """R118: where a protected person is listed leads to where they live."""
    for more in ("_include=Patient:organization", "_include=*", "_include=*&_include:iterate=*"):
        told = world.ask(NURSE, "GET", f"Patient?_id=x-protected-patient&{more}")
        assert ids(told) == ["x-protected-patient"]
        assert "Organization/" not in told.text


def test_versions_from_before_a_person_was_protected_are_masked(world: MatrixWorld) -> None:
    """R118: the history would tell the address that the present version keeps back."""
    before = person("late", address=[{"city": "Glömskby"}])
    world.tell(OPEN, "PUT", "Patient/late", before)
    world.tell(OPEN, "PUT", "Patient/late", {**before, "meta": PROTECTED})
    for url in ("Patient/late", "Patient/late/_history/1", "Patient/late/_history",
                "Patient/late/_history?_count=1", "Patient/late/$diff"):  # fmt: skip
        assert "Glömskby" not in world.ask(NURSE, "GET", url).text, url
    right = replace(NURSE, rights=frozenset({"protected-persons"}))
    assert "Glömskby" in world.ask(right, "GET", "Patient/late/_history/1").text


def test_a_refused_delete_names_no_record_that_may_not_be_seen(world: MatrixWorld) -> None:
    """R111: the administrator deletes units, and reads no one's care."""
    refused = world.ask(PRINCIPALS["administrator"], "DELETE", "Organization/psyk")
    assert refused.status == 409
    assert "Encounter/" not in refused.text
    assert "DocumentReference/" not in refused.text
    assert "CarePlan/" not in refused.text
    assert "CarePlan/" in world.ask(OPEN, "DELETE", "Organization/psyk").text


def test_what_is_contained_and_not_approved_is_not_given_to_the_patient(
    world: MatrixWorld,
) -> None:
    """R113: what is contained has an approval of its own."""
    unapproved = {
        "resourceType": "CareTeam",
        "id": "o",
        "extension": [
            {
                "url": "https://fhir.inera.se/ig/ehds-tk/StructureDefinition/approved-for-patient",
                "valueBoolean": False,
            }
        ],
        "name": "Otillåtet",
    }
    plan = {
        "resourceType": "CarePlan",
        "id": "holds",
        "contained": [unapproved],
        "status": "active",
        "intent": "plan",
        "subject": {"reference": "Patient/own"},
        "author": {"reference": "Organization/hc"},
        "careTeam": [{"reference": "#o"}],
    }
    world.tell(OPEN, "PUT", "CarePlan/holds", plan)
    patient = PRINCIPALS["patient"]
    assert world.ask(patient, "GET", "CarePlan/holds").status == 200
    for url in ("CarePlan/holds", "CarePlan/holds/_history/1", "CarePlan?_id=holds",
                "CareTeam?_contained=true&_containedType=contained", "CarePlan?_content=Otillåtet"):  # fmt: skip
        assert (
            "Otillåtet"
            not in world.ask(patient, "GET", url).text.split('"link"')[-1].split("]", 1)[-1]
        ), url
    assert "Otillåtet" in world.ask(NURSE, "GET", "CarePlan/holds").text


def test_a_guardian_is_not_told_where_a_protected_child_lives(world: MatrixWorld) -> None:
    """R118, R123: it may be the guardian whom the child is protected from."""
    child = person("ward", meta=PROTECTED, address=[{"city": "Gömby"}])
    world.tell(OPEN, "PUT", "Patient/ward", child)
    # An app may be launched with the child as the patient to look at.
    for launched in ("", "Patient/ward"):
        guardian = Principal("x", role="guardian", wards=("Patient/ward",), patient=launched)
        told = world.ask(guardian, "GET", "Patient/ward")
        assert told.status == 200
        assert "Gömby" not in told.text
    own = Principal("Patient/ward", role="patient", patient="Patient/ward")
    assert "Gömby" in world.ask(own, "GET", "Patient/ward").text


def test_who_is_linked_to_a_person_is_not_in_their_launch(world: MatrixWorld) -> None:
    """A token for one person does not open another's record that links to it (SMART, launch)."""
    world.tell(OPEN, "PUT", "Patient/one", person("one"))
    link = [{"other": {"reference": "Patient/one"}, "type": "seealso"}]
    world.tell(OPEN, "PUT", "Patient/twin", person("twin", link=link))
    launched = replace(NURSE, patient="Patient/one", scopes=(Scope("patient", "Patient", "rs"),))
    assert world.ask(launched, "GET", "Patient/one").status == 200
    assert world.ask(launched, "GET", "Patient/twin").status == 404


def test_a_scope_with_a_search_also_limits_what_references_find(world: MatrixWorld) -> None:
    """A write that refers to what the scope leaves out is refused as one to nothing is."""
    scopes = (
        Scope("system", "Encounter", "rs", (("status", "finished"),)),
        Scope("system", "DocumentReference", "cruds"),
        Scope("system", "Patient", "rs"),
    )
    narrow = replace(PRINCIPALS["system-unit"], scopes=scopes)
    answers = []
    for id_ in (world.ids["encounter", "own"], "is-not-there"):
        pointer = {
            "resourceType": "DocumentReference",
            "status": "current",
            "content": [{"attachment": {"title": "x"}}],
            "context": {"encounter": [{"reference": f"Encounter/{id_}"}]},
        }
        told = world.ask(narrow, "POST", "DocumentReference", pointer)
        answers.append((told.status, told.text.replace(id_, "ID")))
    assert answers[0] == answers[1]
    assert answers[0][0] == 422


def test_no_unit_changes_what_kind_it_is(world: MatrixWorld) -> None:
    """R110: a school that called itself a hälsocentral would be given direct access."""
    region = PRINCIPALS["system-provider"]
    kind = {"coding": [{"system": "urn:kinds", "code": "another"}]}
    found = world.tell(region, "GET", "Organization/hc").body
    assert world.ask(region, "PUT", "Organization/hc", {**found, "type": [kind]}).status == 403
    assert world.ask(region, "PUT", "Organization/hc", {**found, "alias": ["hc"]}).status == 200


def test_no_unit_takes_the_number_of_another(world: MatrixWorld) -> None:
    """R112: what the other writes afterwards would be labelled as this one's."""
    region = PRINCIPALS["system-provider"]
    for system in (HSA, "urn:oid:1.2.752.129.2.1.4.1"):
        false = {
            "resourceType": "Organization",
            "name": "Falsk",
            "identifier": [{"system": system, "value": hsa("hemsjukvard")}],
            "partOf": {"reference": "Organization/region"},
        }
        assert world.ask(region, "POST", "Organization", false).status == 403
    new = {
        "resourceType": "Organization",
        "name": "Ny",
        "partOf": {"reference": "Organization/region"},
    }
    made = world.tell(region, "POST", "Organization", new)
    stolen = {**made.body, "identifier": [{"system": HSA, "value": hsa("kommun")}]}
    assert world.ask(region, "PUT", f"Organization/{made.body['id']}", stolen).status == 403


def test_a_national_service_learns_no_more_of_a_person_than_their_number(
    world: MatrixWorld,
) -> None:
    """R111: the named contacts are what it is given; a name or address is not."""
    national = PRINCIPALS["national-service"]
    told = world.ask(national, "GET", "Patient/consented")
    assert told.status == 200
    assert "n-consented" in told.text
    assert "Markpatientconsented" not in told.text
    by_number = "Patient?identifier=urn:example:number|n-consented"
    assert ids(world.ask(national, "GET", by_number)) == ["consented"]
    assert ids(world.ask(national, "GET", f"{by_number}&family=Mark")) == []


def test_what_a_request_writes_decides_about_what_it_reads_next(world: MatrixWorld) -> None:
    """R111: a consent takes effect the next moment, also inside one batch."""
    context = world.context(NURSE)
    access = context.store.access
    assert access.state("Patient/consented").other_providers
    assert world.ask(context, "POST", "Basic", BASIC).status == 201
    assert not access.known_states


def test_records_are_written_with_an_assignment_of_care_only(world: MatrixWorld) -> None:
    """R117: a purpose that reads no one's record writes none either."""
    clerk = replace(staff("hc"), purpose="HRESCH")
    assert world.ask(clerk, "POST", "Basic", BASIC).status == 403


def test_a_task_is_about_whom_it_is_for(world: MatrixWorld) -> None:
    """R115, R111: spärr, relation and the patient's log hold for tasks; no compartment has them."""
    for relation, status in (("related", 200), ("inner", 404), ("outer", 404)):
        told = world.ask(NURSE, "GET", f"Task/{world.ids['task', relation]}")
        assert told.status == status, relation
    context = world.context(NURSE)
    world.ask(context, "GET", f"Task/{world.ids['task', 'own']}")
    assert "Patient/own" in context.store.trace.patients


@pytest.mark.parametrize(
    "named", ["related", "Patient/related", "http://localhost/fhir/Patient/related"]
)
def test_a_person_is_named_however_the_reference_is_spelled(world: MatrixWorld, named: str) -> None:
    """R111: what the law gives of a person does not hang on a spelling."""
    told = world.ask(NURSE, "GET", f"Encounter?patient={named}")
    assert ids(told) == [world.ids["encounter", "related"]]


def test_whom_an_internal_note_refers_to_is_not_told_the_patient(world: MatrixWorld) -> None:
    """R114: neither from the note nor from what it refers to."""
    team = world.ids["noted", "own"]
    patient = PRINCIPALS["patient"]
    assert (
        "Organization/psyk" not in world.ask(patient, "GET", f"CareTeam?_id={team}&_include=*").text
    )
    found = world.ask(patient, "GET", "Organization?_id=psyk&_revinclude=*")
    assert team not in ids(found)
    nurse = world.ask(NURSE, "GET", f"CareTeam?_id={team}&_include=*")
    assert "psyk" in ids(nurse)


def test_a_page_begins_where_it_did_when_what_may_not_be_seen_appears(world: MatrixWorld) -> None:
    """R111: a link to a next page holds, and does not tell of a type that was not there before."""
    world.tell(OPEN, "PUT", "Patient/paged", person("paged"))
    for number in (1, 2, 3):
        body = encounter(f"paged-{number}", "hc", "paged")
        world.tell(OPEN, "PUT", f"Encounter/{body['id']}", body)
    url = "Patient/paged/*?_count=1&_sort=_id"
    before = world.ask(NURSE, "GET", url)
    goal = {"resourceType": "Goal", "id": "secret", "lifecycleStatus": "active",
            "description": {"text": "x"}, "subject": {"reference": "Patient/paged"}}  # fmt: skip
    world.tell(world.writer("psyk"), "PUT", "Goal/secret", goal)
    assert world.ask(NURSE, "GET", url).text == before.text
    following = next(i["url"] for i in before.body["link"] if i["relation"] == "next")
    assert ids(world.ask(NURSE, "GET", following)) == ["paged-2"]


def test_a_text_that_looks_like_a_reference_tells_of_no_record(world: MatrixWorld) -> None:
    """What stood in one's record as a mere text becomes no reference to what one does not see."""
    answers = []
    for id_ in (world.ids["encounter", "outer"], "is-not-there"):
        pointer = {
            "resourceType": "DocumentReference",
            "status": "current",
            "description": f"Encounter/{id_}",
            "content": [{"attachment": {"title": "x"}}],
        }
        made = world.tell(NURSE, "POST", "DocumentReference", pointer).body
        made["context"] = {"encounter": [{"reference": f"Encounter/{id_}"}]}
        told = world.ask(NURSE, "PUT", f"DocumentReference/{made['id']}", made)
        answers.append((told.status, told.text.replace(id_, "ID")))
    assert answers[0] == answers[1]
    assert answers[0][0] == 422


def about(person: str, **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "DocumentReference",
        "status": "current",
        "subject": {"reference": f"Patient/{person}"},
        "content": [{"attachment": {"title": "x"}}],
        **more,
    }


def test_an_app_launched_for_one_person_writes_about_no_other(world: MatrixWorld) -> None:
    """SMART, launch context: patient/DocumentReference.cu is about the person of the launch."""
    scopes = (Scope("patient", "DocumentReference", "cru"), Scope("user", "Patient", "rs"))
    launched = replace(NURSE, patient="Patient/own", scopes=scopes)
    made = world.tell(launched, "POST", "DocumentReference", about("own")).body
    url = f"DocumentReference/{made['id']}"
    world.tell(launched, "PUT", url, {**made, "description": "y"})
    assert world.ask(launched, "POST", "DocumentReference", about("two")).status == 403
    assert world.ask(launched, "PUT", url, {**made, **about("two")}).status == 403
    assert world.ask(launched, "POST", "DocumentReference", about("two", subject={})).status >= 400


def test_a_scope_with_a_search_limits_what_is_written(world: MatrixWorld) -> None:
    """SMART 2: neither what is stored nor what it replaces lies outside of it."""
    search = (("status", "current"),)
    scopes = (
        Scope("user", "DocumentReference", "rs"),
        Scope("user", "DocumentReference", "cu", search),
        Scope("user", "Patient", "rs"),
    )
    narrow = replace(NURSE, scopes=scopes)
    old = about("own", status="superseded")
    assert world.ask(narrow, "POST", "DocumentReference", old).status == 403
    made = world.tell(narrow, "POST", "DocumentReference", about("own")).body
    url = f"DocumentReference/{made['id']}"
    assert world.ask(narrow, "PUT", url, {**made, "status": "superseded"}).status == 403
    world.tell(NURSE, "PUT", url, {**made, "status": "superseded"})
    assert world.ask(narrow, "PUT", url, made).status == 403


def test_a_number_about_a_person_is_in_the_log_of_access_to_their_data(world: MatrixWorld) -> None:
    """R115, R116: that there is something with these criteria is told, though nothing is given."""
    for asked in ("patient=own", "patient=own&_count=0"):
        context = world.context(NURSE)
        told = world.ask(context, "GET", f"Encounter?{asked}&_summary=count")
        assert told.body["total"] == 1
        assert context.store.trace.patients == {"Patient/own"}
    context = world.context(NURSE)
    assert (
        world.ask(context, "GET", "Encounter?patient=unrelated&_summary=count").body["total"] == 0
    )
    assert context.store.trace.patients == set()


def test_no_unit_moves_itself_under_another_whose_records_it_would_see(world: MatrixWorld) -> None:
    """R111, R112: to another vårdgivare past consent, or under a unit past its inner spärr."""
    for who, unit, above in (("system-provider", "psyk", "kommun"), ("system-unit", "hc", "psyk")):
        stored = world.tell(PRINCIPALS[who], "GET", f"Organization/{unit}").body
        moved = {**stored, "partOf": {"reference": f"Organization/{above}"}}
        told = world.ask(PRINCIPALS[who], "PUT", f"Organization/{unit}", moved)
        assert told.status == 403, told.text
        world.tell(PRINCIPALS[who], "PUT", f"Organization/{unit}", {**stored, "alias": ["x"]})
    stored = world.tell(OPEN, "GET", "Organization/hc-lab").body
    inside = {**stored, "partOf": {"reference": "Organization/psyk"}}
    world.tell(PRINCIPALS["system-provider"], "PUT", "Organization/hc-lab", inside)
    world.tell(PRINCIPALS["system-provider"], "PUT", "Organization/hc-lab", stored)


def test_a_caregiver_stays_one_though_it_leaves_its_number_out(world: MatrixWorld) -> None:
    """R112: without it, it would be a part of its huvudman, and see all of that one's records."""
    numbers = [
        {"system": HSA, "value": "SE5560000001-E000000000001"},
        {"system": LEGAL, "value": "5560000001"},
    ]
    clinic = {
        "resourceType": "Organization",
        "id": "clinic",
        "name": "Klinik AB",
        "identifier": numbers,
        "partOf": {"reference": "Organization/region"},
    }
    stored = world.tell(OPEN, "PUT", "Organization/clinic", clinic).body
    own = Principal("s3", role="system", unit=numbers[0]["value"])
    gone = {**stored, "identifier": numbers[:1]}
    assert world.ask(own, "PUT", "Organization/clinic", gone).status == 403
    world.tell(own, "PUT", "Organization/clinic", {**stored, "name": "Kliniken"})


@pytest.mark.parametrize("search", [("_count", "5"), ("_sort", "-date"), ("_summary", "true")])
def test_a_scope_whose_search_selects_nothing_allows_nothing(
    world: MatrixWorld, search: tuple[str, str]
) -> None:
    """SMART 2: whoever wrote it meant less than all, and not how an answer looks."""
    whole = replace(NURSE, scopes=(Scope("user", "Encounter", "rs"),))
    assert ids(world.ask(whole, "GET", "Encounter?patient=own")) != []
    narrow = replace(NURSE, scopes=(Scope("user", "Encounter", "rs", (search,)),))
    assert ids(world.ask(narrow, "GET", "Encounter?patient=own")) == []


def test_a_write_checked_by_the_law_tells_of_no_consent_that_may_not_be_seen(
    world: MatrixWorld,
) -> None:
    """R111: the rules decide by all that a person has said; a reference is judged by what is seen."""
    provenance = {
        "resourceType": "Provenance",
        "recorded": "2026-01-01T00:00:00Z",
        "agent": [{"who": {"display": "x"}}],
    }
    answers = []
    for id_ in (world.ids["consent", "outer"], "is-not-there"):
        context = replace(world.context(NURSE), provenance=provenance)
        pointer = about("own", context={"related": [{"reference": f"Consent/{id_}"}]})
        told = world.ask(context, "POST", "DocumentReference", pointer)
        answers.append((told.status, told.text.replace(id_, "ID")))
    assert answers[0] == answers[1]
    assert answers[0][0] == 422
    assert "Consent/ID does not exist" in answers[0][1]
