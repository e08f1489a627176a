"""Every constraint in the snapshots of the project's profiles, broken by itself, is refused.

For each element of each snapshot: cardinality, types, targets of references, fixed values and
patterns, bindings, lengths, slices, invariants; R4's own, too. An example that is valid is changed
so that it breaks that constraint, and the validator has to name the rule, the place and who states
it. What can't be broken so is in docs/conformance/uncovered-constraints.md, with the reason.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from fhir_server.app import create_server
from fhir_server.settings import Settings
from tests.conformance.constraints.coverage import ALL_BREAKERS, Coverage, cover
from tests.conftest import ROOT

PROFILES = ROOT / "profiles" / "se"
PAGE = ROOT / "docs" / "conformance" / "uncovered-constraints.md"
pytestmark = pytest.mark.timeout(900)  # some 7,000 resources, each validated twice or more
# Where this is set, the page is written instead of compared: make it so, then read the difference.
WRITE = "WRITE_UNCOVERED_CONSTRAINTS"


def profiles() -> list[Path]:
    return sorted(PROFILES.glob("StructureDefinition-*.json"))


@pytest.fixture(scope="module")
def coverage() -> Coverage:
    return cover(
        create_server(Settings()), [json.loads(path.read_text("utf-8")) for path in profiles()]
    )


def test_every_constraint_that_is_broken_is_named(coverage: Coverage) -> None:
    assert coverage.unnoticed == {}


def test_what_is_not_covered_is_listed_with_its_reason(coverage: Coverage) -> None:
    page = coverage.page()
    if os.environ.get(WRITE):
        PAGE.write_text(page, "utf-8")
    assert PAGE.read_text("utf-8") == page


NAMES_A_SLICE = "it says which slice"


def test_most_constraints_are_covered(coverage: Coverage) -> None:
    """A generator that found nothing to break would pass the others."""
    covered = sum(coverage.covered.values())
    assert covered > 2000
    # What names a slice that need not be there can't be broken, however good the generator is.
    missed = [why for why in coverage.uncovered.values() if not why.startswith(NAMES_A_SLICE)]
    assert covered > 20 * len(missed)
    assert {"min", "max", "type", "target", "fixed", "binding", "slice-min", "slice-max",
            "invariant"} <= set(coverage.covered)  # fmt: skip


def test_no_breaker_is_for_a_rule_that_no_profile_states() -> None:
    stated = {
        constraint["key"]
        for path in profiles()
        for element in json.loads(path.read_text("utf-8"))["snapshot"]["element"]
        for constraint in element.get("constraint", [])
    }
    assert set(ALL_BREAKERS) - stated == set()
