"""Where a part of an expression stands while it is compiled, and how often it is run."""

from __future__ import annotations

from dataclasses import dataclass

from fhir_server.fhirpath.compiled import Compiled


@dataclass(frozen=True, slots=True)
class Scope:
    """The surroundings of a part of an expression.

    Args:
        focus: ``$this``, and what paths start from.
        depth: how many iterations are around it.
        has_index: whether ``$index`` means something.
        total: what is known of ``$total``; None outside ``aggregate()``.
    """

    focus: Compiled
    depth: int = 0
    has_index: bool = False
    total: Compiled | None = None
