"""search: by type, of the whole system and of a compartment. https://hl7.org/fhir/R4/search.html"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from fhir_server.fhir import json
from fhir_server.fhir.bundle import bundle, outcome_entry, raw, search_entry
from fhir_server.fhir.outcome import Issue
from fhir_server.interactions import contained_search
from fhir_server.interactions.answer import Answer
from fhir_server.interactions.contained_search import Match
from fhir_server.interactions.context import Context
from fhir_server.interactions.include import Included, included
from fhir_server.profiles.subset import subset_of
from fhir_server.search.query import Query
from fhir_server.storage.records import StoredResource

# An estimate counts index entries up to here and says so by staying there.
ESTIMATE_LIMIT = 10_000


@dataclass(frozen=True, slots=True)
class _Found:
    """A page of results, and what was added to it."""

    matches: Sequence[Match] = ()
    next_cursor: str | None = None
    included: Included = field(default_factory=lambda: Included(0, 0))


def search(
    context: Context,
    resource_type: str | None,
    parameters: Sequence[tuple[str, str]],
    compartment: tuple[str, str] | None = None,
) -> Answer:
    """Give one page of the resources that match, with links to this page and the next.

    ``Bundle.total`` is given where it costs nothing (the first page holds all matches) and where
    ``_total=accurate`` or ``estimate`` asks for it.

    Args:
        context: the request; a lenient one ignores unknown parameters with a warning.
        resource_type: the type; None for all, or those that ``_type`` names.
        parameters: decoded names and values, in the order given.
        compartment: type and id of the resource whose compartment is searched.

    Raises:
        FhirError: 400 for unknown parameters and values that can't be read; 404 for a type that
            is not in the compartment.
    """
    if resource_type is not None:
        context.require("s", resource_type)
    query = context.server.parser.parse(
        resource_type, parameters, lenient=context.lenient, compartment=compartment
    )
    found = _found(context, query)
    path = "/".join((*(compartment or ()), resource_type or ("*" if compartment else "")))
    links = [("self", _url(context, path, query, query.cursor))]
    if found.next_cursor:
        links.append(("next", _url(context, path, query, found.next_cursor)))
    entries = _entries(context, query, found)
    total = _total(context, query, found)
    return Answer(200, body=bundle("searchset", entries, links=links, total=total))


def _found(context: Context, query: Query) -> _Found:
    if query.count == 0:
        return _Found()
    if query.contained != "false":
        matches = contained_search.find(context, query)
        return _Found(matches.found, matches.next_cursor)
    page = context.store.search(query)
    found = [Match(stored) for stored in page.resources]
    if not (query.includes or query.revincludes):
        return _Found(found, page.next_cursor)
    return _Found(found, page.next_cursor, included(context, query, page))


def _entries(context: Context, query: Query, found: _Found) -> list[dict[str, Any]]:
    shape = _Shape(context, query)
    entries = shape.matches(found.matches)
    entries += [shape.included(stored) for stored in found.included.resources.values()]
    issues = list(query.ignored)
    if found.included.cut:
        limit = found.included.limit
        issues.append(
            Issue(
                "warning",
                "incomplete",
                f"There is more to include than fits on a page ({limit} resources at most); "
                "ask for fewer results by _count, or follow fewer references.",
            )
        )
    if query.explain:
        issues.append(_explained(context, query))
    if issues:
        entries.append(outcome_entry(issues))
    return entries


class _Shape:
    """Makes entries, with resources whole or in the part that was asked for."""

    def __init__(self, context: Context, query: Query) -> None:
        self._base = context.base
        self._subset = subset_of(context.server.definitions)
        self._summary = query.summary if query.summary in ("true", "text", "data") else None
        self._elements = query.elements

    def matches(self, found: Sequence[Match]) -> list[dict[str, Any]]:
        """Give the entries of the results there are."""
        if self._summary is not None or self._elements:
            return [self._match(each) for each in found if each.stored.body is not None]
        # Whole resources, as most are: nothing is asked of each of them.
        return [
            self._match(each)
            if each.contained is not None
            else search_entry(f"{self._base}/{each.stored.reference}", raw(body), "match")
            for each in found
            if (body := each.stored.body) is not None
        ]

    def _match(self, match: Match) -> dict[str, Any]:
        if match.contained is not None:
            resource = self._part(match.contained, self._elements)
        else:
            resource = self._body(match.stored, self._elements)
        return self._entry(match.address, resource, "match")

    def included(self, stored: StoredResource) -> dict[str, Any]:
        """Give the entry of what was added; ``_elements`` is about the results alone."""
        return self._entry(stored.reference, self._body(stored, ()), "include")

    def _entry(self, address: str, resource: Any, mode: str) -> dict[str, Any]:
        return search_entry(f"{self._base}/{address}", resource, mode)

    def _body(self, stored: StoredResource, elements: Sequence[str]) -> Any:
        body = stored.body or b"{}"
        if self._summary is None and not elements:
            return raw(body)
        return self._part(json.parse(body), elements)

    def _part(self, resource: dict[str, Any], elements: Sequence[str]) -> dict[str, Any]:
        return self._subset.apply(resource, self._summary, elements)


def _explained(context: Context, query: Query) -> Issue:
    """Say how the page was found."""
    asked = query if query.contained == "false" else contained_search.candidates(query)
    plan = context.store.explain(asked)
    how = "Every step followed an index" if plan["indexed"] else "Not every step followed an index"
    text = (
        f"{how}: {plan['keys_examined']} keys and {plan['documents_examined']} documents "
        f"examined, {plan['returned']} returned."
    )
    return Issue("information", "informational", text, diagnostics=json.dump(plan).decode())


def _total(context: Context, query: Query, found: _Found) -> int | None:
    if query.count == 0 or query.total == "accurate":
        return _count(context, query, None)
    if query.total == "estimate":
        return _count(context, query, ESTIMATE_LIMIT)
    complete = query.cursor is None and found.next_cursor is None
    return len(found.matches) if complete and query.total is None else None


def _count(context: Context, query: Query, limit: int | None) -> int:
    if query.contained != "false":
        return contained_search.count(context, query, limit)
    return context.store.count(query, limit)


def _url(context: Context, path: str, query: Query, cursor: str | None) -> str:
    url = f"{context.base}/{path}".rstrip("/")
    pairs = [*query.applied, *context.form, *([("_cursor", cursor)] if cursor else [])]
    return f"{url}?{urlencode(pairs)}" if pairs else url
