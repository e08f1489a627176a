"""What one request was given and what it changed, for the audit trail."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Trace:
    """Filled by the guarded store as it answers; one for each request.

    Args:
        patients: ``Patient/[id]`` of those whom what was given or changed is about.
        given: ``Type/id`` of what was given.
        changed: ``Type/id/_history/version`` of what was written.
        emergency: whether anything was given because of emergency access.
    """

    patients: set[str] = field(default_factory=set)
    given: set[str] = field(default_factory=set)
    changed: list[str] = field(default_factory=list)
    emergency: bool = False
