"""Several resources changed as one, made anew from what is stored where others were faster."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fhir_server.fhir.outcome import FhirError, Issue
from fhir_server.interactions.commit import commit
from fhir_server.interactions.context import Context
from fhir_server.interactions.prepare import Prepared, prepare
from fhir_server.interactions.rehearsal import rehearse_together
from fhir_server.interactions.update import ATTEMPTS, busy
from fhir_server.storage.checks import Check
from fhir_server.storage.records import StaleWrite, StoredResource


@dataclass(frozen=True, slots=True)
class Draft:
    """A resource as it is to become.

    Args:
        resource: without the server's part of ``meta``.
        id: its logical id; `prepare.new_id` gives one for a new resource.
        previous: the version that it was made from; None for a new resource.
        at: FHIRPath that stands for the resource in what is said about it, where several are
            written and the client must tell which; empty where its own name does.
    """

    resource: dict[str, Any]
    id: str
    previous: StoredResource | None = None
    at: str = ""

    @property
    def reference(self) -> str:
        """Give ``Type/id``."""
        return f"{self.resource['resourceType']}/{self.id}"


@dataclass(frozen=True, slots=True)
class Written:
    """What a write stored.

    Args:
        stored: in the order of the drafts.
        issues: the warnings about all of it.
        followed: what else changed because of it.
    """

    stored: tuple[StoredResource, ...]
    issues: tuple[Issue, ...]
    followed: tuple[StoredResource, ...] = ()


def write_together(
    context: Context,
    draft: Callable[[], Sequence[Draft]],
    *,
    locks: Sequence[str] = (),
    before: Check | None = None,
    dry_run: bool = False,
    tells_itself: bool = False,
) -> Written:
    """Store what is drafted, all or nothing, through validation and law like any write.

    Args:
        context: the request.
        draft: reads what is to change and gives it as it is to become; called again where another
            writer was faster. Two new resources must keep their ids from call to call.
        locks: see `commit`; the law's own are taken besides.
        before: see `commit`.
        dry_run: store nothing; what would refuse is among the issues.
        tells_itself: see `commit`.

    Raises:
        FhirError: what ``draft`` raises; what a write of the same would raise; 409 where too many
            others write.
    """
    for _ in range(ATTEMPTS):
        prepared = _prepared(context, draft())
        new = tuple(each.change.new for each in prepared)
        try:
            if dry_run:
                return Written(new, tuple(rehearse_together(context, prepared)))
            followed: list[Prepared] = []
            warnings = commit(
                context,
                prepared,
                locks=locks,
                before=before,
                followed=followed,
                tells_itself=tells_itself,
            )
        except StaleWrite:
            continue
        said = (i.inside(p.at) for p in prepared for i in warnings[p.change.new.reference])
        return Written(new, tuple(said), tuple(each.change.new for each in followed))
    raise busy("What is to be changed")


def _prepared(context: Context, drafts: Sequence[Draft]) -> list[Prepared]:
    written = {each.reference: each.resource for each in drafts}.get
    prepared = []
    for each in drafts:
        try:
            ready = prepare(context, each.resource, each.id, each.previous, written=written)
        except FhirError as error:
            issues = (issue.inside(each.at) for issue in error.issues)
            raise FhirError(*issues, status=error.status) from None
        prepared.append(replace(ready, at=each.at))
        context.progress(f"prepared {len(prepared)} of {len(drafts)} resources")
    return prepared
