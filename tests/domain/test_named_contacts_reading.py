"""$named-contacts as caregivers and 1177 read it: filters, audience, who answers, R5, cost."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import pytest
from fhir.resources.bundle import Bundle as BundleR5
from pymongo import MongoClient

from fhir_server.interactions.context import Server
from fhir_server.operations.contacts import inera_r5
from fhir_server.sweden import codes
from tests.domain.clinic import (
    PHONE,
    Clinic,
    Json,
    certificate,
    code,
    days,
    ended,
    fast_kontakt,
    included,
    licence,
    matches,
    members,
    parameters,
    participant,
    refusals,
    string,
)
from tests.domain.joins import examined_by_joins

ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
LABEL = "http://hl7.se/fhir/ig/base/CodeSystem/SecurityLabel"
PROTECTED = {"security": [{"system": LABEL, "code": "sekretessmarkering"}]}
NOPATIENT = {"security": [{"system": ACT_CODE, "code": "NOPATIENT"}]}
OLD = "SE2321000214-OLD"
R5 = "application/fhir+json; fhirVersion=5.0"


def hsa(value: str, system: str = codes.HSA_ID) -> Json:
    return {"system": system, "value": value}


def an_hsa_id() -> str:
    return f"SE2321000214-{secrets.token_hex(4).upper()}"


def caregiver(clinic: Clinic, hsa_id: str = "", **more: Any) -> str:
    """Store a vårdgivare: a legal body with an HSA-id."""
    legal = {"system": codes.ORGANISATIONSNUMMER, "value": "2321000214"}
    return clinic.unit(identifier=[hsa(hsa_id or an_hsa_id()), legal], **more)


def unit_of(clinic: Clinic, giver: str, hsa_id: str = "", **more: Any) -> str:
    """Store a vårdenhet below a vårdgivare."""
    own = [hsa(hsa_id or an_hsa_id())]
    return clinic.unit(identifier=own, partOf={"reference": giver}, **more)


def at_unit(clinic: Clinic, patient: str, unit: str, kind: str = "1", **more: Any) -> str:
    """Store a contact whose unit answers; give who it is."""
    nurse = clinic.nurse(unit)
    answers = [{"reference": unit}]
    clinic.fhir.create(fast_kontakt(patient, nurse, kind, managingOrganization=answers, **more))
    return nurse


def resource(bundle: Json, reference: str) -> Json:
    """Give a resource of an answer."""
    [found] = [
        entry["resource"]
        for entry in bundle["entry"]
        if entry.get("fullUrl", "").endswith(f"/{reference}")
    ]
    return dict(found)


def outcome(bundle: Json) -> list[str]:
    """Give what an answer says of itself."""
    entries = [e["resource"] for e in bundle.get("entry", []) if e["search"]["mode"] == "outcome"]
    return [issue["details"]["text"] for each in entries for issue in each["issue"]]


def answering(bundle: Json, number: int = 0) -> Json:
    """Give who answers for a contact: the parts of the extension, telecom as a list."""
    entry = [e for e in bundle["entry"] if e["search"]["mode"] == "match"][number]
    [extension] = entry["search"]["extension"]
    assert extension["url"] == codes.WHO_ANSWERS
    told: Json = {"telecom": []}
    for part in extension["extension"]:
        [value] = [value for name, value in part.items() if name.startswith("value")]
        if part["url"] == "telecom":
            told["telecom"].append(value["value"])
        else:
            told[part["url"]] = value
    return told


# ---- which ------------------------------------------------------------------------------------


@pytest.mark.parametrize("system", ["", *codes.HSA_ID_SYSTEMS, "1.2.752.129.2.1.4.1"])
def test_a_caregiver_and_a_unit_are_asked_for_by_hsa_id(clinic: Clinic, system: str) -> None:
    """R121, DOMAIN 0.10: under either system, and by value alone."""
    patient, giver_id, unit_id = clinic.patient(), an_hsa_id(), an_hsa_id()
    giver = caregiver(clinic, giver_id)
    mine = at_unit(clinic, patient, unit_of(clinic, giver, unit_id))
    sibling = at_unit(clinic, patient, unit_of(clinic, giver))
    at_unit(clinic, patient, unit_of(clinic, caregiver(clinic)))

    def asked(name: str, value: str) -> set[str]:
        named = quote(f"{system}|{value}" if system else value, safe="")
        return set(members(clinic.contacts(patient, f"?{name}={named}")))

    assert asked("careUnit", unit_id) == {mine}
    assert asked("careUnit", unit_id.lower()) == {mine}
    assert asked("careGiver", giver_id) == {mine, sibling}
    assert asked("careGiver", unit_id) == set()
    assert asked("careUnit", giver_id) == set()


def test_a_caregiver_and_a_unit_are_asked_for_by_reference(clinic: Clinic) -> None:
    """R121; a part of a unit belongs to it."""
    patient, giver = clinic.patient(), caregiver(clinic)
    whole = unit_of(clinic, giver)
    part = unit_of(clinic, whole)
    nurse = at_unit(clinic, patient, part)
    at_unit(clinic, patient, unit_of(clinic, giver))
    assert members(clinic.contacts(patient, f"?careUnit={part}")) == [nurse]
    assert members(clinic.contacts(patient, f"?careUnit={whole}")) == [nurse]
    assert len(members(clinic.contacts(patient, f"?careGiver={giver}"))) == 2
    assert members(clinic.contacts(patient, "?careUnit=Organization/none")) == []


def test_the_huvudman_above_a_private_caregiver_is_not_the_caregiver(clinic: Clinic) -> None:
    """R112: the vårdgivare is the nearest legal body with an HSA-id."""
    patient, region = clinic.patient(), caregiver(clinic)
    private = caregiver(clinic, partOf={"reference": region})
    nurse = at_unit(clinic, patient, unit_of(clinic, private))
    assert members(clinic.contacts(patient, f"?careGiver={private}")) == [nurse]
    assert members(clinic.contacts(patient, f"?careGiver={region}")) == []


def test_what_is_left_out_takes_what_it_leads_to_with_it(clinic: Clinic) -> None:
    """R121: the answer about one unit tells nothing of another's staff."""
    patient, giver = clinic.patient(), caregiver(clinic)
    unit = unit_of(clinic, giver)
    nurse = at_unit(clinic, patient, unit)
    other = at_unit(clinic, patient, unit_of(clinic, caregiver(clinic)))
    person = clinic.read(nurse)["practitioner"]["reference"]
    bundle = clinic.contacts(patient, f"?careUnit={unit}")
    assert included(bundle) == {nurse, person, unit, giver, patient}
    assert other not in json.dumps(bundle)


