"""What the law gives a unit of one person's record, besides what the unit itself answers for.

Source: patientdatalagen (2008:355, PDL) 4 kap. 1, 2, 4 and 5 §§; lagen (2022:913) om sammanhållen
vård- och omsorgsdokumentation (SVOD) 2-3 kap.; R110-R112, R118; DOMAIN 0.7.

==================  ===============================================================================
record of           is seen with
==================  ===============================================================================
own unit            nothing more
same vårdgivare     care relation, and no inner spärr
other vårdgivare    care relation, the person's consent (SVOD), and neither inner nor outer spärr
plan one is in      consent to the SIP that keeps nothing of it from the unit
==================  ===============================================================================

A consent counts from the moment it is stored until the moment it is taken back or runs out. Nobody
sees what school or individ- och familjeomsorg documented by direct access, nor do they see others':
SVOD does not cover them. Emergency access lifts relation, consent and spärr, for a limited time and
for who opened it. A protected person's record stays with the units that answer for it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from fhir_server.sweden import (
    audience,
    care_relation,
    codes,
    consents,
    emergency,
    guardians,
    periods,
    plans,
    sharing,
)
from fhir_server.sweden.elements import Json, child, items, says, text

NATIONAL = "national"
TREATMENT = "TREAT"
# Elements of a rule by which it is about a part of what there is.
_LIMITS = ("class", "code", "data", "dataPeriod", "securityLabel")
# v3-PurposeOfUse below treatment: a consent for treatment is one for them.
_TREATMENTS = frozenset({TREATMENT, "ETREAT", "BTG", "CAREMGT", "COC"})


class Places(Protocol):
    """The units there are."""

    def meant(self, reference: Json) -> Sequence[str]:
        """Give the Organizations that a Reference element means, as ``Organization/[id]``."""

    def above(self, unit: str) -> Sequence[str]:
        """Give a unit and what it is part of, up to its vårdgivare, in that order."""

    def below(self, unit: str) -> Sequence[str]:
        """Give a unit and what is part of it."""

    def outside(self) -> Collection[str]:
        """Give the units that SVOD does not cover."""


@dataclass(frozen=True, slots=True)
class Looker:
    """Who looks.

    Args:
        roots: ``Organization/[id]`` of the units one acts for.
        units: those with all that is part of them.
        provider: their vårdgivare.
        person: HSA-id of the member of staff; empty for a system.
        purpose: code of v3-PurposeOfUse; a system's may be empty, and is treatment.
        kind: of the role; `NATIONAL` for a national service, which belongs to no unit.
        protected: whether one has the right to protected persons' data.
    """

    roots: Sequence[str]
    units: Collection[str]
    provider: str
    person: str = ""
    purpose: str = ""
    kind: str = "staff"
    protected: bool = False


class Kept(Protocol):
    """A resource about the person, with what the looker is to it; looking into it costs most."""

    @property
    def resource_type(self) -> str:
        """Its type."""

    @property
    def reference(self) -> str:
        """``Type/id``."""

    @property
    def size(self) -> int:
        """How long it is."""

    @property
    def resource(self) -> Json:
        """The resource."""

    @property
    def owned(self) -> bool:
        """Whether the looker's units answer for it."""

    @property
    def sent(self) -> bool:
        """Whether it was sent to them, or names them."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What an operator sets.

    Args:
        relation_days: how long a care contact that ended counts as a relation.
        emergency_minutes: how long emergency access lasts at most.
    """

    relation_days: int = 30
    emergency_minutes: int = 240


@dataclass(frozen=True, slots=True)
class Given:
    """What somebody is given of a person's record; see `fhir_server.security.patient_state`."""

    same_provider: bool = False
    other_providers: bool = False
    shared: bool = False
    blocked_units: frozenset[str] = frozenset()
    blocked_providers: frozenset[str] = frozenset()
    withheld: frozenset[str] = frozenset()
    emergency: bool = False


NOTHING = Given()


