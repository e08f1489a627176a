"""Every published example of R4: accepted, and the same again after XML; or refused by a rule."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from fhir_server.app import create_app
from fhir_server.fhir import json
from fhir_server.profiles.definitions import Definitions
from fhir_server.profiles.validator import Validator
from fhir_server.profiles.xml_format import XmlFormat
from fhir_server.settings import Settings
from fhir_server.storage.mongo import MongoStore
from fhir_server.terminology.terminology import Terminology
from tests.canonical import canonical
from tests.conformance.r4_examples import COUNT, TOO_LARGE, examples, refused, type_of
from tests.conftest import Fhir

# Of these types no example is published, or none that follows R4.
OWN = [
    b"""{"resourceType":"DeviceMetric","id":"own","type":{"text":"x"},"category":"setting",
        "measurementPeriod":{"repeat":{"frequency":1,"period":1.50,"periodUnit":"h"}}}""",
    b"""{"resourceType":"DeviceUseStatement","id":"own","status":"active","subject":{"display":"x"},
        "device":{"display":"x"},"timingDateTime":"2026-03"}""",
    b"""{"resourceType":"EventDefinition","id":"own","status":"draft","subjectReference":{
        "display":"x"},"trigger":[{"type":"named-event","name":"x"}]}""",
    b"""{"resourceType":"Parameters","id":"own","parameter":[{"name":"a","valueDecimal":1.10},
        {"name":"b","resource":{"resourceType":"Basic","code":{"text":"x"}}},
        {"name":"c","part":[{"name":"d","_valueString":{"extension":[
        {"url":"http://example.org/x","valueBoolean":false}]}}]}]}""",
    b'{"resourceType":"SubstanceNucleicAcid","id":"own","numberOfSubunits":0}',
    b'{"resourceType":"SubstancePolymer","id":"own","modification":["x","y"]}',
    b'{"resourceType":"SubstanceProtein","id":"own","disulfideLinkage":["x"]}',
    b'{"resourceType":"SubstanceReferenceInformation","id":"own","comment":"x"}',
    b'{"resourceType":"SubstanceSourceMaterial","id":"own","organismName":"x"}',
]


@pytest.mark.timeout(600)
def test_every_example_is_accepted_and_survives_xml_or_is_listed_as_refused() -> None:
    definitions = Definitions.load()
    validator = Validator(definitions, Terminology(definitions))
    xml = XmlFormat(definitions)
    found: dict[str, tuple[str, str]] = {}
    lost, count = [], 0
    for name, data in examples():
        count += 1
        errors = [i for i in validator.validate(json.plain(data)) if i.severity == "error"]
        if errors:
            found[name] = (errors[0].code, errors[0].expression or "")
        resource = json.parse(data)
        if canonical(xml.parse(xml.dump(resource))) != canonical(resource):
            lost.append(name)
    assert lost == []
    assert count == COUNT
    assert found == refused()


@pytest.fixture(scope="module")
def smallest() -> dict[str, bytes]:
    """The smallest accepted example of each type; one of ours where none is published."""
    left_out = {*refused(), *TOO_LARGE}
    found = {json.parse(data)["resourceType"]: data for data in OWN}
    assert len(found) == len(OWN)
    for name, data in examples():
        best = found.get(type_of(name))
        if name not in left_out and (best is None or len(data) < len(best)):
            assert best not in OWN, f"{type_of(name)} has an example that is published"
            found[type_of(name)] = data
    return found


@pytest.fixture(scope="module")
def free_app(settings: Settings, mongo_uri: str, store: MongoStore) -> Flask:
    """The application, as the examples need it: they refer to what is not there."""
    return create_app(replace(settings, referential_integrity_on_write=False), mongo_uri)


def content(data: bytes) -> bytes:
    """Spell a resource without what the server sets."""
    resource: dict[str, Any] = json.parse(data)
    meta = resource.get("meta", {})
    resource["meta"] = {k: v for k, v in meta.items() if k not in ("versionId", "lastUpdated")}
    if not resource["meta"]:
        del resource["meta"]
    return canonical(resource)


@pytest.mark.timeout(600)
def test_an_example_of_every_type_is_the_same_after_http_in_both_formats(
    free_app: Flask, smallest: dict[str, bytes]
) -> None:
    assert set(smallest) == set(Definitions.load().resource_types)
    fhir = Fhir(free_app.test_client())
    for type_, data in smallest.items():
        path = f"{type_}/{json.parse(data)['id']}"
        put = fhir.put(path, data)
        assert put.status_code == 201, (path, put.text)
        read = fhir.get(path, Accept="application/fhir+json").data
        assert content(read) == content(data), path
        in_xml = fhir.get(path, Accept="application/fhir+xml").data
        assert in_xml.startswith(b"<?xml"), path
        again = fhir.put(path, in_xml, Content_Type="application/fhir+xml")
        assert again.status_code == 200, (path, again.text)
        read = fhir.get(path, Accept="application/fhir+json").data
        assert content(read) == content(data), path


def test_an_example_that_is_too_large_is_refused_with_413(free_app: Flask) -> None:
    name, data = next(each for each in examples() if each[0] == TOO_LARGE[0])
    response = Fhir(free_app.test_client()).put(f"Bundle/{json.parse(data)['id']}", data)
    assert name == "Bundle-dataelements"
    assert response.status_code == 413
    assert response.json["issue"][0]["code"] == "too-long"
