"""Named contacts in the shape of Inera's CareTeam guide: one test for each element."""

from __future__ import annotations

from typing import Any

import pytest
from fhir.resources.careteam import CareTeam
from fhir.resources.organization import Organization
from fhir.resources.patient import Patient
from fhir.resources.practitioner import Practitioner
from fhir.resources.practitionerrole import PractitionerRole

from fhir_server.operations.contacts import inera_r5
from fhir_server.sweden import codes

Json = dict[str, Any]

MODELS = {
    "CareTeam": CareTeam,
    "Organization": Organization,
    "Patient": Patient,
    "Practitioner": Practitioner,
    "PractitionerRole": PractitionerRole,
}
NATIONAL = {"system": codes.CONTACT_TYPE, "code": "1", "display": "fast vårdkontakt"}
TITLE = {"system": codes.CONTACT_TITLE_SYSTEM, "code": "kontaktsjukskoterska"}


def r5(r4: Json) -> Json:
    """Give a resource as R5, which the R5 models must find right."""
    shaped = inera_r5.resource(r4)
    assert shaped is not None
    MODELS[r4["resourceType"]].model_validate(shaped)
    return shaped


def category(code: str) -> list[Json]:
    return [{"coding": [{"system": codes.CARE_TEAM_CATEGORY, "code": code}]}]


def contact(**more: Any) -> Json:
    return {
        "resourceType": "CareTeam",
        "id": "1",
        "meta": {"profile": [codes.structure("fast-kontakt-careteam")], "versionId": "3"},
        "status": "active",
        "category": category(codes.FAST_KONTAKT),
        "subject": {"reference": "Patient/1"},
        "participant": [
            {"role": [{"coding": [NATIONAL]}], "member": {"reference": "PractitionerRole/1"}}
        ],
    } | more


def member(**more: Any) -> Json:
    return {"role": [{"coding": [NATIONAL]}], "member": {"reference": "PractitionerRole/1"}} | more


def hours(*days: str, start: str = "", end: str = "", **more: Json) -> Json:
    parts: list[Json] = [{"url": "daysOfWeek", "valueCode": day} for day in days]
    if start:
        parts.append({"url": "availableStartTime", "valueTime": start})
    if end:
        parts.append({"url": "availableEndTime", "valueTime": end})
    parts += [{"url": name, **value} for name, value in more.items()]
    return {"url": codes.CONTACT_AVAILABILITY, "extension": parts}


def telecom(*extensions: Json) -> Json:
    return {"system": "phone", "value": "063-1", "extension": list(extensions)}


# ---- CareTeam ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("element", "value"),
    [
        ("identifier", [{"system": "urn:x", "value": "1"}]),
        ("status", "inactive"),
        ("category", category(codes.FAST_KONTAKT)),
        ("subject", {"reference": "Patient/1", "display": "Anna"}),
        ("period", {"start": "2026-01-15", "end": "2026-03-01"}),
        ("managingOrganization", [{"reference": "Organization/1"}]),
        ("note", [{"text": "Ring före tolv."}]),
        ("name", "Teamet"),
    ],
)
def test_what_r5_spells_alike_passes_through(element: str, value: Any) -> None:
    """Inera CareTeam 0.9: subject, category, period, note."""
    assert r5(contact(**{element: value}))[element] == value


def test_the_profile_is_ineras() -> None:
    """RIVCareManager-careteam in place of the project's own; the version stays."""
    meta = r5(contact())["meta"]
    assert meta == {"profile": [inera_r5.CARE_MANAGER], "versionId": "3"}


@pytest.mark.parametrize("missing", ["subject", "participant"])
def test_what_lacks_something_that_the_guide_demands_does_not_claim_its_profile(
    missing: str,
) -> None:
    """RIVCareManager-careteam: subject 1..1, participant 1..1."""
    team = contact()
    del team[missing]
    assert "profile" not in r5(team)["meta"]


@pytest.mark.parametrize("missing", ["role", "member"])
def test_a_participant_without_role_or_member_does_not_claim_the_profile(missing: str) -> None:
    """RIVCareManager-careteam: role 1..1, member 1..1."""
    person = member()
    del person[missing]
    assert "profile" not in r5(contact(participant=[person]))["meta"]


def test_a_role_is_one_concept_with_the_national_code_first() -> None:
    """participant.role is 0..1 in R5; the local title (R28) is a coding beside."""
    roles = [{"coding": [TITLE], "text": "Kontaktsjuksköterska"}, {"coding": [NATIONAL]}]
    [found] = r5(contact(participant=[member(role=roles)]))["participant"]
    assert found["role"] == {"coding": [NATIONAL, TITLE], "text": "Kontaktsjuksköterska"}


