"""The law on samordnad individuell plan (SIP).

Pure rules over `Plan` facts. `check` composes them; each names its requirement (R), its invariant
in DOMAIN 5.3 (cp) and its paragraph. What an active plan may not lack is refused there and a
warning on a draft, which says what the law still asks for. What contradicts itself, or the
person's will, is refused in both.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime

from fhir_server.fhir.outcome import Issue
from fhir_server.sweden import codes
from fhir_server.sweden.codes import LawParagraph
from fhir_server.sweden.consents import Consent
from fhir_server.sweden.periods import local_date
from fhir_server.sweden.plans import Activity, OverallResponsible, Plan, Standing
from fhir_server.sweden.rulings import refusal, warning

# Socialtjänstlag (2025:400) replaced socialtjänstlag (2001:453) on this day (DOMAIN 0.4).
NEW_SOCIALTJANSTLAG = date(2025, 7, 1)

_HUVUDMEN = (codes.REGION, codes.KOMMUN)
_SUPPORTING_INFO = "CarePlan.supportingInfo"


def legal_basis(day: date) -> tuple[LawParagraph, ...]:
    """Give the paragraphs that a SIP rests on at a day (R75, R77).

    Before 2025-07-01 SoL (2001:453) 2 kap. 7 §, from then SoL (2025:400) 10 kap. 8-9 §§; HSL 16
    kap. 4 § and PL 6 kap. 4 § throughout.
    """
    if day < NEW_SOCIALTJANSTLAG:
        return codes.HSL_16_4, codes.SOL_2_7_OLD, codes.PL_6_4
    return codes.HSL_16_4, codes.SOL_10_8, codes.SOL_10_9, codes.PL_6_4


def check(plan: Plan, others: Sequence[Plan | Standing], now: datetime) -> list[Issue]:
    """List what the law has against a plan.

    Only a draft and an active plan are judged: a plan on hold, revoked or completed may be so
    because consent was withdrawn (cp-6).

    Args:
        plan: the one about to be written.
        others: the same person's other SIPs.
        now: an aware datetime.
    """
    if plan.status not in ("draft", "active"):
        return []
    law = _basis(plan, now)
    contradictions = [
        *no_consent_against_the_plan(plan, now, law),
        *activities_have_one_huvudman(plan, law),
        *one_overall_responsible(plan, law),
        *not_over(plan, now, law),
    ]
    gaps = [
        *known_person(plan, law),
        *person_consents(plan, now, law),
        *all_guardians_consent(plan, now, law),
        *both_huvudman_take_part(plan, law),
        *responsibility_is_taken(plan, law),
        *goals_author_and_start(plan, law),
    ]
    if plan.status == "draft":
        gaps = [_still_asked_for(issue) for issue in gaps]
    advice = [
        *follow_up_is_set(plan, law),
        *work_begins_at_once(plan, now, law),
        *only_one_sip(plan, others, law),
    ]
    return contradictions + gaps + advice


def four_contents(plan: Plan) -> bool:
    """Tell whether a plan says the four things that the law asks for (R76).

    The insatser that are needed; which of them each huvudman answers for, so that what others do
    is told from it; and the one huvudman with the overall responsibility. HSL 16 kap. 4 §, SoL
    (2025:400) 10 kap. 8 §.
    """
    law: Sequence[LawParagraph] = ()
    lacking = [
        *activities_have_one_huvudman(plan, law),
        *both_huvudman_take_part(plan, law),
        *one_overall_responsible(plan, law),
        *responsibility_is_taken(plan, law),
    ]
    return not lacking


def holds_the_content(plan: Plan) -> bool:
    """Tell whether a plan has the four contents (R76), with goals (R89).

    A plan by another name that has them suffices (R85).
    """
    return four_contents(plan) and plan.goals > 0


def not_over(plan: Plan, now: datetime, law: Sequence[LawParagraph]) -> Iterator[Issue]:
    """Refuse a plan in force that says of itself that it has ended (R93)."""
    if plan.status == "active" and plan.ended is not None and plan.ended <= now:
        yield refusal(
            "The plan says that it has ended (plan-end). One that is over is not put in force "
            "again: make a new one that replaces it, or leave plan-end out where it was an error.",
            "CarePlan.status",
            *law,
        )


def known_person(plan: Plan, law: Sequence[LawParagraph]) -> Iterator[Issue]:
    """Demand a Patient of this server, or nobody's consent can be matched (R75, cp-1)."""
    if plan.subject.resource_type != "Patient":
        yield refusal(
            "The subject must be a reference to a Patient on this server (Patient/[id]).",
            "CarePlan.subject",
            *law,
        )


