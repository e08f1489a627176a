"""A search as a tree of criteria on index entries, which any store can answer.

    Criterion = And | Or | Not
              | HasId | Updated                  what the store keeps of every resource
              | HasToken | TokenRange            equality and order among the tokens
              | TextStart | TextContains         strings, folded
              | InRange | HasKey                 dates, numbers and quantities; any value at all

`fhir_server.search.matching` says what each means.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

from fhir_server.fhir.outcome import Issue

# R4's comparison prefixes, https://hl7.org/fhir/R4/search.html#prefix
Comparator = Literal["eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"]


@dataclass(frozen=True, slots=True)
class And:
    """All of them; all resources if there are none."""

    parts: tuple[Criterion, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """One of them at least; no resource if there are none."""

    parts: tuple[Criterion, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The other resources."""

    part: Criterion


@dataclass(frozen=True, slots=True)
class HasId:
    """The resource is one of these, as ``Type/id``."""

    references: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Updated:
    """``meta.lastUpdated`` compares to the microseconds from ``low`` up to ``high``."""

    comparator: Comparator
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class HasToken:
    """The resource has this token."""

    token: str


@dataclass(frozen=True, slots=True)
class TokenRange:
    """The resource has a token from ``low`` up to, but not including, ``high``."""

    low: str
    high: str


@dataclass(frozen=True, slots=True)
class TextStart:
    """A string of the parameter starts with this.

    Args:
        name: the parameter's `Parameter.name`.
        text: folded, or folded and exact as `tokens.text_entry` spells it.
        whole: the string must be equal, not only start so.
    """

    name: str
    text: str
    whole: bool = False


@dataclass(frozen=True, slots=True)
class TextContains:
    """A string of the parameter has this folded text somewhere in it."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Unit:
    """The unit of a quantity: system and code, or without a system either code or unit."""

    system: str | None
    code: str


@dataclass(frozen=True, slots=True)
class InRange:
    """A range of the parameter compares to the one from ``low`` up to ``high``."""

    name: str
    comparator: Comparator
    low: str
    high: str
    unit: Unit | None = None


@dataclass(frozen=True, slots=True)
class HasKey:
    """The parameter, one of those that can be sorted by, has a value."""

    name: str


Criterion = (
    And
    | Or
    | Not
    | HasId
    | Updated
    | HasToken
    | TokenRange
    | TextStart
    | TextContains
    | InRange
    | HasKey
)


@dataclass(frozen=True, slots=True)
class Sort:
    """The order of the results; ties are in the order of the ids.

    Args:
        by: ``_id``, ``_lastUpdated``, or the name of a parameter with sort keys.
    """

    by: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """One search.

    Args:
        types: resource types to search; empty for every type.
        where: the criteria.
        sort: None for the order that costs least.
        count: results on a page; 0 asks only how many there are.
        total: what ``_total`` asked for.
        cursor: where the page starts, from the ``next`` link of the one before.
        applied: the parameters that took effect, for the self link; without the cursor.
        ignored: warnings about those that did not (lenient searches only).
    """

    types: tuple[str, ...]
    where: And
    sort: Sort | None = None
    count: int = 20
    total: Literal["none", "estimate", "accurate"] | None = None
    cursor: str | None = None
    applied: tuple[tuple[str, str], ...] = ()
    ignored: tuple[Issue, ...] = ()

    @property
    def fingerprint(self) -> str:
        """Tell searches apart, so that a cursor is only taken for the search it came from."""
        own = [pair for pair in sorted(self.applied) if pair[0] not in ("_count", "_total")]
        return hashlib.blake2b(repr((self.types, own)).encode(), digest_size=6).hexdigest()


def every(*parts: Criterion) -> And:
    """Join criteria that must all hold, without nesting."""
    flat: list[Criterion] = []
    for part in parts:
        flat.extend(part.parts if isinstance(part, And) else (part,))
    return And(tuple(flat))


def either(*parts: Criterion) -> Criterion:
    """Join criteria of which one must hold, without nesting."""
    flat: list[Criterion] = []
    for part in parts:
        flat.extend(part.parts if isinstance(part, Or) else (part,))
    unique = tuple(dict.fromkeys(flat))
    return unique[0] if len(unique) == 1 else Or(unique)
