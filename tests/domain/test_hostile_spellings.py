"""Contacts, consents and plans written the way somebody would who wants around the law."""

from __future__ import annotations

from typing import Any

import pytest

from fhir_server.sweden import codes
from tests.domain.clinic import (
    LATER,
    PHONE,
    Clinic,
    Json,
    category,
    certificate,
    errors,
    fast_kontakt,
    included,
    licence,
    participant,
    refusals,
)

BASE = "http://localhost/fhir"
FAST_KONTAKT = category(codes.CARE_TEAM_CATEGORY, codes.FAST_KONTAKT)
TEAM = category(codes.CARE_TEAM_CATEGORY, codes.TEAM)


def post(clinic: Clinic, care_team: Json) -> Any:
    return clinic.fhir.post("CareTeam", care_team)


def coordinators(clinic: Clinic, patient: str) -> int:
    return int(clinic.contacts(patient, "?type=4")["total"])


@pytest.fixture
def coordinated(clinic: Clinic) -> str:
    """A patient who has a coordinator."""
    patient = clinic.patient()
    clinic.fhir.create(fast_kontakt(patient, clinic.nurse(), "4"))
    return patient


# How the subject may be spelled; {} is Patient/[id].
SUBJECTS: dict[str, Json] = {
    "absolute": {"reference": f"{BASE}/{{}}"},
    "absolute, another host": {"reference": "https://elsewhere.example/fhir/{}"},
    "a version": {"reference": "{}/_history/1"},
    "a trailing slash": {"reference": "{}/"},
    "a leading slash": {"reference": "/{}"},
    "a fragment": {"reference": "{}#x"},
    "a query": {"reference": "{}?x=1"},
    "white space": {"reference": " {}"},
    "another type": {"reference": "{}", "type": "Group"},
    "a display": {"reference": "{}", "display": "Somebody else"},
    "an identifier beside": {"reference": "{}", "identifier": {"system": "urn:x", "value": "1"}},
    "an identifier alone": {"identifier": {"system": codes.PERSONNUMMER, "value": "189002029800"}},
    "a display alone": {"display": "Albertina"},
    "lower case": {"reference": "patient{}"},
}


@pytest.mark.parametrize("how", sorted(SUBJECTS))
def test_no_spelling_of_the_patient_makes_room_for_a_second_coordinator(
    clinic: Clinic, coordinated: str, how: str
) -> None:
    """R32: refused, whether as a second one or because the patient can't be told."""
    subject = SUBJECTS[how]
    if "reference" in subject:
        told = coordinated if how != "lower case" else coordinated.removeprefix("Patient")
        subject = subject | {"reference": subject["reference"].format(told)}
    with clinic.nothing_stored():
        response = post(clinic, fast_kontakt(coordinated, clinic.nurse(), "4", subject=subject))
        assert response.status_code in (400, 422), response.text
    assert coordinators(clinic, coordinated) == 1


@pytest.mark.parametrize("how", ["a version", "an identifier beside", "a display"])
def test_a_coordinator_stored_under_a_strange_spelling_is_seen(clinic: Clinic, how: str) -> None:
    """R32: the first one oddly spelled, the second one plain."""
    patient = clinic.patient()
    subject = SUBJECTS[how] | {"reference": SUBJECTS[how]["reference"].format(patient)}
    clinic.fhir.create(fast_kontakt(patient, clinic.nurse(), "4", subject=subject))
    with clinic.nothing_stored():
        response = post(clinic, fast_kontakt(patient, clinic.nurse(), "4"))
        assert [law for _, law, _ in refusals(response)] == [["PL-6-2"]]
    assert coordinators(clinic, patient) == 1


def test_a_subject_that_contradicts_its_own_type_is_refused(clinic: Clinic) -> None:
    """R32: nobody has to guess whose coordinator it is."""
    subject = {"reference": clinic.patient(), "type": "Group"}
    with clinic.nothing_stored():
        response = post(clinic, fast_kontakt("", clinic.nurse(), "4", subject=subject))
        assert response.status_code == 400
        assert errors(response)[0]["expression"] == ["CareTeam.subject.type"]


# How the category may be spelled.
CATEGORIES: dict[str, list[Json]] = {
    "capitals": [category(codes.CARE_TEAM_CATEGORY, "FAST-Kontakt")],
    "a letter that folds to another": [category(codes.CARE_TEAM_CATEGORY, "faſt-kontakt")],
    "two categories": [TEAM, FAST_KONTAKT],
    "two codings": [{"coding": [*TEAM["coding"], *FAST_KONTAKT["coding"]]}],
    "a text beside": [FAST_KONTAKT | {"text": "Team"}],
    "a version": [
        {
            "coding": [
                {"system": codes.CARE_TEAM_CATEGORY, "version": "9", "code": codes.FAST_KONTAKT}
            ]
        }
    ],
    "none": [],
    "no system": [{"coding": [{"code": codes.FAST_KONTAKT}]}],
    "a system with a slash": [category(f"{codes.CARE_TEAM_CATEGORY}/", codes.FAST_KONTAKT)],
    "text alone": [{"text": "fast-kontakt"}],
}


