"""The active assignments of a person or a unit, found by index, and what they refer to."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from fhir_server.fhir.outcome import FhirError, Issue, not_found
from fhir_server.fhir.reference import local
from fhir_server.interactions.finder import Finder
from fhir_server.sweden import codes
from fhir_server.sweden.assignments import kind_of
from fhir_server.sweden.references import Read

Resource = dict[str, Any]

# What one answer, or one transaction, is about at most.
MOST = 2000
# What is read about an assignment leads through these types and no others.
_FOLLOWED = frozenset({"PractitionerRole", "Practitioner", "Organization", "CareTeam"})
# The role and the unit; the person and the vårdgivare; what that is part of.
_ROUNDS = 3
_BY = {"PractitionerRole": "participant", "Organization": "managing_organization"}


def assignments_of(
    finder: Finder, resource_type: str, id_: str, kinds: Collection[str] = ()
) -> list[Resource]:
    """Give the active CareTeams of category ``fast-kontakt`` of one contact or one unit.

    Args:
        finder: reads the store.
        resource_type: PractitionerRole or Organization.
        id_: of the contact or the unit.
        kinds: types of contact; all for none.

    Raises:
        FhirError: 404 for no such person or unit, 403 for more assignments than one answer holds.
    """
    reference = f"{resource_type}/{id_}"
    if finder.read(reference) is None:
        raise not_found(reference)
    found: list[Resource] = []
    for team in finder.search(
        "CareTeam",
        **{_BY[resource_type]: reference},
        category=codes.NAMED_CONTACTS,
        status="active",
    ):
        if not kinds or kind_of(team) in kinds:
            found.append(team)
        if len(found) > MOST:
            text = (
                f"There are more than {MOST} assignments. Ask for one type of contact, or for one "
                "PractitionerRole at a time."
            )
            raise FhirError(Issue("error", "too-costly", text))
    return found


def contact_of(care_team: Resource) -> Resource | None:
    """Give the Reference to the contact."""
    participants = care_team.get("participant", [])
    member: Resource | None = participants[0].get("member") if participants else None
    return member


def reader_around(finder: Finder, resources: Collection[Resource]) -> Read:
    """Give a reader that has read ahead what assignments lead to, in few round trips."""
    found: dict[str, Resource | None] = {}
    wanted = {reference for each in resources for reference in _references(each)}
    for _ in range(_ROUNDS):
        new = sorted(wanted - found.keys())
        if not new:
            break
        read = finder.read_many(new)
        found |= {reference: read.get(reference) for reference in new}
        wanted = {reference for each in read.values() for reference in _references(each)}

    def reader(reference: str) -> Resource | None:
        if reference not in found:
            found[reference] = finder.read(reference)
        return found[reference]

    return reader


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for each in value:
            yield from _references(each)
    elif isinstance(value, dict):
        text = value.get("reference")
        target = local(text) if isinstance(text, str) else None
        if target is not None and target.resource_type in _FOLLOWED:
            yield str(target)
        for each in value.values():
            if isinstance(each, dict | list):
                yield from _references(each)
