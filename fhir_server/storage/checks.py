"""What looks at the store inside a transaction that writes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fhir_server.storage.records import Change
from fhir_server.storage.snapshot import Snapshot

# Looks at the store inside a transaction, and raises to call the write off.
Check = Callable[[Snapshot], None]

# Looks at the store inside a transaction, and gives what else is to be changed in it.
Follow = Callable[[Snapshot], Sequence[Change]]


def in_turn(*checks: Check | None) -> Check | None:
    """Join checks into one that runs them in order; None where there are none."""
    wanted = [check for check in checks if check is not None]
    if not wanted:
        return None

    def check(snapshot: Snapshot) -> None:
        for each in wanted:
            each(snapshot)

    return check
