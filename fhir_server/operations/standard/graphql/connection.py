"""Cursors of connections: they hold the search, so that no server has to remember it.

Source: https://hl7.org/fhir/R4/graphql.html#searching
"""

from __future__ import annotations

from collections.abc import Sequence

from fhir_server.fhir import cursors
from fhir_server.fhir.outcome import FhirError, invalid

Pairs = Sequence[tuple[str, str]]
_LONGEST = 20_000


def cursor(resource_type: str, pairs: Pairs, position: str | None) -> str:
    """Give the cursor of a page.

    Args:
        resource_type: what is searched.
        pairs: the search parameters.
        position: the store's cursor; None for the first page.
    """
    return cursors.written([resource_type, [list(pair) for pair in pairs], position])


def read_cursor(text: str, resource_type: str) -> list[tuple[str, str]]:
    """Give the search parameters of a page, its position among them.

    Raises:
        FhirError: 400 for what is no cursor of this search.
    """
    try:
        named, pairs, position = cursors.content_of(text)
        search = [(str(name), str(value)) for name, value in pairs]
    except (ValueError, TypeError):
        raise _unusable() from None
    if len(text) > _LONGEST or named != resource_type or not isinstance(position, str | None):
        raise _unusable()
    return [*search, *([("_cursor", position)] if position else [])]


def _unusable() -> FhirError:
    return invalid("_cursor: use one that a connection of the same type gave.", "_cursor")
