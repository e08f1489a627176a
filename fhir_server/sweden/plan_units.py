"""A SIP taken apart into the units that region and municipality change each for themselves.

Two servers that hold the same plan change different parts of it at the same time. What is compared
and merged is therefore not the plan but its units: each activity by its ``Element.id`` (R76, R93),
each extension, each element, each reference of a list that is a set. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from fhir_server.sweden import codes
from fhir_server.sweden.elements import Json, items, text

# Lists whose order says nothing: what one server adds does not contradict what the other adds.
_SETS = ("goal", "supportingInfo", "careTeam", "contributor", "addresses", "partOf", "replaces")
# The server's own, and the narrative, which is made from the rest.
_NOT_EXCHANGED = ("resourceType", "id", "text")
_KEPT_OF_META = ("profile", "security", "tag")
# What a resource is on every server that has it, as an address or a UUID (R4: identifier-registry).
MARK_SYSTEM = "urn:ietf:rfc:3986"

Units = dict[str, Any]


def units(plan: Json, identity: Callable[[str], str]) -> Units:
    """Take a plan apart.

    Args:
        plan: a CarePlan whose activities all have an ``id``; see `without_id`.
        identity: gives what the target of a literal reference is called on every server.

    Returns:
        What each unit says, by a name that is the same on every server: ``activity:[id]``,
        ``extension:[url]``, ``goal:[identity]`` and others alike, ``element:[name]``.
    """
    found: Units = {}
    for name, value in plan.items():
        if name in _NOT_EXCHANGED:
            continue
        if name == "activity":
            told = (each for _, each in items(plan, name) if text(each, "id"))
            found |= {f"activity:{text(each, 'id')}": each for each in told}
        elif name == "extension":
            for url, each in _by_url(value):
                found.setdefault(f"extension:{url}", []).append(each)
        elif name in _SETS and isinstance(value, list):
            found |= {f"{name}:{_named(each, identity)}": each for each in value}
        elif (kept := _exchanged(name, value)) not in (None, [], {}):
            found[f"element:{name}"] = kept
    return found


def joined(parts: Mapping[str, Any]) -> dict[str, Any]:
    """Put a plan together from its units, in their order."""
    plan: dict[str, Any] = {"resourceType": "CarePlan"}
    for name, value in parts.items():
        kind, _, rest = name.partition(":")
        if kind == "element":
            plan[rest] = value
        elif kind == "extension":
            plan.setdefault(kind, []).extend(value)
        else:
            plan.setdefault(kind, []).append(value)
    return plan


def whole(resource: Json) -> dict[str, Any]:
    """Give what a Goal, a Consent or an Appointment says, which is one unit."""
    kept = {
        name: _exchanged(name, value)
        for name, value in resource.items()
        if name not in _NOT_EXCHANGED
    }
    return {name: value for name, value in kept.items() if value not in (None, [], {})}


def without_id(plan: Json) -> list[int]:
    """Give the positions of activities that can't be told on another server, or stand twice."""
    seen: set[str] = set()
    wrong = []
    for index, activity in items(plan, "activity"):
        name = text(activity, "id")
        if not name or name in seen:
            wrong.append(index)
        seen.add(name)
    return wrong


def mark(resource: Json) -> str:
    """Give what a resource is called on every server, where it says so; else nothing."""
    for _, identifier in items(resource, "identifier"):
        if identifier.get("system") == MARK_SYSTEM and text(identifier, "value"):
            return text(identifier, "value")
    return ""


def overlaid(mine: Any, partial: Any) -> Any:
    """Give a unit with what somebody changed in it who sees only a part of it."""
    if isinstance(mine, Mapping) and isinstance(partial, Mapping):
        kept = {name: value for name, value in mine.items() if name not in partial}
        return kept | {n: overlaid(mine.get(n), value) for n, value in partial.items()}
    return partial


def _named(reference: Any, identity: Callable[[str], str]) -> str:
    literal = text(reference, "reference") if isinstance(reference, Mapping) else ""
    return identity(literal) if literal else str(reference)


def _by_url(extensions: Any) -> Iterator[tuple[str, Json]]:
    for each in extensions if isinstance(extensions, Iterable) else ():
        yield text(each, "url"), each


def _exchanged(name: str, value: Any) -> Any:
    if name == "meta":
        kept = {key: value[key] for key in _KEPT_OF_META if value.get(key)}
        kept["tag"] = [each for each in kept.get("tag", []) if each != codes.SUBSETTED]
        return {key: each for key, each in kept.items() if each}
    if name == "identifier":
        return [each for each in value if each.get("system") != MARK_SYSTEM]
    return value
