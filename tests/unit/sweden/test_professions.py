"""Licensed or not: DOMAIN 2.4, R13-R15, R38."""

from datetime import datetime
from typing import Any

import pytest

from fhir_server.sweden import codes
from fhir_server.sweden.professions import Qualifications, qualifications


def of(cases: Any, *held: dict[str, Any], at: str = "2026-03-03T09:00", **role: Any) -> Any:
    return qualifications({"qualification": list(held)}, role, cases.at(at))


def position(code: str, system: str = codes.BEFATTNING) -> dict[str, Any]:
    return {"code": {"coding": [{"system": system, "code": code}]}}


@pytest.mark.parametrize("system", codes.HOSP_SYSTEMS)
def test_the_licence_lk_makes_a_physician_in_either_system(cases: Any, system: str) -> None:
    found = of(cases, cases.licence("LK", system))
    assert found.licensed_physician
    assert not found.nurse
    assert found.health_care_personnel is True


def test_lk_in_a_foreign_system_is_no_licence(cases: Any) -> None:
    assert not of(cases, cases.licence("LK", "urn:other")).licensed_physician


def test_a_licence_counts_beside_other_codings(cases: Any) -> None:
    concept = {
        "code": {
            "coding": [
                {"system": codes.SNOMED, "code": "309343006"},
                {"system": codes.HOSP, "code": "LK"},
            ]
        }
    }
    assert of(cases, concept).licensed_physician


@pytest.mark.parametrize(
    ("at", "licensed"),
    [
        ("2026-02-28T23:59:59", False),
        ("2026-03-01T00:00", True),
        ("2026-03-31T23:59:59", True),
        ("2026-04-01T00:00", False),
    ],
)
def test_a_licence_counts_inside_its_period_by_swedish_time(
    cases: Any, at: str, licensed: bool
) -> None:
    held = cases.licence("LK", period={"start": "2026-03-01", "end": "2026-03-31"})
    assert of(cases, held, at=at).licensed_physician is licensed


@pytest.mark.parametrize("system", codes.BEFATTNING_SYSTEMS)
@pytest.mark.parametrize("code", ["204010", "204090"])
def test_a_position_before_the_licence_is_no_licence(cases: Any, system: str, code: str) -> None:
    """Both spellings of the HSA system, DOMAIN 0.9."""
    found = of(cases, position(code, system))
    assert found.unlicensed_physician
    assert not found.licensed_physician
    assert found.health_care_personnel is True


def test_a_senior_position_alone_is_no_licence(cases: Any) -> None:
    role: dict[str, Any] = {"code": [{"coding": [{"system": codes.BEFATTNING, "code": "201010"}]}]}
    found = of(cases, **role)
    assert found.positions == {"201010"}
    assert not found.licensed_physician


def test_a_physician_with_licence_in_an_old_position_is_licensed(cases: Any) -> None:
    found = of(cases, cases.licence("LK"), position("204010"))
    assert found.licensed_physician
    assert not found.unlicensed_physician


def test_nurse_and_underskoterska_are_told_apart(cases: Any) -> None:
    nurse, underskoterska = of(cases, cases.licence("SJ")), of(cases, cases.certificate())
    assert nurse.nurse
    assert not nurse.underskoterska
    assert underskoterska.underskoterska
    assert underskoterska.health_care_personnel is True
    assert not underskoterska.nurse


def test_an_expired_certificate_is_none(cases: Any) -> None:
    assert not of(cases, cases.certificate(period={"end": "2026-03-02"})).underskoterska


def test_a_coordinator_is_not_health_care_personnel_and_silence_tells_nothing(cases: Any) -> None:
    """R13, R14."""
    role: dict[str, Any] = {
        "code": [{"coding": [{"system": codes.SNOMED, "code": codes.CARE_COORDINATOR}]}]
    }
    assert of(cases, **role).health_care_personnel is False
    assert of(cases).health_care_personnel is None


@pytest.mark.parametrize("practitioner", [{}, {"qualification": "LK"}, {"qualification": [1, {}]}])
def test_odd_shapes_qualify_for_nothing(cases: Any, practitioner: dict[str, Any]) -> None:
    moment: datetime = cases.at("2026-03-03T09:00")
    assert qualifications(practitioner, {"code": "x"}, moment) == Qualifications()
