"""What a named actor may see of a stored plan: the consents and organisations behind the rule.

There is no login yet: the reader is whom the caller names. `sweden/sharing.py` has the rule; R78,
R94, R100.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from fhir_server.interactions.context import Context
from fhir_server.interactions.finder import Finder
from fhir_server.sweden import actors, codes, guardians, sharing
from fhir_server.sweden.elements import Json, child, items, target
from fhir_server.sweden.sharing import Disclosure

SIP_CONSENTS = f"{codes.CONSENT_CATEGORY_SYSTEM}|{codes.CONSENT_TO_SIP}"
_CLOSED_CALLS = ("cancelled", "rejected", "entered-in-error", "failed")


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


class Reading:
    """A plan with the consents and calls around it, read once for many actors.

    Args:
        context: the request.
        plan: a CarePlan of category SIP.
    """

    def __init__(self, context: Context, plan: Json) -> None:
        self._finder = Finder(context.server, context.store)
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
