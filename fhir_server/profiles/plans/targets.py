"""References: the types and profiles they may lead to, and where and how.

A reference that leads nowhere here is no error of the profile: that it leads somewhere is asked
elsewhere.

Source: https://hl7.org/fhir/R4/elementdefinition-definitions.html#ElementDefinition.type.targetProfile,
https://hl7.org/fhir/R4/valueset-resource-aggregation-mode.html,
https://hl7.org/fhir/R4/valueset-reference-version-rules.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fhir_server.fhir.reference import type_named
from fhir_server.fhir.suggestions import either
from fhir_server.profiles.plans.reading import resource_type
from fhir_server.profiles.plans.run import Place, Run, Source
from fhir_server.profiles.plans.values import Check
from fhir_server.profiles.scope import Resource, Scope

# Tells whether a resource conforms to a profile; None where the profile is not known.
Conforms = Callable[[Resource, str, Run], bool | None]


@dataclass(frozen=True, slots=True)
class Target:
    """One of the things that a reference may lead to.

    Args:
        type: of the resource; ``Resource`` for any.
        profile: that it conforms to; None where R4's own definition is named.
    """

    type: str
    profile: str | None = None


def target_check(source: Source, targets: Sequence[Target], conforms: Conforms) -> Check:
    """Ask for a reference to one of some types or profiles."""
    types = tuple(dict.fromkeys(target.type for target in targets))
    plain = frozenset(target.type for target in targets if target.profile is None)
    allowed = None if "Resource" in types else frozenset(types)
    profiles = _Profiles(source, targets, conforms)

    def check(value: Any, _extension: Any, place: Place, run: Run) -> None:
        if not isinstance(value, dict):
            return
        reference = value.get("reference")
        found = _quick_type(reference) or type_of(value, run.scope)
        if found is None or found in plain or "Resource" in plain:
            return
        if allowed is not None and found not in allowed:
            at = ".reference" if isinstance(reference, str) else ".type"
            source.report(run, (place, at), "target", _wrong_type(types))
        elif isinstance(reference, str) and run.follow:
            profiles.look(reference, found, place, run)

    return check


class _Profiles:
    """The profiles that the resource a reference leads to may conform to."""

    __slots__ = ("_conforms", "_source", "_targets")

    def __init__(self, source: Source, targets: Sequence[Target], conforms: Conforms) -> None:
        self._source = source
        self._targets = targets
        self._conforms = conforms

    def look(self, reference: str, type_: str, place: Place, run: Run) -> None:
        urls = [t.profile for t in self._targets if t.profile and t.type in (type_, "Resource")]
        resource = run.scope.target(reference) if urls else None
        if resource is None:
            return
        verdicts = [self._conforms(resource, url, run) for url in urls]
        here = (place, ".reference")
        if any(verdicts):
            return
        if None in verdicts:
            text = f"The profile {urls[verdicts.index(None)]} is not known here; what the "
            self._source.unknown(
                run, here, "target", f"{text}reference leads to was not checked by it."
            )
        else:
            text = f"The {type_} that the reference leads to does not conform to {either(urls)}."
            self._source.report(run, here, "target", text)


def aggregation_check(source: Source, modes: Sequence[str]) -> Check:
    """Ask for references to resources that are contained, bundled or elsewhere."""
    allowed = frozenset(modes)

    def check(value: Any, _extension: Any, place: Place, run: Run) -> None:
        reference = value.get("reference") if isinstance(value, dict) else None
        if isinstance(reference, str) and not _ways(reference, run.scope) & allowed:
            where = either([_WORDS.get(mode, mode) for mode in modes])
            text = f"The reference must lead to a resource that is {where}."
            source.report(run, (place, ".reference"), "target", text)

    return check


_WORDS = {
    "contained": "contained in this one (#id)",
    "bundled": "in the same bundle",
    "referenced": "not contained",
}


def _ways(reference: str, scope: Scope) -> set[str]:
    """Give the ways in which a reference may be meant; a bundled one is not contained either."""
    if reference.startswith("#"):
        return {"contained"}
    bundled = scope.in_bundle(reference)
    return {"referenced"} if bundled is False or scope.bundle is None else {"referenced", "bundled"}


def version_check(source: Source, rule: str) -> Check:
    """Ask for references to a version (``specific``), or to none (``independent``)."""
    with_version = rule == "specific"

    def check(value: Any, _extension: Any, place: Place, run: Run) -> None:
        reference = value.get("reference") if isinstance(value, dict) else None
        if not isinstance(reference, str) or reference.startswith(("#", "urn:")):
            return
        if ("/_history/" in reference) is not with_version:
            text = "name a version (…/_history/1)" if with_version else "not name a version"
            source.report(run, (place, ".reference"), "target", f"The reference must {text}.")

    return check


def type_of(reference: Mapping[str, Any], scope: Scope) -> str | None:
    """Give the type that a Reference leads to; None where it does not show one."""
    literal, named = reference.get("reference"), reference.get("type")
    shown = _shown(literal, scope) if isinstance(literal, str) else None
    return shown or (named if isinstance(named, str) and named[:1].isupper() else None)


def _shown(reference: str, scope: Scope) -> str | None:
    if reference.startswith(("#", "urn:")):
        found = scope.target(reference) if _is_here(reference, scope) else None
        return resource_type(found) or None
    head, question, _ = reference.partition("?")
    if question:
        return head.rpartition("/")[2] or None
    return type_named(reference)


def _is_here(reference: str, scope: Scope) -> bool:
    return reference.startswith("#") or scope.bundle is not None


def _quick_type(reference: Any) -> str | None:
    """Give the type of the most common form, ``Type/id``."""
    if not isinstance(reference, str):
        return None
    type_, slash, id_ = reference.partition("/")
    return type_ if slash and type_.isalpha() and "/" not in id_ and "?" not in id_ else None


def _wrong_type(types: Sequence[str]) -> str:
    return (
        f"The reference must refer to {either(types)}, as Type/id, an absolute URL, urn:uuid:… "
        "within a bundle or #id for a contained resource."
    )
