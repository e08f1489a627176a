"""What decides, at this moment, whether units may see what others know of one person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from fhir_server.security.organizations import Units
from fhir_server.security.principal import Principal
from fhir_server.storage.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Viewer:
    """For whom somebody looks.

    Args:
        units: ``Organization/[id]`` of the units, with all that is part of them.
        provider: of their vårdgivare.
        person: HSA-id of the member of staff.
        purpose: code of v3-PurposeOfUse.
        protected: whether they have the right to protected persons' data.
        roots: the units that the principal acts for themselves.
        kind: of their role.
    """

    units: tuple[str, ...]
    provider: str
    person: str = ""
    purpose: str = ""
    protected: bool = False
    roots: tuple[str, ...] = ()
    kind: str = "staff"


@dataclass(frozen=True, slots=True)
class PatientState:
    """What the law gives a viewer of one person, besides what their own unit answers for.

    Args:
        same_provider: what other units of the viewer's vårdgivare answer for.
        other_providers: what other vårdgivare answer for.
        shared: plans and teams of other vårdgivare that the viewer's units take part in.
        blocked_units: units whose records are behind an inner spärr, with all below them.
        blocked_providers: vårdgivare whose records are behind an outer spärr.
        withheld: resources that are shared, and not with the viewer's units.
        emergency: whether emergency access is what gives this.
    """

    same_provider: bool = False
    other_providers: bool = False
    shared: bool = False
    blocked_units: frozenset[str] = frozenset()
    blocked_providers: frozenset[str] = frozenset()
    withheld: frozenset[str] = frozenset()
    emergency: bool = False

    def blocks(self, owner: str, provider: str) -> bool:
        """Tell whether what a unit of a vårdgivare answers for is behind a spärr."""
        return owner in self.blocked_units or provider in self.blocked_providers


class PatientStates(Protocol):
    """Says how it stands with persons now."""

    def of(
        self,
        snapshot: Snapshot,
        persons: Sequence[str],
        viewer: Viewer,
        units: Units,
        now: datetime,
    ) -> dict[str, PatientState]:
        """Give the states of some persons, ``Patient/[id]``, as the store has them now."""

    def asked_for(self, snapshot: Snapshot, principal: Principal, now: datetime) -> tuple[str, ...]:
        """Give the persons whom a patient or guardian may ask for now, as ``Patient/[id]``."""
