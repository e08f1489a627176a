"""JSON Patch on a resource as FHIR JSON.

Source: https://www.rfc-editor.org/rfc/rfc6902, https://www.rfc-editor.org/rfc/rfc6901
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, ClassVar

import jsonpatch
from jsonpointer import EndOfList, JsonPointer, JsonPointerException

from fhir_server.fhir import json
from fhir_server.fhir.outcome import FhirError
from fhir_server.interactions.patches.content import MAX_DEPTH, equal, measure, without_empty
from fhir_server.interactions.patches.refusals import Unfit, malformed, refused, require_few

# What one patch may copy in all: copies of copies grow without bound.
MAX_COPIED_BYTES = 2_000_000
NEEDS = {
    "add": "value",
    "remove": None,
    "replace": "value",
    "move": "from",
    "copy": "from",
    "test": "value",
}
TOO_DEEP = f"the result would be nested deeper than {MAX_DEPTH} levels."


class JsonPatch:
    """A JSON Patch document.

    Args:
        operations: the parsed document.

    Raises:
        FhirError: 400 for what is no JSON Patch, 413 for too many operations.
    """

    def __init__(self, operations: Any) -> None:
        if not isinstance(operations, list):
            text = "A JSON Patch is an array of operations (RFC 6902)."
            raise malformed(text, code="structure")
        require_few(len(operations))
        for number, operation in enumerate(operations):
            _require_form(number, operation)
        self._operations = operations

    def apply(self, resource: dict[str, Any]) -> Any:
        """Give the resource with the operations carried out; the given one is left as it is.

        Raises:
            FhirError: 422, an operation finds no such place or a test fails.
        """
        document: Any = json.copy(resource)
        copied = 0
        for number, operation in enumerate(self._operations):
            try:
                copied += _copied(document, operation)
                _require_affordable(copied)
                document = _Patch([json.copy(operation)]).apply(document, in_place=True)
            except Unfit as unfit:
                raise refused(number, operation["op"], unfit) from None
            except jsonpatch.JsonPatchTestFailed:
                raise _refuse(number, operation, "the value is not the one tested for.") from None
            except (jsonpatch.JsonPatchException, JsonPointerException, TypeError):
                raise _refuse(number, operation, "there is no such place.") from None
        if measure(document)[1] > MAX_DEPTH:
            raise _refuse(len(self._operations) - 1, self._operations[-1], TOO_DEEP)
        return without_empty(document)


def _require_form(number: int, operation: Any) -> None:
    kind = operation.get("op") if isinstance(operation, dict) else None
    if not isinstance(kind, str) or kind not in NEEDS:
        text = f"Operation {number}: op must be one of {', '.join(NEEDS)}."
        raise malformed(text, code="structure")
    need = NEEDS[kind]
    if need is not None and need not in operation:
        text = f"Operation {number}: {kind} needs {need}."
        raise malformed(text, code="required")
    for name in ("path", "from") if need == "from" else ("path",):
        try:
            JsonPointer(operation[name])
        except (KeyError, TypeError, JsonPointerException):
            text = f'Operation {number}: {name} must be a JSON Pointer such as "/name/0/family".'
            raise malformed(text, code="value") from None


def _copied(document: Any, operation: dict[str, Any]) -> int:
    if operation["op"] != "copy":
        return 0
    size, depth = measure(_found(JsonPointer(operation["from"]), document))
    if depth > MAX_DEPTH:
        raise Unfit(TOO_DEEP)
    return size


def _require_affordable(copied: int) -> None:
    if copied > MAX_COPIED_BYTES:
        raise Unfit("the patch copies too much; add what is to stand there.", "too-costly")


def _found(pointer: JsonPointer, document: Any) -> Any:
    found = pointer.resolve(document)
    if isinstance(found, EndOfList):  # of "-", which stands for no item yet
        raise JsonPointerException("nothing stands there")
    return found


def _refuse(number: int, operation: dict[str, Any], text: str) -> FhirError:
    return refused(number, operation["op"], Unfit(text))


class _Test(jsonpatch.TestOperation):
    """``test`` that compares decimals by value, and knows true from 1."""

    def apply(self, obj: Any) -> Any:
        if not equal(_found(self.pointer, obj), self.operation["value"]):
            raise jsonpatch.JsonPatchTestFailed
        return obj


class _Copy(jsonpatch.CopyOperation):
    """``copy`` of values that hold a `LosslessDecimal`."""

    def apply(self, obj: Any) -> Any:
        value = json.copy(_found(JsonPointer(self.operation["from"]), obj))
        added = {"op": "add", "path": self.location, "value": value}
        return jsonpatch.AddOperation(added, pointer_cls=self.pointer_cls).apply(obj)


class _Patch(jsonpatch.JsonPatch):
    operations: ClassVar = MappingProxyType(
        {**jsonpatch.JsonPatch.operations, "test": _Test, "copy": _Copy}
    )
