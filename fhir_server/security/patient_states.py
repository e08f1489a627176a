"""How it stands with persons now, as the store has it: read in one round trip at each request.

Nothing is kept from one request to the next: a consent, a spärr or an emergency access counts from
the moment it is stored, on every worker.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any, Protocol

from fhir_server.fhir import json
from fhir_server.search import labels
from fhir_server.security.organizations import Units
from fhir_server.security.patient_state import PatientState, Viewer
from fhir_server.security.principal import Principal
from fhir_server.storage.mongo_about import About, Wanted
from fhir_server.storage.records import StoredResource
from fhir_server.storage.snapshot import Snapshot

_PATIENT = "Patient"
_RELATIVE = "RelatedPerson"
_FEW = 20


class Kept:
    """A resource about a person, with what the viewer's units are to it.

    It is parsed when the law looks into it: of many that tell the same it looks into one.

    Args:
        stored: the resource.
        owned: whether the units answer for it.
        sent: whether it was sent to them.
    """

    __slots__ = ("_body", "_resource", "owned", "reference", "resource_type", "sent", "size")

    def __init__(self, stored: StoredResource, *, owned: bool, sent: bool) -> None:
        self._body = stored.body or b"{}"
        self._resource: dict[str, Any] | None = None
        self.resource_type = stored.resource_type
        self.reference = stored.reference
        self.size = len(self._body)
        self.owned = owned
        self.sent = sent

    @property
    def resource(self) -> dict[str, Any]:
        """The resource; no digits of decimals, which no law asks about."""
        if self._resource is None:
            self._resource = json.plain(self._body)
        return self._resource


class Law(Protocol):
    """What the law makes of what is on file; made in `fhir_server.app`."""

    @property
    def always(self) -> Collection[str]:
        """Types of which all about a person is read."""

    @property
    def signs(self) -> Collection[str]:
        """Types of which those labelled as `labels.CURRENT` may tell of a care relation."""

    @property
    def ending(self) -> Collection[str]:
        """Types of which those that have ended may, for a while."""

    def months(self, now: dt.datetime) -> Sequence[str]:
        """Give the months (``2026-11``) in which what ended may have ended.

        Args:
            now: an aware datetime.
        """

    def state(
        self,
        person: str,
        found: Sequence[Kept],
        viewer: Viewer,
        units: Units,
        now: dt.datetime,
    ) -> Any:
        """Say what the viewer is given, by attributes named as those of `PatientState`.

        Args:
            person: ``Patient/[id]``.
            found: resources about the person.
            viewer: who looks.
            units: all units.
            now: an aware datetime.
        """

    def asked_for(
        self,
        principal: Principal,
        patients: Mapping[str, dict[str, Any]],
        relatives: Mapping[str, Sequence[dict[str, Any]]],
        now: dt.datetime,
    ) -> tuple[str, ...]:
        """Give the persons whom a patient or guardian may ask for.

        Args:
            principal: who asks.
            patients: those named in it that there are, by ``Patient/[id]``.
            relatives: their RelatedPersons.
            now: an aware datetime.
        """


class StoredStates:
    """Reads from the store what the law needs.

    Args:
        law: decides.
    """

    def __init__(self, law: Law) -> None:
        self._law = law
        self._wanted_of = lru_cache(maxsize=512)(self._made)

    def of(
        self,
        snapshot: Snapshot,
        persons: Sequence[str],
        viewer: Viewer,
        units: Units,
        now: dt.datetime,
    ) -> dict[str, PatientState]:
        """Give the states of some persons; see `PatientStates.of`."""
        wanted = self._wanted_of(viewer.units)
        about = self._about(persons, now, signs=bool(viewer.units))
        mine = frozenset(viewer.units)
        by_person: dict[str, list[Kept]] = {p: [] for p in persons}
        for stored in snapshot.about(about, wanted):
            if stored.body is None:
                continue
            own = labels.read(stored.labels)
            sent = not mine.isdisjoint(own.addressed)
            kept = Kept(stored, owned=own.owner in mine, sent=sent)
            for person in own.about:
                if person in by_person:
                    by_person[person].append(kept)
        return {p: self._state(p, each, viewer, units, now) for p, each in by_person.items()}

    def _about(self, persons: Sequence[str], now: dt.datetime, *, signs: bool) -> list[str]:
        """Give the labels of what the law looks at, of all there is about the persons."""
        law = self._law
        found = [labels.refers(t, labels.ABOUT, p) for t in law.always for p in persons]
        if signs:
            found += [labels.refers(t, labels.CURRENT, p) for t in law.signs for p in persons]
            months = law.months(now)
            found += [
                labels.ended(t, p, month) for t in law.ending for p in persons for month in months
            ]
        return found

    def _made(self, units: tuple[str, ...]) -> Wanted:
        always = [About(type_) for type_ in sorted(self._law.always)]
        # For the many units of a whole vårdgivare it is cheaper to sort out what was found.
        units = units if len(units) <= _FEW else ()
        names = (labels.OWNER, labels.ADDRESSED)
        signs = [
            About(type_, [labels.refers(type_, name, unit) for name in names for unit in units])
            for type_ in self._law.signs
        ]
        return Wanted([*always, *signs])

    def _state(
        self,
        person: str,
        found: Sequence[Kept],
        viewer: Viewer,
        units: Units,
        now: dt.datetime,
    ) -> PatientState:
        given = self._law.state(person, found, viewer, units, now)
        return PatientState(
            given.same_provider,
            given.other_providers,
            given.shared,
            given.blocked_units,
            given.blocked_providers,
            given.withheld,
            given.emergency,
        )

    def asked_for(
        self, snapshot: Snapshot, principal: Principal, now: dt.datetime
    ) -> tuple[str, ...]:
        """Give the persons whom a patient or guardian may ask for; see `PatientStates`."""
        named = [each for each in (principal.patient, *principal.wards) if each]
        types = (_PATIENT, _RELATIVE)
        about = [labels.refers(type_, labels.ABOUT, each) for type_ in types for each in named]
        patients: dict[str, dict[str, Any]] = {}
        relatives: dict[str, list[dict[str, Any]]] = {each: [] for each in named}
        for stored in snapshot.about(about, [About(type_) for type_ in types]):
            if stored.body is None:
                continue
            if stored.resource_type == _PATIENT:
                patients[stored.reference] = json.plain(stored.body)
                continue
            for person in labels.read(stored.labels).about:
                relatives.get(person, []).append(json.plain(stored.body))
        return self._law.asked_for(principal, patients, relatives, now)
