"""history of one resource. https://hl7.org/fhir/R4/http.html#history"""

from __future__ import annotations

from typing import Any

from fhir_server.fhir.bundle import bundle, raw
from fhir_server.fhir.dates import instant_text
from fhir_server.fhir.outcome import not_found
from fhir_server.interactions.answer import Answer, etag
from fhir_server.interactions.context import Context
from fhir_server.storage.records import StoredResource


def history(
    context: Context,
    resource_type: str,
    id_: str,
    *,
    count: int | None = None,
    before: int | None = None,
) -> Answer:
    """Give a page of versions, newest first.

    Args:
        context: the request.
        resource_type: its type.
        id_: its logical id.
        count: versions on a page.
        before: continue below this version.

    Raises:
        FhirError: 404 for a resource that never was.
    """
    settings = context.server.settings
    size = min(count or settings.default_count, settings.max_count)
    versions = context.store.history(resource_type, id_, before=before, count=size + 1)
    if not versions and before is None:
        raise not_found(f"{resource_type}/{id_}")
    page = versions[:size]
    url = f"{context.base}/{resource_type}/{id_}/_history?_count={size}"
    links = [("self", url if before is None else f"{url}&_before={before}")]
    if len(versions) > size:
        links.append(("next", f"{url}&_before={page[-1].version}"))
    total = len(page) if before is None and len(versions) <= size else None
    entries = [_entry(context, stored) for stored in page]
    return Answer(200, body=bundle("history", entries, links=links, total=total))


def _entry(context: Context, stored: StoredResource) -> dict[str, Any]:
    first = stored.version == 1
    entry: dict[str, Any] = {"fullUrl": f"{context.base}/{stored.reference}"}
    if stored.body is not None:
        entry["resource"] = raw(stored.body)
    method = "DELETE" if stored.deleted else "POST" if first else "PUT"
    entry["request"] = {
        "method": method,
        "url": stored.resource_type if method == "POST" else stored.reference,
    }
    entry["response"] = {
        "status": {"DELETE": "204", "POST": "201", "PUT": "200"}[method],
        "etag": etag(stored),
        "lastModified": instant_text(stored.last_updated),
    }
    return entry
