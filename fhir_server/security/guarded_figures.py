"""Figures from facts, as far as one principal may have them: part of the guarded store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from fhir_server.fhir.outcome import FhirError, Issue
from fhir_server.security.access import Access
from fhir_server.storage.mongo_filters import as_filter
from fhir_server.storage.snapshot import Snapshot


class GuardedFigures(Snapshot):
    """Computes on behalf of a principal: from all facts for whom figures are for, else from seen.

    Args:
        access: what the principal may see.
    """

    access: Access
    _free: bool

    def facts(
        self, resource_types: Sequence[str], stages: Sequence[Mapping[str, Any]]
    ) -> list[dict[str, Any]]:
        """Compute from facts of a population; see `Snapshot.facts`."""
        self._require_aggregates()
        return super().facts(resource_types, stages)

    def facts_of_persons(
        self, persons: Sequence[str], stages: Sequence[Mapping[str, Any]]
    ) -> list[dict[str, Any]]:
        """Compute from the facts of some persons' Patients that may be seen.

        Args:
            persons: ``Patient/[id]``.
            stages: as for `Snapshot.facts`.
        """
        among: dict[str, Any] = {"f.patient": {"$in": list(persons)}}
        seen = None if self._free else as_filter(self.access.criterion("Patient", persons))
        return super().facts(
            ["Patient"], [{"$match": among}, *([{"$match": seen}] if seen else []), *stages]
        )

    def facts_by_patient(
        self,
        resource_type: str,
        names: Sequence[str],
        where: Mapping[str, Any] = MappingProxyType({}),
    ) -> Iterator[dict[str, Any]]:
        """Give facts of a population in the order of its patients; see the snapshot's."""
        self._require_aggregates()
        return super().facts_by_patient(resource_type, names, where)

    def facts_of_referrers(
        self, resource_type: str, reference: str, stages: Sequence[Mapping[str, Any]]
    ) -> list[dict[str, Any]]:
        """Compute from the facts of what refers to a resource and may be seen."""
        if not self._free:
            person = reference.rpartition(">")[2]
            named = [person] if person.startswith("Patient/") else []
            seen = as_filter(self.access.criterion(resource_type, named))
            stages = [{"$match": seen}, *stages] if seen else stages
        return super().facts_of_referrers(resource_type, reference, stages)

    def _require_aggregates(self) -> None:
        if not self.access.sees_aggregates:
            text = "Figures about a population are for managers and analysts."
            raise FhirError(Issue("error", "forbidden", text))
