"""Which conditions are a cancer in force (R29)."""

from typing import Any

import pytest

from fhir_server.sweden import codes
from fhir_server.sweden.conditions import cancer


def condition(code: str, system: str = codes.ICD_10_SE_SYSTEMS[0], **more: Any) -> dict[str, Any]:
    return {"resourceType": "Condition", "code": {"coding": [{"system": system, "code": code}]}} | (
        more
    )


@pytest.mark.parametrize(
    ("code", "is_cancer"),
    [
        ("C00", True),
        ("C50.9", True),
        ("C97", True),
        ("C509", True),
        ("C98", False),
        ("D05.1", False),
        ("I50.9", False),
        ("Z85.3", False),
    ],
)
def test_icd_10_se_tells_a_cancer(cases: Any, code: str, is_cancer: bool) -> None:
    """R29: C00 to C97, in Socialstyrelsen's system by its address or OID; no other system's."""
    now = cases.at("2026-03-03T09:00")
    assert [cancer(condition(code, each), now) for each in codes.ICD_10_SE_SYSTEMS] == [
        is_cancer
    ] * 2
    assert not cancer(condition(code, "http://snomed.info/sct"), now)


def test_a_cancer_that_is_over_is_none(cases: Any) -> None:
    """R29: in remission, abated, refuted."""
    now = cases.at("2026-03-03T09:00")
    clinical = "http://terminology.hl7.org/CodeSystem/condition-clinical"
    verification = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
    for over in (
        {"clinicalStatus": {"coding": [{"system": clinical, "code": "remission"}]}},
        {"abatementDateTime": "2025-01-01"},
        {"verificationStatus": {"coding": [{"system": verification, "code": "refuted"}]}},
    ):
        assert not cancer(condition("C50.9", **over), now)