def test_the_provenance_tells_who_answers_too(clinic: Clinic) -> None:
    """R112: custodian is the vårdgivare, author the vårdenhet; the last one recorded counts."""
    patient, giver_id, unit_id = clinic.patient(), an_hsa_id(), an_hsa_id()
    team = clinic.put(fast_kontakt(patient, clinic.nurse()))
    for recorded, ids in (("2026-01-01", (OLD, OLD)), ("2026-02-01", (giver_id, unit_id))):
        clinic.put(provenance(team, f"{recorded}T10:00:00+01:00", *ids))
    bundle = clinic.contacts(patient, f"?careGiver={giver_id}&careUnit={unit_id}")
    assert bundle["total"] == 1
    assert outcome(bundle) == []
    [shown] = [e["resource"] for e in bundle["entry"] if "Provenance/" in e["fullUrl"]]
    assert shown["recorded"] == "2026-02-01T10:00:00+01:00"
    assert clinic.contacts(patient, f"?careUnit={OLD}")["total"] == 0


def provenance(team: str, recorded: str, giver: str, unit: str) -> Json:
    system = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
    return {
        "resourceType": "Provenance",
        "target": [{"reference": team}],
        "recorded": recorded,
        "agent": [
            {
                "type": {"coding": [{"system": system, "code": role}]},
                "who": {"identifier": hsa(value)},
            }
            for role, value in (("custodian", giver), ("author", unit))
        ],
    }


