"""Whether there is always somebody to contact (R43, R45): "alltid finns en person att kontakta".

What counts, for one assignment and one moment:

1. the contact: in service, not absent, within the hours that are said. Hours are those of the way
   to reach them, else those of the role, else office hours: a named person is to be contacted on
   working days. A public holiday is as a Sunday.
2. a deputy whose period it is, by the same measure;
3. the team that the contact is reached through, by phone, SMS or pager; a number without hours is
   open always;
4. the unit that answers for the assignment, by the same measure.

Where none of them answers there is a gap. Pure arithmetic on stretches of time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from fhir_server.sweden.contact_view import Hours
from fhir_server.sweden.open_hours import OFFICE_HOURS, open_within
from fhir_server.sweden.periods import ALWAYS, Period
from fhir_server.sweden.stretches import (
    NEVER,
    Stretches,
    common,
    minutes,
    of,
    united,
    without,
)

CONTACT, DEPUTY, TEAM, UNIT, NOBODY = "contact", "deputy", "team", "unit", "nobody"
LAYERS = (CONTACT, DEPUTY, TEAM, UNIT, NOBODY)
LEFT, ABSENT, UNREACHABLE, CLOSED = "left", "absent", "unreachable", "closed"
_ANY_TIME = (Hours(),)


@dataclass(frozen=True, slots=True)
class Way:
    """A number or address.

    Args:
        hours: when it is open; none for not said.
        period: when it is in use.
    """

    hours: tuple[Hours, ...] = ()
    period: Period = ALWAYS


@dataclass(frozen=True, slots=True)
class Staff:
    """A person in a role.

    Args:
        in_service: False where the role or the person is inactive, or unknown.
        held: when the role is held.
        absences: when the person does not work.
        hours: when the person works; none for not said.
        ways: how to reach them.
    """

    in_service: bool = False
    held: Period = ALWAYS
    absences: tuple[Period, ...] = ()
    hours: tuple[Hours, ...] = ()
    ways: tuple[Way, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """A team or a unit: when it works, and its numbers."""

    open: Period = ALWAYS
    ways: tuple[Way, ...] = ()


@dataclass(frozen=True, slots=True)
class Cover:
    """Who may answer for one assignment.

    Args:
        period: the assignment's.
        contact: the named contact.
        deputies: who stands in, and when.
        team: that the contact is reached through; None for none.
        unit: that answers for the assignment; None for none.
    """

    period: Period
    contact: Staff
    deputies: tuple[tuple[Period, Staff], ...] = ()
    team: Place | None = None
    unit: Place | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch of time in which nobody answers.

    Args:
        start: first moment.
        end: first moment after.
        why: why the contact does not: left, absent, unreachable or closed.
    """

    start: datetime
    end: datetime
    why: str


@dataclass(frozen=True, slots=True)
class Covered:
    """How an assignment is answered in a period.

    Args:
        gaps: in order.
        minutes: by layer, each moment counted for the first that answers.
    """

    gaps: tuple[Gap, ...]
    minutes: dict[str, int]


def covered(cover: Cover, asked: Period) -> Covered:
    """Give who answers for an assignment in a period, and when nobody does (R43, R45).

    Args:
        cover: who may answer.
        asked: the period, bounded at both ends.
    """
    waiting = common(of(asked), of(cover.period))
    spent = {}
    for layer, answered in zip(LAYERS, layers(cover, asked), strict=False):
        left = without(waiting, answered)
        spent[layer] = minutes(waiting) - minutes(left)
        waiting = left
    spent[NOBODY] = minutes(waiting)
    return Covered(tuple(_gaps(cover.contact, waiting)), spent)


def layers(cover: Cover, asked: Period) -> Iterator[Stretches]:
    """Give when contact, deputies, team and unit answer, in that order."""
    yield answers(cover.contact, asked)
    yield united(
        stretch
        for period, deputy in cover.deputies
        for stretch in common(of(period), answers(deputy, asked))
    )
    for place in (cover.team, cover.unit):
        yield _open(place, asked) if place is not None else NEVER


@lru_cache(maxsize=4096)
def answers(staff: Staff, asked: Period) -> Stretches:
    """Give when a person can be reached."""
    there = without(_service(staff), _absence(staff))
    return common(there, _reached(staff.ways, asked, staff.hours or OFFICE_HOURS))


def _service(staff: Staff) -> Stretches:
    return of(staff.held) if staff.in_service else NEVER


def _absence(staff: Staff) -> Stretches:
    return united(stretch for absence in staff.absences for stretch in of(absence))


@lru_cache(maxsize=4096)
def _open(place: Place, asked: Period) -> Stretches:
    return common(of(place.open), _reached(place.ways, asked, _ANY_TIME))


def _reached(ways: Iterable[Way], asked: Period, default: tuple[Hours, ...]) -> Stretches:
    return united(
        stretch
        for way in ways
        for stretch in common(of(way.period), open_within(way.hours or default, asked))
    )


def _gaps(contact: Staff, waiting: Stretches) -> Iterator[Gap]:
    """Give what nobody answers, told apart by why the contact does not."""
    found = []
    there = _service(contact)
    for why, stretches in (
        (LEFT, without(waiting, there)),
        (ABSENT, common(common(waiting, there), _absence(contact))),
        (
            CLOSED if contact.ways else UNREACHABLE,
            without(common(waiting, there), _absence(contact)),
        ),
    ):
        found += [Gap(start, end, why) for start, end in stretches]
    yield from sorted(found, key=lambda gap: gap.start)


def total(found: Sequence[Covered]) -> dict[str, int]:
    """Give the minutes by layer over several assignments."""
    return {layer: sum(each.minutes[layer] for each in found) for layer in LAYERS}
