"""A search as a tree of criteria on index entries, which any store can answer.

    Criterion = And | Or | Not
              | HasId | Updated                  what the store keeps of every resource
              | HasToken | TokenRange            equality and order among the tokens
              | TextStart | TextContains         strings, folded
              | InRange | HasKey                 dates, numbers and quantities; any value at all
              | Paired                           composites whose second part has an order
              | Near                             places
              | HasWord                          words of the narrative, or of all there is
              | Chained | ReferredBy             what another resource is like

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
    """A string of the parameter has this folded text somewhere in it.

    Args:
        name: the parameter's `Parameter.name`.
        text: folded.
        end: only where the string ends.
    """

    name: str
    text: str
    end: bool = False


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


@dataclass(frozen=True, slots=True)
class Compared:
    """A range in a composite, and what it must compare to."""

    comparator: Comparator
    low: str
    high: str
    unit: Unit | None = None


@dataclass(frozen=True, slots=True)
class Paired:
    """One value of a composite parameter has this token, and its ranges compare.

    Args:
        name: the composite's `Parameter.name`.
        token: the first part as `tokens` spells it after a parameter's name: ``=code`` or
            ``;system|code``.
        ranges: the other parts, one or two.
    """

    name: str
    token: str
    ranges: tuple[Compared, ...]


@dataclass(frozen=True, slots=True)
class Near:
    """The place of the resource is within a distance of a point (degrees; WGS 84)."""

    longitude: float
    latitude: float
    kilometres: float


@dataclass(frozen=True, slots=True)
class HasWord:
    """The folded word stands in the narrative, or anywhere in the resource.

    Args:
        word: folded as `fhir.folding.fold` does.
        narrative: look at the narrative alone.
        start: words that start with it count too.
    """

    word: str
    narrative: bool
    start: bool = False


@dataclass(frozen=True, slots=True)
class Chained:
    """A reference of the parameter leads to a resource of these types that fulfils ``where``."""

    name: str
    types: tuple[str, ...]
    where: Criterion


@dataclass(frozen=True, slots=True)
class ReferredBy:
    """A resource that fulfils ``where`` refers to this one by its parameter ``name``.

    Args:
        name: the `Parameter.name` of the other type's reference, e.g. ``Observation.patient``.
        where: about the resource that refers.
    """

    name: str
    where: Criterion


# What the index entries of the resource itself decide.
OfEntries = (
    HasToken | TokenRange | TextStart | TextContains | InRange | HasKey | Paired | Near | HasWord
)
Criterion = And | Or | Not | HasId | Updated | OfEntries | Chained | ReferredBy


@dataclass(frozen=True, slots=True)
class Sort:
    """One key of the order of the results; ties are in the order of the ids.

    Args:
        by: ``_id``, ``_lastUpdated``, or a `Parameter.name`.
        kind: the parameter's type; empty for the first two.
        said_by: the names of the parameters that have its entries; empty where it has its own.
    """

    by: str
    descending: bool = False
    kind: str = ""
    said_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Include:
    """Resources to add to a page: what its resources refer to, or what refers to them.

    Args:
        names: `Parameter.name` of the references to follow; ``*`` alone for every reference.
        source: the type that refers; empty for any.
        target: the type referred to; empty for any.
        iterate: follow what was included, too.
    """

    names: tuple[str, ...]
    source: str = ""
    target: str = ""
    iterate: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """One search.

    Args:
        types: resource types to search; empty for every type.
        where: the criteria.
        sort: the keys of the order; empty for the order that costs least.
        count: results on a page; 0 asks only how many there are.
        total: what ``_total`` asked for.
        cursor: where the page starts, from the ``next`` link of the one before.
        applied: the parameters that took effect, for the self link; without the cursor.
        ignored: warnings about those that did not.
        includes: ``_include``.
        revincludes: ``_revinclude``.
        max_bytes: the size of the resources after which a page ends; None for any.
        summary: what ``_summary`` asked for.
        elements: what ``_elements`` asked for.
        contained: whether contained resources are searched: not, only, or too.
        contained_type: whether those give the resource that contains them, or themselves.
        explain: tell how the page was found.
    """

    types: tuple[str, ...]
    where: And
    sort: tuple[Sort, ...] = ()
    count: int = 20
    total: Literal["none", "estimate", "accurate"] | None = None
    cursor: str | None = None
    applied: tuple[tuple[str, str], ...] = ()
    ignored: tuple[Issue, ...] = ()
    includes: tuple[Include, ...] = ()
    revincludes: tuple[Include, ...] = ()
    summary: Literal["true", "text", "data", "count", "false"] | None = None
    elements: tuple[str, ...] = ()
    contained: Literal["false", "true", "both"] = "false"
    contained_type: Literal["container", "contained"] = "container"
    explain: bool = False
    max_bytes: int | None = None

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
    if len(parts) == 1 and not isinstance(parts[0], Or):
        return parts[0]
    flat: list[Criterion] = []
    for part in parts:
        flat.extend(part.parts if isinstance(part, Or) else (part,))
    unique = tuple(dict.fromkeys(flat))
    return unique[0] if len(unique) == 1 else Or(unique)
