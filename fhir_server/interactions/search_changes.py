"""What a write has to do with the search state: registers SearchParameters, keeps entries current.

Between the moment a resource's index entries are made and the moment it is stored, another worker
may have registered a parameter. A reindex waits for writers of the last few seconds; a writer that
takes longer looks again once it is done, and mends what it wrote. So no resource is missing in the
end, however long a write took.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from fhir_server.fhir import json
from fhir_server.fhir.dates import instant_text
from fhir_server.fhir.outcome import FhirError, Issue
from fhir_server.interactions.context import Context, Server
from fhir_server.interactions.live_search import GRACE_SECONDS
from fhir_server.interactions.prepare import Prepared
from fhir_server.search.custom import clash_of, deciding, problem_of, takes_effect, types_of
from fhir_server.search.search_state import SearchState
from fhir_server.storage.checks import Check, in_turn
from fhir_server.storage.mongo_reindex import ReindexStore
from fhir_server.storage.mongo_search_state import SearchStates
from fhir_server.storage.records import Change
from fhir_server.storage.snapshot import Snapshot

SEARCH_PARAMETER = "SearchParameter"
MOST = 1000


@dataclass(frozen=True, slots=True)
class Write:
    """A write with entries by the current rules.

    Args:
        changes: for the store.
        after: what was to be run inside the transaction after the changes, and what registers
            the SearchParameters among them.
    """

    changes: list[Change]
    after: Check | None


@contextmanager
def current_rules(
    context: Context,
    prepared: Sequence[Prepared],
    after: Check | None,
    followed: Sequence[Prepared] = (),
) -> Iterator[Write]:
    """Store inside this what was prepared: its entries are those of the rules in force.

    Args:
        context: the request.
        prepared: the changes.
        after: to be run inside the transaction after the changes.
        followed: what the transaction changes besides, once it is done.

    Raises:
        FhirError: 422 for a SearchParameter that can't be searched by, or that is one too many.
    """
    live = context.server.search
    rules, read_at = live.seen()
    changes = [_current(p, rules.revision, context.server) for p in prepared]
    register = _registration(context, prepared)
    yield Write(changes, in_turn(after, register))
    late = time.monotonic() - read_at > GRACE_SECONDS
    if (register is not None or late) and live.refresh().revision != rules.revision and late:
        _mend(context, [*prepared, *followed])


def _current(prepared: Prepared, revision: int, server: Server) -> Change:
    change = prepared.change
    if change.entries and change.entries.revision == revision:
        return change
    resource = prepared.resource
    if resource is None:
        return change
    return replace(change, entries=server.indexer.index(resource, change.new.reference))


def _mend(context: Context, prepared: Sequence[Prepared]) -> None:
    indexer = context.server.indexer
    read = ((p.change.new, p.resource) for p in prepared)
    written = [(new, resource) for new, resource in read if resource is not None]
    written += [(c.new, json.parse(c.new.body or b"{}")) for c in context.store.recorded]
    made = [(new, indexer.index(resource, new.reference)) for new, resource in written]
    stored = context.store.labels_of(resource.reference for resource, _ in made)
    known = [(replace(r, labels=stored.get(r.reference, ())), entries) for r, entries in made]
    ReindexStore(context.store.collections).write(context.store.relabelled(known))


def _registration(context: Context, prepared: Sequence[Prepared]) -> Check | None:
    concerned = [p for p in prepared if p.change.new.resource_type == SEARCH_PARAMETER]
    if not concerned:
        return None
    for p in concerned:
        _require_usable(context.server, p)

    def register(snapshot: Snapshot) -> None:
        states = SearchStates(context.store.collections)
        states.change_inside(snapshot, lambda state: _changed(context.server, state, concerned))

    return register


def require_registrable(context: Context, prepared: Sequence[Prepared]) -> None:
    """Refuse, as a write would, SearchParameters that can't be searched by; registers nothing.

    Raises:
        FhirError: 422.
    """
    concerned = [p for p in prepared if p.change.new.resource_type == SEARCH_PARAMETER]
    if concerned:
        for p in concerned:
            _require_usable(context.server, p)
        state = SearchStates(context.store.collections).read()
        _changed(context.server, state or SearchState(), concerned)


def _require_usable(server: Server, prepared: Prepared) -> None:
    resource = prepared.resource
    if resource is None or not takes_effect(resource):
        return
    problem = problem_of(server.definitions, deciding(resource))
    if problem is not None:
        raise _refusal(prepared, *problem)


def _changed(server: Server, state: SearchState, concerned: Sequence[Prepared]) -> SearchState:
    # First what goes, so that one bundle may give a code from one SearchParameter to another.
    for p in concerned:
        if p.resource is None or not takes_effect(p.resource):
            state = state.withdrawn(p.change.new.id)
    for p in concerned:
        if p.resource is not None and takes_effect(p.resource):
            state = _registered(server, state, p, deciding(p.resource))
    return state


def _registered(
    server: Server, state: SearchState, prepared: Prepared, definition: dict[str, object]
) -> SearchState:
    id_, types = prepared.change.new.id, types_of(server.definitions, definition)
    other = clash_of(state, id_, str(definition["code"]), types)
    if other is not None:
        text = (
            f"SearchParameter/{other} has this code for one of these types already: change that "
            "one, or choose another code."
        )
        raise _refusal(prepared, "code", text)
    if len(state.parameters) >= MOST and id_ not in state.parameters:
        text = f"There are {MOST} active SearchParameters already, which is the most there may be."
        raise _refusal(prepared, "status", text)
    since = instant_text(prepared.change.new.last_updated)
    return state.registered(id_, definition, types, since)


def _refusal(prepared: Prepared, element: str, text: str) -> FhirError:
    issue = Issue("error", "business-rule", text, f"{SEARCH_PARAMETER}.{element}")
    return FhirError(issue.inside(prepared.at), status=422)
