"""SMART App Launch 2.0 scopes: what a token allows.

Source: https://hl7.org/fhir/smart-app-launch/STU2/scopes-and-launch-context.html
"""

from __future__ import annotations

from collections.abc import Iterable
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


def allows(scopes: Iterable[Scope], resource_type: str, letter: str) -> bool:
    """Tell whether any scope allows an interaction with a type; letters of ``cruds``."""
    return any(covers(scope, resource_type, letter) for scope in scopes)


def covers(scope: Scope, resource_type: str, letters: str) -> bool:
    """Tell whether a scope allows any of some interactions with a type."""
    return scope.resource_type in ("*", resource_type) and any(
        letter in scope.interactions for letter in letters
    )
