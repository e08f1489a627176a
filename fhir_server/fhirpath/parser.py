"""Reads FHIRPath: operator precedence parsing of the whole normative grammar.

Source: http://hl7.org/fhirpath/N1/grammar.html, http://hl7.org/fhirpath/N1/#operator-precedence
"""

from __future__ import annotations

from decimal import Decimal

from fhir_server.fhirpath.errors import FhirPathError
from fhir_server.fhirpath.lexer import Token, tokens
from fhir_server.fhirpath.syntax import (
    Binary,
    Call,
    Cast,
    Empty,
    Expression,
    Index,
    Is,
    Literal,
    Member,
    Name,
    Position,
    QuantityLiteral,
    TemporalLiteral,
    This,
    Total,
    Unary,
    Variable,
)

# Clients bring expressions of their own: they must neither exhaust the stack nor the memory.
MAX_LENGTH = 20_000
MAX_DEPTH = 120

_BINDING = {
    "implies": 1,
    "or": 2, "xor": 2,
    "and": 3,
    "in": 4, "contains": 4,
    "=": 5, "~": 5, "!=": 5, "!~": 5,
    "<": 6, "<=": 6, ">": 6, ">=": 6,
    "|": 7,
    "is": 8, "as": 8,
    "+": 9, "-": 9, "&": 9,
    "*": 10, "/": 10, "div": 10, "mod": 10,
}  # fmt: skip
_UNARY = 11

_UNITS = ("year", "month", "week", "day", "hour", "minute", "second", "millisecond")
_CALENDAR = {**{unit: unit for unit in _UNITS}, **{f"{unit}s": unit for unit in _UNITS}}

# Keywords that are no identifiers at the start of a path.
_HARD = frozenset({"and", "or", "xor", "implies", "div", "mod", "true", "false"})
_SPECIAL: dict[str, Expression] = {"$this": This(), "$index": Position(), "$total": Total()}
_TYPE_FUNCTIONS = ("is", "as", "ofType")


def parse(text: str) -> Expression:
    """Parse an expression.

    Raises:
        FhirPathError: with the position of what can't be read; also for what is too long or
            nested too deeply.
    """
    if len(text) > MAX_LENGTH:
        raise FhirPathError(f"An expression may have at most {MAX_LENGTH} characters.")
    parser = _Parser(tokens(text))
    expression = parser.expression(0, 0)
    parser.expect_end()
    return expression


