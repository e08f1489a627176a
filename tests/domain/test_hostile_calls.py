"""Each operation of the discharge process and the SIP, called as nobody should.

For every parameter of every OperationDefinition: left out, given twice, of another type, enormous,
strange. The answer is a success or a refusal that says where; a refusal stores nothing, and says
nothing of the person.
"""

from __future__ import annotations

import copy
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.domain.clinic import Clinic, Json, code, latest, listed, part, reference, string
from tests.domain.sip_world import World, world

MARK = "Hemligt-om-Albertina"
PERSONAL = (MARK, "Hammar", "189002029800", "Testgatan")
ANSWERS = {200, 201, 400, 403, 404, 405, 409, 413, 422}
AHEAD = {"valueDateTime": "2091-01-01T10:00:00+01:00"}

STRANGE: dict[str, list[Any]] = {
    "string": [MARK, "x" * 200_000, "   ", "\u202e<script>", "a\tb", "💔" * 500, "$where", "#x\\*_[]()"],
    "url": [f"https://x.example/{MARK}", "javascript:alert(1)", "x" * 5000],
    "code": [MARK, "FORTSATT", "active ", "x" * 5000],
    "date": ["2026", "2026-02-30", "9999-12-31", "0001-01-01", MARK],
    "dateTime": [
        "2026", "2026-03", "2026-03-29T02:30:00+01:00", "2026-10-25T02:30:00.123456789+02:00",
        "9999-12-31T23:59:59+14:00", "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00",
        "2026-12-31T23:59:60Z", "2026-03-05T24:00:00Z", MARK,
    ],
    "Reference": [
        {"reference": "Patient/../../etc"}, {"reference": "#x"}, {"display": MARK},
        {"reference": "Organization/none"}, {"reference": "PractitionerRole/none"},
        {"reference": "https://elsewhere.example/fhir/Patient/1"}, {"reference": "urn:uuid:x"},
        {"identifier": {"system": "urn:x", "value": "189002029800"}}, {"reference": "x" * 5000},
        {"reference": "Encounter/1?x=1"}, {"type": "Patient"},
    ],
    "boolean": ["true", 1, None],
    "integer": [-1, 0, 10**12, "5"],
    "Period": [{}, {"start": "2026-03-02", "end": "2026-03-01"}, {"end": "9999"}, {"start": MARK}],
    "Attachment": [{}, {"contentType": "application/pdf", "data": "%%%"}, {"url": MARK}],
    "Resource": [
        {"resourceType": "Bundle", "type": "transaction"}, {"resourceType": "Patient"},
        {"resourceType": MARK}, {}, [], "x",
    ],
}  # fmt: skip


def definitions() -> dict[str, Json]:
    """Give the OperationDefinitions of the process by ``Type/code``."""
    found = {}
    for path in sorted((ROOT / "profiles" / "se").glob("OperationDefinition-*.json")):
        each = json.loads(path.read_text())
        for resource_type in each.get("resource", []):
            name = f"{resource_type}/{each['code']}"
            if name in CALLS:
                found[name] = each
    return found


# Where a call goes, as an attribute of World, and what makes it a whole one.
CALLS: dict[str, tuple[str, Json]] = {
    "Encounter/admission-notice": ("stay", {"expectedDischarge": AHEAD}),
    "Encounter/expected-discharge": ("stay", {"time": AHEAD}),
    "Encounter/ready-for-discharge": ("stay", {}),
    "Encounter/withdraw-ready-for-discharge": ("stay", {}),
    "Encounter/transfer-information": ("stay", {"text": string("Läs detta")}),
    "Encounter/discharge": ("stay", {"summary": string("Du har fått vård.")}),
    "Encounter/discharge-summary": ("stay", {}),
    "Encounter/discharge-timeline": ("stay", {}),
    "Organization/discharge-timeline": ("centre", {}),
    "Patient/record-sip-consent": (
        "patient",
        {"decision": code("permit"), "form": code("muntligt")},
    ),
    "Consent/withdraw-sip-consent": ("consent", {}),
    "CarePlan/sip-access": ("plan", {}),
    "Patient/note-sip-need": ("patient", {"reason": string("Behöver båda")}),
    "Task/refuse-sip": ("need", {"reason": string("Behövs inte")}),
    "Patient/sip-suggestion": ("patient", {}),
    "Patient/generate-sip": ("patient", {"status": code("draft")}),
    "CarePlan/activate-sip": ("draft", {}),
    "CarePlan/follow-up-sip": ("plan", {"decision": code("fortsatt")}),
    "CarePlan/revise-sip": ("plan", {"title": string("Ny plan")}),
    "CarePlan/record-plan-copy": ("plan", {"channel": code("papper")}),
    "CarePlan/call-sip-meeting": (
        "plan",
        {"form": code("hemma"), "agenda": string("Så gör vi"), "start": AHEAD},
    ),
    "Task/answer-call": ("call", {"answer": code("accepted")}),
    "Appointment/meeting-answers": ("meeting", {}),
    "Appointment/remind-call": ("meeting", {}),
    "Appointment/cancel-sip-meeting": ("meeting", {"reason": string("Sjuk")}),
    "CarePlan/meeting-form": ("plan", {}),
    "CarePlan/document": ("plan", {}),
    "CarePlan/close-sip": ("draft", {"reason": code("mal-uppnadda")}),
    "Patient/patientkontrakt": ("patient", {}),
    "CarePlan/export-sip": ("plan", {}),
    "CarePlan/receive-sip": ("", {}),
}


