"""$assign-fast-vardkontakt: give a patient a named contact.

The operation puts the CareTeam together; the law is checked where every write of such a CareTeam
is checked, by the write rules; what guidance says comes after. R1-R8, R15-R42; patientlagen
(2014:821) 6 kap. 2-3 §§, hälso- och sjukvårdsförordningen (2017:80) 4 kap. 1 §.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from fhir_server.fhir import json
from fhir_server.fhir.outcome import FhirError, Issue
from fhir_server.fhir.parameters import Arguments
from fhir_server.interactions.answer import Answer
from fhir_server.interactions.context import Context
from fhir_server.interactions.finder import Finder
from fhir_server.interactions.prepare import new_id
from fhir_server.interactions.together import Draft, write_together
from fhir_server.operations.contacts.assignment import answering_for_planning, assemble, continued
from fhir_server.operations.contacts.assignment_advice import advice_on
from fhir_server.operations.discharge.discharge_tasks import AppointingTasks
from fhir_server.operations.moments import now_of, now_text
from fhir_server.operations.operation import Call
from fhir_server.operations.results import several_answer
from fhir_server.operations.subject import require_patient, subject_of
from fhir_server.sweden import assignments, codes, periods
from fhir_server.sweden.elements import concept_codes

Resource = dict[str, Any]


def run(call: Call) -> Answer:
    """Store the assignment as an active CareTeam.

    Returns:
        Parameters: ``return``, the CareTeam; ``outcome`` with what the law warns of and what
        guidance advises, if anything. 201; 200 where a contact that was there continues.

    Raises:
        FhirError: a parameter is wrong, or the law refuses; the paragraph stands in the outcome.
    """
    patient = subject_of(call)
    finder = call.finder
    require_patient(finder, patient)
    now = now_of(call.context)
    unit = _unit(finder, call.arguments)
    said = assemble(patient, call.arguments, unit, now.date().isoformat())
    if call.arguments.get("basis") == codes.LIVSHOTANDE or "reasonReference" in call.arguments:
        said = _with_the_physicians_tasks(finder, said, now)
    identity = new_id()
    asked = AppointingTasks(call.context, patient, now_text(call.context))

    def draft() -> Sequence[Draft]:
        going_on = call.arguments.get("basis") == codes.FORTSATT
        held = _held(call.context, said, now) if going_on else None
        assignment = held or Draft(said, identity)
        return [assignment, *asked.completed_by(assignment)]

    written = write_together(call.context, draft, before=asked.require_unchanged)
    new, *tasks = written.stored
    issues = (*written.issues, *advice_on(call.context, finder, json.parse(new.body or b"{}")))
    status = 201 if new.version == 1 else 200
    named = [("return", new), *(("task", each) for each in tasks)]
    return several_answer(status, named, issues)


def _with_the_physicians_tasks(finder: Finder, care_team: Resource, now: dt.datetime) -> Resource:
    """Let a physician who is appointed for a life-threatening condition answer for planning.

    R16, SOSFS 2011:7 2 kap. 4-5 §§.
    """
    facts = assignments.facts_from(care_team, finder.read, now)
    answers = (
        facts.claims_life_threatening
        and facts.kind in codes.VARDKONTAKTER
        and facts.person.qualifications.licensed_physician
    )
    return answering_for_planning(care_team) if answers else care_team


def _held(context: Context, said: Resource, now: dt.datetime) -> Draft | None:
    """Give the same person's assignment of the same type, as it goes on (R22); None for none."""
    finder = Finder(context.server, context.store)
    found = finder.search(
        "CareTeam",
        patient=said["subject"]["reference"],
        category=codes.NAMED_CONTACTS,
        status="active",
    )
    for team in found:
        if _same_assignment(team, said) and not periods.read(team).ended(now):
            previous = context.store.read("CareTeam", team["id"])
            if previous is not None and previous.body is not None:
                held = json.parse(previous.body)
                return Draft(continued(held, said), team["id"], previous)
    return None


def _same_assignment(team: Resource, said: Resource) -> bool:
    [one], [other] = team["participant"], said["participant"]
    kinds = [concept_codes(each, "role", *codes.CONTACT_TYPE_SYSTEMS) for each in (one, other)]
    members = [each.get("member", {}).get("reference") for each in (one, other)]
    return kinds[0] == kinds[1] and members[0] == members[1]


def _unit(finder: Finder, arguments: Arguments) -> Resource | None:
    reference = arguments["practitionerRole"].get("reference", "")
    role = finder.read(reference)
    if role is None or role["resourceType"] != "PractitionerRole":
        raise FhirError(
            Issue(
                "error",
                "not-found",
                "practitionerRole must be a reference to a PractitionerRole on this server "
                "(PractitionerRole/[id]): a named person in a position at a unit.",
                "practitionerRole",
                (codes.PL_6_2.coding,),
            ),
            status=422,
        )
    unit: Resource | None = role.get("organization")
    return unit
