"""How many patients each contact has at a moment, and how that is spread (R49, R106).

A patient counts once for a contact, also with two assignments of different types; and once in each
of the types. Whom somebody stands in for is counted beside it, never added (R45).
"""

from __future__ import annotations

import datetime as dt
import math
import statistics
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from fhir_server.sweden import codes
from fhir_server.sweden.caseload import Level, Threshold, assess, nearest_threshold
from fhir_server.sweden.elements import Json
from fhir_server.sweden.facts import microseconds
from fhir_server.sweden.periods import STOCKHOLM, local_date

# A bar of the histogram is as wide as the first of these that makes do with so many bars.
BARS = 12
_WIDTHS = (1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000)
_GRAVEST_FIRST = (Level.OVER, Level.NEAR, Level.SPARSE, Level.BELOW, Level.NO_THRESHOLD)


@dataclass(frozen=True, slots=True)
class Assignment:
    """That somebody has a patient, or stands in for the one who has.

    Args:
        contact: ``PractitionerRole/[id]``.
        patient: ``Patient/[id]``.
        kind: type of contact, 1 to 4.
        start: first moment, µs since 1970; None for always.
        end: first moment after; None for no end.
        ended: whether it has been ended by now; one that has not may still have a period that is
            over.
    """

    contact: str
    patient: str
    kind: str
    start: int | None = None
    end: int | None = None
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Moment:
    """When to count.

    Args:
        at: µs since 1970.
        past: whether it lies before now: what has been ended since was in force then.
    """

    at: int
    past: bool

    def holds(self, assignment: Assignment) -> bool:
        """Tell whether an assignment was, or is, in force."""
        return (
            (self.past or not assignment.ended)
            and (assignment.start is None or assignment.start <= self.at)
            and (assignment.end is None or assignment.end > self.at)
        )


@dataclass(slots=True)
class Load:
    """A contact's patients at a moment."""

    patients: set[str] = field(default_factory=set)
    by_kind: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    stands_in_for: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Agreed:
    """The thresholds that hold at a unit: for all types together, and for single ones."""

    total: Threshold | None
    of_kind: Mapping[str, Threshold]

    @property
    def every(self) -> list[Threshold]:
        """All of them, the one for all types first."""
        return [*([self.total] if self.total else []), *self.of_kind.values()]


@dataclass(frozen=True, slots=True)
class Distribution:
    """How numbers of patients are spread over contacts.

    Args:
        contacts: how many contacts.
        least: the fewest patients.
        median: between the two in the middle where their number is even.
        mean: the mean.
        p90: nine of ten contacts have at most so many (nearest rank).
        most: the most patients.
        bins: from, to, number of contacts; without gaps.
    """

    contacts: int
    least: int
    median: float
    mean: float
    p90: int
    most: int
    bins: tuple[tuple[int, int, int], ...]


def moments(day: dt.date | None, months: int, now: dt.datetime) -> list[Moment]:
    """Give the month ends before a day, and the end of the day itself, each not after now.

    Args:
        day: asked about; None for now.
        months: how many month ends.
        now: the present moment. A day that is not over is counted now, a later one as planned.
    """
    today = local_date(now)
    asked = day or today
    first = asked.replace(day=1)
    days: list[dt.date] = []
    for _ in range(months):
        if first <= dt.date(1, 1, 1):
            break
        days.append(first - dt.timedelta(days=1))
        first = days[-1].replace(day=1)
    return [_end_of(each, today, now) for each in [*reversed(days), asked]]


def loads(
    assignments: Iterable[Assignment], stand_ins: Iterable[Assignment], moment: Moment
) -> dict[str, Load]:
    """Count at a moment: by contact, everybody who has a patient or stands in for one."""
    found: dict[str, Load] = defaultdict(Load)
    for each in assignments:
        if moment.holds(each):
            load = found[each.contact]
            load.patients.add(each.patient)
            load.by_kind[each.kind].add(each.patient)
    for each in stand_ins:
        if moment.holds(each):
            found[each.contact].stands_in_for.add(each.patient)
    return dict(found)


def agreed(chain: Sequence[Json], kinds: Collection[str] = ()) -> Agreed:
    """Give the thresholds in force at a unit (R49).

    Args:
        chain: the unit, then the organizations above it.
        kinds: types asked for; a threshold for all types says nothing about a part of them.
    """
    of_kind = {
        kind: found
        for kind in codes.CONTACT_TYPES
        if (not kinds or kind in kinds)
        and (found := nearest_threshold(chain, kind))
        and found.kind == kind
    }
    return Agreed(None if kinds else nearest_threshold(chain, ""), of_kind)


def level(load: Load, thresholds: Agreed) -> Level:
    """Give the gravest of what the thresholds say about a contact (R51)."""
    said = {assess(len(load.patients), thresholds.total)}
    for kind, threshold in thresholds.of_kind.items():
        if kind in load.by_kind:
            said.add(assess(len(load.by_kind[kind]), threshold))
    return next(each for each in _GRAVEST_FIRST if each in said)


def distribution(numbers: Sequence[int]) -> Distribution | None:
    """Give how numbers of patients are spread (R106); None for no numbers."""
    if not numbers:
        return None
    ordered = sorted(numbers)
    return Distribution(
        contacts=len(ordered),
        least=ordered[0],
        median=float(statistics.median(ordered)),
        mean=round(statistics.fmean(ordered), 1),
        p90=ordered[-(-90 * len(ordered) // 100) - 1],
        most=ordered[-1],
        bins=_bins(ordered),
    )


def _bins(ordered: Sequence[int]) -> tuple[tuple[int, int, int], ...]:
    """Cut into bars of equal width, from that of the smallest number to that of the largest."""
    least, most = ordered[0], ordered[-1]
    width = next((w for w in _WIDTHS if most // w - least // w < BARS), None)
    width = width or math.ceil((most + 1) / BARS)
    counts: dict[int, int] = defaultdict(int)
    for number in ordered:
        counts[number // width] += 1
    return tuple(
        (bar * width, bar * width + width - 1, counts[bar])
        for bar in range(least // width, most // width + 1)
    )


def _end_of(day: dt.date, today: dt.date, now: dt.datetime) -> Moment:
    if day == today:
        return Moment(microseconds(now), past=False)
    last = dt.datetime.combine(day, dt.time.max, STOCKHOLM)
    return Moment(microseconds(last.astimezone(dt.UTC)), past=day < today)
