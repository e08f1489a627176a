"""$coverage: is there always somebody to contact? For a unit or a person, in a period (R43, R45).

"Alltid finns en person att kontakta". What counts is decided in `sweden.coverage`; here the
assignments are found, and the gaps are told.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fhir_server.fhir import json
from fhir_server.fhir.outcome import FhirError, Issue, invalid, operation_outcome
from fhir_server.interactions.answer import Answer
from fhir_server.interactions.finder import Finder
from fhir_server.operations.contacts.assignments_of import (
    assignments_of,
    contact_of,
    reader_around,
)
from fhir_server.operations.operation import Call
from fhir_server.operations.tables import CSV, csv_answer
from fhir_server.sweden import coverage
from fhir_server.sweden.assignments import kind_of
from fhir_server.sweden.cover_reading import cover_of
from fhir_server.sweden.coverage import Covered, Gap
from fhir_server.sweden.periods import STOCKHOLM, Period, bounds, read

Resource = dict[str, Any]

DAYS_WITHOUT_END = 30
MAX_DAYS = 92
MAX_GAPS = 10_000
WHY = {
    coverage.CLOSED: "The contact does not answer at this hour",
    coverage.ABSENT: "The contact is absent (notAvailable)",
    coverage.LEFT: "The contact is not in service",
    coverage.UNREACHABLE: "There is no number or address of the contact",
}
INSTEAD = "no deputy, team or unit answers."
COLUMNS = ("assignment", "patient", "contact", "type", "from", "to", "why")


@dataclass(frozen=True, slots=True)
class Looked:
    """An assignment, and how it is answered."""

    team: Resource
    covered: Covered


def run(call: Call) -> Answer:
    """Give the gaps.

    Returns:
        Parameters: how many assignments and gaps, whose minutes, and the gaps by assignment; or
        the gaps as CSV.

    Raises:
        FhirError: 404 for no such unit or person; 400 for a period that runs backwards or is too
            long; 403 for too many assignments, or too many gaps for a table.
    """
    asked = _asked(call)
    finder = Finder(call.context.server, call.context.store)
    kinds = call.arguments.get("type", ())
    found = assignments_of(finder, str(call.resource_type), str(call.id), kinds)
    holding = [team for team in found if read(team).overlaps(asked)]
    reader = reader_around(finder, holding)
    looked = [Looked(team, coverage.covered(cover_of(team, reader), asked)) for team in holding]
    if call.media_type == CSV:
        return _table(looked)
    return Answer(200, body=json.dump(_parameters(looked, asked)))


def _asked(call: Call) -> Period:
    start = bounds(call.arguments.get("start"))
    today = dt.datetime.now(STOCKHOLM).date()
    first = start[0] if start else _midnight(today)
    end = bounds(call.arguments.get("end"))
    day = first.astimezone(STOCKHOLM).date()
    after = end[1] if end else _midnight(day + dt.timedelta(days=DAYS_WITHOUT_END + 1))
    length = (after.astimezone(STOCKHOLM).date() - day).days
    if length <= 0:
        raise invalid("end must not be before start.", "end", code="value")
    if length > MAX_DAYS:
        raise invalid(f"Ask for at most {MAX_DAYS} days at a time.", "end", code="too-costly")
    return Period(first, after)


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time.min, STOCKHOLM).astimezone(dt.UTC)


def _gaps(looked: list[Looked]) -> Iterator[tuple[Resource, Gap]]:
    for each in looked:
        for gap in each.covered.gaps:
            yield each.team, gap


def _parameters(looked: list[Looked], asked: Period) -> Resource:
    gaps = list(_gaps(looked))
    spent = coverage.total([each.covered for each in looked])
    parameter: list[Resource] = [
        {"name": "start", "valueDateTime": _told(asked.start)},
        {"name": "end", "valueDateTime": _told(asked.end)},
        {"name": "assignments", "valueInteger": len(looked)},
        {"name": "gaps", "valueInteger": len(gaps)},
        {"name": "uncovered", "valueInteger": sum(bool(e.covered.gaps) for e in looked)},
    ]
    for layer, minutes in spent.items():
        part = [{"name": "by", "valueCode": layer}, {"name": "minutes", "valueInteger": minutes}]
        parameter.append({"name": "answered", "part": part})
    parameter += [_gap(team, gap) for team, gap in gaps[:MAX_GAPS]]
    if len(gaps) > MAX_GAPS:
        text = f"Only {MAX_GAPS} of the gaps are listed. Ask for a shorter period, or for one type."
        outcome = operation_outcome([Issue("warning", "incomplete", text)])
        parameter.append({"name": "outcome", "resource": outcome})
    return {"resourceType": "Parameters", "parameter": parameter}


def _gap(team: Resource, gap: Gap) -> Resource:
    part: list[Resource] = [
        {"name": "assignment", "valueReference": {"reference": f"CareTeam/{team['id']}"}},
        {"name": "patient", "valueReference": _plain(team.get("subject"))},
        {"name": "from", "valueDateTime": _told(gap.start)},
        {"name": "to", "valueDateTime": _told(gap.end)},
        {"name": "why", "valueCode": gap.why},
        {"name": "text", "valueString": f"{WHY[gap.why]}; {INSTEAD}"},
    ]
    if contact := _plain(contact_of(team)):
        part.insert(2, {"name": "contact", "valueReference": contact})
    if kind := kind_of(team):
        part.insert(3, {"name": "type", "valueCode": kind})
    return {"name": "gap", "part": part}


def _table(looked: list[Looked]) -> Answer:
    gaps = list(_gaps(looked))
    if len(gaps) > MAX_GAPS * 10:
        text = f"There are {len(gaps)} gaps, too many for one table. Ask for a shorter period."
        raise FhirError(Issue("error", "too-costly", text))
    rows = (
        (
            f"CareTeam/{team['id']}",
            _plain(team.get("subject")).get("reference", ""),
            _plain(contact_of(team)).get("reference", ""),
            kind_of(team),
            _told(gap.start),
            _told(gap.end),
            gap.why,
        )
        for team, gap in gaps
    )
    return csv_answer(COLUMNS, rows)


def _plain(reference: Any) -> Resource:
    """Give a reference without its display, which may be a person's name."""
    found = reference if isinstance(reference, dict) else {}
    return {name: found[name] for name in ("reference", "identifier") if name in found}


def _told(moment: dt.datetime | None) -> str:
    """Spell a moment in Swedish time."""
    local = moment.astimezone(STOCKHOLM) if moment else None
    return local.isoformat(timespec="seconds") if local else ""
