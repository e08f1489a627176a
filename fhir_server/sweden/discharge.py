"""The timeline of a stay in hospital, and what its deadlines are counted from.

What each step asks for stands in `discharge_steps`, what follows from others' doing in
`discharge_events`.

Source: R54, R57, R58, R61–R65, R67; lagen (2017:612) om samverkan vid utskrivning från sluten
hälso- och sjukvård 2 kap. 1 § and 4 kap. 3 §.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from fhir_server.fhir.outcome import Issue
from fhir_server.sweden import codes, periods
from fhir_server.sweden.elements import Json, child, extension, items, says, target, text
from fhir_server.sweden.periods import INSTANT, STOCKHOLM, bounds, local_date
from fhir_server.sweden.rulings import warning

NOTICE_WITHIN = timedelta(hours=24)
DAYS_TO_CALL = 3
_LONG_AGO, _FAR_OFF = datetime(1000, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Expected:
    """An expected time of discharge, and when that was said (R56, R58)."""

    time: datetime
    recorded: datetime


@dataclass(frozen=True, slots=True)
class Spell:
    """A time in which the patient was utskrivningsklar.

    Args:
        since: the notice that began it.
        until: when it was withdrawn; None where that did not happen.
    """

    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Timeline:
    """What the deadlines of a stay are counted from.

    Args:
        admitted: when the patient came.
        need_assessed: when the need of support was found, where that was later.
        notices: when an inskrivningsmeddelande was sent.
        ready: when the units were told that the patient is utskrivningsklar.
        withdrawn: when that was taken back.
        discharged: when the patient left.
        expected: the expected times of discharge.
        needs: whose insatser the patient needs afterwards: ``region``, ``kommun``.
        compulsory: lpt, lrv, opt or orv (R67); empty for none.
        transferred: when the information went to those who take over (R63).
        withheld: whether secrecy prevented that, or a part of it.
        informed: when the patient got the written information (R64).
        recipients: the units that got a notice, as ``Organization/[id]``.
        cancelled: whether the stay never was.
    """

    admitted: datetime | None = None
    need_assessed: datetime | None = None
    notices: tuple[datetime, ...] = ()
    ready: tuple[datetime, ...] = ()
    withdrawn: tuple[datetime, ...] = ()
    discharged: datetime | None = None
    expected: tuple[Expected, ...] = ()
    needs: frozenset[str] = frozenset()
    compulsory: str = ""
    transferred: tuple[datetime, ...] = ()
    withheld: bool = False
    informed: tuple[datetime, ...] = ()
    recipients: tuple[str, ...] = ()
    cancelled: bool = False

    @property
    def in_process(self) -> bool:
        """Whether somebody found that the patient needs support afterwards (R54).

        From that assessment the 24 hours run; who needs nothing has no deadlines.
        """
        found = self.notices or self.needs or self.need_assessed or self.ready
        return bool(found) and not self.cancelled

    @property
    def needs_both(self) -> bool:
        """Whether region and municipality are to coordinate their insatser in a SIP (R65).

        Where nobody said whose insatser are needed, both are: a deadline that is shown too often
        is better than one that is missed.
        """
        return not self.needs or {codes.REGION, codes.KOMMUN} <= self.needs

    @property
    def notice_deadline(self) -> datetime | None:
        """When the inskrivningsmeddelande must have been sent (R57); None without a start.

        Hours are hours, also in the nights when clocks are put forward or back. A need that was
        known before admission counts from admission.
        """
        start = max(filter(None, (self.need_assessed, self.admitted)), default=None)
        return start.astimezone(UTC) + NOTICE_WITHIN if start else None

    @property
    def spells(self) -> tuple[Spell, ...]:
        """The times of being utskrivningsklar, in order (R61, R62).

        A notice that repeats one that holds begins nothing: the clocks run from the first.
        """
        # What is withdrawn at the moment it was said does not hold: the withdrawal comes last.
        moments = sorted([(m, 0) for m in self.ready] + [(m, 1) for m in self.withdrawn])
        found: list[Spell] = []
        for moment, withdrawal in moments:
            running = bool(found) and found[-1].until is None
            if not withdrawal and not running:
                found.append(Spell(moment, None))
            elif withdrawal and running:
                found[-1] = replace(found[-1], until=moment)
        return tuple(found)

    @property
    def ready_since(self) -> datetime | None:
        """The notice of utskrivningsklar that holds; None where it was taken back (R62)."""
        last = max(self.withdrawn, default=None)
        return min((each for each in self.ready if last is None or each > last), default=None)

    @property
    def call_deadline(self) -> datetime | None:
        """First moment after the last day to call to a SIP meeting (R65).

        Three calendar days after the day of the notice, in Sweden; None where none runs.
        """
        if self.ready_since is None:
            return None
        return midnight(local_date(self.ready_since) + timedelta(days=DAYS_TO_CALL + 1))

    @property
    def leaving(self) -> datetime | None:
        """When the patient left, or is expected to: the expectation that was said last (R58)."""
        said = max(self.expected, key=lambda each: each.recorded, default=None)
        return self.discharged or (said.time if said else None)

    def by(self, at: datetime) -> Timeline:
        """Give the timeline as it was at a moment: what came later had not happened."""

        def until(moments: tuple[datetime, ...]) -> tuple[datetime, ...]:
            return tuple(each for each in moments if each <= at)

        transferred, discharged, assessed = (
            until(self.transferred),
            self.discharged,
            self.need_assessed,
        )
        return replace(
            self,
            need_assessed=assessed if assessed and assessed <= at else None,
            notices=until(self.notices),
            ready=until(self.ready),
            withdrawn=until(self.withdrawn),
            discharged=discharged if discharged and discharged <= at else None,
            expected=tuple(each for each in self.expected if each.recorded <= at),
            transferred=transferred,
            withheld=self.withheld and bool(transferred),
            informed=until(self.informed),
        )


def midnight(day: date) -> datetime:
    """Give the first moment of a day in Sweden."""
    return datetime.combine(day, time(), STOCKHOLM)


def end_of(day: date) -> datetime:
    """Give the last moment of a day in Sweden."""
    return midnight(day + timedelta(days=1)).astimezone(UTC) - INSTANT


def is_kallelse(resource: Json) -> bool:
    """Tell whether a resource is the Task that calls an actor to a SIP meeting (R91)."""
    return resource.get("resourceType") == "Task" and says(
        resource, "code", "kallelse", codes.code_system("task-code")
    )


def has_notice(resource: Json) -> bool:
    """Tell whether a resource is a stay whose inskrivningsmeddelande was sent (R55)."""
    return resource.get("resourceType") == "Encounter" and any(
        each.get("url") == codes.ADMISSION_NOTICE_SENT for _, each in items(resource, "extension")
    )


def has_step(resource: Json) -> bool:
    """Tell whether a resource is a stay in which a step of the discharge process was taken."""
    steps = (
        codes.ADMISSION_NOTICE_SENT,
        codes.DISCHARGE_READY,
        codes.DISCHARGE_READY_WITHDRAWN,
    )
    return resource.get("resourceType") == "Encounter" and any(
        each.get("url") in steps for _, each in items(resource, "extension")
    )


def timeline(encounter: Json) -> Timeline:
    """Read the timeline of a stay (profile sluten-encounter)."""
    return Timeline(
        admitted=_admitted(encounter),
        need_assessed=_at(extension(encounter, codes.NEED_ASSESSED_AT)),
        notices=tuple(_moments(encounter, codes.ADMISSION_NOTICE_SENT)),
        ready=tuple(_moments(encounter, codes.DISCHARGE_READY)),
        withdrawn=tuple(_moments(encounter, codes.DISCHARGE_READY_WITHDRAWN)),
        discharged=_left(encounter),
        expected=tuple(_expected(encounter)),
        needs=frozenset(
            text(e, "valueCode") for e in _said(encounter, codes.NEEDS_AFTER_DISCHARGE)
        ),
        compulsory=text(extension(encounter, codes.COMPULSORY_CARE), "valueCode"),
        transferred=tuple(_moments(encounter, codes.INFORMATION_TRANSFERRED)),
        withheld=any(
            extension(e, "withheld") for e in _said(encounter, codes.INFORMATION_TRANSFERRED)
        ),
        informed=tuple(_moments(encounter, codes.WRITTEN_INFORMATION)),
        recipients=tuple(_recipients(encounter)),
        cancelled=encounter.get("status") in ("cancelled", "entered-in-error"),
    )


def notice_in_time(stay: Timeline) -> Iterator[Issue]:
    """Flag an inskrivningsmeddelande later than 24 hours (R57; 2 kap. 1 §): sent is sent."""
    first, deadline = min(stay.notices, default=None), stay.notice_deadline
    if first and deadline and first > deadline:
        yield warning(
            "The inskrivningsmeddelande was sent later than 24 hours after admission, or after the "
            "assessment that found the need.",
            "Encounter.extension",
            codes.SAMVL_2_1,
        )


def called_in_time(called: datetime | None, stay: Timeline) -> Iterator[Issue]:
    """Flag a kallelse later than three days after utskrivningsklar (R65; 4 kap. 3 §)."""
    if called and stay.call_deadline and called >= stay.call_deadline:
        yield warning(
            "The kallelse to the SIP meeting was sent later than three days after the notice that "
            "the patient is utskrivningsklar.",
            "Task.authoredOn",
            codes.SAMVL_4_3,
        )


def authored(task: Json) -> datetime | None:
    """Give when a kallelse was sent."""
    found = bounds(task.get("authoredOn"))
    return found[0] if found else None


def _said(encounter: Json, url: str) -> Iterator[Json]:
    return (each for _, each in items(encounter, "extension") if each.get("url") == url)


def _moments(encounter: Json, url: str) -> Iterator[datetime]:
    for each in _said(encounter, url):
        if moment := _at(each):
            yield moment


def _at(said: Json) -> datetime | None:
    return _moment(extension(said, "at"))


def _expected(encounter: Json) -> Iterator[Expected]:
    for each in _said(encounter, codes.EXPECTED_DISCHARGE):
        time_, recorded = _moment(extension(each, "time")), _moment(extension(each, "recorded"))
        if time_ and recorded:
            yield Expected(time_, recorded)


def _recipients(encounter: Json) -> Iterator[str]:
    seen: dict[str, None] = {}
    for each in _said(encounter, codes.ADMISSION_NOTICE_SENT):
        for _, part in items(each, "extension"):
            if part.get("url") == "to" and (
                literal := target(child(part, "valueReference")).literal
            ):
                seen[literal] = None
    yield from seen


def _admitted(encounter: Json) -> datetime | None:
    start = periods.read(encounter).start
    return countable(start) if start else None


def _left(encounter: Json) -> datetime | None:
    """Give when the patient left; the last moment of the day where no hour is known."""
    end = child(encounter, "period").get("end")
    found = bounds(end)
    if found is None:
        return None
    return countable(found[1] - INSTANT if "T" not in str(end) else found[0])


def _moment(part: Json) -> datetime | None:
    found = bounds(part.get("valueDateTime"))
    return countable(found[0]) if found else None


def countable(moment: datetime) -> datetime:
    """Give a moment that days can be counted from: a mistyped year must not stop a unit's view."""
    return min(max(moment, _LONG_AGO), _FAR_OFF)
