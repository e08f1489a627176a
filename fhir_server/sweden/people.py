"""Whether a person of staff is somebody by name."""

from __future__ import annotations

from fhir_server.sweden.elements import Json, items


def has_name(practitioner: Json) -> bool:
    """Tell whether a Practitioner is somebody by name (R5, prop. 2009/10:67 p. 61)."""
    for _, name in items(practitioner, "name"):
        given = name.get("given")
        parts = [name.get("text"), name.get("family"), *(given if isinstance(given, list) else [])]
        spelled = any(isinstance(part, str) and part.strip() for part in parts)
        if spelled and name.get("use") != "anonymous":
            return True
    return False
