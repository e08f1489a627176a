"""Gathers a patient's named contacts, and all that says who they are and how to reach them.

A fixed number of round trips, whatever the number of contacts: the patient, the CareTeams with the
hälsoärenden, the Provenances, and one for each step from a contact to the vårdgivare above it.
Everything is looked up by this patient, or by a reference from what was found so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fhir_server.fhir.outcome import Issue
from fhir_server.interactions.finder import Finder
from fhir_server.operations.contacts.contact_inquiry import (
    Inquiry,
    Token,
    any_of,
    inquiry,
    patient_of,
)
from fhir_server.operations.operation import Call
from fhir_server.search import tokens
from fhir_server.storage.mongo_about import About
from fhir_server.sweden import accountability, audience, availability, codes, contact_reading
from fhir_server.sweden.assignments import kind_of
from fhir_server.sweden.contact_view import ContactView
from fhir_server.sweden.elements import Json, child, extension, items
from fhir_server.sweden.elements import target as target_of

Resource = dict[str, Any]
Found = dict[str, Resource]

# From a deputy's role over unit, part and vårdgivare to the huvudman; longer than any chain here.
_STEPS = 8
# More contacts than anybody has.
_AT_ONCE = 200
_NAMED_CONTACTS = (
    "CareTeam.category" + tokens.CODED + tokens.coded(*codes.NAMED_CONTACTS.split("|"))
)


@dataclass(frozen=True, slots=True)
class Contacts:
    """What is known of a patient's contacts, as far as the audience may see it.

    Args:
        patient: the Patient; whole, for who shows the answer to say whose it is.
        inquiry: what was asked.
        teams: the CareTeams, by type and start.
        around: what they lead to, nearest first.
        views: the contacts as a reader needs them, in the order of ``teams``.
        issues: what a reader should know of the answer.
    """

    patient: Resource
    inquiry: Inquiry
    teams: tuple[Resource, ...]
    around: tuple[Resource, ...]
    views: tuple[ContactView, ...]
    issues: tuple[Issue, ...] = ()


def gather(call: Call) -> Contacts:
    """Gather what a call of $named-contacts asks for.

    Raises:
        FhirError: 404 for no such patient, 412 for several with the identifier, 400 for
            parameters that contradict each other.
    """
    asked = inquiry(call)
    finder = Finder(call.context.server, call.context.store)
    patient = patient_of(call, finder)
    reference = f"Patient/{patient['id']}"
    assignments, processes = _of_patient(finder, reference)
    teams = [team for team in assignments if _is_asked_for(team, asked)]
    provenances = _provenances(finder, teams)
    found = _around(finder, [*teams, *provenances.values()])
    found |= {_reference(each): each for each in processes}
    teams = [t for t in teams if _is_of(t, provenances.get(_reference(t)), found, asked)]
    return _seen(patient, asked, teams, provenances, found)


def _of_patient(finder: Finder, patient: str) -> tuple[list[Resource], list[Resource]]:
    """Give a patient's named contacts, in order, and hälsoärenden."""
    wanted = [About("CareTeam", tokens=[_NAMED_CONTACTS]), About("EpisodeOfCare")]
    of_patient = [f"{each.resource_type}.patient{tokens.REFERENCE}{patient}" for each in wanted]
    found = finder.about(of_patient, wanted)
    teams = [each for each in found if each["resourceType"] == "CareTeam"]
    teams.sort(key=lambda t: (kind_of(t), t.get("period", {}).get("start", "")))
    return teams, [each for each in found if each["resourceType"] != "CareTeam"]


def _is_asked_for(team: Json, asked: Inquiry) -> bool:
    named = {kind_of(team), *contact_reading.titles_of(team)}
    wanted = asked.kinds or codes.CONTACT_TYPES
    return (
        asked.covers(team)
        and not named.isdisjoint(wanted)
        and audience.may_see(team, asked.audience)
    )


def _provenances(finder: Finder, teams: list[Resource]) -> Found:
    """Give, for each CareTeam, the Provenance that was recorded last (R112)."""
    if not teams:
        return {}
    last: Found = {}
    references = [_reference(team) for team in teams]
    for first in range(0, len(references), _AT_ONCE):
        some = references[first : first + _AT_ONCE]
        targets = [f"Provenance.target{tokens.REFERENCE}{each}" for each in some]
        for each in finder.about(targets, [About("Provenance")]):
            for _, aim in items(each, "target"):
                team = target_of(aim).literal
                if accountability.recorded(each) > accountability.recorded(last.get(team, {})):
                    last[team] = each
    return {reference: last[reference] for reference in references if reference in last}


def _around(finder: Finder, start: Iterable[Resource]) -> Found:
    """Give what resources lead to, one round trip for each step."""
    found: Found = {}
    wanted = {reference for resource in start for reference in _leads(resource)}
    for _ in range(_STEPS):
        new = [reference for reference in wanted if reference not in found]
        if not new:
            break
        read = finder.read_many(new)
        found.update(read)
        wanted = {reference for resource in read.values() for reference in _leads(resource)}
    return found


def _leads(resource: Json) -> Iterator[str]:
    """Give the references to follow from a resource, and from those contained in it."""
    for reference in _references(resource):
        aim = target_of(reference)
        if aim.local:
            yield aim.literal
    for _, inner in items(resource, "contained"):
        yield from _leads(inner)


