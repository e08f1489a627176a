"""The law on named contacts meets POST, PUT and bundles as it meets the operation."""

from __future__ import annotations

from typing import Any

import pytest

from fhir_server.sweden import codes
from tests.domain.clinic import (
    LATER,
    Clinic,
    Json,
    category,
    certificate,
    days,
    ended,
    errors,
    fast_kontakt,
    full_url,
    licence,
    paragraphs,
    participant,
    refusals,
    refused_by,
    result,
    transaction,
)

MEMBER = "CareTeam.participant[0].member"
ROLE = "CareTeam.participant[0].role"


def post(clinic: Clinic, care_team: Json) -> Any:
    return clinic.fhir.post("CareTeam", care_team)


def stored(clinic: Clinic, care_team: Json) -> Json:
    return clinic.fhir.create(care_team)


def put(clinic: Clinic, care_team: Json) -> Any:
    return clinic.fhir.put(f"CareTeam/{care_team['id']}", care_team)


# ---- create -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "member",
    [
        lambda clinic: clinic.unit(),
        lambda clinic: clinic.put({"resourceType": "CareTeam", "status": "active"}),
        lambda clinic: clinic.patient(),
        lambda _: "PractitionerRole/is-not-here",
        lambda _: {"display": "Eva Test"},
        lambda _: {"identifier": {"system": codes.HSA_ID, "value": "SE2321000214-TESTU002"}},
    ],
)
def test_only_a_person_in_a_role_is_accepted_as_member(clinic: Clinic, member: Any) -> None:
    """R5, ct-3: a team, an organization or an identifier alone names nobody."""
    care_team = fast_kontakt(
        clinic.patient(), member(clinic), telecom=[{"system": "phone", "value": "1"}]
    )
    with clinic.nothing_stored():
        refused_by(post(clinic, care_team), "PL-6-2", MEMBER)


def test_a_practitioner_without_a_role_is_refused(clinic: Clinic) -> None:
    """R5, R112: the unit belongs to it."""
    person = clinic.put({"resourceType": "Practitioner", "name": [{"family": "Test"}]})
    care_team = fast_kontakt(clinic.patient(), person, telecom=[{"system": "phone", "value": "1"}])
    response = post(clinic, care_team)
    refused_by(response, "PL-6-2", MEMBER)
    assert "PractitionerRole" in errors(response)[0]["details"]["text"]


def test_a_contact_without_member_is_refused(clinic: Clinic) -> None:
    """R5, ct-3."""
    nobody = participant({})
    del nobody["member"]
    with clinic.nothing_stored():
        response = post(clinic, fast_kontakt(clinic.patient(), "", participant=[nobody]))
        assert ("business-rule", ["PL-6-2"], MEMBER) in refusals(response)


def test_one_care_team_is_one_contact(clinic: Clinic) -> None:
    """R5, R31, ct-1: two participants are two CareTeams."""
    two = [participant(clinic.nurse()), participant(clinic.nurse())]
    with clinic.nothing_stored():
        response = post(clinic, fast_kontakt(clinic.patient(), "", participant=two))
        refused_by(response, "PL-6-2", "CareTeam.participant")


@pytest.mark.parametrize(
    "coding",
    [
        [{"code": "4"}],
        [{"system": codes.CONTACT_TYPE, "code": "5"}],
        [{"system": codes.CONTACT_TYPE, "code": "1"}, {"system": codes.CONTACT_TYPE, "code": "4"}],
        [{"system": f"{codes.CONTACT_TYPE}/", "code": "4"}],
        [{"system": codes.code_system("contact-title"), "code": "samordnare"}],
    ],
)
def test_the_role_has_exactly_one_type_of_contact(clinic: Clinic, coding: list[Json]) -> None:
    """R32, ct-2: kv_typ_av_fast_kontakt, 1 to 4."""
    person = participant(clinic.nurse()) | {"role": [{"coding": coding}]}
    with clinic.nothing_stored():
        response = post(clinic, fast_kontakt(clinic.patient(), "", participant=[person]))
        refused_by(response, "PL-6-2", ROLE)


def test_a_local_title_may_stand_beside_the_type(clinic: Clinic) -> None:
    """R28: kontaktsjuksköterska and other local titles."""
    title = {"system": codes.code_system("contact-title"), "code": "kontaktsjukskoterska"}
    national = {"system": codes.CONTACT_TYPE, "code": "1"}
    person = participant(clinic.nurse()) | {"role": [{"coding": [title, national]}]}
    patient = clinic.patient()
    stored(clinic, fast_kontakt(patient, "", participant=[person]))
    assert clinic.contacts(patient, "?type=1")["total"] == 1


