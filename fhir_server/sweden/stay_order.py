"""In which order the steps of the discharge process can come; a step at the wrong time is refused.

Nothing before admission, nothing ahead of time, nobody ready twice, nothing taken back that was not
said, nothing told before there is somebody to tell. Source: R55-R64; lagen (2017:612) om samverkan
vid utskrivning från sluten hälso- och sjukvård 2 and 3 kap.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from fhir_server.fhir.outcome import Issue
from fhir_server.sweden import codes, discharge
from fhir_server.sweden.codes import LawParagraph
from fhir_server.sweden.discharge import Timeline
from fhir_server.sweden.elements import Json, child, extension, items, target, text
from fhir_server.sweden.periods import bounds, local_date
from fhir_server.sweden.rulings import refusal, warning

# Clocks of two systems differ.
SKEW = timedelta(minutes=5)

_TIMELINE = "Encounter.extension"
_IN_HOSPITAL = ("in-progress", "onleave")


def check(stay: Json, now: datetime) -> Iterator[Issue]:
    """Say what a timeline tells that can't have happened, and what should not have.

    For every way of writing. What was done is recorded as it was done, in the wrong order too, and
    the deadlines are counted from it: that is a warning. What nobody can have done is refused.

    Args:
        stay: the Encounter as it will be stored.
        now: an aware datetime.
    """
    told = discharge.timeline(stay)
    said = (*told.notices, *told.ready, *told.withdrawn)
    if told.admitted is not None and any(each < told.admitted for each in said):
        yield refusal(
            "A step of the discharge lies before the patient was admitted. Look at its time, or at "
            "Encounter.period.",
            _TIMELINE,
            codes.SAMVL_2_1,
        )
    if any(each > now + SKEW for each in said):
        yield refusal(
            "A step of the discharge lies ahead. Say what has happened when it has happened.",
            _TIMELINE,
            codes.SAMVL_2_1,
        )
    first = min(told.ready, default=None)
    if any(first is None or each < first for each in told.withdrawn):
        yield refusal(
            "It is taken back that the patient is utskrivningsklar before anybody said so.",
            _TIMELINE,
            codes.SAMVL_3_1,
        )
    if first is not None and (not told.notices or first < min(told.notices)):
        yield warning(
            "The patient was said to be utskrivningsklar before an inskrivningsmeddelande was "
            "sent: the units had not been told.",
            _TIMELINE,
            codes.SAMVL_2_1,
        )


def under_way(stay: Json) -> Iterator[Issue]:
    """Refuse a step on a stay that has not begun, or is over (409)."""
    status = text(stay, "status")
    if status == "finished":
        yield _conflict("The patient is discharged already.", "Encounter.status", codes.SAMVL_3_1)
    elif status not in _IN_HOSPITAL:
        yield _conflict(
            f"The patient is not in hospital: the stay's status is {status or 'not given'}. Set it "
            "to in-progress at admission.",
            "Encounter.status",
            codes.SAMVL_2_1,
        )


def in_time(stay: Timeline, at: datetime, now: datetime, expression: str) -> Iterator[Issue]:
    """Refuse a step before admission, or one that has not happened yet.

    Args:
        stay: its timeline.
        at: when the step happened.
        now: an aware datetime.
        expression: the parameter that says when.
    """
    if stay.admitted is not None and at < stay.admitted:
        yield refusal(
            "That is before the patient was admitted. Look at the time, or at Encounter.period.",
            expression,
            codes.SAMVL_2_1,
        )
    if at > now + SKEW:
        yield refusal(
            "That lies ahead. Say what has happened when it has happened.",
            expression,
            codes.SAMVL_2_1,
        )


def need_found(stay: Timeline, found: datetime, noticed: datetime) -> Iterator[Issue]:
    """Refuse a need that was found before admission, or after the notice about it (R57)."""
    if (stay.admitted is not None and found < stay.admitted) or found > noticed:
        yield refusal(
            "A need is found between admission and the notice about it.",
            "needAssessedAt",
            codes.SAMVL_2_1,
        )


def expected(stay: Json, said: str, at: datetime, expression: str) -> Iterator[Issue]:
    """Refuse an expected discharge that is over when it is said (R56, R58)."""
    end = bounds(said)
    admitted = discharge.timeline(stay).admitted
    if end is None or end[1] <= at or (admitted is not None and end[1] <= admitted):
        yield refusal(
            "An expected discharge lies after the moment when it is said.",
            expression,
            codes.SAMVL_2_2,
        )


def another_time(stay: Json, said: str) -> Iterator[Issue]:
    """Refuse to tell again what was told last (409, R58; 2 kap. 3 §)."""
    if (told := latest_expected(stay)) and bounds(told) == bounds(said):
        yield _conflict("That is the time that the units know of already.", "time", codes.SAMVL_2_3)


def same_time(stay: Json, said: str) -> Iterator[Issue]:
    """Refuse a repeated notice with a time that the first units have not heard (409, R58)."""
    if (told := latest_expected(stay)) and bounds(told) != bounds(said):
        yield _conflict(
            "Other units were told another time. Tell them first, by $expected-discharge; then "
            "send the notice with the same time.",
            "expectedDischarge",
            codes.SAMVL_2_3,
        )


def becomes_ready(stay: Timeline, at: datetime) -> Iterator[Issue]:
    """Refuse utskrivningsklar without a notice, twice, or before it was taken back (R61)."""
    if not stay.notices:
        yield refusal(
            "No inskrivningsmeddelande was sent, so there is nobody to tell. Send it first, by "
            "$admission-notice.",
            "Encounter.extension",
            codes.SAMVL_2_1,
        )
    elif stay.ready_since is not None:
        yield _conflict(
            "The units have been told that the patient is utskrivningsklar, and it has not been "
            "taken back.",
            "Encounter.extension",
            codes.SAMVL_3_1,
        )
    elif at < min(stay.notices) or any(at <= each for each in (*stay.ready, *stay.withdrawn)):
        yield _too_early("at", "the inskrivningsmeddelande and the last withdrawal")


def is_withdrawn(stay: Timeline, at: datetime) -> Iterator[Issue]:
    """Refuse to take back what was not said, or at a time before it was said (R62)."""
    if stay.ready_since is None:
        yield _conflict(
            "The patient is not utskrivningsklar now, so there is nothing to take back.",
            "Encounter.extension",
            codes.SAMVL_3_1,
        )
    elif at <= stay.ready_since:
        yield _too_early("at", "the notice that the patient is utskrivningsklar")


def leaves(stay: Timeline, at: datetime) -> Iterator[Issue]:
    """Refuse a discharge before what happened in the stay (R64)."""
    if at < max((*stay.notices, *stay.ready, *stay.withdrawn), default=at):
        yield _too_early("at", "what is in the stay's timeline")


def transferred_in_time(stay: Json, at: datetime) -> Iterator[Issue]:
    """Warn of information that came later than the day of discharge (R63; 3 kap. 1 §)."""
    left = bounds(child(stay, "period").get("end"))
    if left is not None and local_date(at) > local_date(left[0]):
        yield warning(
            "The information was sent later than the day of discharge.",
            "Encounter.extension",
            codes.SAMVL_3_1,
        )


def left_undone(stay: Json, *, contact: bool) -> Iterator[Issue]:
    """Warn of what the law wants before the patient goes home (R60, R61, R63).

    Nothing is said of a stay without an inskrivningsmeddelande: the process does not run.

    Args:
        stay: the Encounter.
        contact: whether the patient has a fast vårdkontakt in the region's öppen vård.
    """
    told = discharge.timeline(stay)
    if not told.notices:
        return
    if told.ready_since is None:
        yield warning(
            "The patient goes home without having been utskrivningsklar: the units have not been "
            "told.",
            "Encounter.extension",
            codes.SAMVL_3_1,
        )
    needs = needs_of(stay)
    if not contact and (not needs or codes.REGION in needs):
        yield warning(
            "No fast vårdkontakt is appointed. The regional unit in öppen vård appoints one before "
            "discharge, by $assign-fast-vardkontakt.",
            "Encounter",
            codes.SAMVL_2_5,
        )
    if not extension(stay, codes.INFORMATION_TRANSFERRED):
        yield warning(
            "The information that those who take over need has not been sent: send it today, by "
            "$transfer-information.",
            "Encounter.extension",
            codes.SAMVL_3_1,
        )


def not_given() -> Issue:
    """Warn that the patient has nothing in writing yet (R64; PL 3 kap. 2 b §)."""
    return warning(
        "Nothing says that the patient got the summary in writing: give it, and say so by "
        "$discharge again, with given.",
        "given",
        codes.PL_3_2_B,
    )


def about_another(expression: str) -> Issue:
    """Refuse to send what is about somebody else (OSL 25 kap. 1 §)."""
    return refusal("This is not about the patient of the stay.", expression, codes.OSL_25_1)


def latest_expected(stay: Json) -> str:
    """Give when discharge is expected, by what was said last; empty where nothing was (R58)."""
    said = [
        (recorded[0], index, text(extension(each, "time"), "valueDateTime"))
        for index, each in items(stay, "extension")
        if each.get("url") == codes.EXPECTED_DISCHARGE
        and (recorded := bounds(extension(each, "recorded").get("valueDateTime")))
    ]
    return max(said)[2] if said else ""


def needs_of(stay: Json) -> list[str]:
    """Give the huvudmän whose insatser are thought to be needed after discharge (R54, R65)."""
    found = (each for _, each in items(stay, "extension"))
    return [
        text(each, "valueCode") for each in found if each.get("url") == codes.NEEDS_AFTER_DISCHARGE
    ]


def told_units(stay: Json) -> list[str]:
    """Give the units that got the inskrivningsmeddelande, each once, in their order."""
    notices = (
        each
        for _, each in items(stay, "extension")
        if each.get("url") == codes.ADMISSION_NOTICE_SENT
    )
    to = (
        target(child(each, "valueReference")).literal
        for notice in notices
        for _, each in items(notice, "extension")
        if each.get("url") == "to"
    )
    return [each for each in dict.fromkeys(to) if each]


def _conflict(text: str, expression: str, law: LawParagraph) -> Issue:
    return Issue("error", "conflict", text, expression, (law.coding,))


def _too_early(expression: str, what: str) -> Issue:
    return refusal(f"That is not after {what}.", expression, codes.SAMVL_3_1)
