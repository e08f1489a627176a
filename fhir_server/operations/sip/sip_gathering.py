"""What the store knows that belongs in a SIP: stay, teams, conditions, consent, other plans."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Any

from fhir_server.fhir.parameters import Arguments
from fhir_server.interactions.finder import Finder, Search
from fhir_server.operations.sip.calling import Calling
from fhir_server.operations.sip.disclosures import SIP_CONSENTS
from fhir_server.operations.sip.sip_contents import distinct, reference_to
from fhir_server.sweden import codes, consents, periods, sip_participants
from fhir_server.sweden.assignments import is_named_contact
from fhir_server.sweden.elements import child, concept_codes, target
from fhir_server.sweden.plans import is_sip
from fhir_server.sweden.sip_participants import Proposal, Surroundings

Resource = dict[str, Any]

_NEEDS = f"{codes.TASK_CODE_SYSTEM}|{codes.SIP_BEHOV}"
_ACTIVE = {"status": "active"}
_CONSENTING = {"category": SIP_CONSENTS, **_ACTIVE}
_STAYING = {"status": "in-progress"}
_OVER = ("rejected", "cancelled", "failed", "entered-in-error")


def foresee(finder: Finder, patient: str, arguments: Arguments, *more: Search) -> None:
    """Make the searches of `gathered`, that for needs of a plan, and others, in one round trip.

    Args:
        finder: finds current resources.
        patient: ``Patient/id``.
        arguments: what the call says itself, for which nothing is searched.
        more: other searches about the person.
    """
    finder.foresee(
        *more,
        ("CareTeam", {"patient": patient, **_ACTIVE}),
        ("Condition", {"patient": patient}),
        ("Task", {"patient": patient, "code": _NEEDS}),
        *([] if "encounter" in arguments else [("Encounter", {"patient": patient, **_STAYING})]),
        *([] if "consent" in arguments else [("Consent", {"patient": patient, **_CONSENTING})]),
    )


def gathered(
    finder: Finder, patient: str, arguments: Arguments, others: Iterable[Resource], now: dt.datetime
) -> Resource:
    """Give elements of a new plan from what is stored.

    Args:
        finder: finds current resources.
        patient: ``Patient/id``.
        arguments: what the call says itself.
        others: the person's active CarePlans.
        now: an aware datetime.
    """
    encounter = arguments.get("encounter") or _current_stay(finder, patient)
    teams = teams_in_force(finder, patient, now)
    given = arguments.get("careTeam", [])
    linked = [reference_to(each) for each in others if not is_sip(each)]
    plan = {
        "encounter": encounter,
        "careTeam": distinct([*given, *map(reference_to, teams)]),
        "addresses": [
            reference_to(condition)
            for condition in finder.search("Condition", patient=patient)
            if _clinically_active(condition)
        ],
        "supportingInfo": distinct([*_consents(finder, patient, arguments, now), *linked]),
    }
    if "author" not in arguments:
        plan["author"] = _coordinator([t for t in teams if periods.read(t).covers(now)])
    return {key: value for key, value in plan.items() if value}


def teams_in_force(finder: Finder, patient: str, now: dt.datetime) -> list[Resource]:
    """Give the person's active teams and named contacts that are not over."""
    active = finder.search("CareTeam", patient=patient, **_ACTIVE)
    return [team for team in active if not periods.read(team).ended(now)]


def permitting(finder: Finder, patient: str, now: dt.datetime) -> list[Resource]:
    """Give references to the person's consents that permit and have not expired (R75).

    Only such a consent is one to rest on; the rules look for a no by themselves.
    """
    found = finder.search("Consent", patient=patient, **_CONSENTING)
    return [reference_to(each) for each in found if _permits(each, now)]


def active_plans(finder: Finder, patient: str) -> list[Resource]:
    """Give the person's active plans, of every kind."""
    return list(finder.search("CarePlan", patient=patient, **_ACTIVE))


def proposals(finder: Finder, said: Finder, plan: Resource, now: dt.datetime) -> list[Proposal]:
    """Give whom to call about a plan, and may, by the person's consent (R79, R80, R84, R91).

    Args:
        finder: finds current resources.
        said: finds what the person has said, whoever wrote it down.
        plan: the SIP, stored or about to be.
        now: an aware datetime.
    """
    person = {"patient": target(child(plan, "subject")).literal}
    finder.foresee(
        ("RelatedPerson", person),
        ("CarePlan", person | _ACTIVE),
        ("CareTeam", person | _ACTIVE),
        ("Task", {**person, "code": _NEEDS}),
    )
    said.foresee(("RelatedPerson", person), ("Consent", {**person, "category": SIP_CONSENTS}))
    calling = Calling(finder, said, plan, now)
    patient = calling.person.literal
    stay = target(child(plan, "encounter"))
    own = f"CarePlan/{plan.get('id')}"
    others = [each for each in active_plans(finder, patient) if f"CarePlan/{each['id']}" != own]
    known = Surroundings(
        patient=calling.patient,
        plan=plan,
        relatives=calling.relatives,
        teams=teams_in_force(finder, patient, now),
        other_plans=others,
        needs=[
            task
            for task in finder.search("Task", patient=patient, code=_NEEDS)
            if task.get("status") not in _OVER
        ],
        stay=finder.read(stay.literal) if stay.local else None,
    )
    found = sip_participants.propose(known, now)
    return [each for each in found if calling.permits(each.actor)]


def _consents(
    finder: Finder, patient: str, arguments: Arguments, now: dt.datetime
) -> Iterator[Resource]:
    if "consent" in arguments:
        yield arguments["consent"]
    else:
        yield from permitting(finder, patient, now)


def _permits(consent: Resource, now: dt.datetime) -> bool:
    facts = consents.facts_from(consent)
    return facts.permits and not facts.period.ended(now)


def _current_stay(finder: Finder, patient: str) -> Resource | None:
    stays = finder.search("Encounter", patient=patient, **_STAYING)
    inpatient = [stay for stay in stays if stay.get("class", {}).get("code") == "IMP"]
    inpatient.sort(key=lambda stay: stay.get("period", {}).get("start", ""))
    return reference_to(inpatient[-1]) if inpatient else None


def _coordinator(teams: list[Resource]) -> Resource | None:
    """Give who keeps the plan current (R92): the coordinator, or else the fast vårdkontakt."""
    for kind in (codes.SAMORDNANDE_VARDKONTAKT, codes.FAST_VARDKONTAKT):
        for team in filter(is_named_contact, teams):
            participant: Resource = team["participant"][0]
            # A contained role is known inside its CareTeam only.
            of_kind = kind in concept_codes(participant, "role", *codes.CONTACT_TYPE_SYSTEMS)
            if of_kind and target(child(participant, "member")).local:
                member: Resource = participant["member"]
                return member
    return None


def _clinically_active(condition: Resource) -> bool:
    status = [c.get("code") for c in condition.get("clinicalStatus", {}).get("coding", [])]
    verification = [
        c.get("code") for c in condition.get("verificationStatus", {}).get("coding", [])
    ]
    refuted = {"entered-in-error", "refuted"} & set(verification)
    return not refuted and bool({"active", "recurrence", "relapse"} & set(status))
