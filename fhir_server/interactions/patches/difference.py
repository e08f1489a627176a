"""Tells two versions of a resource apart: as the FHIRPath Patch that makes one of the other.

What the server sets (the id, ``meta.versionId``, ``meta.lastUpdated``) is left out of account.

Source: https://hl7.org/fhir/R4/fhirpatch.html
"""

from __future__ import annotations

from collections.abc import Hashable
from difflib import SequenceMatcher
from typing import Any

from fhir_server.interactions.patches.content import equal, spelled
from fhir_server.interactions.patches.slots import Held, Pair, held
from fhir_server.interactions.patches.values import Part, Values
from fhir_server.profiles.definitions import Definitions, Element

SET_BY_SERVER = ("versionId", "lastUpdated", "_versionId", "_lastUpdated")
# Longer lists are compared item by item: finding what was inserted takes the product of both.
MAX_COMPARED = 1_000_000


def difference(definitions: Definitions, old: dict[str, Any], new: dict[str, Any]) -> list[Part]:
    """Give the operations that turn one resource into another of its type and id.

    Args:
        definitions: what types have which elements.
        old: the one, valid R4.
        new: the other, valid R4.

    Returns:
        Parameters named ``operation``, in the order in which they are to be carried out.
    """
    finder = _Finder(definitions)
    type_ = new["resourceType"]
    finder.compare(type_, type_, _without_server_parts(old), _without_server_parts(new))
    return finder.operations


def _without_server_parts(resource: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in resource.items() if key not in ("id", "_id")}
    meta = resource.get("meta", {})
    # Also where nothing is left: what is stored always has a meta.
    own = {key: value for key, value in meta.items() if key not in SET_BY_SERVER}
    return {**kept, "meta": own}


class _Finder:
    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions
        self._values = Values(definitions)
        self.operations: list[Part] = []

    def compare(self, path: str, type_: str, old: dict[str, Any], new: dict[str, Any]) -> None:
        """Compare two objects of one type that stand at a path."""
        for element in self._definitions.children(type_).values():
            before, after = held(old, element), held(new, element)
            if element.is_array:
                self._compare_lists(path, element, _pairs(before), _pairs(after))
            elif after is None and before is not None:
                self._operation("delete", f"{path}.{element.name}")
            elif after is not None and before is None:
                self._add(path, element, after.property, after.pairs[0])
            elif before is not None and after is not None:
                self._compare_held(f"{path}.{element.name}", element, before, after)

    def _compare_held(self, path: str, element: Element, before: Held, after: Held) -> None:
        if before.property == after.property:
            self._compare_pair(path, element, after.property, before.pairs[0], after.pairs[0])
        else:
            self._replace(path, element, after.property, after.pairs[0])

    def _compare_pair(
        self, path: str, element: Element, property_: str, old: Pair, new: Pair
    ) -> None:
        if equal(list(old), list(new), exact=True):
            return
        type_ = self._inner_type(element, property_, old[0], new[0])
        if type_ is None:
            self._replace(path, element, property_, new)
        else:
            self.compare(path, type_, old[0], new[0])

    def _inner_type(self, element: Element, property_: str, old: Any, new: Any) -> str | None:
        """Give what the definitions know the children by; None where a whole is to be replaced."""
        if not isinstance(old, dict) or not isinstance(new, dict):
            return None
        code = element.properties()[property_].code
        if code == "Resource":
            same = old["resourceType"] == new["resourceType"] and old.get("id") == new.get("id")
            return str(new["resourceType"]) if same else None
        return code if element.is_choice else element.path

    def _compare_lists(self, path: str, element: Element, old: list[Pair], new: list[Pair]) -> None:
        (property_,) = element.properties()  # a list is never a choice
        where, length = f"{path}.{element.name}", len(old)
        for old_from, old_to, new_from, new_to in _changed(old, new):
            shared = min(old_to - old_from, new_to - new_from)
            for offset in range(shared):
                pairs = old[old_from + offset], new[new_from + offset]
                self._compare_pair(f"{where}[{new_from + offset}]", element, property_, *pairs)
            for _ in range(old_from + shared, old_to):
                self._operation("delete", f"{where}[{new_from + shared}]")
                length -= 1
            for index in range(new_from + shared, new_to):
                if index == length:
                    self._add(path, element, property_, new[index])
                else:
                    value = self._values.write("value", element, property_, new[index])
                    at = {"name": "index", "valueInteger": index}
                    self._operation("insert", where, at, value)
                length += 1

    def _add(self, path: str, element: Element, property_: str, pair: Pair) -> None:
        value = self._values.write("value", element, property_, pair)
        self._operation("add", path, {"name": "name", "valueString": element.name}, value)

    def _replace(self, path: str, element: Element, property_: str, pair: Pair) -> None:
        self._operation("replace", path, self._values.write("value", element, property_, pair))

    def _operation(self, type_: str, path: str, *more: Part) -> None:
        named = [{"name": "type", "valueCode": type_}, {"name": "path", "valueString": path}]
        self.operations.append({"name": "operation", "part": [*named, *more]})


def _pairs(content: Held | None) -> list[Pair]:
    return content.pairs if content is not None else []


def _changed(old: list[Pair], new: list[Pair]) -> list[tuple[int, int, int, int]]:
    """Give the ranges of two lists that differ, in order."""
    one, other = ([spelled(list(pair)) for pair in pairs] for pairs in (old, new))
    start = _shared(one, other)
    end = _shared(one[start:][::-1], other[start:][::-1])
    one, other = one[start : len(one) - end], other[start : len(other) - end]
    if len(one) * len(other) > MAX_COMPARED:
        return [(start, start + len(one), start, start + len(other))]
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    return [
        (start + a, start + b, start + c, start + d)
        for kind, a, b, c, d in matcher.get_opcodes()
        if kind != "equal"
    ]


def _shared(one: list[Hashable], other: list[Hashable]) -> int:
    """Tell how many items two lists share at their beginning."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((n for n, (a, b) in pairs if a != b), min(len(one), len(other)))
