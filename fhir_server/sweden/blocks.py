"""Who may set a spärr (PDL 4 kap. 4 §; R111).

The patient may, and a child when it is mature enough; a guardian may not block the child's record.
What a spärr hides stands in `access_law`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from fhir_server.fhir.outcome import Issue
from fhir_server.sweden import codes, guardians
from fhir_server.sweden.elements import Json, items, says, target
from fhir_server.sweden.references import Read
from fhir_server.sweden.rulings import refusal


def is_block(resource: Json) -> bool:
    """Tell whether a resource is a spärr: a Consent of category ``sparr``."""
    return resource.get("resourceType") == "Consent" and says(
        resource, "category", codes.SPARR, codes.CONSENT_CATEGORY_SYSTEM
    )


def check(block: Json, patient: Json, read: Read, now: datetime) -> Iterator[Issue]:
    """Refuse a child's spärr in force that a guardian set (PDL 4 kap. 4 §; R111, R123).

    Args:
        block: a Consent of category ``sparr``.
        patient: whose record; empty where it is not here.
        read: gives the current resource at a relative reference.
        now: an aware datetime.
    """
    if block.get("status") != "active" or not guardians.is_child(patient, now):
        return
    for index, performer in items(block, "performer"):
        aim = target(performer)
        relative = read(aim.literal) if aim.resource_type == "RelatedPerson" else None
        if relative is not None and guardians.is_guardian(relative):
            yield refusal(
                "A guardian can't block a child's record. The child can, as far as it is mature "
                "enough to decide: name the Patient as performer.",
                f"Consent.performer[{index}]",
                codes.PDL_4_4,
            )
