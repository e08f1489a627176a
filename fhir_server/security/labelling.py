"""Completes the labels of what is written: which unit answers for it, and of which vårdgivare.

A resource that says so itself decides. Else who answered for the version before does, or the unit
of who writes; for who loads what others answer for, a Provenance beside it says who. Roles stand
for their units. A Provenance is about whom what it tells of is about.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from types import MappingProxyType

from fhir_server.search import labels, tokens
from fhir_server.search.labels import Labels
from fhir_server.security.organizations import ORGANIZATION, Organizations
from fhir_server.security.provenance import PROVENANCE, targets_of
from fhir_server.security.referring import ROLE, Referred
from fhir_server.security.vouching import owners_vouched_for
from fhir_server.storage.records import Change, StoredResource
from fhir_server.storage.snapshot import Snapshot

_UNIT_OF_ROLE = f"{ROLE}.organization{tokens.REFERENCE}"


class Labeller:
    """Labels changes.

    Args:
        organizations: the units there are.
        own_unit: ``Organization/[id]`` of the unit that writes; empty for none.
    """

    def __init__(self, organizations: Organizations, own_unit: str = "") -> None:
        self._organizations = organizations
        self._own_unit = own_unit

    def unowned(self) -> Labeller:
        """Give one for what nobody writes."""
        return Labeller(self._organizations)

    def stored(self, changes: Sequence[Change]) -> None:
        """Be told of what was stored: units that moved are elsewhere from now on."""
        if any(change.new.resource_type == ORGANIZATION for change in changes):
            self._organizations.look_again()

    def labelled(
        self,
        snapshot: Snapshot,
        changes: Sequence[Change],
        ahead: Mapping[str, Referred] = MappingProxyType({}),
    ) -> list[Change]:
        """Give the changes with whole labels.

        Args:
            snapshot: where roles are looked up; sees what a transaction has written.
            changes: with the labels that the resources themselves say.
            ahead: resources that need not be looked up, by ``Type/id``.
        """
        said = [_said(change) for change in changes]
        said = self._with_targets(snapshot, changes, said, ahead)
        if not any(said) and not self._own_unit:
            return list(changes)
        vouched = {} if self._own_unit else owners_vouched_for(changes)
        units = self._units_of_roles(snapshot, changes, said, ahead)
        settled = [
            self._settled(change, own, units, vouched.get(change.new.reference, ""))
            for change, own in zip(changes, said, strict=True)
        ]
        named = {each for own in settled for each in (own.owner, *own.addressed) if each}
        provider_of = self._organizations.with_changes(changes, named).provider_of
        return [
            _with(change, own, _provider(change, own, provider_of), _received(own, provider_of))
            for change, own in zip(changes, settled, strict=True)
        ]

    def _settled(self, change: Change, said: Labels, units: dict[str, str], vouched: str) -> Labels:
        before = labels.read(change.previous.labels) if change.previous else Labels()
        if change.new.body is None:
            return before
        owner = units.get(said.owner, said.owner)
        if not owner.startswith(f"{ORGANIZATION}/"):
            owner = ""
        owner = owner or vouched or before.owner or self._own_unit
        named = dict.fromkeys(units.get(each, each) for each in said.addressed)
        addressed = tuple(each for each in named if each)
        if (owner, addressed) == (said.owner, said.addressed):
            return said  # as most say themselves
        return replace(said, owner=owner, addressed=addressed)

    def _with_targets(
        self,
        snapshot: Snapshot,
        changes: Sequence[Change],
        said: list[Labels],
        ahead: Mapping[str, Referred],
    ) -> list[Labels]:
        """Let Provenances be about whom what they tell of is about, and as hidden as that is."""
        records = {
            index: targets_of(change.entries.tokens)
            for index, change in enumerate(changes)
            if change.entries and change.new.resource_type == PROVENANCE
        }
        if not records:
            return said
        with_it = {c.new.reference: own for c, own in zip(changes, said, strict=True)}
        named = {each for targets in records.values() for each in targets} - with_it.keys()
        stored = {ref: ahead[ref].labels for ref in named if ref in ahead}
        if unread := named - stored.keys():
            stored |= Snapshot.labels_of(snapshot, unread)
        known = {reference: labels.read(own) for reference, own in stored.items()} | with_it
        for index, targets in records.items():
            said[index] = _of_targets(said[index], [known[t] for t in targets if t in known])
        return said

    def _units_of_roles(
        self,
        snapshot: Snapshot,
        changes: Sequence[Change],
        said: Iterable[Labels],
        ahead: Mapping[str, Referred],
    ) -> dict[str, str]:
        """Give the unit of each role that is named; empty where it has none."""
        named = {each for own in said for each in (own.owner, *own.addressed)}
        roles = {each for each in named if each.startswith(f"{ROLE}/")}
        if not roles:
            return {}
        found: dict[str, Sequence[str]] = {
            role: ahead[role].tokens for role in roles if role in ahead
        }
        found |= {
            c.new.reference: c.entries.tokens
            for c in changes
            if c.entries and c.new.reference in roles
        }
        if unread := roles - found.keys():
            stored = Snapshot.read_indexed(snapshot, unread)
            found |= {ref: own for ref, (_, own) in stored.items()}
        return {role: _unit(found.get(role, ())) for role in roles}


def _of_targets(own: Labels, told: Sequence[Labels]) -> Labels:
    about = (person for each in (own, *told) for person in each.about)
    hidden = labels.HIDDEN_WHOLE
    return replace(
        own,
        about=tuple(dict.fromkeys(about)),
        hidden=hidden if any(each.hidden == hidden for each in told) else own.hidden,
        protected=own.protected or any(each.protected for each in told),
    )


def _said(change: Change) -> Labels:
    return labels.read(change.entries.labels) if change.entries else Labels()


def _unit(own: Iterable[str]) -> str:
    units = (t[len(_UNIT_OF_ROLE) :] for t in own if t.startswith(_UNIT_OF_ROLE))
    return next((each for each in units if each.startswith(f"{ORGANIZATION}/")), "")


def _provider(change: Change, own: Labels, provider_of: Callable[[str], str]) -> str:
    """Give the vårdgivare; as long as the unit stays the same, that of when it was first stored."""
    before = labels.read(change.previous.labels) if change.previous else Labels()
    if before.owner == own.owner and before.provider:
        return before.provider
    return provider_of(own.owner) if own.owner else ""


def _received(own: Labels, provider_of: Callable[[str], str]) -> tuple[str, ...]:
    """Give the vårdgivare of the units that it was sent to: these may be hundreds of one."""
    units = (each for each in own.addressed if each.startswith(f"{ORGANIZATION}/"))
    return tuple(dict.fromkeys(provider_of(each) for each in units))


def _with(change: Change, own: Labels, provider: str, received: tuple[str, ...]) -> Change:
    new, entries = change.new, change.entries
    spelled = _spelled(own, provider, received, new.resource_type)
    if entries is not None and entries.labels != spelled:
        entries = entries.labelled(spelled)
    labelled = StoredResource(
        new.resource_type, new.id, new.version, new.last_updated, new.body, spelled
    )
    return Change(labelled, change.previous, entries)


# The resources of a bundle are mostly of one person and one unit.
@lru_cache(maxsize=256)
def _spelled(
    own: Labels, provider: str, received: tuple[str, ...], resource_type: str
) -> tuple[str, ...]:
    whole = own
    if (own.provider, own.received) != (provider, received):
        whole = replace(own, provider=provider, received=received)
    return tuple(whole.spelled(resource_type))
