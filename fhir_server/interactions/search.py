"""search by type. https://hl7.org/fhir/R4/search.html"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from fhir_server.fhir.bundle import bundle, raw
from fhir_server.fhir.outcome import operation_outcome
from fhir_server.interactions.answer import Answer
from fhir_server.interactions.context import Context
from fhir_server.search.query import Query
from fhir_server.storage.records import SearchPage

# An estimate counts index entries up to here and says so by staying there.
ESTIMATE_LIMIT = 10_000


def search(context: Context, resource_type: str, parameters: Sequence[tuple[str, str]]) -> Answer:
    """Give one page of the resources that match, with links to this page and the next.

    ``Bundle.total`` is given where it costs nothing (the first page holds all matches) and where
    ``_total=accurate`` or ``estimate`` asks for it.

    Args:
        context: the request; a lenient one ignores unknown parameters with a warning.
        resource_type: the type.
        parameters: decoded names and values, in the order given.

    Raises:
        FhirError: 400 for unknown parameters and values that can't be read.
    """
    query = context.server.parser.parse(resource_type, parameters, lenient=context.lenient)
    only_count = query.count == 0
    page = SearchPage([], None) if only_count else context.store.search(query)
    entries: list[dict[str, Any]] = [
        {
            "fullUrl": f"{context.base}/{stored.reference}",
            "resource": raw(stored.body),
            "search": {"mode": "match"},
        }
        for stored in page.resources
        if stored.body is not None
    ]
    if query.ignored:
        outcome = operation_outcome(query.ignored)
        entries.append({"resource": outcome, "search": {"mode": "outcome"}})
    url = f"{context.base}/{resource_type}"
    links = [("self", _url(url, query, query.cursor))]
    if page.next_cursor:
        links.append(("next", _url(url, query, page.next_cursor)))
    total = _total(context, query, page)
    return Answer(200, body=bundle("searchset", entries, links=links, total=total))


def _total(context: Context, query: Query, page: SearchPage) -> int | None:
    if query.count == 0 or query.total == "accurate":
        return context.store.count(query)
    if query.total == "estimate":
        return context.store.count(query, ESTIMATE_LIMIT)
    complete = query.cursor is None and page.next_cursor is None
    return len(page.resources) if complete and query.total is None else None


def _url(url: str, query: Query, cursor: str | None) -> str:
    pairs = [*query.applied, *([("_cursor", cursor)] if cursor else [])]
    return f"{url}?{urlencode(pairs)}" if pairs else url
