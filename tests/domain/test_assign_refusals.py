"""$assign-fast-vardkontakt over the whole application: whom it refuses, by which paragraph."""

from __future__ import annotations

from typing import Any

import pytest

from fhir_server.sweden import codes
from tests.domain.clinic import (
    LATER,
    PHONE,
    Clinic,
    Json,
    advice,
    category,
    certificate,
    code,
    days,
    errors,
    licence,
    paragraphs,
    reference,
    refusals,
    refused_by,
    result,
)

MEMBER = "CareTeam.participant[0].member"
ROLE = "CareTeam.participant[0].role"
UNIT = "CareTeam.managingOrganization[0]"


def without_practitioner(clinic: Clinic) -> str:
    return clinic.role(None)


def without_name(clinic: Clinic) -> str:
    return clinic.role(clinic.put({"resourceType": "Practitioner"}))


def anonymous(clinic: Clinic) -> str:
    name = {"use": "anonymous", "text": "Anonym"}
    return clinic.role(clinic.put({"resourceType": "Practitioner", "name": [name]}))


def with_a_title_alone(clinic: Clinic) -> str:
    name = {"prefix": ["Dr"], "suffix": ["PhD"]}
    return clinic.role(clinic.put({"resourceType": "Practitioner", "name": [name]}))


def with_a_dangling_practitioner(clinic: Clinic) -> str:
    practitioner = clinic.put({"resourceType": "Practitioner", "name": [{"text": "Eva Test"}]})
    role = clinic.role(practitioner)
    clinic.forget(practitioner)
    return role


def with_a_display_alone(clinic: Clinic) -> str:
    return clinic.role({"display": "Eva Test"})


@pytest.mark.parametrize(
    "who",
    [
        without_practitioner,
        without_name,
        anonymous,
        with_a_title_alone,
        with_a_dangling_practitioner,
        with_a_display_alone,
    ],
)
@pytest.mark.parametrize("kind", ["1", "4"])
def test_an_unnamed_contact_is_refused(clinic: Clinic, who: Any, kind: str) -> None:
    """R5, ct-3: prop. 2009/10:67 p. 61; today "ofta inte namngiven"."""
    patient, role = clinic.patient(), who(clinic)
    with clinic.nothing_stored():
        refused_by(clinic.assign(patient, role, kind), "PL-6-2", MEMBER)


def inactive_role(clinic: Clinic) -> str:
    return clinic.nurse(active=False)


def role_that_is_over(clinic: Clinic) -> str:
    return clinic.nurse(period={"start": "2019-01-01", "end": days(-1)})


def role_not_begun(clinic: Clinic) -> str:
    return clinic.nurse(period={"start": days(2)})


def inactive_person(clinic: Clinic) -> str:
    person = {"resourceType": "Practitioner", "active": False, "name": [{"family": "Test"}]}
    return clinic.role(clinic.put(person))


@pytest.mark.parametrize("who", [inactive_role, role_that_is_over, role_not_begun, inactive_person])
def test_one_who_is_not_in_service_is_refused(clinic: Clinic, who: Any) -> None:
    """R5, R48, ct-3: the role is in use, and inside its period."""
    patient, role = clinic.patient(), who(clinic)
    with clinic.nothing_stored():
        refused_by(clinic.assign(patient, role), "PL-6-2", MEMBER)


def test_a_role_may_begin_when_the_assignment_does(clinic: Clinic) -> None:
    """R5: what counts is the time of the assignment, not of the call."""
    nurse = clinic.nurse(period={"start": days(2)})
    period = {"valuePeriod": {"start": days(2)}}
    assert result(clinic.assign(clinic.patient(), nurse, period=period))["period"] == {
        "start": days(2)
    }


@pytest.mark.parametrize(
    "telecom",
    [
        None,
        [{"system": "phone"}],
        [{**PHONE, "use": "old"}],
        [{**PHONE, "period": {"end": "2026-08-01"}}],
    ],
)
def test_a_contact_nobody_can_reach_is_refused(clinic: Clinic, telecom: Any) -> None:
    """R10, R43, ct-8: prop. 2025/26:19; since 2026-07-01."""
    patient, role = clinic.patient(), clinic.nurse(telecom=telecom)
    period = {"valuePeriod": {"start": LATER}}
    with clinic.nothing_stored():
        refused_by(clinic.assign(patient, role, period=period), "PL-3-2", "CareTeam.telecom")