@pytest.mark.parametrize("how", sorted(CATEGORIES))
def test_no_spelling_of_the_category_gives_two_coordinators(
    clinic: Clinic, coordinated: str, how: str
) -> None:
    """R32: what $named-contacts shows is what the law has looked at."""
    given = CATEGORIES[how] or None
    response = post(clinic, fast_kontakt(coordinated, clinic.nurse(), "4", category=given))
    assert response.status_code in (201, 422)
    assert coordinators(clinic, coordinated) == 1
    token = f"{codes.CARE_TEAM_CATEGORY}|{codes.FAST_KONTAKT}"
    found = clinic.fhir.get(f"CareTeam?patient={coordinated}&category={token}&status=active")
    assert found.json["total"] == 1


@pytest.mark.parametrize(
    "status", ["Active", "ACTIVE", "activ", "", " active", "active ", None, 1, True, ["active"], {}]
)
def test_a_status_that_is_none_is_refused_or_no_contact(
    clinic: Clinic, coordinated: str, status: Any
) -> None:
    """R32: an odd status is never in force."""
    care_team = fast_kontakt(coordinated, clinic.nurse(), "4") | {"status": status}
    response = post(clinic, care_team)
    assert response.status_code in (400, 422), response.text
    assert coordinators(clinic, coordinated) == 1


@pytest.mark.parametrize(
    "system", [codes.CONTACT_TYPE, "urn:oid:1.2.752.129.5.1.69"], ids=["address", "oid"]
)
def test_the_type_counts_by_its_address_and_by_its_oid(
    clinic: Clinic, coordinated: str, system: str
) -> None:
    """R32, DOMAIN 0.2: one kodverk, two names."""
    person = participant(clinic.nurse()) | {"role": [category(system, "4")]}
    with clinic.nothing_stored():
        response = post(clinic, fast_kontakt(coordinated, "", participant=[person]))
        assert [law for _, law, _ in refusals(response)] == [["PL-6-2"]]


def contained(*, name: str = "Inneboende", **role: Any) -> list[Json]:
    person: Json = {"resourceType": "Practitioner", "id": "p"}
    if name:
        person["name"] = [{"family": name}]
    return [
        person,
        {
            "resourceType": "PractitionerRole",
            "id": "r",
            "practitioner": {"reference": "#p"},
            "telecom": [PHONE],
        }
        | role,
    ]


@pytest.mark.parametrize(
    ("inside", "paragraph"),
    [
        (contained(name=""), "PL-6-2"),
        (contained(active=False), "PL-6-2"),
        (contained(period={"end": "2020-01-01"}), "PL-6-2"),
        (contained(telecom=[{"system": "phone"}]), "PL-3-2"),
    ],
)
def test_a_contained_role_obeys_the_same_law(
    clinic: Clinic, inside: list[Json], paragraph: str
) -> None:
    """R5, R10, ct-3, ct-8: contained resources are read like any others."""
    care_team = fast_kontakt(clinic.patient(), "#r", contained=inside, period={"start": LATER})
    with clinic.nothing_stored():
        response = post(clinic, care_team)
        assert [law for _, law, _ in refusals(response)] == [[paragraph]]


@pytest.mark.parametrize("practitioner", ["#nobody", "#r"])
def test_a_contained_role_of_nobody_is_refused(clinic: Clinic, practitioner: str) -> None:
    """R5: by R4 itself, which knows no such reference."""
    inside = contained(practitioner={"reference": practitioner})
    care_team = fast_kontakt(clinic.patient(), "#r", contained=inside, period={"start": LATER})
    with clinic.nothing_stored():
        response = post(clinic, care_team)
        assert response.status_code in (400, 422)
        place = "CareTeam.contained[1].practitioner"
        assert [e["expression"][0].startswith(place) for e in errors(response)].count(True) == 1


def test_a_contained_coordinator_is_one_too(clinic: Clinic, coordinated: str) -> None:
    """R32."""
    response = post(clinic, fast_kontakt(coordinated, "#r", "4", contained=contained()))
    assert [law for _, law, _ in refusals(response)] == [["PL-6-2"]]


def test_contained_roles_at_two_patients_are_not_one_person(clinic: Clinic) -> None:
    """R31: #r in one resource is another than #r in the next."""
    patient = clinic.patient()
    for _ in range(2):
        clinic.fhir.create(fast_kontakt(patient, "#r", contained=contained()))
    assert clinic.contacts(patient)["total"] == 2


