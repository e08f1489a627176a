"""What units have to do before the patient goes home: plan, appoint a fast vårdkontakt (R59, R60).

Source: lagen (2017:612) om samverkan vid utskrivning från sluten hälso- och sjukvård 2 kap. 4-5 §§.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from fhir_server.fhir import json
from fhir_server.interactions.context import Context
from fhir_server.interactions.finder import Finder
from fhir_server.interactions.together import Draft
from fhir_server.operations.contacts.assignment_edits import coded
from fhir_server.operations.discharge.discharge_messages import Ids
from fhir_server.operations.discharge.stay_at_hand import Moment, Stay
from fhir_server.storage.records import StaleWrite, StoredResource
from fhir_server.storage.snapshot import Snapshot
from fhir_server.sweden import codes
from fhir_server.sweden.assignments import kinds_of
from fhir_server.sweden.audience import protective_labels
from fhir_server.sweden.elements import child, items, target
from fhir_server.sweden.references import Read, alone, follow, huvudman, organization_chain

Resource = dict[str, Any]

_WHAT = {
    codes.PLANERING: "Börja planera för att patienten kan komma hem.",
    codes.UTSE_KONTAKT: "Utse en fast vårdkontakt innan patienten skrivs ut.",
}
MAY_GO_ON = "Patienten har redan en fast vårdkontakt, som kan fortsätta."


@dataclass(frozen=True, slots=True)
class Assigner:
    """Who asks units to do something, when, and by when.

    Args:
        by: Reference to the ward.
        at: when it was asked.
        until: the expected discharge, as FHIR writes it.
    """

    by: Resource
    at: Moment
    until: str


def task(stay: Stay, unit: str, code: str, assigner: Assigner, ids: Ids, *words: str) -> Draft:
    """Give a task to a unit.

    Args:
        stay: what it is about.
        unit: ``Organization/[id]``.
        code: planering or utse-kontakt.
        assigner: who asks.
        ids: of the call.
        words: more that the unit should know.
    """
    labels = protective_labels(stay.patient)
    resource: Resource = {
        "resourceType": "Task",
        "meta": {
            "profile": [codes.structure("discharge-task")],
            **({"security": labels} if labels else {}),
        },
        "status": "requested",
        "intent": "order",
        "code": coded(codes.TASK_CODE_SYSTEM, code),
        "description": " ".join((_WHAT[code], *words)),
        "focus": {"reference": stay.reference},
        "for": {"reference": stay.patient_reference},
        "encounter": {"reference": stay.reference},
        "authoredOn": assigner.at.text,
        "lastModified": assigner.at.text,
        "requester": assigner.by,
        "owner": {"reference": unit},
        "restriction": {"period": {"end": assigner.until}},
    }
    return Draft(resource, ids.of(code, unit))


def moved(stay: Stay, until: str, at: Moment) -> Iterator[Draft]:
    """Give the open tasks of a stay with another expected discharge as their deadline (R58)."""
    for stored, found in stay.open_tasks(codes.PLANERING, codes.UTSE_KONTAKT):
        restriction = found.get("restriction", {})
        period = {**restriction.get("period", {}), "end": until}
        changed = {**found, "restriction": {**restriction, "period": period}}
        yield Draft({**changed, "lastModified": at.text}, stored.id, stored)


def needless(stay: Stay, reason: str, at: Moment, *wanted: str) -> Iterator[Draft]:
    """Give the open tasks of a stay as cancelled, with the reason."""
    for stored, found in stay.open_tasks(*wanted):
        yield Draft(cancelled(found, reason, at), stored.id, stored)


def cancelled(found: Resource, reason: str, at: Moment) -> Resource:
    """Give a Task that nobody need do any more."""
    return {
        **found,
        "status": "cancelled",
        "statusReason": {"text": reason},
        "lastModified": at.text,
    }


def regional_contacts(teams: Iterable[Resource], read: Read) -> list[Resource]:
    """Give the fasta vårdkontakter among named contacts that are not the municipality's (R60).

    The region's öppen vård appoints one in the discharge process; one whose unit does not say
    whose it is counts.
    """
    return [
        team
        for team in teams
        if set(kinds_of(team)) & set(codes.VARDKONTAKTER)
        and codes.KOMMUN not in _huvudman_of(team, read)
    ]


def _huvudman_of(team: Resource, read: Read) -> set[str]:
    units = (each for _, each in items(team, "managingOrganization"))
    return {huvudman(follow(alone(team), each, read), read) for each in units}


class AppointingTasks:
    """The patient's open tasks to appoint a fast vårdkontakt, which an assignment completes (R60).

    Those whose owner is the contact's unit, what that is part of, or a person there such as its
    verksamhetschef.

    Args:
        context: the request.
        patient: ``Patient/[id]``.
        now: when, as FHIR writes it.
    """

    def __init__(self, context: Context, patient: str, now: str) -> None:
        self._context = context
        self._patient = patient
        self._now = now
        self._seen: set[str] = set()

    def completed_by(self, assignment: Draft) -> list[Draft]:
        """Give the tasks that an assignment completes; none for another type of contact."""
        found = list(self._open(self._context))
        self._seen = {stored.reference for stored, _ in found}
        team = assignment.resource
        if not found or not set(kinds_of(team)) & set(codes.VARDKONTAKTER):
            return []
        read = Finder(self._context.server, self._context.store).read
        units = set(_units(team.get("managingOrganization", []), read))
        return [
            Draft(self._completed(each, assignment.reference), stored.id, stored)
            for stored, each in found
            if _unit_of(child(each, "owner"), read) in units
        ]

    def require_unchanged(self, snapshot: Snapshot) -> None:
        """Let the write be tried again where a notice came between: run inside it.

        Raises:
            StaleWrite: there are other tasks than those read.
        """
        found = self._open(self._context.inside(snapshot))
        if {stored.reference for stored, _ in found} != self._seen:
            raise StaleWrite([self._patient])

    def _completed(self, found: Resource, assignment: str) -> Resource:
        came = {"type": {"text": "Fast vårdkontakt"}, "valueReference": {"reference": assignment}}
        output = [*found.get("output", []), came]
        return {**found, "status": "completed", "lastModified": self._now, "output": output}

    def _open(self, context: Context) -> Iterator[tuple[StoredResource, Resource]]:
        code = f"{codes.TASK_CODE_SYSTEM}|{codes.UTSE_KONTAKT}"
        finder = Finder(context.server, context.store)
        for stored in finder.search_stored("Task", patient=self._patient, code=code):
            task = json.parse(stored.body or b"{}")
            if task.get("status") in codes.OPEN_TASK:
                yield stored, task


def _units(managing: Iterable[Resource], read: Read) -> Iterator[str]:
    for each in managing:
        start = follow(alone({}), each, read)
        yield from (f"Organization/{found['id']}" for found in organization_chain(start, read))


def _unit_of(owner: Any, read: Read) -> str:
    aim = target(owner)
    if aim.resource_type != "PractitionerRole":
        return aim.literal
    return target(child(read(aim.literal) or {}, "organization")).literal
