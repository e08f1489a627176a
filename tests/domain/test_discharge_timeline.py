"""$discharge-timeline over HTTP: of a stay, of a unit, as pages."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask
from lxml import html

from fhir_server.app import create_app
from fhir_server.interactions.context import Server
from fhir_server.settings import Settings, SettingsError
from fhir_server.sweden import codes
from tests.conftest import Fhir
from tests.domain.clinic import Clinic, Json, category, fast_kontakt, included, matches

MARCH = "2026-03-{}:00+01:00"


def at(text: str) -> str:
    return MARCH.format(text)


def said(name: str, moment: str, *to: str) -> Json:
    """Give one of the timeline's extensions."""
    parts: list[Json] = [{"url": "at", "valueDateTime": at(moment)}]
    parts += [{"url": "to", "valueReference": {"reference": unit}} for unit in to]
    return {"url": codes.structure(name), "extension": parts}


def expects(time: str, recorded: str) -> Json:
    """Give an expected discharge."""
    parts = [
        {"url": "time", "valueDateTime": at(time)},
        {"url": "recorded", "valueDateTime": at(recorded)},
    ]
    return {"url": codes.EXPECTED_DISCHARGE, "extension": parts}


def needs(*whose: str) -> list[Json]:
    """Give whose insatser are needed afterwards."""
    return [{"url": codes.NEEDS_AFTER_DISCHARGE, "valueCode": each} for each in whose]


def stay(clinic: Clinic, patient: str, ward: str, *extensions: Json, **more: Any) -> str:
    """Store a stay from Monday 2 March at ten past eight."""
    encounter: Json = {
        "resourceType": "Encounter",
        "status": "in-progress",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"},
        "subject": {"reference": patient},
        "period": {"start": at("02T08:10")},
        "serviceProvider": {"reference": ward},
    }
    said_of_it = {"extension": list(extensions)} if extensions else {}
    return clinic.put(encounter | said_of_it | more)


def task(clinic: Clinic, code: str, patient: str, encounter: str, owner: str, **more: Any) -> str:
    """Store a task about a stay."""
    resource: Json = {
        "resourceType": "Task",
        "status": "requested",
        "intent": "order",
        "code": category(codes.TASK_CODE_SYSTEM, code),
        "focus": {"reference": encounter},
        "for": {"reference": patient},
        "encounter": {"reference": encounter},
        "authoredOn": at("02T15:40"),
        "requester": {"reference": owner},
        "owner": {"reference": owner},
    }
    return clinic.put(resource | more)


def timeline(fhir: Fhir, encounter: str, moment: str, **asked: str) -> Json:
    """Call the operation of a stay; give its steps by code, and the payment liability."""
    query = urlencode({"at": at(moment), **asked})
    response = fhir.get(f"{encounter}/$discharge-timeline?{query}")
    assert response.status_code == 200, response.text
    return dict(response.json)


def parts(parameter: Json) -> Json:
    """Give the parts of a parameter by name; those that repeat as a list."""
    found: Json = {}
    for each in parameter["part"]:
        value = next(each[key] for key in each if key.startswith("value"))
        found[each["name"]] = (
            [*found.get("explanation", []), value] if each["name"] == "explanation" else value
        )
    return found


def steps(answer: Json) -> dict[str, Json]:
    """Give the steps by code."""
    named = [parts(each) for each in answer["parameter"] if each["name"] == "step"]
    return {each["code"]: each for each in named}


def statuses(answer: Json) -> dict[str, str]:
    """Give the status of each step."""
    return {code: each["status"] for code, each in steps(answer).items()}


def payment(answer: Json) -> Json:
    """Give the payment liability."""
    [found] = [each for each in answer["parameter"] if each["name"] == "paymentLiability"]
    return parts(found)


def unit_timeline(fhir: Fhir, unit: str, moment: str, **asked: Any) -> Json:
    """Call the operation of a unit."""
    query = urlencode({"at": at(moment), **asked}, doseq=True)
    response = fhir.get(f"{unit}/$discharge-timeline?{query}")
    assert response.status_code == 200, response.text
    return dict(response.json)


