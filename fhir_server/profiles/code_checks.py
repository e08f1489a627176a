"""What validation asks of terminology; `fhir_server.terminology` answers.

Source: https://hl7.org/fhir/R4/terminologies.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Coded:
    """A code as an element carries it.

    Args:
        system: None for a bare ``code``, ``string`` or ``uri``: then every system counts that the
            value set takes codes from.
    """

    code: str
    system: str | None = None
    version: str | None = None
    display: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a code is what is asked for.

    Args:
        holds: None where nobody here can tell: the system is licensed and not shipped (SNOMED CT,
            ICD-10-SE), the value set is unknown, or the external server does not answer.
        text: why not, or why nobody can tell; a sentence without the code's display.
        display: the right display, where one is known.
        wrong_display: the code holds, but not under the display that came; ``text`` says so.
        inactive: the code holds, but is not to be used any more; ``text`` says so.
        abstract: the code holds, but only groups others; ``text`` says so.
    """

    holds: bool | None
    text: str = ""
    display: str | None = None
    wrong_display: bool = False
    inactive: bool = False
    abstract: bool = False


class CodeChecks(Protocol):
    """Answers about codes. Never raises for an outage: the verdict is then unknown."""

    def in_value_set(self, value_set: str, coded: Coded) -> Verdict:
        """Tell whether a code is in a value set.

        Args:
            value_set: canonical, perhaps with ``|version``.
        """

    def in_code_system(self, coded: Coded) -> Verdict:
        """Tell whether a code is in its system."""

    def subsumes(self, system: str, above: str, below: str) -> bool | None:
        """Tell whether one code subsumes another, or is the same; None where nobody knows."""
