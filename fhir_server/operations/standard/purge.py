"""$purge: destroys what is kept about a person, by a decision of law. docs/operations/purge.md

R115. Patientdatalagen (2008:355) 3 kap. 17 § and 8 kap. 4 §; GDPR article 17.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

from fhir_server.bulk.purge import Order, Purged, Purging
from fhir_server.fhir import json
from fhir_server.fhir.outcome import FhirError, Issue, invalid
from fhir_server.fhir.reference import local
from fhir_server.interactions.answer import Answer
from fhir_server.interactions.context import Context
from fhir_server.operations.operation import Call
from fhir_server.search.search_state import LAYOUT
from fhir_server.storage.mongo_purge import Purge
from fhir_server.storage.mongo_search_state import SearchStates
from fhir_server.sweden import retention

RIGHT = "purge"


def run(call: Call) -> Answer:
    """Destroy it, or tell what would be destroyed.

    Returns:
        Parameters: what went by type, what stays and why, what refers to what is gone, and what was
        destroyed before.

    Raises:
        FhirError: 403 without the right to it; 400 for a decision that names a person; 422 for a
            gallring of what must be kept; 404 where there is nothing and never was; 409 where
            labels are missing.
    """
    context = call.context
    _require_right(context)
    _require_labels(context)
    order = _order(call)
    context.store.trace.patients.add(order.person)
    purging = Purging(context, order)
    outcome = purging.rehearse() if call.arguments.get("dryRun") is True else purging.run()
    if not (outcome.known or outcome.earlier):
        raise FhirError(Issue("error", "not-found", f"There is nothing about {order.person}."))
    return Answer(200, body=json.dump({"resourceType": "Parameters", "parameter": _told(outcome)}))


def _require_right(context: Context) -> None:
    principal = context.store.access.principal
    if not principal.unrestricted and RIGHT not in principal.rights:
        text = "$purge is for administrators whose token has the right purge."
        raise FhirError(Issue("error", "forbidden", text))


def _require_labels(context: Context) -> None:
    """Refuse where resources don't say yet whom they are about: they would be missed."""
    state = SearchStates(context.store.collections).read()
    if state is not None and state.layout < LAYOUT:
        text = "Index all resources anew first: fhir-server reindex --all."
        raise FhirError(Issue("error", "conflict", text), status=409)


def _order(call: Call) -> Order:
    arguments = call.arguments
    decision, basis = str(arguments["decision"]).strip(), str(arguments["basis"])
    if not decision or retention.names_a_person(decision):
        text = "decision is the reference number of the decision, without a personal number."
        raise invalid(text, "decision", "value")
    today = dt.datetime.now(call.context.server.settings.zone).date()
    before = _day(arguments.get("before"))
    refused = retention.too_early(basis, before, today)
    if refused is not None:
        raise FhirError(refused, status=422)
    principal = call.context.store.access.principal
    return Order(
        person=f"{call.resource_type}/{call.id}",
        decision=decision,
        basis=basis,
        by=principal.person or principal.id,
        resources=tuple(_listed(call)),
        before=retention.purge_before(basis, before, today),
    )


def _day(text: str | None) -> dt.date | None:
    if text is None:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        text = "before must be a day such as 2016-11-30."
        raise invalid(text, "before", "value") from None


def _listed(call: Call) -> Iterator[str]:
    for each in call.arguments.get("resource", ()):
        found = local(str(each.get("reference", "")), call.context.base)
        if found is None:
            raise invalid("resource must refer to a resource of this server.", "resource", "value")
        yield str(found)


def _told(outcome: Purged) -> list[dict[str, Any]]:
    parameter = [
        _group(
            "purged",
            type={"valueCode": type_},
            resources={"valueUnsignedInt": outcome.resources.get(type_, 0)},
            versions={"valueUnsignedInt": versions},
        )
        for type_, versions in sorted(outcome.versions.items())
    ]
    parameter += [
        _group("kept", reference=_to(reference), reason={"valueString": reason})
        for reference, reason in outcome.kept.items()
    ]
    parameter += [{"name": "referrer", **_to(each)} for each in outcome.referrers]
    parameter.append({"name": "results", "valueUnsignedInt": outcome.results})
    parameter += [_earlier(each) for each in outcome.earlier]
    return parameter


def _earlier(note: Purge) -> dict[str, Any]:
    return _group(
        "earlier",
        decision={"valueString": note.decision},
        basis={"valueCode": note.basis},
        at={"valueInstant": note.began.isoformat(timespec="milliseconds")},
        resources={"valueUnsignedInt": sum(note.resources.values())},
        complete={"valueBoolean": note.complete},
    )


def _group(name: str, **parts: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": name, "part": [{"name": part, **value} for part, value in parts.items()]}


def _to(reference: str) -> dict[str, Any]:
    return {"valueReference": {"reference": reference}}