def due(bundle: Json) -> list[tuple[str, list[tuple[str, str]]]]:
    """Give the stays in order, each with codes and statuses of its steps."""
    return [
        (
            f"Encounter/{entry['resource']['id']}",
            [
                (named["code"]["valueCode"], named["status"]["valueCode"])
                for each in entry["search"]["extension"]
                for named in [{part["url"]: part for part in each["extension"]}]
                if each["url"] == codes.DISCHARGE_STEP
            ],
        )
        for entry in bundle.get("entry", [])
        if entry["search"]["mode"] == "match"
    ]


@pytest.fixture
def ward(clinic: Clinic) -> str:
    return clinic.unit(name="Avdelning 1")


@pytest.fixture
def home_care(clinic: Clinic) -> str:
    return clinic.unit(codes.KOMMUN, name="Hemsjukvården")


def noticed(clinic: Clinic, patient: str, ward: str, *units: str, **more: Any) -> str:
    """Store a stay with needs and an inskrivningsmeddelande."""
    extensions = more.pop("extensions", [])
    return stay(
        clinic,
        patient,
        ward,
        *needs("region", "kommun"),
        expects("06T11:00", "02T15:40"),
        said("admission-notice-sent", "02T15:40", *units),
        *extensions,
        **more,
    )


def test_the_scenario_of_the_elderly_patient_day_by_day(demo: Any) -> None:
    """R54, R57, R58, R61, R62, R65: scenario 6a, as it stood at each moment."""
    fhir = demo("a-elderly-discharge").fhir
    encounter = "Encounter/albertina-avd108"
    first = statuses(timeline(fhir, encounter, "02T16:00"))
    assert first["inskrivningsmeddelande"] == "met"
    assert first["utskrivningsklar"] == first["kallelse"] == "upcoming"
    assert steps(timeline(fhir, encounter, "04T10:00"))["beraknad-utskrivning"]["status"] == "met"
    ready = steps(timeline(fhir, encounter, "05T12:00"))
    assert ready["utskrivningsklar"]["at"] == at("05T09:30")
    assert ready["kallelse"]["deadline"] == "2026-03-08T23:59:59+01:00"
    withdrawn = steps(timeline(fhir, encounter, "05T15:00"))
    assert withdrawn["utskrivningsklar"]["status"] == "upcoming"
    assert "deadline" not in withdrawn["kallelse"]
    again = steps(timeline(fhir, encounter, "06T12:00"))
    assert again["kallelse"]["deadline"] == "2026-03-09T23:59:59+01:00"
    home = timeline(fhir, encounter, "20T12:00")
    assert set(statuses(home).values()) == {"met", "not-applicable"}, "all of it, and in time"
    assert payment(home)["status"] == "inget"


