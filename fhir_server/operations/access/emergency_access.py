"""$emergency-access: a member of staff opens a person's record in an emergency (nödöppning).

R111; lagen (2022:913) 3 kap., patientdatalagen 4 kap. 5 §. What it opens, and for how long, stands
in `fhir_server.sweden.access_law` and `fhir_server.sweden.emergency`.
"""

from __future__ import annotations

from fhir_server.fhir.outcome import FhirError, Issue, invalid
from fhir_server.interactions.answer import Answer
from fhir_server.interactions.finder import Finder
from fhir_server.interactions.prepare import new_id
from fhir_server.interactions.together import Draft, write_together
from fhir_server.operations.moments import now_of
from fhir_server.operations.operation import Call
from fhir_server.operations.results import several_answer
from fhir_server.operations.subject import require_patient, subject_of
from fhir_server.sweden import codes, emergency
from fhir_server.sweden.elements import text
from fhir_server.sweden.rulings import refusal


def run(call: Call) -> Answer:
    """Store the Flag by which the record is open to who asks, from now on.

    Returns:
        Parameters: ``return``, the Flag.

    Raises:
        FhirError: 403 for anybody but a member of staff who acts for a unit with the purpose of
            treatment; 422 for a reason without words, with the paragraph; 400 for too long a
            time; 404 for no patient.
    """
    access = call.context.store.access
    person, unit = access.principal.person, access.own_unit
    if access.principal.unrestricted or not person or not unit:
        words = (
            "Emergency access is for a member of staff who is logged in with HSA-id, unit and the "
            "purpose of treatment."
        )
        raise FhirError(Issue("error", "forbidden", words))
    if access.principal.purpose not in emergency.PURPOSES:
        words = (
            f"Emergency access is for the purpose of treatment: {', '.join(emergency.PURPOSES)}."
        )
        raise FhirError(Issue("error", "forbidden", words))
    reason = call.arguments["reason"]
    if not text(reason, "text"):
        words = "reason says in words, in its text, what happened; it is read by who follows it up."
        raise FhirError(refusal(words, "reason", codes.PDL_4_5), status=422)
    patient = subject_of(call)
    require_patient(Finder(call.context.server, call.context.store), patient)
    flag = emergency.opening(patient, unit, person, reason, now_of(call.context), _minutes(call))
    id_ = new_id()
    written = write_together(call.context, lambda: [Draft(flag, id_)])
    return several_answer(201, [("return", written.stored[0])], written.issues)


def _minutes(call: Call) -> int:
    most = call.context.server.settings.emergency_minutes
    asked = call.arguments.get("minutes", most)
    if asked > most:
        words = f"An emergency access lasts {most} minutes at most. Open it anew when it is over."
        raise invalid(words, "minutes", "value")
    return int(asked)
