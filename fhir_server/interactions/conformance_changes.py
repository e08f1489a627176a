"""What a write has to do with what is in effect: lets conformance resources take effect.

Beside each conformance resource that a write stores, what takes effect of it is written in the
same transaction, or why nothing does. Profiles that were made with one that changes are made anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from fhir_server.fhir.outcome import FhirError, Issue
from fhir_server.interactions.context import Context
from fhir_server.interactions.derivation import Remaking, Resource, derived, settle, written
from fhir_server.interactions.prepare import Prepared
from fhir_server.interactions.stored_concepts import NewConcepts
from fhir_server.profiles.taking_effect import PROFILE, TYPES, Drafts, Judgement
from fhir_server.storage.mongo_conformance import ConformanceStore, Derived
from fhir_server.storage.mongo_packages import PackageStore
from fhir_server.storage.records import AlreadyDone, StaleWrite, WriteTooLarge
from fhir_server.storage.snapshot import Snapshot


@contextmanager
def conformance_changes(
    context: Context, prepared: Sequence[Prepared]
) -> Iterator[ConformanceChanges | None]:
    """Commit inside this what was prepared.

    Yields:
        What the write changes in what is in effect; None for one that has no part in it.
    """
    concerned = [p for p in prepared if p.change.new.resource_type in TYPES]
    if not concerned:
        yield None
        return
    changes = ConformanceChanges(context, concerned)
    try:
        yield changes
    except (FhirError, StaleWrite, AlreadyDone, WriteTooLarge):
        # After other errors nobody knows whether it was written.
        changes.undo()
        raise


class ConformanceChanges:
    """The part of one write.

    Args:
        context: the request.
        concerned: the changes to conformance resources.
    """

    def __init__(self, context: Context, concerned: Sequence[Prepared]) -> None:
        self._context = context
        self._collections = context.store.collections
        self._store = ConformanceStore(self._collections)
        self._concepts = NewConcepts(self._collections)
        self._gone = [p.change.new.reference for p in concerned if p.deletes]
        self._stored: list[tuple[Prepared, Resource]] = [
            (p, p.resource) for p in concerned if p.resource is not None
        ]
        self._changed = False
        self._old: list[str] = []
        self._judge()
        self._derive()  # many concepts are stored better before the transaction than in it

    def issues(self) -> dict[str, list[Issue]]:
        """Give warnings about what is stored and does not take effect, by ``Type/id``."""
        return {
            p.change.new.reference: [_warning(p, judgement)]
            for (p, _), judgement in zip(self._stored, self._judged, strict=True)
            if judgement.reason
        }

    def store(self, snapshot: Snapshot) -> None:
        """Write what takes effect, inside the transaction that writes the resources."""
        brought = self._context.brought
        if brought is not None and not self._gone:
            held = [replace(each, package=brought.package) for each in self._derive()]
            PackageStore(self._collections).hold_inside(snapshot, held)
            return
        if self._store.revision_inside(snapshot) != self._revision:
            self._context.server.conformance.refresh()
            self._judge()
        made = self._derive()
        urls = {each.url for each in made if each.key.startswith(f"{PROFILE}/")}
        if urls:
            drafts = [resource for _, resource in self._stored]
            remaking = Remaking(self._context, self._concepts)
            keys = {*(each.key for each in made), *self._gone}
            made += remaking.dependents(snapshot, urls, drafts=drafts, but=keys)
        self._changed, self._old = written(self._store, snapshot, made, self._gone)

    def settle(self) -> None:
        """Wait, after the commit, until every worker must have seen what changed."""
        if self._changed:
            settle(self._context)
        self._concepts.remove(self._old)

    def undo(self) -> None:
        """Take away what was stored for a write that failed for certain."""
        self._concepts.undo()

    def _judge(self) -> None:
        live = self._context.server.conformance
        current = live.current()
        self._revision = current.revision
        if self._context.brought is not None:
            known = self._context.brought.judgements
            self._judged = [known[p.change.new.reference] for p, _ in self._stored]
            return
        drafts = Drafts(current.definitions, [r for _, r in self._stored], live.problems)
        self._judged = [drafts.judge(resource) for _, resource in self._stored]

    def _derive(self) -> list[Derived]:
        return [
            derived(p.change.new, resource, judgement, self._concepts)
            for (p, resource), judgement in zip(self._stored, self._judged, strict=True)
        ]


def _warning(prepared: Prepared, judgement: Judgement) -> Issue:
    text = f"This is stored, but does not take effect: {judgement.reason}."
    return Issue("warning", "business-rule", text, prepared.change.new.resource_type)
