"""The tokens of a parameter from the last to the first.

MongoDB reads an index on a list backwards only for a sort by the greatest of the whole list. So
this looks for a text from which on there are few tokens, by halving what is left, and reads those
forwards. Only keys of the index are read, no documents.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

from fhir_server.storage.mongo_reads import Entry, Read

# Above what most tokens are made of: ASCII.
_HIGHEST = 0x7F
# Entries that a window holds at most, where a page does not ask for more.
LARGEST = 4_000
# Most pages are full after so many windows, which stay small so that little is read in vain.
SMALL_WINDOWS = 3


@dataclass(frozen=True, slots=True)
class Window:
    """All documents with a token in a stretch of texts.

    Where ``high`` is the smallest text after ``low``, it is about that token alone, and the ids
    are left out: there are many.
    """

    low: str
    high: str
    ids: list[str]


def windows(read: Read, low: str, high: str, size: int) -> Iterator[Window]:
    """Give windows, the last one first, that between them hold all tokens there are.

    After the first few they double, as the reader goes on only where it found too little: towards
    the end of an order most tokens are of what came before, by a greater one.
    """
    most = 2 * size
    for number in count(1):
        if low >= high:
            return
        window = _last_window(read, low, high, most)
        if window is None:
            return
        yield window
        high = window.low
        if number >= SMALL_WINDOWS:
            most = max(most, min(2 * most, LARGEST))


def _last_window(read: Read, low: str, high: str, most: int) -> Window | None:
    """Look for a text from which on there are some entries, but not too many."""
    entries = read.entries(low, high, most)
    if not entries:
        return None
    if len(entries) < most:
        return Window(low, high, _ids(entries))
    known = entries[-1][0]  # there are tokens from here on, too many of them
    # Ids differ in their last part, so most of what comes before it need not be looked at.
    middle = _after_stem(known)
    while f"{known}\0" < high:
        if not known < middle < high:
            middle = _between(known, high)
        entries = read.entries(middle, high, most)
        if 0 < len(entries) < most:
            return Window(middle, high, _ids(entries))
        if entries:
            # Of a token that so many share the next is the one to look for.
            alike = entries[0][0] == entries[-1][0]
            known, middle = entries[-1][0], f"{entries[-1][0]}\0" if alike else ""
        else:
            high = middle
    return Window(known, f"{known}\0", [])


def _after_stem(token: str) -> str:
    stem = max(token.rfind("/"), token.rfind("|"))
    return token[:stem] + chr(ord(token[stem]) + 1) if stem >= 0 else f"{token}\0"


def _between(known: str, high: str) -> str:
    """Give a text after ``known`` and before ``high``, about halfway; there must be one."""
    pairs = enumerate(zip(known, high, strict=False))
    common = next((i for i, (a, b) in pairs if a != b), len(known))
    if common == len(known):
        return known + _character(ord(high[common]) // 2)
    first, last = ord(known[common]), ord(high[common])
    if last - first > 1:
        # Most of what there is is ASCII; where it is not, this only takes longer.
        end = min(last, _HIGHEST) if first < _HIGHEST - 1 else last
        return known[:common] + _character((first + end) // 2)
    if len(high) > common + 1:
        return high[: common + 1]
    for position in range(common + 1, len(known)):
        code = ord(known[position])
        if code < _HIGHEST - 1:
            return known[:position] + chr((code + _HIGHEST + 1) // 2)
    return f"{known}\0"


def _character(code: int) -> str:
    # Halves of pairs in UTF-16 are no characters.
    return chr(code) if not 0xD800 <= code <= 0xDFFF else "\ud7ff"


def _ids(entries: list[Entry]) -> list[str]:
    return [id_ for _, id_ in entries]
