"""What decisions about access rest on, without a database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from fhir_server.profiles.definitions import Definitions
from fhir_server.search.query import And
from fhir_server.security import roles
from fhir_server.security.access import Access
from fhir_server.security.organizations import Marks, Units
from fhir_server.security.patient_state import PatientState, Viewer
from fhir_server.security.principal import Principal
from fhir_server.security.rights import Rules
from fhir_server.storage.snapshot import Snapshot
from fhir_server.sweden import codes, emergency
from tests.security.worlds import HSA, ORGANIZATIONS

TYPES = tuple(Definitions.load().resource_types)
MARKS = Marks(codes.ORGANISATIONSNUMMER, codes.HSA_ID_SYSTEMS)
ROLES = roles.load(None, TYPES)


@dataclass
class TableOfStates:
    """Says how it stands with persons, from a table."""

    table: Mapping[str, PatientState] = field(default_factory=dict)

    def of(
        self,
        snapshot: Snapshot,
        persons: Sequence[str],
        viewer: Viewer,
        units: Units,
        now: datetime,
    ) -> dict[str, PatientState]:
        return {person: self.table.get(person, PatientState()) for person in persons}

    def asked_for(self, snapshot: Snapshot, principal: Principal, now: datetime) -> tuple[str, ...]:
        own = (principal.patient,) if principal.role == "patient" else ()
        return (*own, *principal.wards)


def units() -> Units:
    """Give the units of `tests.security.worlds`."""
    found = {
        f"Organization/{unit}": [
            f"Organization.identifier;{HSA}|{number.casefold()}",
            *([f"Organization.partof>Organization/{parent}"] if parent else []),
        ]
        for unit, (number, parent) in ORGANIZATIONS.items()
    }
    return Units.of(found, MARKS)


def access(principal: Principal, table: Mapping[str, PatientState] | None = None) -> Access:
    """Give the decisions about what a principal asks."""
    rules = Rules(
        roles=ROLES,
        states=TableOfStates(table or {}),
        marks=MARKS,
        reads_search=lambda _type, _pairs: And(()),
        types=TYPES,
        signatures=emergency,
    )
    nothing: Any = None
    return Access(principal, rules, units(), cast("Snapshot", nothing))
