"""Validates resources: R4's structure, R4's rules, the profiles that hold, and further rules.

Source: https://hl7.org/fhir/R4/validation.html
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fhir_server.fhir.outcome import STATUS_BY_CODE, Issue
from fhir_server.fhir.suggestions import suggestion
from fhir_server.fhirpath.engine import Engine
from fhir_server.profiles.claims import Claims
from fhir_server.profiles.code_checks import CodeChecks
from fhir_server.profiles.compiler import Schema
from fhir_server.profiles.definitions import Definitions
from fhir_server.profiles.imposed import Imposed
from fhir_server.profiles.narrative import narrative_issues
from fhir_server.profiles.nested import Nested, has_nested, nested
from fhir_server.profiles.plans.profile_checks import ProfileChecks
from fhir_server.profiles.pruning import pruned
from fhir_server.profiles.r4_rules.rules import R4Rules
from fhir_server.profiles.r4_rules.walk import follows, is_within
from fhir_server.profiles.scope import Resolve, Resource, Scope, nowhere
from fhir_server.profiles.structures import Structures

Rule = Callable[[Mapping[str, Any]], Sequence[Issue]]

_MAX_ISSUES = 1000
_SEVERITIES = ("fatal", "error", "warning", "information")
_REQUESTS = ("transaction", "batch")
_OF_SLICES = ("slice-min", "slice-max", "closed", "order")


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is asked of one resource.

    Args:
        profiles: canonicals beside those it claims.
        imposes: whether what the server imposes counts.
        best_practices: whether to report what R4 only recommends.
    """

    profiles: Sequence[str] = ()
    imposes: bool = False
    best_practices: bool = False


