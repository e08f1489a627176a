"""$stranded: the patients whose contact has left, or will have left on a day (R45, R48)."""

from __future__ import annotations

import datetime as dt
from typing import Any

from fhir_server.fhir import json
from fhir_server.interactions.answer import Answer
from fhir_server.interactions.finder import Finder
from fhir_server.operations.contacts.assignments_of import (
    assignments_of,
    contact_of,
    reader_around,
)
from fhir_server.operations.operation import Call
from fhir_server.operations.tables import CSV, csv_answer
from fhir_server.sweden import assignments, stranding
from fhir_server.sweden.assignments import kind_of
from fhir_server.sweden.periods import INSTANT, STOCKHOLM, bounds

Resource = dict[str, Any]

COLUMNS = ("assignment", "patient", "contact", "unit", "type", "reason", "since")


def run(call: Call) -> Answer:
    """List the assignments that have nobody who holds the role.

    Returns:
        Parameters: the moment, how many assignments and patients, and each assignment with why;
        or the assignments as CSV.

    Raises:
        FhirError: 404 for no such unit or person; 403 for too many assignments.
    """
    moment = _moment(call)
    finder = Finder(call.context.server, call.context.store)
    kinds = call.arguments.get("type", ())
    found = assignments_of(finder, str(call.resource_type), str(call.id), kinds)
    read = reader_around(finder, found)
    rows = []
    for team in found:
        facts = assignments.facts_from(team, read, moment)
        if reason := stranding.why_stranded(facts, moment):
            rows.append(_row(team, reason, facts.person.role_period.end))
    rows.sort(key=lambda row: (row["contact"], row["patient"], row["assignment"]))
    if call.media_type == CSV:
        return csv_answer(COLUMNS, ([row[name] for name in COLUMNS] for row in rows))
    return Answer(200, body=json.dump(_parameters(rows, moment)))


def _moment(call: Call) -> dt.datetime:
    """Give the last moment of the day asked about; now where none is."""
    asked = bounds(call.arguments.get("date"))
    return asked[1] - INSTANT if asked else dt.datetime.now(dt.UTC)


def _row(team: Resource, reason: str, ends: dt.datetime | None) -> dict[str, str]:
    unit: Resource = next(iter(team.get("managingOrganization", [])), {})
    ended = reason == stranding.ROLE_ENDED and ends is not None
    return {
        "assignment": f"CareTeam/{team['id']}",
        "patient": team.get("subject", {}).get("reference", ""),
        "contact": (contact_of(team) or {}).get("reference", ""),
        "unit": unit.get("reference", ""),
        "type": kind_of(team),
        "reason": reason,
        "since": _told(ends) if ended and ends else "",
    }


def _parameters(rows: list[dict[str, str]], moment: dt.datetime) -> Resource:
    parameter: list[Resource] = [
        {"name": "date", "valueDateTime": _told(moment)},
        {"name": "count", "valueInteger": len(rows)},
        {"name": "patients", "valueInteger": len({row["patient"] for row in rows})},
    ]
    parameter += [{"name": "stranded", "part": _parts(row)} for row in rows]
    return {"resourceType": "Parameters", "parameter": parameter}


def _parts(row: dict[str, str]) -> list[Resource]:
    references = ("assignment", "patient", "contact", "unit")
    parts: list[Resource] = [
        {"name": name, "valueReference": {"reference": row[name]}}
        for name in references
        if row[name]
    ]
    parts += [{"name": name, "valueCode": row[name]} for name in ("type", "reason") if row[name]]
    if row["since"]:
        parts.append({"name": "since", "valueDateTime": row["since"]})
    return parts


def _told(moment: dt.datetime) -> str:
    return moment.astimezone(STOCKHOLM).isoformat(timespec="seconds")