def given(
    person: str,
    kept: Sequence[Kept],
    looker: Looker,
    places: Places,
    now: datetime,
    limits: Limits,
) -> Given:
    """Say what somebody is given of a person's record at a moment (R110, R111, R118).

    Args:
        person: ``Patient/[id]``.
        kept: the Patient, their Consents, Flags and RelatedPersons, and what may be a sign of a
            care relation (`care_relation.SIGNS`).
        looker: who looks.
        places: the units.
        now: an aware datetime.
        limits: what an operator sets.
    """
    on_file = _OnFile(person, kept, now)
    outside = frozenset(places.outside())
    if looker.kind == NATIONAL:
        return _national(on_file, looker, places, outside)
    if not looker.units or all(each in outside for each in looker.roots):
        return NOTHING
    outside -= frozenset(looker.units)
    minutes = limits.emergency_minutes
    # It is for care: with another purpose, what one opened for care is as closed as before.
    cares = looker.purpose in emergency.PURPOSES
    if cares and any(
        emergency.opens(f, looker.person, looker.roots, now, minutes) for f in on_file.flags
    ):
        return Given(True, True, blocked_units=outside, emergency=True)
    if on_file.protected and not looker.protected:
        return NOTHING
    if not _has_relation(kept, now, limits.relation_days):
        return NOTHING
    at = _at(looker, places)
    blocked = _blocked(on_file, at, looker, places)
    shared = _Shared(on_file, at)
    return Given(
        same_provider=True,
        other_providers=_consents(on_file, at, looker, places),
        shared=shared.any,
        blocked_units=blocked.units | outside,
        blocked_providers=blocked.providers,
        withheld=shared.withheld,
    )


def _has_relation(kept: Sequence[Kept], now: datetime, days: int) -> bool:
    """Tell whether anything says that the looker takes part in the person's care."""
    signs = [e for e in kept if e.resource_type in care_relation.SIGNS and (e.owned or e.sent)]
    # One is enough, and the shortest is told soonest.
    signs.sort(key=lambda each: each.size)
    return any(
        care_relation.is_sign(each.resource, owned=each.owned, sent=each.sent, now=now, days=days)
        for each in signs
    )


class _OnFile:
    """What is on file about a person, by what it is."""

    def __init__(self, person: str, kept: Sequence[Kept], now: datetime) -> None:
        self.person = person
        self.now = now
        self.patient: Json = {}
        self.consents: list[Json] = []
        self.flags: list[Json] = []
        self._kept = kept
        for each in kept:
            match each.resource_type:
                # Another's Patient that is linked to this one says nothing of this person.
                case "Patient" if each.reference == person:
                    self.patient = each.resource
                case "Consent":
                    self.consents.append(each.resource)
                case "Flag":
                    self.flags.append(each.resource)

    @property
    def relatives(self) -> list[Json]:
        return [each.resource for each in self._kept if each.resource_type == "RelatedPerson"]

    @property
    def plans(self) -> list[Json]:
        """SIPs of others that name the looker's units."""
        sent = (e for e in self._kept if e.resource_type == "CarePlan" and e.sent and not e.owned)
        return [each.resource for each in sent if plans.is_sip(each.resource)]

    @property
    def protected(self) -> bool:
        return audience.is_protected(self.patient)

    def in_force(self, category: str) -> Iterable[Json]:
        """Give the person's consents of a kind that are given, not taken back, and valid now."""
        for each in self.consents:
            is_kind = says(each, "category", category, codes.CONSENT_CATEGORY_SYSTEM)
            given = is_kind and each.get("status") == "active"
            if given and periods.read(child(each, "provision")).covers(self.now):
                yield each


def _national(on_file: _OnFile, looker: Looker, places: Places, outside: frozenset[str]) -> Given:
    """Say what a national service is given, which shows people their own contacts (R111).

    It is given them unless the person said no to it, and nothing behind a spärr.
    """
    if on_file.protected and not looker.protected:
        return NOTHING
    said_no = any(
        _ruling(child(each, "provision"), frozenset(), looker, places, on_file.now) is False
        for each in on_file.in_force(codes.CONSENT_TO_SVOD)
    )
    blocked = _blocked(on_file, _at(looker, places), looker, places)
    return Given(
        other_providers=not said_no,
        blocked_units=blocked.units | outside,
        blocked_providers=blocked.providers,
    )


def _at(looker: Looker, places: Places) -> frozenset[str]:
    """Give where somebody works: their units, and what those are part of."""
    return frozenset(each for root in looker.roots for each in places.above(root))


# Consent to what others documented


