"""$expand: the codes that a value set contains, all of them or page by page.

Source: https://hl7.org/fhir/R4/valueset-operation-expand.html. docs/operations/expand.md
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fhir_server.fhir import json
from fhir_server.fhir.outcome import invalid
from fhir_server.interactions.answer import Answer
from fhir_server.operations.operation import Call
from fhir_server.operations.standard.expansion_format import expansion_json
from fhir_server.operations.standard.system_versions import require_versions, with_systems
from fhir_server.operations.standard.terminology_subjects import (
    answered,
    canonical,
    one_of,
    refuse,
    refuse_date,
    require_beside,
    stored,
    unknown,
)
from fhir_server.terminology.concepts import Expansion, ExpansionRequest

Resource = Mapping[str, Any]

# What the answer has of the value set beside its expansion, where it is not asked for whole.
HEADING = (
    "language", "url", "identifier", "version", "name", "title", "status", "experimental", "date",
    "publisher", "copyright", "immutable",
)  # fmt: skip
# Of the resource as it is stored, and its text: neither is true of the answer.
OF_THE_RESOURCE = ("id", "meta", "text", "expansion")
# They say how to read a value set that is here.
OF_THE_DEFINITION = (
    "exclude-system", "system-version", "check-system-version", "force-system-version",
)  # fmt: skip


def run(call: Call) -> Answer:
    """Expand a value set.

    Returns:
        The ValueSet with its expansion.

    Raises:
        FhirError: 400 for parameters that don't go together or are not supported; 404 for a value
            set that is not known; 422 for one that can't be expanded here; 403 too-costly for
            one that is too large.
    """
    refuse_date(call)
    refuse(call, ("context", "contextDirection"), "name the value set by url.")
    require_beside(call, "valueSetVersion", "url")
    wanted = _wanted(call)
    with answered():
        value_set, expansion = _expanded(call, wanted)
    require_versions(expansion, call.arguments)
    body = _heading(call, value_set)
    body["expansion"] = expansion_json(expansion, call.arguments, wanted)
    return Answer(200, body=json.dump(body))


def _wanted(call: Call) -> ExpansionRequest:
    given = call.arguments
    for name in ("offset", "count"):
        if given.get(name, 0) < 0:
            raise invalid(f"{name} must not be negative.", name, "value")
    return ExpansionRequest(
        filter=given.get("filter", ""),
        offset=given.get("offset", 0),
        count=given.get("count"),
        include_designations=given.get("includeDesignations", "designation" in given),
        active_only=given.get("activeOnly", False),
        exclude_nested=given.get("excludeNested", True) or given.get("excludeNotForUI", False),
        display_language=given.get("displayLanguage"),
    )


def _expanded(call: Call, wanted: ExpansionRequest) -> tuple[Resource, Expansion]:
    about = one_of(call, ("url", "valueSet"))
    if about == "url":
        reference = canonical(call, "url", "valueSetVersion")
        value_set = call.context.server.terminology.value_set(reference)
        if value_set is None:
            return _elsewhere(call, reference, wanted)
    else:
        value_set = call.arguments["valueSet"] if about else stored(call)
    return value_set, _here(call, with_systems(value_set, call.arguments), wanted)


def _here(call: Call, value_set: Resource, wanted: ExpansionRequest) -> Expansion:
    terminology = call.context.server.terminology
    if not call.arguments.get("excludeNotForUI"):
        return terminology.expand(value_set, wanted)
    # Which concepts are abstract is known once they are there: pages are cut afterwards.
    whole = terminology.expand(value_set, replace(wanted, offset=0, count=None))
    selectable = [item for item in whole.contains if not item.abstract]
    end = None if wanted.count is None else wanted.offset + wanted.count
    page = selectable[wanted.offset : end]
    return replace(whole, contains=page, total=len(selectable), offset=wanted.offset)


def _elsewhere(call: Call, reference: str, wanted: ExpansionRequest) -> tuple[Resource, Expansion]:
    """Ask the external server, if there is one, for a value set that nobody here knows."""
    refuse(call, OF_THE_DEFINITION, "the value set is not known here.")
    external = call.context.server.terminology.external
    found = external.expand(reference, wanted) if external is not None else None
    if found is None:
        raise unknown("The value set", "url")
    refuse(call, ("excludeNotForUI",), "the value set is another server's.")
    url, _, version = reference.partition("|")
    heading = {"url": url, "version": version} if version else {"url": url}
    return {**heading, "status": "unknown"}, found


def _heading(call: Call, value_set: Resource) -> dict[str, Any]:
    if call.arguments.get("includeDefinition"):
        kept = {name: value for name, value in value_set.items() if name not in OF_THE_RESOURCE}
        return {"resourceType": "ValueSet", **kept}
    kept = {name: value_set[name] for name in HEADING if name in value_set}
    return {"resourceType": "ValueSet", **kept}
