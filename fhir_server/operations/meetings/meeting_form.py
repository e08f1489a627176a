"""$meeting-form: the form to write on at a SIP meeting, blank or filled in from a plan.

DOMAIN 4.1: all sections of a SIP (R76, R78, R81, R89-R92); a page, or a document to print.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fhir_server import swedish
from fhir_server.interactions.answer import Answer
from fhir_server.operations.meetings.form_parts import Section
from fhir_server.operations.meetings.meeting_form_content import Content, sections
from fhir_server.operations.meetings.meeting_form_reading import content_of
from fhir_server.operations.moments import now_of
from fhir_server.operations.operation import Call
from fhir_server.operations.sip.sip_at_hand import plan_at_hand
from fhir_server.pages import paper, web

_SHEET = "meeting_form.css"
TITLE = "Samordnad individuell plan (SIP)"


def run(call: Call) -> Answer:
    """Give the form; a page where the client names no type of its own.

    Raises:
        FhirError: 404 or 410 for no such plan, 422 for a plan of another kind, 403 for one that is
            not released to the person.
    """
    now = now_of(call.context)
    content = Content()
    if call.id is not None:
        content = content_of(call, plan_at_hand(call.context, call.id)[1], now)
    made = swedish.day(now.date())
    shown = sections(content)
    values = {
        "title": TITLE,
        "name": content.person.name,
        "made": "" if call.id is None else made,
    }
    if call.media_type == paper.MEDIA_TYPE:
        return _document(values, shown)
    page = web.page(
        "meeting_form.html", sheet=_SHEET, sections=shown, pieces=swedish.pieces, **values
    )
    return Answer(200, body=page, media_type=web.CONTENT_TYPE, headers=web.headers(_SHEET))


def _document(values: dict[str, str], shown: tuple[Section, ...]) -> Answer:
    content: dict[str, Any] = {**values, "sections": [asdict(each) for each in shown]}
    body = paper.document("meeting_form.typ", content)
    headers = paper.headers("sip-mote")
    return Answer(200, body=body, media_type=paper.MEDIA_TYPE, headers=headers)