@pytest.mark.parametrize("told_by", ["contact", "process"])
def test_a_care_process_is_asked_for(clinic: Clinic, told_by: str) -> None:
    """R121: hälsoärende; the contact names it, or it names the contact."""
    patient, value = clinic.patient(), secrets.token_hex(6)
    process: Json = {
        "resourceType": "EpisodeOfCare",
        "status": "active",
        "identifier": [{"system": "urn:process", "value": value}],
        "patient": {"reference": patient},
        "period": {"start": "2026-01-01"},
    }
    nurse, extension = clinic.nurse(), []
    if told_by == "contact":
        stored = clinic.put(process)
        extension = [{"url": codes.CARE_PROCESS, "valueReference": {"reference": stored}}]
    team = clinic.put(fast_kontakt(patient, nurse, extension=extension or None))
    if told_by == "process":
        stored = clinic.put(process | {"team": [{"reference": team}]})
    at_unit(clinic, patient, clinic.unit())
    for asked in (value, f"urn:process|{value}", stored):
        bundle = clinic.contacts(patient, f"?careProcess={quote(asked, safe='')}")
        assert members(bundle) == [nurse]
        assert resource(bundle, stored)["identifier"][0]["value"] == value
    assert clinic.contacts(patient, f"?careProcess=urn:other|{value}")["total"] == 0


def test_a_local_title_is_asked_for_as_a_type_is(clinic: Clinic) -> None:
    """R28, R121: GetCareManagers lists kontaktsjuksköterska; the national codes lack it."""
    patient, nurse, other = clinic.patient(), clinic.nurse(), clinic.nurse()
    role = participant(nurse)["role"]
    title = {"system": codes.CONTACT_TITLE_SYSTEM, "code": "kontaktsjukskoterska"}
    role[0]["coding"].append(title)
    clinic.fhir.create(fast_kontakt(patient, "", participant=[participant(nurse) | {"role": role}]))
    clinic.assign(patient, other, "4")
    assert members(clinic.contacts(patient, "?type=kontaktsjukskoterska")) == [nurse]
    assert members(clinic.contacts(patient, "?type=kontaktsjukskoterska&type=4")) == [nurse, other]
    assert members(clinic.contacts(patient, "?type=samordnare")) == []


def test_history_gives_every_assignment_with_its_period_and_reason(clinic: Clinic) -> None:
    """R48: ended ones too, in order; never what was entered in error, or only proposed."""
    patient, first, second = clinic.patient(), clinic.nurse(), clinic.nurse()
    clinic.fhir.create(fast_kontakt(patient, second, period={"start": "2025-04-01"}))
    left = fast_kontakt(patient, first, period={"start": "2024-03-01"})
    clinic.fhir.create(ended(left, "2025-03-31"))
    for status in ("proposed", "entered-in-error"):
        clinic.fhir.create(fast_kontakt(patient, clinic.nurse(), status=status))
    bundle = clinic.contacts(patient, "?history=true")
    assert members(bundle) == [first, second]
    old = matches(bundle)[0]
    assert old["period"] == {"start": "2024-03-01", "end": "2025-03-31"}
    assert codes.END_REASON in [each["url"] for each in old["extension"]]
    assert "extension" not in bundle["entry"][0]["search"]
    assert members(clinic.contacts(patient, "?history=true&status=inactive")) == [first]
    assert len(members(clinic.contacts(patient, "?status=proposed"))) == 1


def test_one_whom_the_patient_declined_never_was(clinic: Clinic) -> None:
    """R7, R48: at no date; in the history, so that nobody asks again."""
    patient, nurse = clinic.patient(), clinic.nurse()
    decision = {
        "url": codes.PATIENT_DECISION,
        "extension": [
            {"url": "decision", "valueCode": "declined"},
            {"url": "at", "valueDateTime": "2025-03-01"},
        ],
    }
    team = fast_kontakt(patient, nurse, period={"start": "2025-03-01"}, extension=[decision])
    clinic.fhir.create(ended(team, "2025-03-01"))
    assert clinic.contacts(patient, "?date=2025-03-01")["total"] == 0
    assert members(clinic.contacts(patient, "?history=true")) == [nurse]


@pytest.mark.parametrize(
    "query",
    ["date=2026-01-01&history=true", "at=2026-01-01T10:00:00Z&date=2026-01-01"],
)
def test_two_times_contradict_each_other(clinic: Clinic, query: str) -> None:
    """One of date, at and history."""
    response = clinic.fhir.get(f"{clinic.patient()}/$named-contacts?{query}")
    assert [kind for kind, _, _ in refusals(response, 400)] == ["invalid"]


