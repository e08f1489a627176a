"""Where concepts come from: one interface for R4's tables, files, the database and grammars.

Source: https://hl7.org/fhir/R4/codesystem.html
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from fhir_server.profiles.code_checks import Coded, Verdict
from fhir_server.terminology.concepts import Concept, Expansion, ExpansionRequest, SystemInfo


class SourceUnavailable(Exception):
    """A source does not answer; what is asked is unknown for now."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A filter of a value set: ``property op value``.

    Source: https://hl7.org/fhir/R4/valueset-filter-operator.html
    """

    property: str
    op: str
    value: str


@dataclass(frozen=True, slots=True)
class Selection:
    """Which concepts of a code system are wanted.

    Args:
        conditions: all must hold.
        words: folded; each must begin a word of the display or a designation.
        active_only: leave out inactive ones.
    """

    conditions: tuple[Condition, ...] = ()
    words: tuple[str, ...] = ()
    active_only: bool = False


class CodeSystem(Protocol):
    """One version of one code system.

    Every method may raise SourceUnavailable.
    """

    @property
    def info(self) -> SystemInfo:
        """The code system without its concepts."""

    def concept(self, code: str) -> Concept | None:
        """Give a concept; where the code system is not case-sensitive, in any spelling."""

    def children(self, code: str) -> Sequence[str]:
        """Give the codes right below a code, in order."""

    def is_below(self, code: str, above: str) -> bool:
        """Tell whether a code has another one above it, at any distance."""

    def ancestors(self, code: str) -> Collection[str]:
        """Give all codes above a code."""

    def descendants(self, code: str) -> Iterable[str]:
        """Give all codes below a code, each once."""

    def has_levels(self) -> bool:
        """Tell whether any code stands above another."""

    def select(
        self, selection: Selection, offset: int = 0, limit: int | None = None
    ) -> Iterator[Concept]:
        """Give the wanted concepts in the order of the code system.

        Raises:
            TerminologyError: not-supported, for a filter nobody here understands, or codes that
                can't be listed.
        """

    def count(self, selection: Selection) -> int:
        """Count the wanted concepts; raises as `select` does."""


class CodeSystemSource(Protocol):
    """Knows code systems by url and version."""

    def find(self, url: str, version: str | None = None) -> CodeSystem | None:
        """Give a code system.

        Args:
            version: None for the newest.

        Raises:
            SourceUnavailable: the source does not answer.
        """

    def systems(self) -> Iterable[tuple[str, str | None]]:
        """Give url and version of all that it knows."""


class ExternalTerminology(Protocol):
    """Another server, asked last; what it can't tell, or does not answer, is unknown.

    No method raises for an outage.
    """

    def validate_code(self, value_set: str, coded: Coded) -> Verdict:
        """Tell whether a code is in a value set, by canonical."""

    def code_in_system(self, coded: Coded) -> Verdict:
        """Tell whether a code is in its system."""

    def expand(self, url: str, request: ExpansionRequest) -> Expansion | None:
        """Expand a value set by canonical; None where it can't."""

    def lookup(self, system: str, code: str) -> Concept | None:
        """Give a concept; None where it is not known there, or nobody answers."""

    def subsumes(self, system: str, above: str, below: str) -> bool | None:
        """Tell whether one code subsumes another; None where that is not known."""
