"""The reads that a batch or transaction may hold."""

from __future__ import annotations

from urllib.parse import parse_qsl

from fhir_server.interactions.answer import Answer
from fhir_server.interactions.context import Context
from fhir_server.interactions.entries import Entry
from fhir_server.interactions.read import read, vread
from fhir_server.interactions.search import search


def fetch(context: Context, entry: Entry) -> Answer:
    """Answer a GET entry: read, vread or search."""
    if entry.id is None:
        pairs = parse_qsl(entry.query or "", keep_blank_values=True)
        return search(context, entry.resource_type, pairs)
    if entry.version is not None:
        return vread(context, entry.resource_type, entry.id, entry.version)
    return read(context, entry.resource_type, entry.id)
