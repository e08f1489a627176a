"""Gathers what a patientkontrakt holds together, as far as its reader may see it.

It is the person's own document: what is not for patients is not in it, whoever reads (R113, R114,
R118). Other readers see, of that, what the person's consent lets them (R78, R94, R100).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from fhir_server.fhir.outcome import FhirError, invalid
from fhir_server.interactions.finder import Finder
from fhir_server.operations.contacts.contact_views import Contacts
from fhir_server.operations.contacts.contact_views import gather as gather_contacts
from fhir_server.operations.moments import now_of
from fhir_server.operations.operation import Call
from fhir_server.operations.patientkontrakt.reader import Reader, reader_of
from fhir_server.sweden import audience, codes, patientkontrakt, periods
from fhir_server.sweden.elements import Json, child, items, target
from fhir_server.sweden.patientkontrakt import reference_of

Resource = dict[str, Any]
Found = dict[str, Resource]

# Who and where; what else a plan refers to is not part of its patientkontrakt.
_AROUND = (
    "PractitionerRole",
    "Practitioner",
    "Organization",
    "CareTeam",
    "RelatedPerson",
    "Location",
)
# From a plan to a role, to its person and unit.
_STEPS = 2


@dataclass(frozen=True, slots=True)
class Kontrakt:
    """What a reader may see of a person's patientkontrakt.

    Args:
        patient: the Patient, whole, for who shows the answer to say whose it is.
        reader: who reads.
        moment: what is now.
        umbrella: the CarePlan that is the patientkontrakt in force; None for none, or none seen.
        plans: the others, in the order to show them.
        goals: those of the plans, by ``Type/id``.
        appointments: agreed and proposed times.
        contacts: the named contacts.
        around: people, units, teams, places, by ``Type/id``.
    """

    patient: Resource
    reader: Reader
    moment: datetime
    umbrella: Resource | None
    plans: tuple[Resource, ...]
    goals: Found
    appointments: tuple[Resource, ...]
    contacts: Contacts
    around: Found


def gather(call: Call) -> Kontrakt:
    """Gather what a call of $patientkontrakt asks for.

    Raises:
        FhirError: 404 for no such patient or reader, 400 for a moment that is none, 403 where the
            reader may see nothing.
    """
    finder = Finder(call.context.server, call.context.store)
    moment = _moment(call)
    contacts = _contacts(call, moment)
    reference = reference_of(contacts.patient)
    reader = reader_of(call, finder, reference, moment)
    plans = _for_patients(reader.plans(_for_patients(finder.search("CarePlan", patient=reference))))
    holder = patientkontrakt.umbrella(plans, moment)
    finders = [finder, *(Finder(e.context.server, e.context.store) for e in reader.handed_out)]
    named = _for_patients(_read(finders, _named(plans, "goal")).values())
    goals = reader.goals(named, plans)
    times = reader.appointments(_appointments(finders, reference, plans), plans)
    shown = [*plans, *goals, *times]
    if not reader.sees_contacts and contacts.teams:
        reader.less = True
        contacts = replace(contacts, teams=(), around=(), views=())
    if not (plans or times or contacts.teams or reader.is_patient):
        raise FhirError(*reader.why, status=403)
    # The reader's own name stands on the page, so that nobody takes it for the person's.
    who = [] if reader.is_patient else [{"reference": reader.reference}]
    around = reader.people(_around(finder, [*shown, *who]))
    protected = audience.protected_among(around.values())

    def cut(resource: Json) -> Resource:
        return audience.for_audience(resource, audience.PATIENT, protected)

    beside = [cut(each) for each in patientkontrakt.in_order(plans, holder)]
    return Kontrakt(
        contacts.patient,
        reader,
        moment,
        cut(holder) if holder else None,
        tuple(beside),
        {reference_of(goal): cut(goal) for goal in goals},
        tuple(cut(each) for each in times),
        contacts,
        {name: cut(each) for name, each in around.items()},
    )


def _moment(call: Call) -> datetime:
    given = call.arguments.get("at")
    if given is None:
        return now_of(call.context)
    found = periods.bounds(given)
    if found is None:
        raise invalid("at must be a day or a moment, such as 2026-03-12.", "at", "value")
    return found[0].astimezone(call.context.server.settings.zone)


def _contacts(call: Call, moment: datetime) -> Contacts:
    asked: dict[str, Any] = {"audience": audience.PATIENT}
    if "at" in call.arguments:
        asked["at"] = moment.isoformat(timespec="milliseconds")
    return gather_contacts(replace(call, arguments=asked))


def _for_patients(resources: Iterable[Resource]) -> list[Resource]:
    return [
        each
        for each in resources
        if audience.may_see(each, audience.PATIENT) and each.get("status") != "entered-in-error"
    ]


def _named(plans: Iterable[Json], name: str) -> list[str]:
    """Give the local references of an element of plans, each once."""
    aims = (target(each) for plan in plans for _, each in items(plan, name))
    return list(dict.fromkeys(aim.literal for aim in aims if aim.local))


def _read(finders: Sequence[Finder], references: list[str]) -> Found:
    found: Found = {}
    for finder in finders:
        found |= finder.read_many([each for each in references if each not in found])
    return found


def _appointments(finders: Sequence[Finder], patient: str, plans: Iterable[Json]) -> list[Resource]:
    """Give the person's times, and those that a plan names without the person being called."""
    found = {reference_of(each): each for each in finders[0].search("Appointment", patient=patient)}
    named = [ref for plan in plans for ref in _meetings(plan) if ref not in found]
    found |= _read(finders, list(dict.fromkeys(named)))
    return _for_patients(found.values())


def _meetings(plan: Json) -> Iterator[str]:
    references = [
        child(each, "valueReference")
        for _, each in items(plan, "extension")
        if each.get("url") == codes.SIP_MEETING_LINK
    ]
    references += [child(activity, "reference") for _, activity in items(plan, "activity")]
    for reference in references:
        aim = target(reference)
        if aim.resource_type == "Appointment":
            yield aim.literal


def _around(finder: Finder, start: Iterable[Json]) -> Found:
    """Give people, units, teams and places that resources name, one round trip for each step."""
    found: Found = {}
    wanted = {ref for each in start for ref in _references(each)}
    for _ in range(_STEPS):
        read = finder.read_many([ref for ref in sorted(wanted) if ref not in found])
        found |= {ref: r for ref, r in read.items() if audience.may_see(r, audience.PATIENT)}
        wanted = {ref for each in read.values() for ref in _leads(each)}
    return found


def _references(element: object) -> Iterator[str]:
    match element:
        case Mapping():
            aim = target(element)
            if aim.local and aim.resource_type in _AROUND:
                yield aim.literal
            for value in element.values():
                yield from _references(value)
        case list():
            for value in element:
                yield from _references(value)


_LEADS: Mapping[str, Callable[[Json], list[Json]]] = {
    "PractitionerRole": lambda role: [child(role, "practitioner"), child(role, "organization")],
    "CareTeam": lambda team: [unit for _, unit in items(team, "managingOrganization")],
}


def _leads(resource: Json) -> Iterator[str]:
    """Give the references to follow: a team's members are not, who answers for it is."""
    follow = _LEADS.get(str(resource.get("resourceType")))
    for reference in follow(resource) if follow else ():
        if target(reference).local:
            yield target(reference).literal
