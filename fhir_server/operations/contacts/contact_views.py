"""Gathers a patient's named contacts, and all that says who they are and how to reach them.

A fixed number of round trips, whatever the number of contacts: the patient and the CareTeams with
the hälsoärenden; the Provenances with what the contacts lead to; and one for each step from a
contact to the vårdgivare above it that was not foreseen.
Everything is looked up by this patient, or by a reference from what was found so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
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
from fhir_server.operations.contacts.contact_surroundings import (
    Known,
    around,
    cut,
    reached,
    read,
    read_along,
)
from fhir_server.operations.operation import Call
from fhir_server.search import tokens
from fhir_server.security.guarded_store import GuardedStore
from fhir_server.storage.mongo_about import About, Referring, Wanted
from fhir_server.sweden import accountability, audience, availability, codes, contact_reading
from fhir_server.sweden.assignments import kind_of
from fhir_server.sweden.contact_view import ContactView
from fhir_server.sweden.elements import Json, child, extension, items
from fhir_server.sweden.elements import target as target_of

Resource = dict[str, Any]
Found = Mapping[str, Resource]

# More contacts than anybody has.
_AT_ONCE = 200
_NAMED_CONTACTS = (
    "CareTeam.category" + tokens.CODED + tokens.coded(*codes.NAMED_CONTACTS.split("|"))
)
_ASSIGNMENTS = Referring(
    ("CareTeam.patient", "EpisodeOfCare.patient"),
    Wanted((About("CareTeam", tokens=[_NAMED_CONTACTS]), About("EpisodeOfCare"))),
)
_PROVENANCES = Wanted((About("Provenance"),))


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
        stored: by ``Type/id``, the JSON of what is given as it is stored; empty for what is not.
    """

    patient: Resource
    inquiry: Inquiry
    teams: tuple[Resource, ...]
    around: tuple[Resource, ...]
    views: tuple[ContactView, ...]
    issues: tuple[Issue, ...] = ()
    stored: Mapping[str, bytes] = field(default_factory=dict)


def gather(call: Call) -> Contacts:
    """Gather what a call of $named-contacts asks for.

    Raises:
        FhirError: 404 for no such patient, 412 for several with the identifier, 400 for
            parameters that contradict each other.
    """
    asked = inquiry(call)
    store = call.context.store
    try:
        if call.id is not None:
            of_patient = _ASSIGNMENTS.tokens(f"Patient/{call.id}")
            store.read_along([f"Patient/{call.id}"], of_patient, _ASSIGNMENTS.wanted)
        patient = patient_of(call, Finder(call.context.server, store), _ASSIGNMENTS)
        assignments, processes = _read_of_patient(store, f"Patient/{patient['id']}")
        teams = [team for team in assignments if _is_asked_for(team.resource, asked)]
        provenances, found = _beside(store, teams)
    finally:
        store.forget_along()
    found |= {_reference(each.resource): each for each in processes}
    reading = {reference: known.resource for reference, known in found.items()}
    teams = [t for t in teams if _is_of(t.resource, _said(t, provenances), reading, asked)]
    return _seen(patient, asked, teams, provenances, found)


def _read_of_patient(store: GuardedStore, patient: str) -> tuple[list[Known], list[Known]]:
    """Give a patient's named contacts, in order, and hälsoärenden."""
    found = _about(store, _ASSIGNMENTS.tokens(patient), _ASSIGNMENTS.wanted)
    teams = [each for each in found if each.resource["resourceType"] == "CareTeam"]
    teams.sort(key=lambda t: (kind_of(t.resource), t.resource.get("period", {}).get("start", "")))
    return teams, [each for each in found if each.resource["resourceType"] != "CareTeam"]


def _about(store: GuardedStore, about: Sequence[str], wanted: Sequence[About]) -> list[Known]:
    """Give what has one of some index tokens, in the order of types and ids."""
    found = sorted(store.about(about, wanted), key=lambda each: each.reference)
    return [read(each.body) for each in found if each.body is not None]


def _beside(store: GuardedStore, teams: list[Known]) -> tuple[dict[str, Known], dict[str, Known]]:
    """Give the last Provenances of some CareTeams, and what both lead to; both by ``Type/id``."""
    if not teams:
        return {}, {}
    references = [_reference(team.resource) for team in teams]
    some = [references[n : n + _AT_ONCE] for n in range(0, len(references), _AT_ONCE)]
    questions = [[f"{tokens.TELLS_OF}{r}" for r in each] for each in some]
    read_along(store, teams, questions[0], _PROVENANCES)
    last: dict[str, Known] = {}
    for question in questions:
        for each in _about(store, question, _PROVENANCES):
            _keep_last(last, each)
    provenances = {reference: last[reference] for reference in references if reference in last}
    return provenances, around(store, [*teams, *provenances.values()])


def _keep_last(last: dict[str, Known], provenance: Known) -> None:
    """Keep, for each target, the Provenance that was recorded last (R112)."""
    recorded = accountability.recorded(provenance.resource)
    for _, aim in items(provenance.resource, "target"):
        team = target_of(aim).literal
        known = last.get(team)
        if recorded > accountability.recorded(known.resource if known else {}):
            last[team] = provenance


def _said(team: Known, provenances: Mapping[str, Known]) -> Resource | None:
    """Give what the last Provenance says of a CareTeam; None for none."""
    found = provenances.get(_reference(team.resource))
    return found.resource if found else None


def _is_asked_for(team: Json, asked: Inquiry) -> bool:
    named = {kind_of(team), *contact_reading.titles_of(team)}
    wanted = asked.kinds or codes.CONTACT_TYPES
    return (
        asked.covers(team)
        and not named.isdisjoint(wanted)
        and audience.may_see(team, asked.audience)
    )


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
    teams: list[Known],
    provenances: Mapping[str, Known],
    found: Mapping[str, Known],
) -> Contacts:
    """Give what the audience may see, and only what the contacts that are left lead to."""
    reading = {reference: known.resource for reference, known in found.items()}
    protected = audience.protected_among(reading.values())

    def seen(known: Known) -> Known:
        if audience.sees_all(known.resource, known.body, asked.audience, protected):
            return known
        return cut(audience.for_audience(known.resource, asked.audience, protected))

    visible = {
        reference: seen(known)
        for reference, known in found.items()
        if audience.may_see(known.resource, asked.audience)
    }
    shown = [seen(team) for team in teams]
    mine = (provenances.get(_reference(team.resource)) for team in teams)
    beside = [seen(each) for each in mine if each is not None]
    readable = {reference: known.resource for reference, known in visible.items()}
    views = [contact_reading.view(t.resource, readable.get, asked.moment) for t in shown]
    if asked.exact:
        views = [availability.answering(each, asked.moment) for each in views]
    processes = [
        visible[_reference(each)] for t in shown for each in _processes(t.resource, readable)
    ]
    led = [*reached([*shown, *beside], visible), *beside, *processes]
    distinct = {_reference(each.resource): each for each in led}
    issues = tuple(
        accountability.missing(team.resource, _said(team, provenances), reading.get)
        for team in teams
    )
    return Contacts(
        patient,
        asked,
        tuple(team.resource for team in shown),
        tuple(each.resource for each in distinct.values()),
        tuple(views),
        tuple(issue for issue in issues if issue and asked.audience != audience.PATIENT),
        {_reference(each.resource): each.body for each in (*shown, *distinct.values())},
    )


def _reference(resource: Json) -> str:
    return f"{resource['resourceType']}/{resource['id']}"
