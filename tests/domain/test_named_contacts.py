"""$named-contacts over the whole application: who, in which role, reachable how, and when."""

from __future__ import annotations

import datetime as dt
import secrets
from typing import Any
from urllib.parse import quote

import pytest

from fhir_server.interactions.context import Server
from fhir_server.sweden import codes
from tests.conftest import Fhir
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
    matches,
    members,
    parameters,
    participant,
    refusals,
    string,
)


def identified(clinic: Clinic, value: str, system: str = "urn:id") -> str:
    return clinic.patient(identifier=[{"system": system, "value": value}])


def by_identifier(fhir: Fhir, identifier: str, method: str = "POST") -> Any:
    if method == "GET":
        return fhir.get(f"Patient/$named-contacts?identifier={quote(identifier, safe='')}")
    return fhir.post("Patient/$named-contacts", parameters(identifier=string(identifier)))


# ---- what it gives ----------------------------------------------------------------------------


def test_all_types_are_given_in_order(clinic: Clinic, app_server: Server) -> None:
    """R31, R53: by type, then by start."""
    patient, home = clinic.patient(), clinic.unit(codes.KOMMUN)
    teams = [
        fast_kontakt(patient, clinic.nurse(), "4", period={"start": "2025-01-01"}),
        fast_kontakt(patient, clinic.nurse(), "1", period={"start": "2026-02-01"}),
        fast_kontakt(patient, clinic.person(certificate(), unit=home), "3"),
        fast_kontakt(patient, clinic.nurse(), "1", period={"start": "2026-01-01"}),
        fast_kontakt(patient, clinic.physician(), "2"),
    ]
    stored = [clinic.fhir.create(team) for team in teams]
    bundle = clinic.contacts(patient)
    assert (bundle["type"], bundle["total"]) == ("searchset", 5)
    assert matches(bundle) == [stored[number] for number in (3, 1, 4, 2, 0)]
    assert [i for i in app_server.validator.validate(bundle) if i.severity == "error"] == []
    entries = [e for e in bundle["entry"] if e["search"]["mode"] != "outcome"]
    urls = [entry["fullUrl"] for entry in entries]
    assert len(set(urls)) == len(urls)
    for entry in entries:
        resource = entry["resource"]
        url = f"http://localhost/fhir/{resource['resourceType']}/{resource['id']}"
        assert entry["fullUrl"] == url


def test_it_tells_who_that_is_and_how_to_reach_them(clinic: Clinic) -> None:
    """R10, R43, R53, R112: role, person, unit, and the vårdgivare above the unit."""
    patient, vardgivare = clinic.patient(), clinic.unit()
    middle = clinic.unit(partOf={"reference": vardgivare})
    unit = clinic.unit(partOf={"reference": middle})
    nurse = clinic.nurse(unit)
    clinic.assign(patient, nurse)
    person = clinic.read(nurse)["practitioner"]["reference"]
    bundle = clinic.contacts(patient)
    assert included(bundle) == {nurse, person, unit, middle, vardgivare, patient}
    [role] = [e["resource"] for e in bundle["entry"] if e.get("fullUrl", "").endswith(nurse)]
    assert role["telecom"] == [PHONE]


def test_the_team_and_the_deputy_are_among_what_it_leads_to(clinic: Clinic) -> None:
    """R40, R45: there is always someone to turn to."""
    patient, unit = clinic.patient(), clinic.unit()
    nurse, deputy = clinic.nurse(unit), clinic.nurse(unit)
    team = clinic.put({"resourceType": "CareTeam", "status": "active", "telecom": [PHONE]})
    stands_in = {
        "url": codes.DEPUTY,
        "extension": [{"url": "member", "valueReference": {"reference": deputy}}],
    }
    via = {"url": codes.CONTACT_VIA_TEAM, "valueReference": {"reference": team}}
    person = participant(nurse, extension=[via, stands_in])
    clinic.fhir.create(fast_kontakt(patient, "", participant=[person]))
    bundle = clinic.contacts(patient)
    people = {clinic.read(each)["practitioner"]["reference"] for each in (nurse, deputy)}
    assert included(bundle) == {nurse, deputy, team, unit, patient} | people
    assert bundle["total"] == 1


