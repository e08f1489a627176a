"""$record-information: who told the patient what, when and how; or a relative, and why.

At an assignment: who the contact is and how to reach them (R10); at a patient: that a contact is
possible (R9). R11; patientlagen (2014:821) 3 kap. The rules stand in
`fhir_server.sweden.patient_information`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fhir_server.fhir.outcome import FhirError, Issue, has_errors
from fhir_server.fhir.parameters import Arguments
from fhir_server.interactions.answer import Answer
from fhir_server.interactions.finder import Finder
from fhir_server.interactions.prepare import new_id
from fhir_server.interactions.together import Draft, write_together
from fhir_server.operations.contacts.assignment_at_hand import named_contact, patient_of
from fhir_server.operations.contacts.assignment_edits import coded, parts
from fhir_server.operations.moments import now_text, require_day_or_moment
from fhir_server.operations.operation import Call
from fhir_server.operations.results import several_answer
from fhir_server.operations.subject import require_patient
from fhir_server.sweden import codes, patient_information

Resource = dict[str, Any]


def run(call: Call) -> Answer:
    """Store what was told, and note it on the assignment, together.

    Returns:
        Parameters: ``return``, the Communication; ``careTeam``, the assignment.

    Raises:
        FhirError: nobody was told, a relative without reason, or in the future; with the paragraph.
    """
    relatives = any(_is_relative(each) for each in call.arguments.get("recipient", []))
    said = list(
        patient_information.secrecy(call.arguments.get("secrecyPrevents"), relatives=relatives)
    )
    if has_errors(said):
        raise FhirError(*said)
    draft = _about_contact(call) if call.resource_type == "CareTeam" else _about_possibility(call)
    written = write_together(call.context, draft)
    named = list(zip(("return", "careTeam"), written.stored, strict=False))
    return several_answer(201, named, (*said, *written.issues))


def _about_contact(call: Call) -> Any:
    id_, at = new_id(), _at(call)

    def draft() -> Sequence[Draft]:
        stored, team = named_contact(call.context, call.id or "")
        if team.get("status") == "entered-in-error":
            text = f"{stored.reference} is entered in error: nobody is contact by it."
            raise FhirError(Issue("error", "conflict", text, "CareTeam.status"))
        told = _communication(call, patient_of(team), codes.WHO_IS_CONTACT, at)
        told["about"] = [{"reference": stored.reference}]
        if given := _information_given(call.arguments, at):
            team = {**team, "extension": [*team.get("extension", []), *given]}
        return [Draft(told, id_), Draft(team, stored.id, stored)]

    return draft


def _about_possibility(call: Call) -> Any:
    patient = f"Patient/{call.id}"
    require_patient(Finder(call.context.server, call.context.store), patient)
    told = _communication(call, patient, codes.CONTACT_IS_POSSIBLE, _at(call))
    id_ = new_id()
    return lambda: [Draft(told, id_)]


def _communication(call: Call, patient: str, category: str, at: str) -> Resource:
    arguments = call.arguments
    communication: Resource = {
        "resourceType": "Communication",
        "meta": {"profile": [codes.structure("patient-information-communication")]},
        "status": "completed",
        "category": [coded(codes.COMMUNICATION_CATEGORY_SYSTEM, category)],
        "medium": [coded(codes.INFORMATION_CHANNEL_SYSTEM, arguments["channel"])],
        "subject": {"reference": patient},
        "sent": at,
        "recipient": arguments.get("recipient"),
        "sender": arguments["by"],
        "reasonCode": [{"text": arguments["reason"]}] if "reason" in arguments else None,
        "payload": [{"contentString": arguments["text"]}] if "text" in arguments else None,
        "note": [{"text": arguments["adaptation"]}] if "adaptation" in arguments else None,
    }
    return {key: value for key, value in communication.items() if value}


def _information_given(arguments: Arguments, at: str) -> list[Resource]:
    """Give the extension information-given, once for each kind of recipient."""
    kinds = {
        "narstaende" if _is_relative(recipient) else "patient"
        for recipient in arguments.get("recipient", [])
    }
    return [
        parts(
            codes.INFORMATION_GIVEN,
            at=("valueDateTime", at),
            by=("valueReference", arguments["by"]),
            channel=("valueCode", arguments["channel"]),
            recipient=("valueCode", kind),
        )
        for kind in sorted(kinds)
    ]


def _is_relative(recipient: Resource) -> bool:
    return str(recipient.get("reference", "")).startswith("RelatedPerson/")


def _at(call: Call) -> str:
    at = call.arguments.get("at")
    return require_day_or_moment(at, "at") if at else now_text(call.context)
