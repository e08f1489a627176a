"""HL7 Sweden's examples are accepted; they are not part of the project, and lie beside it or not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fhir_server.app import create_server
from fhir_server.profiles.validator import Validator
from fhir_server.settings import Settings

FOLDER = Path(__file__).parents[3] / "shared" / "fhir" / "hl7se-examples"
EXAMPLES = sorted(FOLDER.glob("*.json"))


@pytest.fixture(scope="module")
def validator() -> Validator:
    return create_server(Settings()).validator


@pytest.mark.skipif(not EXAMPLES, reason="HL7 Sweden's examples are not at hand")
def test_every_example_of_hl7_sweden_is_accepted(validator: Validator) -> None:
    found = {
        (path.name, issue.rule, issue.expression)
        for path in EXAMPLES
        for issue in validator.validate(json.loads(path.read_text()))
        if issue.severity == "error"
    }
    assert found == set()
