"""Scenarios 6a and 6b from first to last, over HTTP against a server process with its own database.

The parts of each are tested alone in test_scenario_a and test_scenario_b; here they follow each
other as they would in life. What is late is flagged, what the law refuses names its paragraph.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from fhir_server.sweden import codes
from tests.conftest import ServerProcess
from tests.domain.clinic import (
    Clinic,
    Json,
    code,
    extension,
    matches,
    members,
    paragraphs,
    part,
    reference,
    refused_by,
    result,
    string,
)
from tests.domain.life_cycle import (
    change,
    end,
    every,
    granted,
    interval,
    moment,
    named,
    reason_of,
    tell,
)
from tests.domain.over_http import OverHttp
from tests.domain.sip_calls import generate
from tests.domain.test_scenario_a import meeting_of_12_march, without

ALBERTINA, MARIA = "Patient/albertina-hammar", "Patient/maria-ljungberg"
EVA, OLA, VERA, KARIN = (f"PractitionerRole/{n}-test-hc" for n in ("eva", "ola", "vera", "karin"))
SARA, ALI = "PractitionerRole/sara-test-hemsjukvard", "PractitionerRole/ali-test-hemtjanst"
NILS, LENA, ADAM = (f"PractitionerRole/{n}-test-neuro" for n in ("nils", "lena", "adam"))
STAY, CONSENT = "Encounter/albertina-avd108", "Consent/albertina-sip-samtycke"
MEMBER, ROLE = "CareTeam.participant[0].member", "CareTeam.participant[0].role"
WARNED = "return=OperationOutcome"


@pytest.fixture
def server(live_server: ServerProcess) -> Clinic:
    return Clinic(OverHttp(live_server.base))


def flagged(clinic: Clinic, resource: Json) -> list[str]:
    """Store a resource and give the paragraphs of the law that its answer names."""
    url = f"{resource['resourceType']}/{resource['id']}"
    response = clinic.fhir.put(url, resource, Prefer=WARNED)
    assert response.status_code in (200, 201), response.text
    return [law for issue in response.json["issue"] for law in paragraphs(issue)]


def kallelse(sent: str) -> Json:
    """Give the call of the home care unit to the SIP meeting."""
    return {
        "resourceType": "Task",
        "id": "albertina-kallelse",
        "meta": {"profile": [codes.structure("kallelse-task")]},
        "status": "requested",
        "intent": "order",
        "code": {"coding": [{"system": codes.code_system("task-code"), "code": "kallelse"}]},
        "description": "Hur ska Albertina klara vardagen hemma?",
        "focus": {"reference": "Appointment/albertina-sip-mote"},
        "for": {"reference": ALBERTINA},
        "encounter": {"reference": STAY},
        "authoredOn": sent,
        "requester": {"reference": EVA},
        "owner": {"reference": "Organization/hemtjansten"},
        "restriction": {"period": {"end": "2026-03-20"}},
    }


def answering(clinic: Clinic, patient: str, at: str) -> list[str]:
    """Give who answers for each fast vårdkontakt (1) at a moment."""
    bundle = clinic.contacts(patient, f"?type=1&at={at.replace('+', '%2B')}")
    told = [
        extension(entry["search"], codes.WHO_ANSWERS)
        for entry in bundle["entry"]
        if entry["search"]["mode"] == "match"
    ]
    return [
        next(p["valueReference"]["reference"] for p in each["extension"] if p["url"] == "who")
        for each in told
    ]


def assign_eva(clinic: Clinic, **more: Any) -> Any:
    """Vera appoints Eva on 3 March, as scenario 6a tells it."""
    phone = {"system": "phone", "value": "063-000 00 01"}
    weekdays = [code(day) for day in ("mon", "tue", "wed", "thu", "fri")]
    hours = {"from": {"valueTime": "08:00:00"}, "to": {"valueTime": "16:00:00"}}
    return clinic.assign(
        ALBERTINA,
        EVA,
        "1",
        basis=code("utskrivning"),
        ground=[code("trygghet"), code("samordning")],
        criterion=code("multisjuk-aldre"),
        needIdentified=moment("2026-03-02T15:40:00+01:00"),
        appointed=part(by=reference(VERA), at=moment("2026-03-03")),
        acceptance=part(at=moment("2026-03-03")),
        encounter=reference(STAY),
        period={"valuePeriod": {"start": "2026-03-03"}},
        channel=part(telecom={"valueContactPoint": phone}, day=weekdays, **hours),
        deputy=part(
            member=reference(OLA),
            period={"valuePeriod": {"start": "2026-03-09", "end": "2026-03-13"}},
            telecom={"valueContactPoint": phone | {"value": "063-000 00 02"}},
        ),
        note=string("Ring gärna på förmiddagen."),
        **more,
    )


def test_albertina_from_admission_to_her_new_contact(server: Clinic) -> None:
    """R3, R5, R6, R10, R30, R32, R36, R43-R48, R53, R57, R60, R65, R75, R76: scenario 6a."""
    server.load_demo("0-organisations", "a-elderly-discharge")
    the_notice_is_sent(server)
    eva = eva_is_appointed(server)
    the_meeting_is_called_and_held(server, eva)
    she_asks_for_another(server, eva)


def the_notice_is_sent(server: Clinic) -> None:
    """The inskrivningsmeddelande: 7.5 hours, and once 25 hours, after admission."""
    stay = server.read(STAY)
    late = json.loads(json.dumps(stay).replace("2026-03-02T15:40:00", "2026-03-03T09:10:00"))
    assert "SAMVL-2-1" in flagged(server, late)
    assert "SAMVL-2-1" not in flagged(server, stay)


def eva_is_appointed(server: Clinic) -> str:
    """Vera appoints Eva; Karin, Ali and Sara are there already, and Sara coordinates."""
    # A contact without name, and one that can't be reached, are none.
    nameless = server.person(unit="Organization/halsocentralen-test")
    practitioner = server.read(nameless)["practitioner"]["reference"]
    server.put({"resourceType": "Practitioner", "id": practitioner.split("/")[1]})
    refused_by(server.assign(ALBERTINA, nameless), "PL-6-2", MEMBER)
    silent = server.person(unit="Organization/halsocentralen-test", telecom=None)
    refused_by(server.assign(ALBERTINA, silent), "PL-3-2", "CareTeam.telecom")

    eva = f"CareTeam/{result(assign_eva(server))['id']}"
    assert members(server.contacts(ALBERTINA)) == [EVA, KARIN, ALI, SARA]
    refused_by(server.assign(ALBERTINA, OLA, "4"), "PL-6-2", ROLE)
    told = tell(
        server,
        eva,
        by=reference(EVA),
        at=moment("2026-03-03T14:00:00+01:00"),
        channel=code("telefon"),
        recipient=reference(ALBERTINA),
    )
    assert named(told)["return"]["recipient"] == [{"reference": ALBERTINA}]
    assert answering(server, ALBERTINA, "2026-03-04T10:00:00+01:00") == [EVA]
    assert answering(server, ALBERTINA, "2026-03-10T10:00:00+01:00") == [OLA], "Eva is away"
    return eva


def the_meeting_is_called_and_held(server: Clinic, eva: str) -> None:
    """The kallelse in three days; a plan with her consent, and with the municipality in it."""
    assert "SAMVL-4-3" in flagged(server, kallelse("2026-03-10T08:00:00+01:00"))
    assert "SAMVL-4-3" not in flagged(server, kallelse("2026-03-06T16:30:00+01:00"))

    agreed, consent = meeting_of_12_march(), server.read(CONSENT)
    server.put(consent | {"status": "inactive"})
    assert laws_against(generate(server, ALBERTINA, "active", *agreed)) == ["HSL-16-4", "SOL-10-8"]
    server.put(consent)
    lacking = generate(server, ALBERTINA, "active", *without(agreed, codes.KOMMUN))
    assert laws_against(lacking) == ["HSL-16-4", "SOL-10-8"]
    plan = result(generate(server, ALBERTINA, "active", *agreed))
    assert {"reference": eva} in plan["careTeam"]


def she_asks_for_another(server: Clinic, eva: str) -> None:
    """On 20 April: chef and MLU approve, handed over at home; the history has no gap."""
    asked = granted(ALBERTINA, VERA, OLA, physician=reference(KARIN), at=moment("2026-04-20"))
    undecided = asked | {"decision": None, "decidedBy": None}
    assert "HSF-4-1" in laws_against(change(server, eva, **undecided))
    at_home = part(at=moment("2026-04-20T10:00:00+02:00"), how=code("hembesok"), by=reference(EVA))
    changed = change(server, eva, **asked, handover=at_home)
    ola = f"CareTeam/{named(changed)['return']['id']}"
    assert members(server.contacts(ALBERTINA)) == [OLA, KARIN, ALI, SARA]

    history = matches(server.contacts(ALBERTINA, "?type=1&history=true"))
    old, new = sorted(history, key=lambda team: str(team["period"]["start"]))
    assert [f"CareTeam/{team['id']}" for team in (old, new)] == [eva, ola]
    assert interval(old["period"])[1] == interval(new["period"])[0]
    assert reason_of(old) == codes.BYTE_PATIENT
    versions = server.read(f"{eva}/_history")["entry"]
    assert [entry["resource"]["status"] for entry in versions] == ["inactive", "active", "active"]
    card = server.fhir.get(f"{ALBERTINA}/$named-contacts?_format=html")
    assert card.status_code == 200
    assert "Ola Test" in card.text


def laws_against(response: Any) -> list[str]:
    """Give the paragraphs of what refuses a call, each once."""
    assert response.status_code == 422, response.text
    found = [i for i in response.json["issue"] if i["severity"] == "error"]
    return sorted({law for issue in found for law in paragraphs(issue)})


def test_maria_from_her_nurse_to_the_end(server: Clinic) -> None:
    """R14-R17, R20, R26, R31, R32, R39, R40, R48: scenario 6b."""
    server.load_demo("0-organisations", "b-als")
    teams = {team["participant"][0]["member"]["reference"]: team for team in _teams(server)}
    assert set(teams) == {NILS, LENA}

    # As it was before February: Nils alone, and no flag.
    end_of_lena = end(server, f"CareTeam/{teams[LENA]['id']}", "annat")
    assert reason_of(named(end_of_lena)["return"]) == "annat"
    for role, ground in ((NILS, {"basis": code("livshotande")}), (EVA, {})):
        refused = server.assign(MARIA, role, "4", **ground)
        assert refused.status_code == 422
        found = [law for i in refused.json["issue"] for law in paragraphs(i)]
        assert "SOSFS-2011-7-2-3" in found
    unlicensed = server.assign(MARIA, ADAM, "4", reasonReference=reference("Condition/maria-als"))
    refused_by(unlicensed, "SOSFS-2011-7-2-3", MEMBER)

    # A municipal nurse may be her contact; the region is reminded.
    municipal = server.assign(MARIA, SARA, basis=code("hemsjukvard"))
    nurse = result(municipal)
    outcome = next(p["resource"] for p in municipal.json["parameter"] if p["name"] == "outcome")
    assert ["SOSFS-2011-7-2-3", "SOSFS-2011-7-1-1"] in [paragraphs(i) for i in outcome["issue"]]

    # Lena, licensed, coordinates and is reached through the team.
    lena = result(
        server.assign(
            MARIA,
            LENA,
            "4",
            basis=code("livshotande"),
            reasonReference=reference("Condition/maria-als"),
            coordinationReason=code("grundsjukdom"),
            viaTeam=reference("CareTeam/als-teamet"),
            internalNote=string("Maken orolig, ring honom först."),
        )
    )
    assert members(server.contacts(MARIA)) == [NILS, SARA, LENA]
    refused_by(server.assign(MARIA, KARIN, "4"), "PL-6-2", ROLE)
    for_her = server.fhir.get(f"{MARIA}/$named-contacts?audience=patient")
    assert "Maken orolig" not in for_her.text
    assert "Maken orolig" in server.fhir.get(f"{MARIA}/$named-contacts").text

    # The end: all at once, each with the reason.
    ended = every(end(server, MARIA, codes.AVLIDEN), "return")
    assert {team["id"] for team in ended} == {teams[NILS]["id"], nurse["id"], lena["id"]}
    assert {(team["status"], reason_of(team)) for team in ended} == {("inactive", "avliden")}
    assert members(server.contacts(MARIA)) == []


def _teams(clinic: Clinic) -> list[Json]:
    return matches(clinic.contacts(MARIA))
