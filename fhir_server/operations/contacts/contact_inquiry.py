"""What is asked about a patient's named contacts: whose, which, when, and for whom (R121, R122)."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from fhir_server.fhir import json
from fhir_server.fhir.outcome import FhirError, Issue, invalid
from fhir_server.interactions.conditional import the_one
from fhir_server.interactions.finder import Finder
from fhir_server.operations.operation import Call
from fhir_server.storage.mongo_about import Referring
from fhir_server.storage.records import StoredResource
from fhir_server.sweden import codes
from fhir_server.sweden.audience import PROFESSIONAL
from fhir_server.sweden.elements import Json, child, extension, items, text
from fhir_server.sweden.periods import INSTANT, Period, bounds, read

# Systems that mean the same: a name and an OID.
SAME_SYSTEM = (
    codes.PERSONNUMMER_SYSTEMS,
    codes.SAMORDNINGSNUMMER_SYSTEMS,
    codes.RESERVNUMMER_SYSTEMS,
    codes.HSA_ID_SYSTEMS,
)
_OID = re.compile(r"[0-2](?:\.[0-9]+)+")
_EVER = ("active", "suspended", "inactive")


@dataclass(frozen=True, slots=True)
class Token:
    """An identifier as a reader gives it: ``system|value``, a value alone, or ``Type/id``.

    Args:
        systems: that mean the same; none for any.
        value: the identifier's, or the reference.
    """

    systems: tuple[str, ...]
    value: str

    def is_of(self, resource: Json) -> bool:
        """Tell whether a resource has this identifier, or is at this reference."""
        own = f"{resource.get('resourceType')}/{resource.get('id')}"
        if not self.systems and self.value == own:
            return True
        return any(self.is_identifier(each) for _, each in items(resource, "identifier"))

    def is_named_by(self, reference: Json) -> bool:
        """Tell whether a Reference names it, by itself or by its identifier."""
        return self.is_identifier(child(reference, "identifier")) or (
            not self.systems and text(reference, "reference") == self.value
        )

    def is_identifier(self, identifier: Json) -> bool:
        """Tell whether it is this Identifier; HSA-ids are compared without regard to case."""
        in_system = not self.systems or identifier.get("system") in self.systems
        return in_system and text(identifier, "value").casefold() == self.value.casefold()


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What is asked.

    Args:
        period: the contacts that held at some time of it.
        moment: the one moment asked about, or the nearest one of the period.
        exact: whether one moment is asked about: only then somebody answers.
        statuses: of the CareTeam.
        history: all assignments, whenever they held.
        kinds: types of contact and local titles; none for all.
        audience: who reads the answer.
        care_giver: the vårdgivare; None for any.
        care_unit: the vårdenhet; None for any.
        care_process: the hälsoärende; None for any.
    """

    period: Period
    moment: dt.datetime
    exact: bool
    statuses: tuple[str, ...]
    history: bool = False
    kinds: tuple[str, ...] = ()
    audience: str = PROFESSIONAL
    care_giver: Token | None = None
    care_unit: Token | None = None
    care_process: Token | None = None

    def covers(self, care_team: Json) -> bool:
        """Tell whether an assignment held when it is asked about, or whether that is no matter."""
        if care_team.get("status") not in self.statuses:
            return False
        return self.history or (read(care_team).overlaps(self.period) and not _never(care_team))


def inquiry(call: Call) -> Inquiry:
    """Read the parameters.

    Raises:
        FhirError: 400 for parameters that contradict each other.
    """
    given = call.arguments
    _require_one_time(given)
    period, moment = _asked(given.get("date"), given.get("at"))
    history = bool(given.get("history"))
    past = history or "date" in given or "at" in given
    return Inquiry(
        period=period,
        moment=moment,
        exact=not history and ("date" not in given or period.covers(_now())),
        statuses=tuple(given.get("status") or (_statuses(history=history, past=past))),
        history=history,
        kinds=tuple(given.get("type") or ()),
        audience=given.get("audience", PROFESSIONAL),
        care_giver=_of(given, "careGiver"),
        care_unit=_of(given, "careUnit"),
        care_process=_of(given, "careProcess"),
    )


