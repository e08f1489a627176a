"""Whether a unit takes part in somebody's care now (patientrelation, omsorgsrelation).

Who takes part in the care of a patient, or needs to for another reason in their work, may know what
is on record (patientdatalagen 2008:355, PDL, 4 kap. 1 §); what others documented, only with a
relation of now (lagen 2022:913 3 kap.; R111). The law has no number of days; how long a care
contact that ended counts is a setting (`relation_days`), for letters, results and calls after it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from fhir_server.sweden import codes, periods
from fhir_server.sweden.elements import Json, extension, items, text


@dataclass(frozen=True, slots=True)
class Sign:
    """By which statuses resources of a type say that a unit takes part in somebody's care.

    Args:
        owned: where the unit answers for it.
        sent: where it was sent to the unit, or names it as taking part.
    """

    owned: tuple[str, ...]
    sent: tuple[str, ...] = ()


_OPEN_ENCOUNTER = ("planned", "arrived", "triaged", "in-progress", "onleave")
_OPEN_APPOINTMENT = ("proposed", "pending", "booked", "arrived", "checked-in", "waitlist")
_OPEN_TASK = tuple(each for each in codes.OPEN_TASK if each != "draft")
_FINISHED = "finished"
# What has a period counts for as long after it as a care contact that ended does.
SIGNS: dict[str, Sign] = {
    "Appointment": Sign(_OPEN_APPOINTMENT, _OPEN_APPOINTMENT),
    "CarePlan": Sign(("active",), ("active",)),
    "CareTeam": Sign(("active",), ("active",)),
    "Encounter": Sign((*_OPEN_ENCOUNTER, _FINISHED), _OPEN_ENCOUNTER),
    "EpisodeOfCare": Sign(("planned", "waitlist", "active", "onhold")),
    "ServiceRequest": Sign(("active",), ("active",)),
    "Task": Sign(_OPEN_TASK, _OPEN_TASK),
}
# Types of which those that ended count for some time yet.
ENDING = tuple(type_ for type_, sign in SIGNS.items() if _FINISHED in sign.owned)
# A request makes a relation for whom it is sent to; who sends it has theirs by other things.
_ONLY_SENT = ("ServiceRequest", "Task")


# What `may_tell` says of what is under way; spelled as the label is (`fhir_server.search.labels`).
UNDER_WAY = "_current"


def may_tell(resource: Json) -> str:
    """Tell what a resource may be a sign of, by what does not change with time: status and end.

    What it is for somebody, at a moment, is said by `is_sign`; this is how the few of a person's
    records are found that it must be asked about (R111).

    Returns:
        `UNDER_WAY`, the month (``2026-11``, UTC) in which a care contact ended, or nothing.
    """
    sign, status = SIGNS.get(text(resource, "resourceType")), text(resource, "status")
    if sign is None or status not in (*sign.owned, *sign.sent):
        return ""
    if status != _FINISHED:
        return UNDER_WAY
    end = periods.read(resource).end
    return "" if end is None else f"{end.astimezone(UTC):%Y-%m}"


def months(first: datetime, last: datetime) -> list[str]:
    """Give the months from one moment to another as `may_tell` spells them."""
    found = []
    year, month = first.year, first.month
    while (year, month) <= (last.year, last.month):
        found.append(f"{year:04}-{month:02}")
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
    return found


def is_sign(resource: Json, *, owned: bool, sent: bool, now: datetime, days: int) -> bool:
    """Tell whether a resource about a person says that a unit takes part in their care now (R111).

    Args:
        resource: of one of the types of `SIGNS`.
        owned: whether the unit answers for it.
        sent: whether it was sent to the unit, or names it.
        now: an aware datetime.
        days: how long a care contact that ended counts, and how far ahead a booked one does.
    """
    type_ = text(resource, "resourceType")
    sign, status = SIGNS.get(type_), text(resource, "status")
    if sign is None:
        return False
    by_owner = owned and type_ not in _ONLY_SENT and status in sign.owned
    if not by_owner and not (sent and status in sign.sent):
        return False
    margin = timedelta(days=days)
    if type_ == "Appointment":
        return _near(resource, now, margin)
    if type_ == "CareTeam" and _is_refusal(resource):
        return False
    period = periods.read(resource)
    if period.start is not None and period.start - margin > now:
        return False
    if period.end is None:
        return status != _FINISHED
    return period.end + (margin if type_ == "Encounter" else timedelta()) > now


def _near(appointment: Json, now: datetime, margin: timedelta) -> bool:
    """Tell whether a booking is near; one without a time, still to be agreed on, is."""
    first, last = (periods.bounds(appointment.get(name)) for name in ("start", "end"))
    start, end = first or last, last or first
    if start is None or end is None:
        return True
    return start[0] - margin <= now < end[1] + margin


def _is_refusal(team: Json) -> bool:
    """Tell whether a team only keeps that somebody declined a contact."""
    said = items(extension(team, codes.PATIENT_DECISION), "extension")
    return any(text(each, "valueCode") == "declined" for _, each in said)
