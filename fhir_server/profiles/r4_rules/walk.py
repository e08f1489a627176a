"""One walk over a resource: it visits what has something to check, and gathers issues.

The plans that guide it are made by `plans`. Places are linked tuples until something is wrong
there: to spell each out would cost more than the checks.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from fhir_server.fhir.outcome import Issue, Severity
from fhir_server.fhirpath.environment import Environment
from fhir_server.profiles.scope import Scope

CORE = "http://hl7.org/fhir/StructureDefinition/"
MAX_ISSUES = 1000

# The root's FHIRPath; or: the place around, the element's name, the position (None for one value).
Place = str | tuple[Any, str, int | None]
Check = Callable[[Mapping[str, Any], Place, "Walk"], None]
# Gets the object around, the value of the property, the place of the object around.
PropertyCheck = Callable[[Mapping[str, Any], Any, Place, "Walk"], None]


class Plan:
    """What is to be checked in the values of one type or element.

    Args:
        own: checks of the value as a whole.
        asked_of: properties without all of which none of these finds anything; None where they
            are asked of every value.
        steps: by JSON property: the element's name, what is checked there, the plan of its values.
        passes: tells of a value that has none of the steps whether `own` finds nothing; None where
            nothing tells it more cheaply than `own`.
        names: properties without all of which there is nothing to check, but for what `passes`
            tells; None where there may be.
    """

    __slots__ = ("asked_of", "names", "own", "passes", "steps")

    def __init__(self) -> None:
        self.own: tuple[Check, ...] = ()
        self.asked_of: frozenset[str] | None = None
        self.steps: dict[str, tuple[str, PropertyCheck | None, Plan | None]] = {}
        self.passes: Callable[[Mapping[str, Any], Walk], bool] | None = None
        self.names: frozenset[str] | None = None

    def finish(self) -> None:
        """Say what values can be passed over, once all steps are there."""
        if self.passes is not None:
            self.names = frozenset(self.steps)
        elif self.asked_of is not None:
            self.names = self.asked_of.union(self.steps)


class Walk:
    """The state of one walk over one resource, not into those inside it.

    It notes the ids of elements, and the references that stay within the resource.

    Args:
        scope: of the resource.
        environment: makes the environment of expressions.
        blocked: places where the structure is wrong: what else is wrong there follows from it.
        best_practices: whether to report what R4 only recommends.
    """

    def __init__(
        self,
        scope: Scope,
        environment: Callable[[Scope], Environment],
        blocked: Collection[str] = (),
        *,
        best_practices: bool = False,
    ) -> None:
        self.scope = scope
        self.issues: list[Issue] = []
        self.ids: set[str] = set()
        self.best_practices = best_practices
        self.fragments: set[str] = set()
        self._environment: Environment | None = None
        self._make_environment = environment
        self._blocked = blocked
        self._counts: dict[str, int] = {}
        self._contained: frozenset[str] | None = None

    def has_contained(self, id_: str) -> bool:
        """Tell whether a resource that the root contains has an id, though it may say no type."""
        if self._contained is None:
            # Looked through once: there may be thousands, each with references to others.
            listed = self.scope.root.get("contained")
            inner = listed if isinstance(listed, list) else ()
            ids = (each.get("id") for each in inner if isinstance(each, dict))
            self._contained = frozenset(id_ for id_ in ids if isinstance(id_, str))
        return id_ in self._contained

    @property
    def environment(self) -> Environment:
        """The environment of expressions, made when the first needs it."""
        if self._environment is None:
            self._environment = self._make_environment(self.scope)
        return self._environment

    def report(
        self,
        place: Place,
        rule: str,
        text: str,
        *,
        profile: str,
        code: str = "invariant",
        severity: Severity = "error",
        about: Collection[str] = (),
    ) -> None:
        """Add an issue, unless it follows from a wrong structure or there are too many.

        Args:
            about: the elements below the place that the rule speaks of.
        """
        if self._is_full(severity):
            return
        expression = spell(place)
        self._add(
            Issue(severity, code, text, expression or None, rule=rule, profile=profile), about
        )

    def include(self, issues: Iterable[Issue]) -> None:
        """Add issues that others found, under the same limits."""
        for issue in issues:
            if not self._is_full(issue.severity):
                self._add(issue, ())

    def _is_full(self, severity: Severity) -> bool:
        # What only warns must not keep out what refuses.
        return self._counts.get(severity, 0) >= MAX_ISSUES

    def _add(self, issue: Issue, about: Collection[str]) -> None:
        if self._blocked and follows(issue.expression or "", about, self._blocked):
            return
        self._counts[issue.severity] = self._counts.get(issue.severity, 0) + 1
        self.issues.append(issue)


def follows(expression: str, about: Collection[str], blocked: Collection[str]) -> bool:
    """Tell whether a problem follows from one of structure, at its place or in what it is about."""
    for wrong in blocked:
        if is_within(expression, wrong):
            return True
        if about and is_within(wrong, expression):
            name = wrong[len(expression) :].lstrip(".").partition(".")[0].partition("[")[0]
            if name in about:
                return True
    return False


def is_within(inner: str, outer: str) -> bool:
    """Tell whether a place is another one or inside it."""
    return inner.startswith(outer) and inner[len(outer) : len(outer) + 1] in ("", ".", "[")


def visit(plan: Plan, value: Mapping[str, Any], place: Place, walk: Walk) -> None:
    """Check a value and what is inside it, by the plan of its type.

    This is where the time goes: most values have nothing to check, and are passed over before
    anything is made for them.
    """
    if plan.own and (plan.asked_of is None or not plan.asked_of.isdisjoint(value)):
        for check in plan.own:
            check(value, place, walk)
    get = plan.steps.get
    for name, item in value.items():
        step = get(name)
        if step is None:
            continue
        element, special, inside = step
        if special is not None:
            special(value, item, place, walk)
        if inside is None:
            continue
        names, passes = inside.names, inside.passes
        if item.__class__ is dict:
            if (
                names is None
                or not names.isdisjoint(item)
                or (passes is not None and not passes(item, walk))
            ):
                visit(inside, item, (place, element, None), walk)
        elif item.__class__ is list:
            for position, each in enumerate(item):
                if each.__class__ is dict and (
                    names is None
                    or not names.isdisjoint(each)
                    or (passes is not None and not passes(each, walk))
                ):
                    visit(inside, each, (place, element, position), walk)


def spell(place: Place) -> str:
    """Write a place as FHIRPath."""
    steps: list[str] = []
    while not isinstance(place, str):
        around, name, position = place
        steps.append(f".{name}" if position is None else f".{name}[{position}]")
        place = around
    steps.append(place)
    return "".join(reversed(steps))


def element_path(place: Place, resource_type: str) -> str:
    """Give the path of the element at a place, as ElementDefinitions have it."""
    names: list[str] = []
    while not isinstance(place, str):
        around, name, _ = place
        names.append(name)
        place = around
    return ".".join([resource_type, *reversed(names)])


def has(value: Mapping[str, Any], name: str) -> bool:
    """Tell whether an element exists: by its value, or for a primitive by extensions alone."""
    return name in value or f"_{name}" in value
