"""The life of a SIP: put in force, followed up, revised, closed, its copy given.

Pure rules, each naming its requirement and paragraph. What a plan must hold stands in `sip`; here
stands what may happen to it, and in which order. R81, R90, R92, R93.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime

from fhir_server.fhir.outcome import Issue
from fhir_server.sweden import codes, sip
from fhir_server.sweden.elements import Json, child, concept_codes, extension, items, target, text
from fhir_server.sweden.guardians import is_guardian
from fhir_server.sweden.periods import INSTANT, bounds, local_date
from fhir_server.sweden.periods import read as period_of
from fhir_server.sweden.rulings import refusal, warning

DRAFT, ACTIVE, ON_HOLD = "draft", "active", "on-hold"
# What of a goal is still to come, and what is over (R4 goal-status).
GOAL_AHEAD = ("proposed", "planned", "accepted")
GOAL_OPEN = (*GOAL_AHEAD, "active", "on-hold")
# From this age a person is no child (R80).


def not_ahead(at: str, now: datetime) -> Iterator[Issue]:
    """Refuse to record what has not happened yet (R92, R93)."""
    moment = bounds(at)
    if moment is not None and moment[0] > now:
        yield refusal(
            "at lies ahead: record it when it has happened.", "at", *_law(moment[0], count=1)
        )


def status_at_end(plan: Json, reason: str) -> str:
    """Give the status of a plan that ends (R93).

    ``revoked`` where the person takes the consent back, or where the plan never was in force;
    ``completed`` otherwise.
    """
    never = plan.get("status") == DRAFT
    return "revoked" if never or reason == codes.SAMTYCKE_ATERKALLAT else "completed"


def goal_at_end(goal: Json) -> str:
    """Give the lifecycleStatus of a goal whose plan ends: completed where reached (R92, R93)."""
    return "completed" if "achieved" in _achievement(goal) else "cancelled"


def goal_after(achievement: str) -> str:
    """Give the lifecycleStatus of a goal that was evaluated (R92).

    Args:
        achievement: a code of R4's goal-achievement; ``sustaining`` is worked for all the same.
    """
    return {"achieved": "completed", "not-attainable": "cancelled"}.get(achievement, "active")


def all_reached(goals: Collection[Json]) -> bool:
    """Tell whether there are goals and each is reached or kept (R92)."""
    return bool(goals) and all({"achieved", "sustaining"} & set(_achievement(g)) for g in goals)


def reason_is_given(reason: str | None, goals: Collection[Json], at: datetime) -> Iterator[Issue]:
    """Demand why a plan is closed, where its goals do not say so (R90, R93)."""
    if reason is None and not all_reached(goals):
        yield refusal(
            "Say in reason why the plan is closed: not all of its goals are reached.",
            "reason",
            *_law(at),
        )


def next_is_later(next_day: str | None, at: datetime) -> Iterator[Issue]:
    """Refuse a next follow-up that is not after this one (R92)."""
    # A month or a year is as late as its last day.
    named = bounds(next_day)
    if named is not None and local_date(named[1] - INSTANT) <= local_date(at):
        yield refusal("The next follow-up must be on a later day than this one.", "next", *_law(at))


def held_in_time(plan: Json, at: datetime) -> Iterator[Issue]:
    """Warn of a follow-up later than the day agreed on (R92)."""
    agreed = bounds(extension(extension(plan, codes.FOLLOW_UP), "date").get("valueDate"))
    if agreed is not None and local_date(agreed[0]) < local_date(at):
        yield warning(
            "The follow-up was held later than the day agreed on.", "CarePlan.extension", *_law(at)
        )


def all_evaluated(
    plan: Json, goals: Collection[str], activities: Collection[int], at: datetime
) -> Iterator[Issue]:
    """Tell of goals and activities that a follow-up said nothing about (R92).

    Args:
        plan: the CarePlan.
        goals: ``Goal/id`` of those evaluated.
        activities: positions of those evaluated.
        at: when it was held.
    """
    left = [i for i, each in items(plan, "goal") if target(each).literal not in goals]
    if left:
        yield advice(
            f"Nothing was said of {len(left)} of the plan's goals.",
            f"CarePlan.goal[{left[0]}]",
            *_law(at),
        )
    unsaid = [i for i, each in items(plan, "activity") if i not in activities and _under_way(each)]
    if unsaid:
        yield advice(
            f"Nothing was said of {len(unsaid)} of the plan's activities.",
            f"CarePlan.activity[{unsaid[0]}]",
            *_law(at),
        )


def in_force_advice(plan: Json, at: datetime) -> Iterator[Issue]:
    """Tell what belongs to a plan in force though no law refuses it (R79, R81, R86)."""
    law = _law(at)
    doers = [i for i, each in items(plan, "activity") if _nobody_does(each)]
    if doers:
        yield advice(
            f"{len(doers)} of the plan's activities do not say who does them. A samordnad "
            "individuell plan says who does what.",
            f"CarePlan.activity[{doers[0]}]",
            *law,
        )
    if not extension(plan, codes.SIP_MEETING_LINK):
        yield advice(
            "The plan names no meeting. It is to be made together with the person where that is "
            "possible.",
            "CarePlan.extension",
            *(sip.legal_basis(local_date(at))[-2:-1]),
        )
    if not extension(plan, codes.COPY_GIVEN):
        yield advice(
            "Give the person the plan in writing, and record it by $record-plan-copy.",
            "CarePlan.extension",
            *law,
        )


def may_have_copy(
    subject: str, to: str, relative: Json | None, at: datetime, *, of_child: bool
) -> Iterator[Issue]:
    """Say who may get the written plan: the person, and guardians of a child (R80, R81).

    Another relative may with the person's consent, which secrecy otherwise asks for
    (offentlighets- och sekretesslagen 12 kap. 2 §, 25 kap. 1 §, 26 kap. 1 §).

    Args:
        subject: ``Patient/id`` of the plan.
        to: the literal reference of who got it.
        relative: the RelatedPerson; None where it is none.
        at: when it was given.
        of_child: whether the person is a child.
    """
    if to == subject:
        return
    if relative is None or target(child(relative, "patient")).literal != subject:
        yield refusal(
            "The copy is the person's: give it to the person, or to a relative of theirs. Others "
            "get of the plan what the consent lets them have, by $document with recipient.",
            "to",
            codes.OSL_25_1,
            codes.OSL_26_1,
        )
    elif not in_use(relative, at):
        yield refusal(
            "This relative is no longer registered as one. Ask who may have the copy.",
            "to",
            codes.OSL_25_1,
            codes.OSL_26_1,
        )
    elif not of_child or not is_guardian(relative):
        yield warning(
            "A relative may have the copy where the person agrees. See to it that the person does.",
            "to",
            codes.OSL_12_2,
        )


def in_use(relative: Json, at: datetime) -> bool:
    """Tell whether a RelatedPerson is one at a moment."""
    return relative.get("active") is not False and not period_of(relative).ended(at)


def advice(words: str, expression: str, *law: codes.LawParagraph) -> Issue:
    """Give an issue that reminds: guidance, which no law demands in so many words."""
    details = tuple(paragraph.coding for paragraph in law)
    return Issue("information", "informational", words, expression, details)


def _law(at: datetime, count: int = 2) -> tuple[codes.LawParagraph, ...]:
    return sip.legal_basis(local_date(at))[:count]


def _achievement(goal: Json) -> list[str]:
    return concept_codes(goal, "achievementStatus", codes.GOAL_ACHIEVEMENT)


def _under_way(activity: Json) -> bool:
    over = ("completed", "cancelled", "stopped", "entered-in-error")
    return text(child(activity, "detail"), "status") not in over


def _nobody_does(activity: Json) -> bool:
    detail = child(activity, "detail")
    return bool(detail) and not any(True for _ in items(detail, "performer"))