class Validator:
    """Validates resources against the definitions. Safe to share between threads.

    Args:
        definitions: R4's, the project's own, and those that are stored.
        codes: answers about codes.
        extra_rules: called with each resource as far as its structure is right; each returns its
            issues.
        imposed: profiles that hold whether a resource claims them or not.
    """

    def __init__(
        self,
        definitions: Definitions,
        codes: CodeChecks,
        *,
        extra_rules: Sequence[Rule] = (),
        imposed: Sequence[Imposed] = (),
    ) -> None:
        self._extra_rules = extra_rules
        self._imposed = imposed
        self._structures = Structures(definitions)
        self._engine = Engine(definitions)
        self._use(definitions, codes)

    def with_definitions(self, definitions: Definitions, codes: CodeChecks) -> Validator:
        """Give the same validator with other profiles and codes; the structure of R4 is shared."""
        other = copy.copy(self)
        other._use(definitions, codes)
        return other

    def _use(self, definitions: Definitions, known: CodeChecks) -> None:
        checks = ProfileChecks(definitions, self._engine, known)
        self._definitions = definitions
        self._claims = Claims(definitions, self._engine, known, checks, self._imposed)
        self._rules = R4Rules(definitions, self._engine, known, checks.check, self._claims.conforms)

    def validate(
        self,
        resource: Any,
        *,
        profiles: Sequence[str] = (),
        resolve: Resolve = nowhere,
        best_practices: bool = False,
    ) -> list[Issue]:
        """Find what is wrong with a resource, all at once.

        Args:
            resource: parsed JSON with plain numbers (`fhir.json.plain`): `LosslessDecimal` is
                not understood.
            profiles: canonical urls to validate against beside those in ``meta.profile``.
            resolve: gives what references lead to outside the resource.
            best_practices: report what R4 only recommends, too (dom-6).

        Returns:
            Errors first, and among them those of R4's structure (HTTP 400) before others (422);
            then warnings, then information. Empty where all is well. At most 1000, of a bundle
            too.
        """
        if not isinstance(resource, dict):
            text = "A resource is a JSON object."
            return [Issue("error", "structure", text, rule="structure")]
        asked = _Asked(profiles, imposes=True, best_practices=best_practices)
        scope = Scope(resource, resource, resolve=resolve)
        issues = _at_most(self._issues(resource, _root(resource), scope, asked))
        if self._extra_rules:
            issues += self._further(resource, issues)
        return sorted(issues, key=_order) if len(issues) > 1 else issues

    def prepare(self, resource_types: Iterable[str]) -> None:
        """Compile the structure of some types now, for processes forked from this one to share."""
        self._structures.prepare(resource_types)

    def schema(self, resource_type: str, *, null_items: bool = True) -> Schema:
        """Give the JSON Schema of a resource type, with its ``x-fhir`` notes."""
        return self._structures.schema(resource_type, null_items=null_items)

    def _further(self, resource: Resource, issues: Sequence[Issue]) -> list[Issue]:
        """Ask the extra rules, and leave out what they say of wrong parts."""
        if not self._definitions.is_resource_type(str(resource.get("resourceType"))):
            return []
        wrong = [i.expression or "" for i in issues if _is_structural(i)]
        if "" in wrong:
            return []
        found = [issue for rule in self._extra_rules for issue in rule(resource)]
        if not wrong:
            return found
        return [issue for issue in found if not follows(issue.expression or "", (), wrong)]

    def _issues(
        self, resource: Mapping[str, Any], root: str, scope: Scope, asked: _Asked
    ) -> Iterator[Issue]:
        resource_type = resource.get("resourceType")
        if not isinstance(resource_type, str):
            yield _without_type(root)
            return
        if not self._definitions.is_resource_type(resource_type):
            yield self._unknown_type(resource_type, root)
            return
        if resource_type == "Bundle":
            scope = scope.of_bundle()
        structure = self._structures.explain(resource, root)
        yield from structure.issues
        blocked = [issue.expression or "" for issue in structure.issues]
        if "text" in resource or "section" in resource:
            narratives = narrative_issues(resource, root)
            yield from (issue for issue in narratives if issue.expression not in blocked)
        if not structure.issues:
            yield from self._beyond(resource, root, scope, asked)
        elif structure.complete:
            yield from self._beyond_wrong(resource, root, scope, asked, structure.wrong, blocked)
        if has_nested(resource):
            yield from self._nested(resource, root, scope, asked)

    def _beyond(
        self, resource: Resource, root: str, scope: Scope, asked: _Asked
    ) -> Iterator[Issue]:
        """Check what is beyond the structure of R4."""
        yield from self._rules.issues(resource, root, scope, best_practices=asked.best_practices)
        yield from self._claims.issues(resource, root, scope, asked.profiles, imposes=asked.imposes)

    def _beyond_wrong(
        self,
        resource: Resource,
        root: str,
        scope: Scope,
        asked: _Asked,
        wrong: Sequence[Sequence[str | int]],
        blocked: Sequence[str],
    ) -> Iterator[Issue]:
        """Check the same in what is left of a resource without its wrong parts."""
        rest = pruned(resource, wrong)
        inside = scope.instead(resource, rest)
        yield from self._rules.issues(
            rest, root, inside, blocked, best_practices=asked.best_practices
        )
        for issue in self._claims.issues(rest, root, inside, asked.profiles, imposes=asked.imposes):
            place = issue.expression or ""
            after = issue.rule in _OF_SLICES and any(is_within(b, place) for b in blocked)
            if not after and not follows(place, (), blocked):
                yield issue

    def _nested(
        self, resource: Mapping[str, Any], root: str, scope: Scope, asked: _Asked
    ) -> Iterator[Issue]:
        requests = resource.get("type") in _REQUESTS
        for each in nested(resource, root):
            inner = _Asked(
                imposes=each.entry is not None and requests,
                best_practices=asked.best_practices,
            )
            yield from self._issues(each.resource, each.place, _scope_of(each, scope), inner)

    def _unknown_type(self, name: str, root: str) -> Issue:
        hint = suggestion(name, self._definitions.resource_types)
        text = f"'{name[:64]}' is not a resource type of R4.{hint}"
        return Issue("error", "structure", text, root or None, rule="unknown")


def _at_most(found: Iterator[Issue]) -> list[Issue]:
    """Take a thousand issues; what only warns must not keep out what refuses."""
    errors: list[Issue] = []
    others: list[Issue] = []
    for issue in found:
        if issue.severity == "error":
            errors.append(issue)
            if len(errors) == _MAX_ISSUES:
                return errors
        elif len(others) < _MAX_ISSUES:
            others.append(issue)
    return [*errors, *others[: _MAX_ISSUES - len(errors)]] if others else errors


def _scope_of(each: Nested, around: Scope) -> Scope:
    if each.contained:
        return around.of_contained(each.resource)
    if each.entry is None:
        return Scope(each.resource, each.resource, resolve=around.resolve)
    url = each.entry.get("fullUrl")
    return around.of_entry(each.resource, url if isinstance(url, str) else None)


def _root(resource: Mapping[str, Any]) -> str:
    """Give the FHIRPath of the resource itself: its type, where that is a plain name."""
    name = resource.get("resourceType")
    return name if isinstance(name, str) and name.isalpha() and len(name) <= 64 else ""


def _without_type(root: str) -> Issue:
    text = 'resourceType is missing: a resource names its type, e.g. "resourceType": "Patient".'
    return Issue("error", "structure", text, root or None, rule="structure")


def _is_structural(issue: Issue) -> bool:
    return issue.severity == "error" and STATUS_BY_CODE.get(issue.code, 400) == 400


def _order(issue: Issue) -> tuple[int, bool]:
    severity = _SEVERITIES.index(issue.severity)
    return severity, STATUS_BY_CODE.get(issue.code, 400) != 400
