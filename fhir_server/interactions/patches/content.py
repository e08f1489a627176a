"""JSON content as patches see it: compared, measured and left without empty parts."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from fhir_server.fhir.json import LosslessDecimal, decimal

MAX_DEPTH = 200  # as deep as fhir.json.parse reads


def equal(one: Any, other: Any, *, exact: bool = False) -> bool:
    """Tell whether two parsed documents say the same.

    Args:
        one: a parsed document.
        other: another.
        exact: tell numbers apart by their digits (``1.10`` is not ``1.1``), and not by their
            value as JSON Patch does.
    """
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(
            equal(value, other[key], exact=exact) for key, value in one.items()
        )
    if isinstance(one, list) and isinstance(other, list):
        pairs = zip(one, other, strict=False)
        return len(one) == len(other) and all(equal(a, b, exact=exact) for a, b in pairs)
    if _is_number(one) and _is_number(other):
        return str(one) == str(other) if exact else decimal(one) == decimal(other)
    return type(one) is type(other) and bool(one == other)


def spelled(value: Any) -> Hashable:
    """Give a key that two documents share if they are exactly equal."""
    if isinstance(value, dict):
        return "{", *sorted((key, spelled(item)) for key, item in value.items())
    if isinstance(value, list):
        return "[", *map(spelled, value)
    return "n" if _is_number(value) else type(value).__name__, str(value)


def measure(value: Any) -> tuple[int, int]:
    """Give about how many bytes a document takes as JSON, and how deep it is nested."""
    size = deepest = 0
    waiting = [(value, 1)]
    while waiting:
        item, depth = waiting.pop()
        deepest = max(deepest, depth)
        size += len(item) if isinstance(item, str) else 4
        if isinstance(item, dict):
            size += sum(map(len, item))
            waiting += [(inner, depth + 1) for inner in item.values()]
        elif isinstance(item, list):
            waiting += [(inner, depth + 1) for inner in item]
    return size, deepest


def without_empty(value: Any) -> Any:
    """Copy a document without the empty objects and arrays that removing leaves behind.

    FHIR allows neither (json.html). An item of an array such as ``_given`` holds its place beside
    ``given``, so there an empty object becomes null.
    """
    if isinstance(value, dict):
        kept = {key: _inside(key, item) for key, item in value.items()}
        return {key: item for key, item in kept.items() if not _is_empty(item)}
    if isinstance(value, list):
        return [item for item in map(without_empty, value) if not _is_empty(item)]
    return value


def _inside(key: str, value: Any) -> Any:
    if not isinstance(value, list):
        return without_empty(value)
    if key.startswith("_"):
        items = [None if _is_empty(item) else item for item in map(without_empty, value)]
    else:
        items = without_empty(value)
    return [] if all(item is None for item in items) else items


def _is_empty(value: Any) -> bool:
    return isinstance(value, dict | list) and not value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | LosslessDecimal) and not isinstance(value, bool)
