"""SMART App Launch 2.0 scopes: what a token allows.

Source: https://hl7.org/fhir/smart-app-launch/STU2/scopes-and-launch-context.html
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scope:
    """One scope for resources: ``system/CarePlan.rs?category=sip``.

    Args:
        context: ``patient``, ``user`` or ``system``.
        resource_type: a type, or ``*``.
        interactions: of the letters ``cruds``.
        search: the parameters after ``?``; empty for none.
    """

    context: str
    resource_type: str
    interactions: str
    search: tuple[tuple[str, str], ...] = ()