@pytest.mark.parametrize(
    ("query", "kind"),
    [
        ("audience=relative", "code-invalid"),
        ("status=over", "code-invalid"),
        ("at=2026-01-01", "value"),
        ("history=yes", "value"),
        ("careUnit=urn:x|", "value"),
        ("careGiver=", "value"),
        ("careProcess=|", "value"),
    ],
)
def test_a_wrong_filter_is_refused(clinic: Clinic, query: str, kind: str) -> None:
    """400, and no answer that looks like one without the filter."""
    response = clinic.fhir.get(f"{clinic.patient()}/$named-contacts?{query}")
    assert [each for each, _, _ in refusals(response, 400)] == [kind]


# ---- whose ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stored", "value"),
    [
        (codes.PERSONNUMMER, "189002029800"),
        (codes.PERSONNUMMER_SYSTEMS[1], "196101182803"),
        (codes.SAMORDNINGSNUMMER, "196109732393"),
        (codes.RESERVNUMMER, "98240301AA06"),
    ],
)
def test_a_patient_is_found_by_number_under_name_and_oid(
    clinic: Clinic, stored: str, value: str
) -> None:
    """R122: twelve characters without separator; the OID as urn, bare, or left out."""
    same = next(
        systems
        for systems in (
            codes.PERSONNUMMER_SYSTEMS,
            codes.SAMORDNINGSNUMMER_SYSTEMS,
            codes.RESERVNUMMER_SYSTEMS,
        )
        if stored in systems
    )
    patient = clinic.patient(identifier=[{"system": stored, "value": value}])
    nurse = at_unit(clinic, patient, clinic.unit())
    for system in (*same, same[1].removeprefix("urn:oid:"), None):
        asked = value if system is None else f"{system}|{value}"
        body = parameters(identifier=string(asked))
        response = clinic.fhir.post("Patient/$named-contacts", body)
        assert response.status_code == 200, response.text
        assert members(response.json) == [nurse]
    [told] = resource(response.json, patient)["identifier"]
    assert told["value"] == value


def test_the_patient_is_given_by_number_only(clinic: Clinic) -> None:
    """R118: GetCareManagers' patientId; no name, no address."""
    patient = clinic.patient(
        identifier=[{"system": "urn:x", "value": secrets.token_hex(4)}],
        address=[{"city": "Brunflo"}],
    )
    at_unit(clinic, patient, clinic.unit())
    shown = resource(clinic.contacts(patient), patient)
    assert set(shown) == {"resourceType", "id", "meta", "identifier"}
    assert shown["meta"]["tag"] == [codes.SUBSETTED]


# ---- for whom ---------------------------------------------------------------------------------


def test_no_internal_note_reaches_the_patient(clinic: Clinic) -> None:
    """R114: not of the contact, not of the team, not in what is contained or told in words."""
    patient, nurse = clinic.patient(), clinic.nurse()
    note = {"url": codes.INTERNAL_NOTE, "valueAnnotation": {"text": "HEMLIGT"}}
    text = {
        "status": "additional",
        "div": '<div xmlns="http://www.w3.org/1999/xhtml">HEMLIGT</div>',
    }
    inner = {"resourceType": "CareTeam", "id": "c", "status": "active", "extension": [note]}
    team = clinic.put(
        {
            "resourceType": "CareTeam",
            "status": "active",
            "telecom": [PHONE],
            "extension": [note],
            "note": [{"text": "Öppet"}],
        }
    )
    via = {"url": codes.CONTACT_VIA_TEAM, "valueReference": {"reference": team}}
    inside = {"url": codes.CONTACT_VIA_TEAM, "valueReference": {"reference": "#c"}}
    for kind, way, more in (("1", via, {}), ("4", inside, {"contained": [inner]})):
        person = participant(nurse, kind, extension=[way])
        noted: Json = {"extension": [note], "note": [{"text": "Ring Eva"}], "text": text}
        clinic.fhir.create(fast_kontakt(patient, "", participant=[person], **noted, **more))
    for accept in ("application/fhir+json", R5):
        for query, seen in (("", True), ("?audience=patient", False)):
            response = clinic.fhir.get(f"{patient}/$named-contacts{query}", Accept=accept)
            assert ("HEMLIGT" in response.text) is seen, (accept, query)
            assert "Ring Eva" in response.text
            assert "Öppet" in response.text


