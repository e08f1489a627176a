"""Takes away records that are past their time, so that the rest can still be verified.

HSLF-FS 2016:40, 4 kap. 9 §: logs are kept for five years at least. Where a stream's kept records
begin is noted first, sealed; a purge that was interrupted is finished by the next.
"""

from __future__ import annotations

from collections.abc import Callable

from fhir_server.security.audit.chain import Seal
from fhir_server.storage.audit_records import Checkpoint
from fhir_server.storage.mongo_audit import AuditStore


def purge(
    ledger: AuditStore, seal: Seal, before: int, done: Callable[[int], None] = lambda _: None
) -> int:
    """Take away what was recorded before a moment, and give how many records that were.

    Args:
        ledger: the trail.
        seal: vouches for where the kept records begin.
        before: in microseconds since 1970.
        done: is told how many records are gone, as it goes.

    Raises:
        StoreUnavailable: the database does not answer.
    """
    total = 0
    for head in ledger.heads():
        begun = head.checkpoint.number if head.checkpoint else 0
        last = ledger.last_before(head.stream, begun, before)
        number = begun
        if last is not None:
            number, hash_ = last
            vouched = seal.checkpoint(head.stream, number, hash_)
            ledger.set_checkpoint(head.stream, Checkpoint(number, hash_, vouched, before))
        for gone in ledger.purge(head.stream, number):
            total += gone
            done(gone)
    for gone in ledger.purge_unchained(before):
        total += gone
        done(gone)
    return total
