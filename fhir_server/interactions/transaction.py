"""transaction: all entries or none. https://hl7.org/fhir/R4/http.html#transaction"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

from fhir_server.fhir.bundle import bundle as make_bundle
from fhir_server.fhir.outcome import FhirError, Issue, errors_first, has_errors, invalid
from fhir_server.interactions.answer import Answer, location
from fhir_server.interactions.commit import commit
from fhir_server.interactions.conditional import Criteria, criteria, one_match
from fhir_server.interactions.context import Context
from fhir_server.interactions.dispatch import fetch
from fhir_server.interactions.entries import Entry, read_entries, response_entry, within
from fhir_server.interactions.prepare import (
    Prepared,
    check_id,
    deletion,
    new_id,
    prepare,
    require_resource,
    same_content,
)
from fhir_server.interactions.references import Links
from fhir_server.interactions.update import (
    ATTEMPTS,
    busy,
    expected_version,
    require_id,
    require_version,
)
from fhir_server.storage.records import StaleWrite, StoredResource
from fhir_server.storage.snapshot import Check, Snapshot


@dataclass(slots=True)
class Plan:
    """What the entries come to, before anything is written."""

    ids: dict[int, str] = field(default_factory=dict)
    answers: dict[int, Answer] = field(default_factory=dict)
    prepared: dict[int, Prepared] = field(default_factory=dict)
    conditions: list[Criteria] = field(default_factory=list)


def transaction(
    context: Context, bundle: dict[str, Any], *, minimal: bool = True, once: str | None = None
) -> Answer:
    """Carry out all entries of a transaction bundle, or none.

    Args:
        context: the request.
        bundle: the Bundle.
        minimal: leave the stored resources out of the response.
        once: a name that no other write may have carried.

    Raises:
        FhirError: what is wrong with any of the entries; nothing was written.
    """
    entries = read_entries(context, bundle)
    _refuse_overlap(entries)
    for _ in range(ATTEMPTS):
        plan = _plan(context, entries)
        in_turn = sorted(entries, key=lambda e: e.turn)
        prepared = [plan.prepared[e.index] for e in in_turn if e.index in plan.prepared]
        try:
            warnings = commit(
                context,
                prepared,
                locks=[wanted.lock for wanted in plan.conditions],
                before=_still_none(plan.conditions) if plan.conditions else None,
                after=_reads(context, entries, plan),
                once=once,
            )
        except StaleWrite:
            continue
        _add_warnings(plan, warnings)
        return _answer(context, entries, plan, minimal=minimal)
    raise busy("A resource of the transaction")


def _refuse_overlap(entries: list[Entry]) -> None:
    named = Counter(f"{e.resource_type}/{e.id}" for e in entries if e.method in ("PUT", "DELETE"))
    urls = Counter(e.full_url for e in entries if e.full_url and e.method in ("POST", "PUT"))
    issues = [
        Issue("error", "duplicate", "Two entries change the same resource.", e.expression)
        for e in entries
        if e.method in ("PUT", "DELETE") and named[f"{e.resource_type}/{e.id}"] > 1
    ]
    issues += [
        Issue("error", "duplicate", "Two entries have the same fullUrl.", e.expression)
        for e in entries
        if e.full_url and e.method in ("POST", "PUT") and urls[e.full_url] > 1
    ]
    if issues:
        raise FhirError(*issues, status=400)


def _plan(context: Context, entries: list[Entry]) -> Plan:
    plan = Plan()
    targets: dict[str, str] = {}
    for entry in entries:
        reference = _identity(context, entry, plan)
        if reference and entry.full_url:
            targets[entry.full_url] = reference
    links = Links(context.server.definitions, targets, _Resolver(context))
    changed = [e for e in entries if e.method in ("PUT", "DELETE")]
    before = context.store.read_many(f"{e.resource_type}/{e.id}" for e in changed)
    issues: list[Issue] = []
    for entry in entries:
        if entry.method == "GET" or entry.index in plan.answers:
            continue
        previous = before.get(f"{entry.resource_type}/{plan.ids[entry.index]}")
        try:
            _prepare(context, entry, plan, links, previous)
        except FhirError as error:
            if error.status in (409, 412):
                raise
            issues += within(entry, error.issues)
    if has_errors(issues):
        raise FhirError(*errors_first(issues))
    return plan


def _identity(context: Context, entry: Entry, plan: Plan) -> str | None:
    """Give the reference that links to this entry will have; note what is settled already."""
    if entry.method == "GET":
        return None
    if entry.method in ("PUT", "DELETE"):
        assert entry.id is not None  # noqa: S101 (read_entries saw to it)
        plan.ids[entry.index] = entry.id
        return f"{entry.resource_type}/{entry.id}"
    if entry.if_none_exist:
        wanted = criteria(context.server, entry.resource_type, entry.if_none_exist)
        found = one_match(context.store, wanted)
        if found:
            plan.answers[entry.index] = Answer(200, found, location=location(found))
            return found.reference
        if any(wanted.lock == other.lock for other in plan.conditions):
            raise invalid(
                "Two entries would create the same resource by the same ifNoneExist.",
                entry.expression,
                code="duplicate",
            )
        plan.conditions.append(wanted)
    plan.ids[entry.index] = new_id()
    return f"{entry.resource_type}/{plan.ids[entry.index]}"


def _prepare(
    context: Context, entry: Entry, plan: Plan, links: Links, previous: StoredResource | None
) -> None:
    reference = f"{entry.resource_type}/{plan.ids[entry.index]}"
    require_version(reference, previous, expected_version(entry.if_match))
    if entry.method == "DELETE":
        _delete(entry, plan, previous)
        return
    resource = require_resource(entry.resource, entry.resource_type)
    id_ = plan.ids[entry.index]
    if entry.method == "PUT":
        check_id(id_)
        require_id(resource, id_)
    resource = links.rewrite(resource, f"{entry.expression}.resource")
    if previous and same_content(resource, id_, previous):
        plan.answers[entry.index] = Answer(200, previous, location=location(previous))
        return
    ready = replace(prepare(context.server, resource, id_, previous), at=entry.at)
    plan.prepared[entry.index] = ready
    new = ready.change.new
    status = 200 if previous and not previous.deleted else 201
    plan.answers[entry.index] = Answer(status, new, location=location(new))


def _delete(entry: Entry, plan: Plan, previous: StoredResource | None) -> None:
    if previous is not None and not previous.deleted:
        plan.prepared[entry.index] = deletion(previous)
        previous = plan.prepared[entry.index].change.new
    plan.answers[entry.index] = Answer(204, previous)


class _Resolver:
    """Finds what conditional references mean, each criteria once."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._known: dict[str, str] = {}

    def __call__(self, reference: str, expression: str) -> str:
        if reference not in self._known:
            self._known[reference] = self._find(reference, expression)
        return self._known[reference]

    def _find(self, reference: str, expression: str) -> str:
        resource_type, _, text = reference.partition("?")
        if resource_type not in self._context.server.registry:
            raise invalid(f"{resource_type!r} is not a resource type of R4.", expression)
        wanted = criteria(self._context.server, resource_type, text)
        found = one_match(self._context.store, wanted)
        if found is None:
            raise FhirError(
                Issue(
                    "error",
                    "not-found",
                    f"The conditional reference matches no {resource_type}; store it first.",
                    expression,
                ),
                status=412,
            )
        return found.reference


