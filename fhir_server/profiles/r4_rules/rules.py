"""R4's own rules beyond structure: invariants, bindings, references, extensions, bundles."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from fhir_server.fhir.outcome import Issue
from fhir_server.fhirpath.engine import Engine
from fhir_server.profiles.code_checks import CodeChecks
from fhir_server.profiles.definitions import Definitions
from fhir_server.profiles.plans.profile_checks import ProfileCheck
from fhir_server.profiles.r4_rules.bindings import Bindings
from fhir_server.profiles.r4_rules.bundles import bundle_check
from fhir_server.profiles.r4_rules.contained import check_contained
from fhir_server.profiles.r4_rules.extensions import Extensions
from fhir_server.profiles.r4_rules.invariants import Invariants
from fhir_server.profiles.r4_rules.plans import Plans
from fhir_server.profiles.r4_rules.walk import Walk, visit
from fhir_server.profiles.scope import ConformsTo, Scope, environment_of


class R4Rules:
    """Checks a resource by the rules of its type. Safe to share between threads.

    Args:
        definitions: R4's, and those of extensions.
        engine: for expressions.
        codes: knows the value sets.
        profile_check: gives the check of a definition, for extensions.
        conforms_to: for expressions.
    """

    def __init__(
        self,
        definitions: Definitions,
        engine: Engine,
        codes: CodeChecks,
        profile_check: Callable[[Mapping[str, Any]], ProfileCheck],
        conforms_to: ConformsTo,
    ) -> None:
        extensions = Extensions(definitions, engine, profile_check)
        self._plans = Plans(
            definitions,
            Invariants(definitions, engine),
            Bindings(definitions, codes),
            extensions,
        )
        self._of_bundle = bundle_check(frozenset(definitions.resource_types))
        self._environment = lambda scope: environment_of(scope, codes, conforms_to)

    def issues(
        self,
        resource: Mapping[str, Any],
        root: str,
        scope: Scope,
        blocked: Collection[str] = (),
        *,
        best_practices: bool = False,
    ) -> list[Issue]:
        """Find what is wrong with a resource, not with those inside it; at most 1000 issues.

        Args:
            resource: of a known type. Where its structure is not R4's, what is wrong is left out.
            root: its FHIRPath.
            scope: its surroundings.
            blocked: places where the structure is wrong.
            best_practices: report what R4 only recommends, too.
        """
        walk = Walk(scope, self._environment, blocked, best_practices=best_practices)
        visit(self._plans.of(resource["resourceType"]), resource, root, walk)
        if "contained" in resource:
            check_contained(resource, root, walk)
        if resource["resourceType"] == "Bundle":
            self._of_bundle(resource, root, walk)
        return walk.issues
