"""All that an actor is: itself, where it works, and what that is part of."""

from __future__ import annotations

from collections.abc import Iterator

from fhir_server.sweden.elements import Json, child, items, target
from fhir_server.sweden.references import Read, alone, follow, organization_chain

# Who may read, or take part in, a plan.
KINDS = ("Organization/", "PractitionerRole/", "Practitioner/", "RelatedPerson/", "Patient/")


def meanings(actor: str, read: Read) -> list[str]:
    """Give all that an actor is: itself, its organization and those above, with identifiers.

    What is said of the municipality is said of its units; what is said of a unit is not said of the
    municipality.

    Args:
        actor: ``Type/id``.
        read: gives the current resource at a relative reference.
    """
    held = read(actor)
    if held is None:
        return [actor]
    found = [actor, *_identifiers(held)]
    start = alone(held) if actor.startswith("Organization/") else None
    if actor.startswith("PractitionerRole/"):
        found.append(target(child(held, "practitioner")).literal)
        start = follow(alone(held), child(held, "organization"), read)
    for organization in organization_chain(start, read):
        found += [f"Organization/{organization.get('id')}", *_identifiers(organization)]
    return [each for each in dict.fromkeys(found) if each]


def _identifiers(resource: Json) -> Iterator[str]:
    for _, identifier in items(resource, "identifier"):
        if key := target({"identifier": identifier}).logical:
            yield key
