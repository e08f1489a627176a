"""The store as one principal may use it: the only store that interactions and operations see.

One instance is made for each request, so no handler can forget who asks. Every read, search, count,
include and chain passes through here and gives only what `Access` lets its principal see; every
write is labelled with who answers for it, and refused where the principal may not make it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import Any

from fhir_server.fhir.outcome import FhirError, Issue
from fhir_server.search import labels
from fhir_server.search.indexing import IndexEntries
from fhir_server.search.query import Query
from fhir_server.security.access import EVERYTHING, Access
from fhir_server.security.disclosing import DecidingAccess, DisclosingAccess
from fhir_server.security.guarded_figures import GuardedFigures
from fhir_server.security.identifying import Identifying
from fhir_server.security.labelling import Labeller
from fhir_server.security.masking import Masks, labelled_as, tokens_left
from fhir_server.security.naming import named_by
from fhir_server.security.provenance import Record
from fhir_server.security.referring import NOTHING, Ahead, Referring
from fhir_server.security.restricting import restricted
from fhir_server.security.trace import Trace
from fhir_server.security.writing import require_writable
from fhir_server.storage.checks import Check, Follow
from fhir_server.storage.mongo import MongoStore
from fhir_server.storage.mongo_about import About
from fhir_server.storage.mongo_together import Sought
from fhir_server.storage.reading_along import ReadingAlong
from fhir_server.storage.records import Change, SearchPage, StoredResource
from fhir_server.storage.snapshot import Snapshot
from fhir_server.storage.versions import HistoryQuery, VersionPage

# More types than this in one search are first narrowed to those that can have anything.
MANY_TYPES = 12


class GuardedStore(Referring, GuardedFigures, Identifying, ReadingAlong):
    """Reads and writes on behalf of a principal.

    Args:
        store: the whole store.
        access: what the principal may do and see.
        labeller: says who answers for what is written.
        masks: leave out what the principal may not see of what they may.
        trace: is told what was given and changed.
        record: tells in Provenances of what is written.
        inside: a snapshot of the same store whose transaction the reads belong to.
    """

    def __init__(
        self,
        store: MongoStore,
        access: Access,
        labeller: Labeller,
        masks: Masks,
        trace: Trace,
        record: Record,
        inside: Snapshot | None = None,
    ) -> None:
        super().__init__(store.collections, inside.within if inside else None)
        self._store = store
        self.access = access
        self.trace = trace
        self._labeller = labeller
        self._masks = masks
        self._record = record
        # The Provenances of the last write.
        self.recorded: list[Change] = []
        self._free = access.principal.unrestricted
        # What was given with something left out: written back, the rest would be lost.
        self._cut: set[str] = set()

    def inside(self, snapshot: Snapshot) -> GuardedStore:
        """Give the same principal's view of the store inside a transaction."""
        return self._as(self.access, self.trace, snapshot)

    def _as(self, access: Access, trace: Trace, inside: Snapshot | None = None) -> GuardedStore:
        made = GuardedStore(
            self._store, access, self._labeller, self._masks, trace, self._record, inside
        )
        made._cut = self._cut
        return made

    # For one purpose, which a test holds to its callers: what a person's consent hands out

    def deciding(self) -> Snapshot:
        """Give the whole store, to decide by what the person has said; nothing of it is given."""
        return Snapshot(self.collections, self.within)

    def disclosing(self, person: str, types: Collection[str]) -> GuardedStore:
        """Give the store with what others know of one person, for the caller to cut.

        Args:
            person: ``Patient/[id]``.
            types: that are handed out; nothing behind a spärr is.
        """
        if self._free:
            return self
        wider = DisclosingAccess(self.access, self._store, person, types)
        return self._as(wider, self.trace)

    # Reads

    def read(self, resource_type: str, id_: str) -> StoredResource | None:
        """Give the current version, if it may be seen; see `Snapshot.read`."""
        found = super().read(resource_type, id_)
        return None if found is None else self.as_seen(found)

    def as_seen(self, version: StoredResource) -> StoredResource | None:
        """Give a version as it may be seen; None for one that may not."""
        seen = self._seen([version])
        return seen[0] if seen else None

    def read_many(self, references: Iterable[str]) -> dict[str, StoredResource]:
        """Give those of some resources that may be seen; see `Snapshot.read_many`."""
        found = super().read_many(references)
        if self._free:
            self._note(found.values())
            return found
        return {each.reference: each for each in self._seen(list(found.values()))}

    def read_version(self, resource_type: str, id_: str, version: int) -> StoredResource | None:
        """Give one version, if the current one may be seen too; see `Snapshot.read_version`."""
        if self._free:
            found = super().read_version(resource_type, id_, version)
            self._note([found] if found else [])
            return found
        current = super().read(resource_type, id_)
        if current is None or not self._seen([current]):
            return None
        found = self._version(current, version)
        seen = self._seen([labelled_as(found, current)]) if found else []
        return seen[0] if seen else None

    def history(self, asked: HistoryQuery) -> VersionPage | None:
        """Give versions that may be seen; see `Snapshot.history`.

        Raises:
            FhirError: 403 for the history of types, for who does not see all of them.
        """
        if self._free:
            page = super().history(asked)
            self._note(page.versions if page else [])
            return page
        if asked.id is None:
            return self._history_of_types(asked)
        current = super().read(asked.types[0], asked.id)
        if current is None or not self._seen([current]):
            return None
        page = super().history(asked)
        if page is None:
            return None
        kept = self._seen([labelled_as(each, current) for each in page.versions])
        total = page.total if len(kept) == len(page.versions) else None
        return replace(page, versions=kept, total=total)

    def _history_of_types(self, asked: HistoryQuery) -> VersionPage | None:
        """Give it of types whose every resource may be seen: their versions are in one order."""
        types = self.access.types(asked.types)
        whole = tuple(t for t in types if self.access.criterion(t) == EVERYTHING)
        if set(whole) != set(asked.types):
            text = (
                "The history of a type is for who may see all of it. Read the history of one "
                "resource, or search with _lastUpdated."
            )
            raise FhirError(Issue("error", "forbidden", text))
        page = super().history(asked)
        return None if page is None else replace(page, versions=self._seen(page.versions))

    def search(self, query: Query) -> SearchPage:
        """Give one page of what matches and may be seen; see `Snapshot.search`."""
        if self._free:
            page = super().search(query)
            self._note(page.resources)
            return page
        page = super().search(self._restricted(query))
        given = self._given(page.resources)
        own = {
            each.reference: self._left(each, page.tokens[each.reference])
            for each in given
            if each.reference in page.tokens
        }
        return replace(page, resources=given, tokens=own)

    def count(self, query: Query, limit: int | None = None) -> int:
        """Count what matches and may be seen; of whom it names, a number tells something, too."""
        found = super().count(query if self._free else self._restricted(query), limit)
        self.trace.patients.update(named_by(query.where) if found else ())
        return found

    def explain(self, query: Query) -> dict[str, Any]:
        """Tell how a page is found.

        Raises:
            FhirError: 403 for a principal who does not see all: the figures tell of the rest.
        """
        self._require_whole("How a search is answered")
        return super().explain(query)

    def read_indexed(
        self, references: Iterable[str]
    ) -> dict[str, tuple[StoredResource, list[str]]]:
        """Give those of some resources that may be seen, with their index tokens."""
        found = super().read_indexed(references)
        if self._free:
            self._note(stored for stored, _ in found.values())
            return found
        seen = {each.reference: each for each in self._seen([s for s, _ in found.values()])}
        return {
            ref: (seen[ref], self._left(seen[ref], own))
            for ref, (_, own) in found.items()
            if ref in seen
        }

    def together(
        self, references: Collection[str], sought: Sequence[Sought], most: int = 0
    ) -> dict[str, tuple[StoredResource, list[str]]] | None:
        """Give what may be seen of some resources, and of what some searches find."""
        if self._free:
            found = super().together(references, sought, most)
            self._note(stored for stored, _ in (found or {}).values())
            return found
        restricted = [replace(each, query=self._restricted(each.query)) for each in sought]
        found = super().together(references, restricted, most)
        if found is None:
            return None
        # What a restricted search finds may be seen; what only its id led to is still to be judged.
        named = [stored for name, (stored, _) in found.items() if name in references]
        others = [stored for name, (stored, _) in found.items() if name not in references]
        seen = [*self._seen(named, along=others), *self._given(others, along=named)]
        return {each.reference: (each, found[each.reference][1]) for each in seen}

    def about(self, tokens: Sequence[str], wanted: Sequence[About]) -> list[StoredResource]:
        """Give those of some resources that may be seen; see `Snapshot.about`."""
        return self._seen(super().about(tokens, wanted))

    def examples(self, low: str, high: str, limit: int) -> list[tuple[str, StoredResource]]:
        """Give the index tokens in use between two.

        Raises:
            FhirError: 403 for a principal who does not see all.
        """
        self._require_whole("What is in use over all resources")
        return super().examples(low, high, limit)

    def types_in_use(self) -> list[str]:
        """Give the resource types that there are or were resources of."""
        self._require_whole("What is in use over all resources")
        return super().types_in_use()

    def types_referring_to(self, references: Sequence[str]) -> set[str]:
        """Give the types of what refers to some resources, for who sees all there is."""
        self._require_whole("What refers to a resource")
        return super().types_referring_to(references)

    # Writes

    def transact(
        self,
        changes: Sequence[Change],
        *,
        locks: Sequence[str] = (),
        before: Check | None = None,
        follow: Follow | None = None,
        after: Check | None = None,
        once: str | None = None,
        tells_itself: bool = False,
        ahead: Ahead = NOTHING,
    ) -> None:
        """Make all the changes or none, and tell of them; see `MongoStore.transact`.

        Where it ``tells_itself``, versions that Provenances among it tell of get no other. What
        was read ``ahead`` of it (`look_ahead`) is not read again.

        Raises:
            FhirError: 403 for a change that the principal may not make.
        """
        labelled = self._labeller.labelled(self, changes, ahead.found)
        if not self._free:
            self._require_uncut(labelled)
            require_writable(self.access, labelled, self)

        def following(snapshot: Snapshot) -> Sequence[Change]:
            # What follows from a write is the law's doing, whoever wrote.
            assert follow is not None  # noqa: S101 - only passed where there is one
            made = self._labeller.labelled(snapshot, follow(snapshot))
            about = self._record.of_consequences(made, labelled)
            self.recorded = [*told, *about]
            return [*made, *about]

        told = self._record.of_write(labelled, tells_itself=tells_itself)
        self.recorded = told
        self._store.transact(
            [*labelled, *told],
            locks=locks,
            before=self._guarded(before),
            follow=following if follow is not None else None,
            # Only the rules of law come after; criteria of the client are looked at before.
            after=self._guarded(after, decides=True),
            once=once,
        )
        self.access.look_again()
        self._labeller.stored(labelled)
        self._note_changes(labelled)

    def _require_uncut(self, changes: Sequence[Change]) -> None:
        for change in changes:
            if change.new.reference in self._cut:
                text = "Part of it is kept from you, and would be lost: it is not yours to change."
                raise FhirError(Issue("error", "forbidden", text, change.new.resource_type))

    def relabelled(
        self, made: Sequence[tuple[StoredResource, IndexEntries]]
    ) -> list[tuple[StoredResource, IndexEntries]]:
        """Complete the labels among index entries that are made anew of what is stored."""
        changes = [Change(stored, stored, entries) for stored, entries in made]
        labelled = self._labeller.unowned().labelled(self, changes)
        entries = (change.entries for change in labelled)
        return [(stored, e) for (stored, _), e in zip(made, entries, strict=True) if e is not None]

    def _guarded(self, check: Check | None, *, decides: bool = False) -> Check | None:
        """Let a check see what the principal sees; one that decides, what the person has said too.

        What it reads decides about a write; nothing of it is given to anybody.
        """
        if check is None:
            return None
        wide = decides and not self._free
        access = DecidingAccess(self.access, self._store) if wide else self.access
        return lambda snapshot: check(self._as(access, Trace(), snapshot))

    def _note_changes(self, changes: Sequence[Change]) -> None:
        for new in (change.new for change in changes):
            self.trace.changed.append(new.versioned)
            self.trace.patients.update(labels.read(new.labels).about)

    # How

    def _restricted(self, query: Query) -> Query:
        named = named_by(query.where) or self._named_by_number(query.where)
        present = None
        if named and len(query.types) > MANY_TYPES:
            # A compartment's types are many, and each costs; few have anything about a person. The
            # query keeps them all: a cursor would tell of types that appear between two pages.
            present = {*Snapshot.types_referring_to(self, named), "Patient"}
        return restricted(self.access, query, named, present)

    def _seen(
        self, found: list[StoredResource], along: Sequence[StoredResource] = ()
    ) -> list[StoredResource]:
        """Give what may be seen of some versions, read along with others, as it may be seen."""
        if self._free:
            self._note(found)
            return found
        access = self.access
        seen = [
            each
            for each in access.seen_among(found)
            if access.sees_every(each.resource_type) or self._in_scope(each.reference)
        ]
        return self._given(seen, [*found, *along])

    def _left(self, given: StoredResource, own: list[str]) -> list[str]:
        """Leave out of a resource's tokens the references that were left out of it."""
        return own if given.reference not in self._cut else tokens_left(given, own)

    def _given(
        self, seen: Sequence[StoredResource], along: Sequence[StoredResource] = ()
    ) -> list[StoredResource]:
        self._note(seen)
        given = self._masks.masked(self.access, seen, super().labels_of, along)
        self._cut |= {g.reference for g, s in zip(given, seen, strict=True) if g is not s}
        return given

    def _note(self, given: Iterable[StoredResource]) -> None:
        trace = self.trace
        for each in given:
            trace.given.add(each.reference)
            own = labels.read(each.labels) if each.labels else None
            if own and own.about:
                trace.patients.update(own.about)
                if not self._free and not trace.emergency:
                    trace.emergency = self.access.emergency_used(own)

    def _require_whole(self, what: str) -> None:
        if not self._free:
            text = f"{what} is told only to who may see all there is."
            raise FhirError(Issue("error", "forbidden", text))
