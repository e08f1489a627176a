"""The checks of profiles: each compiled when it is first asked for, the most recent ones kept.

A plan mirrors the elements of a snapshot that ask more than R4 does. mustSupport, mappings and
examples ask nothing of a resource.

Source: https://hl7.org/fhir/R4/profiling.html
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fhir_server.fhir.outcome import Issue, has_errors
from fhir_server.fhirpath.engine import Engine
from fhir_server.fhirpath.environment import Environment
from fhir_server.profiles.code_checks import CodeChecks
from fhir_server.profiles.definitions import Definitions
from fhir_server.profiles.plans.elements import Elements
from fhir_server.profiles.plans.instruments import Instruments
from fhir_server.profiles.plans.problems import Problems
from fhir_server.profiles.plans.reading import resource_type
from fhir_server.profiles.plans.run import Place, Run, Source
from fhir_server.profiles.plans.values import Check
from fhir_server.profiles.scope import Resource, Scope, environment_of
from fhir_server.profiles.snapshot import tree

# Of about 20 kB each.
KEPT_CHECKS = 512
# Profiles may ask for each other in a circle, through conformsTo() and discriminators.
_DEEPEST = 4
_CORE = "http://hl7.org/fhir/StructureDefinition/"


class ProfileCheck:
    """The check of one profile.

    Args:
        checks: what it asks, for a value of its type.
        begin: makes a run.
        problems: what of it is not enforced.
    """

    __slots__ = ("_begin", "_checks", "problems")

    def __init__(
        self, checks: Sequence[Check], begin: Callable[[Scope], Run], problems: Sequence[Issue]
    ) -> None:
        self._checks = tuple(checks)
        self._begin = begin
        self.problems = tuple(problems)

    def issues(
        self,
        value: Any,
        place: str | Callable[[], str],
        scope: Scope,
        extension: dict[str, Any] | None = None,
    ) -> Sequence[Issue]:
        """Find what is wrong with a value; R4's structure is not looked at again.

        Args:
            value: a resource, an Extension or an instance of a data type.
            place: its FHIRPath, or what gives it where something is wrong.
            scope: what surrounds it.
            extension: what stands in the ``_sibling`` of a primitive.
        """
        if not self._checks:
            return ()
        run = self._begin(scope)
        self.look(value, extension, (None, place), run)
        return list(dict.fromkeys(run.issues)) if len(run.issues) > 1 else run.issues

    def look(self, value: Any, extension: Any, place: Place, run: Run) -> None:
        """Find what is wrong, as a part of a run."""
        for check in self._checks:
            check(value, extension, place, run)


class ProfileChecks:
    """The checks of all profiles. Safe to share between threads.

    At most 512 are kept compiled; those not used for the longest time are compiled again.

    Args:
        definitions: R4's, and the profiles that others name.
        engine: for invariants.
        codes: for bindings.
    """

    def __init__(self, definitions: Definitions, engine: Engine, codes: CodeChecks) -> None:
        self._definitions = definitions
        self._engine = engine
        self._codes = codes
        self._kept: OrderedDict[tuple[str, str | None], ProfileCheck] = OrderedDict()

    def check(self, definition: Mapping[str, Any]) -> ProfileCheck:
        """Give the check of a StructureDefinition with a snapshot."""
        key = (definition["url"], definition.get("version"))
        found = self._kept.get(key)
        if found is None:
            found = self._compile(definition)
            self._kept[key] = found
            while len(self._kept) > KEPT_CHECKS:
                self._kept.popitem(last=False)
        else:
            self._renew(key)
        return found

    def problems(self, definition: Mapping[str, Any]) -> list[Issue]:
        """Find what of a StructureDefinition can't be enforced, before it takes effect.

        Returns:
            Errors for rules that would not be enforced; warnings for what is not known here, such
            as profiles that it names. ``expression`` leads into the StructureDefinition.
        """
        return list(self._compile(definition).problems)

    def is_known(self, url: str) -> bool:
        """Tell whether there is such a profile."""
        return self._is_of_r4(url) or self._named(url) is not None

    def look(self, url: str, value: Any, extension: Any, place: Place, run: Run) -> bool:
        """Check a value as part of a run; False where the profile is not known."""
        definition = self._named(url)
        if definition is None:
            return self._is_of_r4(url)
        self.check(definition).look(value, extension, place, run)
        return True

    def conforms(self, value: Resource, url: str, run: Run) -> bool | None:
        """Tell whether a value conforms to a profile; None where nobody can tell.

        References of the value are not followed. A resource is on its own where it is not in the
        one that is checked.
        """
        definition = self._named(url)
        if definition is None:
            return self._is_of_type(value, _name(url)) if self._is_of_r4(url) else None
        scope = run.scope
        if "resourceType" in value and value is not scope.resource:
            if not self._is_of_type(value, definition["type"]):
                return False
            scope = _scope_of(value, scope)
        if run.depth >= _DEEPEST:
            return None
        inner = Run(scope, self._surroundings, follow=False, depth=run.depth + 1)
        self.check(definition).look(value, None, (None, definition["type"]), inner)
        return not has_errors(inner.issues)

    def _renew(self, key: tuple[str, str | None]) -> None:
        try:
            self._kept.move_to_end(key)
        except KeyError:  # another thread dropped it
            return

    def _compile(self, definition: Mapping[str, Any]) -> ProfileCheck:
        source, problems = Source(definition), Problems(definition)
        with_ = Instruments(self._definitions, self._engine, self._codes, self, source, problems)
        checks = _compiled(definition, with_)
        return ProfileCheck(checks, self._begin, problems.found)

    def _begin(self, scope: Scope) -> Run:
        if scope.resource.get("resourceType") == "Bundle" and scope.bundle is not scope.resource:
            scope = scope.of_bundle()
        return Run(scope, self._surroundings, follow=True)

    def _surroundings(self, run: Run) -> Environment:
        # Another than the one that keeps the environment: each would keep the other, and with them
        # the resource, until the collector looks for cycles.
        asking = Run(run.scope, self._surroundings, follow=run.follow, depth=run.depth)

        def conforms_to(resource: Resource, profile: str) -> bool | None:
            return self.conforms(resource, profile, asking)

        return environment_of(run.scope, self._codes, conforms_to)

    def _named(self, url: str) -> Mapping[str, Any] | None:
        return self._definitions.conformance("StructureDefinition", url)

    def _is_of_r4(self, url: str) -> bool:
        """Tell whether a canonical is that of one of R4's types, which is checked anyway."""
        try:
            self._definitions.children(_name(url))
        except KeyError:
            return False
        return url.startswith(_CORE)

    def _is_of_type(self, value: Resource, name: str) -> bool:
        type_ = resource_type(value)
        if not self._definitions.is_resource_type(type_):
            return True
        return name in self._definitions.lineage(type_)


