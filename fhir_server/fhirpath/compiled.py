"""What an expression is compiled to: closures, one for each way its result may be asked for.

A closure gets the value that stands for ``$this`` and the `Frame`. Which of them are made at once
depends on the expression; the others are derived from those when they are asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from fhir_server.fhirpath import categories, quantities
from fhir_server.fhirpath.errors import FhirPathError
from fhir_server.fhirpath.items import CONVERSIONS, EMPTY, Frame, Item, describing, system
from fhir_server.fhirpath.types import SYSTEM_BOOLEAN, TypeInfo

Run = Callable[[Any, Frame], Any]
Items = Callable[[Any, Frame], Sequence[Any]]
Truth = Callable[[Any, Frame], bool | None]


class Compiled:
    """A compiled expression.

    Args:
        type: of all its items; None where they are self-describing.
        items: gives the collection; never to be changed.
        one: gives the single item or None; for what can't have several.
        value: like ``one``, without extensions: the JSON value of a primitive, or FHIRPath's own.
        truth: gives True, False or None for empty.
        exists: tells whether there is an item.
        single: whether it has at most one item, whatever the data.
        choices: the types its self-describing items may have; None where that is open.
        constant: the values, where they are known.
        is_focus: whether it is ``$this`` itself.
        definite: whether ``truth`` never gives None.
        absent: the opposite of ``exists``.
        opposite: the opposite of ``truth``, of what is definite.
        field: the JSON property of ``$this`` that it is, for a primitive that does not repeat.
        narrowed: gives the same with one of the types only; None for one it can't have.
    """

    def __init__(  # noqa: PLR0913 - one for each way its result may be asked for
        self,
        type_: TypeInfo | None,
        *,
        items: Items | None = None,
        one: Run | None = None,
        value: Run | None = None,
        truth: Truth | None = None,
        exists: Truth | None = None,
        choices: tuple[TypeInfo, ...] | None = None,
        constant: tuple[Any, ...] | None = None,
        is_focus: bool = False,
        definite: bool = False,
        absent: Truth | None = None,
        opposite: Truth | None = None,
        field: str | None = None,
        narrowed: Callable[[TypeInfo], Compiled | None] | None = None,
    ) -> None:
        self.type = type_
        self.choices = choices
        self.constant = constant
        self.is_focus = is_focus
        self.definite = definite
        self.narrowed = narrowed
        # Closures that are derived later say nothing of how many items there may be.
        self.single = items is None
        self._items, self._value = items, value
        self._one = one or value or truth
        self._truth, self._exists, self._absent = truth, exists, absent
        self._opposite = opposite
        self.field = field

    @property
    def category(self) -> str | None:
        """How its values behave; None where that is not known before."""
        return self.type.category if self.type is not None else None

    def items(self) -> Items:
        """Give the closure for the collection."""
        if self._items is None:
            self._items = _listed(self.one())
        return self._items

    def one(self) -> Run:
        """Give the closure for the single item or None; it raises where there are several."""
        if self._one is None:
            self._one = _singled(self.items())
        return self._one

    def value(self) -> Run:
        """Give the closure for the single value: JSON's where the type is known, else FHIRPath's.

        Of a type with elements it is the item.
        """
        if self._value is None:
            one = self.one()
            if self.type is None:
                self._value = _system_of(one)
            else:
                self._value = _unwrapped(one) if self.type.is_primitive else one
        return self._value

    def system(self) -> Run:
        """Give the closure for the single value in FHIRPath's own type."""
        if self.type is None or self.type.is_system:
            return self.value()
        if self.type.category == categories.QUANTITY:
            return _converted(self.one(), _quantity(self.type))
        convert = CONVERSIONS.get(self.type.category)
        if convert is None:
            return _converted(self.one(), describing(self.type))
        if self.type.category in (categories.STRING, categories.BOOLEAN, categories.INTEGER):
            return self.value()
        return _converted(self.value(), convert)

    def truth(self) -> Truth:
        """Give the closure for a condition: of what is no boolean, a single item is true."""
        if self._truth is None:
            value = self.value()
            if self.category == categories.BOOLEAN:
                self._truth = value
            else:
                self._truth = _singleton_truth(value)
        return self._truth

    def exists(self) -> Truth:
        """Give the closure that tells whether there is an item."""
        if self._exists is None:
            if self.single:
                one = self.one()
                self._exists = lambda v, f: one(v, f) is not None
            else:
                items = self.items()
                self._exists = lambda v, f: bool(items(v, f))
        return self._exists

    def absent(self) -> Truth:
        """Give the closure that tells whether there is no item."""
        if self._absent is None:
            exists = self.exists()
            self._absent = lambda v, f: not exists(v, f)
        return self._absent

    def opposite(self) -> Truth:
        """Give the closure for the opposite of a condition."""
        if self._opposite is None:
            self._opposite = _negated(self.truth(), definite=self.definite)
        return self._opposite

    def described(self) -> Items:
        """Give the closure for the collection with self-describing items."""
        items, type_ = self.items(), self.type
        if type_ is None or type_.is_system or type_.category == categories.RESOURCE:
            return items
        describe = describing(type_)
        return lambda v, f: [describe(x) for x in items(v, f)]

    def as_described(self) -> Compiled:
        """Give the same with self-describing items."""
        if self.type is None:
            return self
        choices = (self.type,)
        if self.single:
            one = _converted(self.one(), describing(self.type))
            return Compiled(None, one=one, exists=self._exists, choices=choices)
        return Compiled(None, items=self.described(), exists=self._exists, choices=choices)


