"""$ready-for-discharge, $withdraw-ready-for-discharge: clocks start, and are reset (R61, R62).

Lagen (2017:612) om samverkan vid utskrivning från sluten hälso- och sjukvård 3 kap. 1 §. From the
notice that holds, the days of the kallelse (R65) and of the payment liability (R70) are counted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from fhir_server import swedish
from fhir_server.fhir import json
from fhir_server.fhir.outcome import Issue
from fhir_server.interactions.answer import Answer
from fhir_server.interactions.context import Context
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
from fhir_server.operations.discharge.discharge_tasks import cancelled
from fhir_server.operations.discharge.stay_at_hand import (
    Moment,
    Stay,
    happened,
    refuse,
    stay_at_hand,
)
from fhir_server.operations.moments import now_of
from fhir_server.operations.operation import Call
from fhir_server.storage.records import StoredResource
from fhir_server.sweden import admission_notice, codes, stay_order
from fhir_server.sweden.elements import child, target, text

Resource = dict[str, Any]

NO_LONGER_READY = "Patienten är inte längre utskrivningsklar."

_UNANSWERED = ("draft", "requested", "received", "ready")
_NOT_HELD = ("proposed", "pending", "booked", "waitlist")


def ready(call: Call) -> Answer:
    """Tell the units that the patient is utskrivningsklar.

    Returns:
        Parameters: ``return``, the Encounter; ``communication`` for each unit.

    Raises:
        FhirError: 422 without an inskrivningsmeddelande, or for a time in the wrong order; 409
            where it is said already, or the patient is not in hospital; with the paragraph.
    """
    by, at, ids = call.arguments["by"], happened(call), Ids()

    def draft() -> Sequence[Draft]:
        stay = stay_at_hand(call)
        _require(call, stay, at)
        refuse(stay_order.becomes_ready(stay.timeline, at.when))
        lines = text_payload(f"Patienten är utskrivningsklar sedan {spelled(at.when)}.")
        message = Message(codes.UTSKRIVNINGSKLAR, by, at, lines)
        said = _at_by(codes.DISCHARGE_READY, by, at)
        return [stay.draft(said), *messages(stay, stay.told, message, ids)]

    return answer(write_together(call.context, draft))


def withdraw(call: Call) -> Answer:
    """Tell the units that the patient is no longer utskrivningsklar, and call off what rests on it.

    Returns:
        Parameters: ``return``, the Encounter; ``communication`` for each unit; ``task`` and
        ``appointment``, cancelled.

    Raises:
        FhirError: 409 where nothing was said that could be taken back, or the patient is not in
            hospital; 422 for a time before it was said; with the paragraph.
    """
    by, at, ids = call.arguments["by"], happened(call), Ids()
    advice: list[Issue] = []

    def draft() -> Sequence[Draft]:
        stay = stay_at_hand(call)
        _require(call, stay, at)
        refuse(stay_order.is_withdrawn(stay.timeline, at.when))
        lines = text_payload(NO_LONGER_READY, swedish.sentence(call.arguments.get("reason", "")))
        message = Message(
            codes.UTSKRIVNINGSKLAR_ATERTAGEN, by, at, lines, answers=(codes.UTSKRIVNINGSKLAR,)
        )
        said = _at_by(codes.DISCHARGE_READY_WITHDRAWN, by, at)
        calls, advice[:] = _calls_off(call.context, stay, at)
        return [stay.draft(said), *messages(stay, stay.told, message, ids), *calls]

    return answer(write_together(call.context, draft), advice)


def _require(call: Call, stay: Stay, at: Moment) -> None:
    refuse(
        admission_notice.concerns(stay.encounter),
        stay_order.under_way(stay.encounter),
        stay_order.in_time(stay.timeline, at.when, now_of(call.context), "at"),
    )


def _at_by(url: str, by: Resource, at: Moment) -> Resource:
    return parts(url, at=("valueDateTime", at.text), by=("valueReference", by))


def _calls_off(context: Context, stay: Stay, at: Moment) -> tuple[list[Draft], list[Issue]]:
    """Cancel the kallelser to a meeting that nobody has agreed to, with the meeting (R62, R65).

    Whom somebody has answered may be held all the same: that is for people to say.
    """
    meetings: defaultdict[str, list[tuple[StoredResource, Resource]]] = defaultdict(list)
    for stored, task in stay.open_tasks(codes.KALLELSE):
        meetings[target(child(task, "focus")).literal].append((stored, task))
    drafts: list[Draft] = []
    standing = 0
    for focus, tasks in sorted(meetings.items()):
        if any(text(task, "status") not in _UNANSWERED for _, task in tasks):
            standing += 1
            continue
        drafts += [Draft(cancelled(t, NO_LONGER_READY, at), s.id, s) for s, t in tasks]
        drafts += _meeting_off(context, focus)
    return drafts, [_stands()] if standing else []


def _meeting_off(context: Context, focus: str) -> Iterator[Draft]:
    type_, _, id_ = focus.partition("/")
    if type_ != "Appointment":
        return
    stored = context.store.read(type_, id_)
    meeting = json.parse(stored.body) if stored is not None and stored.body is not None else {}
    if stored is not None and meeting.get("status") in _NOT_HELD:
        changed = {"status": "cancelled", "cancelationReason": {"text": NO_LONGER_READY}}
        yield Draft({**meeting, **changed}, stored.id, stored)


def _stands() -> Issue:
    return Issue(
        "information",
        "informational",
        "Somebody has agreed to a SIP meeting of this stay, so it stands. Look whether it can be "
        "held; else cancel it.",
        "Encounter",
        (codes.SAMVL_4_3.coding,),
    )
