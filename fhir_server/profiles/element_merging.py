"""Lays one element of a differential over the element that it constrains.

Source: https://hl7.org/fhir/R4/elementdefinition.html#interpretation,
https://hl7.org/fhir/R4/profiling.html#resources
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from fhir_server.profiles.core_snapshots import SYSTEM
from fhir_server.profiles.element_tree import ElementDefinition

# What is said besides what was said before, with what tells two of the same apart.
_ADDED = {"condition": "", "alias": "", "code": "code", "mapping": "identity", "example": "label"}
_STRENGTHS = ("example", "preferred", "extensible", "required")
# A type that every other is: an element of this type may be constrained to any.
_ANY = ("Resource", "DomainResource", "Element", "BackboneElement")

IsA = Callable[[str, str], bool]


def merged(base: ElementDefinition, changes: ElementDefinition, profile: str) -> dict[str, Any]:
    """Give the element with what the differential says about it.

    Args:
        base: the element as it is inherited.
        changes: the element of the differential.
        profile: canonical of the StructureDefinition; the source of the constraints it adds.
    """
    kept = dict(base)
    if _value_key(changes, "fixed") or _value_key(changes, "pattern"):
        for prefix in ("fixed", "pattern"):
            kept.pop(_value_key(base, prefix) or "", None)
    own = {key: value for key, value in changes.items() if key not in ("id", "path")}
    result = {**kept, **own}
    for key, identity in _ADDED.items():
        if key in base and key in own:
            result[key] = _joined(base[key], own[key], identity)
    if "constraint" in own:
        result["constraint"] = _constraints(base.get("constraint", ()), own["constraint"], profile)
    for key in ("binding", "slicing"):
        if key in base and key in own:
            result[key] = {**base[key], **own[key]}
    if "type" in own:
        result["type"] = _types(base.get("type", ()), own["type"])
        result.pop("contentReference", None)
    for key in ("definition", "comment", "requirements"):
        if str(own.get(key, "")).startswith("..."):
            result[key] = f"{base.get(key, '')}\n{own[key][3:].lstrip()}"
    return result


def problems(base: ElementDefinition, changes: ElementDefinition, is_a: IsA) -> Iterator[str]:
    """Say where the differential allows what the element it constrains does not.

    Args:
        base: the element as it is inherited.
        changes: the element of the differential.
        is_a: tells whether a type is another, or derived from it.
    """
    yield from _cardinality(base, changes)
    yield from _type_problems(base.get("type", ()), changes.get("type", ()), is_a)
    yield from _binding_problems(base.get("binding", {}), changes.get("binding", {}))


def limit(value: Any) -> float:
    """Read ``max``; ``*`` is without end."""
    return float("inf") if value in (None, "*") else int(value)


def _cardinality(base: ElementDefinition, changes: ElementDefinition) -> Iterator[str]:
    least, most = changes.get("min"), changes.get("max")
    is_slice = "sliceName" in changes and "sliceName" not in base
    if least is not None and not is_slice and int(least) < int(base.get("min", 0)):
        yield f"min {least} is less than the {base['min']} of what it constrains"
    if most is not None and limit(most) > limit(base.get("max")):
        yield f"max {most} is more than the {base['max']} of what it constrains"
    both = {**base, **changes}
    if limit(both.get("max")) < int(both.get("min", 0)) and not is_slice and least is not None:
        yield f"max {both['max']} is less than min {both['min']}"


def _type_problems(
    base: Sequence[Mapping[str, Any]], own: Sequence[Mapping[str, Any]], is_a: IsA
) -> Iterator[str]:
    allowed = [str(each.get("code", "")) for each in base]
    if not allowed:
        return
    for type_ in own:
        code = str(type_.get("code", ""))
        if code not in allowed and not any(_may_be(code, each, is_a) for each in allowed):
            yield f"the type {code} is none of {', '.join(_short(each) for each in allowed)}"


def _may_be(code: str, allowed: str, is_a: IsA) -> bool:
    if allowed.startswith(SYSTEM):
        return code[:1].islower() or code.startswith(SYSTEM)
    return allowed in _ANY and is_a(code, allowed)


def _short(code: str) -> str:
    return code.removeprefix(SYSTEM)


def _binding_problems(base: Mapping[str, Any], own: Mapping[str, Any]) -> Iterator[str]:
    before, after = base.get("strength"), own.get("strength")
    if before not in _STRENGTHS or after not in _STRENGTHS:
        return
    if before == "required" and after != "required":
        yield f"the binding is required: it can't become {after}"


def _types(
    base: Sequence[Mapping[str, Any]], own: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Give the types that are left; what one does not say of its targets stays as it was."""
    before = {each.get("code"): each for each in base}
    result = []
    for type_ in own:
        inherited = before.get(type_.get("code"), {})
        kept = ("extension", "targetProfile", "profile", "aggregation", "versioning")
        result.append({**{k: inherited[k] for k in kept if k in inherited}, **type_})
    return result


def _constraints(
    base: Sequence[Mapping[str, Any]], own: Sequence[Mapping[str, Any]], profile: str
) -> list[Mapping[str, Any]]:
    replaced = {each.get("key") for each in own}
    kept = [each for each in base if each.get("key") not in replaced]
    return [*kept, *({"source": profile, **each} for each in own)]


def _joined(base: Sequence[Any], own: Sequence[Any], identity: str) -> list[Any]:
    def name(each: Any) -> Any:
        return each.get(identity) if identity and isinstance(each, dict) else each

    replaced = [name(each) for each in own]
    return [*(each for each in base if name(each) not in replaced), *own]


def _value_key(element: ElementDefinition, prefix: str) -> str | None:
    for key in element:
        if key.startswith(prefix) and key[len(prefix) :][:1].isupper():
            return key
    return None
