"""Where a value stands while it is checked: the resource around it, and what it may lead to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Resource = Mapping[str, Any]

# Gives the resource that a literal reference leads to; None where it leads nowhere that can be
# read, such as another server.
Resolve = Callable[[str], Resource | None]


def nowhere(_reference: str) -> Resource | None:
    """Resolve nothing: for checks without a store."""
    return None


@dataclass(frozen=True, slots=True)
class Scope:
    """The surroundings of what is checked.

    Args:
        resource: the resource the value stands in: FHIRPath's ``%resource``.
        root: the resource that contains it, for a contained one; else the same:
            ``%rootResource``.
        bundle: the Bundle around it; None outside bundles.
        full_url: of the bundle's entry.
        resolve: for what is neither contained nor in the bundle.
    """

    resource: Resource
    root: Resource
    bundle: Resource | None = None
    full_url: str | None = None
    resolve: Resolve = nowhere