REFUSED: dict[str, Any] = {
    "PL-6-2 a second coordinator": (lambda c: c.nurse(), "4", ROLE),
    "PL-6-3 a second fast läkarkontakt": (lambda c: c.physician(), "2", ROLE),
    "PL-6-3 no physician": (lambda c: c.nurse(), "2", MEMBER),
    "SOL-10-7 no certificate": (lambda c: c.nurse(c.unit("kommun")), "3", MEMBER),
    "PL-6-2 an inactive role": (lambda c: c.nurse(active=False), "1", MEMBER),
    "PL-3-2 nobody can reach": (lambda c: c.nurse(telecom=None), "1", "CareTeam.telecom"),
}


@pytest.mark.parametrize("way", ["POST", "PUT", "transaction", "batch"])
@pytest.mark.parametrize("case", sorted(REFUSED))
def test_every_way_of_writing_obeys_the_same_law(clinic: Clinic, case: str, way: str) -> None:
    """R5, R10, R32, R35, R36, R38: the law stands behind the store's door, not in the operation."""
    who, kind, expression = REFUSED[case]
    patient = clinic.patient()
    if "second" in case:
        stored(clinic, fast_kontakt(patient, clinic.physician(), kind))
    care_team = fast_kontakt(patient, who(clinic), kind, period={"start": LATER})
    with clinic.nothing_stored():
        if way == "POST":
            response = post(clinic, care_team)
        elif way == "PUT":
            response = put(clinic, care_team | {"id": "not-stored"})
        else:
            bundle = transaction(("POST", "CareTeam", care_team), kind=way)
            response = clinic.fhir.post("", bundle)
    if way == "batch":
        outcome = response.json["entry"][0]["response"]["outcome"]
        assert response.json["entry"][0]["response"]["status"].startswith("422")
    else:
        assert response.status_code == 422, response.text
        outcome = response.json
    [issue] = [each for each in outcome["issue"] if each["severity"] == "error"]
    assert paragraphs(issue) == [case.split(maxsplit=1)[0]]
    assert issue["expression"][0].endswith(expression.removeprefix("CareTeam"))


def test_if_none_exist_does_not_go_around_the_law(clinic: Clinic) -> None:
    """R32: a conditional create is a create."""
    patient = clinic.patient()
    stored(clinic, fast_kontakt(patient, clinic.nurse(), "4"))
    second = fast_kontakt(patient, clinic.nurse(), "4")
    headers = {"If-None-Exist": "identifier=urn:x|none"}
    with clinic.nothing_stored():
        refused_by(clinic.fhir.post("CareTeam", second, **headers), "PL-6-2", ROLE)


# ---- update -----------------------------------------------------------------------------------


def test_role_1_does_not_become_a_second_coordinator_by_update(clinic: Clinic) -> None:
    """R32, ct-6."""
    patient = clinic.patient()
    stored(clinic, fast_kontakt(patient, clinic.nurse(), "4"))
    ordinary = stored(clinic, fast_kontakt(patient, clinic.nurse(), "1"))
    coordinating = ordinary | {
        "participant": [participant(ordinary["participant"][0]["member"], "4")]
    }
    refused_by(put(clinic, coordinating), "PL-6-2", ROLE)
    assert clinic.read(f"CareTeam/{ordinary['id']}") == ordinary


def test_a_proposal_is_advised_and_refused_once_active(clinic: Clinic) -> None:
    """R32: a proposal binds nobody yet; made active, the law holds."""
    patient = clinic.patient()
    stored(clinic, fast_kontakt(patient, clinic.nurse(), "4"))
    proposal = stored(clinic, fast_kontakt(patient, clinic.nurse(), "4", status="proposed"))
    assert clinic.contacts(patient)["total"] == 1
    refused_by(put(clinic, proposal | {"status": "active"}), "PL-6-2", ROLE)


@pytest.mark.parametrize("status", ["suspended", "proposed", "inactive", "entered-in-error"])
def test_a_contact_comes_back_only_if_nobody_has_taken_the_place(
    clinic: Clinic, status: str
) -> None:
    """R32, R48: what is not active leaves room; to come back is to be assigned anew."""
    patient = clinic.patient()
    first = stored(clinic, fast_kontakt(patient, clinic.nurse(), "4"))
    resting = ended(first, days(0)) | {"status": status}
    assert put(clinic, resting).status_code == 200
    second = stored(clinic, fast_kontakt(patient, clinic.nurse(), "4"))
    refused_by(put(clinic, first), "PL-6-2", ROLE)
    assert put(clinic, ended(second, days(0))).status_code == 200
    assert put(clinic, first).status_code == 200