def _name(url: str) -> str:
    """Give the name of R4's type that a canonical names."""
    return url.partition("|")[0].removeprefix(_CORE)


def _compiled(definition: Mapping[str, Any], with_: Instruments) -> list[Check]:
    text = ""
    if not definition.get("snapshot", {}).get("element"):
        text = "The profile has no snapshot: nothing of it is enforced."
    elif not _is_type(definition.get("type"), with_.definitions):
        text = "The profile is not on a type of R4: nothing of it is enforced."
    if not text:
        try:
            return Elements(with_, tree(definition)).at_the_top()
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            # Packages hold what nobody validated; one that is no StructureDefinition harms none.
            text = f"The snapshot can't be read ({error!r}): nothing of it is enforced."
    with_.problems.add(None, "", text)

    def check(_value: Any, _extension: Any, place: Place, run: Run) -> None:
        with_.source.unknown(run, place, "structure", text)

    return [check]


def _is_type(name: Any, definitions: Definitions) -> bool:
    try:
        definitions.children(str(name))
    except KeyError:
        return False
    return "." not in str(name)


def _scope_of(resource: Resource, scope: Scope) -> Scope:
    """Give the scope of a resource that another leads to: contained in it, or on its own."""
    contained = scope.root.get("contained")
    if isinstance(contained, list) and any(each is resource for each in contained):
        return scope.of_contained(resource)
    return Scope(resource, resource, scope.bundle, None, scope.resolve)