def test_a_role_under_its_oid_gets_ineras_address() -> None:
    """typ-av-fast-kontakt-vs has the address."""
    by_oid = NATIONAL | {"system": "urn:oid:1.2.752.129.5.1.69"}
    [found] = r5(contact(participant=[member(role=[{"coding": [by_oid]}])]))["participant"]
    assert found["role"] == {"coding": [NATIONAL]}


def test_the_member_and_the_team_it_is_reached_through_pass_through() -> None:
    """participant.member, contactViaTeam (R40)."""
    via = {"url": codes.CONTACT_VIA_TEAM, "valueReference": {"reference": "CareTeam/2"}}
    [found] = r5(contact(participant=[member(extension=[via])]))["participant"]
    assert found["extension"] == [via]
    assert found["member"] == {"reference": "PractitionerRole/1"}


def test_a_participants_period_becomes_its_coverage() -> None:
    """R5: participant.coverage[x]."""
    period = {"start": "2026-01-01"}
    [found] = r5(contact(participant=[member(period=period)]))["participant"]
    assert found["coveragePeriod"] == period
    assert "period" not in found


def test_reasons_become_codeable_references() -> None:
    """R5: CareTeam.reason."""
    concept, to = {"text": "trygghet"}, {"reference": "Condition/1"}
    found = r5(contact(reasonCode=[concept], reasonReference=[to]))
    assert found["reason"] == [{"concept": concept}, {"reference": to}]
    assert not {"reasonCode", "reasonReference"} & set(found)


def test_the_encounter_that_r5_lacks_stands_in_an_extension_of_r4() -> None:
    """R60."""
    found = r5(contact(encounter={"reference": "Encounter/1"}))
    url = "http://hl7.org/fhir/4.0/StructureDefinition/extension-CareTeam.encounter"
    assert found["extension"] == [{"url": url, "valueReference": {"reference": "Encounter/1"}}]
    assert "encounter" not in found


def test_hours_become_one_availability() -> None:
    """R44: RIVContactPointAvailability, several availableTime."""
    ways = [telecom(hours("mon", "tue", start="08:00:00", end="16:00:00"), hours("fri"))]
    [found] = r5(contact(telecom=ways))["telecom"]
    assert (found["system"], found["value"]) == ("phone", "063-1")
    times = [
        {
            "daysOfWeek": ["mon", "tue"],
            "availableStartTime": "08:00:00",
            "availableEndTime": "16:00:00",
        },
        {"daysOfWeek": ["fri"], "allDay": True},
    ]
    value = {"availableTime": times}
    assert found["extension"] == [{"url": inera_r5.AVAILABILITY, "valueAvailability": value}]


def test_hours_of_every_day_name_every_day() -> None:
    """RIVContactPointAvailability: daysOfWeek 1..*."""
    [found] = r5(contact(telecom=[telecom(hours(start="08:00:00"))]))["telecom"]
    [time] = found["extension"][0]["valueAvailability"]["availableTime"]
    assert time["daysOfWeek"] == ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    assert time["availableStartTime"] == "08:00:00"
    assert "availableEndTime" not in time


def test_hours_that_availability_can_not_tell_stay_as_they_are() -> None:
    """A limit to a month is not lost: it would say that somebody answers when nobody does."""
    summer = hours("mon", month={"valueCode": "jul"})
    [found] = r5(contact(telecom=[telecom(summer)]))["telecom"]
    assert found["extension"] == [summer]


def test_a_team_has_ineras_profile_and_only_staff_as_members() -> None:
    """RIVManagingTeam-careteam: member only PractitionerRole or Practitioner; R39 has more."""
    members: list[Json] = [
        {"member": {"reference": reference}}
        for reference in ("PractitionerRole/1", "RelatedPerson/1", "Practitioner/1", "Patient/1")
    ]
    team = contact(category=category(codes.TEAM), participant=members, name="Norra teamet")
    found = r5(team)
    assert found["meta"]["profile"] == [inera_r5.MANAGING_TEAM]
    assert found["participant"] == [members[0], members[2]]
    assert found["name"] == "Norra teamet"


def test_what_is_contained_is_r5_too() -> None:
    """R5 inside R5."""
    role = {"resourceType": "PractitionerRole", "id": "r", "telecom": [telecom()]}
    [found] = r5(contact(contained=[role]))["contained"]
    assert "telecom" not in found
    assert found["contact"]


# ---- what it leads to -------------------------------------------------------------------------


def test_ways_to_a_role_become_contact() -> None:
    """R5: PractitionerRole.contact."""
    found = r5({"resourceType": "PractitionerRole", "id": "1", "telecom": [telecom()]})
    assert found["contact"] == [{"telecom": [telecom()]}]


def test_working_hours_and_absences_become_availability() -> None:
    """R45; R5: PractitionerRole.availability."""
    time = {"daysOfWeek": ["mon"], "availableStartTime": "08:00:00"}
    leave = {"description": "Semester", "during": {"start": "2026-07-01"}}
    role = {"resourceType": "PractitionerRole", "id": "1"}
    found = r5(role | {"availableTime": [time], "notAvailable": [leave]})
    assert found["availability"] == [{"availableTime": [time], "notAvailableTime": [leave]}]