def patient_of(call: Call, finder: Finder, referring: Referring) -> dict[str, Any]:
    """Give the patient in the URL, or the one with the identifier.

    Args:
        call: of the operation.
        finder: reads.
        referring: what will be asked for of whoever has the identifier.

    Raises:
        FhirError: 404 for no such patient, 412 for several with the identifier.
    """
    if call.id is not None:
        if "identifier" in call.arguments:
            raise invalid("The URL names the patient already; leave identifier out.", "identifier")
        found = finder.read(f"Patient/{call.id}")
        if found is None:
            text_ = f"Patient/{call.id} does not exist on this server."
            raise FhirError(Issue("error", "not-found", text_, "patient"))
        return found
    identifier = str(call.arguments.get("identifier", ""))
    if not identifier.strip():
        raise invalid(
            "Give identifier=[system]|[value], or ask at Patient/[id]/$named-contacts.",
            "identifier",
            code="required",
        )
    stored = _identified(call, token(identifier, "identifier"), referring)
    if stored is None or stored.body is None:
        raise FhirError(
            Issue("error", "not-found", "No patient has that identifier.", "identifier")
        )
    patient: dict[str, Any] = json.parse(stored.body)
    return patient


def _identified(call: Call, wanted: Token, referring: Referring) -> StoredResource | None:
    """Give the patient with an identifier; that needs no search to be read."""
    return the_one(call.context.store.identified(wanted.value, wanted.systems, referring))


def token(given: str, name: str) -> Token:
    """Read ``system|value``, or a value alone; a bare OID stands for its urn (R122).

    Raises:
        FhirError: 400 for no value.
    """
    system, bar, value = given.rpartition("|")
    if not value:
        raise invalid(f"{name} must have a value: [system]|[value].", name, code="value")
    if not bar:
        return Token((), value)
    system = f"urn:oid:{system}" if _OID.fullmatch(system) else system
    same = next((systems for systems in SAME_SYSTEM if system in systems), (system,))
    return Token(same, value)


def _of(given: dict[str, Any], name: str) -> Token | None:
    return token(str(given[name]), name) if name in given else None


def _require_one_time(given: dict[str, Any]) -> None:
    named = [name for name in ("date", "at", "history") if name in given]
    if "history" in named and not given["history"]:
        named.remove("history")
    if len(named) > 1:
        raise invalid(
            f"Give one of date, at and history=true, not {' and '.join(named)}.", named[1]
        )


def _statuses(*, history: bool, past: bool) -> tuple[str, ...]:
    if history:
        return _EVER
    return ("active", "inactive") if past else ("active",)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _asked(day: str | None, at: str | None) -> tuple[Period, dt.datetime]:
    """Give the time asked about, and the moment in it that is nearest to now."""
    if at is not None:
        moment = _read(at, "at", "a time such as 2026-03-12T14:30:00+01:00").start
        return Period(moment, moment + INSTANT), moment
    now = _now()
    if day is None:
        return Period(now, now + INSTANT), now
    period = _read(day, "date", "a date such as 2026-03-12")
    if period.start > now:
        return Period(period.start, period.end), period.start
    return Period(period.start, period.end), min(now, period.end - INSTANT)


@dataclass(frozen=True, slots=True)
class _Bounds:
    start: dt.datetime
    end: dt.datetime


def _read(value: str, name: str, wanted: str) -> _Bounds:
    found = bounds(value)
    if found is None:
        raise invalid(f"{name} must be {wanted}.", name, code="value")
    return _Bounds(*found)


def _never(care_team: Json) -> bool:
    """Tell whether the patient declined before it began: it never held (R7)."""
    decision = extension(care_team, codes.PATIENT_DECISION)
    if extension(decision, "decision").get("valueCode") != "declined":
        return False
    at, start = bounds(extension(decision, "at").get("valueDateTime")), read(care_team).start
    return at is not None and (start is None or at[0] <= start)


def any_of(wanted: Token, resources: Iterable[Json], references: Iterable[Json]) -> bool:
    """Tell whether one of the resources, or what a reference names, is what is wanted."""
    return any(map(wanted.is_of, resources)) or any(map(wanted.is_named_by, references))
