"""Who asks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Principal:
    """The person or system behind a request.

    Args:
        id: a stable name; never a personal identity number.
    """

    id: str


# Without authentication the server listens on loopback, and whoever reaches it is this one.
LOCAL = Principal("local")
