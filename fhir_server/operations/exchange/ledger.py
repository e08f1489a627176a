"""What this server knows of each unit of a plan: what it says, and all its revisions.

Read from what is stored anyway: the Provenance of the last receipt says what was known then, of
which versions; the versions since say what was changed here. Nothing is written to know it, and no
way of writing goes around it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from fhir_server.fhir import json
from fhir_server.fhir.dates import instant_text
from fhir_server.fhir.reference import local
from fhir_server.interactions.context import Context
from fhir_server.interactions.finder import Finder
from fhir_server.operations.exchange.names import OWN_UNITS, Names, referred
from fhir_server.storage.records import StoredResource
from fhir_server.sweden import codes
from fhir_server.sweden.elements import child, extension, items, text
from fhir_server.sweden.plan_revisions import Held, Revision, followed
from fhir_server.sweden.plan_units import units, whole

Resource = dict[str, Any]
Split = Callable[[Resource], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Ledger:
    """The units of a plan on this server.

    Args:
        plan: the current version; None where the plan is not here.
        held: the units, removed ones too.
        own: the Goals, Consents and Appointments it refers to, by the name of their unit.
        receipts: id of the Provenance of the last receipt of each of them, and of the plan, by
            reference; empty where there was none.
    """

    plan: StoredResource | None = None
    held: Mapping[str, Held] = field(default_factory=dict)
    own: Mapping[str, StoredResource] = field(default_factory=dict)
    receipts: Mapping[str, str] = field(default_factory=dict)


def ledger_of(
    context: Context,
    names: Names,
    plan: StoredResource | None,
    by: str,
    also: Mapping[str, StoredResource] = MappingProxyType({}),
) -> Ledger:
    """Read the ledger of a plan.

    Args:
        context: the request.
        names: of the request.
        plan: its current version; None where it is not here.
        by: reference to the Organization that changes made here since the last receipt are
            ascribed to; empty for none.
        also: Goals, Consents and Appointments to look at besides those that it refers to: another
            plan of the person may rest on the same consent.
    """
    stamp = Revision(("",), origin=context.base, by=by)
    held: dict[str, Held] = {}
    receipts: dict[str, str] = {}
    own = dict(also)

    def split(resource: Resource) -> dict[str, Any]:
        return units(resource, names.identity)

    if plan is not None:
        receipt = last_receipt(context, plan.reference)
        receipts[plan.reference] = receipt.get("id", "")
        known = dict(revisions_in(receipt))
        of_plan = {unit: each for unit, each in known.items() if not unit.startswith(OWN_UNITS)}
        held |= _walk(context, plan, _version_in(receipt, plan), of_plan, split, stamp)
        own |= dict(own_units(context, names, json.parse(plan.body or b"{}")))
        own |= dict(_once_known(context, names, [unit for unit in known if unit not in own]))
    for unit, stored in own.items():
        receipt = last_receipt(context, stored.reference)
        receipts[stored.reference] = receipt.get("id", "")
        before = {name: each for name, each in revisions_in(receipt) if name == unit}
        start = _version_in(receipt, stored) if before else 0
        held |= _walk(context, stored, start, before, _as_one(unit), stamp)
    return Ledger(plan, held, own, receipts)


def own_units(
    context: Context, names: Names, plan: Resource
) -> Iterator[tuple[str, StoredResource]]:
    """Give the Goals, Consents and Appointments of a plan by the names of their units."""
    for reference in dict.fromkeys(referred(plan)):
        here = local(reference, context.base)
        if here is None or here.resource_type not in OWN_UNITS:
            continue
        stored = context.store.read(here.resource_type, here.id)
        if stored is not None and stored.body is not None:
            yield f"{here.resource_type}:{names.identity(str(here))}", stored


def _once_known(
    context: Context, names: Names, left: Iterable[str]
) -> Iterator[tuple[str, StoredResource]]:
    """Give what the plan referred to before and may refer to again."""
    for unit in left:
        type_, _, name = unit.partition(":")
        reference = names.here(type_, name) if type_ in OWN_UNITS else None
        stored = context.store.read(*reference.split("/")) if reference else None
        if stored is not None:
            yield unit, stored


def last_receipt(context: Context, reference: str) -> Resource:
    """Give the Provenance of the last receipt of a resource; an empty one where there was none."""
    found = Finder(context.server, context.store).search("Provenance", target=reference)
    receipts = [each for each in found if is_receipt(each)]
    receipts.sort(key=lambda each: (str(each["meta"]["lastUpdated"]), str(each["id"])))
    return receipts[-1] if receipts else {}


def is_receipt(provenance: Resource) -> bool:
    """Tell whether a Provenance says that a plan was received here."""
    activity = child(provenance, "activity")
    return bool(extension(provenance, codes.EXCHANGE_UNIT)) and any(
        each.get("code") == "receive" for _, each in items(activity, "coding")
    )


def revisions_in(provenance: Resource) -> Iterator[tuple[str, Revision]]:
    """Give what a Provenance of the exchange says of each unit."""
    for _, found in items(provenance, "extension"):
        if found.get("url") != codes.EXCHANGE_UNIT:
            continue
        names = tuple(_all(found, "revision", "valueString"))
        if not names:
            continue
        yield (
            text(extension(found, "unit"), "valueString"),
            Revision(
                names,
                at=text(extension(found, "at"), "valueInstant"),
                origin=text(extension(found, "origin"), "valueUri"),
                by=text(child(extension(found, "by"), "valueReference"), "reference"),
                removed=extension(found, "removed").get("valueBoolean") is True,
                overruled=tuple(_all(found, "overruled", "valueString")),
                partial=extension(found, "partial").get("valueBoolean") is True,
            ),
        )


def written(unit: str, revision: Revision) -> Resource:
    """Give what a Provenance of the exchange says of a unit."""
    parts: list[Resource] = [{"url": "unit", "valueString": unit}]
    parts += [{"url": "revision", "valueString": name} for name in revision.names]
    parts += [{"url": "overruled", "valueString": name} for name in revision.overruled]
    parts += made(revision)
    for name, true in (("removed", revision.removed), ("partial", revision.partial)):
        if true:
            parts.append({"url": name, "valueBoolean": True})
    return {"url": codes.EXCHANGE_UNIT, "extension": parts}


def made(revision: Revision) -> Iterator[Resource]:
    """Give when, where and by whom a revision was made, as parts of an extension."""
    if revision.at:
        yield {"url": "at", "valueInstant": revision.at}
    if revision.origin:
        yield {"url": "origin", "valueUri": revision.origin}
    if revision.by:
        yield {"url": "by", "valueReference": {"reference": revision.by}}


def _all(found: Any, url: str, key: str) -> Iterable[str]:
    return (text(each, key) for _, each in items(found, "extension") if each.get("url") == url)


def _version_in(receipt: Resource, stored: StoredResource) -> int:
    """Give the version of a resource that a receipt is about; 0 for none."""
    for _, target in items(receipt, "target"):
        here = local(text(target, "reference"))
        if here is not None and str(here) == stored.reference and here.version:
            return int(here.version) if here.version.isdecimal() else 0
    return 0


def _walk(
    context: Context,
    current: StoredResource,
    start: int,
    known: Mapping[str, Revision],
    split: Split,
    stamp: Revision,
) -> dict[str, Held]:
    """Follow the versions of a resource since the one that something is known of."""
    type_, id_ = current.resource_type, current.id
    before = _said(context.store.read_version(type_, id_, start) if start else None, split)
    revisions = dict(known)
    for number in range(start + 1, current.version + 1):
        if number == current.version:
            version: StoredResource | None = current
        else:
            version = context.store.read_version(type_, id_, number)
        if version is None:
            continue
        after = _said(version, split)
        at = instant_text(version.last_updated)
        revisions = followed(revisions, before, after, _at(stamp, at))
        before = after
    return {unit: Held(before.get(unit), revision) for unit, revision in revisions.items()}


def _at(stamp: Revision, at: str) -> Revision:
    return Revision(stamp.names, at=at, origin=stamp.origin, by=stamp.by)


def _said(version: StoredResource | None, split: Split) -> dict[str, Any]:
    return {} if version is None or version.body is None else split(json.parse(version.body))


def _as_one(unit: str) -> Split:
    return lambda resource: {unit: whole(resource)}
