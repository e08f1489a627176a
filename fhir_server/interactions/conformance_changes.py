"""What a write has to do with what is in effect: lets conformance resources take effect.

Beside each conformance resource that a write stores, what takes effect of it is written in the
same transaction, or why nothing does. Profiles that were made with one that changes are made anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from fhir_server.fhir import json
from fhir_server.fhir.outcome import Issue
from fhir_server.interactions.context import Context
from fhir_server.interactions.live_conformance import Settling
from fhir_server.interactions.prepare import Prepared
from fhir_server.profiles.taking_effect import PROFILE, TYPES, Drafts, Judgement, slim
from fhir_server.storage.mongo_conformance import ConformanceStore, Derived, Known
from fhir_server.storage.mongo_packages import PackageStore
from fhir_server.storage.records import StoredResource
from fhir_server.storage.snapshot import Snapshot

# Profiles made anew with one change; a profile that so many are based on is changed rarely.
MOST_DEPENDENTS = 500

Resource = Mapping[str, Any]


def conformance_changes(
    context: Context, prepared: Sequence[Prepared]
) -> ConformanceChanges | None:
    """Give what a write changes in what is in effect; None for one that has no part in it."""
    concerned = [p for p in prepared if p.change.new.resource_type in TYPES]
    return ConformanceChanges(context, concerned) if concerned else None


class ConformanceChanges:
    """The part of one write.

    Args:
        context: the request.
        concerned: the changes to conformance resources.
    """

    def __init__(self, context: Context, concerned: Sequence[Prepared]) -> None:
        self._context = context
        self._store = ConformanceStore(context.store.collections)
        self._concerned = concerned
        self._live = context.server.conformance
        self._changed = False
        self._judge()

    def issues(self) -> dict[str, list[Issue]]:
        """Give warnings about what is stored and does not take effect, by ``Type/id``."""
        said = {}
        for prepared, judgement in self._judged:
            if judgement.reason:
                type_ = prepared.change.new.resource_type
                text = f"This is stored, but does not take effect: {judgement.reason}."
                issue = Issue("warning", "business-rule", text, type_)
                said[prepared.change.new.reference] = [issue]
        return said

    def store(self, snapshot: Snapshot) -> None:
        """Write what takes effect, inside the transaction that writes the resources."""
        self._changed = False
        moved = self._store.revision_inside(snapshot) != self._revision
        if moved and self._context.brought is None:
            self._live.refresh()
            self._judge()
        derived = [_derived(p.change.new, p.resource, j) for p, j in self._judged]
        gone = [p.change.new.reference for p in self._concerned if p.resource is None]
        brought = self._context.brought
        if brought is not None and not gone:
            packages = PackageStore(self._context.store.collections)
            held = [replace(each, package=brought.package) for each in derived]
            packages.hold_inside(snapshot, held)
            return
        self._apply(snapshot, derived, gone)

    def settle(self) -> None:
        """Wait, after the commit, until every worker must have seen what changed."""
        if self._changed:
            self._live.refresh()
            settle(self._context)

    def _judge(self) -> None:
        current = self._live.current()
        self._revision = current.revision
        stored = [p for p in self._concerned if p.resource is not None]
        resources = [p.resource for p in stored if p.resource is not None]
        brought = self._context.brought
        if brought is not None:
            self._judged = [(p, brought.judgements[p.change.new.reference]) for p in stored]
            return
        drafts = Drafts(current.definitions, resources, self._live.problems)
        self._judged = [
            (p, drafts.judge(resource)) for p, resource in zip(stored, resources, strict=True)
        ]

    def _apply(self, snapshot: Snapshot, derived: Sequence[Derived], gone: Sequence[str]) -> None:
        keys = [*(each.key for each in derived), *gone]
        known = self._store.known_inside(snapshot, keys)
        urls = {each.url for each in derived if each.key.startswith(f"{PROFILE}/")}
        derived = [*derived, *self._dependents(snapshot, urls, set(keys))]
        was = any(known.get(key, Known()).in_effect for key in keys)
        if was or any(each.content is not None for each in derived):
            at = self._store.count_up_inside(snapshot)
            self._changed = True
        else:
            at = 0
        revisions = {key: _revision(at, known.get(key, Known())) for key in keys}
        self._store.replace_inside(
            snapshot, [(each, revisions.get(each.key, at)) for each in derived]
        )
        self._store.forget_inside(
            snapshot, {key: revisions[key] if key in known else 0 for key in gone}
        )

    def _dependents(self, snapshot: Snapshot, urls: Iterable[str], but: set[str]) -> list[Derived]:
        drafts = [p.resource for p, _ in self._judged if p.resource is not None]
        return dependents(self._context, snapshot, urls, drafts=drafts, but=but)


def dependents(
    context: Context,
    snapshot: Snapshot,
    urls: Iterable[str],
    *,
    drafts: Sequence[Resource] = (),
    but: set[str],
) -> list[Derived]:
    """Give anew the profiles that were made with some others, or lacked them.

    Args:
        context: the request.
        snapshot: the store inside the transaction.
        urls: of the profiles that change.
        drafts: the profiles as they change.
        but: keys of what is not to be made anew.
    """
    store = ConformanceStore(context.store.collections)
    found: dict[str, tuple[StoredResource, Resource]] = {}
    waiting = set(urls)
    while waiting and len(found) < MOST_DEPENDENTS:
        keys = store.waiting_inside(snapshot, waiting, MOST_DEPENDENTS)
        new = [key for key in keys if key not in found and key not in but]
        read = {
            key: (each, json.plain(each.body))
            for key, each in snapshot.read_many(new).items()
            if each.body is not None
        }
        found |= read
        waiting = {str(resource.get("url")) for _, resource in read.values()}
    if not found:
        return []
    live = context.server.conformance
    resources = [resource for _, resource in found.values()]
    shown = Drafts(live.current().definitions, [*drafts, *resources], live.problems)
    known = store.known_inside(snapshot, found)
    return [
        _derived(stored, resource, shown.judge(resource), known[stored.reference].package)
        for stored, resource in found.values()
    ]


def made_anew(context: Context, keys: Sequence[str]) -> None:
    """Let stored conformance resources take effect as they would if they were stored now.

    Args:
        context: on whose behalf.
        keys: ``Type/id`` of some; those that are gone are left out.
    """
    changed: list[Derived] = []

    def derive(snapshot: Snapshot) -> None:
        context.server.conformance.refresh()
        changed[:] = _written_anew(context, snapshot, keys)

    context.store.transact([], before=derive)
    if changed:
        settle(context)


def _written_anew(context: Context, snapshot: Snapshot, keys: Sequence[str]) -> list[Derived]:
    """Write anew what takes effect; give it, and nothing where nothing in effect changed."""
    store = ConformanceStore(context.store.collections)
    live = context.server.conformance
    found = [
        (each, json.plain(each.body))
        for each in snapshot.read_many(keys).values()
        if each.body is not None
    ]
    known = store.known_inside(snapshot, keys)
    drafts = Drafts(live.current().definitions, [r for _, r in found], live.problems)
    derived = [
        _derived(each, r, drafts.judge(r), known.get(each.reference, Known()).package)
        for each, r in found
    ]
    urls = {each.url for each in derived if each.constrains}
    shown = [resource for _, resource in found]
    derived += dependents(context, snapshot, urls, drafts=shown, but=set(keys))
    was = {each.key: known.get(each.key, Known()) for each in derived}
    changed = any(each.content is not None or was[each.key].in_effect for each in derived)
    at = store.count_up_inside(snapshot) if changed else 0
    store.replace_inside(snapshot, [(each, _revision(at, was[each.key])) for each in derived])
    return derived if changed else []


def remade(context: Context, urls: Iterable[str], *, but: set[str]) -> None:
    """Make the profiles anew that were made with some others, or lacked them.

    Args:
        context: on whose behalf.
        urls: of the profiles that changed, and are in effect now.
        but: keys of what is not to be made anew.
    """
    store = ConformanceStore(context.store.collections)
    found: list[Derived] = []

    def derive(snapshot: Snapshot) -> None:
        found[:] = dependents(context, snapshot, urls, but=but)
        if found:
            at = store.count_up_inside(snapshot)
            store.replace_inside(snapshot, [(each, at) for each in found])

    context.store.transact([], before=derive)
    if found:
        settle(context)


def settle(context: Context) -> None:
    """Wait until every worker must have seen a change, or leave that to who carries out more."""
    settling = context.settling or Settling()
    settling.changed()
    if context.settling is None:
        settling.wait()


def _revision(at: int, known: Known) -> int:
    return at or known.revision


def _derived(
    stored: StoredResource, resource: Resource | None, judgement: Judgement, package: str = ""
) -> Derived:
    resource = resource or {}
    effective = judgement.effective
    return Derived(
        key=stored.reference,
        url=str(resource.get("url", "")),
        version=str(resource.get("version", "")),
        updated=stored.last_updated,
        content=None if effective is None else slim(effective),
        reason=judgement.reason,
        retired=resource.get("status") == "retired",
        constrains=_constrained(resource),
        needs=judgement.needs,
        package=package,
    )


def _constrained(resource: Resource) -> str:
    """Give the type that a profile is about, or the code system that a supplement adds to."""
    if resource.get("resourceType") == PROFILE:
        return str(resource.get("type", ""))
    return str(resource.get("supplements", "")).partition("|")[0]
