"""The definitions and the means to write FHIRPath patches, for all tests of this folder."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from fhir_server.fhir import json
from fhir_server.interactions.patches.fhirpath_patch import FhirPathPatch
from fhir_server.profiles.definitions import Definitions

Apply = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def definitions() -> Definitions:
    return Definitions.load()


@pytest.fixture(scope="session")
def apply(definitions: Definitions) -> Apply:
    """Apply operations, as `operation` writes them, to a resource."""

    def apply(resource: dict[str, Any], *operations: dict[str, Any]) -> dict[str, Any]:
        before = json.copy(resource)
        parameters = {"resourceType": "Parameters", "parameter": list(operations)}
        after = FhirPathPatch(definitions, parameters).apply(resource)
        assert resource == before, "the resource given was changed"
        return after

    return apply
