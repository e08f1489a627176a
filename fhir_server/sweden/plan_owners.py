"""Who answers for a unit of a SIP, and so whose change of it counts.

R76: the plan says which insatser each huvudman answers for. The one answers for its own, and a
change that another makes to it is a proposal. HSL 16 kap. 4 §, SoL 10 kap. 8 §. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_server.sweden import codes
from fhir_server.sweden.elements import Json, child, extension, items, text
from fhir_server.sweden.references import (
    Held,
    Read,
    alone,
    follow,
    huvudman,
    organization_chain,
)


def answers_for(activity: Json, organization: str, read: Read) -> bool:
    """Tell whether an organization answers for an activity.

    It does where the activity is performed by it or a part of the same caregiver; where nobody of
    a known organization performs it, where it is of the same huvudman. Where nothing is known of
    the one or the other, nobody is kept out.

    Args:
        activity: one of ``CarePlan.activity``.
        organization: ``Organization/[id]``; empty where it is not known.
        read: gives the current resource at ``Type/id``.
    """
    performers = (each for _, each in items(child(activity, "detail"), "performer"))
    tops = {top for each in performers if (top := _top_of(each, activity, read))}
    said = text(extension(activity, codes.HUVUDMAN), "valueCode")
    return _answers(tops, said, organization, read)


def leads(plan: Json, organization: str, read: Read) -> bool:
    """Tell whether an organization has the overall responsibility for a plan, or is part of it."""
    responsible = extension(plan, codes.OVERALL_RESPONSIBLE)
    named = child(extension(responsible, "organization"), "valueReference")
    top = _top_of(named, plan, read)
    said = text(extension(responsible, "huvudman"), "valueCode")
    return _answers({top} - {""}, said, organization, read)


def _answers(tops: set[str], said: str, organization: str, read: Read) -> bool:
    start = follow(alone({}), {"reference": organization}, read) if organization else None
    if start is None:
        return True
    if tops:
        return _top(start, read) in tops
    own = huvudman(start, read)
    return not said or not own or said == own


def _top_of(reference: Json, holder: Json, read: Read) -> str:
    found = follow(alone(holder), reference, read)
    return next((top for each in _organizations(found, read) if (top := _top(each, read))), "")


def _organizations(found: Held | None, read: Read) -> Iterator[Held]:
    if found is None:
        return
    kind = found.resource.get("resourceType")
    if kind == "Organization":
        yield found
    elif kind == "PractitionerRole":
        unit = follow(found, child(found.resource, "organization"), read)
        yield from _organizations(unit, read)


def _top(start: Held, read: Read) -> str:
    return text(list(organization_chain(start, read))[-1], "id")