def _still_none(conditions: list[Criteria]) -> Check:
    def check(snapshot: Snapshot) -> None:
        for wanted in conditions:
            if one_match(snapshot, wanted):
                raise StaleWrite(wanted.query.types)

    return check


def _reads(context: Context, entries: list[Entry], plan: Plan) -> Check | None:
    """Answer the GET entries inside the transaction: one that fails undoes all."""
    wanted = [entry for entry in entries if entry.method == "GET"]
    if not wanted:
        return None

    def read(snapshot: Snapshot) -> None:
        for entry in wanted:
            try:
                plan.answers[entry.index] = fetch(context.inside(snapshot), entry)
            except FhirError as error:
                raise FhirError(*within(entry, error.issues), status=error.status) from None

    return read


def _add_warnings(plan: Plan, warnings: dict[str, tuple[Issue, ...]]) -> None:
    for index, ready in plan.prepared.items():
        found = warnings[ready.change.new.reference]
        plan.answers[index] = replace(plan.answers[index], issues=found)


def _answer(context: Context, entries: list[Entry], plan: Plan, *, minimal: bool) -> Answer:
    responses = [
        response_entry(
            context, plan.answers[entry.index], minimal=minimal and entry.method != "GET"
        )
        for entry in entries
    ]
    return Answer(200, body=make_bundle("transaction-response", responses))