def test_the_person_behind_a_contained_role_is_given(clinic: Clinic) -> None:
    """R53: the role inside the CareTeam, the person and the unit beside it."""
    patient, unit = clinic.patient(), clinic.unit()
    person = clinic.put({"resourceType": "Practitioner", "name": [{"family": "Test"}]})
    role = {
        "resourceType": "PractitionerRole",
        "id": "r",
        "practitioner": {"reference": person},
        "organization": {"reference": unit},
        "telecom": [PHONE],
    }
    clinic.fhir.create(fast_kontakt(patient, "#r", contained=[role]))
    assert included(clinic.contacts(patient)) == {person, unit, patient}


def test_what_is_gone_is_left_out(clinic: Clinic) -> None:
    """A contact stays a contact when its role is deleted under it."""
    patient, nurse = clinic.patient(), clinic.nurse()
    clinic.assign(patient, nurse)
    clinic.forget(nurse)
    bundle = clinic.contacts(patient)
    assert members(bundle) == [nurse]
    assert nurse not in included(bundle)


def test_a_patient_without_contacts_has_an_empty_answer(clinic: Clinic) -> None:
    """R4 allows no empty array."""
    bundle = clinic.contacts(clinic.patient())
    assert bundle["total"] == 0
    assert "entry" not in bundle


def test_teams_and_other_patients_contacts_are_not_given(clinic: Clinic) -> None:
    """R39: a team around the patient is no named contact."""
    patient = clinic.patient()
    clinic.put({"resourceType": "CareTeam", "status": "active", "subject": {"reference": patient}})
    clinic.assign(clinic.patient(), clinic.nurse())
    assert clinic.contacts(patient)["total"] == 0


def test_asking_changes_nothing(clinic: Clinic) -> None:
    """It affects no state, so GET will do."""
    patient = clinic.patient()
    clinic.assign(patient, clinic.nurse())
    types = ("CareTeam", "PractitionerRole", "Patient", "Bundle", "Parameters")
    with clinic.nothing_stored(*types):
        now = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
        body = parameters(at={"valueInstant": now})
        answer = clinic.fhir.post(f"{patient}/$named-contacts", body)
        assert answer.json == clinic.contacts(patient, f"?at={quote(now, safe='')}")
        assert clinic.fhir.post(f"{patient}/$named-contacts", b"").json["total"] == 1


# ---- whose ------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("with_system", [True, False])
def test_a_patient_is_found_by_identifier(clinic: Clinic, method: str, with_system: bool) -> None:
    """R122: personnummer, samordningsnummer, reservnummer."""
    value = secrets.token_hex(6)
    patient = identified(clinic, value)
    nurse = clinic.nurse()
    clinic.assign(patient, nurse)
    identifier = f"urn:id|{value}" if with_system else value
    response = by_identifier(clinic.fhir, identifier, method)
    assert response.status_code == 200, response.text
    assert members(response.json) == [nurse]


def test_an_identifier_of_another_system_is_nobody(clinic: Clinic) -> None:
    """R122: the same digits in two systems are two persons."""
    value = secrets.token_hex(6)
    identified(clinic, value, codes.PERSONNUMMER.replace("personnummer", "annat"))
    response = by_identifier(clinic.fhir, f"{codes.PERSONNUMMER}|{value}")
    assert refusals(response, 404) == [("not-found", [], "identifier")]


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "value",
    ["a,b", "a+b", "a%41b", "a&_id=x", "a\\b", "a\\,b", "a$b", "a b", "a#b", "å;ö", "a=b", "a?b/c"],
)
def test_an_identifier_is_taken_as_it_is(clinic: Clinic, value: str, method: str) -> None:
    """R122: nothing in it is search syntax; a personnummer of one over a hundred has a plus."""
    own = f"{secrets.token_hex(4)}{value}"
    patient, nurse = identified(clinic, own), clinic.nurse()
    clinic.assign(patient, nurse)
    for identifier in (own, f"urn:id|{own}"):
        response = by_identifier(clinic.fhir, identifier, method)
        assert response.status_code == 200, response.text
        assert members(response.json) == [nurse]


