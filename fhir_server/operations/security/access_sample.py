"""Records drawn at random for the checks that a caregiver must make (R115).

Patientdatalagen (2008:355) 4 kap. 3 §; HSLF-FS 2016:40, 4 kap. 9 §: checks by sample, made
systematically and documented. Who draws a sample leaves a record of it like of anything else, with
period and seed, which draw the same records again.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import heapq
from urllib.parse import urlencode

from fhir_server.fhir.bundle import bundle, raw, search_entry
from fhir_server.fhir.dates import micros
from fhir_server.fhir.outcome import FhirError, Issue, invalid
from fhir_server.interactions.answer import Answer
from fhir_server.operations.operation import Call
from fhir_server.search import tokens
from fhir_server.storage.mongo_audit import AuditStore
from fhir_server.sweden import codes
from fhir_server.sweden.periods import STOCKHOLM

MOST = 500
DAYS = 30


def run(call: Call, period: tuple[int, int]) -> Answer:
    """Give a sample of whole records, of one person or of all.

    Args:
        call: with ``sample`` and perhaps ``seed``.
        period: from and until, in microseconds since 1970; the last 30 days where neither is said.

    Raises:
        FhirError: 403 for who does not answer for the checks, 400 for too many.
    """
    restriction = own_checks(call)
    size = call.arguments["sample"]
    if not 0 < size <= MOST:
        raise invalid(f"sample must be 1 to {MOST}.", "sample", code="value")
    seed = call.arguments.get("seed") or dt.datetime.now(STOCKHOLM).date().isoformat()
    if "start" not in call.arguments and "end" not in call.arguments:
        now = dt.datetime.now(dt.UTC)
        period = (micros(now - dt.timedelta(days=DAYS)), micros(now))
    ledger = AuditStore(call.context.store.collections)
    person = [f"AuditEvent.patient{tokens.REFERENCE}Patient/{call.id}"] if call.id else []
    keys = ledger.keys([*person, *restriction], period)
    drawn = heapq.nsmallest(size, keys, key=lambda key: _lot(seed, key))
    bodies = ledger.bodies(drawn)
    base = call.context.base
    entries = [search_entry(f"{base}/{key}", raw(bodies[key]), "match") for key in sorted(bodies)]
    given: dict[str, object] = {
        k: call.arguments[k] for k in ("start", "end", "sample") if k in call.arguments
    }
    path = f"Patient/{call.id}" if call.id else "Patient"
    address = f"{base}/{path}/$access-log?{urlencode({**given, 'seed': seed})}"
    return Answer(200, body=bundle("searchset", entries, links=[("self", address)]))


def own_checks(call: Call) -> list[str]:
    """Give the index tokens of the records that are this principal's to check.

    Which staff may look at the trail at all, the roles say: verksamhetschef. They check accesses
    from the own unit; who runs the server, all.

    Raises:
        FhirError: 403 for who does not answer for the checks.
    """
    access = call.context.store.access
    principal = access.principal
    if principal.unrestricted or access.role.kind == "administrator":
        return []
    if access.role.kind == "staff" and principal.unit:
        unit = tokens.coded(codes.HSA_ID, principal.unit)
        return [f"AuditEvent.acting-unit{tokens.IDENTIFIER}{tokens.CODED}{unit}"]
    text = "The trail is checked by verksamhetschef and administrator, who answer for the checks."
    details = (codes.PDL_4_3.coding, codes.HSLF_2016_40_4_9.coding)
    raise FhirError(Issue("error", "forbidden", text, "sample", details))


def _lot(seed: str, key: str) -> bytes:
    return hashlib.sha256(f"{seed}\n{key}".encode()).digest()
