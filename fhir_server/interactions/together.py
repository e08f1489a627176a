"""Several resources changed as one, made anew from what is stored where others were faster."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from fhir_server.fhir.outcome import Issue
from fhir_server.interactions.commit import commit
from fhir_server.interactions.context import Context
from fhir_server.interactions.prepare import prepare
from fhir_server.interactions.update import ATTEMPTS, busy
from fhir_server.storage.records import StaleWrite, StoredResource
from fhir_server.storage.snapshot import Check


@dataclass(frozen=True, slots=True)
class Draft:
    """A resource as it is to become.

    Args:
        resource: without the server's part of ``meta``.
        id: its logical id; `prepare.new_id` gives one for a new resource.
        previous: the version that it was made from; None for a new resource.
    """

    resource: dict[str, Any]
    id: str
    previous: StoredResource | None = None

    @property
    def reference(self) -> str:
        """Give ``Type/id``."""
        return f"{self.resource['resourceType']}/{self.id}"


@dataclass(frozen=True, slots=True)
class Written:
    """What was stored, in the order of the drafts, and the warnings about all of it."""

    stored: tuple[StoredResource, ...]
    issues: tuple[Issue, ...]


def write_together(
    context: Context,
    draft: Callable[[], Sequence[Draft]],
    *,
    locks: Sequence[str] = (),
    before: Check | None = None,
) -> Written:
    """Store what is drafted, all or nothing, through validation and law like any write.

    Args:
        context: the request.
        draft: reads what is to change and gives it as it is to become; called again where another
            writer was faster. Two new resources must keep their ids from call to call.
        locks: see `commit`; the law's own are taken besides.
        before: see `commit`.

    Raises:
        FhirError: what ``draft`` raises; what a write of the same would raise; 409 where too many
            others write.
    """
    for _ in range(ATTEMPTS):
        drafts = draft()
        written = {each.reference: each.resource for each in drafts}.get
        prepared = [
            prepare(context, each.resource, each.id, each.previous, written=written)
            for each in drafts
        ]
        try:
            warnings = commit(context, prepared, locks=locks, before=before)
        except StaleWrite:
            continue
        issues = tuple(issue for found in warnings.values() for issue in found)
        return Written(tuple(each.change.new for each in prepared), issues)
    raise busy("What is to be changed")
