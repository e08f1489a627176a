"""Referential integrity: references lead somewhere, and what is referred to is not deleted.

docs/referential-integrity.md. Every write passes here, by `fhir_server.interactions.commit`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import islice
from typing import Any

from fhir_server.fhir import json
from fhir_server.fhir.outcome import FhirError, Issue
from fhir_server.fhir.reference import local
from fhir_server.interactions.context import Context
from fhir_server.interactions.prepare import Prepared
from fhir_server.interactions.references import spelled_in
from fhir_server.search.tokens import referred
from fhir_server.security.guarded_store import GuardedStore
from fhir_server.security.referring import NOTHING, Ahead
from fhir_server.storage.records import RECORDS
from fhir_server.storage.snapshot import Snapshot

# The references in it are resolved inside it first (bundle.html#references).
PACKAGES = frozenset({"Bundle"})
# Read in the bytes, as a walk through every resource written would cost more than the rest here.
CONDITIONAL = re.compile(rb'"reference":"[A-Z][A-Za-z]{1,63}\?')
MOST_NAMED = 20
MOST_COUNTED = 1000
# What a write refers to is read together with what it replaces up to so many references.
MOST_MENTIONED = 100


class Integrity:
    """The check of some changes, for before a single one, or for inside their transaction.

    Args:
        context: the request.
        pointers: changes with what they refer to.
        guarded: what is deleted and must not be referred to.
        gone: what is deleted.
    """

    def __init__(
        self,
        context: Context,
        pointers: Sequence[tuple[Prepared, set[str]]],
        guarded: Sequence[Prepared],
        gone: Collection[str],
    ) -> None:
        self._context = context
        self._pointers = pointers
        self._guarded = guarded
        self._gone = gone
        self._ahead = NOTHING

    def look_ahead(self) -> Ahead:
        """Read what the changes refer to, just before they are made, where that is still to do.

        What is found there need not be asked for again at the first check.
        """
        wanted = set().union(*(found for _, found in self._pointers))
        read = [p.ahead for p, _ in self._pointers if wanted <= p.ahead.asked]
        self._ahead = read[0] if read else self._context.store.look_ahead(wanted)
        return self._ahead

    def __call__(self, snapshot: Snapshot) -> None:
        """Check.

        Raises:
            FhirError: 422 with every reference that leads nowhere, or 409 with who refers to
                what would be deleted.
        """
        # A transaction that is tried again looks anew.
        ahead, self._ahead = self._ahead, NOTHING
        store = self._context.store.inside(snapshot)
        if any(_missing(self._context, p, found, ahead, self._gone) for p, found in self._pointers):
            _require_targets(self._context, store, self._pointers, self._gone)
        if self._guarded:
            _require_unreferenced(store, self._guarded, self._gone)


def integrity(context: Context, prepared: Sequence[Prepared]) -> Integrity | None:
    """Give what must be checked before some changes count, None for nothing.

    Args:
        context: the request.
        prepared: the changes, made together.

    Raises:
        FhirError: 422 for conditional references, which only a transaction resolves.
    """
    settings = context.server.settings
    written = [p for p in prepared if not p.deletes]
    _refuse_conditional(written)
    deleted = [p for p in prepared if p.deletes]
    here = {p.change.new.reference for p in written}
    gone = {p.change.new.reference for p in deleted}
    pointers = {}
    if settings.referential_integrity_on_write:
        pointers = {p.change.new.reference: (p, _references(p) - here) for p in written}
        pointers = {reference: found for reference, found in pointers.items() if found[1]}
    guarded = deleted if settings.referential_integrity_on_delete else []
    if not pointers and not guarded:
        return None

    return Integrity(context, list(pointers.values()), guarded, gone)


def mentioned(resource: Any, base: str) -> set[str]:
    """Give what the references in a resource lead to on this server, as ``Type/id``.

    Without regard to what R4 says of its elements: to read beforehand, most of the time no more
    and no less than what a write refers to.

    Args:
        resource: as it was sent.
        base: address of the FHIR interface as the client sees it.
    """
    # A plan names its goal and its units in each activity.
    targets = (local(text, base) for text in dict.fromkeys(spelled_in(resource)))
    return {str(target) for target in islice(targets, MOST_MENTIONED) if target is not None}


def _refuse_conditional(written: Sequence[Prepared]) -> None:
    """Refuse ``Patient?identifier=…`` in what is stored: nobody would ever resolve it."""
    text = "A conditional reference is resolved in a transaction only: send the resource in one, "
    text += "or refer to Type/id."
    issues = [
        Issue("error", "value", text, place).inside(p.at)
        for p in written
        if CONDITIONAL.search(p.change.new.body or b"") and not _is_package(p)
        for place, _ in _places(p.resource, p.change.new.resource_type, _conditional)
    ]
    if issues:
        raise FhirError(*issues, status=422)


def _conditional(reference: str) -> str | None:
    type_, mark, _ = reference.partition("?")
    return reference if mark and type_.isalpha() else None


def _is_package(prepared: Prepared) -> bool:
    return prepared.change.new.resource_type in PACKAGES


def _references(prepared: Prepared) -> set[str]:
    entries = prepared.change.entries
    if entries is None or _is_package(prepared):
        return set()
    return set(referred(entries.tokens))


def _require_targets(
    context: Context,
    store: GuardedStore,
    pointers: Sequence[tuple[Prepared, set[str]]],
    gone: Collection[str],
) -> None:
    now = store.look_ahead(set().union(*(found for _, found in pointers)))
    issues: list[Issue] = []
    for p, found in pointers:
        missing = _missing(context, p, found, now, gone)
        missing -= _kept(context, p, missing)
        if missing:
            issues += _unresolved(p, missing, context.base)
    if issues:
        raise FhirError(*issues, status=422)


def _missing(
    context: Context, prepared: Prepared, found: set[str], ahead: Ahead, gone: Collection[str]
) -> set[str]:
    """Give the references that lead nowhere; those of records may lead to what was deleted."""
    is_record = prepared.change.new.resource_type in RECORDS
    missing = found - ahead.known if is_record else (found - ahead.living) | (found & set(gone))
    return {reference for reference in missing if reference not in context.promised}


def _kept(context: Context, prepared: Prepared, missing: Collection[str]) -> set[str]:
    """Give references that stood there before and lead on, to what who asks does not see."""
    previous = prepared.change.previous
    if not missing or previous is None or context.store.access.principal.unrestricted:
        return set()
    body = json.parse(previous.body or b"{}")

    def same(reference: str) -> str | None:
        target = str(local(reference, context.base) or "")
        return target if target in missing else None

    # A text that only looks like a reference would tell whether there is what it names.
    before = {target for _, target in _places(body, previous.resource_type, same)}
    return context.store.deciding().existing(before) if before else set()


def _unresolved(prepared: Prepared, missing: Collection[str], base: str) -> list[Issue]:
    resource = prepared.resource or {}

    def absent(reference: str) -> str | None:
        target = str(local(reference, base) or "")
        return target if target in missing else None

    places = _places(resource, str(resource.get("resourceType")), absent)
    return [
        Issue(
            "error",
            "not-found",
            f"{target} does not exist on this server, or was deleted. Store it first, or in the "
            "same transaction.",
            place,
        ).inside(prepared.at)
        for place, target in places
    ]


def _places(value: Any, at: str, target: Callable[[str], str | None]) -> Iterator[tuple[str, str]]:
    """Give where in a resource references that have a target stand, and the target."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _places(item, f"{at}[{index}]", target)
    if not isinstance(value, dict):
        return
    for key, item in value.items():
        if key == "reference" and isinstance(item, str):
            found = target(item)
            if found is not None:
                yield f"{at}.reference", found
        else:
            yield from _places(item, f"{at}.{key}", target)


