"""Search texts of ``_text`` and ``_content``, made criteria.

    vårdplan                  the word, in whatever case and accents
    vård*                     words that start so
    plan hem                  all of the words
    "vård i hemmet"           the same: word by word, in any order
    plan AND (hem OR skola)   and, or and not, in capitals or not; and binds tighter than or
    NOT avslutad
    "not"                     the word itself

Source: https://hl7.org/fhir/R4/search.html#content
"""

from __future__ import annotations

import re

from fhir_server.search.asked import Asked
from fhir_server.search.query import And, Criterion, HasWord, Not, either
from fhir_server.search.syntax import unescape
from fhir_server.search.words import split_words

_MOST_WORDS, _DEEPEST = 50, 20
_ITEM = re.compile(r'\s*(?:(?P<quoted>"[^"]*")|(?P<symbol>[()])|(?P<word>[^\s()"]+))')
_OPERATORS = ("AND", "OR", "NOT")
_END = ("symbol", "")


def words_criterion(asked: Asked, text: str) -> Criterion:
    """Read a search text.

    Raises:
        FhirError: 400 for a text that can't be read, or asks for too much.
    """
    items = []
    value, position = unescape(text).rstrip(), 0
    while position < len(value):
        match = _ITEM.match(value, position)
        if match is None or match.lastgroup is None:
            raise asked.refused("a quotation mark is not closed.")
        items.append(_item(match.lastgroup, match[match.lastgroup]))
        position = match.end()
    if len(items) > _MOST_WORDS:
        raise asked.refused(f"at most {_MOST_WORDS} words can be looked for.", "too-costly")
    return _Reader(asked, items).whole()


def _item(kind: str, text: str) -> tuple[str, str]:
    if kind == "word" and text.upper() in _OPERATORS:
        return "operator", text.upper()
    return kind, text


class _Reader:
    """Recursive descent, loosest operator first: or, and, not, word."""

    def __init__(self, asked: Asked, items: list[tuple[str, str]]) -> None:
        self._asked = asked
        self._items = [*items, _END]
        self._position = 0
        self._depth = 0

    def whole(self) -> Criterion:
        found = self._either()
        if self._items[self._position] != _END:
            raise self._asked.refused("there is a closing parenthesis too many.")
        return found

    def _either(self) -> Criterion:
        parts = [self._all()]
        while self._skip("OR"):
            parts.append(self._all())
        return either(*parts)

    def _all(self) -> Criterion:
        parts = [self._one()]
        while self._items[self._position] not in (_END, ("symbol", ")"), ("operator", "OR")):
            self._skip("AND")
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _one(self) -> Criterion:
        kind, text = self._items[self._position]
        if self._skip("NOT"):
            return Not(self._one())
        if (kind, text) == ("symbol", "("):
            return self._inside()
        if kind in ("symbol", "operator"):
            raise self._asked.refused("a word is missing before or after AND, OR, NOT or ().")
        self._position += 1
        return self._words(text, start=kind == "word" and text.endswith("*"))

    def _inside(self) -> Criterion:
        self._position += 1
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._asked.refused("the parentheses are nested too deep.", "too-costly")
        found = self._either()
        if self._items[self._position] != ("symbol", ")"):
            raise self._asked.refused("a parenthesis is not closed.")
        self._position += 1
        self._depth -= 1
        return found

    def _words(self, text: str, *, start: bool) -> Criterion:
        words = list(split_words(text))
        if not words or len(words) > _MOST_WORDS:
            raise self._asked.refused("it needs words of letters or digits, 50 at most.")
        narrative = self._asked.parameter.code == "_text"
        found = [HasWord(word, narrative) for word in words[:-1]]
        found.append(HasWord(words[-1], narrative, start))
        return found[0] if len(found) == 1 else And(tuple(found))

    def _skip(self, operator: str) -> bool:
        found = self._items[self._position] == ("operator", operator)
        self._position += found
        return found
