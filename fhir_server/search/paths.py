"""Compiles a search parameter's FHIRPath to the places in the JSON where its values stand.

A place (`Location`) is a list of steps from the resource down, and the FHIR type found there:
``(Observation.value as Quantity)`` is one location, ``Observation.effective`` four, one for each
type the element may have.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fhir_server.fhir.reference import type_named
from fhir_server.fhirpath.syntax import (
    Binary,
    Call,
    Cast,
    Expression,
    Index,
    Is,
    Literal,
    Member,
    Name,
    This,
    Variable,
)
from fhir_server.profiles.definitions import Definitions, Element, TypeRef
from fhir_server.search.fhirpath import UnsupportedExpression, alternatives, parse, type_name

Value = Any
Test = Callable[[Value, Value], bool]  # (value, the resource it stands in)

_BACKBONE = ("BackboneElement", "Element")


@dataclass(frozen=True, slots=True)
class Field:
    """Go to a JSON property, to each of its items if it is an array."""

    name: str
    repeats: bool = False


@dataclass(frozen=True, slots=True)
class Where:
    """Go on only where the test holds."""

    test: Test


@dataclass(frozen=True, slots=True)
class Item:
    """Go on with one item of the array that the field before leads to."""

    number: int


@dataclass(frozen=True, slots=True)
class Computed:
    """Put the truth of a test in the place of the value."""

    test: Test


@dataclass(frozen=True, slots=True)
class FromResource:
    """Begin anew at the resource (``%resource`` inside a test)."""


Step = Field | Where | Item | Computed | FromResource


@dataclass(frozen=True, slots=True)
class Location:
    """Where values stand, and what they are.

    Args:
        steps: from the resource down.
        type: the FHIR type; of an element with its own children, ``BackboneElement``.
        path: where the definitions describe its children.
        reference: what its type refers to, for Reference and canonical.
        element: the definition of the element; None for a resource itself and for `Computed`.
    """

    steps: tuple[Step, ...]
    type: str
    path: str
    reference: TypeRef | None = None
    element: Element | None = None


def locations(definitions: Definitions, resource_type: str, expression: str) -> list[Location]:
    """Compile an expression.

    Args:
        definitions: tell the elements of each type.
        resource_type: the type it is applied to.
        expression: FHIRPath, starting at the type or at one of its elements.

    Raises:
        UnsupportedExpression: the expression does not fit the type, or is beyond what can be
            compiled.
    """
    root = Location((), resource_type, resource_type)
    found = _Compiler(definitions, root).compile(parse(expression), [root])
    if not found:
        raise UnsupportedExpression(f"{expression!r} leads to no element of {resource_type}")
    return found


def locations_within(
    definitions: Definitions, resource_type: str, at: Location, expression: str
) -> list[Location]:
    """Compile an expression that starts at a place in a resource, as a composite's parts do.

    Args:
        definitions: tell the elements of each type.
        resource_type: the type of the resource, which ``%resource`` stands for.
        at: the place.
        expression: FHIRPath, starting at the place.

    Returns:
        Locations whose steps begin at the place.

    Raises:
        UnsupportedExpression: as for `locations`.
    """
    root = Location((FromResource(),), resource_type, resource_type)
    return _Compiler(definitions, root).compile(parse(expression), [replace(at, steps=())])


def follow(steps: tuple[Step, ...], value: Value, resource: Value) -> Iterator[Value]:
    """Give the values that steps lead to from a value."""
    if not steps:
        yield value
        return
    step, rest = steps[0], steps[1:]
    if isinstance(step, Field):
        inner = value.get(step.name) if isinstance(value, dict) else None
        if rest and isinstance(rest[0], Item):
            inner, rest = _item(inner, rest[0].number), rest[1:]
        for item in inner if isinstance(inner, list) else (inner,):
            if item is not None:
                yield from follow(rest, item, resource)
    elif isinstance(step, Where):
        if step.test(value, resource):
            yield from follow(rest, value, resource)
    elif isinstance(step, Computed):
        yield step.test(value, resource)
    elif isinstance(step, FromResource):
        yield from follow(rest, resource, resource)


def _item(values: Value, number: int) -> Value:
    listed = values if isinstance(values, list) else [values]
    return listed[number] if number < len(listed) else None


class _Compiler:
    def __init__(self, definitions: Definitions, root: Location) -> None:
        self._definitions = definitions
        self._root = root

    def compile(self, expression: Expression, context: list[Location]) -> list[Location]:
        """Give where the expression leads from the context."""
        match expression:
            case Binary("|"):
                parts = alternatives(expression)
                return [found for part in parts for found in self.compile(part, context)]
            case Name(name):
                return self._start(name, context)
            case This():
                return context
            case Variable():
                return [self._root]
            case Binary() | Is() | Call(_, "exists" | "empty" | "not", _):
                return [self._computed(at, expression) for at in context]
            case Member(of) | Cast(of) | Index(of) | Call(of):
                return self._onward(expression, self.compile(of, context))
            case _:
                raise UnsupportedExpression(f"{_described(expression)} is not supported")

    def _onward(self, expression: Expression, found: list[Location]) -> list[Location]:
        """Take the expression's last step from where the rest of it leads."""
        match expression:
            case Member(_, name):
                return self._children(found, name)
            case Cast(_, type_):
                return [at for at in found if _is_type(at.type, type_name(type_))]
            case Index(_, Literal(int(number))):
                return [_indexed(at, number) for at in found]
            case Call(_, "first", ()):
                return [_indexed(at, 0) for at in found]
            case Call(_, "where", (condition,)):
                return [self._filtered(at, condition) for at in found]
            case Call(_, "extension", (Literal(str(url)),)):
                named = Binary("=", Name("url"), Literal(url))
                return [self._filtered(at, named) for at in self._children(found, "extension")]
            case _:
                raise UnsupportedExpression(f"{_described(expression)} is not supported")

    def _start(self, name: str, context: list[Location]) -> list[Location]:
        ancestors = ("Resource", "DomainResource", self._root.type)
        if name in ancestors:
            return [self._root]
        if self._definitions.is_resource_type(name):
            return []  # a part of the union that is about another type
        return self._children(context, name)

    def _children(self, parents: Sequence[Location], name: str) -> list[Location]:
        found = [child for parent in parents for child in self._child(parent, name)]
        if parents and not found:
            raise UnsupportedExpression(f"there is no element {name!r}")
        return found

    def _child(self, parent: Location, name: str) -> Iterator[Location]:
        try:
            element = self._definitions.children(parent.path).get(name)
        except KeyError:
            element = None
        if element is None:
            return
        steps = (
            _beside(parent.steps) if self._definitions.is_primitive(parent.type) else parent.steps
        )
        for json_name, type_ in element.properties().items():
            at = f"{parent.path}.{name}" if type_.code in _BACKBONE else type_.code
            step = Field(json_name, element.is_array)
            yield Location((*steps, step), type_.code, at, type_, element)

    def _filtered(self, at: Location, condition: Expression) -> Location:
        return replace(at, steps=(*at.steps, Where(self._test(condition, at))))

    def _computed(self, at: Location, expression: Expression) -> Location:
        steps = (*at.steps, Computed(self._test(expression, at)))
        return Location(steps, "boolean", "boolean")

    def _test(self, condition: Expression, at: Location) -> Test:
        """Compile a condition on values at a location."""
        match condition:
            case Binary("and" | "or" as operator, left, right):
                one, other = self._test(left, at), self._test(right, at)
                if operator == "and":
                    return lambda value, root: one(value, root) and other(value, root)
                return lambda value, root: one(value, root) or other(value, root)
            case Binary("=" | "!=" as operator, left, Literal(literal)):
                equal = operator == "="
                if isinstance(left, Name) and (names := self._properties(left, at)):
                    return _compared(names, literal, equal=equal)
                values = self._values(left, at)
                # FHIRPath: comparing nothing gives nothing, which is not true.
                return lambda value, root: any(
                    (found == literal) is equal for found in values(value, root)
                )
            case Is(Call(of, "resolve", ()), type_):
                values, wanted = self._values(of, at), type_name(type_)
                return lambda value, root: any(
                    _resolved_type(found, root) in (wanted, None) for found in values(value, root)
                )
            case Call(of, "exists", ()):
                values = self._values(of, at)
                return lambda value, root: any(True for _ in values(value, root))
            case Call(of, "empty", ()):
                values = self._values(of, at)
                return lambda value, root: not any(True for _ in values(value, root))
            case Call(of, "not", ()):
                inner = self._test(of, at)
                return lambda value, root: not inner(value, root)
            case _:
                raise UnsupportedExpression(f"{_described(condition)} is not supported in where()")

    def _properties(self, name: Name, at: Location) -> list[str]:
        """Give the JSON properties that an element has, where nothing more leads to its values."""
        found = self.compile(name, [replace(at, steps=())])
        first = [each.steps[0] for each in found if len(each.steps) == 1]
        names = [step.name for step in first if isinstance(step, Field)]
        return names if len(names) == len(found) else []

    def _values(
        self, expression: Expression, at: Location
    ) -> Callable[[Value, Value], Iterator[Value]]:
        here = replace(at, steps=())
        inside = _Compiler(self._definitions, replace(self._root, steps=(FromResource(),)))
        routes = [found.steps for found in inside.compile(expression, [here])]

        def values(value: Value, resource: Value) -> Iterator[Value]:
            for steps in routes:
                yield from follow(steps, value, resource)

        return values


