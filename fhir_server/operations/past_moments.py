"""When something happened that an operation records: now, or as the call says."""

from __future__ import annotations

import datetime as dt

from fhir_server.fhir.outcome import invalid
from fhir_server.operations.moments import now_of, now_text, require_day_or_moment
from fhir_server.operations.operation import Call
from fhir_server.sweden.periods import bounds


def said_or_now(call: Call, name: str = "at") -> str:
    """Give when it happened, as FHIR writes it.

    Raises:
        FhirError: 400, the parameter is a month or a year, or lies ahead.
    """
    text = call.arguments.get(name)
    if text is None:
        return now_text(call.context)
    said = bounds(require_day_or_moment(text, name))
    if said is not None and said[0] > now_of(call.context):
        raise invalid(f"{name} must not lie ahead: it is when it happened.", name, "value")
    return str(text)


def moment_of(text: str, now: dt.datetime) -> dt.datetime:
    """Give the first moment of what `said_or_now` gave."""
    said = bounds(text)
    return said[0] if said else now
