"""Writes operations of FHIRPath patches briefly."""

from __future__ import annotations

from typing import Any

CARRIED_IN = {"index": "valueInteger", "source": "valueInteger", "destination": "valueInteger"}


def operation(type_: str, path: str, *parts: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Give an operation; a value is given by its property: ``valueDate="1890"``."""
    listed = [{"name": "type", "valueCode": type_}, {"name": "path", "valueString": path}, *parts]
    for name, given in more.items():
        if name.startswith(("value", "_value", "resource", "part")):
            listed.append({"name": "value", name: given})
        else:
            listed.append({"name": name, CARRIED_IN.get(name, "valueString"): given})
    return {"name": "operation", "part": listed}
