"""$sip-access: what of a SIP the person's consent lets each actor see (R78, R94, R100).

The rule is in `fhir_server.sweden.sharing`. There is no login yet: who asks is not checked, and
whom is asked about is named.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from fhir_server.fhir import json
from fhir_server.fhir.outcome import operation_outcome
from fhir_server.interactions.answer import Answer
from fhir_server.operations.moments import now_of, require_day_or_moment
from fhir_server.operations.operation import Call, Operation
from fhir_server.operations.sip.disclosures import Reading
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
    _, plan = plan_at_hand(call.context, call.id)
    reading = Reading(call.context, plan)
    asked = call.arguments.get("actor")
    actors = [target(asked).literal] if asked else reading.actors()
    at = _moment(call)
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


SIP_ACCESS = Operation("sip-access", run)
