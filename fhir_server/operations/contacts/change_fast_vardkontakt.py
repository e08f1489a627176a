"""$change-fast-vardkontakt: one contact takes over from another, by a decision.

One change of all: the old assignment ends with reason and decision, the new one begins at that very
moment, the Task that asked for it is done. A request that is refused is kept as a Task, and the
contact stays. R46-R48; hälso- och sjukvårdsförordningen (2017:80) 4 kap. 1 §.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fhir_server.fhir.outcome import FhirError, invalid
from fhir_server.fhir.parameters import Arguments
from fhir_server.interactions.answer import Answer
from fhir_server.interactions.context import Context
from fhir_server.interactions.finder import Finder
from fhir_server.interactions.prepare import new_id
from fhir_server.interactions.together import Draft, write_together
from fhir_server.operations.contacts import change_request
from fhir_server.operations.contacts.assignment_at_hand import (
    named_contact,
    require_begun,
    require_no_end_yet,
    require_open,
)
from fhir_server.operations.contacts.assignment_edits import coded, ended, parts, with_extension
from fhir_server.operations.moments import last_before, now_of, now_text, require_day_or_moment
from fhir_server.operations.operation import Call
from fhir_server.operations.results import several_answer
from fhir_server.sweden import codes, succession

Resource = dict[str, Any]

# What was said of the old contact alone: its time, its end, its handover, who told the patient, and
# what the patient answered. The wait is counted to the first contact only (R107).
_OF_THE_OLD = {
    codes.CHANGE_DECISION,
    codes.END_REASON,
    codes.HANDOVER,
    codes.INFORMATION_GIVEN,
    codes.NEED_IDENTIFIED,
    codes.PATIENT_DECISION,
    codes.PATIENT_PREFERENCE,
    codes.REPLACES_CONTACT,
}
_KEPT = ("category", "subject", "reasonCode", "reasonReference")


def run(call: Call) -> Answer:
    """Decide about a request for another contact.

    Returns:
        Parameters: ``return``, the assignment from now on; ``ended``, the one before; ``task``.

    Raises:
        FhirError: nobody decided, or the law has something against the new contact: the paragraph
            stands in the outcome; 409, the assignment has ended already.
    """
    for name in ("decision", "decidedBy"):
        if name not in call.arguments:
            raise FhirError(succession.undecided(name))
    if call.arguments["decision"] == codes.AVSLAGET:
        return change_request.refuse(call)
    return _grant(call)


def _grant(call: Call) -> Answer:
    if "practitionerRole" not in call.arguments:
        raise invalid(
            "Name the new contact, or end the assignment by $end-fast-vardkontakt.",
            "practitionerRole",
            "required",
        )
    id_ = new_id()

    def draft() -> Sequence[Draft]:
        stored, team = named_contact(call.context, call.id or "")
        require_open(team)
        require_no_end_yet(team)
        at = call.arguments.get("at") or now_text(call.context)
        require_begun(team, require_day_or_moment(at, "at"), "at")
        drafts = [
            Draft(_ended(call, team, at), stored.id, stored),
            Draft(_successor(call, team, at), id_),
        ]
        return [*drafts, *change_request.completed(call, stored.id, id_)]

    written = write_together(call.context, draft)
    names = ("ended", "return", "task")
    named = dict(zip(names, written.stored, strict=False))
    order = [(name, named[name]) for name in ("return", "ended", "task") if name in named]
    return several_answer(201, order, written.issues)


def _ended(call: Call, team: Resource, at: str) -> Resource:
    reason = call.arguments.get("endReason") or _reason(call.arguments)
    over = ended(team, last_before(at), reason, now_of(call.context))
    return with_extension(over, change_decision(call.context, call.arguments))


def _reason(arguments: Arguments) -> str:
    asked = str(arguments["requester"].get("reference", ""))
    for_patient = asked.startswith(("Patient/", "RelatedPerson/"))
    return codes.BYTE_PATIENT if for_patient else codes.BYTE_VERKSAMHET


def change_decision(context: Context, arguments: Arguments) -> Resource:
    """Give the extension change-decision (R46)."""
    return parts(
        codes.CHANGE_DECISION,
        requestedBy=("valueReference", arguments["requester"]),
        reason=("valueString", arguments["reason"]),
        decision=("valueCode", arguments["decision"]),
        at=("valueDateTime", arguments.get("decidedAt") or now_text(context)),
        decidedBy=("valueReference", arguments["decidedBy"]),
        physician=("valueReference", arguments.get("physician")),
    )


def _successor(call: Call, team: Resource, at: str) -> Resource:
    arguments = call.arguments
    role = _role(call)
    unit = role.get("organization")
    team_of = {key: team[key] for key in _KEPT if key in team}
    successor: Resource = {
        "resourceType": "CareTeam",
        "meta": {"profile": [codes.structure("fast-kontakt-careteam")]},
        "extension": _extensions(call, team, at),
        "status": "active",
        **team_of,
        "period": {"start": at},
        "participant": [_participant(arguments, team, unit)],
        "managingOrganization": [unit] if unit else None,
        "telecom": [*_telecom(arguments, team)],
        "note": [{"text": arguments["note"]}] if "note" in arguments else None,
    }
    return {key: value for key, value in successor.items() if value}


def _role(call: Call) -> Resource:
    reference = str(call.arguments["practitionerRole"].get("reference", ""))
    return Finder(call.context.server, call.context.store).read(reference) or {}


def _participant(arguments: Arguments, team: Resource, unit: Resource | None) -> Resource:
    before = team["participant"][0]
    via = arguments.get("viaTeam")
    if via is None and unit and _same_unit(team, unit):
        found = (e for e in before.get("extension", []) if e["url"] == codes.CONTACT_VIA_TEAM)
        via = next((each.get("valueReference") for each in found), None)
    reached = [{"url": codes.CONTACT_VIA_TEAM, "valueReference": via}] if via else None
    participant = {
        "extension": reached,
        "role": before["role"],
        "member": arguments["practitionerRole"],
    }
    return {key: value for key, value in participant.items() if value}


def _same_unit(team: Resource, unit: Resource) -> bool:
    answering = [each.get("reference") for each in team.get("managingOrganization", [])]
    return unit.get("reference") in answering


def _telecom(arguments: Arguments, team: Resource) -> list[Resource]:
    kept = team.get("telecom", []) if arguments.get("keepTelecom") else []
    return [*arguments.get("telecom", []), *kept]


def _extensions(call: Call, team: Resource, at: str) -> list[Resource]:
    arguments = call.arguments
    kept = [each for each in team.get("extension", []) if each["url"] not in _OF_THE_OLD]
    added = [
        {
            "url": codes.REPLACES_CONTACT,
            "valueReference": {"reference": f"CareTeam/{team['id']}"},
        },
        parts(
            codes.APPOINTED_BY,
            by=("valueReference", arguments["decidedBy"]),
            at=("valueDateTime", arguments.get("decidedAt") or now_text(call.context)),
        ),
    ]
    if "handover" in arguments:
        added.append(_handover(arguments["handover"], team))
    if "basis" in arguments:
        concept = coded(codes.APPOINTMENT_BASIS_SYSTEM, arguments["basis"])
        added.append({"url": codes.APPOINTMENT_BASIS, "valueCodeableConcept": concept})
    if "reviewDate" in arguments:
        added.append({"url": codes.REVIEW_DATE, "valueDate": arguments["reviewDate"]})
    successor = with_extension({"extension": kept}, *added)
    extensions: list[Resource] = successor["extension"]
    return extensions


def _handover(given: Arguments, team: Resource) -> Resource:
    before = team["participant"][0].get("member")
    return parts(
        codes.HANDOVER,
        at=("valueDateTime", given["at"]),
        how=("valueCode", given["how"]),
        by=("valueReference", given.get("by", before)),
        place=("valueString", given.get("place")),
    )
