"""What staff are told where two huvudmän changed the same part of a plan."""

from __future__ import annotations

from fhir_server.fhir.outcome import Issue
from fhir_server.sweden import codes
from fhir_server.sweden.plan_revisions import Conflict
from fhir_server.sweden.rulings import warning

_WHERE = {
    "activity": "CarePlan.activity",
    "extension": "CarePlan.extension",
    "Goal": "CarePlan.goal",
    "Consent": "CarePlan.supportingInfo",
}


def said_of(conflict: Conflict) -> Issue:
    """Give a warning that says what stands in the plan, and what became of the other (R76, R93)."""
    where = _WHERE.get(conflict.unit.partition(":")[0], "CarePlan")
    if conflict.foreign:
        text = (
            "What was received changes a part that another huvudman answers for. The plan keeps "
            "the part as it was; the proposal is in the Provenance. Make the change here if it is "
            "right."
        )
    elif conflict.kept == "received":
        text = (
            "Both servers changed this part since they last met. What was received stands in the "
            "plan; what was here is in the Provenance and in the history. Talk to each other, and "
            "change the part if it is not right."
        )
    else:
        text = (
            "Both servers changed this part since they last met. What was here stands in the "
            "plan; what was received is in the Provenance. Talk to each other, and change the "
            "part if it is not right."
        )
    return warning(text, where, codes.HSL_16_4, codes.SOL_10_8)
