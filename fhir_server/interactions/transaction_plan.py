"""What the entries of a transaction come to, before anything is written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from fhir_server.fhir.outcome import FhirError, Issue, errors_first, has_errors
from fhir_server.interactions.answer import UNCHANGED, Answer, location
from fhir_server.interactions.bundle_patch import patched_by
from fhir_server.interactions.commit import looked_into
from fhir_server.interactions.conditional_delete import told
from fhir_server.interactions.conditional_references import Resolver
from fhir_server.interactions.context import Context
from fhir_server.interactions.entries import Entry, within
from fhir_server.interactions.preconditions import expected_version, require_none, require_version
from fhir_server.interactions.prepare import (
    Prepared,
    deletion,
    prepare,
    require_resource,
    same_content,
)
from fhir_server.interactions.references import Links, root_of
from fhir_server.interactions.transaction_identities import Identities, identify
from fhir_server.interactions.update import (
    require_id,
    require_may_create,
    status_of_write,
)
from fhir_server.search.matching import Indexed
from fhir_server.storage.records import StoredResource


@dataclass(slots=True)
class Plan:
    """The changes, and the answers to the entries, by their place in the bundle."""

    identities: Identities
    answers: dict[int, Answer] = field(default_factory=dict)
    prepared: dict[int, list[Prepared]] = field(default_factory=dict)


@dataclass(slots=True)
class _New:
    """What an entry will store: the resource with its links, still to be validated."""

    entry: Entry
    reference: str
    resource: dict[str, Any]
    previous: StoredResource | None
    issues: tuple[Issue, ...] = ()

    @property
    def id(self) -> str:
        return self.reference.partition("/")[2]


def plan(context: Context, entries: Sequence[Entry], *, may_choose_ids: bool) -> Plan:
    """Work out what the entries come to.

    They let go of their resources one after the other, as their bytes and index entries are made:
    the trees of a large bundle take more memory than either.

    Args:
        context: the request.
        entries: all of the bundle's; those that write have no resource afterwards.
        may_choose_ids: PUT may create whatever the settings say.

    Raises:
        FhirError: what is wrong with any of them.
    """
    planner = _Planner(context, entries, may_choose_ids)
    try:
        return planner.plan()
    finally:
        planner.forget()


class _Planner:
    def __init__(self, context: Context, entries: Sequence[Entry], may_choose_ids: bool) -> None:
        self._context = context
        self._writes = [entry for entry in entries if entry.writes]
        self._may_choose_ids = may_choose_ids
        self._identities = identify(context, entries)
        self._plan = Plan(self._identities, dict(self._identities.found))
        self._changes = [
            e
            for e in self._writes
            if e.method != "DELETE" and e.index not in self._identities.found
        ]
        self._links = self._make_links()
        self._candidates: dict[str, list[Indexed]] = {}
        self._written: dict[str, dict[str, Any] | None] = {}
        self._ready: dict[str, Prepared] = {}
        self._looked_into = looked_into(context.server)
        self._issues: list[Issue] = []

    def plan(self) -> Plan:
        """Put the plan together."""
        new: list[_New] = []
        self._each(self._changes, lambda entry: new.append(self._new(entry, resolve=True)))
        # Only now it is known which versions the links promise.
        by_index = {each.entry.index: each for each in new}
        self._written |= {each.reference: each.resource for each in new}
        self._each(
            self._writes,
            lambda entry: (
                self._delete(entry)
                if entry.method == "DELETE"
                else self._store(by_index.get(entry.index))
            ),
        )
        if has_errors(self._issues):
            raise FhirError(*errors_first(self._issues))
        return self._plan

    def forget(self) -> None:
        """Let go of the links: they lead back here, so that all of a bundle would stay behind."""
        del self._links

    def _each(self, entries: Sequence[Entry], act: Callable[[Entry], None]) -> None:
        for entry in entries:
            try:
                act(entry)
            except FhirError as error:
                pointed = within(entry, error.issues)
                if error.status not in (400, 422):
                    raise FhirError(*pointed, status=error.status) from None
                self._issues += pointed

    def _make_links(self) -> Links:
        targets = {
            entry.full_url: target
            for entry in self._writes
            if entry.full_url and (target := self._identities.target(entry))
        }
        versions = {r: s.version for r, s in self._identities.previous.items()}
        new = {
            self._identities.references[e.index][0]
            for e in self._changes
            if e.index in self._identities.references
        }
        after = {r: versions.get(r, 0) + 1 for r in new} | {
            s.reference: s.version
            for s in (answer.stored for answer in self._identities.found.values())
            if s is not None
        }
        written = dict.fromkeys(self._identities.written)
        resolver = Resolver(self._context, written, self._to_be_found)
        return Links(self._context.server.definitions, targets, resolver, after)

    def _to_be_found(self, resource_type: str) -> list[Indexed]:
        """Give what the transaction stores of a type, as conditional references may find it."""
        if resource_type not in self._candidates:
            found: list[Indexed] = []
            for entry in self._changes:
                if entry.resource_type != resource_type:
                    continue
                try:
                    change = self._prepared(self._new(entry, resolve=False)).change
                except FhirError:
                    continue  # the transaction fails by it, and says so where it is stored
                if change.entries is not None:
                    at = change.new.last_updated
                    found.append(Indexed(change.new.reference, at, change.entries))
            self._candidates[resource_type] = found
        return self._candidates[resource_type]

    def _new(self, entry: Entry, *, resolve: bool) -> _New:
        [reference] = self._identities.references[entry.index]
        previous = self._identities.previous.get(reference)
        require_version(reference, previous, expected_version(entry.if_match))
        if entry.method == "PATCH":
            resource, issues = patched_by(self._context, entry.resource or {}, reference, previous)
        else:
            resource, issues = require_resource(entry.resource, entry.resource_type), ()
        if entry.method == "PUT":
            self._require_put(entry, resource, reference, previous)
        rewritten = self._links.rewrite(
            resource, entry.resource_type, root_of(entry.full_url), resolve=resolve
        )
        return _New(entry, reference, rewritten, previous, issues)

    def _require_put(
        self,
        entry: Entry,
        resource: dict[str, Any],
        reference: str,
        previous: StoredResource | None,
    ) -> None:
        require_none(reference, previous, entry.if_none_match)
        if entry.url.id is None:
            return  # `identity` has seen to it
        require_id(resource, entry.url.id)
        if not self._may_choose_ids:
            require_may_create(self._context, previous)

    def _prepared(self, new: _New) -> Prepared:
        ready = prepare(
            self._context, new.resource, new.id, new.previous, written=self._written_with
        )
        # The bytes alone take a third of the memory.
        tree = ready.tree if self._looked_into(new.resource) else None
        return Prepared(ready.change, tree, (*new.issues, *ready.issues), new.entry.at)

    def _written_with(self, reference: str) -> dict[str, Any] | bytes | None:
        """Give what the transaction makes of a resource; None for those it does not write."""
        if reference in self._ready:
            return self._ready[reference].change.new.body
        if reference not in self._written:
            named = self._identities.references
            entry = next((e for e in self._changes if named.get(e.index) == [reference]), None)
            self._written[reference] = None if entry is None else self._attempt(entry)
        return self._written[reference]

    def _attempt(self, entry: Entry) -> dict[str, Any] | None:
        try:
            return self._new(entry, resolve=False).resource
        except FhirError:
            return None  # the transaction fails by it, and says so where it is stored

    def _store(self, new: _New | None) -> None:
        if new is None:
            return  # settled, or wrong
        index, previous = new.entry.index, new.previous
        promised = new.reference in self._links.promised
        if previous and not promised and same_content(new.resource, new.id, previous):
            issues = (*new.issues, UNCHANGED)
            self._plan.answers[index] = Answer(
                200, previous, location=location(previous), issues=issues
            )
            return
        ready = self._prepared(new)
        self._let_go(new, ready)
        self._plan.prepared[index] = [ready]
        stored = ready.change.new
        status = status_of_write(previous)
        self._plan.answers[index] = Answer(status, stored, location=location(stored))

    def _let_go(self, new: _New, ready: Prepared) -> None:
        self._ready[new.reference] = ready
        new.resource = {}
        new.entry.resource = None
        self._written.pop(new.reference, None)

    def _delete(self, entry: Entry) -> None:
        expected = expected_version(entry.if_match)
        named = self._identities.references.get(entry.index, [])
        ready: list[Prepared] = []
        last: StoredResource | None = None
        for reference in named:
            last = self._identities.previous.get(reference)
            if last is None or not last.deleted:
                require_version(reference, last, expected)
            if last is not None and not last.deleted:
                ready.append(replace(deletion(last), at=entry.at))
                last = ready[-1].change.new
        self._plan.prepared[entry.index] = ready
        settings = self._context.server.settings
        if entry.url.id is None and settings.conditional_delete == "multiple":
            self._plan.answers[entry.index] = Answer(200, body=told(len(ready)))
        else:
            self._plan.answers[entry.index] = Answer(204, last)
