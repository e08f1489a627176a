"""Contained resources: each has an id, is referred to, and stands on no feet of its own.

Source: https://hl7.org/fhir/R4/references.html#contained; constraints dom-2 to dom-5 of
DomainResource
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fhir_server.profiles.r4_rules.walk import CORE, Place, Walk

_PROFILE = f"{CORE}DomainResource"


def check_contained(value: Mapping[str, Any], place: Place, walk: Walk) -> None:
    """Check the resources that a resource contains, as parts of it, once it was walked over."""
    contained = value.get("contained")
    if contained.__class__ is not list:
        return
    ids: set[str] = set()
    is_read = False
    for position, inner in enumerate(contained):
        if inner.__class__ is not dict:
            continue
        at = (place, "contained", position)
        _check_independence(inner, at, walk)
        id_ = inner.get("id")
        if id_.__class__ is not str:
            text = "A contained resource needs an id, by which its container refers to it."
            walk.report(at, "contained", text, profile=_PROFILE)
            continue
        if id_ in ids:
            text = "Another contained resource has the same id: each needs an id of its own."
            walk.report((at, "id", None), "contained", text, profile=_PROFILE)
        ids.add(id_)
        if f"#{id_}" in walk.fragments or "#" in _fragments(inner):
            continue
        if not is_read:
            # Seldom: references stand in contained resources, and canonical ones anywhere. Once
            # for all of them, as there may be thousands.
            walk.fragments.update(_fragments(value))
            is_read = True
        if f"#{id_}" not in walk.fragments:
            text = "Nothing refers to this contained resource, and it does not refer to its "
            text += "container: refer to it by # and its id, or leave it out (dom-3)."
            walk.report(at, "dom-3", text, profile=_PROFILE)


def _check_independence(inner: Mapping[str, Any], at: Place, walk: Walk) -> None:
    if "contained" in inner:
        text = "A contained resource contains no others: put them beside it (dom-2)."
        walk.report((at, "contained", None), "dom-2", text, profile=_PROFILE)
    meta = inner.get("meta")
    if not isinstance(meta, dict):
        return
    for name in ("versionId", "lastUpdated"):
        if name in meta or f"_{name}" in meta:
            text = f"A contained resource has no version of its own: leave out {name} (dom-4)."
            walk.report(((at, "meta", None), name, None), "dom-4", text, profile=_PROFILE)
    if "security" in meta:
        text = "A contained resource has the security labels of its container (dom-5)."
        walk.report(((at, "meta", None), "security", None), "dom-5", text, profile=_PROFILE)


def _fragments(value: Any) -> Iterator[str]:
    """Give the references inside a value that stay within the resource."""
    waiting = [value]
    while waiting:
        here = waiting.pop()
        if here.__class__ is dict:
            waiting += here.values()
        elif here.__class__ is list:
            waiting += here
        elif here.__class__ is str and here[:1] == "#":
            yield here