class _Parser:
    def __init__(self, found: list[Token]) -> None:
        self._tokens = found
        self._at = 0

    def expect_end(self) -> None:
        token = self._tokens[self._at]
        if token.kind != "end":
            raise FhirPathError(f"{token.text!r} is not expected here.", token.position)

    def expression(self, least: int, depth: int) -> Expression:
        """Read operators that bind tighter than ``least``, and what they join."""
        self._check(depth)
        left, depth = self._operand(depth)
        while True:
            token = self._tokens[self._at]
            binding = _BINDING.get(token.text, 0)
            if binding <= least or token.kind not in ("symbol", "word"):
                return left
            self._at += 1
            depth += 1
            self._check(depth)
            left = self._joined(token.text, left, binding, depth)

    def _joined(self, operator: str, left: Expression, binding: int, depth: int) -> Expression:
        if operator == "is":
            return Is(left, self._type())
        if operator == "as":
            return Cast(left, self._type())
        return Binary(operator, left, self.expression(binding, depth + 1))

    def _operand(self, depth: int) -> tuple[Expression, int]:
        token = self._tokens[self._at]
        if token.kind == "symbol" and token.text in "+-":
            self._at += 1
            return Unary(token.text, self.expression(_UNARY, depth + 1)), depth + 1
        found = self._term(depth)
        while True:
            token = self._tokens[self._at]
            if token.kind != "symbol":
                return found, depth
            if token.text == ".":
                self._at += 1
                found = self._invocation(found, depth)
            elif token.text == "[":
                self._at += 1
                found = Index(found, self.expression(0, depth + 1))
                self._expect("]")
            else:
                return found, depth
            depth += 1
            self._check(depth)

    def _term(self, depth: int) -> Expression:
        token = self._next()
        kind, text = token.kind, token.text
        if (kind == "word" and text not in _HARD) or kind == "quoted":
            return self._call(This(), text, depth) if self._skip("(") else Name(text)
        if kind == "string":
            return Literal(text)
        if kind == "number":
            return self._number(text)
        if kind == "special":
            return _SPECIAL[text]
        if kind == "temporal":
            return TemporalLiteral(text[1:])
        if text in ("true", "false"):
            return Literal(text == "true")
        if kind == "symbol":
            return self._bracketed(token, depth)
        raise _unexpected(token)

    def _bracketed(self, token: Token, depth: int) -> Expression:
        if token.text == "(":
            inner = self.expression(0, depth + 1)
            self._expect(")")
            return inner
        if token.text == "{":
            self._expect("}")
            return Empty()
        if token.text == "%":
            name = self._next()
            if name.kind not in ("word", "quoted", "string"):
                raise FhirPathError("After % a name must follow.", name.position)
            return Variable(name.text)
        raise _unexpected(token)

    def _number(self, text: str) -> Expression:
        value = Decimal(text) if "." in text else int(text)
        unit = self._tokens[self._at]
        if unit.kind == "string":
            self._at += 1
            return QuantityLiteral(value, unit.text, calendar=False)
        if unit.kind == "word" and unit.text in _CALENDAR:
            self._at += 1
            return QuantityLiteral(value, _CALENDAR[unit.text], calendar=True)
        return Literal(value)

    def _invocation(self, of: Expression, depth: int) -> Expression:
        token = self._next()
        if token.kind == "special":
            return _SPECIAL[token.text]
        # text.div is as clear as text.`div`, which the grammar asks for; search and patches have
        # always taken it.
        if token.kind not in ("quoted", "word"):
            raise FhirPathError("After a point a name must follow.", token.position)
        if self._skip("("):
            return self._call(of, token.text, depth)
        return Member(of, token.text)

    def _call(self, of: Expression, name: str, depth: int) -> Expression:
        if name in _TYPE_FUNCTIONS:
            type_ = self._type()
            self._expect(")")
            return Is(of, type_) if name == "is" else Cast(of, type_)
        arguments: list[Expression] = []
        if not self._skip(")"):
            arguments.append(self.expression(0, depth + 1))
            while self._skip(","):
                arguments.append(self.expression(0, depth + 1))
            self._expect(")")
        return Call(of, name, tuple(arguments))

    def _type(self) -> str:
        names = [self._identifier()]
        while self._skip("."):
            names.append(self._identifier())
        return ".".join(names)

    def _identifier(self) -> str:
        token = self._next()
        if token.kind not in ("word", "quoted"):
            raise FhirPathError("The name of a type must stand here.", token.position)
        return token.text

    def _check(self, depth: int) -> None:
        if depth > MAX_DEPTH:
            position = self._tokens[self._at].position
            raise FhirPathError(f"It is nested more than {MAX_DEPTH} deep.", position)

    def _next(self) -> Token:
        token = self._tokens[self._at]
        if token.kind == "end":
            raise FhirPathError("The expression ends too early.", token.position)
        self._at += 1
        return token

    def _skip(self, symbol: str) -> bool:
        token = self._tokens[self._at]
        if token.kind == "symbol" and token.text == symbol:
            self._at += 1
            return True
        return False

    def _expect(self, symbol: str) -> None:
        token = self._tokens[self._at]
        if not self._skip(symbol):
            found = repr(token.text) if token.text else "the end"
            raise FhirPathError(f"Here {symbol!r} must stand, not {found}.", token.position)


def _unexpected(token: Token) -> FhirPathError:
    return FhirPathError(f"{token.text!r} is not expected here.", token.position)