def test_what_others_did_is_read_from_their_resources(
    clinic: Clinic, ward: str, home_care: str
) -> None:
    """R58, R59, R60, R65, R66: messages, tasks, the contact and the meeting."""
    patient, nurse = clinic.patient(), clinic.nurse()
    encounter = noticed(
        clinic,
        patient,
        ward,
        home_care,
        extensions=[expects("05T11:00", "04T09:20"), said("discharge-ready", "05T09:30")],
    )
    clinic.put(
        {
            "resourceType": "Communication",
            "status": "completed",
            "category": [category(codes.COMMUNICATION_CATEGORY_SYSTEM, codes.ANDRAD_UTSKRIVNING)],
            "subject": {"reference": patient},
            "encounter": {"reference": encounter},
            "sent": at("04T09:30"),
            "recipient": [{"reference": home_care}],
            "sender": {"reference": ward},
            "payload": [{"contentString": "Ny beräknad tid."}],
        }
    )
    taken = {"status": "accepted", "lastModified": at("03T10:00")}
    task(clinic, "planering", patient, encounter, home_care, **taken)
    clinic.put(fast_kontakt(patient, nurse, period={"start": "2026-03-03"}))
    meeting = clinic.put(
        {
            "resourceType": "Appointment",
            "status": "booked",
            "serviceType": [category(codes.code_system("service-type"), codes.SIP_MEETING)],
            "description": "Hur det ska gå hemma.",
            "created": at("05T16:30"),
            "start": at("12T13:00"),
            "end": at("12T14:00"),
            "participant": [
                {"actor": {"reference": each}, "status": "accepted"} for each in (patient, nurse)
            ],
        }
    )
    task(
        clinic,
        "kallelse",
        patient,
        encounter,
        home_care,
        authoredOn=at("05T16:30"),
        description="Hur det ska gå hemma.",
        focus={"reference": meeting},
        restriction={"period": {"end": at("12T13:00")}},
    )
    found = steps(timeline(clinic.fhir, encounter, "06T08:00"))
    assert {code: (each["status"], each.get("at")) for code, each in found.items()} == {
        "inskrivningsmeddelande": ("met", at("02T15:40")),
        "beraknad-utskrivning": ("met", at("04T09:30")),
        "planering": ("met", at("03T10:00")),
        "fast-vardkontakt": ("met", "2026-03-03T00:00:00+01:00"),
        "utskrivningsklar": ("met", at("05T09:30")),
        "informationsoverforing": ("upcoming", None),
        "skriftlig-information": ("upcoming", None),
        "utskrivning": ("upcoming", None),
        "kallelse": ("met", at("05T16:30")),
        "sip-mote": ("upcoming", None),
        "vardplan-tvangsvard": ("not-applicable", None),
    }
    assert found["sip-mote"]["text"] == "Bokat torsdag 12 mars 2026 klockan 13.00."
    before = statuses(timeline(clinic.fhir, encounter, "02T16:00"))
    assert (before["planering"], before["fast-vardkontakt"]) == ("due", "due")


def test_a_day_is_judged_as_it_was_when_it_ended(clinic: Clinic, ward: str) -> None:
    """R57, R61."""
    ready = said("discharge-ready", "05T09:30")
    encounter = noticed(clinic, clinic.patient(), ward, extensions=[ready])
    for day, expected in (("2026-03-04", "upcoming"), ("2026-03-05", "met")):
        answer = clinic.fhir.get(f"{encounter}/$discharge-timeline?at={day}").json
        assert statuses(answer)["utskrivningsklar"] == expected
        assert answer["parameter"][0]["valueDateTime"] == f"{day}T23:59:59+01:00"


def test_a_cancelled_kallelse_calls_nobody(clinic: Clinic, ward: str, home_care: str) -> None:
    """R62, R65."""
    patient = clinic.patient()
    encounter = noticed(clinic, patient, ward, extensions=[said("discharge-ready", "05T09:30")])
    call = {
        "description": "Agenda",
        "authoredOn": at("05T12:00"),
        "restriction": {"period": {"end": at("12T13:00")}},
        "focus": {"reference": clinic.put(plan_of(patient))},
    }
    task(clinic, "kallelse", patient, encounter, home_care, status="cancelled", **call)
    assert statuses(timeline(clinic.fhir, encounter, "09T12:00"))["kallelse"] == "overdue"
    task(clinic, "kallelse", patient, encounter, home_care, **call)
    assert statuses(timeline(clinic.fhir, encounter, "09T12:00"))["kallelse"] == "met"


def plan_of(patient: str, category_: str = "SIP", **more: Any) -> Json:
    """Give a plan that is only a draft, or as told."""
    return {
        "resourceType": "CarePlan",
        "status": "draft",
        "intent": "plan",
        "title": "Plan",
        "category": [category(codes.CARE_PLAN_CATEGORY, category_)],
        "subject": {"reference": patient},
        "created": "2026-03-02",
        "author": {"display": "Avdelning 1"},
        **more,
    }


def test_compulsory_care_has_its_own_plan(clinic: Clinic, ward: str) -> None:
    """R67: LPT; the plan is of type SPLPTLRV."""
    patient = clinic.patient()
    compulsory = {"url": codes.COMPULSORY_CARE, "valueCode": "lpt"}
    encounter = noticed(clinic, patient, ward, extensions=[compulsory])
    found = statuses(timeline(clinic.fhir, encounter, "04T12:00"))
    assert (found["vardplan-tvangsvard"], found["kallelse"]) == ("due", "not-applicable")
    unit = clinic.unit()
    plan = plan_of(
        patient,
        "SPLPTLRV",
        status="active",
        period={"start": "2026-03-03"},
        author={"reference": unit},
    )
    clinic.put(plan)
    found = statuses(timeline(clinic.fhir, encounter, "04T12:00"))
    assert found["vardplan-tvangsvard"] == "met"


