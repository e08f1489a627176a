"""The engine on R4's definitions, and the surroundings of the samples."""

from __future__ import annotations

from typing import Any

import pytest

from fhir_server.fhirpath.engine import Engine, Environment
from fhir_server.profiles.definitions import Definitions

REMOTE = {"resourceType": "Practitioner", "id": "remote"}
KNOWN = {"http://example.org/vs": True, "http://example.org/profile": True}


def verdict(url: str) -> bool | None:
    return None if url.endswith("unknown") else KNOWN.get(url, False)


def environment_of(resource: dict[str, Any]) -> Environment:
    """Give surroundings that know one other resource, two value sets and two profiles."""
    return Environment(
        resource,
        resource,
        resolve=lambda reference: REMOTE if reference == "Practitioner/remote" else None,
        member_of=lambda url, _value: verdict(url),
        conforms_to=lambda _resource, url: verdict(url),
        subsumes=lambda _system, above, below: above == below,
        html_is_safe=lambda text: "<script" not in text,
        variables={
            "given": 5,
            "several": [{"code": "a", "valueString": "v"}, "text"],
            "nothing": None,
            "weight": 1.5,
        },
    )


@pytest.fixture(scope="session")
def definitions() -> Definitions:
    return Definitions.load()


@pytest.fixture(scope="session")
def engine(definitions: Definitions) -> Engine:
    return Engine(definitions)
