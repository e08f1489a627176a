"""The law of access as the loader of what is on file asks it: `access_law`, `guardian_access`.

Source: R111, R118, R123; DOMAIN 0.7.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from fhir_server.sweden import access_law, care_relation, codes, guardian_access
from fhir_server.sweden.access_law import Given, Kept, Limits, Looker
from fhir_server.sweden.elements import Json, target
from fhir_server.sweden.guardian_access import Ages

_AHEAD = timedelta(days=31)
_OUTSIDE = {f"{codes.UNIT_KIND_SYSTEM}|{each}" for each in (codes.SKOLA, codes.IFO)}
_OF_HEALTH_CARE = f"{codes.VERKSAMHETSKOD}|"


class Viewer(Protocol):
    """Who looks; see `fhir_server.security.patient_state.Viewer`."""

    @property
    def roots(self) -> Sequence[str]:
        """The units one acts for."""

    @property
    def units(self) -> Sequence[str]:
        """Those with their parts."""

    @property
    def provider(self) -> str:
        """Their vårdgivare."""

    @property
    def person(self) -> str:
        """HSA-id."""

    @property
    def purpose(self) -> str:
        """Code of v3-PurposeOfUse."""

    @property
    def kind(self) -> str:
        """Of the role."""

    @property
    def protected(self) -> bool:
        """Whether one sees protected persons' data."""


class Units(Protocol):
    """The units there are; see `fhir_server.security.organizations.Units`."""

    @property
    def kinds(self) -> Mapping[str, Sequence[str]]:
        """What each says of its kind."""

    @property
    def providers(self) -> Collection[str]:
        """Those that are a vårdgivare."""

    def above(self, reference: str) -> Sequence[str]:
        """Give a unit and what it is part of."""

    def below(self, references: Iterable[str]) -> Sequence[str]:
        """Give units and their parts."""

    def identified(self, systems: Iterable[str], value: str) -> Sequence[str]:
        """Give the units with an identifier."""


class Asker(Protocol):
    """A patient or guardian who asks; see `fhir_server.security.principal.Principal`."""

    @property
    def role(self) -> str:
        """Key of the role."""

    @property
    def patient(self) -> str:
        """``Patient/[id]`` of themselves."""

    @property
    def wards(self) -> Sequence[str]:
        """``Patient/[id]`` of whom they are guardian of."""


class AccessStates:
    """Says what is given of persons' records.

    Args:
        limits: what an operator sets.
        ages: from when and until when people ask by themselves.
    """

    always = frozenset({"Consent", "Flag", "Patient", "RelatedPerson"})
    signs = tuple(sorted(care_relation.SIGNS))
    ending = care_relation.ENDING

    def __init__(self, limits: Limits, ages: Ages) -> None:
        self._limits = limits
        self._ages = ages
        self._places: _Places | None = None

    def months(self, now: datetime) -> Sequence[str]:
        """Give the months in which a care contact may have ended that still counts."""
        margin = timedelta(days=self._limits.relation_days)
        # An end that is set ahead is still to come in, at least, this month or the next.
        return care_relation.months(now - margin, now + max(margin, _AHEAD))

    def state(
        self,
        person: str,
        found: Sequence[Kept],
        viewer: Viewer,
        units: Units,
        now: datetime,
    ) -> Given:
        """Say what a viewer is given of a person's record; see `access_law.given`."""
        looker = Looker(
            viewer.roots,
            frozenset(viewer.units),
            viewer.provider,
            viewer.person,
            viewer.purpose,
            viewer.kind,
            viewer.protected,
        )
        return access_law.given(person, found, looker, self._at(units), now, self._limits)

    def asked_for(
        self,
        principal: Asker,
        patients: Mapping[str, Json],
        relatives: Mapping[str, Sequence[Json]],
        now: datetime,
    ) -> tuple[str, ...]:
        """Give whom a patient or guardian may ask for; see `guardian_access`."""
        own = principal.patient
        found: list[str] = []
        # A guardian's token may name who they are themselves; they ask for the child.
        as_guardian = principal.role == "guardian"
        if (
            own
            and not as_guardian
            and guardian_access.asks_alone(patients.get(own, {}), now, self._ages)
        ):
            found.append(own)
        for ward in principal.wards:
            child = patients.get(ward)
            if child is not None and guardian_access.asks_for(
                child, patients.get(own, {}), relatives.get(ward, ()), now, self._ages
            ):
                found.append(ward)
        return tuple(found)

    def _at(self, units: Units) -> _Places:
        if self._places is None or self._places.units is not units:
            self._places = _Places(units)
        return self._places


class _Places:
    """The units as the law asks about them."""

    def __init__(self, units: Units) -> None:
        self.units = units
        said = [each for each in units.kinds if is_outside(each, units)]
        self._outside = frozenset(units.below(said))

    def meant(self, reference: Json) -> Sequence[str]:
        aim = target(reference)
        if aim.literal:
            return (aim.literal,) if aim.literal.startswith("Organization/") else ()
        system, _, value = aim.logical.partition("|")
        systems = codes.HSA_ID_SYSTEMS if system == codes.HSA_ID else (system,)
        return tuple(self.units.identified(systems, value)) if value else ()

    def above(self, unit: str) -> Sequence[str]:
        return self.units.above(unit)

    def below(self, unit: str) -> Sequence[str]:
        return self.units.below([unit])

    def outside(self) -> Collection[str]:
        return self._outside


def is_outside(unit: str, units: Units) -> bool:
    """Tell whether SVOD does not cover a unit (lagen 2022:913 1 kap.; DOMAIN 0.7).

    School, and individ- och familjeomsorg, say so by their type. Whose huvudman is neither region
    nor kommun is taken to be outside too, unless it, or what it is part of, is a unit of health
    care by its verksamhetskod or a legal body of its own: a private vårdgivare.
    """
    said = units.kinds.get(unit, ())
    if any(each in _OUTSIDE for each in said):
        return True
    if codes.ANNAN not in said:
        return False
    chain = units.above(unit)
    in_care = any(
        each.startswith(_OF_HEALTH_CARE) for place in chain for each in units.kinds.get(place, ())
    )
    return not in_care and not any(place in units.providers for place in chain)