def test_the_answers_are_valid_fhir(clinic: Clinic, app_server: Server, ward: str) -> None:
    """R54: Parameters for a stay, a searchset for a unit."""
    encounter = noticed(clinic, clinic.patient(), ward)
    for answer in (
        timeline(clinic.fhir, encounter, "04T12:00"),
        unit_timeline(clinic.fhir, ward, "04T12:00"),
    ):
        issues = app_server.validator.validate(answer)
        assert [each for each in issues if each.severity == "error"] == []


@pytest.fixture(scope="module")
def agreed(settings: Settings, mongo_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """The same application, with an agreement of Östersund."""
    path = tmp_path_factory.mktemp("agreements") / "agreements.json"
    terms = {"id": "JH-2026", "municipalities": ["2380"], "days": 3, "amounts": {"2026": 9800}}
    path.write_text(json.dumps({"agreements": [terms]}), "utf-8")
    return create_app(replace(settings, agreements=path), mongo_uri)


def test_the_municipality_pays_by_its_agreement(clinic: Clinic, agreed: Flask, ward: str) -> None:
    """R68, R69, R70, R71, R72: the variant of scenario 6a, with amounts."""
    municipality = {"system": codes.KOMMUNKOD, "code": "2380"}
    address = {"extension": [{"url": codes.MUNICIPALITY, "valueCoding": municipality}]}
    patient = clinic.patient(address=[address | {"city": "Östersund"}])
    encounter = stay(
        clinic,
        patient,
        ward,
        *needs("kommun"),
        expects("06T11:00", "02T15:40"),
        said("admission-notice-sent", "02T15:40"),
        said("discharge-ready", "06T13:00"),
        status="finished",
        period={"start": at("02T08:10"), "end": at("11T10:00")},
    )
    found = payment(timeline(Fhir(agreed.test_client()), encounter, "20T12:00"))
    assert (found["status"], found["agreement"], found["days"]) == ("avslutat", "JH-2026", 1)
    assert (found["enters"], found["amount"]) == ("2026-03-10", {"value": 9800, "currency": "SEK"})
    assert found["paragraph"]["code"] == "SAMVL-5-1"
    assert found["explanation"][0].startswith("Överenskommelsen JH-2026 gäller")
    default = payment(timeline(clinic.fhir, encounter, "20T12:00"))
    assert (default["agreement"], "amount" in default) == ("lagen", False)


def test_a_file_of_agreements_that_does_not_fit_stops_the_start(
    settings: Settings, mongo_uri: str, tmp_path: Path
) -> None:
    """R68: said at start, with the place."""
    path = tmp_path / "agreements.json"
    path.write_text('{"default": {"days": "tre"}}', "utf-8")
    with pytest.raises(SettingsError, match="default/days"):
        create_app(replace(settings, agreements=path), mongo_uri)


def test_a_unit_sees_its_own_stays_and_those_it_was_told_of(
    clinic: Clinic, ward: str, home_care: str
) -> None:
    """R59, R73: the most urgent first."""
    patients = [clinic.patient() for _ in range(3)]
    calm = noticed(clinic, patients[0], ward)
    told = noticed(clinic, patients[1], ward, home_care)
    late = stay(clinic, patients[2], ward, *needs("kommun"))
    own = unit_timeline(clinic.fhir, ward, "04T12:00")
    assert [url for url, _ in due(own)] == [late, *sorted([calm, told])]
    assert due(own)[0][1] == [("inskrivningsmeddelande", "overdue")]
    assert own["total"] == 3
    assert included(own) == set(patients)
    assert [url for url, _ in due(unit_timeline(clinic.fhir, home_care, "04T12:00"))] == [told]
    found = clinic.fhir.get(f"Encounter?notice-recipient={home_care}").json
    assert [f"Encounter/{each['id']}" for each in matches(found)] == [told]


def test_a_unit_that_plans_is_not_asked_for_what_another_has_not_begun(
    clinic: Clinic, ward: str, home_care: str
) -> None:
    """R59: of another's stay a unit sees its own planning; the ward sees that of all."""
    other, patient = clinic.unit(codes.KOMMUN), clinic.patient()
    encounter = noticed(clinic, patient, ward, home_care, other)
    taken = {"status": "accepted", "lastModified": at("03T10:00")}
    task(clinic, "planering", patient, encounter, home_care, **taken)
    task(clinic, "planering", patient, encounter, other)
    planned = {
        unit: ("planering", "due")
        in dict(due(unit_timeline(clinic.fhir, unit, "04T12:00")))[encounter]
        for unit in (ward, home_care, other)
    }
    assert planned == {ward: True, home_care: False, other: True}


def test_steps_can_be_asked_for_by_day_and_by_how_they_stand(
    clinic: Clinic, ward: str, home_care: str
) -> None:
    """R65, R73."""
    ready = said("discharge-ready", "05T09:30")
    encounter = noticed(clinic, clinic.patient(), ward, home_care, extensions=[ready])
    today = dict(due(unit_timeline(clinic.fhir, ward, "06T12:00", until="2026-03-06")))
    assert ("kallelse", "due") not in today[encounter]
    assert ("informationsoverforing", "due") in today[encounter]
    weekend = dict(due(unit_timeline(clinic.fhir, ward, "06T12:00", until="2026-03-08")))
    assert ("kallelse", "due") in weekend[encounter]
    done = due(unit_timeline(clinic.fhir, ward, "06T12:00", status=["met", "late"]))
    assert done == [(encounter, [("inskrivningsmeddelande", "met"), ("utskrivningsklar", "met")])]


def test_what_nobody_can_make_good_is_not_asked_of_a_unit(clinic: Clinic, ward: str) -> None:
    """R73: after discharge, only what can still be done, and for a fortnight."""
    left = {"status": "finished", "period": {"start": at("02T08:10"), "end": at("06T16:00")}}
    ready = said("discharge-ready", "06T10:15")
    noticed(clinic, clinic.patient(), ward, extensions=[ready], **left)
    [(_, found)] = due(unit_timeline(clinic.fhir, ward, "12T12:00"))
    assert [code for code, _ in found] == [
        "fast-vardkontakt",
        "informationsoverforing",
        "skriftlig-information",
        "kallelse",
    ]
    assert due(unit_timeline(clinic.fhir, ward, "21T12:00")) == []
    assert due(unit_timeline(clinic.fhir, ward, "01T12:00")) == []


def test_the_stays_of_a_unit_come_page_by_page(clinic: Clinic, ward: str) -> None:
    """R73: each stay once."""
    stays = sorted(noticed(clinic, clinic.patient(), ward) for _ in range(5))
    page = unit_timeline(clinic.fhir, ward, "04T12:00", _count=2)
    seen = [url for url, _ in due(page)]
    while following := [each["url"] for each in page["link"] if each["relation"] == "next"]:
        page = clinic.fhir.get(following[0].removeprefix("http://localhost/fhir/")).json
        seen += [url for url, _ in due(page)]
    assert seen == stays


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("_count=0", "value"),
        ("_cursor=x", "value"),
        ("status=klar", "code-invalid"),
        ("at=i", "value"),
    ],
)
def test_what_a_unit_can_not_be_asked_is_refused(
    clinic: Clinic, ward: str, query: str, code: str
) -> None:
    """R73."""
    response = clinic.fhir.get(f"{ward}/$discharge-timeline?{query}")
    assert response.status_code == 400, response.text
    assert response.json["issue"][0]["code"] == code


