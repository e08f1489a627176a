"""A samordnad individuell plan, read from its CarePlan and what that refers to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from fhir_server.sweden import codes, periods
from fhir_server.sweden.consents import Consent, is_consent_to_sip
from fhir_server.sweden.consents import facts_from as consent_facts
from fhir_server.sweden.elements import (
    Json,
    Target,
    child,
    extension,
    items,
    says,
    target,
    text,
)
from fhir_server.sweden.periods import Period
from fhir_server.sweden.references import Held, Read, alone, follow, huvudman

# An insats that was called off is not one that the plan counts on.
_CALLED_OFF = ("cancelled", "entered-in-error")


@dataclass(frozen=True, slots=True)
class Activity:
    """One insats of a plan.

    Args:
        index: position in ``CarePlan.activity``.
        huvudmen: who answers for it, as found; one code where all is well.
        called_off: whether it was cancelled, entered in error, or is not to be done.
    """

    index: int
    huvudmen: tuple[str, ...]
    called_off: bool


@dataclass(frozen=True, slots=True)
class OverallResponsible:
    """Who has the overall responsibility for a plan (R76).

    Args:
        index: position in ``CarePlan.extension``.
        huvudman: region or kommun; empty where it is not said.
        organization_huvudman: what the named organization says of itself; empty where unknown.
    """

    index: int
    huvudman: str
    organization_huvudman: str


@dataclass(frozen=True, slots=True)
class Plan:
    """The facts about one SIP.

    Args:
        id: the CarePlan's logical id; empty before it has one.
        status: ``CarePlan.status``.
        subject: whose plan it is.
        period: ``CarePlan.period``.
        activities: all of them.
        responsible: the extensions overall-responsible.
        goals: how many goals are named.
        has_author: whether an author is named.
        has_follow_up: whether a date of follow-up is given.
        consents: those the plan refers to, and the person's other consents to SIP.
        dangling_consents: positions in supportingInfo of Consents that can't be found, or are
            inside the plan.
        replaces: the plans this one replaces.
        guardians: references of those who have the custody of a child; empty for an adult.
        ended: when it ended, by its extension plan-end; None where it did not.
    """

    id: str
    status: str
    subject: Target
    period: Period
    activities: tuple[Activity, ...]
    responsible: tuple[OverallResponsible, ...]
    goals: int
    has_author: bool
    has_follow_up: bool
    consents: tuple[Consent, ...] = ()
    dangling_consents: tuple[int, ...] = ()
    replaces: tuple[Target, ...] = ()
    guardians: tuple[str, ...] = ()
    ended: datetime | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """Another SIP of the same person, of which no more needs to be known.

    Args:
        id: the CarePlan's logical id.
        status: ``CarePlan.status``.
    """

    id: str
    status: str


def is_sip(resource: Json) -> bool:
    """Tell whether a resource is a CarePlan of category ``SIP``."""
    return resource.get("resourceType") == "CarePlan" and says(
        resource, "category", codes.SIP, codes.CARE_PLAN_CATEGORY
    )


def facts_from(
    care_plan: Json,
    read: Read,
    consents: Iterable[Json] = (),
    *,
    guardians: Sequence[str] = (),
) -> Plan:
    """Read the facts about a plan.

    Args:
        care_plan: a CarePlan of category ``SIP``.
        read: gives the current resource at a relative reference.
        consents: the person's Consents of category ``sip``, whether the plan names them or not.
        guardians: of a child.
    """
    held = alone(care_plan)
    named, dangling = _named_consents(held, read)
    others = [consent for consent in consents if all(consent != known for _, known in named)]
    subject = target(child(care_plan, "subject"))
    return Plan(
        id=text(care_plan, "id"),
        status=text(care_plan, "status"),
        subject=subject,
        period=periods.read(care_plan),
        activities=tuple(_activity(index, found) for index, found in items(care_plan, "activity")),
        responsible=tuple(_responsible(held, read)),
        goals=sum(1 for _, goal in items(care_plan, "goal") if target(goal) != Target()),
        has_author=_refers(child(care_plan, "author")),
        has_follow_up=bool(
            extension(extension(care_plan, codes.FOLLOW_UP), "date").get("valueDate")
        ),
        consents=(
            *(consent_facts(consent, index) for index, consent in named),
            # Found as this person's, however the reference to them is spelled: a no must count.
            *(replace(consent_facts(consent), patient=subject) for consent in others),
        ),
        dangling_consents=tuple(dangling),
        replaces=tuple(target(reference) for _, reference in items(care_plan, "replaces")),
        guardians=tuple(guardians),
        ended=_ended(care_plan),
    )


def _ended(care_plan: Json) -> datetime | None:
    said = extension(extension(care_plan, codes.PLAN_END), "at").get("valueDateTime")
    found = periods.bounds(said)
    return found[0] if found else None


def _named_consents(held: Held, read: Read) -> tuple[list[tuple[int, Json]], list[int]]:
    named, dangling = [], []
    for index, reference in items(held.resource, "supportingInfo"):
        found = follow(held, reference, read)
        if found is None:
            if _means_consent(reference):
                dangling.append(index)
        elif is_consent_to_sip(found.resource):
            # One inside the plan is not registered: nobody finds it, nobody can withdraw it (R78).
            if target(reference).contained:
                dangling.append(index)
            else:
                named.append((index, found.resource))
    return named, dangling


def _means_consent(reference: Json) -> bool:
    return "Consent" in (target(reference).resource_type, text(reference, "type"))


def _activity(index: int, activity: Json) -> Activity:
    found = [
        text(each, "valueCode")
        for _, each in items(activity, "extension")
        if each.get("url") == codes.HUVUDMAN
    ]
    detail = child(activity, "detail")
    called_off = text(detail, "status") in _CALLED_OFF or detail.get("doNotPerform") is True
    return Activity(index, tuple(dict.fromkeys(found)), called_off)


def _responsible(held: Held, read: Read) -> Iterator[OverallResponsible]:
    for index, found in items(held.resource, "extension"):
        if found.get("url") == codes.OVERALL_RESPONSIBLE:
            organization = child(extension(found, "organization"), "valueReference")
            yield OverallResponsible(
                index,
                text(extension(found, "huvudman"), "valueCode"),
                huvudman(follow(held, organization, read), read),
            )


def responsible_organizations(care_plan: Json) -> list[Json]:
    """Give the references to the organizations that have the overall responsibility (R76)."""
    return [
        child(extension(found, "organization"), "valueReference")
        for _, found in items(care_plan, "extension")
        if found.get("url") == codes.OVERALL_RESPONSIBLE
    ]


def _refers(reference: Json) -> bool:
    return target(reference) != Target() or bool(text(reference, "display"))
