"""$document: a Composition, or a CarePlan, and all that it refers to, as one document Bundle.

Source: https://hl7.org/fhir/R4/composition-operation-document.html,
https://hl7.org/fhir/R4/documents.html
"""

from __future__ import annotations

import datetime as dt
import functools
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from fhir_server.fhir import json
from fhir_server.fhir.outcome import FhirError, Issue, has_errors, invalid
from fhir_server.fhir.reference import LocalReference, local
from fhir_server.interactions.answer import Answer
from fhir_server.interactions.context import Context
from fhir_server.interactions.create import create
from fhir_server.interactions.read import read, vread
from fhir_server.operations.moments import now_of
from fhir_server.operations.operation import Call
from fhir_server.operations.sip.disclosures import handed_out
from fhir_server.operations.written.plan_composition import composition_of
from fhir_server.operations.written.plan_copy import copy_of, for_reader, whole_copy
from fhir_server.operations.written.writing_answer import more_about, rendered
from fhir_server.sweden.elements import target

Resource = dict[str, Any]

# The elements whose targets a document must hold (documents.html#content).
PARTS = ("subject", "encounter", "author", "custodian")
LED_BY = {
    "PractitionerRole": ("practitioner", "organization"),
    "CareTeam": ("managingOrganization",),
}


def run(call: Call) -> Answer:
    """Give the document; with ``persist`` store it too.

    Raises:
        FhirError: 404 or 410 for what does not exist; 403 where the recipient may not have it; 422
            where something that the document must hold is not on this server.
    """
    if call.arguments.get("persist") and (call.by_get or call.media_type):
        raise invalid("persist stores the Bundle: POST, and ask for no page.", "persist")
    if "graph" in call.arguments:
        raise invalid("This server has no GraphDefinitions: leave graph out.", "graph")
    call = _handed_out(call)
    stored = read(call.context, call.resource_type or "", call.id or "").stored
    source: Resource = json.parse(stored.body if stored and stored.body else b"{}")
    if source["resourceType"] == "Composition":
        return _answer(call, Document(call.context).of(source, _address(call, source)))
    if call.media_type:
        own = more_about(source) if call.by_get else ()
        return rendered(call, copy_of(call, source).writing, "samordnad-plan", own)
    return _answer(call, _of_plan(call, source))


def _handed_out(call: Call) -> Call:
    """Give a call for another's plan as one for what the consent hands out to who asks (R94)."""
    if call.resource_type != "CarePlan":
        return call
    found = handed_out(call.context, call.id or "", now_of(call.context))
    if found is None:
        return call
    if call.arguments.get("persist"):
        text = "A copy that another hands out to you is not stored as your own: leave persist out."
        raise FhirError(Issue("error", "forbidden", text, "persist"))
    own = {"reference": found.actor}
    if target(call.arguments.get("recipient", own)).literal != found.actor:
        text = f"The plan is handed out to {found.actor}, and to no other: leave recipient out."
        raise FhirError(Issue("error", "forbidden", text, "recipient"))
    return replace(call, context=found.context, arguments={**call.arguments, "recipient": own})


def _answer(call: Call, bundle: Resource) -> Answer:
    if call.arguments.get("persist"):
        return create(call.context, "Bundle", bundle)
    return Answer(200, body=json.dump(bundle))


def _of_plan(call: Call, plan: Resource) -> Resource:
    """Give the document about a plan: whole, or what the recipient may have of it."""
    access = call.context.store.access
    partial = not access.principal.unrestricted
    if "recipient" not in call.arguments and not access.asks_as_person:
        made = whole_copy(call, plan)
        document = Document(call.context, partial=partial)
        return document.of(composition_of(plan, made.writing.sections))
    made = copy_of(call, plan)
    document = Document(call.context, functools.partial(for_reader, copy=made), partial=partial)
    return document.of(composition_of(made.told.source, made.writing.sections))


def _address(call: Call, resource: Resource) -> str:
    return f"{call.context.base}/{resource['resourceType']}/{resource['id']}"


