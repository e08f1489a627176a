"""The names of search parameters, which may lead over references to other resources.

    name                        of the resource itself
    subject:Patient.name        of what it refers to
    _has:Observation:patient:code   of what refers to it

What stands at the end of such a path is read by whoever asks, for each type it may lead to.

Source: https://hl7.org/fhir/R4/search.html#chaining, #has
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from fhir_server.fhir.outcome import FhirError, Issue
from fhir_server.profiles.definitions import Definitions
from fhir_server.search.draft import Joins, hint, listed, refused
from fhir_server.search.parameters import Parameter, Parameters
from fhir_server.search.query import (
    And,
    Chained,
    Criterion,
    HasToken,
    Not,
    Or,
    ReferredBy,
    either,
    every,
)

HAS = "_has"

# Reads the end of a path: the parameter's code with its modifier, for one type.
End = Callable[[str, str], Criterion]
# What else must hold of a resource of one type that a path leads to.
Condition = Callable[[str], Criterion]


class NotThere(FhirError):
    """A path that does not exist for a type, though it may for another."""

    def __init__(self, text: str, code: str = "not-supported") -> None:
        super().__init__(Issue("error", code, text), status=400)


@dataclass(frozen=True, slots=True)
class Path:
    """A parameter's name, and what to do at its end.

    Args:
        name: as in the URL.
        end: reads the value for one type.
        codes: the parameters that ``end`` knows beside those of the definitions.
        joins: counts the references.
        conditions: for each reference on the way; shorter, if there are none from there on.
    """

    name: str
    end: End
    codes: tuple[str, ...]
    joins: Joins
    conditions: tuple[Condition | None, ...] = ()

    def after(self, name: str) -> Path:
        """Give the rest of the path."""
        return replace(self, name=name, conditions=self.conditions[1:])


class Chains:
    """Follows the paths in parameter names.

    Args:
        definitions: tell the resource types.
        parameters: the parameters of each type.
    """

    def __init__(self, definitions: Definitions, parameters: Parameters) -> None:
        self._definitions = definitions
        self._parameters = parameters

    def follow(self, types: Sequence[str], path: Path) -> Criterion:
        """Read a path that starts at resources of some types.

        Args:
            types: at least one; each must have the path.
            path: the parameter.

        Raises:
            FhirError: 400 for a path that is not there; it lists what is.
        """
        path.joins.ask(path.name)
        return over([(type_, self._from(type_, path)) for type_ in types])

    def _from(self, type_: str, path: Path) -> Criterion:
        if path.name.startswith(f"{HAS}:"):
            return self.reverse(type_, path)
        head, dot, rest = path.name.partition(".")
        if dot:
            condition = path.conditions[0] if path.conditions else None
            return self._chain(type_, head, path.after(rest), condition)
        code = path.name.partition(":")[0]
        if code not in self._parameters.of(type_) and code not in path.codes:
            raise NotThere(self._unknown(type_, code, path.codes))
        return path.end(type_, path.name)

    def _chain(self, type_: str, head: str, rest: Path, condition: Condition | None) -> Criterion:
        code, colon, target = head.partition(":")
        parameter = self._reference(type_, code)
        if colon and target not in parameter.targets:
            raise NotThere(
                f"'{code}' of {type_} does not refer to '{target[:64]}'."
                f"{hint(target, parameter.targets)} Valid: {listed(parameter.targets)}."
            )
        found: list[tuple[str, Criterion]] = []
        missing: list[NotThere] = []
        for each in (target,) if colon else parameter.targets:
            try:
                where = self._from(each, rest)
                found.append((each, every(condition(each), where) if condition else where))
            except NotThere as error:
                missing.append(error)
        if not found:
            raise missing[0] if len(missing) == 1 else self._nowhere(parameter, rest)
        rest.joins.branch()
        return Chained(parameter.name, tuple(each for each, _ in found), over(found))

    def reverse(self, type_: str, path: Path) -> Criterion:
        """Read a ``_has`` for one type.

        Raises:
            FhirError: 400 for a wrong one; `NotThere` where it does not lead to the type.
        """
        parts = path.name.split(":", 3)
        if len(parts) != 4 or not all(parts):
            raise refused(
                "_has has the form _has:Type:reference:parameter, "
                "as in _has:Observation:patient:code."
            )
        _, source, code, rest = parts
        if not self._definitions.is_resource_type(source):
            near = hint(source, self._definitions.resource_types)
            raise refused(f"_has: '{source[:64]}' is not a resource type of R4.{near}")
        usable = {p.code: p for p in self.references(source) if type_ in p.targets}
        if code not in usable:
            raise NotThere(
                f"_has: '{code[:64]}' is no reference of {source} to {type_}."
                f"{hint(code, list(usable))} Valid: {listed(usable)}."
            )
        where = self._from(source, path.after(rest))
        path.joins.branch()
        return ReferredBy(usable[code].name, where)

    def references(self, type_: str) -> Iterator[Parameter]:
        """Give the parameters of a type that are references."""
        return (each for each in self._parameters.of(type_).values() if each.type == "reference")

    def _reference(self, type_: str, code: str) -> Parameter:
        parameter = self._parameters.of(type_).get(code)
        if parameter is None or parameter.type != "reference":
            names = [each.code for each in self.references(type_)]
            raise NotThere(
                f"'{code[:64]}' is no reference of {type_} that can be followed."
                f"{hint(code, names)} Valid: {listed(names)}."
            )
        return parameter

    def _unknown(self, type_: str, code: str, more: Sequence[str]) -> str:
        names = [*self._parameters.of(type_), *more]
        return (
            f"Search parameter '{code[:64]}' is not supported for {type_}."
            f"{hint(code, names)} Valid: {listed(names)}."
        )

    def _nowhere(self, parameter: Parameter, rest: Path) -> NotThere:
        code = rest.name.partition(".")[0].partition(":")[0]
        names = {name for each in parameter.targets for name in self._parameters.of(each)}
        return NotThere(
            f"Nothing that '{parameter.code}' refers to has '{code[:64]}'."
            f"{hint(code, sorted(names))} Valid: {listed(names)}."
        )


def over(found: Sequence[tuple[str, Criterion]]) -> Criterion:
    """Join criteria for several types, each of which is about resources of its type."""
    if len(found) == 1:
        return found[0][1]
    unique = dict.fromkeys(criterion for _, criterion in found)
    if len(unique) == 1:
        return next(iter(unique))
    if not any(_excludes(criterion) for criterion in unique):
        return either(*unique)
    excluded = [criterion.part for criterion in unique if isinstance(criterion, Not)]
    if len(excluded) == len(unique) and not any(map(_excludes, excluded)):
        # No resource has entries of two types, so it lacks one's if it lacks all of them.
        return Not(either(*excluded))
    return either(*(every(HasToken(type_), criterion) for type_, criterion in found))


def _excludes(criterion: Criterion) -> bool:
    match criterion:
        case Not():
            return True
        case And(parts) | Or(parts):
            return any(map(_excludes, parts))
        case _:
            return False
