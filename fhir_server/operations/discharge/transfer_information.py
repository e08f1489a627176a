"""$transfer-information: what those who take over need to know, the same day at latest (R63).

Lagen (2017:612) om samverkan vid utskrivning från sluten hälso- och sjukvård 3 kap. 1 §. What
secrecy holds back is recorded with the stay, and told to nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from fhir_server.fhir.outcome import FhirError, Issue, invalid
from fhir_server.fhir.parameters import Arguments
from fhir_server.interactions.answer import Answer
from fhir_server.interactions.together import Draft, write_together
from fhir_server.operations.contacts.assignment_edits import parts
from fhir_server.operations.discharge.discharge_messages import Ids, Message, answer, messages
from fhir_server.operations.discharge.stay_at_hand import (
    Moment,
    Stay,
    happened,
    organizations,
    refuse,
    stay_at_hand,
)
from fhir_server.operations.moments import now_of
from fhir_server.operations.operation import Call
from fhir_server.sweden import admission_notice, codes, stay_order
from fhir_server.sweden.elements import child, target

Resource = dict[str, Any]


def run(call: Call) -> Answer:
    """Send the information, and note it in the stay's timeline.

    Returns:
        Parameters: ``return``, the Encounter; ``communication`` for each unit; ``outcome`` where
        it came later than the day of discharge.

    Raises:
        FhirError: 400 for nothing to send and no reason; 422 for nobody to send it to, and for what
            is about another patient; 409 for a patient who never was in hospital.
    """
    arguments = call.arguments
    if not {"text", "content", "withheld"} & arguments.keys():
        raise invalid(
            "Give text or content, or say in withheld why nothing is sent.", "text", "required"
        )
    at, ids = happened(call), Ids()
    said: list[Issue] = []

    def draft() -> Sequence[Draft]:
        stay = stay_at_hand(call)
        said[:] = _checked(call, stay, at)
        payload = _payload(arguments)
        units = _units(arguments, stay) if payload else []
        message = Message(codes.UTSKRIVNINGSINFORMATION, arguments["by"], at, payload)
        return [stay.draft(_noted(arguments, at, units)), *messages(stay, units, message, ids)]

    return answer(write_together(call.context, draft), said)


def _checked(call: Call, stay: Stay, at: Moment) -> list[Issue]:
    # The day of discharge goes on after the patient has left.
    over = stay.encounter.get("status") == "finished"
    return refuse(
        admission_notice.concerns(stay.encounter),
        () if over else stay_order.under_way(stay.encounter),
        stay_order.in_time(stay.timeline, at.when, now_of(call.context), "at"),
        _of_others(call.arguments.get("content", []), stay),
        stay_order.transferred_in_time(stay.encounter, at.when),
    )


def _of_others(content: Iterable[Resource], stay: Stay) -> Iterator[Issue]:
    """Refuse what is not about the patient, by what the resource itself says.

    A resource that names nobody, such as a Binary, can't be told from one about somebody else.
    """
    for index, each in enumerate(content):
        aim = target(each)
        found = stay.finder.read(aim.literal) if aim.local else None
        about = {aim.literal} if aim.resource_type == "Patient" else set()
        for name in ("subject", "patient", "for", "beneficiary"):
            about.add(target(child(found or {}, name)).literal)
        if about - {""} != {stay.patient_reference}:
            yield stay_order.about_another(f"content[{index}]")


def _payload(arguments: Arguments) -> list[Resource]:
    payload: list[Resource] = []
    if "text" in arguments:
        payload.append({"contentString": arguments["text"]})
    payload += [{"contentReference": each} for each in arguments.get("content", [])]
    return payload


def _units(arguments: Arguments, stay: Stay) -> list[str]:
    """Give who gets it.

    Raises:
        FhirError: 422, nobody does, or a unit that may not.
    """
    if "recipient" not in arguments:
        if stay.told:
            return stay.told
        text = "No unit has got an inskrivningsmeddelande: say in recipient who takes over."
        issue = Issue("error", "business-rule", text, "recipient", (codes.SAMVL_3_1.coding,))
        raise FhirError(issue, status=422)
    given = organizations(arguments["recipient"], stay.finder, "recipient")
    chosen, issues = admission_notice.recipients([], given, (), stay.finder.read)
    refuse(issues)
    return chosen


def _noted(arguments: Arguments, at: Moment, units: Sequence[str]) -> Resource:
    told = parts(
        codes.INFORMATION_TRANSFERRED,
        at=("valueDateTime", at.text),
        by=("valueReference", arguments["by"]),
    )
    told["extension"] += [{"url": "to", "valueReference": {"reference": each}} for each in units]
    if "withheld" in arguments:
        told["extension"].append({"url": "withheld", "valueString": arguments["withheld"]})
    return told
