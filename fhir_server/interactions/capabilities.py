"""capabilities: what this server does, from the declarations it is built on.

https://hl7.org/fhir/R4/http.html#capabilities, https://hl7.org/fhir/R4/capabilitystatement.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fhir_server import __version__
from fhir_server.interactions.context import Server
from fhir_server.resources.resource_type import ResourceType

# The day this version's interface was settled; R4 requires a date.
RELEASED = "2026-11-22"


def capability_statement(server: Server, base: str) -> dict[str, Any]:
    """Give the CapabilityStatement.

    Args:
        server: the server's parts.
        base: the address of the FHIR interface.
    """
    canonical = server.definitions.canonical
    operations = server.definitions.operations()
    return {
        "resourceType": "CapabilityStatement",
        "id": "fhir-server",
        "url": f"{canonical}/CapabilityStatement/fhir-server",
        "version": __version__,
        "name": "FhirServer",
        "title": "FHIR server for Swedish care coordination",
        "status": "active",
        "date": RELEASED,
        "kind": "instance",
        "software": {"name": "fhir-server", "version": __version__},
        "implementation": {
            "description": "Fast vårdkontakt and samordnad individuell plan (SIP) on FHIR R4",
            "url": base,
        },
        "fhirVersion": "4.0.1",
        "format": ["json", "application/fhir+json"],
        "rest": [
            {
                "mode": "server",
                "documentation": "There is no authentication yet: keep the server on loopback, "
                "or behind something that authenticates.",
                "resource": [_resource(server, type_, operations) for type_ in server.registry],
                "interaction": [{"code": "batch"}, {"code": "transaction"}],
            }
        ],
    }


def _resource(
    server: Server, type_: ResourceType, operations: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    supported = server.parser.supported_parameters(type_.name)
    resource: dict[str, Any] = {
        "type": type_.name,
        "supportedProfile": [profile["url"] for profile in server.definitions.profiles(type_.name)],
        "documentation": type_.about,
        "interaction": [{"code": code} for code in type_.interactions],
        "versioning": "versioned-update",
        "readHistory": True,
        "updateCreate": True,
        "conditionalCreate": True,
        "conditionalRead": "not-supported",
        "conditionalUpdate": False,
        "conditionalDelete": "not-supported",
        "referencePolicy": ["literal", "logical", "local"],
        "searchParam": [
            {"name": p.code, "definition": p.definition.url, "type": p.definition.type}
            for p in supported.values()
        ],
        "operation": [
            {"name": o["code"], "definition": o["url"]}
            for o in operations
            if type_.name in o.get("resource", [])
        ],
    }
    return {key: value for key, value in resource.items() if value not in ("", [])}
