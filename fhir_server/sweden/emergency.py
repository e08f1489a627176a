"""Emergency access (nödöppning): for a limited time, for who opened it, at the unit they act for.

Where there is danger to life or else a serious risk to health, and the person can't be asked, who
cares for them may see what others documented, and set a spärr aside (lagen 2022:913 3 kap.; PDL
4 kap. 5 §; R111). It is kept as a Flag of category ``nodoppning``: seen by who cares for the
person and by the person, searched for by who follows it up, over when its period is.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from fhir_server.sweden import codes, periods
from fhir_server.sweden.elements import Json, child, extension, says, target, text
from fhir_server.sweden.periods import STOCKHOLM

# v3-PurposeOfUse: care of the person themselves.
PURPOSES = ("TREAT", "ETREAT", "BTG")
# Types of which some are signed by who writes them; see `signer`.
SIGNED = frozenset({"Flag"})


def signer(resource: Json) -> str | None:
    """Give the HSA-id of the only member of staff who may write a resource; None for no such.

    An emergency access is one's own: nobody opens a record for somebody else.
    """
    if not is_opening(resource) or resource.get("status") != "active":
        return None
    return opened_by(resource)


def is_opening(resource: Json) -> bool:
    """Tell whether a resource is the Flag of an emergency access."""
    return resource.get("resourceType") == "Flag" and says(
        resource, "category", codes.NODOPPNING, codes.FLAG_CATEGORY_SYSTEM
    )


def opened_by(flag: Json) -> str:
    """Give the HSA-id of who opened it; empty where it says none."""
    aim = target(child(extension(flag, codes.OPENED_BY), "valueReference"))
    system, _, value = aim.logical.partition("|")
    return value if system == codes.HSA_ID else ""


def opens(
    resource: Json, person: str, at: Collection[str], now: datetime, most_minutes: int
) -> bool:
    """Tell whether an emergency access is one's own, and in force (R111).

    Args:
        resource: a Flag.
        person: HSA-id of the member of staff who looks.
        at: ``Organization/[id]`` of their units, and of what those are part of.
        now: an aware datetime.
        most_minutes: how long it lasts at most, whatever its period says.
    """
    if not person or not is_opening(resource) or resource.get("status") != "active":
        return False
    if opened_by(resource) != person or target(child(resource, "author")).literal not in at:
        return False
    period = periods.read(resource)
    if period.start is None or period.end is None or not text(child(resource, "code"), "text"):
        return False
    return period.covers(now) and now < period.start + timedelta(minutes=most_minutes)


def opening(
    patient: str, unit: str, person: str, reason: Json, now: datetime, minutes: int
) -> dict[str, Any]:
    """Give the Flag that opens a person's record.

    Args:
        patient: ``Patient/[id]``.
        unit: ``Organization/[id]`` of the unit that the member of staff acts for.
        person: their HSA-id.
        reason: the CodeableConcept that says why, with its text.
        now: an aware datetime.
        minutes: how long.
    """
    start, end = (
        each.astimezone(STOCKHOLM).isoformat(timespec="milliseconds")
        for each in (now, now + timedelta(minutes=minutes))
    )
    who = {"type": "Practitioner", "identifier": {"system": codes.HSA_ID, "value": person}}
    return {
        "resourceType": "Flag",
        "meta": {"profile": [codes.structure("emergency-access-flag")]},
        "extension": [{"url": codes.OPENED_BY, "valueReference": who}],
        "status": "active",
        "category": [
            {"coding": [{"system": codes.FLAG_CATEGORY_SYSTEM, "code": codes.NODOPPNING}]}
        ],
        "code": dict(reason),
        "subject": {"reference": patient},
        "period": {"start": start, "end": end},
        "author": {"reference": unit},
    }
