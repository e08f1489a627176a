"""A query in the making: what the readers of single parameters add to."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from fhir_server.fhir.outcome import FhirError, Issue
from fhir_server.search.query import Criterion, Include, Sort

# How many references a single parameter may follow, and a whole search.
MOST_STEPS, MOST_JOINS = 8, 10
# A step can lead to many types and the next from each of them to many more.
MOST_BRANCHES = 100
_MOST_NAMES = 150


@dataclass(slots=True)
class Joins:
    """Counts the references that a search follows, and refuses one that follows too many."""

    asked: int = 0
    branches: int = 0

    def ask(self, name: str) -> None:
        """Count the references that a parameter's name follows.

        Raises:
            FhirError: 400 for too many.
        """
        steps = name.count(".") + name.count("_has:")
        if steps > MOST_STEPS:
            raise too_costly(f"A chain follows at most {MOST_STEPS} references; this one {steps}.")
        self.asked += steps
        if self.asked > MOST_JOINS:
            raise too_costly(
                f"A search follows at most {MOST_JOINS} references in its chains and _has."
            )

    def branch(self) -> None:
        """Count one reference between two sets of types.

        Raises:
            FhirError: 400 for too many.
        """
        self.branches += 1
        if self.branches > MOST_BRANCHES:
            raise too_costly(
                "The references of a chain can lead to too many types; "
                "name the type of each, as in subject:Patient.name."
            )


@dataclass(slots=True)
class Draft:
    """A query in the making.

    Args:
        types: as in `Query.types`.
        searched: the same, but all types where ``types`` is empty.
        count: results on a page.
    """

    types: tuple[str, ...]
    searched: tuple[str, ...]
    count: int
    where: list[Criterion] = field(default_factory=list)
    sort: tuple[Sort, ...] = ()
    total: Literal["none", "estimate", "accurate"] | None = None
    cursor: str | None = None
    includes: list[Include] = field(default_factory=list)
    revincludes: list[Include] = field(default_factory=list)
    summary: Literal["true", "text", "data", "count", "false"] | None = None
    elements: tuple[str, ...] = ()
    contained: Literal["false", "true", "both"] = "false"
    contained_type: Literal["container", "contained"] = "container"
    explain: bool = False
    applied: list[tuple[str, str]] = field(default_factory=list)
    warnings: list[Issue] = field(default_factory=list)
    joins: Joins = field(default_factory=Joins)

    @property
    def what(self) -> str:
        """What is searched, for messages."""
        return self.types[0] if len(self.types) == 1 else "a search of several types"


def refused(text: str, code: str = "not-supported") -> FhirError:
    """Make the error for a parameter; the text must not repeat its value, as it may be personal."""
    return FhirError(Issue("error", code, text), status=400)


def too_costly(text: str) -> FhirError:
    """Make the error for a search beyond the limits."""
    return refused(text, "too-costly")


def listed(names: Iterable[str]) -> str:
    """Give names for a message, in order."""
    found = sorted(set(names))
    cut = ", …" if len(found) > _MOST_NAMES else ""
    return (", ".join(found[:_MOST_NAMES]) + cut) or "none"


def hint(name: str, names: Sequence[str]) -> str:
    """Suggest the name that was probably meant; empty if none is near."""
    folded = {each.casefold(): each for each in names}
    near = difflib.get_close_matches(name.casefold(), list(folded), 1, 0.75)
    return f" Did you mean '{folded[near[0]]}'?" if near else ""