def test_no_identifier_reaches_another_patient(clinic: Clinic) -> None:
    """R122: a list, an escape or a wildcard names nobody."""
    value = secrets.token_hex(6)
    identified(clinic, value)
    tricks = [f"x,{value}", f"x\\,{value}", f"{value}*", f"%{value[0]}{value}", f"{value}&x=1"]
    tricks += [f"{value[:-1]}%{ord(value[-1]):02x}", f"urn:id|{value},", f"URN:ID|{value}"]
    for identifier in tricks:
        response = by_identifier(clinic.fhir, identifier)
        assert refusals(response, 404) == [("not-found", [], "identifier")], identifier


@pytest.mark.parametrize("identifier", ["urn:id|", "|", "urn:only-one|"])
def test_an_identifier_without_a_value_is_refused(clinic: Clinic, identifier: str) -> None:
    """A system alone is not a person, even where one has it."""
    if not clinic.fhir.get("Patient?identifier=urn:only-one|").json["total"]:
        identified(clinic, "1", "urn:only-one")
    response = by_identifier(clinic.fhir, identifier)
    assert refusals(response, 400) == [("value", [], "identifier")]


def test_two_patients_with_one_identifier_are_not_mixed(clinic: Clinic) -> None:
    """412: nobody's contacts are shown; the identifier is not repeated in the text."""
    value = secrets.token_hex(6)
    for _ in range(2):
        identified(clinic, value)
    response = by_identifier(clinic.fhir, f"urn:id|{value}")
    assert [kind for kind, _, _ in refusals(response, 412)] == ["multiple-matches"]
    assert value not in response.text


def test_a_deleted_patient_is_nobody(clinic: Clinic) -> None:
    """Neither by id nor by identifier; the twin that was deleted is in nobody's way."""
    value = secrets.token_hex(6)
    gone, here = identified(clinic, value), identified(clinic, value)
    assert clinic.fhir.delete(gone).status_code == 204
    response = clinic.fhir.get(f"{gone}/$named-contacts")
    assert refusals(response, 404) == [("not-found", [], "patient")]
    assert by_identifier(clinic.fhir, f"urn:id|{value}").json["total"] == 0
    clinic.fhir.delete(here)
    refusals(by_identifier(clinic.fhir, f"urn:id|{value}"), 404)


def test_an_unknown_patient_is_not_found(clinic: Clinic) -> None:
    """404, not an empty answer."""
    response = clinic.fhir.get("Patient/is-not-here/$named-contacts")
    assert refusals(response, 404) == [("not-found", [], "patient")]


# ---- which ------------------------------------------------------------------------------------


def test_the_type_filters_and_may_repeat(clinic: Clinic) -> None:
    """R121."""
    patient = clinic.patient()
    one, two, four = clinic.nurse(), clinic.physician(), clinic.nurse()
    for role, kind in ((one, "1"), (two, "2"), (four, "4")):
        clinic.assign(patient, role, kind)
    assert members(clinic.contacts(patient, "?type=2")) == [two]
    assert members(clinic.contacts(patient, "?type=4&type=1")) == [one, four]
    assert members(clinic.contacts(patient, "?type=3")) == []
    body = parameters(type=[code("2"), code("4")])
    response = clinic.fhir.post(f"{patient}/$named-contacts", body)
    assert members(response.json) == [two, four]


def test_today_it_gives_those_in_force_today(clinic: Clinic) -> None:
    """R48: not what is over, not yet begun, ended, suspended, proposed or an error."""
    patient, now = clinic.patient(), clinic.nurse()
    periods: list[Json] = [{"start": "2024-01-01", "end": days(-1)}, {"start": days(1)}]
    for period in periods:
        clinic.fhir.create(fast_kontakt(patient, clinic.nurse(), period=period))
    over = ended(fast_kontakt(patient, clinic.nurse()), days(0))
    for status in ("inactive", "suspended", "proposed", "entered-in-error"):
        clinic.fhir.create(over | {"status": status})
    clinic.fhir.create(fast_kontakt(patient, now, period={"start": days(0), "end": days(0)}))
    assert members(clinic.contacts(patient)) == [now]


