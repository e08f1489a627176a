"""Units: what they are parts of, and whose HSA-id is whose."""

from __future__ import annotations

import pytest

from fhir_server.security.organizations import Units
from fhir_server.sweden import codes
from tests.security.worlds import HSA, hsa
from tests.unit.security.access_parts import MARKS, units


def test_a_unit_answers_with_all_below_it() -> None:
    """R112: a clinic's staff are its laboratory's too; not the other way round."""
    assert units().below(["Organization/hc"]) == ["Organization/hc", "Organization/hc-lab"]
    assert units().below(["Organization/hc-lab"]) == ["Organization/hc-lab"]


def test_the_vardgivare_is_the_topmost_unit_where_none_says_so_itself() -> None:
    """R112: the outer spärr stands between vårdgivare."""
    for unit in ("hc", "hc-lab", "psyk", "region"):
        assert units().provider_of(f"Organization/{unit}") == "Organization/region"
    assert units().provider_of("Organization/unknown") == "Organization/unknown"


def test_the_vardgivare_is_the_nearest_legal_body() -> None:
    """R112: a company within a region's organisation is a vårdgivare of its own."""
    legal = [f"Organization.identifier;{codes.ORGANISATIONSNUMMER}|556000-0000",
             f"Organization.identifier;{HSA}|se1"]  # fmt: skip
    found = {
        "Organization/top": legal,
        "Organization/company": [*legal, "Organization.partof>Organization/top"],
        "Organization/unit": ["Organization.partof>Organization/company"],
    }
    assert Units.of(found, MARKS).provider_of("Organization/unit") == "Organization/company"


def test_units_in_a_circle_end_somewhere() -> None:
    """A circle of parts is a mistake of somebody's, and no reason to stop."""
    circle = {
        "Organization/a": ["Organization.partof>Organization/b"],
        "Organization/b": ["Organization.partof>Organization/a"],
    }
    made = Units.of(circle, MARKS)
    assert made.provider_of("Organization/a") in circle
    assert sorted(made.below(["Organization/a"])) == sorted(circle)


@pytest.mark.parametrize("system", codes.HSA_ID_SYSTEMS)
def test_who_has_a_number_is_found_in_either_system(system: str) -> None:
    """DOMAIN 0.10: there are two systems of HSA-ids."""
    number = f"Organization.identifier;{system}|{hsa('hc').casefold()}"
    assert units().holders(MARKS.hsa_systems, [number]) == ["Organization/hc"]
    other = f"Organization.identifier;urn:x|{hsa('hc').casefold()}"
    assert units().holders(MARKS.hsa_systems, [other]) == []
