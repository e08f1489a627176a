"""Where a value stands while it is checked: the resource around it, and what it may lead to."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from fhir_server.fhir.ids import ID
from fhir_server.fhirpath.environment import Environment
from fhir_server.profiles.code_checks import CodeChecks, Coded
from fhir_server.profiles.xhtml import problem_of

Resource = Mapping[str, Any]

# Gives the resource that a literal reference leads to; None where it leads nowhere that can be
# read, such as another server.
Resolve = Callable[[str], Resource | None]
ConformsTo = Callable[[Resource, str], bool | None]

_TYPE_AND_ID = rf"[A-Z][A-Za-z]{{1,63}}/{ID}"
_RELATIVE = re.compile(rf"{_TYPE_AND_ID}\Z")
_RESTFUL = re.compile(rf"(?P<root>https?://.+/){_TYPE_AND_ID}\Z")
_VERSION = re.compile(rf"/_history/(?P<version>{ID})\Z")


def nowhere(_reference: str) -> Resource | None:
    """Resolve nothing: for checks without a store."""
    return None


def _unknown(_resource: Resource, _profile: str) -> bool | None:
    return None


@dataclass(frozen=True, slots=True)
class Scope:
    """The surroundings of what is checked.

    Args:
        resource: the resource the value stands in: FHIRPath's ``%resource``.
        root: the resource that contains it, for a contained one; else the same:
            ``%rootResource``.
        bundle: the Bundle around it; None outside bundles.
        full_url: of the bundle's entry.
        resolve: for what is neither contained nor in the bundle.
    """

    resource: Resource
    root: Resource
    bundle: Resource | None = None
    full_url: str | None = None
    resolve: Resolve = nowhere
    # Made when first needed, and shared by the scopes of one root and of one bundle.
    _contained: dict[str, Resource] = field(default_factory=dict, repr=False, compare=False)
    _entries: dict[str, list[Resource]] = field(default_factory=dict, repr=False, compare=False)

    def of_contained(self, resource: Resource) -> Scope:
        """Give the scope of a resource that the root contains."""
        return replace(self, resource=resource)

    def of_entry(self, resource: Resource, full_url: str | None) -> Scope:
        """Give the scope of an entry's resource, where this one is the Bundle's."""
        bundle = self.resource
        entries = self._entries if self.bundle is bundle else {}
        return Scope(resource, resource, bundle, full_url, self.resolve, {}, entries)

    def of_bundle(self) -> Scope:
        """Give the scope of a Bundle itself, which its entries' scopes are made from."""
        return replace(self, bundle=self.resource, full_url=None, _entries={})

    def instead(self, resource: Resource, other: Resource) -> Scope:
        """Give the same scope around a copy of its resource."""
        root = other if self.root is resource else self.root
        bundle = other if self.bundle is resource else self.bundle
        return replace(self, resource=other, root=root, bundle=bundle)

    def target(self, reference: str) -> Resource | None:
        """Give the resource that a literal reference leads to; None where nobody here can tell.

        Source: https://hl7.org/fhir/R4/references.html#contained,
        https://hl7.org/fhir/R4/bundle.html#references
        """
        if reference.startswith("#"):
            return self.root if reference == "#" else self._in_root(reference[1:])
        if self.bundle is not None:
            found = self._in_bundle(reference)
            if found is not None:
                return found
        return self.resolve(reference)

    def in_bundle(self, reference: str) -> bool | None:
        """Tell whether a reference leads to an entry of the bundle; None where it can't be told."""
        if self.bundle is None or self._absolute(reference) is None:
            return None
        return self._in_bundle(reference) is not None

    def _in_root(self, id_: str) -> Resource | None:
        if not self._contained:
            for inner in _objects(self.root.get("contained")):
                if isinstance(inner.get("id"), str) and _has_type(inner):
                    self._contained.setdefault(inner["id"], inner)
        return self._contained.get(id_)

    def _in_bundle(self, reference: str) -> Resource | None:
        absolute = self._absolute(reference)
        if absolute is None:
            return None
        match = _VERSION.search(absolute)
        named = absolute[: match.start()] if match else absolute.partition("#")[0]
        found = self._by_full_url().get(named, [])
        if match:
            found = [each for each in found if _version_of(each) == match["version"]]
        return found[0] if found else None

    def _absolute(self, reference: str) -> str | None:
        """Give a reference as a fullUrl may spell it: a relative one below the entry's own root."""
        if not _RELATIVE.match(_VERSION.sub("", reference)):
            return reference
        match = _RESTFUL.match(self.full_url or "")
        return f"{match['root']}{reference}" if match else None

    def _by_full_url(self) -> Mapping[str, list[Resource]]:
        if not self._entries and self.bundle is not None:
            for entry in _objects(self.bundle.get("entry")):
                url, resource = entry.get("fullUrl"), entry.get("resource")
                if isinstance(url, str) and isinstance(resource, dict) and _has_type(resource):
                    self._entries.setdefault(url, []).append(resource)
        return self._entries


def environment_of(
    scope: Scope,
    codes: CodeChecks,
    conforms_to: ConformsTo = _unknown,
    variables: Mapping[str, Any] | None = None,
) -> Environment:
    """Give what an expression may ask for where it is evaluated in a scope.

    Args:
        scope: where.
        codes: answers ``memberOf``.
        conforms_to: answers ``conformsTo``.
        variables: further ``%names``.
    """
    return Environment(
        resource=scope.resource,
        root=scope.root,
        resolve=scope.target,
        member_of=lambda value_set, value: _member_of(codes, value_set, value),
        conforms_to=conforms_to,
        html_is_safe=is_safe_html,
        variables=variables or {},
    )


def is_safe_html(div: str) -> bool:
    """Tell whether a narrative's XHTML holds only what R4 allows (txt-1, txt-2)."""
    return problem_of(div) is None


def _member_of(codes: CodeChecks, value_set: str, value: Any) -> bool | None:
    """Tell whether a code, Coding or CodeableConcept has a code of a value set."""
    coded = list(_coded(value))
    verdicts = [codes.in_value_set(value_set, each).holds for each in coded]
    if any(verdicts):
        return True
    return None if None in verdicts else False


def _coded(value: Any) -> Iterator[Coded]:
    if isinstance(value, str):
        yield Coded(value)
        return
    if not isinstance(value, dict):
        return
    for coding in _objects(value.get("coding")) if "coding" in value else (value,):
        if isinstance(coding.get("code"), str):
            yield Coded(coding["code"], coding.get("system"), coding.get("version"))


def _objects(values: Any) -> Iterator[dict[str, Any]]:
    if isinstance(values, list):
        yield from (value for value in values if isinstance(value, dict))


def _has_type(resource: Mapping[str, Any]) -> bool:
    """Tell whether something in a resource that may be wrong is a resource at all."""
    return isinstance(resource.get("resourceType"), str)


def _version_of(resource: Resource) -> str | None:
    meta = resource.get("meta")
    version = meta.get("versionId") if isinstance(meta, dict) else None
    return version if isinstance(version, str) else None
