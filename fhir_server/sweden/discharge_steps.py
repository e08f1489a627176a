"""The steps of the discharge process at a moment: deadline, whether it was met, and the paragraph.

R54–R67, R73; lagen (2017:612) 2–4 kap., patientlagen (2014:821) 3 kap. 2 b §. Deadlines are the
law's where it has one; "as soon as possible" has none, and is due at once. Texts are Swedish: staff
read them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from fhir_server.sweden import codes
from fhir_server.sweden.codes import LawParagraph
from fhir_server.sweden.discharge import DAYS_TO_CALL, Expected, Timeline, end_of
from fhir_server.sweden.discharge_events import Events
from fhir_server.sweden.periods import local_date
from fhir_server.sweden.working_days import working_day_from
from fhir_server.swedish import long_day, long_moment

MET, LATE, DUE, OVERDUE = "met", "late", "due", "overdue"
UPCOMING, NOT_APPLICABLE = "upcoming", "not-applicable"
TITLES = {
    "inskrivningsmeddelande": "Inskrivningsmeddelande",
    "beraknad-utskrivning": "Ändrad beräknad utskrivning",
    "planering": "Planering i öppenvård och kommun",
    "fast-vardkontakt": "Fast vårdkontakt",
    "utskrivningsklar": "Utskrivningsklar",
    "utskrivning": "Utskrivning",
    "informationsoverforing": "Informationsöverföring",
    "skriftlig-information": "Skriftlig information till patienten",
    "kallelse": "Kallelse till SIP-möte",
    "sip-mote": "SIP-möte",
    "vardplan-tvangsvard": "Samordnad vårdplan vid tvångsvård",
}
WARD, OPEN_CARE, RECEIVERS = "Slutenvården", "Den öppna vården", "Mottagande enheter"
ALL = "Regionen och kommunen"


@dataclass(frozen=True, slots=True)
class Step:
    """One step as it stands at a moment.

    Args:
        code: of CodeSystem discharge-step.
        status: met, late, due, overdue, upcoming or not-applicable.
        text: what to do, or how it went, in Swedish.
        paragraph: the law.
        responsible: who is to do it, in Swedish.
        since: from when the deadline counts.
        deadline: the last moment that is in time; None where there is none, or none yet.
        at: when it was done.
    """

    code: str
    status: str
    text: str
    paragraph: LawParagraph
    responsible: str
    since: datetime | None = None
    deadline: datetime | None = None
    at: datetime | None = None

    @property
    def title(self) -> str:
        """The step in Swedish."""
        return TITLES[self.code]

    @property
    def open(self) -> bool:
        """Whether somebody has something to do."""
        return self.status in (DUE, OVERDUE)


@dataclass(frozen=True, slots=True)
class Moment:
    """What steps are judged by.

    Args:
        stay: the timeline, as it was then.
        events: what others had done by then.
        now: the moment.
        move: whether a last day on a weekend or holiday is moved (R74).
    """

    stay: Timeline
    events: Events
    now: datetime
    move: bool = False


def steps(stay: Timeline, events: Events, now: datetime, *, move: bool = False) -> tuple[Step, ...]:
    """Give all steps of a stay in their order.

    Args:
        stay: the timeline, as it was at ``now`` (`Timeline.by`).
        events: what others had done by then.
        now: the moment asked about.
        move: whether the last day to call is moved from weekends and holidays (R74).
    """
    moment = Moment(stay, events, now, move)
    found = tuple(make(moment) for make in _STEPS)
    return found if stay.in_process else tuple(map(_outside, found))


def _outside(step: Step) -> Step:
    """Give a step of a stay for which nobody found a need (R54)."""
    text = "Ingen har bedömt att patienten behöver insatser efter utskrivningen."
    return replace(step, status=NOT_APPLICABLE, text=text, since=None, deadline=None, at=None)


def _judged(step: Step, now: datetime) -> Step:
    """Set the status by what was done and by when it had to be."""
    if step.at is not None:
        late = step.deadline is not None and step.at > step.deadline
        return replace(step, status=LATE if late else MET)
    over = step.deadline is not None and now > step.deadline
    return replace(step, status=OVERDUE if over else step.status)


def _notice(m: Moment) -> Step:
    sent = min(m.stay.notices, default=None)
    since = m.stay.need_assessed or m.stay.admitted
    text = (
        f"Skickat {long_moment(sent)}."
        if sent
        else "Skicka inskrivningsmeddelandet till berörda enheter inom 24 timmar."
    )
    law = codes.SAMVL_2_1
    step = Step("inskrivningsmeddelande", DUE, text, law, WARD, since, m.stay.notice_deadline, sent)
    return _judged(step, m.now)


def _changed(m: Moment) -> Step:
    """R58: a changed time is told as soon as possible; one that has passed has changed."""
    step = Step("beraknad-utskrivning", UPCOMING, "", codes.SAMVL_2_3, WARD)
    first = min(m.stay.notices, default=None)
    said = sorted(m.stay.expected, key=lambda each: each.recorded)
    latest = said[-1] if said else None
    if first is None or latest is None:
        return replace(step, text="Den beräknade tiden meddelas i inskrivningsmeddelandet.")
    if m.stay.discharged is None and m.stay.ready_since is None and latest.time < m.now:
        text = "Den beräknade tiden har passerat. Bestäm en ny och meddela enheterna."
        return replace(step, status=DUE, text=text, since=latest.time)
    change = _last_change(said, first)
    if change is None:
        text = f"Oförändrad: {long_moment(latest.time)}."
        return replace(step, status=NOT_APPLICABLE, text=text)
    # A further inskrivningsmeddelande, or the notice of utskrivningsklar, tells the units no less.
    notices = (*m.events.changes_told, *m.stay.notices, *m.stay.ready)
    told = min((each for each in notices if each >= change.recorded), default=None)
    if told:
        text = f"Ny tid {long_moment(change.time)}, meddelad {long_moment(told)}."
        return replace(step, status=MET, text=text, since=change.recorded, at=told)
    if m.stay.discharged:
        text = "Den nya tiden meddelades aldrig, och patienten är utskriven."
        return replace(step, status=OVERDUE, text=text, since=change.recorded)
    text = f"Meddela enheterna den nya tiden, {long_moment(change.time)}, så snart som möjligt."
    return replace(step, status=DUE, text=text, since=change.recorded)


def _last_change(said: list[Expected], notice: datetime) -> Expected | None:
    """Give the last expectation that differs from what the notice, or one before it, said."""
    before = next((each for each in reversed(said) if each.recorded <= notice), said[0])
    changes = [each for each in said if each.recorded > before.recorded]
    last = changes[-1] if changes else None
    return last if (last and last.time != before.time) or len(changes) > 1 else None


def _planning(m: Moment) -> Step:
    """R59: receiving units start planning when the notice comes."""
    since = min(m.stay.notices, default=None)
    step = Step("planering", UPCOMING, "", codes.SAMVL_2_4, RECEIVERS, since, _leaving(m))
    if since is None:
        text = "Börjar när inskrivningsmeddelandet har kommit."
        return replace(step, deadline=None, text=text)
    asked = m.events.planning
    confirmed = [each.confirmed for each in asked if each.confirmed is not None]
    if asked and len(confirmed) == len(asked):
        text = "Alla enheter har bekräftat att de planerar."
        return _judged(replace(step, text=text, at=max(confirmed)), m.now)
    left = (
        f"{len(confirmed)} av {len(asked)} enheter har bekräftat"
        if asked
        else "Ingen har bekräftat"
    )
    return _judged(replace(step, status=DUE, text=f"{left} att planeringen har börjat."), m.now)


def _contact(m: Moment) -> Step:
    """R60: appointed on receipt of the notice, before discharge."""
    since = min(m.stay.notices, default=None)
    at = m.events.contact_since
    step = Step("fast-vardkontakt", DUE, "", codes.SAMVL_2_5, OPEN_CARE, since, _leaving(m), at)
    if at:
        had = m.stay.admitted is not None and at < m.stay.admitted
        text = f"{'Fanns redan, sedan' if had else 'Utsedd från'} {long_day(local_date(at))}."
        return _judged(replace(step, text=text), m.now)
    if since is None:
        return replace(
            step,
            status=UPCOMING,
            deadline=None,
            text="Utses när inskrivningsmeddelandet har kommit.",
        )
    text = "Utse en fast vårdkontakt innan patienten skrivs ut."
    return _judged(replace(step, text=text), m.now)


def _leaving(m: Moment) -> datetime | None:
    """Give by when what must be ready before discharge has to be: an expectation can move."""
    if m.stay.discharged:
        return m.stay.discharged
    expected = m.stay.leaving
    return expected if expected and expected >= m.now else None


def _ready(m: Moment) -> Step:
    step = Step("utskrivningsklar", UPCOMING, "", codes.SAMVL_3_1, WARD)
    at = m.stay.ready_since
    if at:
        return replace(step, status=MET, text=f"Meddelat {long_moment(at)}.", at=at)
    if m.stay.discharged:
        text = (
            "Patienten skrevs ut utan att enheterna fick veta att patienten var utskrivningsklar."
        )
        return replace(step, status=OVERDUE, text=text, deadline=m.stay.discharged)
    if m.stay.withdrawn:
        text = (
            f"Beskedet togs tillbaka {long_moment(max(m.stay.withdrawn))}. Alla frister börjar om."
        )
        return replace(step, text=text)
    return replace(step, text="Meddela enheterna så snart patienten är utskrivningsklar.")


def _left(m: Moment) -> Step:
    step = Step("utskrivning", UPCOMING, "", codes.SAMVL_1_1, WARD)
    if m.stay.discharged:
        text = f"Utskriven {long_moment(m.stay.discharged)}."
        return replace(step, status=MET, text=text, at=m.stay.discharged)
    expected = m.stay.leaving
    if expected is None:
        return replace(step, text="Ingen beräknad tid är satt.")
    if expected < m.now:
        return replace(step, text=f"Var beräknad till {long_moment(expected)}.")
    return replace(step, text=f"Beräknad till {long_moment(expected)}.")


def _information(m: Moment) -> Step:
    at = min(m.stay.transferred, default=None)
    sent = "Överförd, utom det som sekretess hindrar," if m.stay.withheld else "Överförd"
    text = f"{sent} {long_moment(at)}." if at else "Överför informationen senast utskrivningsdagen."
    step = Step("informationsoverforing", UPCOMING, text, codes.SAMVL_3_1, WARD, at=at)
    return _on_discharge_day(step, m)


def _written(m: Moment) -> Step:
    at = min(m.stay.informed, default=None)
    text = (
        f"Lämnad {long_moment(at)}."
        if at
        else "Ge patienten en skriftlig sammanfattning: fast vårdkontakt, tid för SIP och planer."
    )
    step = Step("skriftlig-information", UPCOMING, text, codes.PL_3_2_B, WARD, at=at)
    return _on_discharge_day(step, m)


def _on_discharge_day(step: Step, m: Moment) -> Step:
    """R63, R64: the day the patient leaves; what is expected today is due today."""
    leaving = m.stay.leaving
    if leaving is None or (m.stay.discharged is None and local_date(leaving) < local_date(m.now)):
        return _judged(step, m.now)
    today = local_date(leaving) <= local_date(m.now)
    status = DUE if today or m.stay.ready_since else UPCOMING
    dated = replace(step, status=status, deadline=end_of(local_date(leaving)))
    return _judged(replace(dated, since=m.stay.ready_since), m.now)


def _call(m: Moment) -> Step:
    """R65: within three days after the day of the notice of utskrivningsklar."""
    at, since = m.events.called, m.stay.ready_since
    step = Step("kallelse", UPCOMING, "", codes.SAMVL_4_3, OPEN_CARE, since, at=at)
    if not_called := _why_no_call(m):
        return replace(step, status=NOT_APPLICABLE, text=not_called, since=None, at=None)
    if since is not None:
        step = replace(step, status=DUE, deadline=_last_day_to_call(since, m))
    if at:
        return _judged(replace(step, text=f"Kallad {long_moment(at)}."), m.now)
    if since is None:
        return replace(step, text="Kalla inom tre dagar efter att patienten är utskrivningsklar.")
    text = "Kalla regionen, kommunen och patienten till SIP-möte inom tre dagar från beskedet."
    return _judged(replace(step, text=text), m.now)


def _why_no_call(m: Moment) -> str:
    if m.stay.compulsory:
        return "Vård enligt LPT eller LRV har en egen process med en samordnad vårdplan."
    if not m.stay.needs_both:
        return "Bara en huvudmans insatser behövs, så någon SIP krävs inte."
    return ""


def _last_day_to_call(since: datetime, m: Moment) -> datetime:
    last = local_date(since) + timedelta(days=DAYS_TO_CALL)
    return end_of(working_day_from(last) if m.move else last)


def _meeting(m: Moment) -> Step:
    """R66: no deadline in the law; mostly after discharge, at home."""
    step = Step("sip-mote", UPCOMING, "Bokas i kallelsen.", codes.SAMVL_4_1, ALL)
    if not_called := _why_no_call(m):
        return replace(step, status=NOT_APPLICABLE, text=not_called)
    meeting = m.events.meeting
    if meeting is None or meeting.start is None:
        called = m.events.called is not None
        return replace(step, status=DUE, text="Bestäm tid för mötet.") if called else step
    if meeting.held:
        text = f"Mötet var {long_moment(meeting.start)}."
        return replace(step, status=MET, text=text, at=meeting.start)
    return replace(step, text=f"Bokat {long_moment(meeting.start)}.")


def _compulsory(m: Moment) -> Step:
    """R67: LPT and LRV discharges follow their own process; the plan is of type SPLPTLRV."""
    step = Step("vardplan-tvangsvard", DUE, "", codes.SAMVL_4_1, ALL, at=m.events.compulsory_plan)
    if not m.stay.compulsory:
        return replace(step, status=NOT_APPLICABLE, text="Ingen tvångsvård.", at=None)
    if step.at:
        text = f"Planen gäller från {long_moment(step.at)}."
        return _judged(replace(step, text=text, deadline=_leaving(m)), m.now)
    text = "Gör en samordnad vårdplan (SPLPTLRV) innan patienten lämnar avdelningen."
    return _judged(replace(step, text=text, deadline=_leaving(m)), m.now)


_STEPS: tuple[Callable[[Moment], Step], ...] = (
    _notice,
    _changed,
    _planning,
    _contact,
    _ready,
    _information,
    _written,
    _left,
    _call,
    _meeting,
    _compulsory,
)