def _consents(on_file: _OnFile, at: frozenset[str], looker: Looker, places: Places) -> bool:
    """Tell whether the person consents that this vårdgivare sees what others documented (R111).

    A no in force stands against every yes: to everybody, or to these.
    """
    rulings = [
        _ruling(child(each, "provision"), at, looker, places, on_file.now)
        for each in on_file.in_force(codes.CONSENT_TO_SVOD)
    ]
    return True in rulings and False not in rulings


def _ruling(
    rule: Json, at: frozenset[str], looker: Looker, places: Places, now: datetime
) -> bool | None:
    """Give what a rule and the exceptions inside it say of somebody; None for nothing."""
    said = _own_ruling(rule, at, looker, places, now)
    for _, exception in items(rule, "provision"):
        inner = _ruling(exception, at, looker, places, now)
        said = said if inner is None else inner
    return said


def _own_ruling(
    rule: Json, at: frozenset[str], looker: Looker, places: Places, now: datetime
) -> bool | None:
    kind = text(rule, "type")
    if kind not in ("permit", "deny") or not periods.read(rule).covers(now):
        return None
    permits = kind == "permit"
    if permits and any(rule.get(each) for each in _LIMITS):
        return None  # what is permitted in part is handed out, and not open to direct access
    if not _purpose_fits(rule, looker.purpose, permits):
        return None
    named = [child(each, "reference") for _, each in items(rule, "actor")]
    if not named:
        # Who may read is named (co-3): a yes to nobody gives nobody anything; a no is to all.
        return None if permits else False
    meant = [tuple(places.meant(each)) for each in named]
    if any(each in at for found in meant for each in found):
        return permits
    # A no to somebody who can't be told is kept towards everybody.
    return None if permits or all(meant) else False


def _purpose_fits(rule: Json, purpose: str, permits: bool) -> bool:
    asked = purpose or TREATMENT
    named = {text(each, "code") for _, each in items(rule, "purpose")}
    if not named or not permits:
        return True
    return asked in named or (asked in _TREATMENTS and TREATMENT in named)


# Spärr


@dataclass(frozen=True, slots=True)
class _Blocked:
    units: frozenset[str]
    providers: frozenset[str]


def _blocked(on_file: _OnFile, at: frozenset[str], looker: Looker, places: Places) -> _Blocked:
    """Give whose records are behind a spärr for somebody (PDL 4 kap. 4 §; SVOD 2 kap.; R111, R112).

    An inner spärr keeps what a vårdenhet documented from every other unit; an outer what a
    vårdgivare documented from every other vårdgivare. Within the unit, and within the vårdgivare,
    all stays as it was.
    """
    units, providers = set[str](), set[str]()
    for block in on_file.in_force(codes.SPARR):
        for named in blocked_actors(block):
            # Whoever is no unit of this server has documented nothing on it.
            for unit in places.meant(named):
                if unit in at:
                    continue
                units.update(places.below(unit))
                if places.above(unit)[-1] == unit:
                    providers.add(unit)
    # A unit of one's own can't be behind a spärr for oneself.
    return _Blocked(frozenset(units - set(looker.units)), frozenset(providers))


def blocked_actors(block: Json) -> list[Json]:
    """Give the references to whose information a spärr is about."""
    rules = [child(block, "provision")]
    found: list[Json] = []
    while rules:
        rule = rules.pop()
        if text(rule, "type") == "deny":
            found += [child(each, "reference") for _, each in items(rule, "actor")]
        rules += [each for _, each in items(rule, "provision")]
    return found


# Plans that one takes part in


class _Shared:
    """Which plans of others, that name the looker's units, are theirs to see whole (R78, R94)."""

    def __init__(self, on_file: _OnFile, at: frozenset[str]) -> None:
        self.any = False
        self.withheld: frozenset[str] = frozenset()
        found = on_file.plans
        if not found and not any(map(consents.is_consent_to_sip, on_file.consents)):
            return
        actor = [*at]
        custody = guardians.guardians_of(on_file.patient, on_file.relatives, on_file.now)
        withheld = set()
        for plan in found or [{"subject": {"reference": on_file.person}}]:
            allowed = sharing.disclosure(
                plan, on_file.consents, actor, on_file.now, guardians=custody, called=actor
            )
            if allowed.allowed and allowed.whole:
                self.any = True
            elif "id" in plan:
                withheld.add(f"CarePlan/{plan['id']}")
        self.withheld = frozenset(withheld)
