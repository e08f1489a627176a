"""A step in a SIP's life: who took it and when, and what it leaves in the plan."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from fhir_server.operations.contacts.assignment_edits import parts
from fhir_server.sweden import codes
from fhir_server.sweden.periods import local_date

Resource = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Step:
    """A step in a plan's life: who took it and when.

    Args:
        by: a Reference.
        at: when, as FHIR writes it.
        moment: the same.
    """

    by: Resource
    at: str
    moment: dt.datetime

    @property
    def day(self) -> dt.date:
        """The day it is in Sweden."""
        return local_date(self.moment)


def plan_end(step: Step, reason: str, text: str | None = None) -> Resource:
    """Give the extension plan-end (R90, R93)."""
    return parts(
        codes.PLAN_END,
        reason=("valueCode", reason),
        at=("valueDateTime", step.at),
        by=("valueReference", step.by),
        text=("valueString", text),
    )