def test_what_was_cut_is_marked_and_what_was_not_is_as_stored(clinic: Clinic) -> None:
    """R114: SUBSETTED and REDACTED; the professional's CareTeam can be edited and sent back."""
    patient = clinic.patient()
    note = {"url": codes.INTERNAL_NOTE, "valueAnnotation": {"text": "x"}}
    stored = clinic.fhir.create(fast_kontakt(patient, clinic.nurse(), extension=[note]))
    assert matches(clinic.contacts(patient)) == [stored]
    [cut] = matches(clinic.contacts(patient, "?audience=patient"))
    assert codes.SUBSETTED in cut["meta"]["tag"]
    assert [label["code"] for label in cut["meta"]["security"]] == ["REDACTED"]
    assert "extension" not in cut


@pytest.mark.parametrize("how", ["label", "not approved"])
def test_what_is_not_for_the_patient_is_never_given(clinic: Clinic, how: str) -> None:
    """R113: NOPATIENT, or approved-for-patient=false."""
    patient, seen, hidden = clinic.patient(), clinic.nurse(), clinic.nurse()
    refused = {"url": codes.APPROVED_FOR_PATIENT, "valueBoolean": False}
    approved = {"url": codes.APPROVED_FOR_PATIENT, "valueBoolean": True}
    mark: Json = {"meta": NOPATIENT} if how == "label" else {"extension": [refused]}
    clinic.fhir.create(fast_kontakt(patient, hidden, **mark))
    clinic.fhir.create(fast_kontakt(patient, seen, "4", extension=[approved]))
    assert members(clinic.contacts(patient)) == [hidden, seen]
    bundle = clinic.contacts(patient, "?audience=patient")
    assert members(bundle) == [seen]
    assert bundle["total"] == 1
    assert hidden not in json.dumps(bundle)
    assert clinic.contacts(patient, "?audience=patient&history=true")["total"] == 1


def test_a_team_that_is_not_for_the_patient_is_not_given_with_the_contact(clinic: Clinic) -> None:
    """R113: what is included is held to the same."""
    patient, nurse = clinic.patient(), clinic.nurse()
    team = clinic.put(
        {"resourceType": "CareTeam", "status": "active", "telecom": [PHONE], "meta": NOPATIENT}
    )
    via = {"url": codes.CONTACT_VIA_TEAM, "valueReference": {"reference": team}}
    clinic.fhir.create(fast_kontakt(patient, "", participant=[participant(nurse, extension=[via])]))
    assert team in included(clinic.contacts(patient))
    assert team not in included(clinic.contacts(patient, "?audience=patient"))


@pytest.mark.parametrize("audience", ["patient", "professional"])
def test_staff_with_protected_data_is_not_named(clinic: Clinic, audience: str) -> None:
    """R118: neither name nor number nor what a reference calls them; they are still reached."""
    patient, unit = clinic.patient(), clinic.unit()
    personal = {"system": codes.PERSONNUMMER, "value": "198406072382"}
    person = clinic.put(
        {
            "resourceType": "Practitioner",
            "meta": PROTECTED,
            "identifier": [hsa("SE2321000214-P"), personal],
            "name": [{"family": "Hemlig", "given": ["Eva"]}],
            "telecom": [{"system": "phone", "value": "070-HEMLIG"}],
            "qualification": [licence("SJ", identifier=[{"value": "LEG-HEMLIG"}])],
        }
    )
    called = {"display": "Eva Hemlig, sjuksköterska"}
    nurse = clinic.role({"reference": person, **called}, unit)
    deputy = {
        "url": codes.DEPUTY,
        "extension": [{"url": "member", "valueReference": {"reference": nurse, **called}}],
    }
    clinic.fhir.create(fast_kontakt(patient, {"reference": nurse, **called}))
    other = participant(clinic.nurse(unit), "4", extension=[deputy])
    clinic.fhir.create(fast_kontakt(patient, "", "4", participant=[other]))
    for accept in ("application/fhir+json", R5):
        path = f"{patient}/$named-contacts?audience={audience}"
        response = clinic.fhir.get(path, Accept=accept)
        assert response.status_code == 200, response.text
        text = response.text.lower()
        assert "hemlig" not in text
        assert "198406072382" not in text
        assert "se2321000214-p" in text
    bundle = clinic.contacts(patient, f"?audience={audience}")
    assert answering(bundle)["who"] == {"reference": nurse}
    assert answering(bundle)["telecom"] == [PHONE["value"]]
    absent = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
    shown = resource(bundle, person)
    assert shown["name"] == [{"extension": [{"url": absent, "valueCode": "masked"}]}]
    assert shown["qualification"] == [{"code": licence("SJ")["code"]}]


