"""$patientkontrakt: the agreement, whom to turn to, what happens when, the plans (R95–R99)."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date

from fhir_server.interactions.answer import Answer
from fhir_server.operations.contacts.contact_card import Card, Words, card, holder
from fhir_server.operations.operation import Call
from fhir_server.operations.patientkontrakt.bundle import document
from fhir_server.operations.patientkontrakt.page import Page, page
from fhir_server.operations.patientkontrakt.reading import Kontrakt, gather
from fhir_server.pages import paper, web
from fhir_server.sweden.audience import is_protected
from fhir_server.sweden.elements import text
from fhir_server.sweden.people import name_of

SHEET = "patientkontrakt.css"


def run(call: Call) -> Answer:
    """Give the patientkontrakt as its reader may see it.

    Returns:
        A document Bundle, or the page or the PDF where the client wants one.

    Raises:
        FhirError: 404 for no such patient or reader, 400 for a parameter that can't be read, 403
            where the reader may see nothing (R100).
    """
    kontrakt = gather(call)
    said = page(kontrakt, _card(call, kontrakt), call.context.server.settings.zone)
    match call.media_type:
        case paper.MEDIA_TYPE:
            body = paper.document("patientkontrakt.typ", asdict(said))
            headers = paper.headers("patientkontrakt")
            return Answer(200, body=body, media_type=paper.MEDIA_TYPE, headers=headers)
        case web.MEDIA_TYPE:
            body = _web_page(call, said)
            return Answer(200, body=body, media_type=web.CONTENT_TYPE, headers=web.headers(SHEET))
    return Answer(200, body=document(kontrakt, said, call.context.base))


def _web_page(call: Call, said: Page) -> bytes:
    # The address of a reader's own page is a POST, which no link can repeat.
    linked = call.by_get and not call.arguments
    return web.page(
        "patientkontrakt.html", sheet=SHEET, page=said, document="?_format=pdf" if linked else ""
    )


def _card(call: Call, kontrakt: Kontrakt) -> Card:
    settings, patient = call.context.server.settings, kontrakt.patient
    whose = holder(
        name_of(patient), _birth(text(patient, "birthDate")), protected=is_protected(patient)
    )
    words = Words(settings.card_outside_hours, settings.card_emergency)
    at = kontrakt.moment.astimezone(settings.zone)
    return card(whose, kontrakt.contacts.views, (), at, words)


def _birth(day: str) -> date | None:
    """Give the day of birth; None where only the year or month is known."""
    try:
        return date.fromisoformat(day)
    except ValueError:
        return None
