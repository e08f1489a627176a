"""On whose behalf a server takes part in an exchange."""

from __future__ import annotations

from fhir_server.fhir.outcome import FhirError, Issue
from fhir_server.fhir.parameters import Arguments
from fhir_server.fhir.reference import local
from fhir_server.operations.exchange.names import Names


def organization_named(names: Names, arguments: Arguments, name: str) -> str:
    """Give ``Organization/[id]`` of a parameter; empty where it is left out.

    Raises:
        FhirError: 422, there is no such Organization on this server.
    """
    if name not in arguments:
        return ""
    here = local(str(arguments[name].get("reference", "")))
    if here is None or here.resource_type != "Organization" or not names.resource(str(here)):
        text = f"{name} must be an Organization on this server: Organization/[id]."
        raise FhirError(Issue("error", "not-found", text, name), status=422)
    return str(here)
