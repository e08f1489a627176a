"""The law on the call to a SIP meeting: who is called, by whom, when, and what the answers make.

Source: R65, R66, R79, R80, R84, R90, R91; lagen (2017:612) om samverkan vid utskrivning från sluten
hälso- och sjukvård 4 kap. 1 and 3 §§, socialtjänstlagen (2025:400) 10 kap. 8-9 §§.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta

from fhir_server.fhir.outcome import Issue
from fhir_server.sweden import codes, consents, periods
from fhir_server.sweden.codes import LawParagraph
from fhir_server.sweden.elements import Json, child, extension, items, says, target, text
from fhir_server.sweden.periods import bounds, local_date
from fhir_server.sweden.rulings import refusal, warning
from fhir_server.sweden.sharing import is_one_of

PARTICIPATION = "http://hl7.org/fhir/participationstatus"
NEEDS_ACTION, TENTATIVE = "needs-action", "tentative"
ANSWERS = (codes.ACCEPTED, codes.DECLINED, TENTATIVE)
# The Task's status that an answer is; its businessStatus says the answer itself.
STATUS_OF_ANSWER = {codes.ACCEPTED: "accepted", codes.DECLINED: "rejected", TENTATIVE: "received"}
# An answer may be changed until the meeting is held or called off.
ANSWERABLE = ("draft", "requested", "received", "accepted", "rejected", "ready", "on-hold")
OPEN_MEETING = ("proposed", "pending", "booked", "waitlist")


def answer_of(task: Json) -> str:
    """Give what an actor has answered to a kallelse; ``needs-action`` for nothing (R91)."""
    status = text(task, "status")
    if status == "rejected":
        return codes.DECLINED
    if status in ("accepted", "in-progress", "completed"):
        return codes.ACCEPTED
    if says(task, "businessStatus", TENTATIVE, PARTICIPATION):
        return TENTATIVE
    return NEEDS_ACTION


def meeting_status(now_is: str, has_time: bool, answers: Iterable[str]) -> str:
    """Give the status of a meeting after an answer: booked when all have said yes to a time (R91).

    Args:
        now_is: ``Appointment.status``; what was called off or held stays so.
        has_time: whether start and end are set.
        answers: of all who are called.
    """
    if now_is not in OPEN_MEETING:
        return now_is
    if not has_time:
        return "proposed"
    return "booked" if all(each == codes.ACCEPTED for each in answers) else "pending"


def answer_deadline(called: datetime, start: datetime | None, days: int) -> date:
    """Give the last day to answer: some days after the call, the day before the meeting at latest.

    Never before the day of the call.
    """
    last = local_date(called) + timedelta(days=days)
    if start is not None:
        last = min(last, local_date(start) - timedelta(days=1))
    return max(last, local_date(called))


def objects_to(given: Iterable[Json], relative: Sequence[str], now: datetime) -> bool:
    """Tell whether the person does not want a relative there (R79): a rule that denies names them.

    Args:
        given: the person's Consents to a SIP.
        relative: what the relative is: references, identifiers.
        now: an aware datetime.
    """
    return any(
        _denies(child(consent, "provision"), relative, now)
        for consent in given
        if text(consent, "status") == "active"
    )


def no_consent(index: int, law: Sequence[LawParagraph]) -> Issue:
    """Refuse to call an actor that the person's consent does not take in (R78, R84).

    Args:
        index: position of the parameter ``actor``.
        law: the paragraphs on the SIP.
    """
    return refusal(
        "The person's consent does not take in this actor. An actor that does not know the person "
        "may be called, too, but only with their consent: ask, and register the answer first.",
        f"actor[{index}]",
        *law,
        codes.OSL_10_1,
    )


def unwanted(index: int) -> Issue:
    """Refuse to call a relative whom the person does not want there (R79; SoL 10 kap. 9 §)."""
    return refusal(
        "The person does not want this relative to take part. A relative takes part only where "
        "that is appropriate and the person does not object.",
        f"actor[{index}]",
        codes.SOL_10_9,
    )


def left_out(count: int, law: Sequence[LawParagraph]) -> Issue:
    """Say that actors whom the plan names are not called, for want of consent (R78, R84)."""
    return warning(
        f"{count} of those whom the plan names are not called: the person's consent does not take "
        "them in.",
        "CarePlan.supportingInfo",
        *law,
        codes.OSL_10_1,
    )


def called_by_the_contact(
    caller: Json, contacts: Iterable[Json], after_discharge: bool
) -> Iterator[Issue]:
    """Advise who calls after a discharge: the fast vårdkontakt in the region's open care (R65).

    Args:
        caller: reference to who calls.
        contacts: the person's active fast vårdkontakter, as CareTeams.
        after_discharge: whether the call follows from a stay in hospital.
    """
    members = [child(each, "member") for team in contacts for _, each in items(team, "participant")]
    if after_discharge and not any(target(each).same(target(caller)) for each in members):
        yield warning(
            "Who calls is not the person's fast vårdkontakt. After a stay in hospital the fast "
            "vårdkontakt in the region's open care calls to the meeting.",
            "by",
            codes.SAMVL_4_3,
        )


def after_the_discharge(stay: Json, start: datetime | None) -> Iterator[Issue]:
    """Advise a meeting after the person has come home (R66)."""
    home = bounds(child(stay, "period").get("end")) or _expected(stay)
    if start is not None and home is not None and start < home[0]:
        yield Issue(
            "information",
            "informational",
            "The meeting is set before the person has come home. It is mostly held after the "
            "discharge, at home.",
            "start",
            (codes.SAMVL_4_1.coding,),
        )


def _expected(stay: Json) -> tuple[datetime, datetime] | None:
    """Give when a stay is expected to end, as it was said last (R58)."""
    said = [
        bounds(extension(each, "time").get("valueDateTime"))
        for _, each in items(stay, "extension")
        if each.get("url") == codes.EXPECTED_DISCHARGE
    ]
    return said[-1] if said else None


def _denies(rule: Json, relative: Sequence[str], now: datetime) -> bool:
    named = any(
        is_one_of(relative, target(child(each, "reference"))) for _, each in items(rule, "actor")
    )
    if text(rule, "type") == "deny" and named and periods.read(rule).covers(now):
        return True
    return any(_denies(each, relative, now) for _, each in items(rule, "provision"))


def is_consented_to(given: Iterable[Json], person: Json, now: datetime) -> bool:
    """Tell whether any consent to a SIP permits, is in force, and none denies (R75)."""
    facts = [consents.facts_from(each) for each in given]
    standing = [each for each in facts if each.in_force(target(person), now)]
    return any(each.permits for each in standing) and not any(each.denies for each in standing)
