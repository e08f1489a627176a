"""Breaks invariants, one function for each key."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.conformance.constraints.snapshots import Json, Place, at

Act = Callable[[Json, Place], None]


def _replaced(value: Any) -> Act:
    def act(resource: Json, place: Place) -> None:
        at(resource, place[:-1])[place[-1]] = value

    return act


def _empty(resource: Json, place: Place) -> None:
    """ele-1: neither a value nor children."""
    value = at(resource, place)
    at(resource, place[:-1])[place[-1]] = {} if isinstance(value, dict) else ""


def _both(resource: Json, place: Place) -> None:
    """ext-1: a value and extensions."""
    value = at(resource, place)
    if "extension" in value:
        value["valueBoolean"] = True
    else:
        value["extension"] = [{"url": "http://example.org/inner", "valueBoolean": True}]


def _contained(inner: Json, *, referred: bool = True) -> Act:
    def act(resource: Json, place: Place) -> None:
        holder = at(resource, place)
        holder.setdefault("contained", []).append({"id": "inside", **inner})
        if referred:
            holder.setdefault("extension", []).append(
                {"url": "http://example.org/to", "valueReference": {"reference": "#inside"}}
            )

    return act


BASIC = {"resourceType": "Basic", "code": {"text": "text"}}
DEEP = {**BASIC, "contained": [{"id": "deeper", **BASIC}]}
DEEP["extension"] = [{"url": "http://example.org/to", "valueReference": {"reference": "#deeper"}}]


def _without_text(resource: Json, place: Place) -> None:
    at(resource, place).pop("text", None)


BREAKERS: dict[str, Act] = {
    "ele-1": _empty,
    "ext-1": _both,
    "dom-2": _contained(DEEP),
    "dom-3": _contained(BASIC, referred=False),
    "dom-4": _contained({**BASIC, "meta": {"versionId": "1"}}),
    "dom-5": _contained({**BASIC, "meta": {"security": [{"code": "R"}]}}),
    "dom-6": _without_text,
}