def _references(resource: Json) -> Iterator[Json]:
    match resource.get("resourceType"):
        case "CareTeam":
            yield from _of_team(resource)
        case "PractitionerRole":
            yield child(resource, "practitioner")
            yield child(resource, "organization")
        case "Organization":
            yield child(resource, "partOf")
        case "Provenance":
            yield from accountability.accountable(resource)


def _of_team(team: Json) -> Iterator[Json]:
    yield from (reference for _, reference in items(team, "managingOrganization"))
    yield child(extension(team, codes.MEDICALLY_RESPONSIBLE), "valueReference")
    yield child(extension(team, codes.CARE_PROCESS), "valueReference")
    if not kind_of(team):
        return
    for _, participant in items(team, "participant"):
        yield child(participant, "member")
        yield child(extension(participant, codes.CONTACT_VIA_TEAM), "valueReference")
        for _, each in items(participant, "extension"):
            if each.get("url") == codes.DEPUTY:
                yield child(extension(each, "member"), "valueReference")


def _is_of(team: Resource, provenance: Resource | None, found: Found, asked: Inquiry) -> bool:
    """Tell whether a contact belongs to the vårdgivare, vårdenhet and hälsoärende asked for."""
    return (
        _is_of_unit(team, provenance, found, asked.care_unit)
        and _is_of_care_giver(team, provenance, found, asked.care_giver)
        and _is_of_process(team, found, asked.care_process)
    )


def _is_of_unit(
    team: Resource, provenance: Resource | None, found: Found, wanted: Token | None
) -> bool:
    if wanted is None:
        return True
    units: list[Json] = []
    for chain in accountability.chains(team, found.get):
        giver = contact_reading.care_giver(chain)
        units += [each for each in chain[: chain.index(giver)] if each] if giver else []
        units += chain[:1]
    references = [reference for _, reference in items(team, "managingOrganization")]
    authors = accountability.agents(provenance or {}, "author")
    return any_of(wanted, [*units, *_resolved(authors, found)], [*references, *authors])


def _is_of_care_giver(
    team: Resource, provenance: Resource | None, found: Found, wanted: Token | None
) -> bool:
    if wanted is None:
        return True
    chains = accountability.chains(team, found.get)
    givers = [giver for chain in chains if (giver := contact_reading.care_giver(chain))]
    custodians = accountability.agents(provenance or {}, "custodian")
    return any_of(wanted, [*givers, *_resolved(custodians, found)], custodians)


def _is_of_process(team: Resource, found: Found, wanted: Token | None) -> bool:
    if wanted is None:
        return True
    named = child(extension(team, codes.CARE_PROCESS), "valueReference")
    return any_of(wanted, _processes(team, found), [named])


def _processes(team: Resource, found: Mapping[str, Resource]) -> list[Resource]:
    """Give the hälsoärenden that a contact belongs to, told on either side."""
    named = target_of(child(extension(team, codes.CARE_PROCESS), "valueReference")).literal
    return [
        each
        for reference, each in found.items()
        if each["resourceType"] == "EpisodeOfCare"
        and (
            reference == named
            or any(target_of(t).literal == _reference(team) for _, t in items(each, "team"))
        )
    ]


def _resolved(references: Iterable[Json], found: Found) -> list[Resource]:
    literals = (target_of(reference).literal for reference in references)
    return [found[literal] for literal in literals if literal in found]


def _seen(
    patient: Resource,
    asked: Inquiry,
    teams: list[Resource],
    provenances: Found,
    found: Found,
) -> Contacts:
    """Give what the audience may see, and only what the contacts that are left lead to."""
    protected = audience.protected_among(found.values())
    visible = {
        reference: audience.for_audience(resource, asked.audience, protected)
        for reference, resource in found.items()
        if audience.may_see(resource, asked.audience)
    }
    shown = [audience.for_audience(team, asked.audience, protected) for team in teams]
    mine = [provenances[_reference(t)] for t in teams if _reference(t) in provenances]
    beside = [audience.for_audience(each, asked.audience, protected) for each in mine]
    views = [contact_reading.view(team, visible.get, asked.moment) for team in shown]
    if asked.exact:
        views = [availability.answering(each, asked.moment) for each in views]
    processes = [each for team in shown for each in _processes(team, visible)]
    around = [*_reached([*shown, *beside], visible), *beside, *processes]
    distinct = {_reference(each): each for each in around}
    issues = tuple(
        accountability.missing(team, provenances.get(_reference(team)), found.get) for team in teams
    )
    return Contacts(
        patient,
        asked,
        tuple(shown),
        tuple(distinct.values()),
        tuple(views),
        tuple(issue for issue in issues if issue and asked.audience != audience.PATIENT),
    )


def _reached(start: Iterable[Resource], visible: Found) -> list[Resource]:
    reached: Found = {}
    wanted = [reference for resource in start for reference in _leads(resource)]
    while wanted:
        new = {r: visible[r] for r in wanted if r in visible and r not in reached}
        reached |= new
        wanted = [reference for resource in new.values() for reference in _leads(resource)]
    return list(reached.values())


def _reference(resource: Json) -> str:
    return f"{resource['resourceType']}/{resource['id']}"