def test_at_a_past_date_it_gives_those_who_were(clinic: Clinic) -> None:
    """R48: history with periods; also one that has ended since."""
    patient, first, second = clinic.patient(), clinic.nurse(), clinic.nurse()
    left = fast_kontakt(patient, first, period={"start": "2024-03-01"})
    clinic.fhir.create(ended(left, "2025-03-31"))
    clinic.fhir.create(fast_kontakt(patient, second, period={"start": "2025-04-01"}))

    def on(date: str) -> list[str]:
        return members(clinic.contacts(patient, f"?date={date}"))

    assert on("2024-02-29") == []
    assert on("2024-03-01") == [first]
    assert on("2025-03-31") == [first]
    assert on("2025-04-01") == [second]
    assert on(days(0)) == [second]
    assert members(clinic.contacts(patient)) == [second]
    assert on("2025") == [first, second]
    body = parameters(date={"valueDate": "2024-06-01"})
    response = clinic.fhir.post(f"{patient}/$named-contacts", body)
    assert members(response.json) == [first]


def test_a_day_is_the_whole_day_in_sweden(clinic: Clinic) -> None:
    """R48: one who left in the morning and one who came in the evening held that day."""
    patient, early, late = clinic.patient(), clinic.nurse(), clinic.nurse()
    morning = {"start": "2025-01-01", "end": "2025-06-10T08:00:00+02:00"}
    evening = {"start": "2025-06-10T23:30:00+02:00"}
    clinic.fhir.create(fast_kontakt(patient, early, "4", period=morning))
    clinic.fhir.create(fast_kontakt(patient, late, "4", period=evening))

    def on(date: str) -> list[str]:
        return members(clinic.contacts(patient, f"?date={date}"))

    assert on("2025-06-09") == [early]
    assert on("2025-06-10") == [early, late]
    assert on("2025-06-11") == [late]


@pytest.mark.parametrize("status", ["suspended", "proposed", "entered-in-error"])
def test_one_who_never_was_is_not_given_at_any_date(clinic: Clinic, status: str) -> None:
    """R48."""
    patient = clinic.patient()
    period = {"start": "2024-01-01"}
    clinic.fhir.create(fast_kontakt(patient, clinic.nurse(), period=period, status=status))
    assert clinic.contacts(patient, "?date=2024-06-01")["total"] == 0


# ---- wrong parameters -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "kind"),
    [
        ("type=9", "code-invalid"),
        ("type=1,4", "code-invalid"),
        ("type=", "code-invalid"),
        ("date=2026-13-01", "value"),
        ("date=2026-02-30", "value"),
        ("date=yesterday", "value"),
        ("date=2026-01-01&date=2026-01-02", "invalid"),
        ("foo=1", "invalid"),
        ("patient=Patient/x", "invalid"),
        ("identifier=x", "invalid"),
    ],
)
def test_a_wrong_parameter_is_refused(clinic: Clinic, query: str, kind: str) -> None:
    """The OperationDefinition decides."""
    response = clinic.fhir.get(f"{clinic.patient()}/$named-contacts?{query}")
    assert [each for each, _, _ in refusals(response, 400)] == [kind]


def test_without_a_patient_the_identifier_is_required(clinic: Clinic) -> None:
    """Everybody's contacts are nobody's business."""
    for response in (
        clinic.fhir.get("Patient/$named-contacts"),
        clinic.fhir.post("Patient/$named-contacts", parameters(type=code("1"))),
    ):
        assert refusals(response, 400) == [("required", [], "identifier")]


def test_a_wrong_value_type_is_refused(clinic: Clinic) -> None:
    """A string parameter is a string."""
    body = parameters(identifier=code("x"))
    response = clinic.fhir.post("Patient/$named-contacts", body)
    assert refusals(response, 400) == [("value", [], "Parameters.parameter[0]")]
