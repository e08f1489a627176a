"""Which named contacts a patient needs: of which type, at which unit, and why.

How common they are follows what is told of Sweden (R101-R103): about a third have a named fast
läkarkontakt, fewer than the target of 55 %; in särskilt boende more, and fewer than 80 %.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace

from fhir_server.sweden import codes
from fhir_server.synthetic.patients import (
    HEMSJUKVARD,
    HEMTJANST,
    SABO,
    Illness,
    Patient,
    grave_since,
)
from fhir_server.synthetic.places import Kind, Places, Unit
from fhir_server.synthetic.staff import (
    DISTRIKTSSKOTERSKA,
    LAKARE,
    OVERLAKARE,
    SAMORDNARE,
    SJUKSKOTERSKA,
    UNDERSKOTERSKA,
    Profession,
)
from fhir_server.synthetic.visits import Stay

_NURSES = (DISTRIKTSSKOTERSKA, SJUKSKOTERSKA)
# How many of a clinic's patients have a contact there.
_AT_CLINIC = {"onkologen": 0.7, "psykiatrin": 0.5, "bup": 0.4, "neurologen": 0.25}


@dataclass(frozen=True, slots=True)
class Need:
    """A named contact that is needed.

    Args:
        kind: type of contact.
        unit: where.
        professions: who may be it.
        basis: why (appointment-basis).
        start: the day the contact begins; None for some day.
        found: the day the need was found; None for some day before.
        stay: the stay it was found in.
        illness: what it is about.
        title: local title (contact-title).
        steady: nothing comes between: not declined, not changed, not over.
    """

    kind: str
    unit: Unit
    professions: tuple[Profession, ...]
    basis: str
    start: dt.date | None = None
    found: dt.date | None = None
    stay: Stay | None = None
    illness: Illness | None = None
    title: str = ""
    steady: bool = False

    @property
    def place(self) -> tuple[bool, str]:
        """What no two contacts of a patient may share (ct-11)."""
        return self.kind in codes.VARDKONTAKTER, self.unit.id


def needs(
    who: Patient, care: dict[str, Unit], places: Places, stay: Stay | None, end: dt.date
) -> list[Need]:
    """Give what a patient needs, a physician first, since others are judged beside them (R15).

    Args:
        who: the patient.
        care: the unit that answers for each form of municipal care.
        places: of the region.
        stay: in hospital.
        end: the day it is.
    """
    found: dict[tuple[bool, str], Need] = {}
    for need in _all(who, care, places, stay, end):
        key = need.place if need.kind in codes.VARDKONTAKTER else (False, need.kind)
        found.setdefault(key, need)
    return _coordinated(who, list(found.values()))


def _all(
    who: Patient, care: dict[str, Unit], places: Places, stay: Stay | None, end: dt.date
) -> Iterator[Need]:
    yield from _grave(who, places, end)
    yield from _lakarkontakt(who)
    if stay is not None and stay.in_process:
        yield from _after_stay(who, care, stay)
    yield from _municipal(who, care)
    yield from _at_halsocentral(who)
    for illness in who.illnesses:
        odds = _AT_CLINIC.get(illness.clinic, 0.0)
        if illness.clinic and who.fate.share() < odds:
            unit = places.clinic(illness.clinic)
            yield Need(codes.FAST_VARDKONTAKT, unit, (SJUKSKOTERSKA,), "behov", illness=illness,
                       title="kontaktsjukskoterska")  # fmt: skip


def _grave(who: Patient, places: Places, end: dt.date) -> Iterator[Need]:
    """Give a licensed physician, and mostly a nurse beside (R15, R31)."""
    if who.grave is None:
        return
    unit, since = places.clinic(who.grave.clinic), grave_since(who, end)
    start = since + dt.timedelta(days=who.fate.between(0, 20))
    yield Need(codes.SAMORDNANDE_VARDKONTAKT, unit, (OVERLAKARE,), "livshotande", start, since,
               illness=who.grave, title="patientansvarig-lakare", steady=True)  # fmt: skip


def _lakarkontakt(who: Patient) -> Iterator[Need]:
    if who.listed is None:
        return
    odds = 0.30 + (0.1 if who.illnesses else 0) + (0.1 if who.age >= 75 else 0)
    odds = 0.6 if who.has(SABO) else odds * who.listed.coverage
    chosen = who.fate.weighted([("listning", 5), ("vald", 3), ("tilldelad", 2)])
    if who.fate.happens("lakarkontakt", odds):
        yield Need(codes.FAST_LAKARKONTAKT, who.listed, (LAKARE,), chosen)


def _after_stay(who: Patient, care: dict[str, Unit], stay: Stay) -> Iterator[Need]:
    """Give the contact of the discharge process: most before discharge, some after (R60)."""
    days = (stay.end - stay.begin).days
    before = who.fate.happens("contact-before-discharge", 0.6)
    if not before and who.fate.share() < 0.5:
        return
    wait = who.fate.between(1, days - 1) if before else days + who.fate.between(1, 12)
    start = stay.begin + dt.timedelta(days=wait)
    unit = care[HEMSJUKVARD] if who.has(HEMSJUKVARD) else who.listed
    if unit is not None:
        yield Need(codes.FAST_VARDKONTAKT, unit, _NURSES, "utskrivning", start, stay.begin, stay)


def _municipal(who: Patient, care: dict[str, Unit]) -> Iterator[Need]:
    for form in (SABO, HEMSJUKVARD):
        if who.has(form) and who.fate.happens("nurse-contact", 0.55 * care[form].coverage):
            yield Need(codes.FAST_VARDKONTAKT, care[form], _NURSES, "hemsjukvard")
    if who.has(HEMTJANST):
        unit = care[HEMTJANST]
        basis = who.fate.weighted([("tilldelad", 3), ("vald", 1), ("omrade", 1)])
        if who.fate.happens("omsorgskontakt", 0.6 * unit.coverage):
            yield Need(codes.FAST_OMSORGSKONTAKT, unit, (UNDERSKOTERSKA,), basis)


def _at_halsocentral(who: Patient) -> Iterator[Need]:
    if who.listed is None:
        return
    odds = 0.01 + 0.05 * len(who.illnesses) + (0.1 if who.age >= 80 else 0)
    basis = who.fate.weighted([("behov", 5), ("begard", 3), ("vald", 1), ("tilldelad", 1)])
    professions = (DISTRIKTSSKOTERSKA, SAMORDNARE) if who.fate.share() < 0.1 else _NURSES
    if who.fate.happens("contact", odds * who.listed.coverage):
        illness = who.illnesses[0] if who.illnesses else None
        yield Need(codes.FAST_VARDKONTAKT, who.listed, professions, basis, illness=illness)


def _coordinated(who: Patient, found: list[Need]) -> list[Need]:
    """Let one of several contacts coordinate, in most cases (R32)."""
    several = sum(need.kind in codes.VARDKONTAKTER for need in found) > 1
    if not several or who.grave is not None or who.fate.share() > 0.8:
        return found
    at_home = (Kind.SABO, Kind.HEMSJUKVARD)
    chosen = next((need for need in found if need.unit.kind in at_home), None)
    return [
        replace(need, kind=codes.SAMORDNANDE_VARDKONTAKT) if need is chosen else need
        for need in found
    ]
