"""$note-sip-need: somebody assessed, or proposes, that a person needs a SIP.

R75 (one huvudman's assessment obliges both), R79, R82 (anybody may propose), R88; HSL (2017:30)
16 kap. 4 §, socialtjänstlagen (2025:400) 10 kap. 8 §.
"""

from __future__ import annotations

import uuid
from typing import Any

from fhir_server.fhir import json
from fhir_server.fhir.outcome import FhirError, Issue
from fhir_server.interactions.answer import Answer
from fhir_server.interactions.finder import Finder
from fhir_server.interactions.prepare import new_id
from fhir_server.interactions.together import Draft, write_together
from fhir_server.operations.contacts.assignment_edits import coded
from fhir_server.operations.moments import now_of, now_text
from fhir_server.operations.operation import Call
from fhir_server.operations.results import several_answer
from fhir_server.operations.subject import require_patient, subject_of
from fhir_server.storage.records import StaleWrite, StoredResource
from fhir_server.storage.snapshot import Snapshot
from fhir_server.sweden import codes, sip_need
from fhir_server.sweden.assignments import kind_of
from fhir_server.sweden.belonging import HUVUDMEN, huvudman_of, units_of
from fhir_server.sweden.elements import child, target, text

Resource = dict[str, Any]

# Whose unit sees to a plan where nobody says whose: the contact that coordinates the others (R32).
_FIRST = (
    codes.SAMORDNANDE_VARDKONTAKT,
    codes.FAST_VARDKONTAKT,
    codes.FAST_OMSORGSKONTAKT,
    codes.FAST_LAKARKONTAKT,
)


def run(call: Call) -> Answer:
    """Store the need: one Task for each unit that is to see to it.

    Returns:
        Parameters: ``return``, the Task of the assessing huvudman's side; ``task``, the others.

    Raises:
        FhirError: 404 for no such patient; 422 where the law refuses: an assessment by nobody who
            may assess, or one that only one huvudman would hear of.
    """
    patient = subject_of(call)
    finder = Finder(call.context.server, call.context.store)
    require_patient(finder, patient)
    need = _Need(call, patient)
    locks = [f"sip/{patient}"]
    written = write_together(call.context, need.draft, locks=locks, before=need.require_unchanged)
    tasks = need.in_order(written.stored)
    named = [("return", tasks[0]), *(("task", each) for each in tasks[1:])]
    issues = [*written.issues, *_about_plans(finder, patient)]
    return several_answer(201 if written.stored else 200, named, issues)


class _Need:
    """The need as the call says it, and the same needs that wait already.

    Args:
        call: of the operation, at Patient.
        patient: ``Patient/[id]``.
    """

    def __init__(self, call: Call, patient: str) -> None:
        self._call = call
        self._patient = patient
        self._group = uuid.uuid4().urn
        self._ids: dict[str, str] = {}
        self._owners: list[Resource] = []
        self._waiting: dict[str, StoredResource] = {}

    def draft(self) -> list[Draft]:
        """Give the Tasks that do not wait at their unit already."""
        finder = Finder(self._call.context.server, self._call.context.store)
        kind = self._kind(finder)
        self._owners = _owners(finder, self._call, self._patient, kind)
        self._waiting = self._found(finder, kind)
        return [
            Draft(self._task(owner, kind), self._ids.setdefault(_key(owner), new_id()))
            for owner in self._owners
            if _key(owner) not in self._waiting
        ]

    def require_unchanged(self, snapshot: Snapshot) -> None:
        """Let the write be tried again where the same need came between; run inside it."""
        finder = Finder(self._call.context.server, snapshot)
        if self._found(finder, self._kind(finder)).keys() != self._waiting.keys():
            raise StaleWrite([self._patient])

    def in_order(self, written: tuple[StoredResource, ...]) -> list[StoredResource]:
        """Give the Task of each owner, in the order of the owners."""
        new = {stored.id: stored for stored in written}
        keys = [_key(owner) for owner in self._owners]
        return [self._waiting.get(key) or new[self._ids[key]] for key in keys]

    def _kind(self, finder: Finder) -> str:
        huvudman = huvudman_of(self._call.arguments["by"], finder.read)
        derived = codes.BEDOMT if huvudman in HUVUDMEN else codes.FORESLAGET
        return str(self._call.arguments.get("kind", derived))

    def _found(self, finder: Finder, kind: str) -> dict[str, StoredResource]:
        code = f"{codes.TASK_CODE_SYSTEM}|{codes.SIP_BEHOV}"
        found = finder.search_stored("Task", patient=self._patient, code=code)
        parsed = [(stored, json.parse(stored.body)) for stored in found if stored.body]
        return {
            _key(task.get("owner", {})): stored
            for stored, task in parsed
            if self._is_same(task, kind)
        }

    def _is_same(self, task: Resource, kind: str) -> bool:
        return (
            task.get("status") in codes.OPEN_TASK
            and sip_need.is_assessed(task) == (kind == codes.BEDOMT)
            and _key(task.get("requester", {})) == _key(self._call.arguments["by"])
            and text(child(task, "reasonCode"), "text") == self._call.arguments["reason"].strip()
        )

    def _task(self, owner: Resource, kind: str) -> Resource:
        arguments = self._call.arguments
        task: Resource = {
            "resourceType": "Task",
            "meta": {"profile": [codes.structure("sip-need-task")]},
            "extension": [
                {"url": codes.SIP_TARGET_GROUP, "valueCode": group}
                for group in arguments.get("targetGroup", [])
            ],
            "groupIdentifier": {"system": "urn:ietf:rfc:3986", "value": self._group},
            "status": "requested",
            "businessStatus": coded(codes.SIP_NEED_KIND_SYSTEM, kind),
            "intent": "order",
            "code": coded(codes.TASK_CODE_SYSTEM, codes.SIP_BEHOV),
            "focus": {"reference": self._patient},
            "for": {"reference": self._patient},
            "authoredOn": now_text(self._call.context),
            "requester": arguments["by"],
            "owner": owner,
            "reasonCode": {"text": arguments["reason"]},
        }
        if "meetingWish" in arguments:
            wish = arguments["meetingWish"]
            task["input"] = [{"type": {"text": "Önskemål om mötet"}, "valueString": wish}]
        return {name: value for name, value in task.items() if value}


