"""The entries of a batch or transaction: read, and written back.

https://hl7.org/fhir/R4/http.html#transaction
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from fhir_server.fhir.bundle import raw
from fhir_server.fhir.dates import instant_text
from fhir_server.fhir.outcome import FhirError, Issue, invalid, operation_outcome
from fhir_server.interactions.answer import Answer, etag
from fhir_server.interactions.context import Context

# In the order in which R4 has them carried out.
METHODS = ("DELETE", "POST", "PUT", "GET")


@dataclass(frozen=True, slots=True)
class Entry:
    """One request inside a bundle; ``id`` and ``query`` come from its URL."""

    index: int
    method: str
    resource_type: str
    id: str | None
    version: str | None
    query: str | None
    resource: dict[str, Any] | None
    full_url: str | None
    if_match: str | None
    if_none_exist: str | None

    @property
    def turn(self) -> tuple[int, int]:
        """When the entry is carried out: by its method, then by its place (http.html#trules)."""
        return METHODS.index(self.method), self.index

    @property
    def expression(self) -> str:
        """Where the entry stands in the bundle."""
        return f"Bundle.entry[{self.index}]"

    @property
    def at(self) -> str:
        """Where what the entry says stands: its resource, or for want of one its request."""
        return f"{self.expression}.{'request' if self.resource is None else 'resource'}"


def read_entries(context: Context, bundle: dict[str, Any]) -> list[Entry]:
    """Read all entries.

    Raises:
        FhirError: 400; every entry that can't be read is named.
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
    issues: list[Issue] = []
    read: list[Entry] = []
    for index, entry in enumerate(entries):
        try:
            read.append(_entry(context, index, entry))
        except FhirError as error:
            issues += error.issues
    if issues:
        raise FhirError(*issues, status=400)
    return read


def _entry(context: Context, index: int, entry: Any) -> Entry:
    where = f"Bundle.entry[{index}]"
    request = entry.get("request") if isinstance(entry, dict) else None
    if not isinstance(request, dict):
        raise invalid("The entry needs a request.", f"{where}.request", code="required")
    method, url = request.get("method"), request.get("url")
    if method not in METHODS:
        raise invalid(
            f"The method must be one of {', '.join(METHODS)}.", f"{where}.request.method", "value"
        )
    if not isinstance(url, str):
        raise invalid("The request needs a url.", f"{where}.request.url", code="required")
    path, _, query = url.removeprefix(context.base).strip("/").partition("?")
    resource_type, id_, version = _path(context, path, f"{where}.request.url")
    resource = entry.get("resource")
    if method in ("POST", "PUT") and not isinstance(resource, dict):
        raise invalid(f"A {method} needs a resource.", f"{where}.resource", code="required")
    texts = {
        name: value
        for name, value in (
            ("fullUrl", entry.get("fullUrl")),
            ("ifMatch", request.get("ifMatch")),
            ("ifNoneExist", request.get("ifNoneExist")),
        )
        if value is not None
    }
    for name, value in texts.items():
        if not isinstance(value, str):
            raise invalid(f"{name} must be a string.", where, code="structure")
    read = Entry(
        index,
        method,
        resource_type,
        id_,
        version,
        query or None,
        resource,
        texts.get("fullUrl"),
        texts.get("ifMatch"),
        texts.get("ifNoneExist"),
    )
    _require_answerable(read)
    return read


def _path(context: Context, path: str, where: str) -> tuple[str, str | None, str | None]:
    parts = [unquote(part) for part in path.split("/")]
    if parts[0] not in context.server.registry:
        raise invalid(f"{parts[0]!r} is not a resource type of R4.", where, code="not-supported")
    match parts[1:]:
        case []:
            return parts[0], None, None
        case [id_]:
            return parts[0], id_, None
        case [id_, "_history", version]:
            return parts[0], id_, version
        case _:
            raise invalid("The server can't do this URL inside a bundle.", where, "not-supported")


def _require_answerable(entry: Entry) -> None:
    where = f"{entry.expression}.request.url"
    if entry.method == "POST" and (entry.id or entry.query):
        raise invalid("A POST in a bundle creates: its url is a type.", where, "not-supported")
    if entry.method in ("PUT", "DELETE") and (not entry.id or entry.query or entry.version):
        raise invalid(
            f"A {entry.method} in a bundle needs a url of the form Type/id; conditional ones are "
            "not supported.",
            where,
            "not-supported",
        )


def within(entry: Entry, issues: tuple[Issue, ...]) -> list[Issue]:
    """Point issues about an entry into the bundle: at its resource, or at its request."""
    return [issue.inside(entry.at) for issue in issues]


def response_entry(context: Context, answer: Answer, *, minimal: bool) -> dict[str, Any]:
    """Give the entry of the response bundle for one answer."""
    response: dict[str, Any] = {"status": str(answer.status)}
    entry: dict[str, Any] = {}
    if answer.stored is not None:
        response["etag"] = etag(answer.stored)
        response["lastModified"] = instant_text(answer.stored.last_updated)
        entry["fullUrl"] = f"{context.base}/{answer.stored.reference}"
    if answer.location:
        response["location"] = f"{context.base}/{answer.location}"
    if answer.issues:
        response["outcome"] = operation_outcome(answer.issues)
    if answer.content is not None and not minimal:
        entry["resource"] = raw(answer.content)
    entry["response"] = response
    return entry


def error_entry(error: FhirError) -> dict[str, Any]:
    """Give the entry of a batch response for a request that failed."""
    response = {"status": str(error.status), "outcome": operation_outcome(error.issues)}
    return {"response": response}
