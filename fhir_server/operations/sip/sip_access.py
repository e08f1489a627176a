"""$sip-access: what of a SIP the person's consent lets each actor see (R78, R94, R100).

The rule is in `fhir_server.sweden.sharing`. Whose plan it is may ask for every actor, another unit
for itself.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from fhir_server.fhir import json
from fhir_server.fhir.outcome import operation_outcome
from fhir_server.interactions.answer import Answer
from fhir_server.operations.moments import now_of, require_day_or_moment
from fhir_server.operations.operation import Call
from fhir_server.operations.sip.disclosures import Reading, handed_out
from fhir_server.operations.sip.sip_at_hand import plan_at_hand
from fhir_server.sweden.elements import target
from fhir_server.sweden.periods import STOCKHOLM, bounds
from fhir_server.sweden.sharing import Disclosure

Resource = dict[str, Any]


def run(call: Call) -> Answer:
    """Give ``access`` for the actor, or for each who is concerned.

    Raises:
        FhirError: 404 or 410 for no plan, 422 for one of another kind.
    """
    at = _moment(call)
    handed = handed_out(call.context, call.id or "", now_of(call.context))
    plan = handed.plan if handed else plan_at_hand(call.context, call.id)[1]
    reading = Reading(call.context, plan)
    asked = call.arguments.get("actor")
    if asked is not None:
        actors = [target(asked).literal]
    else:
        actors = [handed.actor] if handed else reading.actors()
    found = [{"name": "access", "part": _parts(actor, reading.of(actor, at))} for actor in actors]
    return Answer(200, body=json.dump({"resourceType": "Parameters", "parameter": found}))


def _moment(call: Call) -> dt.datetime:
    at = call.arguments.get("at")
    named = bounds(require_day_or_moment(at, "at")) if at else None
    return named[0] if named else now_of(call.context)


def _parts(actor: str, granted: Disclosure) -> list[Resource]:
    found: list[Resource] = [
        {"name": "actor", "valueReference": {"reference": actor}},
        {"name": "allowed", "valueBoolean": granted.allowed},
    ]
    found += [{"name": "information", "valueCode": each} for each in sorted(granted.classes)]
    if granted.until is not None:
        until = granted.until.astimezone(STOCKHOLM).isoformat(timespec="milliseconds")
        found.append({"name": "until", "valueInstant": until})
    if granted.why:
        found.append({"name": "why", "resource": operation_outcome(granted.why)})
    return found
