"""One resource being checked by one profile: where the check stands, and what it has found.

A place is a chain of steps, written out only where there is something to report.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fhir_server.fhir.outcome import Issue, Severity
from fhir_server.fhirpath.environment import Environment
from fhir_server.profiles.scope import Scope

# The place above, and a step: ".participant", or the number of an item; at the top None and the
# FHIRPath that the check starts from.
Place = tuple[Any, str | int | Callable[[], str]]
Surroundings = Callable[["Run"], Environment]

MAX_ISSUES = 100


class Run:
    """One check: its surroundings and its issues.

    Args:
        scope: what surrounds the value.
        surroundings: makes the environment of FHIRPath, where an invariant is met.
        follow: whether profiles of resources that references lead to are looked at.
        depth: how many profiles have asked for others on the way here.
    """

    __slots__ = (
        "_environment",
        "_said",
        "_surroundings",
        "depth",
        "follow",
        "issues",
        "left",
        "scope",
    )

    def __init__(
        self, scope: Scope, surroundings: Surroundings, *, follow: bool, depth: int = 0
    ) -> None:
        self.scope = scope
        self.follow = follow
        self.depth = depth
        self.issues: list[Issue] = []
        # What only warns must not keep out what refuses.
        self.left: dict[bool, int] = {True: MAX_ISSUES, False: MAX_ISSUES}
        self._surroundings = surroundings
        self._environment: Environment | None = None
        self._said: set[str] = set()

    @property
    def environment(self) -> Environment:
        """The environment of FHIRPath."""
        if self._environment is None:
            self._environment = self._surroundings(self)
        return self._environment

    def within(self, scope: Scope) -> Run:
        """Give the run inside a resource that stands in this one; its issues join these."""
        inner = Run(scope, self._surroundings, follow=self.follow, depth=self.depth)
        inner.issues, inner.left, inner._said = self.issues, self.left, self._said
        return inner

    def first_time(self, key: str) -> bool:
        """Tell whether a thing is met for the first time, for what is said once per resource."""
        if key in self._said:
            return False
        self._said.add(key)
        return True


class Source:
    """The StructureDefinition that states a rule.

    Args:
        definition: a constraint on an Extension gives its rules the code ``extension``.
    """

    __slots__ = ("code", "profile")

    def __init__(self, definition: Mapping[str, Any]) -> None:
        self.profile: str = definition["url"]
        self.code = "extension" if definition.get("type") == "Extension" else "invariant"

    def report(
        self,
        run: Run,
        place: Place,
        rule: str,
        text: str,
        *,
        severity: Severity = "error",
        code: str | None = None,
    ) -> None:
        """Add an issue; no more than 100 errors and 100 others in one run."""
        refuses = severity == "error"
        if run.left[refuses] > 0:
            run.left[refuses] -= 1
            issue = Issue(
                severity,
                code or self.code,
                f"{text} Profile: {self.profile}",
                expression_of(place),
                rule=rule,
                profile=self.profile,
            )
            run.issues.append(issue)

    def unknown(self, run: Run, place: Place, rule: str, text: str) -> None:
        """Warn of what can't be told; once for each text."""
        if run.first_time(f"{self.profile} {rule} {text}"):
            self.report(run, place, rule, text, severity="warning", code="not-supported")


def expression_of(place: Place) -> str:
    """Write a place as FHIRPath."""
    steps: list[str] = []
    here: Any = place
    while here is not None:
        here, step = here
        if isinstance(step, str):
            steps.append(step)
        else:
            steps.append(step() if callable(step) else f"[{step}]")
    return "".join(reversed(steps))


def name_of(place: Place) -> str:
    """Give the last step of a place, such as ``role[0]``; at the top the name of the type."""
    return expression_of(place).rpartition(".")[2]
