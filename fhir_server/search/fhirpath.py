"""The part of FHIRPath that search can index by, and FHIRPath Patch can go along.

    CarePlan.subject.where(resolve() is Patient)      path, function, type test
    (Observation.value as Quantity) | ...             cast, union
    Patient.telecom.where(system = 'phone')           comparison with a literal
    Patient.extension('http://...').value.ofType(Coding)

What is not in it (arithmetic, aggregates, variables other than ``%resource``) is refused with
`UnsupportedExpression`, so that a parameter is offered only if it works.

Source: http://hl7.org/fhirpath/N1/, https://hl7.org/fhir/R4/fhirpath.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from functools import lru_cache
from typing import Any

from fhir_server.fhirpath.errors import FhirPathError
from fhir_server.fhirpath.parser import parse as parse_any
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

OPERATORS = frozenset({"|", "=", "!=", "and", "or"})

_KINDS = (Name, This, Variable, Literal, Member, Call, Index, Cast, Is, Binary)


class UnsupportedExpression(Exception):
    """The expression is outside the part of FHIRPath that this server indexes by."""


# Every type has the parameters of `Resource`: of three thousand expressions half are different.
@lru_cache(maxsize=128)
def parse(text: str) -> Expression:
    """Parse an expression.

    Raises:
        UnsupportedExpression: it is not FHIRPath, or outside the supported part.
    """
    try:
        expression = parse_any(text)
    except FhirPathError as error:
        raise UnsupportedExpression(error.text) from None
    for part in _parts(expression):
        _check(part)
    return expression


def _check(part: Expression) -> None:
    match part:
        case Binary(operator) if operator not in OPERATORS:
            raise UnsupportedExpression(f"{operator!r} is not supported")
        case Variable(name) if name != "resource":
            raise UnsupportedExpression(f"%{name} is not supported")
        case Index(_, at) if not (isinstance(at, Literal) and type(at.value) is int):
            raise UnsupportedExpression("an index must be a number")
        case _ if not isinstance(part, _KINDS):
            raise UnsupportedExpression(f"{type(part).__name__.lower()} is not supported")


def _parts(expression: Any) -> Iterator[Expression]:
    yield expression
    for field in fields(expression):
        value = getattr(expression, field.name)
        for inner in value if isinstance(value, tuple) else (value,):
            if is_dataclass(inner):
                yield from _parts(inner)


def type_name(type_: str) -> str:
    """Give the name of a type without its namespace."""
    return type_.rpartition(".")[2]


def alternatives(expression: Expression) -> Iterator[Expression]:
    """Give the sides of unions."""
    if isinstance(expression, Binary) and expression.operator == "|":
        yield from alternatives(expression.left)
        yield from alternatives(expression.right)
    else:
        yield expression