def test_a_contact_cannot_be_moved_to_a_patient_who_has_one(clinic: Clinic) -> None:
    """R32: the subject changed by update."""
    one, other = clinic.patient(), clinic.patient()
    stored(clinic, fast_kontakt(one, clinic.nurse(), "4"))
    moved = stored(clinic, fast_kontakt(other, clinic.nurse(), "4"))
    refused_by(put(clinic, moved | {"subject": {"reference": one}}), "PL-6-2", ROLE)


def test_a_team_cannot_become_a_contact_unseen(clinic: Clinic) -> None:
    """R32: the category added by update."""
    patient = clinic.patient()
    stored(clinic, fast_kontakt(patient, clinic.nurse(), "4"))
    team = category(codes.CARE_TEAM_CATEGORY, codes.TEAM)
    plain = stored(
        clinic, fast_kontakt(patient, clinic.nurse(), "4", category=[team], name="Teamet")
    )
    contact = category(codes.CARE_TEAM_CATEGORY, codes.FAST_KONTAKT)
    refused_by(put(clinic, plain | {"category": [contact]}), "PL-6-2", ROLE)
    refused_by(put(clinic, plain | {"category": [team, contact]}), "PL-6-2", ROLE)


@pytest.mark.parametrize("kind", ["2", "4"])
def test_to_end_an_assignment_makes_room_for_another(clinic: Clinic, kind: str) -> None:
    """R20, R46, R48, ct-10: period.end and end-reason."""
    patient = clinic.patient()
    first = stored(clinic, fast_kontakt(patient, clinic.physician(), kind))
    over = ended(first, days(0))
    unexplained = over | {"extension": first.get("extension", [])}
    if not unexplained["extension"]:
        del unexplained["extension"]
    law = "PL-6-3" if kind == "2" else "PL-6-2"
    refused_by(put(clinic, unexplained), law, "CareTeam.extension")
    endless = {**over, "period": first["period"]}
    refused_by(put(clinic, endless), law, "CareTeam.period.end")
    assert put(clinic, over).status_code == 200
    successor = clinic.physician()
    result(clinic.assign(patient, successor, kind))
    contacts = clinic.contacts(patient)
    assert contacts["total"] == 1
    history = clinic.read(f"CareTeam/{first['id']}/_history")
    assert [entry["resource"]["status"] for entry in history["entry"]] == ["inactive", "active"]


def test_a_kept_nurse_may_be_corrected_while_the_physician_is_awaited(clinic: Clinic) -> None:
    """R15, ct-5: "så snart som möjligt"; her number may change meanwhile, with a warning."""
    patient = clinic.patient()
    contact = stored(clinic, fast_kontakt(patient, clinic.nurse()))
    clinic.life_in_danger(patient)
    changed = contact | {"telecom": [{"system": "phone", "value": "063-2"}]}
    assert put(clinic, changed).status_code == 200
    other = changed | {"participant": [participant(clinic.nurse())]}
    refused_by(put(clinic, other), "SOSFS-2011-7-2-3", MEMBER)


def test_an_assignment_that_was_over_is_not_taken_up_again_by_a_nurse(clinic: Clinic) -> None:
    """R15, ct-5: what was over is not kept, it begins anew."""
    patient = clinic.patient()
    past = {"start": "2024-01-01", "end": "2024-12-31"}
    contact = stored(clinic, fast_kontakt(patient, clinic.nurse(), period=past))
    clinic.life_in_danger(patient)
    response = put(clinic, contact | {"period": {"start": "2024-01-01"}})
    refused_by(response, "SOSFS-2011-7-2-3", MEMBER)


# ---- bundles ----------------------------------------------------------------------------------


def newcomer(*, name: str = "Test") -> list[tuple[str, str, Json]]:
    """Give requests that make a person and a role: entries 0 and 1 of a bundle."""
    person: Json = {"resourceType": "Practitioner", "qualification": [licence("SJ")]}
    if name:
        person["name"] = [{"family": name}]
    role = {
        "resourceType": "PractitionerRole",
        "practitioner": {"reference": full_url(0)},
        "telecom": [{"system": "phone", "value": "063-3"}],
    }
    return [("POST", "Practitioner", person), ("POST", "PractitionerRole", role)]