def _require_unreferenced(
    store: Snapshot, guarded: Sequence[Prepared], gone: Collection[str]
) -> None:
    """Ask once for all that are deleted; only a refusal asks for each."""
    limit = MOST_COUNTED + len(gone)
    found = store.referrers(gone, limit, other_than=RECORDS | PACKAGES)
    if not set(found) - set(gone):
        return
    issues: list[Issue] = []
    for p in guarded:
        reference = p.change.new.reference
        found = store.referrers([reference], limit, other_than=RECORDS | PACKAGES)
        left = [each for each in found if each not in gone]
        if left:
            issues.append(_referred(reference, left, store.existing(left), p.at))
    raise FhirError(*issues, status=409)


def _referred(reference: str, referrers: Sequence[str], seen: Collection[str], at: str) -> Issue:
    if len(seen) < len(referrers):
        text = f"{reference} can't be deleted: others refer to it, some of which you may not see."
        return Issue("error", "conflict", text, at or None)
    count = len(referrers)
    one = count == 1
    many = "1 resource refers" if one else f"{count} resources refer"
    if count >= MOST_COUNTED:
        many = f"at least {MOST_COUNTED} resources refer"
    named = ", ".join(referrers[:MOST_NAMED]) + (", …" if count > MOST_NAMED else "")
    return Issue(
        "error",
        "conflict",
        f"{reference} can't be deleted: {many} to it ({named}). Change or delete "
        f"{'that one' if one else 'those'} first, or in the same transaction.",
        at or None,
    )