@pytest.mark.parametrize("spelling", ["{}/_history/1", "{}"], ids=["version", "plain"])
def test_a_versioned_reference_to_the_role_leads_to_the_person(
    clinic: Clinic, spelling: str
) -> None:
    """R10, R53: who it is and how to reach them is answered however the role is referred to."""
    patient, unit = clinic.patient(), clinic.unit()
    nurse = clinic.nurse(unit)
    clinic.fhir.create(fast_kontakt(patient, spelling.format(nurse)))
    role = clinic.read(nurse)
    person = role["practitioner"]["reference"]
    assert included(clinic.contacts(patient)) == {nurse, unit, person, patient}


@pytest.mark.parametrize("reference", [f"{BASE}/{{}}", "https://elsewhere.example/fhir/{}"])
def test_an_absolute_reference_to_a_role_names_nobody(clinic: Clinic, reference: str) -> None:
    """R5: refused rather than trusted."""
    member = reference.format(clinic.nurse())
    with clinic.nothing_stored():
        response = post(clinic, fast_kontakt(clinic.patient(), member, telecom=[PHONE]))
        assert [law for _, law, _ in refusals(response)] == [["PL-6-2"]]


@pytest.mark.parametrize(
    "unit", ["Organization/is-not-here", f"{BASE}/{{}}", {"display": "Hemtjänsten"}]
)
def test_a_unit_that_cannot_be_found_does_not_hide_where_the_person_works(
    clinic: Clinic, unit: Any
) -> None:
    """R15, R35, R38: ct-4, ct-5 and ct-7 look at the role's own unit then."""
    home = clinic.unit(codes.KOMMUN)
    answers = {"reference": unit.format(home)} if isinstance(unit, str) else unit
    hospital = clinic.unit(codes.REGION, "11")
    cases = [
        ("2", clinic.person(licence("LK"), unit=hospital), "PL-6-3"),
        ("3", clinic.person(certificate(), unit=hospital), "SOL-10-7"),
    ]
    for kind, role, paragraph in cases:
        care_team = fast_kontakt(clinic.patient(), role, kind, managingOrganization=[answers])
        with clinic.nothing_stored():
            response = post(clinic, care_team)
            assert [law for _, law, _ in refusals(response)] == [[paragraph]]


def test_a_primary_care_unit_on_paper_does_not_make_a_hospital_physician_one(
    clinic: Clinic,
) -> None:
    """R35, ct-4: the person works in primary care, not only the unit that is written down."""
    physician = clinic.person(licence("LK"), unit=clinic.unit(kind="11"))
    primary_care = [{"reference": clinic.unit(kind="15")}]
    care_team = fast_kontakt(clinic.patient(), physician, "2", managingOrganization=primary_care)
    with clinic.nothing_stored():
        assert [law for _, law, _ in refusals(post(clinic, care_team))] == [["PL-6-3"]]


@pytest.mark.parametrize(
    "period",
    [
        {"start": "2026-01-01"},
        {"start": "2026"},
        {"start": "2026-01-01T00:00:00+14:00"},
        {"start": "2026-01-01T00:00:00.000000001Z"},
        {"end": "2999-12-31"},
        {"end": "9999-12-31"},
        {"end": "9999"},
        {"_start": {"extension": [{"url": "urn:x", "valueString": "unknown"}]}},
        None,
    ],
)
def test_no_spelling_of_the_period_makes_room(
    clinic: Clinic, coordinated: str, period: Any
) -> None:
    """R32: a bound that is missing or odd is open."""
    with clinic.nothing_stored():
        response = post(clinic, fast_kontakt(coordinated, clinic.nurse(), "4", period=period))
        assert ["PL-6-2"] in [law for _, law, _ in refusals(response)], response.text


@pytest.mark.parametrize("first", [True, False])
def test_a_condition_is_not_flagged_twice(clinic: Clinic, first: bool) -> None:
    """R15: a flag that says no can't stand beside another's yes."""
    patient = clinic.patient()
    stored = clinic.read(clinic.life_in_danger(patient))
    off = {"url": codes.LIFE_THREATENING, "extension": [{"url": "flag", "valueBoolean": False}]}
    both = [off, *stored["extension"]] if first else [*stored["extension"], off]
    response = clinic.fhir.put(f"Condition/{stored['id']}", stored | {"extension": both})
    assert refusals(response) == [("invariant", [], "Condition.extension")]


@pytest.mark.parametrize("subject", [f"{BASE}/{{}}", "{}/_history/1"])
def test_a_condition_counts_however_it_refers_to_the_patient(clinic: Clinic, subject: str) -> None:
    """R15."""
    patient = clinic.patient()
    clinic.life_in_danger(patient, subject={"reference": subject.format(patient)})
    response = post(clinic, fast_kontakt(patient, clinic.nurse()))
    assert [law for _, law, _ in refusals(response)] == [["SOSFS-2011-7-2-3"]]