def constant(type_: TypeInfo, *values: Any) -> Compiled:
    """Give an expression that always has the same values."""
    if len(values) != 1:
        return Compiled(type_, items=lambda _v, _f: values, constant=values)
    only = values[0]
    return Compiled(type_, value=lambda _v, _f: only, constant=values)


def nothing() -> Compiled:
    """Give the expression that is always empty."""
    return Compiled(None, one=lambda _v, _f: None, choices=(), constant=())


def truth(run: Truth, *, definite: bool = False, opposite: Truth | None = None) -> Compiled:
    """Give an expression with a boolean result."""
    return Compiled(SYSTEM_BOOLEAN, truth=run, definite=definite, opposite=opposite)


def several() -> FhirPathError:
    """Give the error of a collection where a single item is needed."""
    return FhirPathError("There are several items where one is needed.")


def _listed(one: Run) -> Items:
    def items(v: Any, f: Frame) -> Sequence[Any]:
        found = one(v, f)
        return EMPTY if found is None else (found,)

    return items


def _singled(items: Items) -> Run:
    def one(v: Any, f: Frame) -> Any:
        found = items(v, f)
        if not found:
            return None
        if len(found) > 1:
            raise several()
        return found[0]

    return one


def _unwrapped(one: Run) -> Run:
    def value(v: Any, f: Frame) -> Any:
        found = one(v, f)
        return found.value if type(found) is Item else found

    return value


def _system_of(one: Run) -> Run:
    def value(v: Any, f: Frame) -> Any:
        found = one(v, f)
        return system(found) if type(found) is Item else found

    return value


def _converted(one: Run, convert: Callable[[Any], Any]) -> Run:
    def value(v: Any, f: Frame) -> Any:
        found = one(v, f)
        return None if found is None else convert(found)

    return value


def _quantity(type_: TypeInfo) -> Callable[[Any], Any]:
    return lambda found: quantities.from_fhir(found) or Item(found, type_)


def _negated(truth: Truth, *, definite: bool) -> Truth:
    if definite:
        return lambda v, f: not truth(v, f)

    def run(v: Any, f: Frame) -> bool | None:
        found = truth(v, f)
        return None if found is None else not found

    return run


def _singleton_truth(value: Run) -> Truth:
    def run(v: Any, f: Frame) -> bool | None:
        found = value(v, f)
        if found is None:
            return None
        return found if type(found) is bool else True

    return run
