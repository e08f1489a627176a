"""Validates resources: R4's structure, the profiles they claim, and further rules.

Source: https://hl7.org/fhir/R4/validation.html. Covered: structure, cardinality, data types,
required bindings, the types of references, narratives, and the structure of profiles.
"""

from __future__ import annotations

from fhir_server.fhir.suggestions import suggestion

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from itertools import islice
from typing import Any

from fhir_server.fhir.outcome import STATUS_BY_CODE, Issue, has_errors
from fhir_server.profiles.checks import (
    Cache,
    Check,
    QuickStructure,
    StructureCheck,
)
from fhir_server.profiles.compiler import Schema, StructureCompiler
from fhir_server.profiles.definitions import Definitions
from fhir_server.profiles.narrative import narrative_issues
from fhir_server.profiles.nested import has_nested, nested
from fhir_server.profiles.profile_compiler import ProfileCompiler

Rule = Callable[[Mapping[str, Any]], Sequence[Issue]]

_MAX_ISSUES = 1000
_REASONS_KEPT = 16
_CORE = "http://hl7.org/fhir/StructureDefinition/"


class Validator:
    """Validates resources against the definitions. Safe to share between threads.

    Args:
        definitions: R4's and the project's own.
        extra_rules: called with each resource whose structure is right; each returns its issues.
    """

    def __init__(self, definitions: Definitions, extra_rules: Sequence[Rule] = ()) -> None:
        self._definitions = definitions
        self._extra_rules = extra_rules
        self._reasons = lru_cache(maxsize=_REASONS_KEPT)(self._structure_check)
        self._profiles = Cache(self._profile_check)

    def validate(self, resource: Mapping[str, Any], *, profiles: Sequence[str] = ()) -> list[Issue]:
        """Find what is wrong with a resource, all at once.

        Args:
            resource: parsed JSON with plain numbers (`fhir.json.plain`): `LosslessDecimal` is
                not understood.
            profiles: canonical urls to validate against beside those in ``meta.profile``.

        Returns:
            Errors first, and among them those of R4's structure (HTTP 400) before others (422);
            then warnings. Empty where all is well. At most 1000, of a bundle too.
        """
        if not isinstance(resource, dict):
            return [Issue("error", "structure", "A resource is a JSON object.")]
        found = self._issues(resource, _root(resource), profiles, contained=False)
        issues = list(islice(found, _MAX_ISSUES))
        if not has_errors(issues):
            for rule in self._extra_rules:
                issues += rule(resource)
        return sorted(issues, key=_order) if len(issues) > 1 else issues

    def with_definitions(self, definitions: Definitions) -> Validator:
        """Give a validator by further definitions; what checks R4's structure is shared."""
        other = copy.copy(self)
        other._definitions = definitions
        other._profiles = Cache(other._profile_check)
        other.__dict__["_quick"] = self._quick
        other.__dict__["_extension_rules"] = self._extension_rules
        return other

    def schema(self, resource_type: str, *, null_items: bool = True) -> Schema:
        """Give the JSON Schema of a resource type, with its ``x-fhir`` notes."""
        return self._compiler(null_items=null_items).compile(resource_type)

    @cached_property
    def _quick(self) -> QuickStructure:
        compiler = self._compiler(null_items=False)
        return QuickStructure(compiler, self._definitions.resource_types)

    def _compiler(self, *, null_items: bool) -> StructureCompiler:
        rules = self._extension_rules
        return StructureCompiler(self._definitions, null_items=null_items, extension_rules=rules)

    @cached_property
    def _extension_rules(self) -> tuple[Schema, Mapping[str, Schema]]:
        return ProfileCompiler(self._definitions).extension_rules()

    def _issues(
        self, resource: Mapping[str, Any], root: str, profiles: Sequence[str], *, contained: bool
    ) -> Iterator[Issue]:
        resource_type = resource.get("resourceType")
        if not isinstance(resource_type, str):
            yield _without_type(root)
            return
        if not self._definitions.is_resource_type(resource_type):
            yield self._unknown_type(resource_type, root)
            return
        structural: list[Issue] = []
        if not self._quick.accepts(resource):
            structural = self._reasons(resource_type).issues(resource, root)
            yield from structural
        if "text" in resource or "section" in resource:
            places = {issue.expression for issue in structural}
            found = narrative_issues(resource, root)
            yield from (issue for issue in found if issue.expression not in places)
        if has_nested(resource):
            yield from self._nested(resource, root, contained=contained)
        claimed = _claimed(resource)
        if claimed or profiles:
            yield from self._against_profiles(resource, root, claimed, profiles)

    def _nested(
        self, resource: Mapping[str, Any], root: str, *, contained: bool
    ) -> Iterator[Issue]:
        if contained and "contained" in resource:
            text = "A contained resource contains no others: put them beside it."
            yield Issue("error", "structure", text, f"{root}.contained")
        for place, inner, is_contained in nested(resource, root):
            yield from self._issues(inner, place, (), contained=is_contained)

    def _against_profiles(
        self,
        resource: Mapping[str, Any],
        root: str,
        claimed: Sequence[str],
        asked: Sequence[str],
    ) -> Iterator[Issue]:
        for url in dict.fromkeys([*asked, *claimed]):
            if url.partition("|")[0] == f"{_CORE}{resource['resourceType']}":
                continue  # checked already
            definition = self._definitions.conformance("StructureDefinition", url)
            if definition is not None and definition["type"] == resource["resourceType"]:
                check = self._profiles[f"{definition['url']}|{definition.get('version', '')}"]
                if not check.is_valid(resource):
                    yield from check.issues(resource, root)
            elif definition is not None:
                text = f"The profile {url} is for {definition['type']}."
                yield Issue("error", "invariant", text, f"{root}.meta.profile")
            else:
                yield _unknown_profile(url, root, asked=url in asked)

    def _unknown_type(self, name: str, root: str) -> Issue:
        hint = suggestion(name, self._definitions.resource_types)
        text = f"'{name[:64]}' is not a resource type of R4.{hint}"
        return Issue("error", "structure", text, root or None)

    def _structure_check(self, resource_type: str) -> StructureCheck:
        return StructureCheck(self._definitions, self.schema(resource_type), resource_type)

    def _profile_check(self, url: str) -> Check:
        definition = self._definitions.conformance("StructureDefinition", url)
        if definition is None:
            raise KeyError(url)
        schema = ProfileCompiler(self._definitions).compile(definition)
        return Check(self._definitions, schema, definition["type"])


def _root(resource: Mapping[str, Any]) -> str:
    """Give the FHIRPath of the resource itself: its type, where that is a plain name."""
    name = resource.get("resourceType")
    return name if isinstance(name, str) and name.isalpha() and len(name) <= 64 else ""


def _without_type(root: str) -> Issue:
    text = 'resourceType is missing: a resource names its type, e.g. "resourceType": "Patient".'
    return Issue("error", "structure", text, root or None)


def _claimed(resource: Mapping[str, Any]) -> list[str]:
    meta = resource.get("meta")
    urls = meta.get("profile") if isinstance(meta, dict) else None
    return [url for url in urls if isinstance(url, str)] if isinstance(urls, list) else []


def _unknown_profile(url: str, root: str, *, asked: bool) -> Issue:
    if asked:
        text = f"The profile {url[:200]} is not known here: the resource can't be checked by it."
        return Issue("error", "not-supported", text, root)
    text = f"The profile {url[:200]} is not known here; the resource was not checked by it."
    return Issue("warning", "not-supported", text, f"{root}.meta.profile")


def _order(issue: Issue) -> tuple[bool, bool]:
    warns = issue.severity not in ("error", "fatal")
    return warns, STATUS_BY_CODE.get(issue.code, 400) != 400
