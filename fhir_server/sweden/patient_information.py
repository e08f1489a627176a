"""The law on telling the patient that a contact is possible, and who it is.

Pure rules over the Communication that records it. Source: R9-R11; patientlagen (2014:821)
3 kap. 2 §, 4 § (relatives where the patient can't receive it) and 5 § (unless secrecy prevents).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from fhir_server.fhir.outcome import Issue
from fhir_server.sweden import codes, periods
from fhir_server.sweden.elements import Json, child, concept_codes, items, target
from fhir_server.sweden.references import Read
from fhir_server.sweden.rulings import refusal, warning

_ABOUT_CONTACTS = {codes.CONTACT_IS_POSSIBLE, codes.WHO_IS_CONTACT}
_RECIPIENT = "Communication.recipient"


def is_about_contacts(resource: Json) -> bool:
    """Tell whether a resource records that somebody was told about named contacts."""
    if resource.get("resourceType") != "Communication":
        return False
    said = concept_codes(resource, "category", codes.COMMUNICATION_CATEGORY_SYSTEM)
    return not _ABOUT_CONTACTS.isdisjoint(said)


def check(communication: Json, read: Read, now: datetime) -> list[Issue]:
    """List what the law has against the record that somebody was told.

    Args:
        communication: about to be written; only one that is ``completed`` says that it was done.
        read: gives the current resource at a relative reference.
        now: an aware datetime.
    """
    if communication.get("status") != "completed":
        return []
    return [
        *told_somebody(communication),
        *told_the_right_ones(communication, read),
        *relatives_instead_of_the_patient(communication),
        *told_already(communication, now),
    ]


def told_somebody(communication: Json) -> Iterator[Issue]:
    """Demand a recipient (R10; PL 3 kap. 2 §)."""
    if not list(items(communication, "recipient")):
        yield refusal(
            "Information that nobody got informs nobody: name the patient, or the relatives who "
            "were told, in recipient.",
            _RECIPIENT,
            codes.PL_3_2,
        )


def told_the_right_ones(communication: Json, read: Read) -> Iterator[Issue]:
    """Demand that it is this patient, or relatives of this patient (R11; PL 3 kap. 2, 4 §§)."""
    patient = target(child(communication, "subject"))
    for index, recipient in items(communication, "recipient"):
        aim = target(recipient)
        if aim.resource_type == "Patient" and not aim.same(patient):
            yield refusal(
                "The recipient is another patient than the one it is about.",
                f"{_RECIPIENT}[{index}]",
                codes.PL_3_2,
            )
        relative = read(aim.literal) if aim.resource_type == "RelatedPerson" else None
        if relative is not None and not target(child(relative, "patient")).same(patient):
            yield refusal(
                "The recipient is a relative of somebody else: RelatedPerson.patient must be the "
                "patient whom the information is about.",
                f"{_RECIPIENT}[{index}]",
                codes.PL_3_4,
            )


def relatives_instead_of_the_patient(communication: Json) -> Iterator[Issue]:
    """Demand the reason where only relatives were told (R11; PL 3 kap. 4 §)."""
    types = {target(each).resource_type for _, each in items(communication, "recipient")}
    if types == {"RelatedPerson"} and not list(items(communication, "reasonCode")):
        yield refusal(
            "Relatives are informed in the patient's place where the patient can't receive the "
            "information: say why, in reasonCode.",
            "Communication.reasonCode",
            codes.PL_3_4,
        )


def told_already(communication: Json, now: datetime) -> Iterator[Issue]:
    """Refuse information that is said to be given in the future (R10)."""
    sent = periods.bounds(communication.get("sent"))
    if sent and sent[0] > now:
        yield refusal(
            "The information is to be given later: record it when it has been given.",
            "Communication.sent",
            codes.PL_3_2,
        )


def secrecy(prevents: bool | None, *, relatives: bool) -> Iterator[Issue]:
    """Refuse to tell a relative what secrecy covers, and ask that it was assessed (PL 3 kap. 5 §).

    Args:
        prevents: what the caller assessed; None where nothing is said.
        relatives: whether relatives were told.
    """
    if not relatives or prevents is False:
        return
    if prevents:
        yield refusal(
            "Secrecy prevents that the relative is told. Tell the patient, in a form that fits, or "
            "relatives whom secrecy does not exclude.",
            "secrecyPrevents",
            codes.PL_3_5,
        )
    else:
        yield warning(
            "A relative was told: assess first whether secrecy prevents it, and say so by "
            "secrecyPrevents.",
            "secrecyPrevents",
            codes.PL_3_5,
        )
