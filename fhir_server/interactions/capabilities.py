"""capabilities: what this server does, from the declarations it is built on.

https://hl7.org/fhir/R4/http.html#capabilities, https://hl7.org/fhir/R4/capabilitystatement.html,
https://hl7.org/fhir/R4/terminologycapabilities.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from fhir_server import __version__
from fhir_server.fhir.outcome import invalid
from fhir_server.interactions.context import Server
from fhir_server.interactions.terminology_capabilities import terminology_part
from fhir_server.profiles.definitions import Definitions
from fhir_server.resources.resource_type import ResourceType
from fhir_server.search.criteria import COMPARATORS, modifiers
from fhir_server.search.parameters import Parameter

# The day this version's interface was settled; R4 requires a date.
RELEASED = "2026-11-22"

FORMATS = ("json", "xml", "application/fhir+json", "application/fhir+xml")
PATCH_FORMATS = (
    "application/json-patch+json",
    "application/xml-patch+xml",
    "application/fhir+json",
    "application/fhir+xml",
)
SYSTEM_INTERACTIONS = ("transaction", "batch", "search-system", "history-system")

# Parameters that belong to searches of any type, and that no table of a type has.
EVERYWHERE = (
    ("_filter", "special", "http://hl7.org/fhir/SearchParameter/filter", "A search expression."),
    ("_has", "special", "", "_has:Type:reference:parameter, nested to any depth."),
    ("_list", "special", "", "The id of a List; only what it names is found."),
    ("_type", "token", "", "At system level: types, separated by commas."),
)

# https://hl7.org/fhir/R4/capabilitystatement-definitions.html: what is trial use in R4, in a
# statement that is normative by and large.
TRIAL_USE = (
    "supportedProfile", "versioning", "readHistory", "updateCreate", "conditionalCreate",
    "conditionalRead", "conditionalUpdate", "conditionalDelete", "referencePolicy",
    "searchInclude", "searchRevInclude",
)  # fmt: skip
# https://hl7.org/fhir/R4/resourcelist.html: the concrete types that are normative.
NORMATIVE_TYPES = frozenset({
    "Binary", "Bundle", "CapabilityStatement", "CodeSystem", "Observation", "OperationDefinition",
    "OperationOutcome", "Parameters", "Patient", "StructureDefinition", "ValueSet",
})  # fmt: skip

Json = dict[str, Any]


def capabilities(server: Server, base: str, mode: str = "full") -> Json:
    """Give the statement that ``mode`` asks for.

    Args:
        server: the server's parts.
        base: the address of the FHIR interface.
        mode: full, normative or terminology.

    Raises:
        FhirError: 400 for another mode.
    """
    match mode:
        case "full":
            return capability_statement(server, base)
        case "normative":
            return normative(capability_statement(server, base))
        case "terminology":
            return terminology_capabilities(server, base)
    raise invalid("mode must be full, normative or terminology.", code="value")


def capability_statement(server: Server, base: str) -> Json:
    """Give the CapabilityStatement.

    Args:
        server: the server's parts.
        base: the address of the FHIR interface.
    """
    return {
        "resourceType": "CapabilityStatement",
        **_heading(server, base, "CapabilityStatement", "FhirServer"),
        "fhirVersion": "4.0.1",
        "format": list(FORMATS),
        "patchFormat": list(PATCH_FORMATS),
        "rest": [_rest(server)],
    }


def terminology_capabilities(server: Server, base: str) -> Json:
    """Give the TerminologyCapabilities.

    Args:
        server: the server's parts.
        base: the address of the FHIR interface.
    """
    return {
        "resourceType": "TerminologyCapabilities",
        **_heading(server, base, "TerminologyCapabilities", "FhirServerTerminology"),
        **terminology_part(server.terminology, server.definitions),
    }


def normative(statement: Json) -> Json:
    """Give a CapabilityStatement without what is trial use in R4, elements and types."""
    rest = statement["rest"][0]
    resources = [
        {key: value for key, value in resource.items() if key not in TRIAL_USE}
        for resource in rest["resource"]
        if resource["type"] in NORMATIVE_TYPES
    ]
    return {**statement, "rest": [{**rest, "resource": resources}]}


def _heading(server: Server, base: str, type_: str, name: str) -> Json:
    return {
        "id": "fhir-server",
        "url": f"{server.definitions.canonical}/{type_}/fhir-server",
        "version": __version__,
        "name": name,
        "title": "FHIR server for Swedish care coordination",
        "status": "active",
        "date": RELEASED,
        "kind": "instance",
        "software": {"name": "fhir-server", "version": __version__},
        "implementation": {
            "description": "Fast vårdkontakt and samordnad individuell plan (SIP) on FHIR R4",
            "url": base,
        },
    }


def _rest(server: Server) -> Json:
    definitions = server.conformance.current().definitions
    operations = definitions.operations()
    referring = _referring(server)
    compartments = [definitions.compartment(name) for name in definitions.resource_types]
    rest = {
        "mode": "server",
        "resource": [
            _resource(server, definitions, type_, operations, referring)
            for type_ in server.registry
        ],
        "interaction": [{"code": code} for code in SYSTEM_INTERACTIONS],
        "searchParam": [_everywhere(*parameter) for parameter in EVERYWHERE],
        "operation": [_operation(o) for o in operations if o.get("system")],
        "compartment": [compartment.url for compartment in compartments if compartment],
    }
    return _without_empty(rest)


def _resource(
    server: Server,
    definitions: Definitions,
    type_: ResourceType,
    operations: Sequence[Mapping[str, Any]],
    referring: Mapping[str, Sequence[str]],
) -> Json:
    name = type_.name
    supported = server.parser.supported_parameters(name)
    offers = partial(_offers, name)
    resource: Json = {
        "type": name,
        "supportedProfile": list(definitions.profile_urls(name)),
        "documentation": type_.about,
        "interaction": [{"code": code} for code in type_.interactions],
        **_policies(server),
        "searchInclude": ["*", f"{name}:*", *_references(server, name)],
        "searchRevInclude": ["*", *referring.get(name, ())],
        "searchParam": [_parameter(parameter) for parameter in supported.values()],
        "operation": [_operation(o) for o in operations if offers(o)],
    }
    return _without_empty(resource)


def _policies(server: Server) -> Json:
    settings = server.settings
    whole = settings.referential_integrity_on_write and settings.referential_integrity_on_delete
    deletes = settings.conditional_delete
    return {
        "versioning": "versioned-update",
        "readHistory": True,
        "updateCreate": settings.update_create,
        "conditionalCreate": True,
        "conditionalRead": "full-support",
        "conditionalUpdate": True,
        "conditionalDelete": "not-supported" if deletes == "off" else deletes,
        "referencePolicy": ["literal", "logical", *(["enforced"] if whole else [])],
    }


def _parameter(parameter: Parameter) -> Json:
    said: Json = {
        "name": parameter.code,
        "definition": parameter.definition.url,
        "type": parameter.definition.type,
        "documentation": _usage(parameter),
    }
    return _without_empty(said)


def _usage(parameter: Parameter) -> str:
    """Say how a parameter may be used: R4 has no element of its own for it."""
    taken = modifiers(parameter)
    types = [name for name in taken if name[:1].isupper()]
    # Any number of types would say no more than this.
    named = [f":{name}" for name in taken if name not in types] + [":[type]"] * bool(types)
    text = f"Modifiers: {', '.join(named)}." if named else ""
    if parameter.type in ("date", "number", "quantity"):
        text = f"{text} Prefixes: {', '.join(COMPARATORS)}.".strip()
    return text


def _everywhere(name: str, type_: str, url: str, about: str) -> Json:
    said = {"name": name, "definition": url, "type": type_, "documentation": about}
    return _without_empty(said)


def _references(server: Server, resource_type: str) -> list[str]:
    supported = server.parser.supported_parameters(resource_type)
    return [f"{resource_type}:{p.code}" for p in supported.values() if p.type == "reference"]


def _referring(server: Server) -> Mapping[str, Sequence[str]]:
    """Give, for each type, the references of all types that may point to it."""
    found: dict[str, list[str]] = {}
    for type_ in server.registry:
        for parameter in server.parser.supported_parameters(type_.name).values():
            if parameter.type == "reference":
                for target in parameter.targets:
                    found.setdefault(target, []).append(f"{type_.name}:{parameter.code}")
    return found


def _offers(resource_type: str, operation: Mapping[str, Any]) -> bool:
    named = operation.get("resource", [])
    below = operation.get("type") or operation.get("instance")
    return bool(below) and (resource_type in named or "Resource" in named)


def _operation(definition: Mapping[str, Any]) -> Json:
    return {"name": definition["code"], "definition": definition["url"]}


def _without_empty(element: Json) -> Json:
    # FHIR allows neither empty texts nor empty arrays.
    return {key: value for key, value in element.items() if value not in ("", [])}
