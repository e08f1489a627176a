"""Whom a call to a SIP meeting reaches, by the plan, the call and the person's consent.

R65, R75, R78-R80, R84, R91; HSL (2017:30) 16 kap. 4 §, socialtjänstlagen (2025:400) 10 kap. 8-9 §§.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fhir_server.fhir.outcome import FhirError, Issue
from fhir_server.interactions.finder import Finder
from fhir_server.operations.operation import Call
from fhir_server.operations.sip.calling import Calling
from fhir_server.operations.sip.disclosures import deciding
from fhir_server.sweden import codes, sip, sip_call, sip_need, sip_participants
from fhir_server.sweden.assignments import is_named_contact, kind_of
from fhir_server.sweden.belonging import huvudman_of, units_of
from fhir_server.sweden.elements import items, target, text

Resource = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Called:
    """Who is called, and what there is to know of it.

    Args:
        actors: references: the person, a child's guardians, then the others.
        issues: warnings and advice.
    """

    actors: tuple[Resource, ...]
    issues: tuple[Issue, ...]


def whom_to_call(call: Call, plan: Resource, after_discharge: bool, now: dt.datetime) -> Called:
    """Give whom to call beside the caller.

    Args:
        call: of $call-sip-meeting.
        plan: the CarePlan.
        after_discharge: whether the call follows from a stay in hospital.
        now: an aware datetime.

    Raises:
        FhirError: 422, there is no consent, or it does not take in an actor that the call names.
    """
    return _Calling(call, plan, now).called(after_discharge)


class _Calling:
    """The call with what is stored about the person."""

    def __init__(self, call: Call, plan: Resource, now: dt.datetime) -> None:
        self._call = call
        self._plan = plan
        self._now = now
        self._law = sip_need.law_at(now)
        self._finder = Finder(call.context.server, call.context.store)
        self._calling = Calling(self._finder, deciding(call.context), plan, now)
        self._person = self._calling.person.literal

    def called(self, after_discharge: bool) -> Called:
        if not self._calling.consented:
            raise FhirError(sip.without_consent(self._law), status=422)
        given = self._call.arguments.get("actor")
        others, issues = self._proposed() if given is None else (self._given(given), [])
        always = [{"reference": each} for each in (self._person, *self._calling.guardians)]
        distinct = {target(each).key: each for each in [*always, *others]}
        distinct.pop(target(self._call.arguments["by"]).key, None)
        advice = sip_call.called_by_the_contact(
            self._call.arguments["by"], self._regional_contacts(), after_discharge
        )
        return Called(tuple(distinct.values()), (*issues, *advice))

    def _given(self, actors: list[Resource]) -> list[Resource]:
        refused = [issue for i, each in enumerate(actors) if (issue := self._against(i, each))]
        if refused:
            raise FhirError(*refused, status=422)
        return actors

    def _proposed(self) -> tuple[list[Resource], list[Issue]]:
        named = [target(each).literal for _, each in items(self._plan, "careTeam")]
        teams = self._finder.read_many([each for each in named if each.startswith("CareTeam/")])
        contacts = [team for team in teams.values() if is_named_contact(team)]
        found = [dict(each) for each in sip_participants.named(self._plan, contacts)]
        allowed = [each for each in found if self._calling.permits(each)]
        issues = []
        if len(allowed) < len(found):
            issues.append(sip_call.left_out(len(found) - len(allowed), self._law))
        return [each for each in allowed if not self._is_represented(each, allowed)], issues

    def _against(self, index: int, actor: Resource) -> Issue | None:
        """Say what stands against calling an actor; None for nothing."""
        if self._calling.permits(actor):
            return None
        if target(actor).resource_type == "RelatedPerson":
            return sip_call.unwanted(index)
        return sip_call.no_consent(index, self._law)

    def _is_represented(self, actor: Resource, others: list[Resource]) -> bool:
        """Tell whether a unit is called by one of its people, or calls itself."""
        aim = target(actor)
        if aim.resource_type != "Organization":
            return False
        people = [self._call.arguments["by"], *others]
        return any(
            aim.literal in units_of(each, self._finder.read)
            for each in people
            if target(each).resource_type == "PractitionerRole"
        )

    def _regional_contacts(self) -> Iterator[Resource]:
        teams = self._finder.search(
            "CareTeam", patient=self._person, category=codes.NAMED_CONTACTS, status="active"
        )
        for team in teams:
            members = [each["member"] for _, each in items(team, "participant") if "member" in each]
            regional = any(huvudman_of(m, self._finder.read) == codes.REGION for m in members)
            if kind_of(team) in codes.VARDKONTAKTER and regional and text(team, "id"):
                yield team
