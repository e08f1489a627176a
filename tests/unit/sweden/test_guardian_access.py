"""For whom a guardian, or a young person, may ask."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from fhir_server.sweden.guardian_access import Ages, asks_alone, asks_for

NOW = dt.datetime(2026, 6, 15, 12, tzinfo=dt.UTC)
AGES = Ages()


@pytest.mark.parametrize(
    ("born", "guardian", "alone"),
    [
        ("2026-06-01", True, False),
        ("2013-06-16", True, False),
        ("2013-06-15", False, False),
        ("2010-06-16", False, False),
        ("2010-06-15", False, True),
        ("1990", False, True),
        (None, False, True),
    ],
)
def test_ages_change_on_the_birthday(born: str | None, guardian: bool, alone: bool) -> None:
    """R123: a guardian until 13, the young person from 16; neither between."""
    child = {"birthDate": born} if born else {}
    assert asks_for(child, {}, (), NOW, AGES) == guardian
    assert asks_alone(child, NOW, AGES) == alone


def test_an_operator_sets_the_ages() -> None:
    """R123: the documents leave them open."""
    ages = Ages(guardian_until=18, own_from=13)
    assert asks_for({"birthDate": "2010-01-01"}, {}, (), NOW, ages)
    assert asks_alone({"birthDate": "2010-01-01"}, NOW, ages)


def relative(number: str, **more: Any) -> dict[str, Any]:
    role = {"system": "http://terminology.hl7.org/CodeSystem/v3-RoleCode", "code": "GUARD"}
    return {
        "identifier": [{"system": "urn:number", "value": number}],
        "relationship": [{"coding": [role]}],
        **more,
    }


def test_a_custody_that_is_marked_as_over_ends_it() -> None:
    """R123: föräldrabalken 6 kap. 11 §."""
    child, guardian = {"birthDate": "2020-01-01"}, {"identifier": relative("1")["identifier"]}
    for over in ({"active": False}, {"period": {"end": "2026-06-01"}}):
        assert not asks_for(child, guardian, [relative("1", **over)], NOW, AGES)
        # The other guardian's is no matter of this one's.
        assert asks_for(child, guardian, [relative("2", **over)], NOW, AGES)
    assert asks_for(child, guardian, [relative("1")], NOW, AGES)