@pytest.fixture(scope="module")
def life() -> dict[str, World]:
    """One person for all calls: made by the first."""
    return {}


def at(where: World, attribute: str) -> str:
    stay = where.ward
    places = {"stay": stay.stay, "centre": stay.centre, "patient": stay.patient, "": "CarePlan"}
    return places.get(attribute) or str(getattr(where, attribute))


def whole(where: World, definition: Json, given: Json) -> list[Json]:
    """Give parameters that the operation would take."""
    named = dict(given)
    for each in definition["parameter"]:
        if each["use"] == "in" and each["min"] and each["name"] not in named:
            person = each["name"] in ("to",) or "withdraw-sip" in definition["code"]
            named[each["name"]] = reference(where.ward.patient if person else where.nurse)
    return listed(named)


def key(type_: str) -> str:
    return "resource" if type_ == "Resource" else f"value{type_[:1].upper()}{type_[1:]}"


def hostile(parameters: list[Json], declared: list[Json]) -> Iterator[list[Json]]:
    """Give lists of parameters, each wrong in one way."""
    for each in (p for p in declared if p["use"] == "in"):
        name = each["name"]
        others = [p for p in parameters if p["name"] != name]
        own = [p for p in parameters if p["name"] == name]
        yield others
        if own:
            yield [*others, *own, *own]
        if parts := each.get("part"):
            yield [*others, {"name": name, "valueString": MARK}]
            for inner in hostile(minimal(parts), parts):
                yield [*others, {"name": name, **({"part": inner} if inner else {})}]
            continue
        type_ = each.get("type", "string")
        yield [*others, {"name": name, "valueInteger": 7}]
        yield [*others, {"name": name, **part(x=string(MARK))}]
        yield [*others, {"name": name}]
        for value in STRANGE[type_]:
            yield [*others, {"name": name, key(type_): value}]
        if each["max"] == "*":
            value = STRANGE[type_][0]
            yield [*others, *([{"name": name, key(type_): value}] * 300)]
    yield [*parameters, {"name": "nonsense", "valueString": MARK}]


def minimal(parts: list[Json]) -> list[Json]:
    """Give the parts that must be there, with a value of the right type."""
    plain = {"string": "x", "code": "region", "date": "2030-01-01", "Reference": {"display": "x"}}
    return [
        {"name": each["name"], key(each["type"]): plain[each["type"]]}
        for each in parts
        if each["min"]
    ]


@pytest.mark.parametrize("name", CALLS)
def test_a_hostile_call_is_answered_in_full_and_stores_nothing_by_half(
    clinic: Clinic,
    life: dict[str, World],
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
    name: str,
) -> None:
    """R100: and nothing of the person stands in what is said or logged."""
    caplog.set_level(logging.DEBUG)
    # The server reads in its own way where the driver doesn't spell every command; spelling them
    # is half of all computing here, and no server does it.
    caplog.set_level(logging.INFO, logger="pymongo")
    definition = definitions()[name]
    where = life.get("") or life.setdefault("", world(clinic))
    attribute, given = CALLS[name]
    url = f"{at(where, attribute)}/${definition['code']}"
    before = latest(clinic.fhir)
    for each in hostile(whole(where, definition, given), definition["parameter"]):
        body = {"resourceType": "Parameters", **({"parameter": each} if each else {})}
        response = clinic.fhir.post(url, copy.deepcopy(body))
        told = f"{url} {json.dumps(each, ensure_ascii=False)[:600]} {response.text[:600]}"
        assert response.status_code in ANSWERS, told
        if response.status_code >= 400:
            assert_tells(response, told)
            assert latest(clinic.fhir) == before, told
        else:
            before = latest(clinic.fhir)
    said = "\n".join(record.getMessage() for record in caplog.records) + capsys.readouterr().err
    assert not [each for each in PERSONAL if each in said]


def assert_tells(response: Any, told: str) -> None:
    """Demand that a refusal says what is wrong, and where, and nothing of the person."""
    outcome = response.json
    assert outcome["resourceType"] == "OperationOutcome", told
    errors = [each for each in outcome["issue"] if each["severity"] in ("error", "fatal")]
    assert errors, told
    for each in errors:
        assert each["details"]["text"], told
        assert each.get("expression") or response.status_code in (403, 404, 409, 413), told
    assert not [each for each in PERSONAL if each in response.text], told
