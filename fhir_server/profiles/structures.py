"""The structure that R4 gives resources: a quick yes or no, and reasons where it is no."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from fhir_server.profiles.checks import QuickStructure, StructureCheck
from fhir_server.profiles.compiler import Schema, StructureCompiler
from fhir_server.profiles.definitions import Definitions
from fhir_server.profiles.explanations import Explanation

_REASONS_KEPT = 16
_RIGHT = Explanation([], [], complete=True)


class Structures:
    """Checks structure. Safe to share between threads, and by validators with other profiles.

    Args:
        definitions: R4's types.
    """

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions
        self._quick = QuickStructure(self._compiler(null_items=False), definitions.resource_types)
        self._reasons = lru_cache(maxsize=_REASONS_KEPT)(self._check)

    def prepare(self, resource_types: Iterable[str]) -> None:
        """Compile some types now, for processes that are forked from this one to share."""
        self._quick.prepare(resource_types)

    def explain(self, resource: Mapping[str, Any], root: str) -> Explanation:
        """Give what is wrong with the structure of a resource of a known type.

        Args:
            root: FHIRPath of the resource.
        """
        if self._quick.accepts(resource):
            return _RIGHT
        return self._reasons(resource["resourceType"]).explain(resource, root)

    def schema(self, resource_type: str, *, null_items: bool = True) -> Schema:
        """Give the JSON Schema of a resource type, with its ``x-fhir`` notes."""
        return self._compiler(null_items=null_items).compile(resource_type)

    def _compiler(self, *, null_items: bool) -> StructureCompiler:
        return StructureCompiler(self._definitions, null_items=null_items)

    def _check(self, resource_type: str) -> StructureCheck:
        return StructureCheck(self._definitions, self.schema(resource_type), resource_type)
