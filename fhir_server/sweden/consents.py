"""Consent to a samordnad individuell plan, as the person has given it (R78, cp-1)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from fhir_server.sweden import codes, periods
from fhir_server.sweden.elements import Json, Target, child, items, says, target, text
from fhir_server.sweden.periods import Period


@dataclass(frozen=True, slots=True)
class Consent:
    """The facts about one consent.

    Args:
        index: position of the reference in ``CarePlan.supportingInfo``; None where the plan does
            not refer to it.
        status: ``Consent.status``.
        patient: whose consent it is.
        permits: whether something is permitted.
        denies: whether a plan is denied: a no to some actors, or to some kinds of information,
            is no no to the plan.
        period: when it is valid.
        givers: references of who gave it.
    """

    index: int | None
    status: str
    patient: Target
    permits: bool
    denies: bool
    period: Period
    givers: tuple[str, ...] = ()

    def in_force(self, patient: Target, now: datetime) -> bool:
        """Tell whether it is this person's word, given, not withdrawn, and valid now."""
        given = self.status == "active" and self.period.covers(now)
        return given and self.patient.same_elsewhere(patient)


def is_consent_to_sip(resource: Json) -> bool:
    """Tell whether a resource is a Consent of category ``sip``."""
    return resource.get("resourceType") == "Consent" and says(
        resource, "category", codes.CONSENT_TO_SIP, codes.CONSENT_CATEGORY_SYSTEM
    )


def facts_from(consent: Json, index: int | None = None) -> Consent:
    """Read the facts about a Consent.

    A rule that says neither ``permit`` nor ``deny`` is no consent: R4 leaves its meaning to a
    policy, and a person's will is not to be guessed. A permission inside a denial, or the other
    way about, is a consent limited to some actors, and permits (R78).

    Args:
        consent: a Consent of category ``sip``.
        index: where the plan refers to it.
    """
    rule = child(consent, "provision")
    kinds = set(rule_types(rule))
    limited = any(items(rule, "actor")) or any(items(rule, "class"))
    return Consent(
        index=index,
        status=text(consent, "status"),
        patient=target(child(consent, "patient")),
        permits="permit" in kinds,
        denies=kinds == {"deny"} and not limited,
        period=periods.read(rule),
        givers=tuple(giver.key for giver in givers(consent)),
    )


def givers(consent: Json) -> tuple[Target, ...]:
    """Give who gave a consent: its performers, or the person where it names none (R78, R80)."""
    named = tuple(target(each) for _, each in items(consent, "performer"))
    return named or (target(child(consent, "patient")),)


def left_out(provision: Json) -> Iterator[str]:
    """Give whom a rule, or an exception inside it, denies: ``Type/id`` and ``system|value``."""
    waiting = [provision]
    while waiting:
        rule = waiting.pop()
        if text(rule, "type") == "deny":
            for _, actor in items(rule, "actor"):
                aim = target(child(actor, "reference"))
                yield from (each for each in (aim.literal, aim.logical) if each)
        waiting.extend(nested for _, nested in items(rule, "provision"))


def rule_types(provision: Json) -> Iterator[str]:
    """Give what a rule and the exceptions inside it say: ``permit`` or ``deny``."""
    waiting = [provision]
    while waiting:
        rule = waiting.pop()
        if kind := text(rule, "type"):
            yield kind
        waiting.extend(nested for _, nested in items(rule, "provision"))
