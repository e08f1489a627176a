"""A plan that has the content already: it is developed or linked, and not made once more (R85).

Source: R85; hälso- och sjukvårdslagen (2017:30) 16 kap. 4 §, socialtjänstlagen (2025:400) 10 kap.
8 §.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from fhir_server.fhir.outcome import Issue
from fhir_server.sweden import plans, sip
from fhir_server.sweden.elements import Json
from fhir_server.sweden.periods import local_date
from fhir_server.sweden.plan_life import advice
from fhir_server.sweden.references import Read
from fhir_server.sweden.rulings import refusal


def has_the_content(care_plan: Json, read: Read, now: datetime) -> bool:
    """Tell whether a plan in force holds what the law asks a SIP to hold, whatever it is called.

    Args:
        care_plan: a CarePlan of any category.
        read: gives the current resource at a relative reference.
        now: an aware datetime.
    """
    plan = plans.facts_from(care_plan, read)
    in_force = plan.status == "active" and not plan.period.ended(now)
    return in_force and sip.holds_the_content(plan)


def no_duplicate(existing: Iterable[Json], read: Read, now: datetime) -> Iterator[Issue]:
    """Refuse another plan where one in force has the content (R85).

    Args:
        existing: the person's other CarePlans.
        read: gives the current resource at a relative reference.
        now: an aware datetime.
    """
    law = sip.legal_basis(local_date(now))[:2]
    for care_plan in existing:
        name = f"CarePlan/{care_plan.get('id')}"
        if has_the_content(care_plan, read, now):
            follow = "Revise it by $revise-sip" if plans.is_sip(care_plan) else "Use it"
            yield refusal(
                f"{name} is in force and has what the law asks of a samordnad individuell plan. "
                f"{follow}; or say despiteExisting where another plan is needed beside it.",
                "despiteExisting",
                *law,
            )


def drafts_beside(existing: Iterable[Json], now: datetime) -> Iterator[Issue]:
    """Tell of a draft that waits already (R77, R85): it could be gone on with."""
    for care_plan in existing:
        if plans.is_sip(care_plan) and care_plan.get("status") == "draft":
            yield advice(
                f"CarePlan/{care_plan.get('id')} is a draft of the same person's. Go on with it, "
                "or close it by $close-sip.",
                "CarePlan.status",
                *sip.legal_basis(local_date(now))[:2],
            )
