"""Who answers for a named contact at a given moment, and how to reach them (R43-R45).

"Det finns alltid en person att kontakta": the contact; a deputy; else the team, the unit, the
caregiver. Hours are Swedish wall-clock time, also on the days when the clock changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta

from fhir_server.sweden.contact_view import Channel, ContactView, Hours, Place, Somebody, StandIn
from fhir_server.sweden.open_hours import is_day
from fhir_server.sweden.periods import STOCKHOLM

# Somebody picks up, or gets it in the hand; the others take messages.
AT_ONCE = frozenset({"phone", "sms", "pager"})


def is_open(hours: Iterable[Hours], moment: datetime) -> bool:
    """Tell whether any of the hours covers a moment; no hours at all are open always."""
    listed = list(hours)
    return not listed or any(covers(each, moment) for each in listed)


def covers(hours: Hours, moment: datetime) -> bool:
    """Tell whether a moment lies within hours, those after midnight of the day before included."""
    local = moment.astimezone(STOCKHOLM)
    day, clock = local.date(), local.time()
    if not _past_midnight(hours):
        return is_day(hours, day) and _starts(hours) <= clock and not _is_over(hours, clock)
    from_yesterday = is_day(hours, day - timedelta(days=1)) and not _is_over(hours, clock)
    return from_yesterday or (is_day(hours, day) and _starts(hours) <= clock)


def present(person: Somebody, moment: datetime) -> bool:
    """Tell whether a person has the role at a moment and is not absent from it."""
    return person.held.covers(moment) and not any(a.covers(moment) for a in person.absences)


def away(view: ContactView, moment: datetime) -> bool:
    """Tell whether the contact is absent: by the role, or because a deputy stands in for a time.

    A deputy without a period is there for when the contact does not answer, and says nothing of
    an absence.
    """
    return not present(view.person, moment) or any(
        deputy.period.covers(moment) and (deputy.start or deputy.end) for deputy in view.deputies
    )


def answering(view: ContactView, moment: datetime) -> ContactView:
    """Give the view with who answers at a moment.

    The first who can be reached at once; where nobody can, the first whom a message reaches.
    """
    absent = away(view, moment)
    candidates = list(_candidates(view, moment, absent=absent))
    chosen = next((c for c in candidates if c.at_once), next(iter(candidates), _Candidate()))
    return replace(
        view,
        away=absent,
        answers=chosen.person,
        answers_for=chosen.place,
        answer_channels=chosen.channels,
        at_once=chosen.at_once,
    )


@dataclass(frozen=True, slots=True)
class _Candidate:
    """Somebody, or some place, that can be reached at the moment."""

    channels: tuple[Channel, ...] = ()
    person: Somebody | None = None
    place: Place | None = None

    @property
    def at_once(self) -> bool:
        return any(channel.system in AT_ONCE for channel in self.channels)


def _candidates(view: ContactView, moment: datetime, *, absent: bool) -> Iterator[_Candidate]:
    """Give who can be reached, in the order in which a patient should turn to them."""
    if not absent:
        ways = (*view.channels, *view.person.channels)
        # R40: a contact without ways of their own is reached through the team.
        ways = ways or (view.team.channels if view.team else ())
        yield from _reachable(view.person, ways, moment)
    for deputy in sorted(view.deputies, key=_for_a_time_first):
        if deputy.period.covers(moment) and present(deputy.person, moment):
            ways = (*deputy.channels, *deputy.person.channels)
            yield from _reachable(deputy.person, ways, moment)
    for place in (view.team, view.unit, view.person.unit, view.care_giver):
        if place and (opened := _in_order(c for c in place.channels if is_open(c.hours, moment))):
            yield _Candidate(opened, place=place)


def _reachable(
    person: Somebody, ways: tuple[Channel, ...], moment: datetime
) -> Iterator[_Candidate]:
    """Give the person with the ways that are open; a way without hours follows working hours."""
    opened = [way for way in ways if is_open(way.hours or _work(person, way), moment)]
    if opened:
        yield _Candidate(_in_order(opened), person=person)


def _work(person: Somebody, way: Channel) -> tuple[Hours, ...]:
    # A message may be left at any hour.
    return person.hours if way.system in AT_ONCE else ()


def _in_order(channels: Iterable[Channel]) -> tuple[Channel, ...]:
    distinct = dict.fromkeys(channels)
    return tuple(sorted(distinct, key=lambda channel: channel.system not in AT_ONCE))


def _for_a_time_first(deputy: StandIn) -> bool:
    return deputy.start is None and deputy.end is None


def _past_midnight(hours: Hours) -> bool:
    return hours.end is not None and hours.end <= _starts(hours) and hours.end != time.min


def _starts(hours: Hours) -> time:
    return hours.start or time.min


def _is_over(hours: Hours, clock: time) -> bool:
    # Until 00:00 is until the day is over.
    return hours.end is not None and hours.end != time.min and hours.end <= clock
