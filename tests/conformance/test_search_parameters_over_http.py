"""A few examples of every kind of parameter, stored and searched over HTTP in a real MongoDB.

The whole list is in test_every_search_parameter; this shows that the store answers alike.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest

from fhir_server.settings import Settings
from tests.conformance.test_every_search_parameter import asked, examples
from tests.conftest import Fhir

TYPES = (
    "CareTeam", "DocumentReference", "Group", "Invoice", "Library", "Location",
    "MolecularSequence", "Observation", "Patient", "RiskAssessment", "ValueSet",
)  # fmt: skip
EACH = 4


@pytest.fixture(scope="module")
def settings(database: str) -> Settings:
    # The examples refer to others that are not stored here.
    return Settings(
        mongodb_database=database,
        base_url="http://localhost/fhir",
        log_level="error",
        referential_integrity_on_write=False,
    )


@pytest.mark.parametrize("type_", TYPES)
def test_every_value_of_an_example_finds_it_in_the_store(fhir: Fhir, type_: str) -> None:
    stored = 0
    for data in examples()[type_][:EACH]:
        id_ = json.loads(data)["id"]
        if fhir.put(f"{type_}/{id_}", data).status_code not in (200, 201):
            continue  # an example that breaks R4, or the law in Sweden
        stored += 1
        resource = json.loads(data, parse_float=Decimal)
        for _, name, value in asked(resource):
            query = urlencode({name: value, "_id": id_, "_summary": "count"})
            answer: Any = fhir.get(f"{type_}?{query}")
            assert answer.status_code == 200, f"{type_}?{name}={value}: {answer.text}"
            assert answer.json["total"] == 1, f"{type_}/{id_}?{name}={value}"
    assert stored > 0
