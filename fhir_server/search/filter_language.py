r"""The grammar of ``_filter``: text in, tree out.

    given eq "peter" and (birthdate ge 2014-10-10 or not (general-practitioner.name co "pet"))

``not`` binds more tightly than ``and``, ``and`` more tightly than ``or``. A path may lead over
references, each with conditions on what it leads to in brackets: ``patient[active eq true].name``.

Source: https://hl7.org/fhir/R4/search_filter.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from fhir_server.fhir import json
from fhir_server.fhir.outcome import FhirError
from fhir_server.search.draft import refused, too_costly

OPERATORS = (
    "eq", "ne", "co", "sw", "ew", "gt", "lt", "ge", "le", "ap", "sa", "eb", "pr", "po", "ss",
    "sb", "in", "ni", "re",
)  # fmt: skip
MOST_COMPARISONS, DEEPEST = 50, 20

_SPACE = re.compile(r"\s*")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_\-]*(?::[A-Za-z]+)?")
_WORD = re.compile(r"[a-z]+(?![A-Za-z0-9_\-.:\[])")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_BARE = re.compile(r"[^\s)\]\"]+")


@dataclass(frozen=True, slots=True)
class Step:
    """A name in a path, and conditions on what it leads to."""

    name: str
    condition: Filter | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """``path operator value``.

    Args:
        steps: the path; all but the last are references.
        operator: one of `OPERATORS`.
        value: without quotes.
    """

    steps: tuple[Step, ...]
    operator: str
    value: str


@dataclass(frozen=True, slots=True)
class Logical:
    """All parts, or one of them at least."""

    operator: Literal["and", "or"]
    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Negated:
    """Not the part."""

    part: Filter


Filter = Comparison | Logical | Negated


def parse(text: str) -> Filter:
    """Read a filter.

    Raises:
        FhirError: 400 for what is no filter; it says where and what was expected.
    """
    reader = _Reader(text)
    found = reader.either()
    if reader.rest:
        raise reader.expected("'and', 'or' or the end")
    return found


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0
        self._comparisons = 0
        self._skip()

    @property
    def rest(self) -> str:
        return self._text[self._at :]

    def expected(self, what: str) -> FhirError:
        # The value of a filter may be personal: the place is enough to find it.
        return refused(f"_filter: expected {what} at character {self._at + 1}.", "value")

    def either(self) -> Filter:
        parts = [self._both()]
        while self._accept_word("or"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else Logical("or", tuple(parts))

    def _both(self) -> Filter:
        parts = [self._single()]
        while self._accept_word("and"):
            parts.append(self._single())
        return parts[0] if len(parts) == 1 else Logical("and", tuple(parts))

    def _single(self) -> Filter:
        if self._accept("("):
            return self._closed(")")
        before = self._at
        if self._accept_word("not"):
            if not self._accept("("):
                raise self.expected("'(' after 'not'")
            return Negated(self._closed(")"))
        self._at = before
        return self._comparison()

    def _closed(self, end: str) -> Filter:
        self._depth += 1
        if self._depth > DEEPEST:
            raise too_costly(f"_filter: at most {DEEPEST} parentheses may be open.")
        found = self.either()
        if not self._accept(end):
            raise self.expected(f"'and', 'or' or '{end}'")
        self._depth -= 1
        return found

    def _comparison(self) -> Filter:
        self._comparisons += 1
        if self._comparisons > MOST_COMPARISONS:
            raise too_costly(f"_filter takes at most {MOST_COMPARISONS} comparisons.")
        steps = [self._step()]
        while self._accept("."):
            steps.append(self._step())
        if steps[-1].condition is not None:
            raise self.expected("'.' and a parameter after ']'")
        self._skip()
        before = self._at
        operator = self._match(_WORD)
        if operator not in OPERATORS:
            self._at = before
            raise self.expected(f"one of {', '.join(OPERATORS)}")
        return Comparison(tuple(steps), operator, self._value())

    def _step(self) -> Step:
        name = self._match(_NAME)
        if not name:
            raise self.expected("the name of a search parameter")
        return Step(name, self._closed("]") if self._accept("[") else None)

    def _value(self) -> str:
        self._skip()
        quoted = self._match(_QUOTED)
        if quoted:
            self._skip()
            return self._unquoted(quoted)
        bare = self._match(_BARE)
        if not bare:
            raise self.expected("a value: a word, number or date, or a text in double quotes")
        self._skip()
        return bare

    def _unquoted(self, text: str) -> str:
        try:
            value = json.parse(text.encode())
        except FhirError:
            raise self.expected("a text with JSON's escapes before") from None
        return str(value)

    def _skip(self) -> None:
        self._match(_SPACE)

    def _match(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._at)
        if match is None:
            return ""
        self._at = match.end()
        return match[0]

    def _accept(self, sign: str) -> bool:
        if not self._text.startswith(sign, self._at):
            return False
        self._at += len(sign)
        if sign != ".":
            self._skip()
        return True

    def _accept_word(self, word: str) -> bool:
        before = self._at
        if self._match(_WORD) == word:
            self._skip()
            return True
        self._at = before
        return False
