"""$access-log: when a person's data were read or written, and from which unit (R115, R116).

Patientdatalagen (2008:355) 8 kap. 5 §: the caregiver tells the patient, who asks for it, of the
access there has been; HSLF-FS 2016:40, 4 kap. 9 §: so that the patient can judge whether it was
called for: the unit and the time. Names of staff are not in it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from fhir_server.fhir import cursors, json
from fhir_server.fhir.bundle import bundle, search_entry
from fhir_server.fhir.dates import micros
from fhir_server.fhir.outcome import FhirError, Issue, invalid
from fhir_server.interactions.answer import Answer
from fhir_server.interactions.finder import Finder
from fhir_server.operations.operation import Call
from fhir_server.operations.security import access_sample
from fhir_server.operations.security.accesses import Access, access_of, as_subset, named
from fhir_server.operations.subject import require_patient
from fhir_server.pages import web
from fhir_server.search import tokens
from fhir_server.storage.audit_records import KeptRecord
from fhir_server.storage.mongo_audit import AuditStore
from fhir_server.sweden.periods import bounds
from fhir_server.swedish import long_moment as moment

COUNT, MOST = 50, 1000
SHEET = "access_log.css"
SUCCESS = f"AuditEvent.outcome{tokens.CODE}0"
EVER = (0, micros(dt.datetime(9999, 1, 1, tzinfo=dt.UTC)))


def run(call: Call) -> Answer:
    """Give a page of accesses, or a sample of records.

    Returns:
        A searchset of AuditEvents, reduced to unit, time and kind; in a sample, whole. Or a page.

    Raises:
        FhirError: 404 for no such patient, 400 for no trail or parameters that can't be used, 403
            for a sample that is not this principal's to draw.
    """
    if call.context.store.collections.audit is None:
        text = "This server keeps no audit trail: the settings issuers, local_tokens or audit do."
        raise FhirError(Issue("error", "not-supported", text))
    period = _period(call)
    # Who runs the server sees the trail and no one's care: not even whether there is a patient.
    if call.id is not None and not _checks(call):
        require_patient(Finder(call.context.server, call.context.store), f"Patient/{call.id}")
    if "sample" in call.arguments:
        return access_sample.run(call, period)
    if call.id is None:
        raise invalid("Of all persons there is a sample only: give sample.", "sample", "required")
    found, following = _page(call, period)
    accesses = [access_of(each) for each in found]
    names = named(call.context, accesses)
    if call.media_type == web.MEDIA_TYPE:
        return _as_page(call, [each.with_names(names) for each in accesses], following)
    return _as_bundle(call, [each.with_names(names) for each in accesses], following)


def _checks(call: Call) -> bool:
    """Tell whether somebody asks who answers for checks of the trail itself."""
    access = call.context.store.access
    return not access.principal.unrestricted and access.role.kind == "administrator"


def _page(call: Call, period: tuple[int, int]) -> tuple[list[KeptRecord], str]:
    """Give the accesses of a page, and the cursor of the next."""
    count = call.arguments.get("count", COUNT)
    if not 0 < count <= MOST:
        raise invalid(f"count must be 1 to {MOST}.", "count", code="value")
    person = f"Patient/{call.id}"
    wanted = [f"AuditEvent.patient{tokens.REFERENCE}{person}", SUCCESS]
    if not call.context.store.access.asks_as_person:
        # Where else a person is cared for is not told by who has looked at them there.
        wanted += access_sample.own_checks(call)
    ledger = AuditStore(call.context.store.collections)
    found: list[KeptRecord] = []
    before = _before(call, person)
    while len(found) <= count:
        batch = ledger.about(wanted, period, before, count + 1)
        found += [each for each in batch if _is_access(each, person)]
        if len(batch) <= count:
            break
        before = batch[-1].key
    following = ""
    if len(found) > count:
        following = cursors.written([person, found[count - 1].key])
    return found[:count], following


def _before(call: Call, person: str) -> str:
    if call.cursor is None:
        return ""
    try:
        whose, before = cursors.content_of(call.cursor)
    except (TypeError, ValueError):
        raise cursors.not_from("access log") from None
    if whose != person or not isinstance(before, str):
        raise cursors.not_from("access log")
    return before


def _is_access(record: KeptRecord, person: str) -> bool:
    """Tell whether a record is about a person's data, and not only names the person."""
    event = json.plain(record.body or b"{}")
    return any(
        entity.get("what", {}).get("reference") == person
        and entity.get("role", {}).get("code") == "1"
        for entity in event.get("entity", ())
    )


def _period(call: Call) -> tuple[int, int]:
    low = _moment(call, "start", 0)
    high = _moment(call, "end", 1)
    return (EVER[0] if low is None else low, EVER[1] if high is None else high)


def _moment(call: Call, name: str, end: int) -> int | None:
    said = call.arguments.get(name)
    if said is None:
        return None
    found = bounds(said)
    if found is None:
        raise invalid(f"{name} must be a day or time such as 2026-03-12.", name, code="value")
    return micros(found[end])


def _as_bundle(call: Call, accesses: Sequence[Access], following: str) -> Answer:
    base = call.context.base
    links = [("self", f"{base}/{_address(call, call.cursor or '')}")]
    if following:
        links.append(("next", f"{base}/{_address(call, following)}"))
    entries = [
        search_entry(f"{base}/AuditEvent/{each.id}", as_subset(each), "match") for each in accesses
    ]
    return Answer(200, body=bundle("searchset", entries, links=links))


def _address(call: Call, cursor: str) -> str:
    pairs: list[tuple[str, Any]] = [
        (name, call.arguments[name]) for name in ("start", "end", "count") if name in call.arguments
    ]
    pairs += [*call.context.form, *([("_cursor", cursor)] if cursor else [])]
    return f"Patient/{call.id}/$access-log{'?' if pairs else ''}{urlencode(pairs)}"


def _as_page(call: Call, accesses: Sequence[Access], following: str) -> Answer:
    rows = [(moment(each.at, call.context.server.settings.zone), each) for each in accesses]
    pairs = _address(call, following).partition("?")[2] if following and call.by_get else ""
    link = f"?{pairs}" if pairs else ""
    page = web.page("access_log.html", sheet=SHEET, rows=rows, following=link)
    return Answer(200, body=page, media_type=web.CONTENT_TYPE, headers=web.headers(SHEET))
