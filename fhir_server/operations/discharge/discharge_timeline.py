"""$discharge-timeline: what is due when in a discharge, and who pays; of a stay, or of a unit.

R54–R74. Every step with its deadline, whether it was met, and the paragraph.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from fhir_server.fhir import json
from fhir_server.interactions.answer import Answer
from fhir_server.interactions.context import Context
from fhir_server.interactions.read import read
from fhir_server.operations.discharge import stay_page, unit_discharges
from fhir_server.operations.discharge.discharge_cases import Case, cases
from fhir_server.operations.discharge.discharge_step_parts import coding, step_parts, told
from fhir_server.operations.moments import now_of
from fhir_server.operations.operation import Call
from fhir_server.pages import web
from fhir_server.sweden import codes
from fhir_server.sweden.discharge import countable
from fhir_server.sweden.payment import Liability
from fhir_server.sweden.periods import INSTANT, bounds

Resource = dict[str, Any]


def run(call: Call) -> Answer:
    """Give the timeline of a stay, or of all stays that a unit has to do with.

    Returns:
        Parameters for an Encounter, a searchset Bundle for an Organization; or a page.

    Raises:
        FhirError: 404 or 410 for no such stay or unit; 400 for a cursor that is none; 403 for
            a unit with too many stays.
    """
    at = moment_of(call)
    if call.resource_type == "Organization":
        return unit_discharges.answer(call, at)
    stored = read(call.context, "Encounter", call.id or "").stored
    encounter: Resource = json.parse(stored.body if stored and stored.body else b"{}")
    [case] = cases(call.context, [encounter], at)
    if call.media_type == web.MEDIA_TYPE:
        return stay_page.answer(call, case, at)
    return Answer(200, body=json.dump(_parameters(call.context, case, at)))


def moment_of(call: Call) -> dt.datetime:
    """Give the moment asked about, the last one of a day; now where none is."""
    asked = bounds(call.arguments.get("at"))
    return countable(asked[1] - INSTANT) if asked else now_of(call.context)


def _parameters(context: Context, case: Case, at: dt.datetime) -> Resource:
    zone = context.server.settings.zone
    parameter: list[Resource] = [{"name": "at", "valueDateTime": told(at, zone)}]
    parameter += [{"name": "step", "part": step_parts(each, zone)} for each in case.steps]
    parameter.append({"name": "paymentLiability", "part": _payment(case.liability(at))})
    return {"resourceType": "Parameters", "parameter": parameter}


def _payment(found: Liability) -> list[Resource]:
    parts: list[Resource] = [
        {"name": "status", "valueCode": found.status},
        {"name": "agreement", "valueString": found.agreement},
    ]
    if found.enters is not None:
        parts.append({"name": "enters", "valueDate": found.enters.isoformat()})
    parts.append({"name": "days", "valueUnsignedInt": found.days})
    if found.amount is not None:
        whole = found.amount == found.amount.to_integral_value()
        value = int(found.amount) if whole else float(found.amount)
        parts.append({"name": "amount", "valueMoney": {"value": value, "currency": "SEK"}})
    parts.append({"name": "paragraph", "valueCoding": coding(codes.SAMVL_5_1)})
    parts += [{"name": "explanation", "valueString": line} for line in found.explanation]
    return parts
