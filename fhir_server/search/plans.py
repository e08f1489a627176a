"""How resources are indexed by some definitions: parameters and walks, each made at first use."""

from __future__ import annotations

from collections.abc import Iterable

from fhir_server.profiles.definitions import Definitions
from fhir_server.search.parameters import STORED, Parameters
from fhir_server.search.walking import Walk
from fhir_server.search.words import Words


class Plans:
    """What `Indexer` and `QueryParser` compile from definitions; threads and applications share it.

    Args:
        definitions: the search parameters and the types they apply to.
        full_text: whether the words of resources are indexed.
    """

    def __init__(self, definitions: Definitions, *, full_text: bool = True) -> None:
        self._definitions = definitions
        self.parameters = Parameters(definitions, full_text=full_text)
        self.words = Words(definitions) if full_text else None
        self._walks: dict[str, Walk] = {}

    def prepare(self, resource_types: Iterable[str]) -> None:
        """Make now what these types need, and the parameters of all, which `/metadata` lists."""
        for resource_type in self._definitions.resource_types:
            self.parameters.of(resource_type)
        for resource_type in resource_types:
            self.walk(resource_type)

    def walk(self, resource_type: str) -> Walk:
        """Give what walks down the resources of a type."""
        walk = self._walks.get(resource_type)
        if walk is None:
            known = self.parameters.of(resource_type).values()
            indexed = [each for each in known if each.code not in STORED and not each.said_by]
            walk = self._walks[resource_type] = Walk(resource_type, indexed, self.words)
        return walk