def test_exceptions_in_words_stand_in_an_extension_of_r4() -> None:
    """R5 has no availabilityExceptions."""
    role = {"resourceType": "PractitionerRole", "id": "1", "availabilityExceptions": "Ej klämdag"}
    [found] = r5(role)["extension"]
    assert found["url"].endswith("PractitionerRole.availabilityExceptions")
    assert found["valueString"] == "Ej klämdag"


@pytest.mark.parametrize("element", ["active", "period", "practitioner", "organization", "code"])
def test_a_role_keeps_the_rest(element: str) -> None:
    """Personal.befattning is PractitionerRole.code in Inera's mapping."""
    role: Json = {
        "resourceType": "PractitionerRole",
        "id": "1",
        "active": True,
        "period": {"start": "2026-01-01"},
        "practitioner": {"reference": "Practitioner/1"},
        "organization": {"reference": "Organization/1"},
        "code": [{"coding": [{"system": codes.BEFATTNING, "code": "206011"}]}],
    }
    assert r5(role)[element] == role[element]


def test_a_practitioner_keeps_name_and_licence_and_its_languages() -> None:
    """Personal.namn; R5: communication.language."""
    person: Json = {
        "resourceType": "Practitioner",
        "id": "1",
        "name": [{"family": "Svensson", "given": ["Eva"]}],
        "qualification": [{"code": {"coding": [{"system": codes.HOSP, "code": "SJ"}]}}],
        "communication": [{"text": "finska"}],
    }
    found = r5(person)
    assert (found["name"], found["qualification"]) == (person["name"], person["qualification"])
    assert found["communication"] == [{"language": {"text": "finska"}}]


def test_a_masked_name_is_right_in_r5_too() -> None:
    """R118."""
    absent = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
    name = [{"extension": [{"url": absent, "valueCode": "masked"}]}]
    assert r5({"resourceType": "Practitioner", "id": "1", "name": name})["name"] == name


def test_ways_addresses_and_contact_persons_of_a_unit_are_contacts() -> None:
    """R5: Organization.contact."""
    unit: Json = {
        "resourceType": "Organization",
        "id": "1",
        "name": "Hälsocentralen",
        "partOf": {"reference": "Organization/2"},
        "telecom": [telecom()],
        "address": [{"city": "Östersund"}, {"city": "Brunflo"}],
        "contact": [{"name": {"text": "Receptionen"}, "telecom": [telecom()]}],
    }
    found = r5(unit)
    assert found["contact"] == [
        {"telecom": [telecom()]},
        {"address": {"city": "Östersund"}},
        {"address": {"city": "Brunflo"}},
        {"name": [{"text": "Receptionen"}], "telecom": [telecom()]},
    ]
    assert not {"telecom", "address"} & set(found)
    assert (found["name"], found["partOf"]) == (unit["name"], unit["partOf"])


@pytest.mark.parametrize(
    ("system", "spelled"),
    [
        (codes.PERSONNUMMER, "urn:oid:1.2.752.129.2.1.3.1"),
        (codes.SAMORDNINGSNUMMER, "urn:oid:1.2.752.129.2.1.3.3"),
        (codes.RESERVNUMMER, "urn:oid:1.2.752.74.9.1"),
        (codes.HSA_ID, "urn:oid:1.2.752.129.2.1.4.1"),
        ("urn:oid:1.2.752.129.2.1.4.1", "urn:oid:1.2.752.129.2.1.4.1"),
        ("urn:own", "urn:own"),
    ],
)
def test_identifiers_have_the_systems_of_the_national_services(system: str, spelled: str) -> None:
    """R122, DOMAIN 0.10: as in Inera's examples."""
    patient = {"resourceType": "Patient", "id": "1"}
    found = r5(patient | {"identifier": [{"system": system, "value": "1"}]})
    assert found["identifier"] == [{"system": spelled, "value": "1"}]


def test_an_hsa_id_under_both_systems_is_one() -> None:
    """DOMAIN 0.10."""
    both = [{"system": system, "value": "SE1-1"} for system in codes.HSA_ID_SYSTEMS]
    found = r5({"resourceType": "Organization", "id": "1", "name": "x", "identifier": both})
    assert found["identifier"] == [{"system": "urn:oid:1.2.752.129.2.1.4.1", "value": "SE1-1"}]


@pytest.mark.parametrize("type_", ["Provenance", "EpisodeOfCare"])
def test_what_the_guide_has_no_place_for_is_left_out(type_: str) -> None:
    """Inera CareTeam 0.9 does not carry the hälsoärende."""
    assert inera_r5.resource({"resourceType": type_, "id": "1"}) is None
