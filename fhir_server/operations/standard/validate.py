"""$validate: what is wrong with a resource, or what a write of it would say.

Source: https://hl7.org/fhir/R4/resource-operation-validate.html; docs/operations/validate.md
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fhir_server.fhir import json
from fhir_server.fhir.outcome import FhirError, Issue, invalid, operation_outcome
from fhir_server.interactions.amend import living
from fhir_server.interactions.answer import Answer
from fhir_server.interactions.prepare import require_resource
from fhir_server.interactions.rehearsal import rehearse_create, rehearse_delete, rehearse_update
from fhir_server.interactions.resolving import resolver
from fhir_server.operations.operation import Call

MODES = ("create", "update", "delete", "profile")
# What is about one resource that is there (R4: update and delete at instance level only).
ON_INSTANCE = ("update", "delete")
# What needs a resource in the request.
WITH_RESOURCE = ("create", "update")


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is to be validated, and how.

    Args:
        type: the type in the URL.
        mode: ``create``, ``update``, ``delete``, ``profile`` or nothing.
        resource: as it was sent; None for the one that is stored.
        profiles: the profile asked for, if any.
    """

    type: str
    mode: str | None
    resource: dict[str, Any] | None
    profiles: tuple[str, ...]


def run(call: Call) -> Answer:
    """Answer with an OperationOutcome, of status 200 also where the resource is wrong.

    Raises:
        FhirError: nothing could be validated: 400 for parameters that don't fit together or a
            profile that is not known, 404 and 410 for no such resource.
    """
    asked = _asked(call)
    return Answer(200, body=json.dump(operation_outcome(_issues(call, asked))))


def _issues(call: Call, asked: _Asked) -> list[Issue]:
    context, id_ = call.context, call.id or ""
    if asked.mode == "delete":
        return rehearse_delete(context, living(context, asked.type, id_).stored)
    if asked.mode == "create":
        return rehearse_create(context, asked.type, asked.resource, asked.profiles)
    if asked.mode == "update":
        return rehearse_update(context, asked.type, id_, asked.resource, asked.profiles)
    resource = asked.resource
    if resource is None:
        resource = json.parse(living(context, asked.type, id_).stored.body or b"{}")
    return _of_content(call, asked, resource)


def _of_content(call: Call, asked: _Asked, resource: dict[str, Any]) -> list[Issue]:
    """Validate in general: what a resource is by itself, not what the store makes of it."""
    try:
        require_resource(resource, asked.type)
    except FhirError as error:
        return list(error.issues)
    plain = json.plain(json.dump(resource))
    return call.context.server.validator.validate(
        plain,
        profiles=asked.profiles,
        resolve=resolver(call.context),
        best_practices=True,
    )


def _asked(call: Call) -> _Asked:
    given = call.arguments
    mode, profile = given.get("mode"), given.get("profile")
    asked = _Asked(
        call.resource_type or "",
        str(mode) if mode is not None else None,
        given.get("resource"),
        (str(profile),) if profile is not None else (),
    )
    if asked.mode not in (None, *MODES):
        text = f"mode must be one of {', '.join(MODES)}."
        raise FhirError(Issue("error", "code-invalid", text, "mode"), status=400)
    if asked.mode in ON_INSTANCE and call.id is None:
        text = f"mode={asked.mode} is about one resource: ask at [type]/[id]/$validate."
        raise invalid(text, "mode")
    if asked.resource is None and (call.id is None or asked.mode in WITH_RESOURCE):
        raise invalid("The parameter resource is required.", "resource", "required")
    if asked.mode == "profile" and not asked.profiles:
        raise invalid("mode=profile needs the parameter profile.", "profile", "required")
    _require_known(call, asked.profiles)
    return asked


def _require_known(call: Call, profiles: tuple[str, ...]) -> None:
    """Refuse a profile that can't be validated against: R4 asks for an error then."""
    definitions = call.context.server.definitions
    for url in profiles:
        if definitions.conformance("StructureDefinition", url) is None and not _is_base(call, url):
            text = (
                f"The profile {url[:200]} is not known here, so nothing was validated. "
                "GET [base]/StructureDefinition lists what is stored."
            )
            raise FhirError(Issue("error", "not-supported", text, "profile"), status=400)


def _is_base(call: Call, url: str) -> bool:
    """Tell whether a canonical is that of an R4 resource type, which is always validated."""
    base, _, name = url.partition("|")[0].rpartition("/")
    types = call.context.server.definitions.resource_types
    return base == "http://hl7.org/fhir/StructureDefinition" and name in types
