"""Reads the part of FHIRPath that search parameters are written in.

    CarePlan.subject.where(resolve() is Patient)      path, function, type test
    (Observation.value as Quantity) | ...             cast, union
    Patient.telecom.where(system = 'phone')           comparison with a literal
    Patient.extension('http://...').value.ofType(Coding)

What is not in it (arithmetic, aggregates, variables other than ``%resource``) is refused with
`UnsupportedExpression`, so that a parameter is offered only if it works.

Source: http://hl7.org/fhirpath/N1/, https://hl7.org/fhir/R4/fhirpath.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass


class UnsupportedExpression(Exception):
    """The expression is outside the part of FHIRPath that this server indexes by."""


@dataclass(frozen=True, slots=True)
class Name:
    """An identifier at the start of a path: a type, or an element of the context."""

    name: str


@dataclass(frozen=True, slots=True)
class Context:
    """``$this``, or with ``resource`` set ``%resource``."""

    resource: bool = False


@dataclass(frozen=True, slots=True)
class Member:
    """``of.name``."""

    of: Expression
    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """``of.function(arguments)``; ``of`` is `Context` where the function stands alone."""

    of: Expression
    function: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Index:
    """``of[number]``."""

    of: Expression
    number: int


@dataclass(frozen=True, slots=True)
class Cast:
    """``of as Type``, ``of.as(Type)``, ``of.ofType(Type)``."""

    of: Expression
    type: str


@dataclass(frozen=True, slots=True)
class Is:
    """``of is Type``."""

    of: Expression
    type: str


@dataclass(frozen=True, slots=True)
class Union:
    """``a | b | c``."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """``left = right`` or ``left != right``."""

    left: Expression
    right: Expression
    equal: bool


@dataclass(frozen=True, slots=True)
class Logic:
    """``left and right`` or ``left or right``."""

    left: Expression
    right: Expression
    both: bool


@dataclass(frozen=True, slots=True)
class Literal:
    """A string, number or boolean."""

    value: str | int | bool


Expression = (
    Name | Context | Member | Call | Index | Cast | Is | Union | Comparison | Logic | Literal
)

_TOKEN = re.compile(
    r"\s*(?:(?P<string>'(?:[^'\\]|\\.)*')|(?P<number>[0-9]+)|(?P<word>[A-Za-z_][A-Za-z0-9_]*)"
    r"|`(?P<quoted>[^`]+)`|(?P<symbol>!=|%resource|\$this|[.()\[\]|,=]))"
)
_END = ("end", "")
_Token = tuple[str, str]


def parse(text: str) -> Expression:
    """Parse an expression.

    Raises:
        UnsupportedExpression: it is not FHIRPath, or outside the supported part.
    """
    parser = _Parser(list(_tokens(text)))
    expression = parser.either()
    parser.expect(_END)
    return expression


def _tokens(text: str) -> Iterator[_Token]:
    position, text = 0, text.rstrip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise UnsupportedExpression(f"{text[position:].strip()!r} can't be read")
        yield match.lastgroup, match[match.lastgroup]
        position = match.end()


class _Parser:
    """Recursive descent, loosest operator first: or, and, equality, union, type, path."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = [*tokens, _END]
        self._position = 0

    def expect(self, token: _Token) -> None:
        if not self._skip(token):
            raise UnsupportedExpression(f"{self._peek()[1]!r} where {token[1]!r} should be")

    def either(self) -> Expression:
        left = self._all()
        while self._skip(("word", "or")):
            left = Logic(left, self._all(), both=False)
        return left

    def _all(self) -> Expression:
        left = self._equality()
        while self._skip(("word", "and")):
            left = Logic(left, self._equality(), both=True)
        return left

    def _equality(self) -> Expression:
        left = self._union()
        for symbol in ("=", "!="):
            if self._skip(("symbol", symbol)):
                return Comparison(left, self._union(), equal=symbol == "=")
        return left

    def _union(self) -> Expression:
        parts = [self._typed()]
        while self._skip(("symbol", "|")):
            parts.append(self._typed())
        return parts[0] if len(parts) == 1 else Union(tuple(parts))

    def _typed(self) -> Expression:
        left = self._path()
        if self._skip(("word", "as")):
            return Cast(left, self._type())
        if self._skip(("word", "is")):
            return Is(left, self._type())
        return left

    def _path(self) -> Expression:
        left = self._term()
        while True:
            if self._skip(("symbol", ".")):
                left = self._invocation(left, self._next("word", "quoted")[1])
            elif self._skip(("symbol", "[")):
                left = Index(left, int(self._next("number")[1]))
                self.expect(("symbol", "]"))
            else:
                return left

    def _term(self) -> Expression:
        kind, text = self._next("string", "number", "word", "quoted", "symbol")
        if kind == "string":
            return Literal(re.sub(r"\\(.)", r"\1", text[1:-1]))
        if kind == "number":
            return Literal(int(text))
        if kind in ("word", "quoted"):
            if text in ("true", "false"):
                return Literal(text == "true")
            called = self._peek() == ("symbol", "(")
            return self._invocation(Context(), text) if called else Name(text)
        if text == "(":
            inner = self.either()
            self.expect(("symbol", ")"))
            return inner
        if text in ("$this", "%resource"):
            return Context(resource=text == "%resource")
        raise UnsupportedExpression(f"{text!r} can't be read here")

    def _invocation(self, of: Expression, name: str) -> Expression:
        if not self._skip(("symbol", "(")):
            return Member(of, name)
        if name in ("as", "ofType", "is"):
            type_ = self._type()
            self.expect(("symbol", ")"))
            return Is(of, type_) if name == "is" else Cast(of, type_)
        arguments = []
        while not self._skip(("symbol", ")")):
            arguments.append(self.either())
            self._skip(("symbol", ","))
        return Call(of, name, tuple(arguments))

    def _type(self) -> str:
        name = self._next("word")[1]
        return self._next("word")[1] if self._skip(("symbol", ".")) else name

    def _peek(self) -> _Token:
        return self._tokens[self._position]

    def _skip(self, token: _Token) -> bool:
        found = self._tokens[self._position] == token
        self._position += found
        return found

    def _next(self, *kinds: str) -> _Token:
        token = self._peek()
        if token[0] not in kinds:
            raise UnsupportedExpression(f"{token[1]!r} can't be read here")
        self._position += 1
        return token
