"""What is kept beside conformance resources, made of them and of what they are judged to be."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from fhir_server.fhir import json
from fhir_server.interactions.context import Context
from fhir_server.interactions.live_conformance import Settling
from fhir_server.interactions.stored_concepts import NewConcepts
from fhir_server.profiles.taking_effect import PROFILE, Drafts, Judgement, slim
from fhir_server.storage.mongo_conformance import ConformanceStore, Derived, Known
from fhir_server.storage.mongo_packages import ACTIVE, PackageStore
from fhir_server.storage.records import StoredResource
from fhir_server.storage.snapshot import Snapshot

# Profiles made anew with one change; a profile that so many are based on is changed rarely.
MOST_DEPENDENTS = 500

Resource = Mapping[str, Any]
Versions = dict[str, tuple[StoredResource, Resource]]


def derived(
    stored: StoredResource,
    resource: Resource,
    judgement: Judgement,
    concepts: NewConcepts,
    package: str = "",
) -> Derived:
    """Give what is kept beside a conformance resource.

    Args:
        stored: its version.
        resource: as stored.
        judgement: what becomes of it.
        concepts: takes those of a CodeSystem that has many.
        package: that brought it; empty for none.
    """
    content, name = judgement.effective, ""
    if content is not None:
        content, name = concepts.split(stored, slim(content))
    return Derived(
        key=stored.reference,
        url=str(resource.get("url", "")),
        version=str(resource.get("version", "")),
        updated=stored.last_updated,
        content=content,
        reason=judgement.reason,
        retired=resource.get("status") == "retired",
        constrains=str(resource.get("type", "")) if stored.resource_type == PROFILE else "",
        concepts=name,
        needs=judgement.needs,
        package=package,
    )


class Remaking:
    """Makes anew what is kept beside stored resources.

    Args:
        context: on whose behalf.
        concepts: takes those of CodeSystems.
    """

    def __init__(self, context: Context, concepts: NewConcepts) -> None:
        self._context = context
        self._concepts = concepts
        self._store = ConformanceStore(context.store.collections)
        packages = PackageStore(context.store.collections).all()
        self._held = {each.key for each in packages if each.state != ACTIVE}

    def of_keys(self, snapshot: Snapshot, keys: Sequence[str]) -> list[Derived]:
        """Give anew what is kept beside some resources, and beside what depends on them."""
        found = self._read(snapshot, keys)
        made = self._derived(snapshot, found, ())
        urls = {each.url for each in made if each.constrains}
        drafts = [resource for _, resource in found.values()]
        return [*made, *self.dependents(snapshot, urls, drafts=drafts, but=set(keys))]

    def dependents(
        self,
        snapshot: Snapshot,
        urls: Iterable[str],
        *,
        drafts: Sequence[Resource] = (),
        but: set[str],
    ) -> list[Derived]:
        """Give anew the profiles that were made with some others, or lacked them.

        Args:
            snapshot: the store inside the transaction.
            urls: of the profiles that change.
            drafts: the profiles as they change, where they are not in effect yet.
            but: keys of what is not to be made anew.
        """
        found: Versions = {}
        waiting = set(urls)
        while waiting and len(found) < MOST_DEPENDENTS:
            keys = self._store.waiting_inside(snapshot, waiting, MOST_DEPENDENTS)
            read = self._read(snapshot, [k for k in keys if k not in found and k not in but])
            found |= read
            waiting = {str(resource.get("url")) for _, resource in read.values()}
        return self._derived(snapshot, found, drafts)

    def _read(self, snapshot: Snapshot, keys: Sequence[str]) -> Versions:
        return {
            key: (each, json.plain(each.body))
            for key, each in snapshot.read_many(keys).items()
            if each.body is not None
        }

    def _derived(
        self, snapshot: Snapshot, found: Versions, drafts: Sequence[Resource]
    ) -> list[Derived]:
        if not found:
            return []
        live = self._context.server.conformance
        resources = [resource for _, resource in found.values()]
        seen = Drafts(live.current().definitions, [*drafts, *resources], live.problems)
        known = self._store.known_inside(snapshot, found)
        made = []
        for stored, resource in found.values():
            before = known.get(stored.reference, Known())
            # What waits for its package takes effect with it, and by no other way.
            if not before.waits and before.package not in self._held:
                judged = seen.judge(resource)
                made.append(derived(stored, resource, judged, self._concepts, before.package))
        return made


def written(
    store: ConformanceStore, snapshot: Snapshot, made: Sequence[Derived], gone: Sequence[str] = ()
) -> tuple[bool, list[str]]:
    """Write what is kept beside resources, in the transaction that changes them.

    Args:
        store: of the database.
        snapshot: of the transaction.
        made: what is kept from now on.
        gone: keys of resources that are deleted.

    Returns:
        Whether that changes what is in effect, and the names of concepts that nothing names any
        more.
    """
    known = store.known_inside(snapshot, [*(each.key for each in made), *gone])
    changes = any(each.in_effect for each in known.values()) or any(
        each.content is not None for each in made
    )
    count = store.count_up_inside(snapshot) if changes else 0
    before = {each.key: known.get(each.key, Known()) for each in made}
    store.replace_inside(snapshot, [(m, count or before[m.key].revision) for m in made])
    forgotten = {key: known[key] for key in gone if key in known}
    store.forget_inside(
        snapshot,
        {key: max(count, each.revision) if each.revision else 0 for key, each in forgotten.items()},
    )
    kept = {each.concepts for each in made}
    old = [name for each in known.values() for name in each.concepts if name not in kept]
    return changes, old


def made_anew(context: Context, keys: Sequence[str]) -> None:
    """Let stored conformance resources take effect as they would if they were stored now.

    Args:
        context: on whose behalf.
        keys: ``Type/id`` of some; those that are gone are left out.
    """
    _remake(context, lambda remaking, snapshot: remaking.of_keys(snapshot, keys))


def remade(context: Context, urls: Iterable[str], *, but: set[str]) -> None:
    """Make the profiles anew that were made with some others, or lacked them.

    Args:
        context: on whose behalf.
        urls: of the profiles that changed, and are in effect now.
        but: keys of what is not to be made anew.
    """
    _remake(context, lambda remaking, snapshot: remaking.dependents(snapshot, urls, but=but))


def settle(context: Context) -> None:
    """Wait until every worker must have seen a change, or leave that to who carries out more."""
    context.server.conformance.refresh()
    settling = context.settling or Settling()
    settling.changed()
    if context.settling is None:
        settling.wait()


def _remake(context: Context, make: Callable[[Remaking, Snapshot], Sequence[Derived]]) -> None:
    collections = context.store.collections
    store, concepts = ConformanceStore(collections), NewConcepts(collections)
    remaking = Remaking(context, concepts)
    outcome: list[tuple[bool, list[str]]] = []

    def write(snapshot: Snapshot) -> None:
        context.server.conformance.refresh()
        made = make(remaking, snapshot)
        outcome[:] = [written(store, snapshot, made)]

    context.store.transact([], before=write)
    changed, old = outcome[0]
    if changed:
        settle(context)
    concepts.remove(old)
