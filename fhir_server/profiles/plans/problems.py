"""What of a profile can't be enforced, and where its definition says it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fhir_server.fhir.outcome import Issue, Severity
from fhir_server.profiles.snapshot import Node


class Uncompilable(ValueError):
    """Something in a profile that can't be enforced; its text is part of a sentence."""


class Problems:
    """Collects the problems of one StructureDefinition while it is compiled.

    Args:
        definition: the StructureDefinition.
    """

    def __init__(self, definition: Mapping[str, Any]) -> None:
        self._url = str(definition.get("url", ""))
        self.found: list[Issue] = []

    def add(self, node: Node | None, below: str, text: str, severity: Severity = "error") -> None:
        """Add a problem.

        Args:
            node: where the profile says it; None for the StructureDefinition as a whole.
            below: the FHIRPath below the ElementDefinition, such as ``slicing``.
            text: a sentence.
            severity: ``error`` where a rule is not enforced; ``warning`` where it is left to
                others to know.
        """
        at = f".snapshot.element[{node.position}]" if node and node.position >= 0 else ""
        where = f"StructureDefinition{at}{'.' if below else ''}{below}"
        which = f" ({node.element.get('id') or node.name})" if node is not None else ""
        text = f"{text}{which}" if which and not text.endswith(".") else f"{text[:-1]}{which}."
        issue = Issue(severity, "not-supported", text, where, profile=self._url or None)
        if issue not in self.found:
            self.found.append(issue)
