"""The reminders of kallelser that were sent (R91)."""

from __future__ import annotations

from typing import Any

from fhir_server.interactions.finder import Finder
from fhir_server.sweden import codes
from fhir_server.sweden.elements import items, target, text

Resource = dict[str, Any]

REMINDERS = f"{codes.COMMUNICATION_CATEGORY_SYSTEM}|{codes.PAMINNELSE}"


def reminders_of(finder: Finder, patient: str) -> dict[str, list[str]]:
    """Give when each kallelse was reminded of, by ``Task/[id]``, in their order.

    Args:
        finder: reads the store.
        patient: ``Patient/[id]`` whose meetings they are about.
    """
    found: dict[str, list[str]] = {}
    for each in finder.search("Communication", patient=patient, category=REMINDERS):
        if text(each, "status") == "completed":
            for _, reference in items(each, "basedOn"):
                found.setdefault(target(reference).literal, []).append(text(each, "sent"))
    return {task: sorted(times) for task, times in found.items()}
