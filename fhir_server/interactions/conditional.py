"""Criteria that name a resource by what it is instead of by its id.

https://hl7.org/fhir/R4/http.html#ccreate, #trules (conditional references)
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl

from fhir_server.fhir.outcome import FhirError, Issue
from fhir_server.interactions.context import Server
from fhir_server.search.query import Query
from fhir_server.storage.records import StoredResource
from fhir_server.storage.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Criteria:
    """A search that should find at most one resource, and the name of the lock that makes it so."""

    text: str
    query: Query
    lock: str


def criteria(server: Server, resource_type: str, text: str) -> Criteria:
    """Read the search of an ``ifNoneExist`` or of a conditional reference.

    Args:
        server: the server's parts.
        resource_type: the type to search.
        text: parameters as in a URL, with or without ``?`` in front.

    Raises:
        FhirError: 400 for no criteria, or parameters the server does not know.
    """
    pairs = parse_qsl(text.lstrip("?"), keep_blank_values=True)
    if not pairs:
        raise FhirError(
            Issue("error", "required", "Conditional criteria need at least one search parameter.")
        )
    query = server.parser.parse_criteria(resource_type, pairs, 2)
    normal = "&".join(f"{name}={value}" for name, value in sorted(pairs))
    return Criteria(f"{resource_type}?{text.lstrip('?')}", query, f"if:{resource_type}?{normal}")


def one_match(snapshot: Snapshot, wanted: Criteria) -> StoredResource | None:
    """Give the one resource that matches, None for none.

    Raises:
        FhirError: 412 for several.
    """
    found = snapshot.search(wanted.query).resources
    if len(found) > 1:
        # The criteria may hold a personal identity number, so the text does not repeat them.
        raise FhirError(
            Issue(
                "error",
                "multiple-matches",
                "More than one resource matches the criteria; make them more specific.",
            )
        )
    return found[0] if found else None
