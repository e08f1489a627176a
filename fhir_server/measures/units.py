"""Units, and who answers for them: few enough to be held in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fhir_server.interactions.context import Context
from fhir_server.interactions.finder import Finder
from fhir_server.sweden.elements import Json, child, target, text
from fhir_server.sweden.references import alone, huvudman, organization_chain


class Units:
    """Organizations by reference.

    Args:
        organizations: all that there are.
    """

    def __init__(self, organizations: Iterable[Json]) -> None:
        self._by_reference = {f"Organization/{text(each, 'id')}": each for each in organizations}
        self._huvudman: dict[str, str] = {}

    @classmethod
    def load(cls, context: Context) -> Units:
        """Read all that there are."""
        return cls(Finder(context.server, context.store).search("Organization"))

    def __contains__(self, unit: object) -> bool:
        return unit in self._by_reference

    def huvudman(self, unit: str) -> str:
        """Give region, kommun or annan; empty where neither the unit nor one above it says."""
        if unit not in self._huvudman:
            found = self._by_reference.get(unit)
            start = alone(found) if found is not None else None
            self._huvudman[unit] = huvudman(start, self._read)
        return self._huvudman[unit]

    def chain(self, unit: str) -> Iterator[Json]:
        """Give a unit and those it is part of."""
        found = self._by_reference.get(unit)
        return organization_chain(alone(found) if found is not None else None, self._read)

    def below(self, unit: str) -> frozenset[str]:
        """Give a unit and those that are part of it, on every level."""
        found, waiting = {unit}, [unit]
        children: dict[str, list[str]] = {}
        for own, each in self._by_reference.items():
            children.setdefault(target(child(each, "partOf")).literal, []).append(own)
        while waiting:
            for own in children.get(waiting.pop(), ()):
                if own not in found:
                    found.add(own)
                    waiting.append(own)
        return frozenset(found)

    def name(self, unit: str) -> str:
        """Give the name; empty where there is none."""
        return text(self._by_reference.get(unit, {}), "name")

    def _read(self, reference: str) -> Json | None:
        return self._by_reference.get(reference)
