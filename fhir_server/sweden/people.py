"""A person of staff, by name."""

from __future__ import annotations

from fhir_server.sweden.elements import Json, items, text


def has_name(practitioner: Json) -> bool:
    """Tell whether a Practitioner is somebody by name (R5, prop. 2009/10:67 p. 61)."""
    for _, name in items(practitioner, "name"):
        given = name.get("given")
        parts = [name.get("text"), name.get("family"), *(given if isinstance(given, list) else [])]
        spelled = any(isinstance(part, str) and part.strip() for part in parts)
        if spelled and name.get("use") != "anonymous":
            return True
    return False


def name_of(person: Json) -> str:
    """Give the name to call a person by: the official one, or the one in use; empty for none."""
    names = [name for _, name in items(person, "name") if name.get("use") not in _NOT_IN_USE]
    names.sort(key=lambda name: name.get("use") not in ("official", "usual"))
    return next((spelled for name in names if (spelled := _spelled(name))), "")


_NOT_IN_USE = ("anonymous", "old", "maiden", "nickname")


def _spelled(name: Json) -> str:
    given = name.get("given")
    parts = given if isinstance(given, list) else []
    words = [part.strip() for part in parts if isinstance(part, str)]
    return text(name, "text") or " ".join(filter(None, [*words, text(name, "family")]))
