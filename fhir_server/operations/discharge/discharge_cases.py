"""Stays with their deadlines, read in batches: a unit's page costs few searches, however long."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from fhir_server.interactions.context import Context
from fhir_server.interactions.finder import Finder
from fhir_server.operations.discharge.payment_agreements import agreements_of
from fhir_server.sweden import codes
from fhir_server.sweden.agreements import Agreement
from fhir_server.sweden.discharge import Timeline, timeline
from fhir_server.sweden.discharge_events import TVANGSVARDSPLAN, Events, events
from fhir_server.sweden.discharge_steps import Step, steps
from fhir_server.sweden.elements import child, extension, items, target, text
from fhir_server.sweden.payment import Liability, liability

Resource = dict[str, Any]

# How many stays one round of searches is about.
BATCH = 100
_TASKS = ",".join(f"{codes.TASK_CODE_SYSTEM}|{code}" for code in (codes.KALLELSE, codes.PLANERING))
_CHANGED = f"{codes.COMMUNICATION_CATEGORY_SYSTEM}|{codes.ANDRAD_UTSKRIVNING}"
_MEETING = f"{codes.code_system('service-type')}|{codes.SIP_MEETING}"
_COMPULSORY = f"{codes.CARE_PLAN_CATEGORY}|{TVANGSVARDSPLAN}"


@dataclass(frozen=True, slots=True)
class Case:
    """A stay as it stands at a moment.

    Args:
        encounter: the stay.
        patient: whose; None where that is not on this server.
        stay: its timeline, as it was then.
        events: what others had done by then.
        steps: the steps with their deadlines.
        agreement: what the patient's municipality agreed.
    """

    encounter: Resource
    patient: Resource | None
    stay: Timeline
    events: Events
    steps: tuple[Step, ...]
    agreement: Agreement

    def liability(self, now: datetime) -> Liability:
        """Give the municipality's payment liability at the moment of the case."""
        return liability(self.stay, self.events.called, self.agreement, now)


def cases(
    context: Context, encounters: Sequence[Resource], at: datetime, unit: str = ""
) -> Iterator[Case]:
    """Give stays with their steps.

    Args:
        context: the request.
        encounters: the stays.
        at: the moment to judge at; what came later had not happened.
        unit: who asks, as ``Organization/[id]``: of another's stay it sees its own planning.
    """
    finder = Finder(context.server, context.store)
    for first in range(0, len(encounters), BATCH):
        yield from _batch(context, finder, encounters[first : first + BATCH], at, unit)


def _batch(
    context: Context, finder: Finder, encounters: Sequence[Resource], at: datetime, unit: str
) -> Iterator[Case]:
    agreements = agreements_of(context.server.settings)
    whose = sorted({reference for each in encounters if (reference := patient_of(each))})
    patients = finder.read_many(whose)
    stays = [(each, timeline(each).by(at)) for each in encounters]
    # What a unit sees of a stay that nobody assessed follows from the stay alone.
    around = _around(finder, [each for each, stay in stays if not unit or stay.in_process])
    for encounter, stay in stays:
        patient = patients.get(patient_of(encounter))
        happened = events(encounter, stay, around.get(patient_of(encounter), ()), at)
        if unit and target(child(encounter, "serviceProvider")).literal != unit:
            own = tuple(each for each in happened.planning if each.owner == unit)
            happened = replace(happened, planning=own)
        agreement = agreements.of(municipality_of(patient) if patient else "")
        found = steps(stay, happened, at, move=agreement.move)
        yield Case(encounter, patient, stay, happened, found, agreement)


def _around(finder: Finder, encounters: Sequence[Resource]) -> dict[str, list[Resource]]:
    """Give what was done about the patients, by patient."""
    patients = ",".join(sorted({whose for each in encounters if (whose := patient_of(each))}))
    found: dict[str, list[Resource]] = {}
    if not patients:
        return found
    stays = ",".join(f"Encounter/{each['id']}" for each in encounters)
    searches: list[tuple[str, dict[str, str]]] = [
        ("Task", {"patient": patients, "code": _TASKS}),
        ("Communication", {"encounter": stays, "category": _CHANGED}),
        ("CareTeam", {"patient": patients, "category": codes.NAMED_CONTACTS}),
        ("Appointment", {"patient": patients, "service_type": _MEETING}),
    ]
    if any(extension(each, codes.COMPULSORY_CARE) for each in encounters):
        searches.append(("CarePlan", {"patient": patients, "category": _COMPULSORY}))
    for resource_type, parameters in searches:
        for resource in finder.search(resource_type, **parameters):
            for patient in _patients(resource):
                found.setdefault(patient, []).append(resource)
    return found


def _patients(resource: Resource) -> Iterator[str]:
    for name in ("subject", "for"):
        if literal := target(child(resource, name)).literal:
            yield literal
    for _, participant in items(resource, "participant"):
        literal = target(child(participant, "actor")).literal
        if literal.startswith("Patient/"):
            yield literal


def patient_of(encounter: Resource) -> str:
    """Give whose stay it is, as ``Patient/[id]``; empty for none."""
    return target(child(encounter, "subject")).literal


def municipality_of(patient: Resource) -> str:
    """Give the kommunkod of the patient's home; empty where no address says it."""
    for _, address in items(patient, "address"):
        code = text(child(extension(address, codes.MUNICIPALITY), "valueCoding"), "code")
        if code and address.get("use") not in ("old", "temp", "work", "billing"):
            return code
    return ""
