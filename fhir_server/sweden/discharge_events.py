"""What others did about a stay: messages, tasks, the contact, the meeting, the plan.

The Encounter's timeline is the state of the discharge; what units answer and do stands in
resources of their own. R58–R60, R65–R67.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from fhir_server.sweden import codes, discharge, periods
from fhir_server.sweden.assignments import kind_of
from fhir_server.sweden.discharge import Timeline
from fhir_server.sweden.elements import Json, child, concept_codes, says, target, text
from fhir_server.sweden.periods import bounds

# A kallelse that names no stay is about the one that ended at most so long before it.
_BELONGS_WITHIN = timedelta(days=30)
_NEVER_WAS = ("cancelled", "entered-in-error", "draft")
_CONFIRMED = ("accepted", "in-progress", "completed")
_OFF = ("cancelled", "entered-in-error", "noshow")
TVANGSVARDSPLAN = "SPLPTLRV"


@dataclass(frozen=True, slots=True)
class Planning:
    """The planning of one unit that got the notice (R59).

    Args:
        owner: the unit, as ``Organization/[id]``.
        confirmed: when it took the task on; None where it has not.
    """

    owner: str
    confirmed: datetime | None


@dataclass(frozen=True, slots=True)
class Meeting:
    """The SIP meeting (R66)."""

    start: datetime | None
    held: bool


@dataclass(frozen=True, slots=True)
class Events:
    """What others did, as far as it had happened at a moment.

    Args:
        changes_told: when a changed expected discharge was sent to the units (R58).
        planning: of each unit that was asked to plan.
        contact_since: from when a fast vårdkontakt holds; None for none.
        called: when the first kallelse to the SIP meeting was sent (R65).
        meeting: the SIP meeting; None for none.
        compulsory_plan: from when the plan of type SPLPTLRV is (R67).
    """

    changes_told: tuple[datetime, ...] = ()
    planning: tuple[Planning, ...] = ()
    contact_since: datetime | None = None
    called: datetime | None = None
    meeting: Meeting | None = None
    compulsory_plan: datetime | None = None


def events(encounter: Json, stay: Timeline, around: Iterable[Json], at: datetime) -> Events:
    """Read what had happened around a stay.

    Args:
        encounter: the stay.
        stay: its timeline.
        around: Tasks, Communications, CareTeams, Appointments and CarePlans of its patient.
        at: what came later is left out.
    """
    of_type: dict[str, list[Json]] = {}
    for each in around:
        of_type.setdefault(str(each.get("resourceType")), []).append(each)
    tasks = [each for each in of_type.get("Task", ()) if each.get("status") not in _NEVER_WAS]
    calls = [
        each for each in tasks if discharge.is_kallelse(each) and _about(each, encounter, stay)
    ]
    return Events(
        changes_told=tuple(_told(of_type.get("Communication", ()), encounter, at)),
        planning=tuple(_planning(tasks, encounter, at)),
        contact_since=_contact(of_type.get("CareTeam", ()), stay, at),
        called=min(_until(map(discharge.authored, calls), at), default=None),
        meeting=_meeting(of_type.get("Appointment", ()), calls, stay, at),
        compulsory_plan=min(
            _until(map(_compulsory_plan, of_type.get("CarePlan", ())), at), default=None
        ),
    )


def _until(moments: Iterable[datetime | None], at: datetime) -> Iterator[datetime]:
    return (each for each in moments if each is not None and each <= at)


def _literal(resource: Json, name: str) -> str:
    return target(child(resource, name)).literal


def _of_stay(resource: Json, encounter: Json) -> bool:
    return _literal(resource, "encounter") == f"Encounter/{encounter.get('id')}"


def _about(task: Json, encounter: Json, stay: Timeline) -> bool:
    if _literal(task, "encounter"):
        return _of_stay(task, encounter)
    called = discharge.authored(task)
    if called is None or (stay.admitted is not None and called < stay.admitted):
        return False
    return stay.discharged is None or called <= stay.discharged + _BELONGS_WITHIN


def _told(messages: Iterable[Json], encounter: Json, at: datetime) -> Iterator[datetime]:
    system = codes.COMMUNICATION_CATEGORY_SYSTEM
    for each in messages:
        if each.get("status") == "completed" and _of_stay(each, encounter):
            sent = bounds(each.get("sent"))
            changed = codes.ANDRAD_UTSKRIVNING in concept_codes(each, "category", system)
            if changed and sent and sent[0] <= at:
                yield sent[0]


def _planning(tasks: Iterable[Json], encounter: Json, at: datetime) -> Iterator[Planning]:
    for each in tasks:
        of_code = says(each, "code", codes.PLANERING, codes.TASK_CODE_SYSTEM)
        asked = discharge.authored(each)
        if of_code and _of_stay(each, encounter) and asked is not None and asked <= at:
            yield Planning(_literal(each, "owner"), _confirmed(each, at))


def _confirmed(task: Json, at: datetime) -> datetime | None:
    """Give when a unit took a task on: R4 has no element of its own for that moment."""
    if task.get("status") not in _CONFIRMED:
        return None
    said = (
        child(task, "executionPeriod").get("start"),
        task.get("lastModified"),
        child(task, "meta").get("lastUpdated"),
    )
    first = next((found[0] for each in said if (found := bounds(each))), None)
    return first if first is not None and first <= at else None


def _contact(teams: Iterable[Json], stay: Timeline, at: datetime) -> datetime | None:
    """Give from when somebody is fast vårdkontakt when the patient leaves, or now (R60, R22)."""
    moment = stay.discharged or at
    category = codes.CARE_TEAM_CATEGORY
    since: list[datetime] = []
    later: list[datetime] = []
    for team in teams:
        named = codes.FAST_KONTAKT in concept_codes(team, "category", category)
        if not named or kind_of(team) not in codes.VARDKONTAKTER:
            continue
        held = periods.read(team)
        if team.get("status") not in ("active", "suspended", "inactive") or held.start is None:
            continue
        if held.covers(moment):
            since.append(held.start)
        elif moment < held.start <= at:
            later.append(held.start)
    return min(since, default=None) or min(later, default=None)


def _meeting(
    appointments: Iterable[Json], calls: Iterable[Json], stay: Timeline, at: datetime
) -> Meeting | None:
    focused = {_literal(each, "focus") for each in calls}
    meetings = [
        each
        for each in appointments
        if says_service(each) and each.get("status") not in _OFF and _known(each, at)
    ]
    named = [each for each in meetings if f"Appointment/{each.get('id')}" in focused]
    found = named or [each for each in meetings if _since_admission(each, stay)]
    if not found:
        return None
    last = max(found, key=lambda each: text(each, "start"))
    start = _start(last)
    held = start is not None and start <= at and last.get("status") != "proposed"
    return Meeting(start, held)


def says_service(appointment: Json) -> bool:
    """Tell whether an Appointment is a SIP meeting (R91)."""
    system = codes.code_system("service-type")
    return codes.SIP_MEETING in concept_codes(appointment, "serviceType", system)


def _start(appointment: Json) -> datetime | None:
    found = bounds(appointment.get("start"))
    return found[0] if found else None


def _known(appointment: Json, at: datetime) -> bool:
    created = bounds(appointment.get("created"))
    return created is None or created[0] <= at


def _since_admission(appointment: Json, stay: Timeline) -> bool:
    start = _start(appointment)
    return start is not None and (stay.admitted is None or start >= stay.admitted)


def _compulsory_plan(plan: Json) -> datetime | None:
    if TVANGSVARDSPLAN not in concept_codes(plan, "category", codes.CARE_PLAN_CATEGORY):
        return None
    if plan.get("status") not in ("active", "completed", "on-hold"):
        return None
    return periods.read(plan).start