class Document:
    """Gathers what belongs to a document, each resource once.

    Args:
        context: the request.
        shape: gives what the reader may have of a resource; None for nothing of it.
        partial: the document may lack what is not there for who asks.
    """

    def __init__(
        self,
        context: Context,
        shape: Callable[[Resource], Resource | None] = lambda each: each,
        *,
        partial: bool = False,
    ) -> None:
        self._context = context
        self._partial = partial
        self._shape = shape
        self._entries: dict[str, Resource] = {}
        self._missing: list[str] = []
        self._cut = False

    def of(self, composition: Resource, address: str = "") -> Resource:
        """Give the document about a Composition.

        Args:
            composition: stored, or made for the document.
            address: of the stored one.

        Raises:
            FhirError: 422 where something that it must hold is not on this server.
        """
        self._entries[address or uuid.uuid4().urn] = composition
        for reference in references(composition):
            self._follow(reference)
        if self._missing:
            raise self._incomplete()
        now = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
        bundle = {
            "resourceType": "Bundle",
            "identifier": {"system": "urn:ietf:rfc:3986", "value": uuid.uuid4().urn},
            "type": "document",
            "timestamp": now.replace("+00:00", "Z"),
            "entry": [{"fullUrl": url, "resource": r} for url, r in self._entries.items()],
        }
        # What is cut is no longer all that its profile asks for, and says so (SUBSETTED).
        return bundle if self._cut else self._checked(bundle)

    def _checked(self, bundle: Resource) -> Resource:
        issues = self._context.server.validator.validate(json.plain(json.dump(bundle)))
        if has_errors(issues):
            raise FhirError(*(issue for issue in issues if has_errors([issue])), status=422)
        return bundle

    def _follow(self, reference: str) -> None:
        target = local(reference, self._context.base)
        if target is None:
            return  # contained, or on another server, which a reader has to ask
        resource = self._read(target)
        if resource is None:
            # What who asks may not see does not exist for them; their document is marked as cut.
            if self._partial:
                self._cut = True
            else:
                self._missing.append(reference)
            return
        address = f"{self._context.base}/{resource['resourceType']}/{resource['id']}"
        shaped = self._shape(resource)
        if address in self._entries or shaped is None:
            return
        self._entries[address] = shaped
        self._cut = self._cut or shaped != resource
        for onward in _around(shaped):
            self._follow(onward)

    def _read(self, target: LocalReference) -> Resource | None:
        try:
            if target.version:
                answer = vread(self._context, target.resource_type, target.id, target.version)
            else:
                answer = read(self._context, target.resource_type, target.id)
        except FhirError:
            return None
        resource: Resource = json.parse(answer.content or b"{}")
        return resource

    def _incomplete(self) -> FhirError:
        listed = ", ".join(self._missing[:20])
        text = f"The document must hold what is not on this server: {listed}. Store it first."
        return FhirError(Issue("error", "incomplete", text))


def references(composition: Resource) -> Iterator[str]:
    """Give the references of a Composition whose targets belong to the document."""
    for name in PARTS:
        yield from _of(composition.get(name))
    for attester in composition.get("attester", ()):
        yield from _of(attester.get("party"))
    for event in composition.get("event", ()):
        yield from _of(event.get("detail"))
    for section in composition.get("section", ()):
        yield from _in_section(section)


def _in_section(section: Resource) -> Iterator[str]:
    for name in ("author", "focus", "entry"):
        yield from _of(section.get(name))
    for inner in section.get("section", ()):
        yield from _in_section(inner)


def _around(resource: Resource) -> Iterator[str]:
    """Give what tells who a position is, and who a team is."""
    if resource["resourceType"] not in LED_BY:
        return
    for participant in resource.get("participant", ()):
        yield from _of(participant.get("member"))
        yield from _of(participant.get("onBehalfOf"))
    for name in LED_BY[resource["resourceType"]]:
        yield from _of(resource.get(name))


def _of(value: Any) -> Iterator[str]:
    for reference in value if isinstance(value, list) else (value,):
        if isinstance(reference, dict) and isinstance(reference.get("reference"), str):
            yield reference["reference"]
