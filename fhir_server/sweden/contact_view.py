"""A patient's named contact as a reader needs it: who, what for, how and when to reach them.

What the patient's card and "who answers right now" are made from. Free of FHIR's spelling; nothing
in it that the audience may not see (R114: a patient's view has no internal note).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time

from fhir_server.sweden.periods import ALWAYS, Period


@dataclass(frozen=True, slots=True)
class Hours:
    """When a way to reach somebody is open (R44).

    All that is said must hold (GetCareManagers, HoursOfServiceType).

    Args:
        days: ``mon`` … ``sun``, in that order; none for every day.
        start: local time in Sweden; None for from midnight.
        end: first moment after; None for until midnight. Not after ``start``: on the next day.
        months: 1 to 12; none for all year.
        first: first day; None for open.
        last: last day; None for open.
    """

    days: tuple[str, ...] = ()
    start: time | None = None
    end: time | None = None
    months: tuple[int, ...] = ()
    first: date | None = None
    last: date | None = None


@dataclass(frozen=True, slots=True)
class Channel:
    """A way to reach somebody (R43).

    Args:
        system: phone, fax, email, pager, url, sms or other; a 1177 message is a url.
        value: the number or address.
        use: of ContactPoint: home, work, mobile …; empty where not said.
        hours: when it is open; empty for no limit known.
        note: what to know about it, such as a call back; empty for nothing.
    """

    system: str
    value: str
    use: str = ""
    hours: tuple[Hours, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """A unit (vårdenhet), a caregiver (vårdgivare) or a team.

    Args:
        reference: ``Organization/[id]`` or ``CareTeam/[id]``.
        name: what people call it; empty where unknown.
        hsa_id: empty where there is none.
        channels: how to reach it.
        notes: what a reader may know about it.
        internal_notes: for staff only; empty for patients, always.
    """

    reference: str
    name: str = ""
    hsa_id: str = ""
    channels: tuple[Channel, ...] = ()
    notes: tuple[str, ...] = ()
    internal_notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Somebody:
    """A named person of staff.

    Args:
        reference: ``PractitionerRole/[id]``.
        name: as it is to be read; empty where protected or unknown.
        title: profession or position in Swedish; empty where unknown.
        hsa_id: of the person; empty where there is none.
        channels: how to reach the person in this role.
        unit: where the person works in this role.
        protected: whether the person's data are protected (R118): the name is then left out.
        hours: when the person works in this role; none for no hours known.
        absences: when the person does not work at all.
        held: when the person has this role; over, when the role is not in use.
    """

    reference: str
    name: str = ""
    title: str = ""
    hsa_id: str = ""
    channels: tuple[Channel, ...] = ()
    unit: Place | None = None
    protected: bool = False
    hours: tuple[Hours, ...] = ()
    absences: tuple[Period, ...] = ()
    held: Period = ALWAYS


@dataclass(frozen=True, slots=True)
class StandIn:
    """A deputy (R45).

    Args:
        person: who.
        start: first moment; None for always.
        end: first moment after; None for no end.
        channels: how to reach them as deputy.
    """

    person: Somebody
    start: datetime | None = None
    end: datetime | None = None
    channels: tuple[Channel, ...] = ()

    @property
    def period(self) -> Period:
        """When the deputy stands in."""
        return Period(self.start, self.end)


@dataclass(frozen=True, slots=True)
class ContactView:
    """One assignment, for one audience at one moment.

    Args:
        reference: ``CareTeam/[id]``.
        kind: of kv_typ_av_fast_kontakt, 1 to 4.
        display: the type in Swedish.
        local_title: what the unit calls it, such as kontaktsjuksköterska (R28); empty for nothing.
        status: of the CareTeam.
        start: first moment of the period; None for open.
        end: first moment after; None for open.
        person: the contact.
        channels: of the assignment itself; the nearest way to reach the contact.
        unit: that answers for the assignment (vårdenhet).
        care_giver: above the unit (vårdgivare).
        team: that the contact is reached through (R40).
        deputies: all that are not over at the moment.
        away: whether the contact is absent at the moment: a deputy is in force for a time, or the
            role says so.
        answers: who answers at the moment: the contact, a deputy; None where neither does, and
            where the view is of no single moment.
        answers_for: the team, the unit or the caregiver that answers where no person does.
        answer_channels: the ways to whoever answers that are open at the moment, nearest first.
        at_once: whether one of them is answered at once; else they take messages only.
        end_reason: why the assignment ended (R20, R46), in Swedish; empty for nothing.
        medically_responsible: where the contact is not (R26).
        tasks: what the contact does, in Swedish (R25).
        notes: external notes.
        internal_notes: for staff only; empty for patients, always.
    """

    reference: str
    kind: str
    display: str
    local_title: str
    status: str
    start: datetime | None
    end: datetime | None
    person: Somebody
    channels: tuple[Channel, ...] = ()
    unit: Place | None = None
    care_giver: Place | None = None
    team: Place | None = None
    deputies: tuple[StandIn, ...] = ()
    away: bool = False
    answers: Somebody | None = None
    answers_for: Place | None = None
    answer_channels: tuple[Channel, ...] = ()
    at_once: bool = False
    end_reason: str = ""
    medically_responsible: Somebody | None = None
    tasks: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    internal_notes: tuple[str, ...] = ()
