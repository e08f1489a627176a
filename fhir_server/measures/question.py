"""What is asked: the period, whom it is about, and the rows that answer it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from fhir_server.measures.age_bands import band
from fhir_server.measures.continuity import FEWEST_VISITS
from fhir_server.measures.merging import patient_of
from fhir_server.measures.staff import Staff
from fhir_server.measures.tally import Item
from fhir_server.measures.units import Units
from fhir_server.measures.window import Window, in_force
from fhir_server.storage.snapshot import Snapshot
from fhir_server.sweden.facts import Facts

PATIENT = ("patient", "kind", "status", "end", "unit", "place", "born")
CONTACT = ("patient", "kind", "status", "start", "end", "member", "unit", "declined")
# Statuses of a contact that is, or was, one.
ASSIGNED = ("active", "inactive")


@dataclass(frozen=True, slots=True)
class Filters:
    """Whom a measure is to be about; empty for everybody.

    Args:
        unit: ``Organization/[id]``; with all that are part of it.
        huvudman: region, kommun or annan.
        municipality: kommunkod of the home.
        subject: ``Patient/[id]``.
        practitioner: ``PractitionerRole/[id]`` or ``Practitioner/[id]``: the patients whose contact
            this is at the moment.
    """

    unit: str = ""
    huvudman: str = ""
    municipality: str = ""
    subject: str = ""
    practitioner: str = ""


@dataclass(frozen=True, slots=True)
class Options:
    """What a measure leaves to those who ask.

    Args:
        within_days: what counts as soon, from need to assignment.
        minimum_visits: fewer say nothing about continuity.
        listing: whether to give the patients by name of their resources.
    """

    within_days: int = 7
    minimum_visits: int = FEWEST_VISITS
    listing: bool = False


class Person(NamedTuple):
    """A patient as figures see one.

    Args:
        reference: ``Patient/[id]``; empty for nobody.
        unit: where listed.
        place: kommunkod of the home.
        sex: male, female or other.
        band: of ages, at the moment.
        living: whether the record was in use and the patient alive at the moment.
        died: when, in µs; None for the living.
    """

    reference: str
    unit: str | None = None
    place: str | None = None
    sex: str | None = None
    band: str | None = None
    living: bool = False
    died: int | None = None


@dataclass(slots=True)
class Question:
    """A question put to a store.

    Args:
        store: what is counted.
        units: of it.
        staff: of it.
        window: the period.
        filters: whom it is about.
        options: the rest.
    """

    store: Snapshot
    units: Units
    staff: Staff
    window: Window
    filters: Filters = field(default_factory=Filters)
    options: Options = field(default_factory=Options)
    _admitted: dict[str, bool] = field(default_factory=dict)
    _inside: frozenset[str] | None = None
    _patients: frozenset[str] | None = None
    _day: int = 0
    _open: bool = False

    def __post_init__(self) -> None:
        self._day = self.window.day
        self._open = self.filters == Filters(subject=self.filters.subject)
        if self.filters.unit:
            self._inside = self.units.below(self.filters.unit)
        if self.filters.practitioner:
            self._patients = self._of_practitioner()

    @property
    def moment(self) -> int:
        """When states are counted."""
        return self.window.moment

    def rows(
        self, resource_type: str, names: Sequence[str], where: Mapping[str, Any]
    ) -> Iterator[Facts]:
        """Give facts in the order of patients, of the one patient asked about or of all."""
        conditions = dict(where)
        if self.filters.subject:
            conditions["patient"] = self.filters.subject
        return self.store.facts_by_patient(resource_type, names, conditions)

    def patients(self) -> Iterator[Facts]:
        """Give the patients."""
        return self.rows("Patient", PATIENT, {})

    def contacts(self, kinds: Sequence[str], names: Sequence[str] = CONTACT) -> Iterator[Facts]:
        """Give the assignments in force at the moment, named or not.

        Args:
            kinds: types of contact.
            names: the facts to give.
        """
        found = self.rows("CareTeam", names, self.covering(self.moment, kinds))
        return (row for row in found if self.holds(row, self.moment))

    def covering(self, moment: int, kinds: Sequence[str]) -> dict[str, Any]:
        """Give what the database can tell of being in force: `holds` decides."""
        return {
            "kind": {"$in": list(kinds)},
            "status": {"$in": list(ASSIGNED)},
            # Negated, so that a bound which is absent, and so open, does.
            "start": {"$not": {"$gt": moment}},
            "end": {"$not": {"$lte": moment}},
        }

    def holds(self, contact: Facts, moment: int) -> bool:
        """Tell whether an assignment was in force, and not declined."""
        declined = contact.get("declined")
        return in_force(contact, moment) and (declined is None or declined > moment)

    def named(self, contact: Facts, moment: int) -> bool:
        """Tell whether the contact was somebody by name then."""
        return self.staff.named(contact.get("member"), moment)

    def unit_of(self, contact: Facts) -> str | None:
        """Give the unit that answers: the one the assignment names, else the position's."""
        return contact.get("unit") or self.staff.unit(contact.get("member"))

    def person(self, patient: str, rows: Sequence[Facts]) -> Person:
        """Give a patient, from the Patient's facts; what is not known of one who has none."""
        if not rows:
            return Person(patient)
        row = rows[0]
        died, sex = row.get("end"), row.get("kind")
        dead = row["status"] == "deceased" and (died is None or died <= self.moment)
        return Person(
            patient,
            row.get("unit"),
            row.get("place"),
            sex if sex != "unknown" else None,
            band(row.get("born"), self._day),
            row["status"] != "inactive" and not dead,
            died,
        )

    def item(
        self,
        person: Person,
        units: Sequence[str | None],
        outcome: str,
        kinds: tuple[str, ...] = (),
        tags: tuple[tuple[str, str], ...] = (),
    ) -> Item | None:
        """Give what to count; None for what the filters leave out.

        Args:
            person: whose it is.
            units: that it belongs to; None among them for one that is not known.
            outcome: see `Item`.
            kinds: see `Item`.
            tags: see `Item`.
        """
        known = tuple([unit for unit in units if unit])
        if len(known) > 1:
            known = tuple(sorted(set(known)))
        if self._open:
            return Item(known, person.place, person.sex, person.band, kinds, outcome, tags)
        if self._patients is not None and person.reference not in self._patients:
            return None
        asked = self.filters.municipality
        if asked and person.place != asked:
            return None
        if self._inside is not None or self.filters.huvudman:
            known = tuple(unit for unit in known if self.admits(unit))
            if not known:
                return None
        return Item(known, person.place, person.sex, person.band, kinds, outcome, tags)

    def admits(self, unit: str | None) -> bool:
        """Tell whether a unit is one of those asked about."""
        if self._inside is None and not self.filters.huvudman:
            return True
        if not unit:
            return False
        if unit not in self._admitted:
            asked = self.filters.huvudman
            self._admitted[unit] = (self._inside is None or unit in self._inside) and (
                not asked or self.units.huvudman(unit) == asked
            )
        return self._admitted[unit]

    def _of_practitioner(self) -> frozenset[str]:
        positions = self.staff.positions(self.filters.practitioner)
        where = self.covering(self.moment, ("1", "2", "3", "4")) | {"member": {"$in": positions}}
        return frozenset(
            row["patient"]
            for row in self.rows("CareTeam", CONTACT, where)
            if patient_of(row) and self.holds(row, self.moment)
        )
