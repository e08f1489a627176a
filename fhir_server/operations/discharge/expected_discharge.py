"""$expected-discharge: another expected time, told to the units as soon as possible (R58).

Lagen (2017:612) om samverkan vid utskrivning från sluten hälso- och sjukvård 2 kap. 3 §. What was
said before stays in the timeline; the latest holds.
"""

from __future__ import annotations

from collections.abc import Sequence

from fhir_server.interactions.answer import Answer
from fhir_server.interactions.together import Draft, write_together
from fhir_server.operations.contacts.assignment_edits import parts
from fhir_server.operations.discharge.discharge_messages import (
    Ids,
    Message,
    answer,
    messages,
    spelled,
    text_payload,
)
from fhir_server.operations.discharge.discharge_tasks import moved
from fhir_server.operations.discharge.stay_at_hand import happened, refuse, stay_at_hand
from fhir_server.operations.moments import now_of, require_day_or_moment
from fhir_server.operations.operation import Call
from fhir_server.sweden import admission_notice, codes, stay_order


def run(call: Call) -> Answer:
    """Add the time, tell the units, move the deadline of their tasks; before a notice only add it.

    Returns:
        Parameters: ``return``, the Encounter; ``communication`` for each unit; ``task``.

    Raises:
        FhirError: 422 for a time that is over; 409 for the time that was told last, and for a
            patient who is not in hospital; with the paragraph.
    """
    time = require_day_or_moment(call.arguments["time"], "time")
    by, at, ids = call.arguments["by"], happened(call), Ids()

    def draft() -> Sequence[Draft]:
        stay = stay_at_hand(call)
        refuse(
            admission_notice.concerns(stay.encounter),
            stay_order.under_way(stay.encounter),
            stay_order.in_time(stay.timeline, at.when, now_of(call.context), "at"),
            stay_order.expected(stay.encounter, time, at.when, "time"),
            stay_order.another_time(stay.encounter, time),
        )
        said = parts(
            codes.EXPECTED_DISCHARGE,
            time=("valueDateTime", time),
            recorded=("valueDateTime", at.text),
            by=("valueReference", by),
        )
        message = Message(
            codes.ANDRAD_UTSKRIVNING,
            by,
            at,
            text_payload(
                f"Beräknad utskrivning är ändrad till {spelled(time)}.",
                _before(stay_order.latest_expected(stay.encounter)),
            ),
            answers=(codes.INSKRIVNINGSMEDDELANDE, codes.ANDRAD_UTSKRIVNING),
        )
        return [
            stay.draft(said),
            *messages(stay, stay.told, message, ids),
            *moved(stay, time, at),
        ]

    return answer(write_together(call.context, draft))


def _before(told: str) -> str:
    return f"Tidigare angiven tid: {spelled(told)}." if told else ""
