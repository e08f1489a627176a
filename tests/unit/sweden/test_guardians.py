"""Who has the custody of a child, and until when (R80)."""

from __future__ import annotations

from datetime import datetime

import pytest

from fhir_server.sweden.guardians import guardians_of, is_child
from fhir_server.sweden.periods import STOCKHOLM

ROLE = {"system": "http://terminology.hl7.org/CodeSystem/v3-RoleCode", "code": "GUARD"}
MUM = {"resourceType": "RelatedPerson", "id": "mamma", "relationship": [{"coding": [ROLE]}]}


def at(day: str) -> datetime:
    return datetime.fromisoformat(f"{day}T00:00").replace(tzinfo=STOCKHOLM)


@pytest.mark.parametrize(
    ("born", "day", "child"),
    [
        ("2013-05-14", "2026-03-03", True),
        ("2013-05-14", "2031-05-13", True),
        ("2013-05-14", "2031-05-14", False),
        ("2012-02-29", "2030-02-28", True),
        ("2012-02-29", "2030-03-01", False),
        ("1940-01-01", "2026-03-03", False),
        ("2013", "2026-03-03", True),
        ("2008", "2026-03-03", False),
        ("", "2026-03-03", False),
    ],
)
def test_one_is_a_child_until_the_day_one_is_eighteen(born: str, day: str, child: bool) -> None:
    """R80: föräldrabalken 6 kap. 11 §; no birth date says nothing."""
    assert is_child({"birthDate": born}, at(day)) is child


def test_guardians_are_those_with_custody_now() -> None:
    """R80: not a relative, not one whose custody has ended, nobody for an adult."""
    child = {"birthDate": "2013-05-14"}
    aunt = {"id": "moster", "relationship": [{"coding": [{**ROLE, "code": "AUNT"}]}]}
    ended = MUM | {"id": "b", "period": {"end": "2026-01-01"}}
    unfit = MUM | {"id": "c", "active": False}
    now = at("2026-03-03")
    assert guardians_of(child, [MUM, aunt, ended, unfit], now) == ("RelatedPerson/mamma",)
    assert guardians_of({"birthDate": "1990-01-01"}, [MUM], now) == ()
