"""Looks around after an assignment, for what guidance has to say about it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from functools import cache
from itertools import pairwise
from typing import Any

from fhir_server.fhir.outcome import Issue
from fhir_server.interactions.context import Context
from fhir_server.interactions.finder import Finder
from fhir_server.search.tokens import REFERENCE
from fhir_server.storage.records import StoreUnavailable
from fhir_server.sweden import assignments, codes
from fhir_server.sweden.assignments import Assignment
from fhir_server.sweden.caseload import Threshold, nearest_threshold
from fhir_server.sweden.conditions import cancer
from fhir_server.sweden.contact_advice import Situation, advise
from fhir_server.sweden.elements import (
    child,
    concept_codes,
    extension,
    extension_codes,
    items,
    target,
    text,
)
from fhir_server.sweden.facts import microseconds
from fhir_server.sweden.fast_vardkontakt import contemporary
from fhir_server.sweden.periods import read as period_of
from fhir_server.sweden.references import alone, organization_chain

Resource = dict[str, Any]

_YEAR = dt.timedelta(days=365)


def advice_on(context: Context, finder: Finder, care_team: Resource) -> tuple[Issue, ...]:
    """Give what guidance says about an active assignment as it is stored.

    For the operations that assign; a few reads more than the law needs, none of them in the
    transaction that wrote.

    Args:
        context: the request.
        finder: has read what the call named.
        care_team: the stored CareTeam.
    """
    try:
        return tuple(advise(_Surroundings(context, finder, care_team).situation()))
    except StoreUnavailable:
        # What is stored is stored: a client that tried again would be refused as a duplicate.
        text = "The assignment is stored. Guidance could not be looked up just now."
        return (Issue("information", "informational", text),)


class _Surroundings:
    """What stands around one assignment."""

    def __init__(self, context: Context, finder: Finder, care_team: Resource) -> None:
        self._context = context
        self._finder = finder
        self._read = cache(self._finder.read)
        self._team = care_team
        self._now = dt.datetime.now(dt.UTC)
        self._patient = target(child(care_team, "subject")).literal
        self._assignment = self._facts(care_team)

    def situation(self) -> Situation:
        """Gather what the guidance looks at."""
        self._finder.foresee(
            ("CareTeam", self._of_contacts()),
            ("EpisodeOfCare", {"patient": self._patient, "status": "active"}),
            *([("Condition", {"patient": self._patient})] if self._may_have_cancer else []),
        )
        history = list(self._finder.search("CareTeam", **self._of_contacts()))
        others = contemporary(
            self._assignment,
            [self._facts(each) for each in history if each["status"] == "active"],
            self._now,
        )
        patients, agreed = self._workload()
        preference = extension(self._team, codes.PATIENT_PREFERENCE)
        basis = extension_codes(self._team, codes.APPOINTMENT_BASIS, codes.APPOINTMENT_BASIS_SYSTEM)
        seen = Situation(self._assignment, others)
        return Situation(
            self._assignment,
            others,
            course=next(iter(concept_codes(self._team, "reasonCode", codes.COURSE_SYSTEM)), ""),
            cancer=self._cancer([self._team, *history]),
            care_forms=self._care_forms(),
            coordination_reason=bool(extension(self._team, codes.COORDINATION_REASON)),
            wish_open=bool(preference) and not extension(preference, "met"),
            told=bool(extension(self._team, codes.INFORMATION_GIVEN)),
            head_unknown=self._head_unknown(),
            patients=patients,
            agreed=agreed,
            changes=self._changes(history),
            no_physician_routine=self._no_physician_routine(seen),
            no_sip_support=self._no_sip_support(basis),
        )

    def _facts(self, care_team: Resource) -> Assignment:
        return assignments.facts_from(care_team, self._read, self._now)

    def _of_contacts(self) -> dict[str, str]:
        """Search for the patient's contacts; earlier ones too where the listing's changes count."""
        more = {} if self._assignment.kind == codes.FAST_LAKARKONTAKT else {"status": "active"}
        return {"patient": self._patient, "category": codes.NAMED_CONTACTS, **more}

    @property
    def _may_have_cancer(self) -> bool:
        """Whether it is asked: guidance speaks of it to who has a fast vårdkontakt."""
        return self._assignment.kind in codes.VARDKONTAKTER

    def _cancer(self, teams: list[Resource]) -> bool:
        if not self._may_have_cancer:
            return False
        criteria = (
            code
            for team in teams
            for code in concept_codes(team, "reasonCode", codes.CRITERIA_SYSTEM)
        )
        return codes.CANCER in criteria or any(
            cancer(condition, self._now)
            for condition in self._finder.search("Condition", patient=self._patient)
        )

    def _care_forms(self) -> frozenset[str]:
        """Give the forms of municipal care that the patient is in."""
        episodes = self._finder.search("EpisodeOfCare", patient=self._patient, status="active")
        return frozenset(
            form
            for episode in episodes
            if period_of(episode).covers(self._now)
            for form in concept_codes(episode, "type", codes.CARE_FORM_SYSTEM)
        )

    def _head_unknown(self) -> bool:
        """Tell whether a person appointed who is not known as verksamhetschef."""
        by = child(extension(extension(self._team, codes.APPOINTED_BY), "by"), "valueReference")
        if target(by).resource_type != "PractitionerRole":
            return False
        role = self._read(target(by).literal) or {}
        coded = codes.VERKSAMHETSCHEF in concept_codes(role, "code", codes.STAFF_FUNCTION_SYSTEM)
        in_words = {text(each, "text").casefold() for _, each in items(role, "code")}
        return not coded and codes.VERKSAMHETSCHEF not in in_words

    def _units(self) -> list[Resource]:
        """Give the unit that answers and those above it."""
        unit = self._read(self._assignment.unit.literal) if self._assignment.unit.local else None
        if unit is None:
            return []
        return [dict(each) for each in organization_chain(alone(unit), self._read)]

    def _workload(self) -> tuple[int, Threshold | None]:
        """Count the contact's patients, where the unit has agreed on a number."""
        agreed = nearest_threshold(self._units(), self._assignment.kind)
        member = self._assignment.person.member
        if agreed is None or not member.local:
            return 0, None
        return self._patients_of(member.literal, agreed.kind), agreed

    def _patients_of(self, member: str, kind: str) -> int:
        """Count the patients of a contact, this one among them; of one type, or of all.

        In the database, from facts: a number is all that is needed of the others, who may be many.
        Led by the contact's token, since the index of facts begins with the patient.
        """
        now = microseconds(self._now)
        wanted: dict[str, Any] = {
            "f.status": "active",
            "f.patient": {"$exists": True, "$ne": self._patient},
            "$nor": [{"f.start": {"$gt": now}}, {"f.end": {"$lte": now}}],
        }
        if kind:
            wanted["f.kind"] = kind
        rows = self._context.store.facts_of_referrers(
            "CareTeam",
            f"CareTeam.participant{REFERENCE}{member}",
            [{"$match": wanted}, {"$group": {"_id": "$f.patient"}}, {"$count": "others"}],
        )
        return 1 + sum(int(row["others"]) for row in rows)

    def _changes(self, history: Iterable[Resource]) -> int:
        """Count how often the patient's fast läkarkontakt moved to another unit within a year."""
        if self._assignment.kind != codes.FAST_LAKARKONTAKT:
            return 0
        listed = sorted(
            (start, _unit_of(team))
            for team in history
            if team["status"] in ("active", "inactive")
            and codes.FAST_LAKARKONTAKT in assignments.kinds_of(team)
            and (start := period_of(team).start) is not None
        )
        return sum(
            start > self._now - _YEAR and unit != before
            for (_, before), (start, unit) in pairwise(listed)
        )

    def _no_physician_routine(self, seen: Situation) -> bool:
        """Tell whether a municipal unit names neither a physician nor MAS or MAR."""
        assignment = self._assignment
        if assignment.huvudman != codes.KOMMUN or assignment.kind not in codes.VARDKONTAKTER:
            return False
        if assignment.medically_responsible is not None or seen.physician_among_contacts:
            return False
        return not self._has_function(self._units(), codes.MAS, codes.MAR)

    def _no_sip_support(self, basis: list[str]) -> bool:
        """Tell whether the region's unit, at a discharge, has no SIP-stödjare."""
        if codes.UTSKRIVNING not in basis or self._assignment.huvudman != codes.REGION:
            return False
        return not self._has_function(self._units()[:1], codes.SIP_STODJARE)

    def _has_function(self, units: list[Resource], *functions: str) -> bool:
        if not units:
            return False
        found = self._finder.search(
            "PractitionerRole",
            organization=",".join(f"Organization/{each['id']}" for each in units),
            role=",".join(f"{codes.STAFF_FUNCTION_SYSTEM}|{each}" for each in functions),
        )
        return any(
            role.get("active") is not False and period_of(role).covers(self._now) for role in found
        )


def _unit_of(team: Resource) -> str:
    return next((target(each).key for _, each in items(team, "managingOrganization")), "")
