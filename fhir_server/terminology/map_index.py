"""Which concept maps say something about a code system, so that not each of them has to be read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from fhir_server.terminology.concepts import Resource


class MapIndex:
    """Canonicals of concept maps by the code systems on either side of them.

    Args:
        maps: read once.
    """

    def __init__(self, maps: Iterable[Resource]) -> None:
        # A group that leaves a system out takes it from a value set: such a map always counts.
        self._anywhere: dict[str, None] = {}
        self._by_system: dict[str, dict[str, None]] = {}
        for concept_map in maps:
            url = concept_map.get("url")
            if url is not None:
                version = concept_map.get("version")
                self._add(f"{url}|{version}" if version else url, concept_map)

    def about(self, systems: Iterable[str]) -> list[str]:
        """Give the canonicals of maps from or to any of the code systems, in order."""
        found = dict(self._anywhere)
        for system in systems:
            found.update(self._by_system.get(system, {}))
        return list(found)

    def _add(self, canonical: str, concept_map: Resource) -> None:
        for group in concept_map.get("group", ()):
            for system in _sides(group):
                place = self._by_system.setdefault(system, {}) if system else self._anywhere
                place[canonical] = None


def _sides(group: dict[str, Any]) -> Iterator[str | None]:
    yield group.get("source")
    yield group.get("target")
