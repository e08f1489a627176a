"""Persons found by their whole number, as a search for it finds them: part of the guarded store."""

from __future__ import annotations

from collections.abc import Collection

from fhir_server.search.query import And, Chained, HasToken, Query, either, every
from fhir_server.security.access import EVERYTHING, Access
from fhir_server.security.naming import MOST_NAMED, is_identifier, spelled
from fhir_server.storage.mongo_about import Referring
from fhir_server.storage.reading_along import ReadingAlong
from fhir_server.storage.records import SearchPage, StoredResource
from fhir_server.storage.snapshot import Snapshot

_PATIENT = "Patient"
# Of whom every Patient may be seen by who knows the number, so that nothing restricts the search.
_BY_NUMBER = frozenset({"staff", "system", "national"})
# One more than there should be; of these all may be seen, or none.
_ENOUGH = 2


class Identifying(ReadingAlong):
    """Finds persons by number on behalf of a principal.

    Args:
        access: what the principal may see.
    """

    access: Access
    _free: bool

    def as_seen(self, version: StoredResource) -> StoredResource | None:
        """Give a version as it may be seen; None for one that may not."""
        raise NotImplementedError

    def identified(
        self, value: str, systems: Collection[str], referring: Referring
    ) -> list[StoredResource]:
        """Give the Patients that have a number and may be seen; two at most.

        Args:
            value: the whole number.
            systems: in one of which it is theirs; none for any.
            referring: what `about` will be asked for of who is found.
        """
        numbers = spelled(value, systems)
        if self._free or self._is_plain():
            found = self._with_referring(numbers, _ENOUGH, referring)
            return [seen for each in found if (seen := self.as_seen(each))]
        named = every(either(*map(HasToken, numbers)))
        page: SearchPage = self.search(Query((_PATIENT,), named, count=_ENOUGH))
        return page.resources

    def _is_plain(self) -> bool:
        """Tell whether the decision about a Patient is all that a search would ask."""
        access = self.access
        return access.role.kind in _BY_NUMBER and access.scoped(_PATIENT) == EVERYTHING

    def _named_by_number(self, where: And) -> list[str]:
        """Give the persons whom a search names by their number, as ``patient.identifier`` does."""
        for part in where.parts:
            if isinstance(part, Chained) and part.types == (_PATIENT,):
                inner = every(part.where).parts
                if inner and all(is_identifier(each) for each in inner):
                    query = Query((_PATIENT,), every(part.where), count=MOST_NAMED)
                    return [each.reference for each in Snapshot.search(self, query).resources]
        return []
