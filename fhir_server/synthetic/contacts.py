"""Named contacts over two years: appointed, told of, changed, declined, ended."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from fhir_server.sweden import codes
from fhir_server.synthetic.care_teams import Contact, care_team
from fhir_server.synthetic.elements import Json
from fhir_server.synthetic.needs import Need
from fhir_server.synthetic.patients import HEMSJUKVARD, SABO, Patient
from fhir_server.synthetic.staff import Team, Worker

_DAY = dt.timedelta(days=1)
_LONGEST = 900
# Why a contact is changed, with how often: by the patient, by staff, who left, replaced.
_CHANGES = (("byte-patient", 3.0), ("slutat", 4.0), ("byte-verksamhet", 1.5), ("ersatt", 1.5))


@dataclass(frozen=True, slots=True)
class _Course:
    """What becomes of a need: from when, changed when and why, ended when and why."""

    start: dt.date
    changed: dt.date | None = None
    why_changed: str = ""
    over: dt.date | None = None
    why_over: str = ""


def contacts(
    who: Patient, found: list[Need], teams: dict[str, Team], end: dt.date
) -> Iterator[Json]:
    """Give the CareTeams for what a patient needs, each after what it refers to."""
    for number, need in enumerate(found, start=1):
        identity = f"{who.id}-k{number}"
        for contact in _assignments(who, need, teams[need.unit.id], identity, end):
            yield care_team(who, contact, teams[need.unit.id], end)


def _assignments(
    who: Patient, need: Need, team: Team, identity: str, end: dt.date
) -> Iterator[Contact]:
    fate, last = who.fate, who.died or end
    course = _course(who, need, team, last)
    worker = fate.one_of(team.of(*need.professions))
    if not need.steady and fate.happens("declined", 0.04) and need.kind != codes.FAST_LAKARKONTAKT:
        day = course.start
        yield Contact(identity, need, worker, day, day, "avbojd", declined=True)
        return
    if course.changed is None:
        yield Contact(identity, need, worker, course.start, course.over, course.why_over)
        return
    first = _who_was(who, need, team, worker, course)
    yield Contact(identity, need, first, course.start, course.changed, course.why_changed)
    begin = course.changed + _DAY
    yield Contact(f"{identity}-2", need, worker, begin, course.over, course.why_over,
                  replaces=identity, before=first)  # fmt: skip


def _course(who: Patient, need: Need, team: Team, last: dt.date) -> _Course:
    fate = who.fate
    start = need.start or _some_start(who, need, last)
    start = min(start, last - _DAY)
    changed, why = _change(who, need, team, start, last)
    if why == "slutat" and changed is not None and need.start is None:
        start = min(start, changed - 30 * _DAY)
    if who.died is not None:
        return _Course(start, changed, why, who.died, "avliden")
    begin = changed or start
    if need.steady or (last - begin).days < 60 or not fate.happens("over", 0.08):
        return _Course(start, changed, why)
    over = begin + dt.timedelta(days=fate.between(30, (last - begin).days - 5))
    grown = "overgang-vuxen" if who.age in (18, 19) else "behov-upphort"
    return _Course(start, changed, why, over, fate.weighted([(grown, 4), ("flyttat", 1)]))


def _some_start(who: Patient, need: Need, last: dt.date) -> dt.date:
    """Give a day in the years shown, not before the care that the contact belongs to."""
    longest = min(_LONGEST, (last - who.person.identity.born).days)
    start = last - dt.timedelta(days=who.fate.between(min(15, longest), longest))
    cared = dict(who.care).get({v: k for k, v in _FORMS.items()}.get(need.unit.kind.value, ""))
    if cared is None or cared <= start:
        return start
    return min(cared + dt.timedelta(days=who.fate.between(0, 40)), last - _DAY)


_FORMS = {SABO: "sabo", HEMSJUKVARD: "hemsjukvard", "hemtjanst": "hemtjanst"}


def _change(
    who: Patient, need: Need, team: Team, start: dt.date, last: dt.date
) -> tuple[dt.date | None, str]:
    fate = who.fate
    if need.steady or not fate.happens("changed", 0.12):
        return None, ""
    forced = next((why for why, _ in _CHANGES if fate.happens(why, 0)), "")
    why = forced or fate.weighted(_CHANGES)
    if why == "slutat" and (left := _days_of_leaving(who, need, team, start, last)):
        return fate.one_of(left), why
    if (last - start).days < 30:
        return None, ""
    why = "ersatt" if why == "slutat" else why
    return start + dt.timedelta(days=fate.between(10, (last - start).days - 10)), why


def _days_of_leaving(
    who: Patient, need: Need, team: Team, start: dt.date, last: dt.date
) -> list[dt.date]:
    """Give the days on which somebody left who may have been the contact until then."""
    # A contact whose beginning is not given may have begun so much earlier.
    first = start if need.start is not None else who.person.identity.born + 60 * _DAY
    ends = (each.end for each in team.left_of(*need.professions))
    return [end for end in ends if end is not None and first < end < last]


def _who_was(who: Patient, need: Need, team: Team, now: Worker, course: _Course) -> Worker:
    """Give who had the assignment before: another than now."""
    if course.why_changed == "slutat":
        gone = team.left_of(*need.professions)
        return next(each for each in gone if each.end == course.changed)
    others = [each for each in team.of(*need.professions) if each != now]
    return who.fate.one_of(others) if others else now
