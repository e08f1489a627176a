"""$decline-fast-vardkontakt: the patient says no, to a contact or to a type; and takes it back.

A no to a type is stored as a CareTeam of the type without a member, ended as declined. R7;
patientlagen (2014:821) 6 kap. 2 §.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from fhir_server.fhir.outcome import FhirError, Issue, invalid
from fhir_server.interactions.answer import Answer
from fhir_server.interactions.context import Context
from fhir_server.interactions.finder import Finder
from fhir_server.interactions.prepare import new_id
from fhir_server.interactions.together import Draft, write_together
from fhir_server.operations.contacts.assignment_at_hand import (
    named_contact,
    patient_of,
    require_open,
)
from fhir_server.operations.contacts.assignment_edits import (
    coded,
    ended,
    parts,
    with_extension,
)
from fhir_server.operations.contacts.contacts_of import OpenContacts, contacts_of
from fhir_server.operations.moments import now_of, now_text, require_day_or_moment
from fhir_server.operations.operation import Call
from fhir_server.operations.results import several_answer
from fhir_server.operations.subject import require_patient
from fhir_server.storage.records import StaleWrite, StoredResource
from fhir_server.storage.snapshot import Snapshot
from fhir_server.sweden import codes, refusals, succession
from fhir_server.sweden.periods import bounds

Resource = dict[str, Any]


def run(call: Call) -> Answer:
    """Record the patient's no, or that it is taken back.

    Returns:
        Parameters: ``return``, the CareTeam with the decision; ``ended``, contacts of a declined
        type.

    Raises:
        FhirError: 409, the assignment has ended, or there is no refusal to take back.
    """
    # One decision has one moment, wherever it is written.
    call = replace(call, arguments={**call.arguments, "at": _at(call)})
    if call.resource_type == "CareTeam":
        return _of_contact(call)
    patient = f"Patient/{call.id}"
    require_patient(Finder(call.context.server, call.context.store), patient)
    return _of_type(call, patient)


def _of_contact(call: Call) -> Answer:
    def draft() -> Sequence[Draft]:
        stored, team = named_contact(call.context, call.id or "")
        if call.arguments.get("withdraw"):
            if not refusals.stands(team):
                raise _nothing_to_withdraw(stored.reference)
            return [Draft(_withdrawn(call, team, patient_of(team)), stored.id, stored)]
        require_open(team, "proposed")
        return [_declined(call, stored, team, patient_of(team))]

    written = write_together(call.context, draft)
    return several_answer(200, [("return", each) for each in written.stored], written.issues)


def _declined(call: Call, stored: StoredResource, team: Resource, patient: str) -> Draft:
    """Give a contact as the patient declined it.

    One that had not begun never does: its period shrinks to the moment of the no, and it takes over
    from nobody.
    """
    at = call.arguments["at"]
    begins = bounds(at)
    if begins is None or not succession.begun(team, begins[0]) or team["status"] == "proposed":
        left = [e for e in team.get("extension", []) if e["url"] != codes.REPLACES_CONTACT]
        team = {**team, "extension": left, "period": {"start": at}}
    over = ended(team, at, codes.AVBOJD, now_of(call.context), words=_words(call))
    over = _decided(call, {**over, "status": "inactive"}, patient, codes.DECLINED)
    return Draft(over, stored.id, stored)


def _of_type(call: Call, patient: str) -> Answer:
    seen = _Refusals(call, patient)
    written = write_together(call.context, seen.draft, before=seen.require_unchanged)
    first, *others = written.stored
    named = [("return", first), *(("ended", each) for each in others)]
    return several_answer(201 if first.version == 1 else 200, named, written.issues)


class _Refusals:
    """The refusals of one type by one patient, and the contacts of that type.

    Args:
        call: of the operation, at Patient.
        patient: ``Patient/[id]``.
    """

    def __init__(self, call: Call, patient: str) -> None:
        self._call = call
        self._patient = patient
        self._kind = call.arguments.get("type", codes.FAST_VARDKONTAKT)
        self._open = OpenContacts(call.context, patient, self._kind)
        self._new = new_id()
        self._standing: set[str] = set()

    def draft(self) -> list[Draft]:
        """Give the refusal, new or as it stood, and the contacts that end by it."""
        call = self._call
        found = self._find(call.context)
        self._standing = {stored.reference for stored, _ in found}
        if call.arguments.get("withdraw"):
            self._open.read()
            return self._withdraw(found)
        ended_too = [
            _declined(call, stored, team, self._patient) for stored, team in self._open.read()
        ]
        if found:
            stored, team = found[0]
            return [Draft(self._refusal(team), stored.id, stored), *ended_too]
        return [Draft(self._refusal(None), self._new), *ended_too]

    def require_unchanged(self, snapshot: Snapshot) -> None:
        """Let the write be tried again where another came between; run inside it."""
        found = self._find(self._call.context.inside(snapshot))
        if {stored.reference for stored, _ in found} != self._standing:
            raise StaleWrite([self._patient])
        self._open.require_unchanged(snapshot)

    def _find(self, context: Context) -> list[tuple[StoredResource, Resource]]:
        return [
            (stored, team)
            for stored, team in contacts_of(context, self._patient)
            if refusals.stands(team) and refusals.of_type(team, self._kind)
        ]

    def _withdraw(self, found: list[tuple[StoredResource, Resource]]) -> list[Draft]:
        if not found:
            raise _nothing_to_withdraw(self._patient)
        return [
            Draft(_withdrawn(self._call, team, self._patient), stored.id, stored)
            for stored, team in found
        ]

    def _refusal(self, before: Resource | None) -> Resource:
        """Give the refusal; one that stands keeps its identity and gets the later decision."""
        call, at = self._call, self._call.arguments["at"]
        unit = call.arguments.get("unit")
        refusal: Resource = {
            "resourceType": "CareTeam",
            "meta": {"profile": [codes.structure("fast-kontakt-careteam")]},
            "status": "inactive",
            "category": [coded(codes.CARE_TEAM_CATEGORY, codes.FAST_KONTAKT)],
            "subject": {"reference": self._patient},
            "participant": [{"role": [coded(codes.CONTACT_TYPE, self._kind)]}],
            "managingOrganization": [unit] if unit else None,
        }
        refusal = (before or {}) | {key: value for key, value in refusal.items() if value}
        refusal["period"] = {"start": at}
        over = ended(refusal, at, codes.AVBOJD, now_of(call.context), words=_words(call))
        return _decided(call, {**over, "status": "inactive"}, self._patient, codes.DECLINED)


def _at(call: Call) -> str:
    at = call.arguments.get("at")
    if at is None:
        return now_text(call.context)
    said = bounds(require_day_or_moment(at, "at"))
    if said is not None and said[0] > now_of(call.context):
        raise invalid("at must not lie ahead: it is when the patient said so.", "at", "value")
    return str(at)


def _words(call: Call) -> str:
    return str(call.arguments.get("reason", ""))


def _decided(call: Call, team: Resource, patient: str, decision: str) -> Resource:
    by = call.arguments.get("by", {"reference": patient})
    told = parts(
        codes.PATIENT_DECISION,
        decision=("valueCode", decision),
        at=("valueDateTime", call.arguments["at"]),
        by=("valueReference", by),
    )
    if "askAgain" not in call.arguments:
        return with_extension(team, told)
    again = {"url": codes.REVIEW_DATE, "valueDate": call.arguments["askAgain"]}
    return with_extension(team, told, again)


def _withdrawn(call: Call, team: Resource, patient: str) -> Resource:
    """Give a refusal as it was taken back: the history keeps it; nothing is to be asked again."""
    left = [each for each in team["extension"] if each["url"] != codes.REVIEW_DATE]
    return _decided(call, {**team, "extension": left}, patient, codes.ACCEPTED)


def _nothing_to_withdraw(reference: str) -> FhirError:
    text = f"{reference} has no standing refusal to take back."
    return FhirError(Issue("error", "conflict", text, "withdraw"))
