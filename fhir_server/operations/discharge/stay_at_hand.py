"""The stay that an operation at Encounter/[id] is about, in the version it was read in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from fhir_server.fhir import json
from fhir_server.fhir.outcome import FhirError, Issue, has_errors, invalid
from fhir_server.fhir.parameters import Arguments
from fhir_server.interactions.context import Context
from fhir_server.interactions.finder import Finder
from fhir_server.interactions.together import Draft
from fhir_server.operations.at_hand import living
from fhir_server.operations.contacts.assignment_edits import with_extension
from fhir_server.operations.moments import now_of, now_text
from fhir_server.operations.operation import Call
from fhir_server.storage.records import StoredResource
from fhir_server.sweden import codes, discharge, stay_order
from fhir_server.sweden.discharge import Timeline
from fhir_server.sweden.elements import child, target
from fhir_server.sweden.periods import bounds

Resource = dict[str, Any]

PROFILE = codes.structure("sluten-encounter")


@dataclass(frozen=True, slots=True)
class Moment:
    """When a step happened: as FHIR writes it, and as a moment."""

    text: str
    when: dt.datetime


@dataclass(frozen=True, slots=True)
class Stay:
    """A stay in hospital as it is stored.

    Args:
        stored: the version that was read.
        encounter: its content.
        patient: the patient it is about.
        finder: reads what is around it.
    """

    stored: StoredResource
    encounter: Resource
    patient: Resource
    finder: Finder

    @property
    def reference(self) -> str:
        """Give ``Encounter/[id]``."""
        return self.stored.reference

    @property
    def patient_reference(self) -> str:
        """Give ``Patient/[id]``."""
        return f"Patient/{self.patient['id']}"

    @property
    def timeline(self) -> Timeline:
        """Give what the deadlines are counted from."""
        return discharge.timeline(self.encounter)

    @property
    def told(self) -> list[str]:
        """Give the units that got the inskrivningsmeddelande."""
        return stay_order.told_units(self.encounter)

    def told_now(self, *said: Resource) -> Stay:
        """Give the stay with extensions in the place of those that say the same."""
        return replace(self, encounter=with_extension(self.encounter, *said))

    def draft(self, *added: Resource, **changed: Any) -> Draft:
        """Give the stay with more in its timeline, and with elements changed.

        It claims its profile from now on, so that every later write is held to it.
        """
        meta = self.encounter.get("meta", {})
        claimed = meta.get("profile", [])
        profiles = claimed if PROFILE in claimed else [*claimed, PROFILE]
        resource = {
            **self.encounter,
            "meta": {**meta, "profile": profiles},
            "extension": [*self.encounter.get("extension", []), *added],
            **changed,
        }
        # FHIR has no empty arrays.
        given = {name: value for name, value in resource.items() if value != []}
        return Draft(given, self.stored.id, self.stored)

    def tasks(self, *wanted: str) -> Iterator[tuple[StoredResource, Resource]]:
        """Give the Tasks of the stay that were not taken back.

        Args:
            wanted: codes of CodeSystem task-code.
        """
        code = ",".join(f"{codes.TASK_CODE_SYSTEM}|{each}" for each in wanted)
        for stored in self.finder.search_stored("Task", encounter=self.reference, code=code):
            task = json.parse(stored.body or b"{}")
            if task.get("status") not in ("cancelled", "entered-in-error"):
                yield stored, task

    def open_tasks(self, *wanted: str) -> Iterator[tuple[StoredResource, Resource]]:
        """Give those of the Tasks that somebody may still act on."""
        return (
            (each, task)
            for each, task in self.tasks(*wanted)
            if task.get("status") in codes.OPEN_TASK
        )


def stay_at_hand(call: Call) -> Stay:
    """Give the stay of the call, with its patient.

    Raises:
        FhirError: 404 or 410 for none; 422 where its subject is no Patient of this server.
    """
    context: Context = call.context
    stored, encounter = living(context, "Encounter", call.id)
    finder = Finder(context.server, context.store)
    aim = target(child(encounter, "subject"))
    patient = finder.read(aim.literal) if aim.resource_type == "Patient" else None
    if patient is None:
        text = "The stay must say whose it is: a reference to a Patient on this server."
        raise FhirError(Issue("error", "business-rule", text, "Encounter.subject"), status=422)
    return Stay(stored, encounter, patient, finder)


def happened(call: Call, name: str = "at") -> Moment:
    """Give when a step happened; now, where the call does not say.

    Raises:
        FhirError: 400 for a day, a month or a year: the law counts hours from it.
    """
    return moment(call.arguments, name) or Moment(now_text(call.context), now_of(call.context))


def moment(arguments: Arguments, name: str) -> Moment | None:
    """Give a parameter that is a moment; None where it is left out.

    Raises:
        FhirError: 400 for a day, a month or a year.
    """
    if name not in arguments:
        return None
    text = str(arguments[name])
    found = bounds(text)
    if found is None or "T" not in text:
        raise invalid(
            f"{name} must be a moment such as 2026-03-02T15:40:00+01:00: the law counts from it.",
            name,
            "value",
        )
    return Moment(text, found[0])


def refuse(*checks: Iterable[Issue]) -> list[Issue]:
    """Run checks one after the other; give what lets pass.

    Raises:
        FhirError: all that the first check that refuses has to say, so that nobody hears of what
            follows from it.
    """
    passed: list[Issue] = []
    for check in checks:
        issues = list(check)
        if has_errors(issues):
            raise FhirError(*(each for each in issues if each.severity == "error"))
        passed += issues
    return passed


def organizations(references: Iterable[Resource], finder: Finder, name: str) -> list[str]:
    """Give ``Organization/[id]`` of references in a parameter.

    Raises:
        FhirError: 400 for another form, 422 for one that is not on this server.
    """
    found = []
    for index, each in enumerate(references):
        aim = target(each)
        if aim.resource_type != "Organization":
            text = f"{name} must be a reference of the form Organization/[id]."
            raise invalid(text, f"{name}[{index}]", "value")
        if finder.read(aim.literal) is None:
            text = f"{aim.literal} does not exist on this server."
            raise FhirError(Issue("error", "not-found", text, f"{name}[{index}]"), status=422)
        found.append(aim.literal)
    return found
