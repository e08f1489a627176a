"""Cuts an expression into tokens.

Source: http://hl7.org/fhirpath/N1/#lexical-elements
"""

from __future__ import annotations

import re
from typing import NamedTuple

from fhir_server.fhirpath.errors import FhirPathError

_TIME = r"[0-9]{2}(?::[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?)?"
_TOKEN = re.compile(
    rf"""
    (?P<space>(?:\s|//[^\r\n]*|/\*(?s:.*?)\*/)+)
    |(?P<temporal>@(?:T{_TIME}|[0-9]{{4}}(?:-[0-9]{{2}}(?:-[0-9]{{2}})?)?
        (?:T(?:{_TIME}(?:Z|[+-][0-9]{{2}}:[0-9]{{2}})?)?)?))
    |(?P<number>[0-9]+(?:\.[0-9]+)?)
    |(?P<word>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<string>'(?:[^'\\]|\\.)*')
    |(?P<quoted>`(?:[^`\\]|\\.)*`)
    |(?P<special>\$(?:this|index|total)\b)
    |(?P<symbol><=|>=|!=|!~|/(?!\*)|[.,()\[\]{{}}|&+\-*=~<>%])
    """,
    re.VERBOSE | re.ASCII,
)
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)", re.DOTALL)
_ESCAPED = {
    "'": "'", '"': '"', "`": "`", "\\": "\\", "/": "/",
    "f": "\f", "n": "\n", "r": "\r", "t": "\t",
}  # fmt: skip
_SHOWN = 20


class Token(NamedTuple):
    """A token: what it is, its text without quotes and escapes, where it starts."""

    kind: str
    text: str
    position: int


def tokens(text: str) -> list[Token]:
    """Cut an expression into tokens, the last of kind ``end``.

    Raises:
        FhirPathError: at the first character that starts no token.
    """
    found: list[Token] = []
    position, end, match = 0, len(text), _TOKEN.match
    while position < end:
        token = match(text, position)
        if token is None:
            raise _unreadable(text, position)
        kind = token.lastgroup or ""
        if kind != "space":
            own = token[0]
            if kind in ("string", "quoted"):
                own = _unescaped(own[1:-1], position)
            found.append(Token(kind, own, position))
        position = token.end()
    found.append(Token("end", "", end))
    return found


def _unreadable(text: str, position: int) -> FhirPathError:
    start = text[position]
    if start in "'`":
        return FhirPathError(f"A {start} opens here and nothing closes it.", position)
    if text.startswith("/*", position):
        return FhirPathError("A comment opens here and nothing closes it.", position)
    if start == "@":
        return FhirPathError("After @ a date, a time or both must follow.", position)
    return FhirPathError(f"{text[position : position + _SHOWN]!r} can't be read.", position)


def _unescaped(text: str, position: int) -> str:
    if "\\" not in text:
        return text

    def character(match: re.Match[str]) -> str:
        escape = match[1]
        if len(escape) == 5:
            return chr(int(escape[1:], 16))
        if escape not in _ESCAPED:
            at = position + 1 + match.start()
            raise FhirPathError(f"\\{escape} is no escape sequence; \\\\ is a backslash.", at)
        return _ESCAPED[escape]

    return _ESCAPE.sub(character, text)