def no_consent_against_the_plan(
    plan: Plan, now: datetime, law: Sequence[LawParagraph]
) -> Iterator[Issue]:
    """Refuse a plan against the person's will (R75, R78, cp-1).

    A consent that denies counts wherever it is kept; one withdrawn, expired or another person's
    counts where the plan rests on it and on no valid one.
    """
    for consent in plan.consents:
        if consent.denies and consent.in_force(plan.subject, now):
            yield refusal(
                "The person has said no to a samordnad individuell plan. It can't be made against "
                "their will; if they have changed their mind, register that first.",
                _consent_expression(consent),
                *law,
            )
    if _permitting(plan, now):
        return
    for consent in plan.consents:
        if consent.index is not None and (reason := _invalid(consent, plan, now)):
            yield refusal(reason, _consent_expression(consent), *law)


def person_consents(plan: Plan, now: datetime, law: Sequence[LawParagraph]) -> Iterator[Issue]:
    """Demand the person's consent, in force and named in the plan (R75, R78, cp-1)."""
    if _permitting(plan, now) or any(no_consent_against_the_plan(plan, now, law)):
        return
    for index in plan.dangling_consents:
        yield refusal(
            "The consent that the plan refers to is not registered on this server. Register it "
            "here, as a Consent of its own.",
            f"{_SUPPORTING_INFO}[{index}]",
            *law,
        )
    awaited = [c for c in plan.consents if c.index is not None and not c.denies]
    for consent in awaited:
        yield refusal(
            "The consent that the plan rests on is not in force yet, or does not say that it "
            "permits (provision.type).",
            _consent_expression(consent),
            *law,
        )
    if not awaited and not plan.dangling_consents:
        yield refusal(_no_consent(plan, now), _SUPPORTING_INFO, *law)


def without_consent(law: Sequence[LawParagraph]) -> Issue:
    """Refuse what is done towards a plan that the person has not consented to (R75, R78)."""
    return refusal(
        "The person has not consented to a samordnad individuell plan, or has said no: nobody is "
        "called to a meeting about it. Ask, and register the answer first.",
        _SUPPORTING_INFO,
        *law,
    )


def all_guardians_consent(
    plan: Plan, now: datetime, law: Sequence[LawParagraph]
) -> Iterator[Issue]:
    """Demand the consent of each guardian of a child, together or one by one (R80).

    Föräldrabalken 6 kap. 11 §. Those are asked for who are registered as guardians.
    """
    carrying = [consent for consent in plan.consents if _carries(consent, plan, now)]
    given = {giver for consent in carrying for giver in consent.givers}
    lacking = [guardian for guardian in plan.guardians if guardian not in given]
    if carrying and lacking:
        yield refusal(
            f"Every guardian of a child consents to its plan; {len(lacking)} of "
            f"{len(plan.guardians)} have not. Ask them, and name their consent in supportingInfo.",
            _SUPPORTING_INFO,
            codes.FB_6_11,
            *law,
        )


def lacks_consent(plan: Plan, now: datetime) -> bool:
    """Tell whether a plan rests on no consent in force, or stands against a denial (R75, R78)."""
    law = _basis(plan, now)
    return any(
        any(rule(plan, now, law))
        for rule in (no_consent_against_the_plan, person_consents, all_guardians_consent)
    )


def activities_have_one_huvudman(plan: Plan, law: Sequence[LawParagraph]) -> Iterator[Issue]:
    """Refuse an activity with a huvudman that is none, or with two (R76, cp-2)."""
    for activity in plan.activities:
        known = all(code in (*_HUVUDMEN, codes.ANNAN) for code in activity.huvudmen)
        if len(activity.huvudmen) > 1 or not known:
            yield refusal(
                "An activity has one huvudman: region, kommun or annan. Split what two answer for.",
                f"CarePlan.activity[{activity.index}]",
                *law,
            )


def both_huvudman_take_part(plan: Plan, law: Sequence[LawParagraph]) -> Iterator[Issue]:
    """Demand activities of the region and of the municipality, each with its huvudman (R76, cp-2).

    The plan says which insatser are needed, which each huvudman answers for, and what others do.
    """
    for activity in plan.activities:
        if not activity.huvudmen:
            yield refusal(
                "The activity does not say which huvudman answers for it: region, kommun or annan.",
                f"CarePlan.activity[{activity.index}]",
                *law,
            )
    for code, name in ((codes.REGION, "region"), (codes.KOMMUN, "municipality (kommun)")):
        if not any(_counts_for(activity, code) for activity in plan.activities):
            yield refusal(
                f"The plan has no activity that the {name} answers for. A samordnad individuell "
                "plan joins what both do; add at least one.",
                "CarePlan.activity",
                *law,
            )


def one_overall_responsible(plan: Plan, law: Sequence[LawParagraph]) -> Iterator[Issue]:
    """Refuse two overall-responsible huvudmän, or one that is neither (R76, cp-3)."""
    if len(plan.responsible) > 1:
        yield refusal(
            f"The plan names {len(plan.responsible)} overall-responsible huvudmän. Exactly one, "
            "the region or the municipality, has the overall responsibility.",
            "CarePlan.extension",
            *law,
        )
    for found in plan.responsible:
        if found.huvudman and found.huvudman not in _HUVUDMEN:
            yield refusal(
                "The overall responsibility lies with the region or the municipality (kommun), "
                "never with anybody else.",
                f"CarePlan.extension[{found.index}]",
                *law,
            )
        elif _contradicts(found):
            yield refusal(
                "The overall-responsible organization has another huvudman than the plan says. "
                "Correct one of them.",
                f"CarePlan.extension[{found.index}]",
                *law,
            )


