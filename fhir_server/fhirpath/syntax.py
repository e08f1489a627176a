"""What the parser makes of an expression: its abstract syntax.

Source: http://hl7.org/fhirpath/N1/grammar.html
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Name:
    """An identifier at the start of a path: a type, or an element of the context."""

    name: str


@dataclass(frozen=True, slots=True)
class This:
    """``$this``, or what a function without anything in front of it applies to."""


@dataclass(frozen=True, slots=True)
class Position:
    """``$index``."""


@dataclass(frozen=True, slots=True)
class Total:
    """``$total``."""


@dataclass(frozen=True, slots=True)
class Variable:
    """``%name``, also ``%'name'`` and ``%`name```."""

    name: str


@dataclass(frozen=True, slots=True)
class Empty:
    """``{}``."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A string, number or boolean."""

    value: str | int | Decimal | bool


@dataclass(frozen=True, slots=True)
class TemporalLiteral:
    """``@2026-03``, ``@2026-03-02T08:10Z``, ``@T08:10``; the text stands without the ``@``."""

    text: str


@dataclass(frozen=True, slots=True)
class QuantityLiteral:
    """``4 days`` (a calendar unit, given in the singular) or ``4 'd'`` (a UCUM unit)."""

    value: int | Decimal
    unit: str
    calendar: bool


@dataclass(frozen=True, slots=True)
class Member:
    """``of.name``."""

    of: Expression
    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """``of.function(arguments)``; ``of`` is `This` where the function stands alone."""

    of: Expression
    function: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Index:
    """``of[at]``."""

    of: Expression
    at: Expression


@dataclass(frozen=True, slots=True)
class Cast:
    """``of as Type``, ``of.as(Type)``, ``of.ofType(Type)``.

    Args:
        type: perhaps with its namespace, ``FHIR.Age``.
    """

    of: Expression
    type: str


@dataclass(frozen=True, slots=True)
class Is:
    """``of is Type``, ``of.is(Type)``."""

    of: Expression
    type: str


@dataclass(frozen=True, slots=True)
class Unary:
    """``-of`` or ``+of``."""

    operator: str
    of: Expression


@dataclass(frozen=True, slots=True)
class Binary:
    """``left operator right``."""

    operator: str
    left: Expression
    right: Expression


Expression = (
    Name
    | This
    | Position
    | Total
    | Variable
    | Empty
    | Literal
    | TemporalLiteral
    | QuantityLiteral
    | Member
    | Call
    | Index
    | Cast
    | Is
    | Unary
    | Binary
)
