"""Leaves out of a resource what has not the structure of R4, so that the rest can be checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fhir_server.profiles.expressions import Path


def pruned(resource: Mapping[str, Any], wrong: Sequence[Path]) -> dict[str, Any]:
    """Give a resource without the values at some places; positions in arrays stay as they are.

    An item of an array becomes an empty object, or null among primitives; an array without
    others goes.

    Args:
        resource: it is not changed.
        wrong: property names and array positions that lead to the values.
    """
    kept = dict(resource)
    # From the end: what is inside of something wrong is gone with it.
    for path in sorted(map(tuple, wrong), key=len, reverse=True):
        _remove(kept, path)
    return kept


def _remove(root: dict[str, Any], path: Path) -> None:
    here: Any = root
    around: list[tuple[Any, str | int]] = []
    for step in path[:-1]:
        inner = _child(here, step)
        if not isinstance(inner, dict | list):
            return
        here[step] = inner = inner.copy()
        around.append((here, step))
        here = inner
    _drop(here, path[-1])
    if isinstance(here, list) and not any(here) and around:
        _drop(*around[-1])


def _child(value: Any, step: str | int) -> Any:
    if isinstance(value, dict) and isinstance(step, str):
        return value.get(step)
    if isinstance(value, list) and isinstance(step, int) and step < len(value):
        return value[step]
    return None


def _drop(holder: Any, step: str | int) -> None:
    if isinstance(holder, dict) and isinstance(step, str):
        holder.pop(step, None)
        # What stands beside a primitive says nothing without it.
        holder.pop(f"_{step}", None)
    elif isinstance(holder, list) and isinstance(step, int) and step < len(holder):
        objects = any(isinstance(item, dict) for item in holder)
        holder[step] = {} if objects else None