def _owners(finder: Finder, call: Call, patient: str, kind: str) -> list[Resource]:
    """Give the units that hear of the need, the assessing huvudman's first (R75).

    Raises:
        FhirError: 422, a huvudman that is obliged would not hear of it; nobody would.
    """
    by = call.arguments["by"]
    owners = list({_key(owner): owner for owner in call.arguments.get("owner", [])}.values())
    sides = {huvudman_of(owner, finder.read) for owner in owners}
    known = _units_of_contacts(finder, patient)
    assessor = huvudman_of(by, finder.read)
    if assessor in HUVUDMEN:
        known |= {assessor: {"reference": units_of(by, finder.read)[0]}}
    assessed = kind == codes.BEDOMT
    wanted = HUVUDMEN if assessed or not owners else ()
    owners += [known[side] for side in wanted if side not in sides and side in known]
    sides |= known.keys() & set(wanted)
    law = sip_need.law_at(now_of(call.context))
    missing = [side for side in HUVUDMEN if side not in sides] if assessed else []
    if missing and assessor in HUVUDMEN:
        raise FhirError(*(sip_need.unheard(side, law) for side in missing), status=422)
    if not owners:
        details = tuple(paragraph.coding for paragraph in law)
        said = "Name in owner a unit that is to see to the need: the person has no fixed contact."
        raise FhirError(Issue("error", "business-rule", said, "owner", details), status=422)
    return sorted(owners, key=lambda each: huvudman_of(each, finder.read) != assessor)


def _units_of_contacts(finder: Finder, patient: str) -> dict[str, Resource]:
    """Give, by huvudman, the unit of the person's first fixed contact there."""
    teams = finder.search(
        "CareTeam", patient=patient, category=codes.NAMED_CONTACTS, status="active"
    )
    found: dict[str, Resource] = {}
    for team in sorted(teams, key=lambda each: _rank(kind_of(each))):
        member = child(next(iter(team.get("participant", [])), {}), "member")
        units = units_of(member, finder.read)
        if units:
            unit = {"reference": units[0]}
            found.setdefault(huvudman_of(unit, finder.read), unit)
    return found


def _rank(kind: str) -> int:
    return _FIRST.index(kind) if kind in _FIRST else len(_FIRST)


def _about_plans(finder: Finder, patient: str) -> list[Issue]:
    """Say that there is a plan already (R85)."""
    category = f"{codes.CARE_PLAN_CATEGORY}|{codes.SIP}"
    if not any(finder.search("CarePlan", patient=patient, category=category, status="active")):
        return []
    said = "The person has an active samordnad individuell plan already: revise that one."
    return [Issue("information", "informational", said, "Patient", (codes.HSL_16_4.coding,))]


def _key(reference: Resource) -> str:
    return target(reference).key
