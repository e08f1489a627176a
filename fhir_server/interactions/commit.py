"""The last step of every write: the store and the rules over several resources, as one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from fhir_server.fhir.outcome import FhirError, Issue, errors_first, has_errors
from fhir_server.interactions.conformance_changes import conformance_changes
from fhir_server.interactions.consequences import Consequences
from fhir_server.interactions.context import Context, Server
from fhir_server.interactions.finder import Finder
from fhir_server.interactions.foresight import Foresight
from fhir_server.interactions.integrity import integrity
from fhir_server.interactions.prepare import Prepared
from fhir_server.interactions.search_changes import SEARCH_PARAMETER, current_rules
from fhir_server.interactions.sent_provenance import with_provenance
from fhir_server.profiles.taking_effect import TYPES
from fhir_server.security.referring import NOTHING
from fhir_server.storage.checks import Check, in_turn
from fhir_server.storage.records import WriteTooLarge
from fhir_server.storage.snapshot import Snapshot


def looked_into(server: Server) -> Callable[[dict[str, Any]], bool]:
    """Give what tells whether a commit looks into a resource, and so needs its tree.

    Args:
        server: the server's parts.
    """
    rules = server.write_rules
    types = {*rules.consequential_types, *TYPES, SEARCH_PARAMETER}
    return lambda resource: resource["resourceType"] in types or rules.applies(resource)


def commit(
    context: Context,
    prepared: Sequence[Prepared],
    *,
    locks: Sequence[str] = (),
    before: Check | None = None,
    after: Check | None = None,
    once: str | None = None,
    followed: list[Prepared] | None = None,
    tells_itself: bool = False,
) -> dict[str, tuple[Issue, ...]]:
    """Store the changes, all or none, if the rules allow.

    Args:
        context: the request.
        prepared: the changes; what is `looked_into` with its tree.
        locks: names that serialise this write with others; see `MongoStore.transact`.
        before: run inside the transaction before the changes; may run more than once.
        after: the same, after the changes and the rules.
        once: a name that no other write may have carried.
        followed: gets what else changed because of these.
        tells_itself: versions that Provenances among the changes tell of get no other.

    Returns:
        Warnings about each resource, of validation and then of the rules, by ``Type/id``.

    Raises:
        FhirError: a rule refuses; 422 or 409, references would lead nowhere; or 413, there is
            too much to write at once.
        StaleWrite, AlreadyDone, StoreUnavailable: from the store.
    """
    prepared = with_provenance(context, prepared)
    said: dict[str, list[Issue]] = {}
    rules = rules_check(context, prepared, said)
    found = integrity(context, prepared)
    references: Check | None = found
    ahead = NOTHING if found is None else found.look_ahead()
    consequences = Consequences(context, prepared)
    all_locks = [*locks, *_rule_locks(context, prepared), *consequences.locks()]
    given = any(each is not None for each in (before, after, once, consequences.follow))
    if len(prepared) == 1 and not all_locks and not given and rules is None:
        # A single change needs no transaction, and reading first spares it one.
        if references is not None:
            references(context.store)
        references = None
    telling = partial(context.store.transact, tells_itself=tells_itself, ahead=ahead)
    transact = partial(telling, locks=all_locks, before=before, once=once)
    with conformance_changes(context, prepared) as conformance:
        effect = None if conformance is None else conformance.store
        checks = in_turn(rules, references, after, effect)
        _transact(context, prepared, consequences, checks, transact)
    if followed is not None:
        followed[:] = consequences.prepared
    said |= {name: [*said.get(name, ()), *told] for name, told in consequences.issues().items()}
    if conformance is not None:
        conformance.settle()
        said |= conformance.issues()
    named = [(p, p.change.new.reference) for p in prepared]
    return {reference: (*p.issues, *said.get(reference, ())) for p, reference in named}


def _transact(
    context: Context,
    prepared: Sequence[Prepared],
    consequences: Consequences,
    after: Check | None,
    transact: Callable[..., None],
) -> None:
    follow = consequences.follow
    try:
        with current_rules(context, prepared, after, consequences.prepared) as write:
            transact(write.changes, follow=follow, after=write.after)
    except WriteTooLarge:
        text = "This is more than the database can write in one transaction; split it."
        raise FhirError(Issue("error", "too-costly", text), status=413) from None


def rules_check(
    context: Context, prepared: Sequence[Prepared], said: dict[str, list[Issue]]
) -> Check | None:
    """Give the check that the rules allow some changes; None where there are no rules for them.

    Args:
        context: the request.
        prepared: the changes.
        said: gets what the rules say about each resource, by ``Type/id``.

    Returns:
        A check that raises `FhirError` where a rule refuses.
    """
    rules = context.server.write_rules
    written = [(p, p.tree) for p in prepared if p.tree is not None]
    governed = [(p, resource) for p, resource in written if rules.applies(resource)]
    if not governed:
        return None

    def rules_hold(snapshot: Snapshot) -> None:
        said.clear()  # the store may run this again
        now = dt.datetime.now(dt.UTC)
        pointed: list[Issue] = []
        warned: list[Issue] = []
        known = Foresight(context.server, snapshot, rules, [each for _, each in governed])
        for p, resource in governed:
            before_it = {p.change.new.reference: p.change.previous}
            finder = Finder(context.server, snapshot, as_before=before_it, known=known)
            issues = rules.check(resource, finder, now)
            said[p.change.new.reference] = issues
            context.progress(f"checked {len(said)} of {len(governed)} resources against the rules")
            waiting = [i for i in p.issues if has_errors([i])] if not has_errors(issues) else []
            pointed += [issue.inside(p.at) for issue in (*issues, *waiting)]
            warned += [issue.inside(p.at) for issue in p.issues if not has_errors([issue])]
        if has_errors(pointed):
            raise FhirError(*errors_first([*pointed, *warned]))

    return rules_hold


def _rule_locks(context: Context, prepared: Sequence[Prepared]) -> list[str]:
    rules = context.server.write_rules
    written = [p.tree for p in prepared if p.tree is not None]
    return [key for resource in written for key in rules.lock_keys(resource)]