def test_contained_staff_with_protected_data_is_not_named(clinic: Clinic) -> None:
    """R118: inside the CareTeam, which has the label for what it contains (dom-5)."""
    patient, unit = clinic.patient(), clinic.unit()
    person = {"resourceType": "Practitioner", "id": "p", "name": [{"text": "Eva Hemlig"}]}
    role = {
        "resourceType": "PractitionerRole",
        "id": "r",
        "practitioner": {"reference": "#p", "display": "Eva Hemlig"},
        "organization": {"reference": unit},
        "telecom": [PHONE],
    }
    member = {"reference": "#r", "display": "Eva Hemlig"}
    clinic.fhir.create(fast_kontakt(patient, member, contained=[person, role], meta=PROTECTED))
    bundle = clinic.contacts(patient)
    assert bundle["total"] == 1
    assert "Hemlig" not in json.dumps(bundle)


def test_a_contact_nobody_answers_for_is_named_in_the_outcome(clinic: Clinic) -> None:
    """R112: without both HSA-ids it is not to be shown in a shared record; the patient sees it."""
    patient = clinic.patient()
    whole = unit_of(clinic, caregiver(clinic))
    at_unit(clinic, patient, whole)
    assert outcome(clinic.contacts(patient)) == []
    team = clinic.put(fast_kontakt(patient, clinic.nurse(), "4"))
    [said] = outcome(clinic.contacts(patient))
    assert team in said
    assert "vårdgivare" in said
    assert "vårdenhet" in said
    assert outcome(clinic.contacts(patient, "?audience=patient")) == []


# ---- who answers ------------------------------------------------------------------------------


def office(value: str) -> Json:
    parts: list[Json] = [
        {"url": "daysOfWeek", "valueCode": day} for day in ("mon", "tue", "wed", "thu", "fri")
    ]
    parts += [{"url": "availableStartTime", "valueTime": "08:00:00"}]
    parts += [{"url": "availableEndTime", "valueTime": "16:00:00"}]
    extension = {"url": codes.CONTACT_AVAILABILITY, "extension": parts}
    return {"system": "phone", "value": value, "extension": [extension]}


def test_it_tells_who_answers_at_a_moment(clinic: Clinic, app_server: Server) -> None:
    """R43-R45: the contact in office hours, the deputy of that week, the unit at night."""
    patient = clinic.patient()
    unit = unit_of(clinic, caregiver(clinic), telecom=[{"system": "phone", "value": "unit"}])
    eva, ola = clinic.nurse(unit, telecom=[office("eva")]), clinic.nurse(unit, telecom=None)
    deputy = {
        "url": codes.DEPUTY,
        "extension": [
            {"url": "member", "valueReference": {"reference": ola}},
            {"url": "period", "valuePeriod": {"start": "2026-03-09", "end": "2026-03-13"}},
            {"url": "telecom", "valueContactPoint": office("ola")},
        ],
    }
    person = participant(eva, extension=[deputy])
    since = {"start": "2026-03-03"}
    managing = [{"reference": unit}]
    clinic.fhir.create(
        fast_kontakt(patient, "", participant=[person], period=since, managingOrganization=managing)
    )

    def at(moment: str) -> Json:
        bundle = clinic.contacts(patient, f"?at={quote(moment, safe='')}")
        assert [i for i in app_server.validator.validate(bundle) if i.severity == "error"] == []
        return answering(bundle)

    friday = at("2026-03-06T15:59:00+01:00")
    assert (friday["who"]["reference"], friday["telecom"]) == (eva, ["eva"])
    assert (friday["away"], friday["atOnce"]) == (False, True)
    evening = at("2026-03-06T15:00:00Z")
    assert (evening["who"], evening["telecom"]) == (
        {"reference": unit, "display": "Enheten"},
        ["unit"],
    )
    monday = at("2026-03-09T08:00:00+01:00")
    assert (monday["who"]["reference"], monday["telecom"], monday["away"]) == (ola, ["ola"], True)
    summer = at("2026-06-01T06:00:00Z")
    assert summer["who"]["reference"] == eva
    assert at("2026-06-01T05:59:00Z")["who"]["reference"] == unit


