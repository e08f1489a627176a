"""history of a resource, of a type, of all. https://hl7.org/fhir/R4/http.html#history"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from fhir_server.fhir import cursors, json
from fhir_server.fhir.bundle import bundle, raw
from fhir_server.fhir.dates import instant_text, interval, micros
from fhir_server.fhir.outcome import FhirError, Issue, invalid, not_found
from fhir_server.interactions.answer import Answer, etag
from fhir_server.interactions.context import Context
from fhir_server.interactions.listed_versions import listed_versions
from fhir_server.profiles.subset import subset_of
from fhir_server.storage.records import StoredResource
from fhir_server.storage.versions import HistoryQuery, Moments, Position, VersionPage

FORMAT_PARAMETERS = ("_format", "_pretty")
# Not count: it is about the matches of a search.
SUMMARIES = ("true", "text", "data", "false")

# A day and more: an instant (datatypes.html#instant) needs its time and zone.
INSTANT = re.compile(r".{10}T.{8}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})")
# The form of an id that this server makes; a client that creates under an id rarely takes one.
OWN_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\Z")


@dataclass(slots=True)
class _Asked:
    """The parameters of a history, as they took effect."""

    query: HistoryQuery
    summary: str | None = None
    elements: tuple[str, ...] = ()
    applied: list[tuple[str, str]] = field(default_factory=list)
    ignored: list[Issue] = field(default_factory=list)


def history(
    context: Context,
    *,
    resource_type: str | None = None,
    id: str | None = None,  # noqa: A002 - the name R4 has for it
    parameters: Sequence[tuple[str, str]] = (),
) -> Answer:
    """Give a page of versions, newest first.

    Args:
        context: the request; a lenient one ignores unknown parameters.
        resource_type: the type; None for all.
        id: the logical id; None for all resources of the type.
        parameters: ``_since``, ``_at``, ``_list``, ``_count``, ``_summary``, ``_elements``, and the
            ``_cursor`` of a next link.

    Raises:
        FhirError: 400 for parameters that can't be used, 404 for a resource that never was.
    """
    if resource_type is not None:
        context.require("r", resource_type)
    asked = _read(context, resource_type, id, parameters)
    page = context.store.history(asked.query)
    if page is None:
        raise not_found(f"{resource_type}/{id}")
    path = "/".join(part for part in (context.base, resource_type, id, "_history") if part)
    body = bundle(
        "history",
        [_entry(context, asked, stored) for stored in page.versions],
        links=_links(path, asked, page, context.form),
        total=page.total,
    )
    return Answer(200, body=body, issues=tuple(asked.ignored))


def _read(
    context: Context,
    resource_type: str | None,
    id_: str | None,
    parameters: Sequence[tuple[str, str]],
) -> _Asked:
    types = (resource_type,) if resource_type else context.server.definitions.resource_types
    settings = context.server.settings
    query = HistoryQuery(
        types, id_, count=settings.default_count, max_bytes=int(settings.max_page_mb * 1_000_000)
    )
    asked = _Asked(query)
    problems: list[Issue] = []
    for name, value in parameters:
        if name in FORMAT_PARAMETERS:
            continue
        try:
            _apply(context, asked, name, value)
        except FhirError as error:
            problems.extend(error.issues)
    if problems and not context.lenient:
        raise FhirError(*problems, status=400)
    asked.ignored = [
        replace(issue, severity="warning", text=f"Ignored: {issue.text}") for issue in problems
    ]
    return asked


def _apply(context: Context, asked: _Asked, name: str, value: str) -> None:
    reader = READERS.get(name)
    if reader is None:
        known = ", ".join(sorted(READERS))
        text = f"history does not know the parameter '{name[:64]}'. Valid: {known}."
        raise FhirError(Issue("error", "not-supported", text))
    if any(name == given for given, _ in asked.applied):
        raise invalid(f"{name} may be given once only.")
    asked.applied.append((name, reader(context, asked, value)))


def _count(context: Context, asked: _Asked, value: str) -> str:
    if not (value.isascii() and value.isdigit() and len(value) < 10 and int(value)):
        raise invalid("_count must be a whole number greater than 0.", code="value")
    count = min(int(value), context.server.settings.max_count)
    asked.query = replace(asked.query, count=count)
    return str(count)


def _since(context: Context, asked: _Asked, value: str) -> str:
    text = "_since must be an instant with a zone, such as 2026-03-02T08:10:00Z or, escaped, "
    text += "2026-03-02T09:10:00%2B01:00."
    if not INSTANT.fullmatch(value):
        raise invalid(text, code="value")
    asked.query = replace(asked.query, since=_moments(context, value, text).start)
    return value


def _at(context: Context, asked: _Asked, value: str) -> str:
    text = "_at must be a date or a time, such as 2026, 2026-03, 2026-03-02 or 2026-03-02T08:10:00Z"
    text += " (a + in it is escaped as %2B)."
    asked.query = replace(asked.query, at=_moments(context, value, text))
    return value


def _moments(context: Context, value: str, otherwise: str) -> Moments:
    try:
        start, end = interval(value, context.server.settings.zone)
    except ValueError:
        raise invalid(otherwise, code="value") from None
    return Moments(micros(start), micros(end))


def _cursor(context: Context, asked: _Asked, value: str) -> str:
    try:
        updated, reference, version = cursors.content_of(value)
    except (TypeError, ValueError):
        raise cursors.not_from("history") from None
    fits = type(updated) is int and type(version) is int and isinstance(reference, str)
    # MongoDB's whole numbers have 64 bits.
    if not fits or not (0 < version < 2**31 and 0 <= updated < 2**62):
        raise cursors.not_from("history")
    if asked.query.id and reference != asked.query.reference:
        raise cursors.not_from("history")
    asked.query = replace(asked.query, after=Position(updated, reference, version))
    return value


def _list(context: Context, asked: _Asked, value: str) -> str:
    if asked.query.id is not None:
        raise invalid("_list selects among resources; this is the history of one.")
    asked.query = replace(asked.query, listed=listed_versions(context, value))
    return value


def _summary(context: Context, asked: _Asked, value: str) -> str:
    if value not in SUMMARIES:
        raise invalid(f"_summary of a history must be one of {', '.join(SUMMARIES)}.", code="value")
    if value != "false" and asked.elements:
        raise _combined()
    asked.summary = None if value == "false" else value
    return value


def _elements(context: Context, asked: _Asked, value: str) -> str:
    if asked.summary is not None:
        raise _combined()
    asked.elements = subset_of(context.server.definitions).elements_from(value, asked.query.types)
    return value


def _combined() -> FhirError:
    return invalid("_summary and _elements can't be combined.")


Reader = Callable[[Context, _Asked, str], str]
READERS: dict[str, Reader] = {
    "_at": _at,
    "_count": _count,
    "_cursor": _cursor,
    "_elements": _elements,
    "_list": _list,
    "_since": _since,
    "_summary": _summary,
}


def _links(
    path: str, asked: _Asked, page: VersionPage, form: Sequence[tuple[str, str]]
) -> list[tuple[str, str]]:
    links = [("self", _url(path, [*asked.applied, *form]))]
    if page.next is not None:
        place = [page.next.updated, page.next.reference, page.next.version]
        kept = [pair for pair in asked.applied if pair[0] != "_cursor"]
        links.append(("next", _url(path, [*kept, *form, ("_cursor", cursors.written(place))])))
    return links


def _url(path: str, pairs: Sequence[tuple[str, str]]) -> str:
    return f"{path}?{urlencode(pairs)}" if pairs else path


def _entry(context: Context, asked: _Asked, stored: StoredResource) -> dict[str, Any]:
    entry: dict[str, Any] = {"fullUrl": f"{context.base}/{stored.reference}"}
    if stored.body is not None and asked.summary is None and not asked.elements:
        entry["resource"] = raw(stored.body)
    elif stored.body is not None:
        parts = subset_of(context.server.definitions)
        entry["resource"] = parts.apply(json.parse(stored.body), asked.summary, asked.elements)
    method, url, status = _request(stored)
    entry["request"] = {"method": method, "url": url}
    entry["response"] = {
        "status": status,
        "etag": etag(stored),
        "lastModified": instant_text(stored.last_updated),
    }
    return entry


def _request(stored: StoredResource) -> tuple[str, str, str]:
    """Give method, url and status of the request that made a version, as far as they are known."""
    if stored.deleted:
        return "DELETE", stored.reference, "204"
    if stored.version > 1:
        return "PUT", stored.reference, "200"
    if OWN_ID.match(stored.id):
        return "POST", stored.resource_type, "201"
    return "PUT", stored.reference, "201"
