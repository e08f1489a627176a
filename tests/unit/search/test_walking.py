"""What the one walk and the look at the bytes find is what a plain search of the JSON finds."""

from __future__ import annotations

import json as stdlib_json
import tarfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from fhir_server.fhir import json
from fhir_server.fhir.reference import local
from fhir_server.profiles.definitions import Definitions
from fhir_server.search.indexing import Indexer
from fhir_server.search.values import referred
from fhir_server.search.words import split_words
from fhir_server.sweden import access_labels, codes
from tests.unit.search.samples import BASE

ARCHIVE = Path(__file__).parents[2] / "data" / "search-examples.tar.xz"
Json = dict[str, Any]


@pytest.fixture(scope="module")
def examples() -> list[Json]:
    with tarfile.open(ARCHIVE) as tar:
        files = (tar.extractfile(member) for member in tar)
        return [
            stdlib_json.loads(file.read(), parse_float=Decimal)
            for file in files
            if file is not None
        ][::3]


def objects(value: Any) -> Iterator[Json]:
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value:
        if isinstance(inner, dict | list):
            yield from objects(inner)


def texts(definitions: Definitions, path: str, value: Json) -> Iterator[str]:
    """Give all that is to be read, element by element as the definitions have them."""
    for element in definitions.children(path).values():
        for name, type_ in element.properties().items():
            for found in (
                (value[name] if element.is_array else [value[name]]) if name in value else ()
            ):
                if isinstance(found, str):
                    is_read = type_.code in ("string", "markdown", "code")
                    if is_read and element.path != "Reference.reference":
                        yield found
                elif isinstance(found, dict) and type_.code != "Narrative":
                    nested = type_.code in ("BackboneElement", "Element")
                    below = (element.content_reference or element.path) if nested else type_.code
                    below = found["resourceType"] if below == "Resource" else below
                    yield from texts(definitions, below, found)
            for found in value.get(f"_{name}", ()) if element.is_array else [value.get(f"_{name}")]:
                if isinstance(found, dict):
                    yield from texts(definitions, "Element", found)


def test_every_reference_is_found_in_the_bytes(examples: list[Json]) -> None:
    count = 0
    for resource in examples:
        named = [each["reference"] for each in objects(resource) if "reference" in each]
        targets = [local(each, BASE) for each in named if isinstance(each, str)]
        expected = {str(each) for each in targets if each}
        assert referred(json.dump(resource), BASE) == expected
        count += len(expected)
    assert count > 200


@pytest.mark.parametrize(
    "text",
    ['"reference":"Patient/1"', '\\"reference":"Patient/1', 'x\\\\","reference":"Patient/1"'],
)
def test_what_only_looks_like_a_reference_is_none(text: str) -> None:
    assert referred(json.dump({"note": text, "a": [text, {"b": text}]}), BASE) == set()


def test_every_text_is_read(
    examples: list[Json], definitions: Definitions, indexer: Indexer
) -> None:
    count = 0
    for resource in examples:
        found = indexer.index(resource, f"{resource['resourceType']}/1").words
        expected = {
            word
            for text in texts(definitions, resource["resourceType"], resource)
            for word in split_words(text)
        }
        narrative = {word.removeprefix("n:") for word in found if word.startswith("n:")}
        content = {word.removeprefix("c:") for word in found if word.startswith("c:")}
        assert content == expected - narrative
        count += len(content)
    assert count > 2000


def test_a_note_is_internal_by_its_url_alone() -> None:
    plan: Json = {"resourceType": "CarePlan", "note": [{"text": codes.INTERNAL_NOTE}]}
    assert access_labels.hidden(plan, json.dump(plan)) == ""
    plan["note"][0]["extension"] = [{"url": codes.INTERNAL_NOTE, "valueString": "x"}]
    assert access_labels.hidden(plan, json.dump(plan)) == "parts"
