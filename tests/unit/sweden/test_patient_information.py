"""Information on contacts: somebody got it, the right one, and relatives for a reason."""

from __future__ import annotations

from typing import Any

import pytest

from fhir_server.sweden import codes, write_rules
from fhir_server.sweden.patient_information import secrecy

Json = dict[str, Any]
MARIA, DAUGHTER = "Patient/maria", "RelatedPerson/dotter"


@pytest.fixture(autouse=True)
def _daughter(world: Any) -> None:
    world.put({"resourceType": "RelatedPerson", "id": "dotter", "patient": {"reference": MARIA}})
    world.put(
        {"resourceType": "RelatedPerson", "id": "annan", "patient": {"reference": "Patient/lo"}}
    )


def told(*recipients: str, about: str = codes.WHO_IS_CONTACT, **more: Any) -> Json:
    coding = {"system": codes.COMMUNICATION_CATEGORY_SYSTEM, "code": about}
    return {
        "resourceType": "Communication",
        "status": "completed",
        "category": [{"coding": [coding]}],
        "subject": {"reference": MARIA},
        "sent": "2026-03-02",
        "recipient": [{"reference": each} for each in recipients],
    } | more


def laws(issues: Any) -> list[tuple[str, str]]:
    return [(issue.severity, issue.details[0].code) for issue in issues]


@pytest.mark.parametrize(
    ("communication", "refused_by"),
    [
        (told(MARIA), ""),
        (told(MARIA, DAUGHTER), ""),
        (told(DAUGHTER, reasonCode=[{"text": "demens"}]), ""),
        (told(), "PL-3-2"),
        (told(about=codes.CONTACT_IS_POSSIBLE), "PL-3-2"),
        (told("Patient/lo"), "PL-3-2"),
        (told(MARIA, sent="2026-03-04"), "PL-3-2"),
        (told(DAUGHTER), "PL-3-4"),
        (told(MARIA, "RelatedPerson/annan"), "PL-3-4"),
        # What is under way, or about something else, says nothing yet.
        (told(status="in-progress"), ""),
        (told(about="plankopia"), ""),
    ],
)
def test_the_patient_is_told_or_a_relative_for_a_reason(
    world: Any, communication: Json, refused_by: str
) -> None:
    """R9, R10, R11."""
    expected = [("error", refused_by)] if refused_by else []
    assert laws(world.check(communication)) == expected


def test_only_what_is_about_contacts_is_looked_at() -> None:
    """R9, R10."""
    assert write_rules.applies(told(MARIA))
    assert not write_rules.applies(told(MARIA, about="plankopia"))
    assert write_rules.lock_keys(told(MARIA)) == []


@pytest.mark.parametrize(
    ("prevents", "relatives", "said"),
    [
        (True, True, [("error", "PL-3-5")]),
        (None, True, [("warning", "PL-3-5")]),
        (False, True, []),
        (True, False, []),
    ],
)
def test_secrecy_is_assessed_before_a_relative_is_told(
    prevents: bool | None, relatives: bool, said: list[tuple[str, str]]
) -> None:
    """R11: patientlagen 3 kap. 5 §."""
    assert laws(secrecy(prevents, relatives=relatives)) == said
