"""How $caseload answers: Parameters for programs, CSV for spreadsheets."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from fhir_server.fhir import json
from fhir_server.fhir.csv_table import Cell, csv_table
from fhir_server.operations.contacts.caseload_people import People
from fhir_server.operations.contacts.caseload_reading import Asked, Group, WorkloadReader
from fhir_server.sweden import codes
from fhir_server.sweden.caseload import Level, Threshold, assess, per_full_time
from fhir_server.sweden.elements import Json, text
from fhir_server.sweden.workload import Distribution, Load, Moment, distribution, level

COLUMNS = (
    "at", "unit", "unitName", "contact", "name", "patients",
    *(f"type{kind}" for kind in codes.CONTACT_TYPES),
    "standsInFor", "threshold", *(f"threshold{kind}" for kind in codes.CONTACT_TYPES),
    "level", "scheduledHours", "perFullTime",
)  # fmt: skip
Part = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Row:
    """One contact at one unit at one moment."""

    contact: str
    group: Group
    load: Load

    @property
    def level(self) -> Level:
        """The gravest of what the thresholds say."""
        return level(self.load, self.group.thresholds)


@dataclass(frozen=True)
class Workload:
    """What was read, of a person or a unit.

    Args:
        reader: that read it.
        subject: the PractitionerRole or Organization.
        groups: one for each unit, the subject itself first.
        listed: living patients listed there today; None for a person.
    """

    reader: WorkloadReader
    subject: Json
    groups: Sequence[Group]
    listed: int | None

    @property
    def asked(self) -> Asked:
        """What was asked."""
        return self.reader.asked

    @property
    def reference(self) -> str:
        """``Type/id`` of the subject."""
        return f"{self.subject['resourceType']}/{self.subject['id']}"

    @cached_property
    def people(self) -> People:
        """The contacts by name, and their scheduled hours."""
        loads = (load for group in self.groups for load in group.series)
        return People(self.reader, {contact for load in loads for contact in load})

    def rows(self, index: int) -> list[Row]:
        """Give the contacts at a moment, those with most patients first."""
        found = [
            Row(contact, group, load)
            for group in self.groups
            for contact, load in group.series[index].items()
        ]
        found.sort(
            key=lambda row: (-len(row.load.patients), row.contact, str(row.group.unit.get("id")))
        )
        return found


def as_parameters(workload: Workload) -> bytes:
    """Give Parameters as the OperationDefinition says."""
    rows = workload.rows(-1)
    parts = [
        _reference("subject", workload.reference, text(workload.subject, "name")),
        _instant("at", workload.asked.moments[-1]),
        _count("patients", len(_patients(rows))),
        *(_contact(workload, row) for row in rows),
        *(_threshold(each) for each in workload.groups[0].thresholds.every),
        *(_trend(workload, index) for index in range(len(workload.asked.moments))),
    ]
    if workload.listed is not None:
        parts += _distribution([row for row in rows if row.load.patients])
        parts += [_count("listed", workload.listed)] if workload.listed else []
    return json.dump({"resourceType": "Parameters", "parameter": parts})


def as_csv(workload: Workload) -> bytes:
    """Give a row for each moment, unit and contact, the latest moment first."""
    order = reversed(range(len(workload.asked.moments)))
    return csv_table(
        COLUMNS, (_cells(workload, index, row) for index in order for row in workload.rows(index))
    )


def _cells(workload: Workload, index: int, row: Row) -> list[Cell]:
    load, thresholds = row.load, row.group.thresholds
    hours = workload.people.hours(row.contact, workload.asked.kinds)
    unit = row.group.unit
    return [
        _moment(workload.asked.moments[index]),
        f"Organization/{unit['id']}" if unit else None,
        text(unit, "name"),
        row.contact,
        workload.people.name(row.contact),
        len(load.patients),
        *(len(load.by_kind.get(kind, ())) for kind in codes.CONTACT_TYPES),
        len(load.stands_in_for),
        thresholds.total.patients if thresholds.total else None,
        *(
            thresholds.of_kind[kind].patients if kind in thresholds.of_kind else None
            for kind in codes.CONTACT_TYPES
        ),
        row.level.value,
        hours,
        per_full_time(len(load.patients), hours),
    ]


def _contact(workload: Workload, row: Row) -> Part:
    load, total = row.load, row.group.thresholds.total
    hours = workload.people.hours(row.contact, workload.asked.kinds)
    full_time = per_full_time(len(load.patients), hours)
    unit = row.group.unit
    parts = [_reference("practitionerRole", row.contact, workload.people.name(row.contact))]
    parts += [_reference("unit", f"Organization/{unit['id']}", text(unit, "name"))] if unit else []
    parts += [
        _count("patients", len(load.patients)),
        _count("standsInFor", len(load.stands_in_for)),
    ]
    parts += [_count("threshold", total.patients)] if total else []
    parts.append({"name": "level", "valueCode": row.level.value})
    parts += [_decimal("scheduledHours", hours)] if hours is not None else []
    parts += [_decimal("perFullTime", full_time)] if full_time is not None else []
    parts += [_of_kind(kind, row) for kind in sorted(load.by_kind)]
    return {"name": "contact", "part": parts}


def _of_kind(kind: str, row: Row) -> Part:
    patients = len(row.load.by_kind[kind])
    parts: list[Part] = [{"name": "type", "valueCode": kind}, _count("patients", patients)]
    if threshold := row.group.thresholds.of_kind.get(kind):
        parts.append(_count("threshold", threshold.patients))
        parts.append({"name": "level", "valueCode": assess(patients, threshold).value})
    return {"name": "byType", "part": parts}


def _threshold(threshold: Threshold) -> Part:
    parts: list[Part] = [{"name": "type", "valueCode": threshold.kind}] if threshold.kind else []
    parts += [
        _count("patients", threshold.patients),
        {"name": "sparse", "valueBoolean": threshold.sparse},
    ]
    parts += (
        [_reference("saidBy", f"Organization/{threshold.said_by}")] if threshold.said_by else []
    )
    return {"name": "threshold", "part": parts}


def _trend(workload: Workload, index: int) -> Part:
    rows = workload.rows(index)
    numbers = distribution([len(row.load.patients) for row in rows if row.load.patients])
    kinds = sorted({kind for row in rows for kind in row.load.by_kind})
    parts = [
        _instant("at", workload.asked.moments[index]),
        _count("patients", len(_patients(rows))),
        _count("contacts", numbers.contacts if numbers else 0),
    ]
    if numbers:
        parts += [_decimal("median", numbers.median), _count("max", numbers.most)]
    parts.append(_count("standsInFor", len({p for row in rows for p in row.load.stands_in_for})))
    for kind in kinds:
        patients = {p for row in rows for p in row.load.by_kind.get(kind, ())}
        type_ = {"name": "type", "valueCode": kind}
        parts.append({"name": "byType", "part": [type_, _count("patients", len(patients))]})
    return {"name": "trend", "part": parts}


def _distribution(rows: Sequence[Row]) -> Iterator[Part]:
    found = distribution([len(row.load.patients) for row in rows])
    if found is None:
        return
    levels = [row.level for row in rows]
    yield {"name": "distribution", "part": [*_spread(found), *_levels(levels), *_bars(found)]}


def _spread(found: Distribution) -> list[Part]:
    return [
        _count("contacts", found.contacts),
        _count("min", found.least),
        _decimal("median", found.median),
        _decimal("mean", found.mean),
        _count("p90", found.p90),
        _count("max", found.most),
    ]


def _levels(levels: Sequence[Level]) -> list[Part]:
    return [_count("near", levels.count(Level.NEAR)), _count("over", levels.count(Level.OVER))]


def _bars(found: Distribution) -> Iterator[Part]:
    for low, high, contacts in found.bins:
        yield {
            "name": "bin",
            "part": [_count("from", low), _count("to", high), _count("contacts", contacts)],
        }


def _patients(rows: Iterable[Row]) -> set[str]:
    return {patient for row in rows for patient in row.load.patients}


def _reference(name: str, reference: str, display: str = "") -> Part:
    shown = {"display": display} if display else {}
    return {"name": name, "valueReference": {"reference": reference, **shown}}


def _count(name: str, number: int) -> Part:
    return {"name": name, "valueUnsignedInt": number}


def _decimal(name: str, number: float | Decimal) -> Part:
    return {"name": name, "valueDecimal": number}


def _instant(name: str, moment: Moment) -> Part:
    return {"name": name, "valueInstant": _moment(moment)}


def _moment(moment: Moment) -> str:
    at = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=moment.at)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
