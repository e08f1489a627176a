"""The entries of a batch or transaction, read. https://hl7.org/fhir/R4/http.html#transaction"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fhir_server.fhir.dates import interval
from fhir_server.fhir.outcome import FhirError, Issue, invalid
from fhir_server.interactions.context import Context
from fhir_server.interactions.entry_url import EntryUrl, read_url, require_sense

# In the order in which R4 has them carried out.
TURNS = {"DELETE": 0, "POST": 1, "PUT": 2, "PATCH": 2, "GET": 3, "HEAD": 3}
METHODS = tuple(TURNS)
READS = ("GET", "HEAD")
WITH_RESOURCE = ("POST", "PUT", "PATCH")
CONDITIONS = ("ifMatch", "ifNoneMatch", "ifModifiedSince", "ifNoneExist")


@dataclass(slots=True)
class Entry:
    """One request inside a bundle.

    Args:
        index: its place in the bundle.
        at: where what the entry says stands: its resource, or for want of one its request.
        method: the request's.
        url: the request's.
        resource: what it sends; None where it sends none, or where it was let go of.
        full_url: what links lead to it by.
        if_match: the version that must be the current one.
        if_none_match: the version that must not be.
        if_modified_since: for a read.
        if_none_exist: criteria of a conditional create.
    """

    index: int
    at: str
    method: str
    url: EntryUrl
    resource: dict[str, Any] | None
    full_url: str | None
    if_match: str | None
    if_none_match: str | None
    if_modified_since: datetime | None
    if_none_exist: str | None

    @property
    def turn(self) -> tuple[int, int]:
        """When the entry is carried out: by its method, then by its place (http.html#trules)."""
        return TURNS[self.method], self.index

    @property
    def resource_type(self) -> str:
        """The type that a write names."""
        return self.url.resource_type or ""

    @property
    def writes(self) -> bool:
        """Whether it creates, changes or deletes; operations are not counted."""
        return self.method not in READS and self.url.operation is None

    @property
    def expression(self) -> str:
        """Where the entry stands in the bundle."""
        return f"Bundle.entry[{self.index}]"


def read_entries(context: Context, bundle: dict[str, Any]) -> list[Entry | FhirError]:
    """Read all entries; for one that can't be read, give what is wrong with it.

    Raises:
        FhirError: there is no array of entries, or too many.
    """
    entries = bundle.get("entry", [])
    if not isinstance(entries, list):
        raise invalid("Bundle.entry must be an array.", "Bundle.entry", code="structure")
    limit = context.server.settings.max_bundle_entries
    if len(entries) > limit:
        raise FhirError(
            Issue(
                "error",
                "too-costly",
                f"The bundle has {len(entries)} entries, the server takes {limit}; split it.",
                "Bundle.entry",
            ),
            status=413,
        )
    return [_read(context, index, entry) for index, entry in enumerate(entries)]


def require_readable(read: list[Entry | FhirError]) -> list[Entry]:
    """Give the entries of a transaction.

    Raises:
        FhirError: 400; every entry that can't be read is named.
    """
    issues = [issue for each in read if isinstance(each, FhirError) for issue in each.issues]
    if issues:
        raise FhirError(*issues, status=400)
    return [each for each in read if isinstance(each, Entry)]


def _read(context: Context, index: int, entry: Any) -> Entry | FhirError:
    try:
        return _entry(context, index, entry)
    except FhirError as error:
        return error


def _entry(context: Context, index: int, entry: Any) -> Entry:
    where = f"Bundle.entry[{index}]"
    request = entry.get("request") if isinstance(entry, dict) else None
    if not isinstance(request, dict):
        raise invalid("The entry needs a request.", f"{where}.request", code="required")
    method = request.get("method")
    if method not in METHODS:
        raise invalid(
            f"The method must be one of {', '.join(METHODS)}.", f"{where}.request.method", "value"
        )
    url = _url(context, method, request.get("url"), f"{where}.request.url")
    resource = entry.get("resource")
    if method in WITH_RESOURCE and url.operation is None and not isinstance(resource, dict):
        raise invalid(f"A {method} needs a resource.", f"{where}.resource", code="required")
    conditions = {n: _text(request, n, f"{where}.request") for n in CONDITIONS if n in request}
    if conditions.get("ifNoneExist") is not None and (method != "POST" or url.operation):
        raise invalid("ifNoneExist belongs to a create.", f"{where}.request.ifNoneExist")
    given = resource if isinstance(resource, dict) else None
    return Entry(
        index,
        f"{where}.{'request' if given is None else 'resource'}",
        method,
        url,
        given,
        _text(entry, "fullUrl", where),
        conditions.get("ifMatch"),
        conditions.get("ifNoneMatch"),
        _instant(context, conditions.get("ifModifiedSince"), f"{where}.request.ifModifiedSince"),
        conditions.get("ifNoneExist"),
    )


def _url(context: Context, method: str, url: Any, where: str) -> EntryUrl:
    if not isinstance(url, str):
        raise invalid("The request needs a url.", where, code="required")
    try:
        read = read_url(context, url)
        require_sense(method, read)
    except FhirError as error:
        issue = error.issues[0]
        raise invalid(issue.text, where, issue.code) from None
    return read


def _text(of: dict[str, Any], name: str, where: str) -> str | None:
    value = of.get(name)
    if value is not None and not isinstance(value, str):
        raise invalid(f"{name} must be a string.", f"{where}.{name}", code="structure")
    return value


def _instant(context: Context, text: str | None, where: str) -> datetime | None:
    if text is None:
        return None
    try:
        return interval(text, context.server.settings.zone)[0]
    except ValueError:
        raise invalid("ifModifiedSince must be an instant.", where, code="value") from None


def within(entry: Entry, issues: tuple[Issue, ...]) -> list[Issue]:
    """Point issues about an entry into the bundle: at its resource, or at its request."""
    return [issue.inside(entry.at) for issue in issues]