def test_a_day_that_is_not_today_has_nobody_who_answers(clinic: Clinic) -> None:
    """R45: a day is no moment; today is now."""
    patient = clinic.patient()
    at_unit(clinic, patient, clinic.unit(), period={"start": "2024-01-01"})
    past = clinic.contacts(patient, "?date=2024-06-01")
    assert "extension" not in past["entry"][0]["search"]
    assert answering(clinic.contacts(patient, f"?date={days(0)}"))["who"]
    assert answering(clinic.contacts(patient))["who"]


def test_who_answers_is_not_in_what_can_be_sent_back(clinic: Clinic) -> None:
    """It is computed: the CareTeam of the answer is the stored one, and is accepted as it is."""
    patient = clinic.patient()
    at_unit(clinic, patient, clinic.unit())
    [team] = matches(clinic.contacts(patient))
    before = team["meta"]["versionId"]
    response = clinic.fhir.put(f"CareTeam/{team['id']}", team)
    assert response.json["meta"]["versionId"] == before


# ---- R5 ---------------------------------------------------------------------------------------


def test_1177_reads_the_same_contacts_as_r5(clinic: Clinic) -> None:
    """DOMAIN 0.1: Inera's CareTeam guide; the models of R5 find it right."""
    patient, home = clinic.patient(), clinic.unit(codes.KOMMUN)
    unit = unit_of(clinic, caregiver(clinic), telecom=[PHONE])
    nurse = at_unit(clinic, patient, unit, telecom=[office("063-1")], note=[{"text": "Hej"}])
    clinic.fhir.create(fast_kontakt(patient, clinic.person(certificate(), unit=home), "3"))
    body = parameters(audience=code("patient"))
    response = clinic.fhir.post(f"{patient}/$named-contacts", body, Accept=R5)
    assert response.status_code == 200, response.text
    assert response.headers["Content-Type"] == f"{R5}; charset=utf-8"
    bundle = response.json
    BundleR5.model_validate(bundle)
    assert bundle["total"] == 2
    assert members(bundle)[0] == nurse
    assert {team["meta"]["profile"][0] for team in matches(bundle)} == {inera_r5.CARE_MANAGER}
    assert isinstance(matches(bundle)[0]["participant"][0]["role"], dict)
    assert included(bundle) >= {nurse, unit, patient}
    assert answering(bundle)["at"]


def test_the_version_may_be_named_in_the_url(clinic: Clinic) -> None:
    """_format, for who can't send an Accept header."""
    patient = clinic.patient()
    at_unit(clinic, patient, clinic.unit())
    named = quote(R5, safe="")
    response = clinic.fhir.get(f"{patient}/$named-contacts?_format={named}")
    assert response.headers["Content-Type"] == f"{R5}; charset=utf-8"


def test_an_error_is_told_to_1177_too(clinic: Clinic) -> None:
    """R119: OperationOutcome, alike in R4 and R5, with the id of the log and nobody's number."""
    body = parameters(identifier=string(f"{codes.PERSONNUMMER}|189002029800x"))
    response = clinic.fhir.post("Patient/$named-contacts", body, Accept=R5)
    assert refusals(response, 404) == [("not-found", [], "identifier")]
    assert response.headers["X-Request-Id"]
    assert "189002029800" not in response.text


# ---- cost -------------------------------------------------------------------------------------


