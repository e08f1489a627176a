"""What was probably meant by a name that is not known."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

_LONGEST = 200  # comparing takes the time of the lengths multiplied


def suggestion(name: str, known: Sequence[str], most: int = 3) -> str:
    """Give `` Did you mean …?`` with the names that are near; empty where none is."""
    return _asked(difflib.get_close_matches(name[:_LONGEST], known, most))


def element_suggestion(name: str, known: Sequence[str]) -> str:
    """Give the same for an element; for a choice without its type (``value``) its types."""
    typed = [each for each in known if each.startswith(name) and each[len(name) :][:1].isupper()]
    return _asked(typed[:8]) or suggestion(name, known)


def either(names: Sequence[str]) -> str:
    """Join names: ``a, b or c``."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} or {names[-1]}"


def _asked(near: Sequence[str]) -> str:
    return f" Did you mean {either(near)}?" if near else ""
