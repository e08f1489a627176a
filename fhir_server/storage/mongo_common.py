"""Remembers which tokens many resources have, so that it is not counted for each search.

What is remembered decides by which way an answer is looked for, never the answer. A token that
many have is common for a while longer: a minute is nothing to it.
"""

from __future__ import annotations

import time

REMEMBERED_SECONDS = 60.0
# Of a thousand units, and of the codes that are searched for most.
_MOST = 2_000


Tokens = tuple[str, ...]


class CommonTokens:
    """What was found to be common, by collection and token; safe to share between threads."""

    def __init__(self) -> None:
        self._until: dict[tuple[str, Tokens], float] = {}

    def knows(self, collection: str, tokens: Tokens) -> bool:
        """Tell whether many were found a short while ago to have one of some tokens."""
        return self._until.get((collection, tokens), 0.0) > time.monotonic()

    def learn(self, collection: str, tokens: Tokens) -> None:
        """Remember that many have one of some tokens."""
        if len(self._until) >= _MOST:
            self._until.clear()
        self._until[collection, tokens] = time.monotonic() + REMEMBERED_SECONDS


COMMON_TOKENS = CommonTokens()
