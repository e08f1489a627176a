"""What terminology is made of: code systems, concepts, and what an expansion asks and gives.

Source: https://hl7.org/fhir/R4/terminology-module.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Resource = Mapping[str, Any]


class TerminologyError(Exception):
    """A question that can't be answered; the text is fit for a developer.

    Args:
        code: of the issue type value set: ``not-found``, ``not-supported``, ``too-costly``,
            ``invalid``, ``processing``.
        text: what is missing or wrong, and what to do; no value that a client sent.
    """

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


@dataclass(frozen=True, slots=True)
class SystemInfo:
    """A code system without its concepts.

    Args:
        url: what codings name as their system.
        content: ``complete``, ``fragment``, ``example``, ``supplement`` or ``not-present``; here
            also ``grammar`` for systems whose codes are checked by a grammar and can't be listed.
        case_sensitive: None where the code system doesn't say.
        count: concepts known here; None where they can't be counted.
        supplements: canonical of the code system that a supplement adds to.
        properties: CodeSystem.property, as declared.
        filters: CodeSystem.filter, as declared.
    """

    url: str
    version: str | None = None
    name: str | None = None
    title: str | None = None
    content: str = "complete"
    case_sensitive: bool | None = None
    hierarchy_meaning: str | None = None
    count: int | None = None
    supplements: str | None = None
    value_set: str | None = None
    properties: tuple[Resource, ...] = ()
    filters: tuple[Resource, ...] = ()


@dataclass(frozen=True, slots=True)
class Designation:
    """Another way to call a concept.

    Args:
        use: a Coding.
    """

    value: str
    language: str | None = None
    use: Resource | None = None

    def as_json(self) -> dict[str, Any]:
        """Give it as ``designation`` has it in CodeSystem and ValueSet."""
        found: dict[str, Any] = {}
        if self.language:
            found["language"] = self.language
        if self.use:
            found["use"] = dict(self.use)
        return {**found, "value": self.value}


@dataclass(frozen=True, slots=True)
class Concept:
    """One code of a code system.

    Args:
        system: url of the code system.
        code: as the code system spells it.
        properties: CodeSystem.concept.property, each with ``code`` and one ``value[x]``.
        parents: the codes right above it.
        inactive: deprecated, retired or marked inactive: not to be used any more.
        abstract: only groups others; not to be used as a value.
        version: of the code system.
        position: its place in the order of the code system, from 0.
    """

    system: str
    code: str
    display: str | None = None
    definition: str | None = None
    designations: tuple[Designation, ...] = ()
    properties: tuple[Resource, ...] = ()
    parents: tuple[str, ...] = ()
    inactive: bool = False
    abstract: bool = False
    version: str | None = None
    position: int = 0


@dataclass(frozen=True, slots=True)
class ExpansionRequest:
    """How a value set is to be expanded.

    Args:
        filter: words; a concept counts when each begins a word of its display or a designation.
        offset: how many concepts to leave out.
        count: how many to give at most; None for all, 0 for the number alone.
        active_only: leave out inactive concepts.
        exclude_nested: a flat list. Pages are flat anyway.
        display_language: a BCP-47 tag: prefer designations of this language as display.
    """

    filter: str = ""
    offset: int = 0
    count: int | None = None
    include_designations: bool = False
    active_only: bool = False
    exclude_nested: bool = True
    display_language: str | None = None

    @property
    def is_paged(self) -> bool:
        """Whether only a part is asked for."""
        return self.count is not None or self.offset > 0


@dataclass(slots=True)
class ExpansionItem:
    """One concept of an expansion."""

    system: str
    code: str
    display: str | None = None
    version: str | None = None
    abstract: bool = False
    inactive: bool = False
    designations: Sequence[Designation] = ()
    contains: list[ExpansionItem] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Expansion:
    """What a value set contains.

    Args:
        contains: the page, or all.
        total: of all pages; nested ones included.
        offset: how many concepts the page left out.
        warnings: what a reader has to know, such as that a code system here is only a fragment.
        used: canonicals ``url|version`` of the code systems that the concepts come from.
        used_value_sets: canonicals of imported value sets.
    """

    contains: Sequence[ExpansionItem]
    total: int
    offset: int = 0
    warnings: tuple[str, ...] = ()
    used: tuple[str, ...] = ()
    used_value_sets: tuple[str, ...] = ()