def test_before_july_2026_an_unreachable_contact_was_a_warning(clinic: Clinic) -> None:
    """R10, ct-8: an assignment that was over before the law took effect."""
    period = {"valuePeriod": {"start": "2025-01-01", "end": "2026-06-30"}}
    response = clinic.assign(clinic.patient(), clinic.nurse(telecom=None), period=period)
    assert result(response)["period"]["end"] == "2026-06-30"
    assert ["PL-3-2"] in [paragraphs(issue) for issue in advice(response)]


@pytest.mark.parametrize("level", ["call", "role", "team"])
def test_a_telephone_on_any_of_the_three_levels_will_do(clinic: Clinic, level: str) -> None:
    """R10, R40, R43, ct-8: on the CareTeam, the PractitionerRole, or the team reached through."""
    team = clinic.put({"resourceType": "CareTeam", "status": "active", "telecom": [PHONE]})
    more: dict[str, dict[str, Json | list[Json]]] = {
        "call": {"telecom": {"valueContactPoint": PHONE}},
        "role": {},
        "team": {"viaTeam": reference(team)},
    }
    role = clinic.nurse(telecom=[PHONE] if level == "role" else None)
    period = {"valuePeriod": {"start": LATER}}
    result(clinic.assign(clinic.patient(), role, period=period, **more[level]))


def test_a_second_coordinator_is_refused(clinic: Clinic) -> None:
    """R32, ct-6: one may hold overall coordination."""
    patient = clinic.patient()
    result(clinic.assign(patient, clinic.nurse(), "4"))
    with clinic.nothing_stored():
        refused_by(clinic.assign(patient, clinic.nurse(), "4"), "PL-6-2", ROLE)


def test_a_second_fast_lakarkontakt_is_refused(clinic: Clinic) -> None:
    """R36, ct-4: one a patient."""
    patient = clinic.patient()
    result(clinic.assign(patient, clinic.physician(), "2"))
    with clinic.nothing_stored():
        refused_by(clinic.assign(patient, clinic.physician(), "2"), "PL-6-3", ROLE)


@pytest.mark.parametrize("kind", ["2", "4"])
def test_one_may_follow_another_the_day_after(clinic: Clinic, kind: str) -> None:
    """R32, R36, R48: a date as end takes in the whole day."""
    patient = clinic.patient()
    first = {"valuePeriod": {"start": days(0), "end": days(30)}}
    result(clinic.assign(patient, clinic.physician(), kind, period=first))
    same_day = {"valuePeriod": {"start": days(30)}}
    with clinic.nothing_stored():
        refused = clinic.assign(patient, clinic.physician(), kind, period=same_day)
        assert [r[2] for r in refusals(refused)] == [ROLE]
    day_after = {"valuePeriod": {"start": days(31)}}
    result(clinic.assign(patient, clinic.physician(), kind, period=day_after))


def test_a_second_contact_at_the_same_unit_is_refused(clinic: Clinic) -> None:
    """R31, ct-11: several contacts, but not two of one type at one unit."""
    patient, unit = clinic.patient(), clinic.unit()
    result(clinic.assign(patient, clinic.nurse(unit)))
    with clinic.nothing_stored():
        refused_by(clinic.assign(patient, clinic.nurse(unit)), "PL-6-2", "CareTeam")


def test_two_contacts_without_a_coordinator_are_allowed_with_advice(clinic: Clinic) -> None:
    """R31, R32, ct-6: warnings come in ``outcome``, with their paragraph."""
    patient = clinic.patient()
    result(clinic.assign(patient, clinic.nurse()))
    response = clinic.assign(patient, clinic.nurse())
    result(response)
    [issue] = advice(response)
    assert (issue["severity"], paragraphs(issue)) == ("warning", ["PL-6-2"])
    assert issue["expression"] == [ROLE]


def test_a_nurse_is_refused_when_life_is_in_danger(clinic: Clinic) -> None:
    """R15, ct-5: SOSFS 2011:7 2 kap. 3 §, whatever ground the call gives."""
    patient, nurse = clinic.patient(), clinic.nurse()
    clinic.life_in_danger(patient)
    with clinic.nothing_stored():
        refused_by(clinic.assign(patient, nurse), "SOSFS-2011-7-2-3", MEMBER)
        refused_by(clinic.assign(patient, nurse, "4"), "SOSFS-2011-7-2-3", MEMBER)


