"""The patient's card as an answer of $named-contacts: a page to read, a document to print.

Always for the patient, whoever asks: no internal note (R114), nothing that the caregiver has not
approved for patients (R113), no name of protected staff (R118).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import UTC, date, datetime

from fhir_server.fhir.outcome import invalid
from fhir_server.interactions.answer import Answer
from fhir_server.interactions.finder import Finder
from fhir_server.operations.contacts.contact_card import Card, Words, card, holder
from fhir_server.operations.contacts.contact_views import Contacts, gather
from fhir_server.operations.operation import Call
from fhir_server.pages import paper, web
from fhir_server.sweden import audience, codes, refusals
from fhir_server.sweden.assignments import kind_of
from fhir_server.sweden.elements import Json, extension, text
from fhir_server.sweden.people import name_of
from fhir_server.sweden.periods import bounds

RENDERS = (web.MEDIA_TYPE, paper.MEDIA_TYPE)
# A card hangs at home: it is of the moment it is made in, and of no other.
_UNKNOWN = datetime.min.replace(tzinfo=UTC)
_NOT_ON_A_CARD = ("date", "at", "history", "status")


def answer(call: Call) -> Answer:
    """Give the card, in HTML or PDF.

    Raises:
        FhirError: as `gather`; 400 for a parameter that asks for another time or audience.
    """
    contacts = gather(_for_patient(call))
    made = _card(call, contacts)
    if call.media_type == paper.MEDIA_TYPE:
        document = paper.document("card.typ", asdict(made))
        headers = paper.headers("mina-kontakter")
        return Answer(200, body=document, media_type=paper.MEDIA_TYPE, headers=headers)
    page = web.page("card.html", card=made, document=_document_link(call))
    return Answer(200, body=page, media_type=web.CONTENT_TYPE, headers=web.headers())


def _for_patient(call: Call) -> Call:
    for name in _NOT_ON_A_CARD:
        if name in call.arguments:
            raise invalid(f"The card shows the contacts of this moment; leave {name} out.", name)
    if call.arguments.get("audience", audience.PATIENT) != audience.PATIENT:
        raise invalid("The card is for the patient; leave audience out.", "audience")
    return replace(call, arguments={**call.arguments, "audience": audience.PATIENT})


def _document_link(call: Call) -> str:
    """Give the link to the same card as a document; none where the address says less than asked."""
    return "?_format=pdf" if call.by_get and call.id and not call.arguments else ""


def _card(call: Call, contacts: Contacts) -> Card:
    settings = call.context.server.settings
    patient = contacts.patient
    whose = holder(name_of(patient), _birth(patient), protected=audience.is_protected(patient))
    kinds = {view.kind for view in contacts.views}
    # By type: the one that was said last.
    said = sorted(_refusals(call, patient), key=lambda each: (each[0], each[1] or _UNKNOWN))
    refusals = [(kind, when) for kind, when in dict(said).items() if kind not in kinds]
    words = Words(settings.card_outside_hours, settings.card_emergency)
    at = contacts.inquiry.moment.astimezone(settings.zone)
    return card(whose, contacts.views, refusals, at, words)


def _birth(patient: Json) -> date | None:
    """Give the day of birth; None where only the year or month is known."""
    try:
        return date.fromisoformat(text(patient, "birthDate"))
    except ValueError:
        return None


def _refusals(call: Call, patient: Json) -> Iterator[tuple[str, datetime | None]]:
    """Give the types of contact that the patient said no to, and when (R7).

    A no to one person is none to the type of contact: it stands with that person and is left out.
    """
    found = Finder(call.context.server, call.context.store).search(
        "CareTeam",
        patient=f"Patient/{patient['id']}",
        category=codes.NAMED_CONTACTS,
        status="inactive",
    )
    for team in found:
        kind = kind_of(team)
        of_type = refusals.stands(team) and refusals.of_type(team, kind)
        if kind and of_type and audience.may_see(team, audience.PATIENT):
            at = bounds(
                extension(extension(team, codes.PATIENT_DECISION), "at").get("valueDateTime")
            )
            yield kind, at[0] if at else None
