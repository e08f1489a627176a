"""$remind-call: a reminder to each actor who has not answered the kallelse (R91).

At most one a day to each: who did not see the first of the day does not see the second.
"""

from __future__ import annotations

from typing import Any

from fhir_server import swedish
from fhir_server.fhir.outcome import Issue
from fhir_server.interactions.answer import Answer
from fhir_server.interactions.finder import Finder
from fhir_server.interactions.prepare import new_id
from fhir_server.interactions.together import Draft, write_together
from fhir_server.operations.contacts.assignment_edits import coded
from fhir_server.operations.meetings.call_reminders import reminders_of
from fhir_server.operations.meetings.sip_meetings import calls_to, meeting_at_hand, require_open
from fhir_server.operations.moments import first_of, now_of, said_or_now
from fhir_server.operations.operation import Call
from fhir_server.operations.results import several_answer
from fhir_server.storage.records import StaleWrite
from fhir_server.storage.snapshot import Snapshot
from fhir_server.sweden import codes, sip_call
from fhir_server.sweden.elements import child, target, text
from fhir_server.sweden.periods import bounds, local_date

Resource = dict[str, Any]


def run(call: Call) -> Answer:
    """Store the reminders.

    Returns:
        Parameters: ``return``, one Communication for each who was reminded.

    Raises:
        FhirError: 404 for no such meeting, 409 for one that was called off or held.
    """
    reminding = _Reminding(call)
    written = write_together(
        call.context,
        reminding.draft,
        locks=[f"remind/Appointment/{call.id}"],
        before=reminding.require_unchanged,
    )
    issues = list(written.issues)
    if not written.stored:
        said = "Nobody is reminded: all have answered, or were reminded today."
        issues.append(Issue("information", "informational", said, "Appointment"))
    return several_answer(200, [("return", each) for each in written.stored], issues)


class _Reminding:
    """The reminders of one call."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._at = said_or_now(call)
        self._ids: dict[str, str] = {}
        self._waiting: list[str] = []

    def draft(self) -> list[Draft]:
        """Give a reminder for each kallelse without an answer, and without a reminder today."""
        stored, meeting = meeting_at_hand(self._call.context, self._call.id or "")
        require_open(meeting)
        finder = Finder(self._call.context.server, self._call.context.store)
        tasks = self._to_remind(finder)
        self._waiting = [task["id"] for task in tasks]
        return [
            Draft(self._reminder(task, stored.id), self._ids.setdefault(task["id"], new_id()))
            for task in tasks
        ]

    def require_unchanged(self, snapshot: Snapshot) -> None:
        """Let the write be tried again where another reminded meanwhile; run inside it."""
        finder = Finder(self._call.context.server, snapshot)
        if [task["id"] for task in self._to_remind(finder)] != self._waiting:
            raise StaleWrite([f"Appointment/{self._call.id}"])

    def _to_remind(self, finder: Finder) -> list[Resource]:
        day = local_date(first_of(self._at, now_of(self._call.context)))
        silent = [
            task
            for _, task in calls_to(finder, self._call.id or "")
            if task.get("status") in sip_call.ANSWERABLE
            and sip_call.answer_of(task) == sip_call.NEEDS_ACTION
        ]
        if not silent:
            return []
        sent = reminders_of(finder, target(child(silent[0], "for")).literal)
        return [t for t in silent if day not in map(_day, sent.get(f"Task/{t['id']}", []))]

    def _reminder(self, task: Resource, meeting: str) -> Resource:
        last = bounds(child(child(task, "restriction"), "period").get("end"))
        until = f" senast {swedish.day(local_date(last[0]))}" if last else ""
        return {
            "resourceType": "Communication",
            "basedOn": [{"reference": f"Task/{task['id']}"}],
            "status": "completed",
            "category": [coded(codes.COMMUNICATION_CATEGORY_SYSTEM, codes.PAMINNELSE)],
            "subject": task["for"],
            "about": [{"reference": f"Appointment/{meeting}"}],
            "sent": self._at,
            "recipient": [task["owner"]],
            "sender": self._call.arguments["by"],
            "payload": [
                {
                    "contentString": "Påminnelse om kallelsen till SIP-möte. Svara"
                    f"{until} om ni kan komma.\n{text(task, 'description')}"
                }
            ],
        }


def _day(sent: str) -> object:
    said = bounds(sent)
    return local_date(said[0]) if said else None
