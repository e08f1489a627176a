"""A call of a function while it is compiled: what it applies to, and its arguments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fhir_server.fhirpath import categories
from fhir_server.fhirpath.compiled import Compiled, Items, Run
from fhir_server.fhirpath.errors import FhirPathError
from fhir_server.fhirpath.items import Frame
from fhir_server.fhirpath.scope import Scope
from fhir_server.fhirpath.syntax import Expression
from fhir_server.fhirpath.types import Types

Compile = Callable[[Expression, Scope], Compiled]


@dataclass(frozen=True, slots=True)
class Call:
    """A call.

    Args:
        function: its name.
        of: what it applies to.
        arguments: as they were written.
        scope: where it stands; arguments that are no criteria are evaluated there.
        types: the types there are.
        compile: compiles an argument.
    """

    function: str
    of: Compiled
    arguments: tuple[Expression, ...]
    scope: Scope
    types: Types
    compile: Compile

    def argument(self, number: int) -> Compiled:
        """Compile an argument that is evaluated once."""
        return self.compile(self.arguments[number], self.scope)

    def each(self, number: int = 0) -> Compiled:
        """Compile an argument that is evaluated for each item, which is its ``$this``."""
        return self.compile(self.arguments[number], self.item_scope())

    def item_scope(self) -> Scope:
        """Give the surroundings of what is evaluated for each item."""
        return replace(self.scope, focus=focus(self.of), depth=self.scope.depth + 1, has_index=True)

    def looped(self) -> Items:
        """Give the closure for the items; in a loop inside another it counts them."""
        items = self.of.items()
        if not self.scope.depth:
            return items

        def counted(v: Any, f: Frame) -> Sequence[Any]:
            found = items(v, f)
            f.spend(len(found) + 1)
            return found

        return counted

    def text(self, of: Compiled) -> Run:
        """Give the closure for a single string.

        Raises:
            FhirPathError: it can't be one.
        """
        return self._typed(of, str, categories.STRING)

    def integer(self, of: Compiled) -> Run:
        """Give the closure for a single integer.

        Raises:
            FhirPathError: it can't be one.
        """
        return self._typed(of, int, categories.INTEGER)

    def _typed(self, of: Compiled, python: type, category: str) -> Run:
        if of.category == category:
            return of.value()
        if of.category is not None:
            raise FhirPathError(f"{self.function}() needs a {category}, not a {of.category}.")
        value = of.system()

        def run(v: Any, f: Frame) -> Any:
            found = value(v, f)
            if found is None or type(found) is python:
                return found
            raise FhirPathError(f"{self.function}() needs a {category}.")

        return run


def focus(of: Compiled) -> Compiled:
    """Give ``$this`` for each item of a collection."""
    return Compiled(of.type, one=lambda v, _f: v, choices=of.choices, is_focus=True)


def collection_focus(of: Compiled) -> Compiled:
    """Give ``$this`` where it is a whole collection, as for the arguments of ``iif()``."""
    return Compiled(of.type, items=lambda v, _f: v, choices=of.choices)