@pytest.mark.parametrize("url", ["Encounter/nowhere", "Organization/nowhere"])
def test_an_unknown_stay_or_unit_is_not_found(clinic: Clinic, url: str) -> None:
    """R54."""
    assert clinic.fhir.get(f"{url}/$discharge-timeline").status_code == 404


def page(fhir: Fhir, url: str, moment: str) -> Any:
    """Ask for a page; give it parsed."""
    query = urlencode({"at": at(moment), "_format": "html"})
    response = fhir.get(f"{url}/$discharge-timeline?{query}")
    assert response.status_code == 200, response.text
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    assert not re.search(r'style="|<script', response.text)
    return html.fromstring(response.text)


def text_of(node: Any) -> str:
    return " ".join(node.text_content().split())


def test_the_page_of_a_stay_draws_each_step_and_tells_it_in_words(
    clinic: Clinic, ward: str
) -> None:
    """R57, R65, R73: deadline, deed and weekend on one scale; the calculation below."""
    patient = clinic.patient(name=[{"given": ["Vera"], "family": "Ek"}])
    ready = said("discharge-ready", "05T09:30")
    encounter = noticed(clinic, patient, ward, extensions=[ready])
    found = page(clinic.fhir, encounter, "06T12:00")
    assert "Vera Ek" in text_of(found.find(".//header"))
    rows = found.xpath("//ol[@class='steps']/li")
    assert len(rows) == len(found.xpath("//ol[@class='steps']/li/svg[@aria-hidden='true']")) == 9
    first = rows[0]
    assert first.get("class") == "met"
    assert "Senast tisdag 3 mars 2026 klockan 08.10" in text_of(first)
    assert first.xpath(".//circle[@class='done']")
    assert rows[0].xpath("./svg/rect[@class='off']")
    [call] = [row for row in rows if "Kallelse" in text_of(row)]
    assert "Senast söndag 8 mars 2026." in text_of(call)
    assert "4\u00a0kap.\u00a03\u00a0§" in call.text_content()
    assert "Betalningsansvaret inträder tidigast söndag 8 mars 2026" in text_of(found)


