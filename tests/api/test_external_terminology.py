"""An external terminology server, end to end: another instance of this server, over real HTTP."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from werkzeug.serving import BaseWSGIServer, make_server

from fhir_server.app import create_app
from fhir_server.settings import Settings, SettingsError
from fhir_server.storage.mongo import MongoStore
from tests.conftest import Fhir, free_port

SYSTEM = "http://elsewhere.example/cs/animals"
MAMMALS = "http://elsewhere.example/vs/mammals"
MAMMAL = {"property": "concept", "op": "is-a", "value": "mammal"}
TIMEOUT_S = 5.0
THERE: list[dict[str, Any]] = [
    {
        "resourceType": "CodeSystem",
        "id": "animals",
        "url": SYSTEM,
        "name": "Animals",
        "status": "active",
        "content": "complete",
        "caseSensitive": True,
        "hierarchyMeaning": "is-a",
        "concept": [
            {
                "code": "mammal",
                "display": "Mammal",
                "concept": [
                    {
                        "code": "cow",
                        "display": "Cow",
                        "designation": [{"language": "sv", "value": "Ko"}],
                    }
                ],
            },
            {"code": "bird", "display": "Bird"},
        ],
    },
    {
        "resourceType": "ValueSet",
        "id": "mammals",
        "url": MAMMALS,
        "status": "active",
        "compose": {
            "include": [
                {
                    "system": SYSTEM,
                    "filter": [MAMMAL],
                }
            ]
        },
    },
]
# Here, a value set over the code system that is only there.
HERE: dict[str, Any] = {
    "resourceType": "ValueSet",
    "id": "animals",
    "url": "http://here.example/vs/animals",
    "status": "active",
    "compose": {"include": [{"system": SYSTEM}]},
}


@dataclass
class Pair:
    """A server that knows nothing of animals, and the one that it may ask."""

    here: Fhir
    there: BaseWSGIServer


def application(mongo_uri: str, **more: Any) -> Fhir:
    settings = replace(
        Settings(
            mongodb_database=f"test_{secrets.token_hex(6)}",
            base_url="http://localhost/fhir",
            log_level="error",
        ),
        **more,
    )
    store = MongoStore(mongo_uri, settings.mongodb_database)
    store.prepare()
    store.close()
    return Fhir(create_app(settings, mongo_uri).test_client())


@pytest.fixture(scope="module")
def pair(mongo_uri: str) -> Iterator[Pair]:
    there = application(mongo_uri)
    for resource in THERE:
        assert (
            there.put(f"{resource['resourceType']}/{resource['id']}", resource).status_code == 201
        )
    listening = make_server("127.0.0.1", 0, there.client.application, threaded=True)
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{listening.server_port}/fhir"
    here = application(mongo_uri, terminology_server=base, terminology_timeout_s=TIMEOUT_S)
    assert here.put("ValueSet/animals", HERE).status_code == 201
    yield Pair(here, listening)
    listening.shutdown()
    listening.server_close()


@pytest.fixture(scope="module")
def cut_off(mongo_uri: str) -> Fhir:
    """A server whose terminology server does not answer."""
    base = f"http://127.0.0.1:{free_port()}/fhir"
    here = application(mongo_uri, terminology_server=base)
    assert here.put("ValueSet/animals", HERE).status_code == 201
    return here


def values(response: Any) -> dict[str, Any]:
    assert response.status_code == 200, response.text
    return {
        parameter["name"]: next(v for k, v in parameter.items() if k.startswith("value"))
        for parameter in response.json["parameter"]
        if "part" not in parameter
    }


def test_a_value_set_that_is_only_there_is_asked_there(pair: Pair) -> None:
    asked = f"ValueSet/$validate-code?url={MAMMALS}&system={SYSTEM}&code="
    assert values(pair.here.get(asked + "cow")) == {"result": True, "display": "Cow"}
    assert values(pair.here.get(asked + "bird"))["result"] is False
    assert values(pair.here.get(asked + "stone"))["result"] is False


def test_a_code_system_that_is_only_there_decides_about_value_sets_here(pair: Pair) -> None:
    asked = f"ValueSet/$validate-code?url={HERE['url']}&system={SYSTEM}&code="
    assert values(pair.here.get(asked + "cow")) == {"result": True, "display": "Cow"}
    assert values(pair.here.get(asked + "stone"))["result"] is False


def test_a_value_set_here_is_expanded_with_the_codes_there(pair: Pair) -> None:
    for asked in (f"ValueSet/$expand?url={HERE['url']}&", "ValueSet/animals/$expand?"):
        response = pair.here.get(f"{asked}filter=mam&count=5")
        assert response.status_code == 200, response.text
        assert [item["code"] for item in response.json["expansion"]["contains"]] == ["mammal"]


def test_a_value_set_in_the_request_is_checked_with_the_codes_there(pair: Pair) -> None:
    compose = {"include": [{"system": SYSTEM, "filter": [MAMMAL]}]}
    value_set = {"resourceType": "ValueSet", "status": "draft", "compose": compose}
    for code, result in (("cow", True), ("bird", False)):
        coding = {"name": "coding", "valueCoding": {"system": SYSTEM, "code": code}}
        parameter = [{"name": "valueSet", "resource": value_set}, coding]
        body = {"resourceType": "Parameters", "parameter": parameter}
        response = pair.here.post("ValueSet/$validate-code", body)
        assert values(response)["result"] is result


def test_a_code_of_a_system_that_is_only_there_is_checked_there(pair: Pair) -> None:
    asked = f"CodeSystem/$validate-code?url={SYSTEM}&code="
    assert values(pair.here.get(asked + "cow")) == {"result": True, "display": "Cow"}
    assert values(pair.here.get(asked + "stone"))["result"] is False


def test_a_concept_is_looked_up_there(pair: Pair) -> None:
    response = pair.here.get(f"CodeSystem/$lookup?system={SYSTEM}&code=cow&displayLanguage=sv")
    assert values(response)["display"] == "Ko"
    missing = pair.here.get(f"CodeSystem/$lookup?system={SYSTEM}&code=stone")
    assert missing.status_code == 404


@pytest.mark.parametrize(
    ("codes", "outcome"),
    [
        (("mammal", "cow"), "subsumes"),
        (("cow", "mammal"), "subsumed-by"),
        (("cow", "bird"), "not-subsumed"),
        (("cow", "cow"), "equivalent"),
    ],
)
def test_codes_are_compared_there(pair: Pair, codes: tuple[str, str], outcome: str) -> None:
    response = pair.here.get(
        f"CodeSystem/$subsumes?system={SYSTEM}&codeA={codes[0]}&codeB={codes[1]}"
    )
    assert values(response) == {"outcome": outcome}


def test_a_value_set_that_is_only_there_is_expanded_there(pair: Pair) -> None:
    response = pair.here.get(f"ValueSet/$expand?url={MAMMALS}&count=1&offset=1")
    assert response.status_code == 200, response.text
    expansion = response.json["expansion"]
    assert (expansion["total"], expansion["offset"]) == (2, 1)
    assert [item["code"] for item in expansion["contains"]] == ["cow"]


def test_what_is_not_known_there_either_is_not_known(pair: Pair) -> None:
    unknown = "http://nobody.example/vs"
    assert pair.here.get(f"ValueSet/$expand?url={unknown}").status_code == 404
    asked = f"ValueSet/$validate-code?url={unknown}&system={SYSTEM}&code=cow"
    assert pair.here.get(asked).status_code == 404


def test_what_is_known_here_is_not_asked_there(cut_off: Fhir) -> None:
    gender = "http://hl7.org/fhir/administrative-gender"
    response = cut_off.get(f"CodeSystem/$validate-code?url={gender}&code=male")
    assert values(response) == {"result": True, "display": "Male"}


def test_an_outage_is_the_same_as_no_terminology_server(cut_off: Fhir) -> None:
    asked = f"ValueSet/$validate-code?url={HERE['url']}&system={SYSTEM}&code=cow"
    assert cut_off.get(asked).status_code == 422
    assert cut_off.get(f"CodeSystem/$lookup?system={SYSTEM}&code=cow").status_code == 404
    assert cut_off.get(f"ValueSet/$expand?url={MAMMALS}").status_code == 404
    compared = cut_off.get(f"CodeSystem/$subsumes?system={SYSTEM}&codeA=cow&codeB=bird")
    assert compared.status_code == 404


def observation(code: str) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": SYSTEM, "code": code}]},
        "category": [{"coding": [{"system": SYSTEM, "code": code}]}],
    }


PROFILE: dict[str, Any] = {
    "resourceType": "StructureDefinition",
    "id": "animal",
    "url": "http://here.example/StructureDefinition/animal",
    "name": "Animal",
    "status": "active",
    "fhirVersion": "4.0.1",
    "kind": "resource",
    "abstract": False,
    "type": "Observation",
    "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Observation",
    "derivation": "constraint",
    "differential": {
        "element": [
            {
                "id": "Observation.code",
                "path": "Observation.code",
                "binding": {"strength": "required", "valueSet": HERE["url"]},
            }
        ]
    },
}


def animal(code: str) -> dict[str, Any]:
    return {**observation(code), "meta": {"profile": [PROFILE["url"]]}}


def test_a_required_binding_to_codes_that_are_only_there_is_enforced(pair: Pair) -> None:
    assert pair.here.put("StructureDefinition/animal", PROFILE).status_code == 201
    assert pair.here.post("Observation", animal("cow")).status_code == 201
    refused = pair.here.post("Observation", animal("stone"))
    assert refused.status_code == 422
    assert "stone" not in refused.text


def test_during_an_outage_a_required_binding_is_a_warning(cut_off: Fhir) -> None:
    assert cut_off.put("StructureDefinition/animal", PROFILE).status_code == 201
    outcome = cut_off.post("Observation", animal("stone"), Prefer="return=OperationOutcome")
    assert outcome.status_code == 201, outcome.text
    severities = {issue["severity"] for issue in outcome.json["issue"]}
    assert "warning" in severities
    assert "error" not in severities


def test_an_outage_fails_no_write(cut_off: Fhir) -> None:
    for number in range(5):
        assert cut_off.post("Observation", observation(f"c{number}")).status_code == 201


def test_a_terminology_server_that_hangs_delays_a_write_no_longer_than_its_timeout(
    mongo_uri: str,
) -> None:
    timeout_s = 0.4
    hanging = threading.Event()

    def hang(_environ: Any, start_response: Any) -> list[bytes]:
        hanging.wait(20)
        start_response("200 OK", [])
        return [b"{}"]

    listening = make_server("127.0.0.1", 0, hang, threaded=True)
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{listening.server_port}/fhir"
    here = application(mongo_uri, terminology_server=base, terminology_timeout_s=timeout_s)
    started = time.monotonic()
    for number in range(3):
        assert here.post("Observation", observation(f"d{number}")).status_code == 201
    asked = f"ValueSet/$validate-code?url={MAMMALS}&system={SYSTEM}&code=cow"
    assert here.get(asked).status_code == 404
    # Far above four times the timeout, and far below the 20 s for which each question hangs.
    assert time.monotonic() - started < 10
    hanging.set()
    listening.shutdown()
    listening.server_close()


@pytest.mark.parametrize(
    "address", ["secret/fhir", "ftp://secret", "http://", "https://[", "https://secret?x=1"]
)
def test_an_address_that_is_no_web_address_is_refused_without_repeating_it(address: str) -> None:
    with pytest.raises(SettingsError) as error:
        Settings(terminology_server=address)
    assert "secret" not in str(error.value)
