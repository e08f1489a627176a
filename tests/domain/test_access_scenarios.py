"""Who sees what in the scenarios 6b and 6c: the rows Access, Sharing and Protected variant."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from fhir_server.interactions.context import OperationRequest
from fhir_server.interactions.search import search
from fhir_server.security.organizations import LOOK_AGAIN_SECONDS
from fhir_server.security.principal import Principal
from fhir_server.sweden import codes
from tests.domain.clinic import Clinic
from tests.security.consents import block, svod
from tests.security.worlds import World

PURPOSE = "TREAT"
MARIA, LO = "Patient/maria-ljungberg", "Patient/lo-testsson"
ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
DOCUMENTED_BY = [{"reference": "Organization/region-jh"}]
LABEL = "http://hl7.se/fhir/ig/base/CodeSystem/SecurityLabel"


class Cast:
    """The demo's staff, who ask as themselves."""

    def __init__(self, world: World) -> None:
        self.world = world

    def of(self, unit: str, role: str = "coordinator") -> Principal:
        """Give somebody of a unit."""
        found = json.loads(search(self.world.context(), "Organization", [("_id", unit)]).body)
        numbers = found["entry"][0]["resource"]["identifier"]
        number = next(n["value"] for n in numbers if n["system"] in codes.HSA_ID_SYSTEMS)
        return Principal(
            f"{unit}-1", role, unit=number, purpose=PURPOSE, person=f"SE2321000131-P{len(unit):012}"
        )

    def finds(self, who: Principal, type_: str, *asked: tuple[str, str]) -> set[str]:
        """Give the ids of what a search finds."""
        bundle = json.loads(search(self.world.context(who), type_, list(asked)).body)
        return {each["resource"]["id"] for each in bundle.get("entry", ())}


@pytest.fixture
def cast(app: Flask, demo: Callable[..., Clinic]) -> Cast:
    demo("b-als", "c-child")
    time.sleep(LOOK_AGAIN_SECONDS)  # the units are new to this process
    return Cast(World(app))


def note(id_: str, unit: str, **more: Any) -> dict[str, Any]:
    """Give a note about Maria."""
    return {
        "resourceType": "DocumentReference",
        "id": id_,
        "status": "current",
        "subject": {"reference": MARIA},
        "custodian": {"reference": f"Organization/{unit}"},
        "content": [{"attachment": {"title": id_}}],
        **more,
    }


def visit(unit: str, patient: str) -> dict[str, Any]:
    """Give an encounter that makes a care relation."""
    return {
        "resourceType": "Encounter",
        "id": f"visit-{unit}",
        "status": "in-progress",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
        "subject": {"reference": patient},
        "serviceProvider": {"reference": f"Organization/{unit}"},
    }


def test_maria_s_notes_at_psychiatry_are_blocked_and_the_rest_is_consented_to(cast: Cast) -> None:
    """R111, R112, R113, R115: 6b, Access: spärr, SVOD consent, internal note, emergency access."""
    hidden = {"meta": {"security": [{"system": ACT_CODE, "code": "NOPATIENT"}]}}
    cast.world.put(
        note("psychiatry", "bup-ostersund"),
        note("neurology", "neurologmottagningen"),
        note("internal", "neurologmottagningen", **hidden),
        visit("halsocentralen-test", MARIA),
        visit("hemsjukvarden", MARIA),
    )
    asked = ("patient", MARIA)
    clinic, home = cast.of("halsocentralen-test"), cast.of("hemsjukvarden")
    assert cast.finds(clinic, "DocumentReference", asked) == {"psychiatry", "neurology", "internal"}
    # Her consent to the SIP is one to SVOD too, for those it names.
    assert cast.finds(home, "DocumentReference", asked) == {"psychiatry", "neurology", "internal"}
    consent = stored(cast, "Consent", "maria-sip-samtycke")
    cast.world.put({**consent, "category": consent["category"][:1]})
    assert cast.finds(home, "DocumentReference", asked) == set()

    whose: dict[str, Any] = {"patient": "maria-ljungberg", "organization": DOCUMENTED_BY}
    cast.world.put(block("maria-block", "bup-ostersund", **whose))
    cast.world.put(svod("maria-yes", "ostersunds-kommun", **whose))
    for who in (clinic, home):
        assert cast.finds(who, "DocumentReference", asked) == {"neurology", "internal"}
    patient = Principal(MARIA, "patient", patient=MARIA)
    assert cast.finds(patient, "DocumentReference") == {"psychiatry", "neurology"}

    context = cast.world.context(clinic)
    reason = {
        "coding": [{"system": codes.EMERGENCY_REASON_SYSTEM, "code": "fara-for-liv"}],
        "text": "Medvetslös",
    }
    body = {
        "resourceType": "Parameters",
        "parameter": [{"name": "reason", "valueCodeableConcept": reason}],
    }
    context.server.operations.invoke(
        context,
        OperationRequest("emergency-access", "Patient", "maria-ljungberg", "POST", (), body),
    )
    context = cast.world.context(clinic)
    found = json.loads(search(context, "DocumentReference", [asked]).body)
    assert "psychiatry" in {each["resource"]["id"] for each in found["entry"]}
    assert context.store.trace.emergency
    assert cast.finds(patient, "Flag") != set()