def test_the_page_of_a_unit_says_on_a_friday_what_is_due_before_monday(
    clinic: Clinic, ward: str
) -> None:
    """R73: evenings and weekends are where deadlines are forgotten."""
    ready = said("discharge-ready", "05T09:30")
    encounter = noticed(clinic, clinic.patient(), ward, extensions=[ready])
    stay(clinic, clinic.patient(), ward, *needs("kommun"))
    found = page(clinic.fhir, ward, "06T10:00")
    assert "Nästa vardag är måndag 9 mars 2026." in text_of(found)
    titles = [text_of(each) for each in found.xpath("//section/h2")]
    assert titles == [
        "Försenat (1)",
        "Ska vara klart i dag (4)",
        "Ska vara klart före måndag 9 mars 2026 (1)",
    ]
    weekend = found.xpath("//section[@class='fore-vardag']")[0]
    assert "Kallelse till SIP-möte" in text_of(weekend)
    assert [each.text for each in weekend.xpath(".//span[@class='hint']")] == ["helg"]
    [link] = weekend.xpath(".//h3/a/@href")
    assert link == f"../../{encounter}/$discharge-timeline?_format=html"


def test_a_unit_with_nothing_to_do_is_told_so(clinic: Clinic, ward: str) -> None:
    """R73."""
    assert "Inget är försenat" in text_of(page(clinic.fhir, ward, "06T10:00"))


def test_a_stay_outside_the_process_has_a_page_without_steps(clinic: Clinic, ward: str) -> None:
    """R54."""
    found = page(clinic.fhir, stay(clinic, clinic.patient(), ward), "06T10:00")
    assert not found.xpath("//ol[@class='steps']")
    assert "Ingen har bedömt" in text_of(found)


def test_a_protected_persons_name_is_on_no_page(clinic: Clinic, ward: str) -> None:
    """R118."""
    label = {
        "system": "http://hl7.se/fhir/ig/base/CodeSystem/SecurityLabel",
        "code": "sekretessmarkering",
    }
    patient = clinic.patient(meta={"security": [label]}, name=[{"family": "Hemlig"}])
    encounter = noticed(clinic, patient, ward)
    for url in (ward, encounter):
        shown = text_of(page(clinic.fhir, url, "04T12:00"))
        assert "Hemlig" not in shown
        assert "Patient med skyddade uppgifter" in shown
