"""Strings reduced to what a search compares."""

from __future__ import annotations

import re
import unicodedata

_APOSTROPHES = re.compile("['’‘`´ʼ]")
_ASCII_OTHER = re.compile(r"[^0-9a-z]+")
_OTHER = re.compile(r"[\W_]+")
# Letters that Unicode doesn't take apart, as readers without them on the keyboard type them.
_LETTERS = str.maketrans({"ø": "o", "æ": "ae", "œ": "oe", "đ": "d", "ð": "d", "ł": "l", "þ": "th"})


def fold(text: str) -> str:
    """Reduce a string to what string search compares.

    Case and accents don't count (``Å`` is ``a``), apostrophes vanish, and every run of other
    punctuation and white space is one space, so that ``Anna-Lena`` is ``anna lena``.

    Source: https://hl7.org/fhir/R4/search.html#string
    """
    folded = _APOSTROPHES.sub("", text.casefold())
    if folded.isascii():
        return _ASCII_OTHER.sub(" ", folded).strip()
    apart = unicodedata.normalize("NFKD", folded.translate(_LETTERS))
    kept = "".join(c for c in apart if not unicodedata.combining(c))
    return _OTHER.sub(" ", kept.casefold()).strip()
