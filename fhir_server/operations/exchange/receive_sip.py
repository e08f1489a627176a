"""$receive-sip: a SIP from another server, made here or merged with the one that is here.

All in one transaction: people and units that are missing, the plan, its goals and consent, and the
Provenance that says who sent what. A Bundle that comes twice, or is sent again after a server died,
changes nothing the second time. R76, R78, R93, R112. docs/operations/receive-sip.md
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fhir_server.fhir import json
from fhir_server.fhir.bundle import raw
from fhir_server.fhir.outcome import FhirError, Issue, has_errors, invalid, operation_outcome
from fhir_server.interactions.answer import Answer, location
from fhir_server.interactions.prepare import new_id
from fhir_server.interactions.together import Draft, write_together
from fhir_server.operations.exchange.arrival import sent
from fhir_server.operations.exchange.ledger import last_receipt
from fhir_server.operations.exchange.meeting import Meeting, meet
from fhir_server.operations.operation import Call
from fhir_server.storage.records import StaleWrite, StoredResource
from fhir_server.storage.snapshot import Snapshot
from fhir_server.sweden.exchange_conflicts import said_of
from fhir_server.sweden.plan_revisions import Conflict

Resource = dict[str, Any]


def run(call: Call) -> Answer:
    """Take the plan.

    Returns:
        Parameters: ``return``, the plan; ``provenance``; ``conflict``; ``outcome``. 201 where the
        plan is new here.

    Raises:
        FhirError: 422, the Bundle is none of $export-sip, or the law has something against the
            plan as it would be; 409, it can't be told whom or what it means.
    """
    given = sent(_checked(call))
    id_ = new_id()
    met: list[Meeting] = []

    def draft() -> Sequence[Draft]:
        met[:] = [meet(call.context, given, call.arguments, id_)]
        return met[0].drafts

    def nothing_received_since(snapshot: Snapshot) -> None:
        context = call.context.inside(snapshot)
        for reference, before in met[0].receipts.items():
            if last_receipt(context, reference).get("id", "") != before:
                raise StaleWrite([reference])

    written = write_together(call.context, draft, before=nothing_received_since, tells_itself=True)
    return _answer(call, met[0], {each.reference: each for each in written.stored}, written.issues)


def _checked(call: Call) -> Resource:
    bundle: Resource | None = call.arguments.get("resource")
    if bundle is None or bundle.get("resourceType") != "Bundle":
        raise invalid("Send the Bundle that $export-sip gave.", "resource", "required")
    server = call.context.server
    issues = server.validator.validate(json.plain(json.dump(bundle)))
    # What our own profiles say of a plan, the law says with its paragraph as it is stored.
    own = server.definitions.canonical
    wrong = [i for i in issues if has_errors([i]) and not (i.profile or "").startswith(own)]
    if wrong:
        raise FhirError(*wrong)
    return bundle


def _answer(
    call: Call, meeting: Meeting, written: dict[str, StoredResource], warnings: Sequence[Issue]
) -> Answer:
    plan = written.get(meeting.plan) or call.context.store.read(*meeting.plan.split("/"))
    assert plan is not None  # noqa: S101 - it was written, or nothing had to be
    parameter: list[Resource] = [{"name": "return", "resource": raw(plan.body or b"{}")}]
    record = written.get(meeting.record)
    if record is not None:
        parameter.append({"name": "provenance", "resource": raw(record.body or b"{}")})
    parameter += [{"name": "conflict", "part": _parts(each)} for each in meeting.conflicts]
    issues = [*(said_of(each) for each in meeting.conflicts), *warnings]
    if issues:
        parameter.append({"name": "outcome", "resource": operation_outcome(issues)})
    body = json.dump({"resourceType": "Parameters", "parameter": parameter})
    where = location(plan) if meeting.new else None
    return Answer(201 if meeting.new else 200, body=body, location=where)


def _parts(conflict: Conflict) -> list[Resource]:
    parts: list[Resource] = [
        {"name": "unit", "valueString": conflict.unit},
        {"name": "kept", "valueCode": conflict.kept},
        {"name": "text", "valueString": said_of(conflict).text},
    ]
    if conflict.aside.value is not None:
        aside = json.dump(conflict.aside.value).decode()
        parts.append({"name": "aside", "valueString": aside})
    if conflict.aside.revision.by:
        parts.append({"name": "by", "valueReference": {"reference": conflict.aside.revision.by}})
    return parts
