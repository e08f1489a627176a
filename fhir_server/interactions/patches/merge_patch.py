"""JSON Merge Patch on a resource as FHIR JSON: not of R4, but what many HTTP clients know.

Source: https://www.rfc-editor.org/rfc/rfc7396
"""

from __future__ import annotations

from typing import Any

from fhir_server.fhir import json
from fhir_server.interactions.patches.content import without_empty
from fhir_server.interactions.patches.refusals import malformed


class MergePatch:
    """A JSON Merge Patch: null removes a property, an array replaces a whole array.

    Args:
        changes: the parsed document.

    Raises:
        FhirError: 400 for what is no object.
    """

    def __init__(self, changes: Any) -> None:
        if not isinstance(changes, dict):
            raise malformed("A JSON Merge Patch is an object (RFC 7396).", code="structure")
        self._changes = changes

    def apply(self, resource: dict[str, Any]) -> Any:
        """Give the resource with the changes made; the given one is left as it is."""
        return without_empty(_merged(json.copy(resource), json.copy(self._changes)))


def _merged(target: Any, changes: Any) -> Any:
    if not isinstance(changes, dict):
        return changes
    merged = target if isinstance(target, dict) else {}
    for key, value in changes.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = _merged(merged.get(key), value)
    return merged