def responsibility_is_taken(plan: Plan, law: Sequence[LawParagraph]) -> Iterator[Issue]:
    """Demand an overall-responsible huvudman (R76, cp-3)."""
    if not any(found.huvudman for found in plan.responsible):
        yield refusal(
            "The plan does not say which huvudman has the overall responsibility. Give exactly "
            "one: region or kommun.",
            "CarePlan.extension",
            *law,
        )


def goals_author_and_start(plan: Plan, law: Sequence[LawParagraph]) -> Iterator[Issue]:
    """Demand goals, an author and a start (R77, R89, cp-4; Socialstyrelsens termbank)."""
    if not plan.goals:
        yield refusal(
            "The plan has no goal. Agree with the person on at least one.", "CarePlan.goal", *law
        )
    if not plan.has_author:
        yield refusal("The plan names no author. Say who made it.", "CarePlan.author", *law)
    if plan.period.start is None:
        yield refusal(
            "The plan does not say when it begins. Give period.start.",
            "CarePlan.period.start",
            *law,
        )


def follow_up_is_set(plan: Plan, law: Sequence[LawParagraph]) -> Iterator[Issue]:
    """Advise a date of follow-up (R92, cp-4); the law does not ask for it in so many words."""
    if not plan.has_follow_up:
        yield warning(
            "The plan has no date of follow-up. Agree on one.", "CarePlan.extension", *law
        )


def work_begins_at_once(plan: Plan, now: datetime, law: Sequence[LawParagraph]) -> Iterator[Issue]:
    """Warn about an active plan that begins later (R77): "utan dröjsmål" HSL, "genast" SoL 2025."""
    start = plan.period.start
    if plan.status == "active" and start and local_date(start) > local_date(now):
        yield warning(
            "The plan is active and begins on a later day. Work on it is to begin at once.",
            "CarePlan.period.start",
            *law,
        )


def only_one_sip(
    plan: Plan, others: Sequence[Plan | Standing], law: Sequence[LawParagraph]
) -> Iterator[Issue]:
    """Warn about a second active SIP (R85): an existing plan with the content suffices."""
    replaced = {found.literal for found in plan.replaces}
    standing = [
        other
        for other in others
        if other.status == "active"
        and other.id != plan.id
        and f"CarePlan/{other.id}" not in replaced
    ]
    if standing:
        yield warning(
            "The person already has an active samordnad individuell plan. Develop that one, or "
            "name it in replaces.",
            "CarePlan.replaces",
            *law,
        )


def _basis(plan: Plan, now: datetime) -> tuple[LawParagraph, ...]:
    """Give the two paragraphs that say what a SIP holds: the region's and the municipality's."""
    return legal_basis(local_date(plan.period.start or now))[:2]


def _permitting(plan: Plan, now: datetime) -> bool:
    return any(_carries(consent, plan, now) for consent in plan.consents)


def _carries(consent: Consent, plan: Plan, now: datetime) -> bool:
    named = consent.index is not None
    return named and consent.permits and consent.in_force(plan.subject, now)


def _invalid(consent: Consent, plan: Plan, now: datetime) -> str:
    """Say why a consent can never carry the plan; empty where it may yet."""
    if not consent.patient.same_elsewhere(plan.subject):
        return "The consent that the plan rests on is another person's. Name this person's own."
    if consent.status in ("inactive", "rejected", "entered-in-error"):
        return "The consent that the plan rests on is withdrawn or was never given. Ask again."
    if consent.period.ended(now):
        return "The consent that the plan rests on has expired. Ask the person anew."
    return ""


def _no_consent(plan: Plan, now: datetime) -> str:
    unnamed = [c for c in plan.consents if c.permits and c.in_force(plan.subject, now)]
    if unnamed:
        return (
            "The plan does not name the person's consent. There is one in force on this server; "
            "refer to it in supportingInfo."
        )
    return (
        "The plan needs the person's consent: register a Consent of category sip that permits, "
        "in force, and refer to it in supportingInfo."
    )


def _consent_expression(consent: Consent) -> str:
    return _SUPPORTING_INFO if consent.index is None else f"{_SUPPORTING_INFO}[{consent.index}]"


def _counts_for(activity: Activity, huvudman: str) -> bool:
    return activity.huvudmen == (huvudman,) and not activity.called_off


def _contradicts(found: OverallResponsible) -> bool:
    return bool(
        found.huvudman
        and found.organization_huvudman
        and found.huvudman != found.organization_huvudman
    )


def _still_asked_for(issue: Issue) -> Issue:
    return replace(issue, severity="warning", text=f"Before the plan can be active: {issue.text}")
