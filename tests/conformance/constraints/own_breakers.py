"""Breaks the invariants of the project's own profiles (profiles/fsh), by key."""

from __future__ import annotations

from typing import Any

from fhir_server.sweden import codes
from tests.conformance.constraints.breakers import (
    SOMEBODY,
    Act,
    coded,
    edit,
    in_turn,
    with_extension,
    without_extension,
)
from tests.conformance.constraints.filling import EXTENSION
from tests.conformance.constraints.snapshots import Json, Place, at

ACTIVE = edit(status="active")
PATIENT = {"reference": "Patient/somebody", "type": "Patient"}
RELATIVE = {"reference": "RelatedPerson/somebody", "type": "RelatedPerson"}
TWO_TYPES = {
    "coding": [{"system": codes.CONTACT_TYPE, "code": code} for code in ("1", "4")],
}
PRACTITIONER = {"reference": "Practitioner/somebody", "type": "Practitioner"}


def numbered(system: str, value: str) -> Act:
    return edit(identifier=[{"system": system, "value": value}])


def inside(path: str, act: Act) -> Act:
    """Do something to the first value of an element, which is put in where it is missing."""

    def inner(resource: Json, place: Place) -> None:
        for name in path.split("."):
            holder = at(resource, place)
            if name not in holder:
                holder[name] = [{}] if name in ("agent", "content", "participant") else {}
            place = (*place, name, 0) if isinstance(holder[name], list) else (*place, name)
        act(resource, place)

    return inner


def part(url: str, **value: Any) -> Json:
    return {"url": url, **value}


def _deputy(*more: Json, member: Json = SOMEBODY) -> Act:
    return with_extension("deputy", extension=[part("member", valueReference=member), *more])


def _same_deputy(resource: Json, place: Place) -> None:
    edit(member=PRACTITIONER)(resource, place)
    _deputy(member=PRACTITIONER)(resource, place)


BEFORE = part("at", valueDateTime="1990-01-01T08:10:00Z")
LATE = part("at", valueDateTime="2030-01-01T08:10:00Z")
LONG_AGO = part("period", valuePeriod={"start": "1990-01-01"})
MARCH = edit(period={"start": "2026-03-02T08:10:00Z"})

OWN_BREAKERS: dict[str, Act] = {
    "ae-1": edit(agent=[{"requestor": True, "who": PRACTITIONER}]),
    "ap-1": edit(participant=[{"status": "accepted", "actor": PRACTITIONER}]),
    "ap-2": edit(participant=[{"status": "accepted", "actor": PATIENT}]),
    "cm-1": edit(status="completed", sent=None),
    "cm-2": edit(recipient=[RELATIVE], reasonCode=None),
    "co-1": edit(status="active", performer=None),
    "co-2": edit(status="inactive", provision={"type": "permit"}),
    "co-3": edit(provision={"type": "permit"}),
    "co-lt": edit(extension=[part("flag", valueBoolean=True)]),
    "cp-1": edit(status="active", supportingInfo=None),
    "cp-2": edit(status="active", activity=[{"progress": [{"text": "text"}]}]),
    "cp-3": in_turn(ACTIVE, without_extension("overall-responsible")),
    "cp-4": edit(status="active", goal=None),
    "cp-7": in_turn(ACTIVE, without_extension("follow-up")),
    "cp-9": edit(description=None, code=None),
    "ct-2": edit(role=[TWO_TYPES]),
    "ct-3": in_turn(ACTIVE, inside("participant", edit(member=None, period={"start": "2026"}))),
    "ct-9": _same_deputy,
    "ct-9-period": in_turn(MARCH, inside("participant", _deputy(LONG_AGO))),
    "ct-10": edit(status="inactive", period={"start": "2026-03-02"}),
    "ct-12": edit(status="active", managingOrganization=None),
    "ct-13": in_turn(ACTIVE, without_extension("appointed-by")),
    "ct-14": in_turn(
        ACTIVE,
        without_extension("patient-decision"),
        with_extension("patient-decision", extension=[part("decision", valueCode="declined")]),
    ),
    "ct-15": in_turn(
        without_extension("change-decision"),
        with_extension(
            "end-reason",
            valueCodeableConcept=coded(codes.code_system("end-reason"), "byte-patient"),
        ),
    ),
    "dr-1": edit(content=[{"attachment": {"title": "text"}}]),
    "dr-2": inside("content.attachment", edit(size=102_401)),
    "dr-3": edit(context={"related": [SOMEBODY]}),
    "ec-1": edit(status="active", period=None),
    "en-1": edit(period={"extension": [EXTENSION]}),
    "en-2": in_turn(MARCH, with_extension("discharge-ready", extension=[BEFORE])),
    "en-3": in_turn(
        without_extension("discharge-ready"),
        with_extension("discharge-ready-withdrawn", extension=[LATE]),
    ),
    "en-4": in_turn(
        without_extension("expected-discharge"),
        with_extension("admission-notice-sent", extension=[LATE]),
    ),
    "en-24h": in_turn(MARCH, with_extension("admission-notice-sent", extension=[LATE])),
    "id-1": numbered(codes.PERSONNUMMER, "1"),
    "id-birth": in_turn(numbered(codes.PERSONNUMMER, "196101182803"), edit(birthDate="1950-01-01")),
    "id-hsa": numbered(codes.HSA_ID, "SE1-x"),
    "id-org": numbered(codes.ORGANISATIONSNUMMER, "1"),
    "og-1": numbered("urn:x", "1"),
    "og-2": edit(active=True, telecom=None),
    "pk-1": edit(status="active", description=None),
    "pk-2": edit(status="active", careTeam=None),
    "pn-1": edit(name=[{"given": ["text"]}]),
    "pn-2": edit(qualification=[{"code": coded(codes.HOSP, "LK")}]),
    "pr-1": edit(active=True, practitioner=None),
    "pv-1": inside("agent", edit(type=coded("urn:x", "author"), who=SOMEBODY)),
    "rp-1": edit(active=True, telecom=None, address=None),
    "tk-1": edit(status="rejected", statusReason=None),
    "tk-2": edit(authoredOn="2026-03-02", restriction={"period": {"end": "2026-03-01"}}),
    "tm-1": edit(status="active", name=None),
    "vp-1": edit(status="active", author=None),
}