def test_a_bundle_may_bring_the_person_and_the_assignment(clinic: Clinic) -> None:
    """R5: the law sees the transaction's own state."""
    patient = clinic.patient()
    care_team = fast_kontakt(patient, full_url(1), "4")
    bundle = transaction(("POST", "CareTeam", care_team), *newcomer())
    bundle["entry"] = [*bundle["entry"][1:], bundle["entry"][0]]
    for number, entry in enumerate(bundle["entry"]):
        entry["fullUrl"] = full_url(number)
    response = clinic.fhir.post("", bundle)
    assert response.status_code == 200, response.text
    assert clinic.contacts(patient)["total"] == 1


def test_a_bundle_with_a_nameless_person_is_refused_whole(clinic: Clinic) -> None:
    """R5: nothing of it is stored."""
    care_team = fast_kontakt(clinic.patient(), full_url(1), "4")
    bundle = transaction(*newcomer(name=""), ("POST", "CareTeam", care_team))
    with clinic.nothing_stored("CareTeam", "Practitioner", "PractitionerRole"):
        response = clinic.fhir.post("", bundle)
        assert [law for _, law, _ in refusals(response)] == [["PL-6-2"]]


def test_two_coordinators_in_one_bundle_are_refused_whole(clinic: Clinic) -> None:
    """R32: each sees the other."""
    patient = clinic.patient()
    both = [fast_kontakt(patient, clinic.nurse(), "4") for _ in range(2)]
    bundle = transaction(*(("POST", "CareTeam", each) for each in both), *newcomer())
    bundle["entry"] = bundle["entry"][:2]
    with clinic.nothing_stored():
        response = clinic.fhir.post("", bundle)
        assert {tuple(law) for _, law, _ in refusals(response)} == {("PL-6-2",)}


def test_a_batch_stores_the_first_of_two_coordinators(clinic: Clinic) -> None:
    """R32: entries of a batch stand alone."""
    patient = clinic.patient()
    both = [fast_kontakt(patient, clinic.nurse(), "4") for _ in range(2)]
    bundle = transaction(*(("POST", "CareTeam", each) for each in both), kind="batch")
    response = clinic.fhir.post("", bundle)
    statuses = [entry["response"]["status"][:3] for entry in response.json["entry"]]
    assert statuses == ["201", "422"]
    assert clinic.contacts(patient)["total"] == 1


def test_one_bundle_replaces_a_coordinator(clinic: Clinic) -> None:
    """R46, R48: the old one ends and the new one begins, at once or not at all."""
    patient = clinic.patient()
    first = stored(clinic, fast_kontakt(patient, clinic.nurse(), "4"))
    second = fast_kontakt(patient, clinic.nurse(), "4")
    bundle = transaction(
        ("POST", "CareTeam", second),
        ("PUT", f"CareTeam/{first['id']}", ended(first, days(0))),
    )
    assert clinic.fhir.post("", bundle).status_code == 200
    [current] = clinic.fhir.get(f"CareTeam?subject={patient}&status=active").json["entry"]
    assert current["resource"]["participant"] == second["participant"]


def test_two_contacts_do_not_swap_into_two_coordinators(clinic: Clinic) -> None:
    """R32: a swap in one bundle is fine, a doubling is not."""
    patient = clinic.patient()
    first = stored(clinic, fast_kontakt(patient, clinic.nurse(), "4"))
    second = stored(clinic, fast_kontakt(patient, clinic.nurse(), "1"))

    def as_kind(care_team: Json, kind: str) -> tuple[str, str, Json]:
        person = participant(care_team["participant"][0]["member"], kind)
        return "PUT", f"CareTeam/{care_team['id']}", care_team | {"participant": [person]}

    doubled = transaction(as_kind(first, "4"), as_kind(second, "4"))
    assert [law for _, law, _ in refusals(clinic.fhir.post("", doubled))] == [["PL-6-2"]]
    swapped = transaction(as_kind(first, "1"), as_kind(second, "4"))
    assert clinic.fhir.post("", swapped).status_code == 200
    assert clinic.contacts(patient, "?type=4")["total"] == 1


def test_two_of_one_type_at_different_homes_are_two_contacts(clinic: Clinic) -> None:
    """R31, R38: another unit, another person."""
    patient = clinic.patient()
    for _ in range(2):
        home = clinic.unit(codes.KOMMUN)
        stored(clinic, fast_kontakt(patient, clinic.person(certificate(), unit=home), "3"))
    assert clinic.contacts(patient, "?type=3")["total"] == 2