@pytest.mark.parametrize("claim", ["basis", "reasonReference"])
def test_the_stated_ground_asks_for_a_physician_too(clinic: Clinic, claim: str) -> None:
    """R4, R15: a life-threatening ground needs no flagged condition of the patient's."""
    patient, nurse = clinic.patient(), clinic.nurse()
    condition = clinic.life_in_danger(clinic.patient())
    grounds = {"basis": code("livshotande"), "reasonReference": reference(condition)}
    with clinic.nothing_stored():
        response = clinic.assign(patient, nurse, **{claim: grounds[claim]})
        refused_by(response, "SOSFS-2011-7-2-3", MEMBER)


def test_one_who_is_no_physician_is_refused_as_fast_lakarkontakt(clinic: Clinic) -> None:
    """R34, R35, ct-4: PL 6 kap. 3 §."""
    patient, primary_care = clinic.patient(), clinic.unit(kind="15")
    expired = licence("LK", period={"end": days(-1)})
    unlicensed = category(codes.BEFATTNING, "204010")
    for who in (
        clinic.nurse(primary_care),
        clinic.person(expired, unit=primary_care),
        clinic.person(unit=primary_care, code=[unlicensed]),
    ):
        with clinic.nothing_stored():
            refused_by(clinic.assign(patient, who, "2"), "PL-6-3", MEMBER)


@pytest.mark.parametrize(
    ("huvudman", "kind"), [(codes.REGION, "11"), (codes.KOMMUN, "15"), (codes.KOMMUN, "")]
)
def test_a_fast_lakarkontakt_outside_primary_care_is_refused(
    clinic: Clinic, huvudman: str, kind: str
) -> None:
    """R35, ct-4: HSA verksamhetskod 15xx; municipal care has no physicians (HSL 12 kap. 3 §)."""
    patient, physician = clinic.patient(), clinic.physician(clinic.unit(huvudman, kind))
    with clinic.nothing_stored():
        refused_by(clinic.assign(patient, physician, "2"), "PL-6-3", UNIT)


def test_an_omsorgskontakt_without_certificate_is_refused(clinic: Clinic) -> None:
    """R38, ct-7: SoL (2025:400) 10 kap. 7 §; only one with bevis for undersköterska."""
    patient, nurse = clinic.patient(), clinic.nurse(clinic.unit(codes.KOMMUN))
    with clinic.nothing_stored():
        refused_by(clinic.assign(patient, nurse, "3"), "SOL-10-7", MEMBER)


def test_an_omsorgskontakt_on_the_regions_unit_is_refused(clinic: Clinic) -> None:
    """R38, ct-7: it belongs to municipal home care."""
    patient, underskoterska = clinic.patient(), clinic.person(certificate())
    with clinic.nothing_stored():
        refused_by(clinic.assign(patient, underskoterska, "3"), "SOL-10-7", UNIT)


@pytest.mark.parametrize(
    "period", [{"end": "2020-01-01"}, {"start": "2040-01-01", "end": "2039-12-31"}]
)
def test_an_assignment_that_ends_before_it_begins_is_refused(clinic: Clinic, period: Json) -> None:
    """R48: the history of contacts holds periods that were; a start left out is today.

    R4 itself refuses (per-1), before the law is asked.
    """
    patient, nurse = clinic.patient(), clinic.nurse()
    with clinic.nothing_stored():
        response = clinic.assign(patient, nurse, "4", period={"valuePeriod": period})
        [issue] = errors(response)
        assert issue["details"]["coding"][0]["code"] == "per-1"


def test_all_that_is_wrong_is_said_at_once(clinic: Clinic) -> None:
    """R5, R32, R43: a caller mends everything in one go; what refuses comes first."""
    patient = clinic.patient()
    result(clinic.assign(patient, clinic.nurse(), "4"))
    nobody = clinic.role(None, telecom=None, active=False)
    response = clinic.assign(patient, nobody, "4", period={"valuePeriod": {"start": LATER}})
    assert {(law[0], at) for _, law, at in refusals(response)} == {
        ("PL-6-2", MEMBER),
        ("PL-3-2", "CareTeam.telecom"),
        ("PL-6-2", ROLE),
    }
    assert response.json["issue"][0]["severity"] == "error"
