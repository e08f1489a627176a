"""What a named actor may see of a stored plan: the consents and organisations behind the rule.

`sweden/sharing.py` has the rule; R78, R94, R100. What the person has said counts whoever wrote it
down: the rule is decided by the whole store. What the consent hands out of another's plan comes
from here alone (`handed_out`), cut to it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace

from fhir_server.interactions.context import Context
from fhir_server.interactions.finder import Finder
from fhir_server.sweden import actors, codes, guardians, sharing
from fhir_server.sweden.elements import Json, child, items, target
from fhir_server.sweden.plans import is_sip
from fhir_server.sweden.sharing import Disclosure

SIP_CONSENTS = f"{codes.CONSENT_CATEGORY_SYSTEM}|{codes.CONSENT_TO_SIP}"
# What a plan leads to of each kind of information; `shown` cuts the plan and its goals besides.
_TYPES = {
    sharing.GOALS: ("Goal",),
    sharing.CONTACTS: ("Appointment", "CareTeam", "RelatedPerson"),
    sharing.HEALTH: ("Condition", "Encounter"),
}
_CLOSED_CALLS = ("cancelled", "rejected", "entered-in-error", "failed")


def deciding(context: Context) -> Finder:
    """Give what finds all that the person has said, whoever wrote it down; none of it is given."""
    return Finder(context.server, context.store.deciding())


def for_actor(context: Context, plan: Json, actor: str, now: dt.datetime) -> Disclosure:
    """Say what an actor may see of a plan, by what is stored.

    Args:
        context: the request.
        plan: a CarePlan of category SIP.
        actor: ``Type/id`` of the reader: an Organization, PractitionerRole, Practitioner,
            RelatedPerson or the Patient.
        now: an aware datetime.
    """
    return Reading(context, plan).of(actor, now)


@dataclass(frozen=True, slots=True)
class HandedOut:
    """Another's plan, as far as the person's consent hands it out to the unit that asks.

    Args:
        context: the request, which sees what the plan leads to of the kinds that are handed out.
        plan: whole; it is for the caller to cut (`shown.plan`).
        actor: ``Organization/[id]`` of the unit that asks.
        granted: what it may see.
    """

    context: Context
    plan: Json
    actor: str
    granted: Disclosure


def handed_out(context: Context, id_: str, now: dt.datetime) -> HandedOut | None:
    """Give a plan that who asks does not see as it is stored, and a consent hands out to them.

    Args:
        context: the request.
        id_: of the CarePlan.
        now: an aware datetime.

    Returns:
        None for a plan that is not there, no SIP, seen whole or not handed out.
    """
    if not _may_be_handed(context) or context.store.read("CarePlan", id_) is not None:
        return None
    whole = deciding(context).read(f"CarePlan/{id_}")
    return _handed_out(context, whole, now) if whole is not None and is_sip(whole) else None


def handed_out_of(context: Context, person: str, now: dt.datetime) -> list[HandedOut]:
    """Give all plans of a person that a consent hands out to who asks, but those they see whole."""
    if not _may_be_handed(context):
        return []
    whole = deciding(context).search("CarePlan", patient=person)
    sips = {f"CarePlan/{plan['id']}": plan for plan in whole if is_sip(plan)}
    seen = context.store.existing(sips)
    others = (plan for reference, plan in sips.items() if reference not in seen)
    return [found for plan in others if (found := _handed_out(context, plan, now))]


def _may_be_handed(context: Context) -> bool:
    access = context.store.access
    return (
        not access.principal.unrestricted and bool(access.own_unit) and access.may("r", "CarePlan")
    )


def _handed_out(context: Context, plan: Json, now: dt.datetime) -> HandedOut | None:
    reading = Reading(context, plan)
    granted = {actor: reading.of(actor, now) for actor in _own_actors(context, reading)}
    actor = max(granted, key=lambda each: len(granted[each].classes))
    if not granted[actor].allowed:
        return None
    classes = granted[actor].classes
    person = target(child(plan, "subject")).literal
    kinds = [each for kind in classes for each in _TYPES.get(kind, ())]
    whole = ("Consent", "ServiceRequest") if granted[actor].whole else ()
    store = context.store.disclosing(person, {"CarePlan", *kinds, *whole})
    # A spärr, the token's scopes and the purpose are none of the consent's business: they hold.
    if store.read("CarePlan", plan["id"]) is None:
        return None
    return HandedOut(replace(context, store=store), plan, actor, granted[actor])


def _own_actors(context: Context, reading: Reading) -> list[str]:
    """Give as whom one asks: one's unit, and of all that is part of it what the plan concerns."""
    viewer = context.store.access.viewer
    own = set(viewer.units)
    return [viewer.units[0], *(each for each in reading.actors() if each in own)]


class Reading:
    """A plan with the consents and calls around it, read once for many actors.

    Args:
        context: the request.
        plan: a CarePlan of category SIP.
    """

    def __init__(self, context: Context, plan: Json) -> None:
        self._finder = deciding(context)
        self._plan = plan
        person = target(child(plan, "subject")).literal
        known = person.startswith("Patient/")
        self._consents = (
            list(self._finder.search("Consent", patient=person, category=SIP_CONSENTS))
            if known
            else []
        )
        self._patient = (self._finder.read(person) if known else None) or {}
        self._relatives = (
            list(self._finder.search("RelatedPerson", patient=person)) if self._patient else []
        )
        self._called = [*self._calls(person), *self._team_members()] if known else []

    def of(self, actor: str, now: dt.datetime) -> Disclosure:
        """Say what an actor may see; see `for_actor`."""
        return sharing.disclosure(
            self._plan,
            self._consents,
            actors.meanings(actor, self._finder.read),
            now,
            guardians=guardians.guardians_of(self._patient, self._relatives, now),
            called=self._called,
        )

    def actors(self) -> list[str]:
        """Give who is concerned: those who take part, those called, and those consents name."""
        named = [*sharing.participants(self._plan)]
        for consent in self._consents:
            named += sharing.actors_named(child(consent, "provision"))
        found = [target(each).literal for each in named] + self._called
        return list(dict.fromkeys(each for each in found if each.startswith(actors.KINDS)))

    def _calls(self, person: str) -> Iterator[str]:
        meetings = [
            target(child(found, "valueReference")).literal
            for _, found in items(self._plan, "extension")
            if found.get("url") == codes.SIP_MEETING_LINK
        ]
        own = {f"CarePlan/{self._plan.get('id')}", *meetings}
        code = f"{codes.TASK_CODE_SYSTEM}|{codes.KALLELSE}"
        for task in self._finder.search("Task", patient=person, code=code):
            about = [child(task, "focus"), *(each for _, each in items(task, "basedOn"))]
            is_open = task.get("status") not in _CLOSED_CALLS
            if is_open and any(target(each).literal in own for each in about):
                yield target(child(task, "owner")).literal

    def _team_members(self) -> Iterator[str]:
        teams = [target(each).literal for _, each in items(self._plan, "careTeam")]
        for team in self._finder.read_many(
            [t for t in teams if t.startswith("CareTeam/")]
        ).values():
            if team.get("status") == "active":
                yield from (target(each).literal for _, each in items(team, "managingOrganization"))
                for _, participant in items(team, "participant"):
                    yield target(child(participant, "member")).literal
