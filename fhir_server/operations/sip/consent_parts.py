"""What the operations on a consent to a SIP share: the person, the rules it is made of, answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fhir_server.fhir.outcome import FhirError, Issue
from fhir_server.interactions.answer import Answer
from fhir_server.interactions.finder import Finder
from fhir_server.interactions.together import Written
from fhir_server.operations.results import several_answer
from fhir_server.sweden import codes
from fhir_server.sweden.consent_giving import Person

Resource = dict[str, Any]

_PARTICIPATION = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
_RECIPIENT = {"coding": [{"system": _PARTICIPATION, "code": "IRCP"}]}


def person_of(finder: Finder, patient: str) -> Person:
    """Give the person with those registered as theirs.

    Raises:
        FhirError: 404, there is no such Patient.
    """
    resource = finder.read(patient)
    if resource is None:
        text = f"{patient} does not exist on this server."
        raise FhirError(Issue("error", "not-found", text))
    relatives = finder.search("RelatedPerson", patient=patient)
    return Person(patient, resource, {f"RelatedPerson/{each['id']}": each for each in relatives})


def rule(
    kind: str,
    actors: Sequence[Resource] = (),
    information: Sequence[str] = (),
    period: Resource | None = None,
) -> Resource:
    """Give a rule of a consent: ``Consent.provision``, or an exception inside it.

    Args:
        kind: ``permit`` or ``deny``.
        actors: References; everybody where there are none.
        information: codes of ``information-class``; all where there are none.
        period: when it holds; as long as what it stands in, where left out.
    """
    system = codes.INFORMATION_CLASS_SYSTEM
    found: Resource = {"type": kind}
    if period:
        found["period"] = period
    if actors:
        found["actor"] = [{"role": _RECIPIENT, "reference": each} for each in actors]
    if information:
        found["class"] = [{"system": system, "code": each} for each in information]
    return found


def answer(status: int, written: Written, issues: Sequence[Issue]) -> Answer:
    """Give the consent as ``return``, and what changed because of it.

    Args:
        status: HTTP status.
        written: the consent first.
        issues: advice of the operation.
    """
    names = {"CarePlan": "plan", "Task": "task", "Appointment": "appointment"}
    named = [("return", written.stored[0])]
    named += [(names[each.resource_type], each) for each in written.followed]
    return several_answer(status, named, (*issues, *written.issues))