def _compared(names: list[str], literal: Value, *, equal: bool) -> Test:
    """Give the test of properties against a literal, the commonest: ``where(system = 'email')``."""

    def test(value: Value, _: Value) -> bool:
        if type(value) is dict:
            for name in names:
                inner = value.get(name)
                for found in inner if type(inner) is list else (inner,):
                    if found is not None and (found == literal) is equal:
                        return True
        return False

    return test


def _resolved_type(reference: Value, resource: Value) -> str | None:
    """Give the type of what a Reference refers to, as far as can be told without reading it.

    None for a logical reference (an identifier alone) without a type: it may be of any.
    """
    if not isinstance(reference, dict):
        return ""
    text = reference.get("reference")
    if not isinstance(text, str):
        declared = reference.get("type")
        return declared if isinstance(declared, str) else None
    if text.startswith("#"):
        contained = (c for c in resource.get("contained", ()) if isinstance(c, dict))
        return next((str(c.get("resourceType")) for c in contained if c.get("id") == text[1:]), "")
    return type_named(text) or str(reference.get("type", ""))


def _is_type(found: str, wanted: str) -> bool:
    # R4 itself writes value.as(DateTime) once; type names differ in no other way but this.
    return found.lower() == wanted.lower()


def _indexed(at: Location, number: int) -> Location:
    *before, last = at.steps
    if any(isinstance(step, Field) and step.repeats for step in before):
        raise UnsupportedExpression("an index below a repeating element is not supported")
    if not isinstance(last, Field):
        raise UnsupportedExpression("an index must follow an element")
    return replace(at, steps=(*before, last, Item(number)))


def _beside(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """Go to the ``_property`` that carries a primitive's id and extensions."""
    *before, last = steps
    if not isinstance(last, Field):
        raise UnsupportedExpression("an extension of a filtered primitive is not supported")
    return (*before, replace(last, name=f"_{last.name}"))


def _described(expression: Expression) -> str:
    if isinstance(expression, Call):
        return f"{expression.function}()"
    if isinstance(expression, Binary):
        return repr(expression.operator)
    return type(expression).__name__.lower()
