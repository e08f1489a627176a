r"""The escapes and separators inside a search parameter's value.

``a,b`` are two values, ``a\,b`` is one; likewise for ``|`` and ``$``; ``\\`` is a backslash.

Source: https://hl7.org/fhir/R4/search.html#escaping
"""

from __future__ import annotations

import re

_ESCAPED = re.compile(r"\\([,|$\\])")


def split(text: str, separator: str) -> list[str]:
    """Split at a separator that isn't escaped; the parts keep their escapes."""
    if separator not in text:
        return [text]
    parts, start, position = [], 0, 0
    while position < len(text):
        if text[position] == "\\":
            position += 2
            continue
        if text[position] == separator:
            parts.append(text[start:position])
            start = position + 1
        position += 1
    return [*parts, text[start:]]


def unescape(text: str) -> str:
    """Give the value that an escaped text stands for."""
    return _ESCAPED.sub(r"\1", text) if "\\" in text else text


def escape(text: str) -> str:
    """Write a value so that `split` leaves it whole and `unescape` gives it back."""
    return re.sub(r"([,|$\\])", r"\\\1", text)
