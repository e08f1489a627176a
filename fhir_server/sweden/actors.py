"""All that an actor is: itself, where it works, and what that is part of."""

from __future__ import annotations

from collections.abc import Iterator

from fhir_server.sweden.elements import Json, child, items, target
from fhir_server.sweden.references import Held, Read, alone, follow, organization_chain

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
    return [actor] if held is None else meant_by(alone(held), actor, read)


def meant_by(held: Held, actor: str, read: Read) -> list[str]:
    """Give all that an actor is who was found already, inside another resource perhaps.

    Args:
        held: the actor's resource.
        actor: ``Type/id``; empty for one inside another resource.
        read: gives the current resource at a relative reference.
    """
    resource = held.resource
    found = [actor, *_identifiers(resource)]
    start = held if resource.get("resourceType") == "Organization" else None
    if resource.get("resourceType") == "PractitionerRole":
        found.append(target(child(resource, "practitioner")).literal)
        start = follow(held, child(resource, "organization"), read)
    for organization in organization_chain(start, read):
        # What is inside another resource has an id that means something there alone.
        if organization is not held.resource or actor:
            found.append(f"Organization/{organization.get('id')}")
        found += _identifiers(organization)
    return [each for each in dict.fromkeys(found) if each]


def _identifiers(resource: Json) -> Iterator[str]:
    for _, identifier in items(resource, "identifier"):
        if key := target({"identifier": identifier}).logical:
            yield key
