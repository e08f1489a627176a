"""Which profiles a resource is checked by: those it claims, is asked about, or the server imposes.

Source: https://hl7.org/fhir/R4/profiling.html#resources
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fhir_server.fhir.outcome import Issue, has_errors
from fhir_server.fhirpath.engine import Engine, Expression, FhirPathError
from fhir_server.fhirpath.environment import Environment
from fhir_server.profiles.code_checks import CodeChecks
from fhir_server.profiles.definitions import Definitions
from fhir_server.profiles.imposed import Imposed
from fhir_server.profiles.plans.profile_checks import ProfileChecks
from fhir_server.profiles.scope import Resource, Scope, environment_of

_CORE = "http://hl7.org/fhir/StructureDefinition/"
_MOST_PROBLEMS = 3


class Claims:
    """Checks resources by profiles.

    Args:
        definitions: give the profiles.
        engine: for the conditions of what is imposed.
        codes: for the same.
        checks: the compiled profiles.
        imposed: what the server asks whether it is claimed or not.
    """

    def __init__(
        self,
        definitions: Definitions,
        engine: Engine,
        codes: CodeChecks,
        checks: ProfileChecks,
        imposed: Sequence[Imposed],
    ) -> None:
        self._definitions = definitions
        self._codes = codes
        self._checks = checks
        self._imposed: dict[str, list[tuple[str, Expression | None]]] = {}
        for each in imposed:
            when = engine.compile(each.when, each.resource_type) if each.when else None
            self._imposed.setdefault(each.resource_type, []).append((each.profile, when))

    def issues(
        self, resource: Resource, root: str, scope: Scope, asked: Sequence[str], *, imposes: bool
    ) -> Iterator[Issue]:
        """Find what is wrong with a resource by its profiles, each once.

        Args:
            resource: whose structure is right.
            root: its FHIRPath.
            scope: its surroundings.
            asked: canonicals beside those it claims.
            imposes: whether what the server imposes counts here.
        """
        claimed = _claimed(resource)
        imposed = self._imposed.get(resource["resourceType"]) if imposes else None
        if not claimed and not asked and not imposed:
            return
        canonicals = dict.fromkeys([*asked, *claimed])
        if imposed:
            canonicals |= dict.fromkeys(self._applying(imposed, resource, scope))
        seen: set[tuple[str, Any]] = set()
        for canonical in canonicals:
            definition = self._definitions.conformance("StructureDefinition", canonical)
            if _is_type(canonical, resource):
                continue  # checked anyway
            if definition is None:
                yield _unknown(canonical, root, asked=canonical in asked, claimed=claimed)
                continue
            key = (definition["url"], definition.get("version"))
            if key not in seen:
                seen.add(key)
                yield from self._by(definition, resource, root, scope)

    def conforms(self, resource: Resource, canonical: str) -> bool | None:
        """Tell whether a resource conforms to a profile; None for a profile that is not known."""
        definition = self._definitions.conformance("StructureDefinition", canonical)
        if definition is None:
            return None
        if not self._is_for(definition, resource):
            return False
        scope = Scope(resource, resource)
        found = self._checks.check(definition).issues(resource, definition["type"], scope)
        return not has_errors(found)

    def _by(
        self, definition: Mapping[str, Any], resource: Resource, root: str, scope: Scope
    ) -> Iterator[Issue]:
        url = definition["url"]
        if not self._is_for(definition, resource):
            text = f"The profile {url} is for {definition['type']}."
            at = f"{root}.meta.profile"
            yield Issue("error", "invariant", text, at, rule="profile", profile=url)
            return
        check = self._checks.check(definition)
        for problem in check.problems[:_MOST_PROBLEMS]:
            text = f"The profile {url} is not enforced in full. {problem.text}"
            at = f"{root}.meta.profile"
            yield Issue("warning", "not-supported", text, at, rule="profile", profile=url)
        yield from check.issues(resource, root, scope)

    def _is_for(self, definition: Mapping[str, Any], resource: Resource) -> bool:
        return definition["type"] in self._definitions.lineage(resource["resourceType"])

    def _applying(
        self,
        imposed: Sequence[tuple[str, Expression | None]],
        resource: Resource,
        scope: Scope,
    ) -> Iterator[str]:
        environment: Environment | None = None
        for profile, when in imposed:
            if when is None:
                yield profile
                continue
            environment = environment or environment_of(scope, self._codes, self.conforms)
            try:
                # An empty answer does not apply, though it breaks no invariant.
                applies = when.evaluate(resource, environment) == [True]
            except FhirPathError:
                applies = True
            if applies:
                yield profile


def _claimed(resource: Resource) -> list[str]:
    meta = resource.get("meta")
    urls = meta.get("profile") if isinstance(meta, dict) else None
    return [url for url in urls if isinstance(url, str)] if isinstance(urls, list) else []


def _is_type(canonical: str, resource: Resource) -> bool:
    return canonical.partition("|")[0] == f"{_CORE}{resource['resourceType']}"


def _unknown(canonical: str, root: str, *, asked: bool, claimed: Sequence[str]) -> Issue:
    name = canonical[:200]
    if asked:
        text = f"The profile {name} is not known here: the resource can't be checked by it."
        return Issue("error", "not-supported", text, root, rule="profile", profile=name)
    text = f"The profile {name} is not known here; the resource was not checked by it."
    at = f"{root}.meta.profile" if canonical in claimed else root
    return Issue("warning", "not-supported", text, at, rule="profile", profile=name)
