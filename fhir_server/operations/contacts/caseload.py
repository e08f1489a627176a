"""$caseload: how many patients each contact has, now or at a date (R49-R52, R106).

Nothing is refused or ordered by its numbers: they are what verksamhetschef and contact agree on a
level by.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from fhir_server.fhir.csv_table import CONTENT_TYPE, MEDIA_TYPE
from fhir_server.fhir.outcome import FhirError, Issue, invalid
from fhir_server.interactions.answer import Answer
from fhir_server.operations.contacts.caseload_answer import Workload, as_csv, as_parameters
from fhir_server.operations.contacts.caseload_reading import Asked, WorkloadReader
from fhir_server.operations.operation import Call
from fhir_server.sweden.elements import Json
from fhir_server.sweden.facts import microseconds
from fhir_server.sweden.workload import moments

MONTHS = 12
MOST_MONTHS = 120


def run(call: Call) -> Answer:
    """Give the workload of a PractitionerRole, or of an Organization with all its contacts.

    Returns:
        Parameters, or CSV: a row for each contact, unit and moment.

    Raises:
        FhirError: 404 for no such resource, 400 for a date that is none or too many months.
    """
    now = dt.datetime.now(dt.UTC)
    asked = Asked(
        call.arguments.get("type") or (),
        moments(_day(call.arguments.get("date")), _months(call.arguments.get("months")), now),
        microseconds(now),
    )
    reader = WorkloadReader(call.context, asked)
    subject = reader.read(f"{call.resource_type}/{call.id}")
    if subject is None:
        text = f"{call.resource_type}/{call.id} does not exist on this server."
        raise FhirError(Issue("error", "not-found", text))
    workload = _workload(reader, subject, below=bool(call.arguments.get("below")))
    if call.media_type == MEDIA_TYPE:
        return Answer(200, body=as_csv(workload), media_type=CONTENT_TYPE)
    return Answer(200, body=as_parameters(workload))


def _workload(reader: WorkloadReader, subject: Json, *, below: bool) -> Workload:
    if subject["resourceType"] == "PractitionerRole":
        return Workload(reader, subject, [reader.of_role(subject)], None)
    units = [subject, *(reader.below(subject) if below else [])]
    listed = sum(reader.listed(unit) for unit in units)
    return Workload(reader, subject, [reader.of_unit(unit) for unit in units], listed)


def _day(date: Any) -> dt.date | None:
    if date is None:
        return None
    try:
        return dt.date.fromisoformat(date)
    except (TypeError, ValueError):
        raise invalid("date must be a day such as 2026-03-12.", "date", code="value") from None


def _months(months: Any) -> int:
    if months is None:
        return MONTHS
    if not isinstance(months, int) or not 0 <= months <= MOST_MONTHS:
        raise invalid(f"months must be 0 to {MOST_MONTHS}.", "months", code="value")
    return months
