"""$assign-fast-vardkontakt: give a patient a named contact.

The operation puts the CareTeam together in Inera's shape (one CareTeam for each assignment); the
law is checked where every write of such a CareTeam is checked, by the write rules. R1-R5, R8, R43;
patientlagen (2014:821) 6 kap. 2-3 §§, hälso- och sjukvårdsförordningen (2017:80) 4 kap. 1 §.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from fhir_server.fhir.outcome import FhirError, Issue
from fhir_server.fhir.parameters import Arguments
from fhir_server.interactions.answer import Answer
from fhir_server.interactions.create import create
from fhir_server.interactions.finder import Finder
from fhir_server.operations.operation import Call, Operation
from fhir_server.operations.results import parameters_answer
from fhir_server.operations.subject import require_patient, subject_of
from fhir_server.sweden import codes

DISPLAY = {
    codes.FAST_VARDKONTAKT: "fast vårdkontakt",
    codes.FAST_LAKARKONTAKT: "fast läkarkontakt i primärvård",
    codes.FAST_OMSORGSKONTAKT: "fast omsorgskontakt i hemtjänsten",
    codes.SAMORDNANDE_VARDKONTAKT: "fast vårdkontakt med övergripande samordningsansvar",
}


def run(call: Call) -> Answer:
    """Store the assignment as an active CareTeam.

    Returns:
        Parameters: ``return``, the CareTeam; ``outcome`` with what the law advises, if anything.

    Raises:
        FhirError: a parameter is wrong, or the law refuses; the paragraph stands in the outcome.
    """
    patient = subject_of(call)
    finder = Finder(call.context.server, call.context.store)
    require_patient(finder, patient)
    today = dt.datetime.now(call.context.server.settings.zone).date().isoformat()
    care_team = assemble(patient, call.arguments, _unit(finder, call.arguments), today)
    answer = create(call.context, "CareTeam", care_team)
    return parameters_answer(answer, answer.issues)


def assemble(
    patient: str, arguments: Arguments, unit: dict[str, Any] | None, today: str
) -> dict[str, Any]:
    """Put the CareTeam of an assignment together.

    Args:
        patient: ``Patient/[id]``.
        arguments: the operation's.
        unit: reference to the unit that the contact's position belongs to, where it says so.
        today: the day the assignment begins unless ``period`` says otherwise.
    """
    kind = arguments.get("type", codes.FAST_VARDKONTAKT)
    coding = {"system": codes.CONTACT_TYPE, "code": kind, "display": DISPLAY[kind]}
    participant: dict[str, Any] = {"role": [{"coding": [coding]}]}
    if "viaTeam" in arguments:
        participant["extension"] = [
            {"url": codes.CONTACT_VIA_TEAM, "valueReference": arguments["viaTeam"]}
        ]
    participant["member"] = arguments["practitionerRole"]
    care_team: dict[str, Any] = {
        "resourceType": "CareTeam",
        "meta": {"profile": [codes.structure("fast-kontakt-careteam")]},
        "extension": _extensions(arguments, today),
        "status": "active",
        "category": [
            {"coding": [{"system": codes.CARE_TEAM_CATEGORY, "code": codes.FAST_KONTAKT}]}
        ],
        "subject": {"reference": patient},
        "encounter": arguments.get("encounter"),
        "period": {"start": today, **arguments.get("period", {})},
        "participant": [participant],
        "reasonCode": arguments.get("reason"),
        "reasonReference": arguments.get("reasonReference"),
        "managingOrganization": [unit] if unit else None,
        "telecom": arguments.get("telecom"),
        "note": [{"text": arguments["note"]}] if "note" in arguments else None,
    }
    return {key: value for key, value in care_team.items() if value}


def _extensions(arguments: Arguments, today: str) -> list[dict[str, Any]]:
    extensions: list[dict[str, Any]] = []
    if "appointedBy" in arguments:
        extensions.append(
            {
                "url": codes.structure("appointed-by"),
                "extension": [
                    {"url": "by", "valueReference": arguments["appointedBy"]},
                    {"url": "at", "valueDateTime": today},
                ],
            }
        )
    if "basis" in arguments:
        coding = {"system": codes.APPOINTMENT_BASIS_SYSTEM, "code": arguments["basis"]}
        extensions.append(
            {"url": codes.APPOINTMENT_BASIS, "valueCodeableConcept": {"coding": [coding]}}
        )
    return extensions


def _unit(finder: Finder, arguments: Arguments) -> dict[str, Any] | None:
    reference = arguments["practitionerRole"].get("reference", "")
    role = finder.read(reference)
    if role is None or role["resourceType"] != "PractitionerRole":
        raise FhirError(
            Issue(
                "error",
                "not-found",
                "practitionerRole must be a reference to a PractitionerRole on this server "
                "(PractitionerRole/[id]): a named person in a position at a unit.",
                "practitionerRole",
                (codes.PL_6_2.coding,),
            ),
            status=422,
        )
    unit: dict[str, Any] | None = role.get("organization")
    return unit


ASSIGN_FAST_VARDKONTAKT = Operation("assign-fast-vardkontakt", run)
