"""Follows references between resources, including contained ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from fhir_server.fhir.reference import local
from fhir_server.sweden import codes
from fhir_server.sweden.elements import Json, child, extension, items, literal_of, text

Read = Callable[[str], Json | None]
"""Gives the current resource at ``Type/id``, or None where there is none."""

# Deeper chains of Organization.partOf than any in Sweden; also ends a ring.
_MAX_PARENTS = 10


@dataclass(frozen=True, slots=True)
class Held:
    """A resource, and the one whose ``contained`` its ``#`` references mean.

    Args:
        resource: the resource itself.
        root: the resource it is contained in; itself where it stands alone.
    """

    resource: Json
    root: Json


def alone(resource: Json) -> Held:
    """Hold a resource that is not contained in another."""
    return Held(resource, resource)


def follow(held: Held, reference: Json, read: Read) -> Held | None:
    """Give the resource that a Reference element points at.

    Returns:
        None where the reference is logical, external, of an unknown form, or dangling.
    """
    literal = literal_of(reference)
    if literal.startswith("#"):
        return _contained(held.root, literal[1:])
    found = read(literal) if local(literal) is not None else None
    return alone(found) if found is not None else None


def organization_chain(start: Held | None, read: Read) -> Iterator[Json]:
    """Give an organization and those it is part of, from unit to caregiver."""
    for _ in range(_MAX_PARENTS):
        if start is None:
            return
        yield start.resource
        start = follow(start, child(start.resource, "partOf"), read)


def huvudman(start: Held | None, read: Read) -> str:
    """Give the huvudman (region, kommun, annan) of an organization or the nearest above it (R76).

    Returns:
        Empty where neither the organization nor any above it says.
    """
    for organization in organization_chain(start, read):
        if code := text(extension(organization, codes.HUVUDMAN), "valueCode"):
            return code
    return ""


def _contained(root: Json, identity: str) -> Held | None:
    for _, resource in items(root, "contained"):
        if resource.get("id") == identity:
            return Held(resource, root)
    return None
