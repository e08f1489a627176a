"""``near``, ``_text``, ``_content`` and ``phonetic``."""

from __future__ import annotations

from typing import Any

import pytest

from fhir_server.fhir.outcome import FhirError
from fhir_server.profiles.definitions import Definitions
from fhir_server.search.indexing import Indexer
from fhir_server.search.parse import QueryParser
from fhir_server.search.plans import Plans
from tests.unit.search.conftest import Entries, Finds
from tests.unit.search.samples import BASE, STOCKHOLM

STOCKHOLM_CITY = {
    "resourceType": "Location",
    "position": {"longitude": 18.0686, "latitude": 59.3293},
}


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("59.3293|18.0686|1|km", True),
        ("59.8586|17.6389|63|km", False),  # Uppsala is 64 km away
        ("59.8586|17.6389|65|km", True),
        ("59.8586|17.6389|65", True),
        ("59.8586|17.6389|65000|m", True),
        ("59.8586|17.6389|39|[mi_i]", False),
        ("59.8586|17.6389|41|[mi_i]", True),
        ("59.3293|18.2|", True),
        ("59.3293|18.3", False),
        ("-59.3293|-161.9314|30000|km", True),
        ("59.8586|17.6389|6|km,59.33|18.07|6|km", True),
    ],
)
def test_near_measures_on_the_sphere(finds: Finds, value: str, found: bool) -> None:
    assert finds(STOCKHOLM_CITY, "near", value) is found
    assert not finds({"resourceType": "Location"}, "near", value)


def test_near_may_be_missing(finds: Finds) -> None:
    assert finds({"resourceType": "Location"}, "near:missing", "true")
    assert finds(STOCKHOLM_CITY, "near:missing", "false")


@pytest.mark.parametrize(
    "value",
    [
        "Stockholm",
        "59",
        "91|18",
        "59|181",
        "59|18|5|mg",
        "59|18|5|parsek",
        "59|18|-1|km",
        "59|18|x",
    ],
)
def test_what_is_no_place_is_refused(parser: QueryParser, value: str) -> None:
    with pytest.raises(FhirError) as refused:
        parser.parse("Location", [("near", value)])
    assert refused.value.status == 400


PLAN: dict[str, Any] = {
    "resourceType": "CarePlan",
    "id": "hemligt-id",
    "text": {"status": "generated", "div": '<div title="attribut">Frakturen i <b>v&auml;nster</b> vrist</div>'},
    "title": "Åter-gång till arbete",
    "description": "**Tidig** rehabilitering",
    "status": "active",
    "category": [{"coding": [{"system": "http://system.example", "display": "Samordnad plan"}]}],
    "subject": {"reference": "Patient/referens", "display": "Greta"},
    "created": "2026-03-01",
    "contained": [{"resourceType": "Goal", "id": "g", "description": {"text": "Kunna gå"}}],
    "_title": {"extension": [{"url": "http://x.example", "valueString": "tillägg"}]},
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("_text", "vrist", True),
        ("_text", "VANSTER", True),
        ("_text", "vri", False),
        ("_text", "vri*", True),
        ("_text", "rehabilitering", False),
        ("_text", "b", False),
        ("_text", "attribut", False),
        ("_content", "vrist", True),
        ("_content", "rehab*", True),
        ("_content", "samordnad plan", True),
        ("_content", "samordnad AND vrist", True),
        ("_content", "samordnad AND knä", False),
        ("_content", "knä OR vrist", True),
        ("_content", "(bone OR vrist) and frakturen", True),
        ("_content", "NOT knä", True),
        ("_content", "vrist NOT frakturen", False),
        ("_content", "NOT (knä OR armbåge)", True),
        ("_content", '"vrist vänster"', True),
        ("_content", '"not"', False),
        ("_content", "åter-gång", True),
        ("_content", "greta", True),
        ("_content", "gå", True),
        ("_content", "tillägg", True),
        ("_content", "active", True),
        ("_content", "knä,vrist", True),
        ("_content", "referens", False),
        ("_content", "hemligt", False),
        ("_content", "system", False),
        ("_content", "2026", False),
    ],
)
def test_words_are_looked_for_where_people_read(
    finds: Finds, name: str, value: str, found: bool
) -> None:
    assert finds(PLAN, name, value) is found


@pytest.mark.parametrize(
    "value", ['"a', "(a", "a)", "AND", "a OR", "NOT", "--", "()", "(" * 30, "a " * 60]
)
def test_a_search_text_that_makes_no_sense_is_refused(parser: QueryParser, value: str) -> None:
    with pytest.raises(FhirError) as refused:
        parser.parse("CarePlan", [("_content", value)])
    assert refused.value.status == 400


def test_words_can_be_left_out(definitions: Definitions) -> None:
    plans = Plans(definitions, full_text=False)
    indexer = Indexer(definitions, STOCKHOLM, BASE, plans=plans)
    assert indexer.index(PLAN, "CarePlan/1").words == []
    assert "_content" not in indexer.supported_parameters("CarePlan")


def test_base64_is_not_read(entries: Entries) -> None:
    attachment = {"attachment": {"data": "ZZZZ", "title": "Bilaga"}}
    found = entries({"resourceType": "DocumentReference", "content": [attachment]})
    assert found.words == ["c:bilaga"]


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("Swenson", True),
        ("svensson", True),
        ("Carl Svenson", True),
        ("Karl", True),
        ("Nilsson", False),
    ],
)
def test_names_that_sound_alike_are_found(finds: Finds, value: str, found: bool) -> None:
    patient = {"resourceType": "Patient", "name": [{"family": "Svensson", "given": ["Karl"]}]}
    assert finds(patient, "phonetic", value) is found
    assert finds(patient, "phonetic:missing", "false")
    assert finds({"resourceType": "Organization", "name": "Qvist & Co"}, "phonetic", "kvist")
