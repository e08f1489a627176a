"""Compiles syntax to closures, with what is known of types.

Source: http://hl7.org/fhirpath/N1/, https://hl7.org/fhir/R4/fhirpath.html
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from fhir_server.fhir.units import UCUM
from fhir_server.fhirpath import arithmetic, casting, functions, operators, syntax, temporal
from fhir_server.fhirpath import functions_collections as collections
from fhir_server.fhirpath.call import Call
from fhir_server.fhirpath.compiled import Compiled, constant, nothing
from fhir_server.fhirpath.errors import FhirPathError
from fhir_server.fhirpath.items import Frame
from fhir_server.fhirpath.navigation import member, self_describing
from fhir_server.fhirpath.quantities import Quantity
from fhir_server.fhirpath.scope import Scope
from fhir_server.fhirpath.syntax import Expression
from fhir_server.fhirpath.types import (
    SYSTEM_BOOLEAN,
    SYSTEM_DATE,
    SYSTEM_DATE_TIME,
    SYSTEM_DECIMAL,
    SYSTEM_INTEGER,
    SYSTEM_QUANTITY,
    SYSTEM_STRING,
    SYSTEM_TIME,
    TypeInfo,
    Types,
)

_URLS = {"ucum": UCUM, "sct": "http://snomed.info/sct", "loinc": "http://loinc.org"}
_PREFIXES = {
    "vs-": "http://hl7.org/fhir/ValueSet/",
    "ext-": "http://hl7.org/fhir/StructureDefinition/",
}
_PYTHON_TYPES = {
    str: SYSTEM_STRING,
    bool: SYSTEM_BOOLEAN,
    int: SYSTEM_INTEGER,
    Decimal: SYSTEM_DECIMAL,
}
_TEMPORAL_TYPES = {"date": SYSTEM_DATE, "dateTime": SYSTEM_DATE_TIME, "time": SYSTEM_TIME}


class Compiler:
    """Compiles expressions of one context.

    Args:
        types: the types there are.
        context: what the expression is evaluated on.
        resource: the type of ``%resource``, as far as it is known.
    """

    def __init__(self, types: Types, context: Compiled, resource: TypeInfo | None) -> None:
        self._types = types
        self._context = context
        self._resource = resource
        self._by_kind: dict[type, Callable[[Any, Scope], Compiled]] = {
            syntax.Name: self._name,
            syntax.This: lambda _, scope: scope.focus,
            syntax.Position: self._position,
            syntax.Total: self._total,
            syntax.Variable: self._variable,
            syntax.Empty: lambda _e, _s: nothing(),
            syntax.Literal: lambda e, _: constant(_PYTHON_TYPES[type(e.value)], e.value),
            syntax.TemporalLiteral: self._temporal,
            syntax.QuantityLiteral: self._quantity,
            syntax.Member: self._member,
            syntax.Call: self._call,
            syntax.Index: self._index,
            syntax.Cast: lambda e, s: casting.cast(types, self.compile(e.of, s), e.type),
            syntax.Is: lambda e, s: casting.is_type(types, self.compile(e.of, s), e.type),
            syntax.Unary: lambda e, s: arithmetic.signed(e.operator, self.compile(e.of, s)),
            syntax.Binary: self._binary,
        }

    def compile(self, expression: Expression, scope: Scope) -> Compiled:
        """Compile an expression.

        Raises:
            FhirPathError: it does not fit what is known of the types.
        """
        return self._by_kind[type(expression)](expression, scope)

    def _name(self, expression: syntax.Name, scope: Scope) -> Compiled:
        focus, name = scope.focus, expression.name
        if not name[:1].isupper():
            return member(self._types, focus, name)
        if focus.type is not None and name in focus.type.lineage:
            return focus
        if focus.type is None or focus.type.is_abstract_resource:
            return casting.cast(self._types, focus, name)
        return member(self._types, focus, name)

    def _member(self, expression: syntax.Member, scope: Scope) -> Compiled:
        return member(self._types, self.compile(expression.of, scope), expression.name)

    def _position(self, _expression: syntax.Position, scope: Scope) -> Compiled:
        if not scope.has_index:
            raise FhirPathError("$index means something only where a function goes over items.")
        return Compiled(SYSTEM_INTEGER, value=lambda _v, f: f.index)

    def _total(self, _expression: syntax.Total, scope: Scope) -> Compiled:
        if scope.total is None:
            raise FhirPathError("$total means something only inside aggregate().")
        return scope.total

    def _variable(self, expression: syntax.Variable, _scope: Scope) -> Compiled:
        name = expression.name
        if name == "context":
            context = self._context
            return Compiled(context.type, one=lambda _v, f: f.context, choices=context.choices)
        if name == "resource":
            known = self._resource or self._types.at("Resource")
            return Compiled(known, one=lambda _v, f: f.environment.resource)
        if name == "rootResource":
            resource = self._types.at("Resource")
            return Compiled(resource, one=lambda _v, f: f.environment.root)
        if name in _URLS:
            return constant(SYSTEM_STRING, _URLS[name])
        for prefix, url in _PREFIXES.items():
            if name.startswith(prefix):
                return constant(SYSTEM_STRING, url + name.removeprefix(prefix))
        return Compiled(None, items=_given(name))

    def _temporal(self, expression: syntax.TemporalLiteral, _scope: Scope) -> Compiled:
        text = expression.text
        kind = "time" if text.startswith("T") else "dateTime" if "T" in text else "date"
        found = temporal.parsed(text, kind)
        if found is None:
            raise FhirPathError(f"There is no {kind} @{text}.")
        return constant(_TEMPORAL_TYPES[kind], found)

    def _quantity(self, expression: syntax.QuantityLiteral, _scope: Scope) -> Compiled:
        found = Quantity(expression.value, expression.unit, expression.calendar)
        return constant(SYSTEM_QUANTITY, found)

    def _call(self, expression: syntax.Call, scope: Scope) -> Compiled:
        of = self.compile(expression.of, scope)
        call = Call(expression.function, of, expression.arguments, scope, self._types, self.compile)
        return functions.compiled(call)

    def _index(self, expression: syntax.Index, scope: Scope) -> Compiled:
        return collections.indexed(
            self.compile(expression.of, scope), self.compile(expression.at, scope)
        )

    def _binary(self, expression: syntax.Binary, scope: Scope) -> Compiled:
        operator = expression.operator
        left = self.compile(expression.left, scope)
        right = self.compile(expression.right, scope)
        match operator:
            case "and" | "or" | "xor" | "implies":
                return operators.logic(operator, left, right)
            case "=" | "!=":
                return operators.equals(left, right, negated=operator == "!=")
            case "~" | "!~":
                return operators.equivalence(left, right, negated=operator == "!~")
            case "<" | "<=" | ">" | ">=":
                return operators.inequality(operator, left, right)
            case "in" | "contains":
                return operators.membership(operator, left, right)
            case "|":
                return collections.union(left, right)
            case "&":
                return arithmetic.concatenation(left, right)
            case _:
                return arithmetic.arithmetic(operator, left, right)


def _given(name: str) -> Callable[[Any, Frame], list[Any]]:
    def items(_v: Any, f: Frame) -> list[Any]:
        if name not in f.environment.variables:
            raise FhirPathError(f"There is no variable %{name}.")
        found = f.environment.variables[name]
        if found is None:
            return []
        listed = found if isinstance(found, list) else [found]
        return [self_describing(value) for value in listed]

    return items