def test_the_school_gets_what_is_sent_and_can_not_search(cast: Cast) -> None:
    """R110, R111: 6c, Sharing: SVOD covers neither school nor IFO; what they get is pushed."""
    cast.world.put(
        svod(
            "lo-svod",
            "testskolan",
            "ostersunds-kommun",
            patient="lo-testsson",
            organization=DOCUMENTED_BY,
        ),
        *(visit(unit, LO) for unit in ("testskolan", "socialtjansten-ifo", "hemsjukvarden")),
    )
    asked = ("patient", LO)
    for unit in ("testskolan", "socialtjansten-ifo"):
        who = cast.of(unit, "sip-coordinator")
        for type_ in ("CarePlan", "CareTeam", "Condition", "Goal", "Consent"):
            assert cast.finds(who, type_, asked) == set()
        assert cast.finds(who, "Encounter", asked) == {f"visit-{unit}"}
        # They are called to the meeting, and know of it.
        assert cast.finds(who, "Appointment", asked) == {"lo-sip-mote"}
    assert cast.finds(cast.of("hemsjukvarden"), "CareTeam", asked) == {"lo-fast-vardkontakt"}
    assert cast.finds(cast.of("hemsjukvarden"), "Encounter", asked) == {"visit-hemsjukvarden"}
    sent = {
        "resourceType": "CommunicationRequest",
        "id": "to-school",
        "status": "active",
        "subject": {"reference": LO},
        "sender": {"reference": "Organization/bup-ostersund"},
        "recipient": [{"reference": "Organization/testskolan"}],
    }
    cast.world.put(sent)
    school = cast.of("testskolan")
    assert cast.finds(school, "CommunicationRequest", asked) == {"to-school"}
    assert cast.finds(cast.of("socialtjansten-ifo"), "CommunicationRequest", asked) == set()


def test_a_plan_is_read_by_a_unit_that_takes_part_as_long_as_all_of_it_is_permitted(
    cast: Cast,
) -> None:
    """R78, R110: a SIP of another vårdgivare, by consent to the SIP alone; part is no access."""
    consent = stored(cast, "Consent", "maria-sip-samtycke")
    plan = stored(cast, "CarePlan", "maria-sip")
    home = cast.of("hemsjukvarden")
    cast.world.put(visit("hemsjukvarden", MARIA))
    assert any(
        "hemsjukvard" in json.dumps(each) for each in (plan.get("contributor"), plan["activity"])
    )
    asked = (("patient", MARIA), ("category", f"{codes.CARE_PLAN_CATEGORY}|SIP"))
    permitted = {"type": "permit", "period": {"start": "2026-01-01"}}
    consent = {**consent, "category": consent["category"][:1]}
    cast.world.put({**consent, "provision": permitted})
    assert cast.finds(home, "CarePlan", *asked) == {"maria-sip"}
    part = {"system": codes.INFORMATION_CLASS_SYSTEM, "code": "halsotillstand"}
    exception = {"type": "deny", "class": [part]}
    cast.world.put({**consent, "provision": {**permitted, "provision": [exception]}})
    assert cast.finds(home, "CarePlan", *asked) == set()


def stored(cast: Cast, type_: str, id_: str) -> dict[str, Any]:
    found = json.loads(search(cast.world.context(), type_, [("_id", id_)]).body)
    resource: dict[str, Any] = found["entry"][0]["resource"]
    return resource


def test_a_protected_child_s_address_is_masked(cast: Cast) -> None:
    """R118, R123: 6c, Protected variant: sekretessmarkering; nor does a guardian read it."""
    patient = stored(cast, "Patient", "lo-testsson")
    labels = [
        *patient["meta"].get("security", []),
        {"system": LABEL, "code": "sekretessmarkering"},
    ]
    guardian = Principal("g", "guardian", wards=(LO,))
    bup = cast.of("bup-ostersund")
    cast.world.put({**patient, "meta": {**patient["meta"], "security": labels}})
    seen = json.loads(search(cast.world.context(bup), "Patient", [("_id", "lo-testsson")]).body)
    resource = seen["entry"][0]["resource"]
    assert "address" in patient or "telecom" in patient
    assert not {"address", "telecom", "contact", "generalPractitioner"} & resource.keys()
    assert cast.finds(bup, "Patient", ("name", "Lo")) == set()
    assert cast.finds(guardian, "Patient") == set()
