"""References: what they lead to inside the resource and its bundle, and what they say of it.

Source: https://hl7.org/fhir/R4/references.html
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from fhir_server.fhir.reference import type_named
from fhir_server.fhir.suggestions import either
from fhir_server.profiles.r4_rules.walk import CORE, Check, Place, Walk

_PROFILE = f"{CORE}Reference"
_SAYS_WHAT = frozenset({"identifier", "display", "_display", "extension", "_reference"})


def reference_check(
    targets: Sequence[str], stated_by: str, resource_types: Collection[str]
) -> Check:
    """Give the check of a Reference.

    Args:
        targets: the types it may lead to; empty for any. What a literal reference shows of its
            type is looked at with the structure.
        stated_by: canonical of the StructureDefinition that allows these types.
        resource_types: all there are.
    """
    allowed = frozenset() if "Resource" in targets else frozenset(targets)
    must = f"The reference must lead to {either(list(targets))}." if allowed else ""

    def check(value: Mapping[str, Any], place: Place, walk: Walk) -> None:
        reference = value.get("reference")
        if reference is None:
            _check_content(value, place, walk)
        elif reference.__class__ is str and reference[:1] == "#":
            walk.fragments.add(reference)
            _check_fragment(reference, place, walk)
            _check_target(reference, place, walk)
        elif walk.scope.bundle is not None and reference.__class__ is str:
            _check_target(reference, place, walk)
        if "type" in value:
            _check_type(value, reference, place, walk, resource_types)

    def _check_target(reference: str, place: Place, walk: Walk) -> None:
        if not allowed or (reference[:1] != "#" and type_named(reference)):
            return
        scope = walk.scope
        if reference[:1] != "#" and not scope.in_bundle(reference):
            return
        target = scope.target(reference)
        found = target.get("resourceType") if target is not None else None
        if found is not None and found not in allowed:
            walk.report((place, "reference", None), "target", must, profile=stated_by, code="value")

    return check


def leads_elsewhere(value: Mapping[str, Any], walk: Walk) -> bool:
    """Tell whether a reference has nothing that `reference_check` looks at, as nearly all do.

    It names what it leads to by Type/id or a URL, outside bundles, and says nothing of the type.
    """
    reference = value.get("reference")
    return (
        reference.__class__ is str
        and reference[:1] != "#"
        and "type" not in value
        and walk.scope.bundle is None
    )


def _check_content(value: Mapping[str, Any], place: Place, walk: Walk) -> None:
    if _SAYS_WHAT.isdisjoint(value):
        text = "A reference has a reference, an identifier or a display."
        walk.report(place, "ref-2", text, profile=_PROFILE, about=("reference", "identifier"))


def _check_fragment(reference: str, place: Place, walk: Walk) -> None:
    """Rule ref-1. ``#`` alone, which it forgets in R4, leads from a contained resource to the root.

    A contained resource's own references lead to what stands beside it. Parameters contain no
    resources: what they hold speaks of another resource, as a patch of one does.
    """
    root = walk.scope.root
    if root.get("resourceType") == "Parameters" or walk.has_contained(reference[1:]):
        return
    if walk.scope.target(reference) is None:
        text = "No contained resource has this id: SHALL have a contained resource if a local "
        text += "reference is provided (ref-1)."
        walk.report(place, "ref-1", text, profile=_PROFILE, about=("reference",))


def _check_type(
    value: Mapping[str, Any],
    reference: Any,
    place: Place,
    walk: Walk,
    resource_types: Collection[str],
) -> None:
    said = value["type"]
    if said.__class__ is not str or reference.__class__ is not str:
        return
    named = said.removeprefix(CORE)
    target = walk.scope.target(reference) if reference[:1] == "#" else None
    shown = target.get("resourceType") if target is not None else type_named(reference)
    if shown != named and shown in resource_types:
        text = "Reference.type must be the type that the reference leads to."
        walk.report((place, "type", None), "type", text, profile=_PROFILE, code="value")
