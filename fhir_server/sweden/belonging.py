"""Which unit, and which huvudman, somebody acts for.

Source: R75, R82, R84; HSL (2017:30) 16 kap. 4 §, socialtjänstlagen (2025:400) 10 kap. 8 §.
"""

from __future__ import annotations

from fhir_server.sweden import codes
from fhir_server.sweden.elements import Json, child, target, text
from fhir_server.sweden.references import Held, Read, alone, follow, huvudman, organization_chain

HUVUDMEN = (codes.REGION, codes.KOMMUN)


def units_of(reference: Json, read: Read) -> list[str]:
    """Give the organizations that somebody belongs to, from unit to caregiver.

    Args:
        reference: to an Organization, or to a PractitionerRole at one.
        read: gives the current resource at a relative reference.

    Returns:
        ``Organization/[id]``; none for a person without a unit, such as a relative.
    """
    chain = organization_chain(_unit(reference, read), read)
    return [f"Organization/{text(each, 'id')}" for each in chain]


def huvudman_of(reference: Json, read: Read) -> str:
    """Give the huvudman that somebody acts for: region, kommun, annan; empty for none (R75)."""
    return huvudman(_unit(reference, read), read)


def acts_for(actor: Json, owner: Json, read: Read) -> bool:
    """Tell whether somebody may speak for the owner of a task.

    That is the owner, whoever works at the unit that the owner is or belongs to, and a unit above.
    """
    if target(actor).same_elsewhere(target(owner)):
        return True
    theirs, mine = units_of(owner, read), units_of(actor, read)
    if not theirs or not mine:
        return False
    if target(actor).resource_type == "Organization":
        return mine[0] in theirs
    return theirs[0] in mine or mine[0] in theirs


def _unit(reference: Json, read: Read) -> Held | None:
    aim = target(reference)
    if aim.resource_type not in ("PractitionerRole", "Organization"):
        return None
    held = follow(alone({}), reference, read)
    if held is None or aim.resource_type == "Organization":
        return held
    return follow(held, child(held.resource, "organization"), read)
