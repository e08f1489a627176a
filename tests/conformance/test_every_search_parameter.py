"""Every search parameter of R4 finds what R4's own examples have a value of it for.

The examples are from hl7.fhir.r4.examples 4.0.1, a few for each parameter and data type
(tools/select_examples.py); what to ask is worked out in `searchable_values`, not by the indexer.
"""

from __future__ import annotations

import json
import re
import tarfile
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from fhir_server.fhir import json as fhir_json
from fhir_server.profiles.definitions import Definitions
from fhir_server.search.indexing import Indexer
from fhir_server.search.matching import Indexed, matches
from fhir_server.search.parameters import Parameters
from fhir_server.search.parse import QueryParser
from fhir_server.search.paths import locations
from fhir_server.search.values import emitter
from tests.conformance.searchable_values import searchable
from tests.unit.search.samples import BASE, STOCKHOLM

ROOT = Path(__file__).parent.parent
ARCHIVE = ROOT / "data" / "search-examples.tar.xz"
LEFT_OUT = ROOT.parent / "docs" / "search" / "left-out.md"

# Answered from what the store keeps, not from the index of values.
STORED = ("_id", "_lastUpdated")

Json = dict[str, Any]


@cache
def definitions() -> Definitions:
    return Definitions.load()


@cache
def indexer() -> Indexer:
    return Indexer(definitions(), STOCKHOLM, BASE)


@cache
def parser() -> QueryParser:
    return QueryParser(definitions(), STOCKHOLM, BASE)


@cache
def examples() -> dict[str, list[bytes]]:
    """Give R4's examples by resource type, as HL7 published them."""
    found: dict[str, list[bytes]] = defaultdict(list)
    with tarfile.open(ARCHIVE) as tar:
        for member in tar:
            file = tar.extractfile(member)
            assert file is not None
            data = file.read()
            found[json.loads(data)["resourceType"]].append(data)
    return found


def asked(resource: Json) -> Iterator[tuple[str, str, str]]:
    """Give parameter, name with modifier, and value of every search that must find a resource."""
    for code, parameter in definitions().search_parameters(resource["resourceType"]).items():
        if code not in STORED:
            for name, value in dict.fromkeys(searchable(definitions(), resource, parameter)):
                yield code, name, value


def missed(data: bytes) -> Iterator[str]:
    """Name the searches that do not find an example."""
    resource = json.loads(data, parse_float=Decimal)
    type_, id_ = resource["resourceType"], resource["id"]
    entries = indexer().index(fhir_json.parse(data), f"{type_}/{id_}")
    indexed = Indexed(f"{type_}/{id_}", 0, entries)
    for _, name, value in asked(resource):
        if not matches(parser().parse(type_, [(name, value)]), indexed):
            yield f"{type_}/{id_}?{name}={value}"


@pytest.mark.parametrize("type_", definitions().resource_types)
def test_every_value_of_the_examples_is_found(type_: str) -> None:
    assert [line for data in examples()[type_] for line in missed(data)] == []


def test_most_parameters_have_a_value_in_the_examples() -> None:
    tested = {
        (type_, code)
        for type_, datas in examples().items()
        for data in datas
        for code, _, _ in asked(json.loads(data, parse_float=Decimal))
    }
    assert len(tested) > 1500
    kinds = {definitions().search_parameters(t)[c].type for t, c in tested}
    assert kinds >= {"token", "reference", "string", "uri", "date", "number", "quantity"}
    assert kinds >= {"composite", "special"}


def test_a_value_that_is_not_there_is_not_found() -> None:
    data = next(d for d in examples()["Patient"] if b'"birthDate"' in d)
    resource = fhir_json.parse(data)
    indexed = Indexed("Patient/1", 0, indexer().index(resource, "Patient/1"))
    for name in ("name", "identifier", "general-practitioner", "phonetic", "_content"):
        query = parser().parse("Patient", [(name, "Zzqxj")])
        assert not matches(query, indexed), name


def left_out() -> set[tuple[str, str]]:
    """Give parameters and data types that no search by that parameter looks at."""
    found = set()
    for type_ in definitions().resource_types:
        unsupported = Parameters(definitions()).unsupported(type_)
        for code, parameter in definitions().search_parameters(type_).items():
            if code in unsupported:
                base = parameter.base
                found.add((f"{base}.{code}", "any"))
            elif parameter.expression and parameter.type != "composite":
                kind = "phonetic" if code == "phonetic" else parameter.type
                found |= {
                    (f"{type_}.{code}", at.type)
                    for at in locations(definitions(), type_, parameter.expression)
                    if not emitter(kind, at.type)
                }
    return found


def test_what_is_left_out_is_documented_and_nothing_else() -> None:
    rows = re.findall(r"^\| `([^`]+)` \| (\w+) \|", LEFT_OUT.read_text(), re.MULTILINE)
    assert set(rows) == left_out()
