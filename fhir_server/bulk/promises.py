"""What files will store, so that what comes first may refer to what comes later."""

from __future__ import annotations

from collections.abc import Sequence

from fhir_server.bulk.sources import Source
from fhir_server.bulk.units import Refused, units
from fhir_server.storage.snapshot import Snapshot


class Promises:
    """The references of all resources that files store under ids of their own.

    It keeps them in memory, about 150 bytes for each resource.

    Args:
        sources: the files; they are read here.
    """

    def __init__(self, sources: Sequence[Source]) -> None:
        self._references = {
            str(request.get("url"))
            for source in sources
            for document in source.documents()
            for unit in units(document)
            if not isinstance(unit, Refused)
            for entry in unit.entries
            if isinstance(request := entry.get("request"), dict) and request.get("method") == "PUT"
        }
        self._relied_on: set[str] = set()

    def __contains__(self, reference: object) -> bool:
        """Tell whether the files store it, and note that somebody relies on it."""
        if reference not in self._references:
            return False
        self._relied_on.add(str(reference))
        return True

    def broken(self, store: Snapshot) -> set[str]:
        """Give what was relied on and is not there."""
        return self._relied_on - store.existing(self._relied_on)