@contextmanager
def profiled(uri: str, database: str) -> Iterator[list[Json]]:
    """Give what the database did meanwhile, from its own profiler."""
    client: MongoClient[Json] = MongoClient(uri)
    base = client[database]
    seen: list[Json] = []
    base.command("profile", 2)
    try:
        yield seen
        base.command("profile", 0)
        kinds = {"op": {"$in": ["query", "command", "getmore"]}, "ns": f"{database}.resources"}
        seen += list(base["system.profile"].find(kinds))
    finally:
        base.command("profile", 0)
        base["system.profile"].drop()
        client.close()


def test_only_this_patients_documents_are_examined(
    clinic: Clinic, mongo_uri: str, database: str
) -> None:
    """Acceptance 4: whatever the number of patients; and as many round trips for ten contacts."""
    giver = caregiver(clinic)
    unit = unit_of(clinic, giver)
    value = secrets.token_hex(6)
    patient = clinic.patient(identifier=[{"system": "urn:x", "value": value}])
    body = parameters(identifier=string(f"urn:x|{value}"))
    for _ in range(30):
        at_unit(clinic, clinic.patient(), unit)

    def cost() -> tuple[int, int, int]:
        with profiled(mongo_uri, database) as seen:
            response = clinic.fhir.post("Patient/$named-contacts", body)
        entries = response.json.get("entry", [])
        given = sum(1 for entry in entries if entry["search"]["mode"] != "outcome")
        with MongoClient[Json](mongo_uri) as client:
            joined = sum(examined_by_joins(client[database], each)[1] for each in seen)
        return len(seen), joined + sum(each["docsExamined"] for each in seen), given

    at_unit(clinic, patient, unit)
    trips, examined, given = cost()
    # Itself, the role, the person, the unit, the caregiver and the patient.
    assert (given, examined) == (6, 6)
    for _ in range(9):
        at_unit(clinic, patient, unit_of(clinic, giver))
    more, examined, given = cost()
    assert more == trips
    assert examined == given == 6 + 9 * 4


def test_what_is_foreseen_saves_round_trips(clinic: Clinic, mongo_uri: str, database: str) -> None:
    """Acceptance 4: the patient with the contacts; and what they lead to, where it was read."""
    value = secrets.token_hex(6)
    patient = clinic.patient(identifier=[{"system": "urn:x", "value": value}])
    at_unit(clinic, patient, unit_of(clinic, caregiver(clinic)))
    body = parameters(identifier=string(f"urn:x|{value}"))

    def round_trips(*, by_number: bool) -> int:
        with profiled(mongo_uri, database) as seen:
            if by_number:
                bundle = clinic.fhir.post("Patient/$named-contacts", body).json
            else:
                bundle = clinic.contacts(patient)
        assert len(bundle["entry"]) == 6
        return len(seen)

    assert round_trips(by_number=True) == 3
    assert round_trips(by_number=True) == 2
    assert round_trips(by_number=False) == 2


def test_what_was_foreseen_wrongly_is_not_given(clinic: Clinic) -> None:
    """What is remembered of units and staff says what to ask for, and never what they say."""
    patient = clinic.patient()
    giver = caregiver(clinic)
    unit, other = unit_of(clinic, giver), unit_of(clinic, caregiver(clinic))
    nurse = at_unit(clinic, patient, unit)
    before = clinic.contacts(patient)
    assert included(before) >= {nurse, unit, giver}
    role = resource(before, nurse)
    person = role["practitioner"]["reference"]
    moved = clinic.fhir.get(unit).json | {"partOf": {"reference": other}}
    assert clinic.fhir.put(unit, moved).status_code == 200
    renamed = clinic.fhir.get(person).json | {"name": [{"family": "Nygift", "given": ["Eva"]}]}
    assert clinic.fhir.put(person, renamed).status_code == 200
    after = clinic.contacts(patient)
    assert resource(after, unit)["partOf"] == {"reference": other}
    assert resource(after, person)["name"] == renamed["name"]
    assert answering(after)["who"] == {"reference": nurse, "display": "Eva Nygift"}
    assert giver not in included(after)
    assert included(after) >= {nurse, person, unit, other}
