"""Where resources are stored."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pymongo.collection import Collection

from fhir_server.storage.documents import Document
from fhir_server.storage.mongo_primary import Primary

AUDIT_EVENT = "AuditEvent"


@dataclass(frozen=True, slots=True)
class Collections:
    """Where current versions are, where superseded ones, and who has them.

    Args:
        resources: current versions.
        superseded: the versions before.
        primary: who has them.
        audit: the audit trail, with all AuditEvents; None where there is no trail, and AuditEvents
            are resources like others.
    """

    resources: Collection[Document]
    superseded: Collection[Document]
    primary: Primary
    audit: Collection[Document] | None = None

    def of(self, types: Sequence[str]) -> Collection[Document]:
        """Give where the current versions of some types are; of several, never the trail."""
        if self.audit is not None and tuple(types) == (AUDIT_EVENT,):
            return self.audit
        return self.resources

    def parted(self, references: Iterable[str]) -> list[tuple[Collection[Document], list[str]]]:
        """Give the places of some ``Type/id`` references, each with those that are there."""
        wanted = set(references)
        if self.audit is None:
            return [(self.resources, list(wanted))] if wanted else []
        records = {each for each in wanted if each.startswith(f"{AUDIT_EVENT}/")}
        places = ((self.resources, wanted - records), (self.audit, records))
        return [(place, list(found)) for place, found in places if found]
