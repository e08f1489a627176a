"""A written document as the answer of an operation: a page to read, a PDF to print."""

from __future__ import annotations

from dataclasses import asdict

from fhir_server.interactions.answer import Answer
from fhir_server.operations.operation import Call
from fhir_server.pages import paper, web
from fhir_server.pages.writing import Writing

RENDERS = (web.MEDIA_TYPE, paper.MEDIA_TYPE)
_SHEET = "writing.css"


def rendered(call: Call, written: Writing, name: str) -> Answer:
    """Give a document in the format that the call wants.

    Args:
        call: wants one of `RENDERS`.
        written: what it says.
        name: of the file; it tells nothing about a person.
    """
    if call.media_type == paper.MEDIA_TYPE:
        document = paper.document("writing.typ", asdict(written))
        return Answer(200, body=document, media_type=paper.MEDIA_TYPE, headers=paper.headers(name))
    signed = "&signatures=true" if call.arguments.get("signatures") else ""
    # A body, such as whom the copy is for, is not in the address.
    link = f"?_format=pdf{signed}" if call.by_get else ""
    page = web.page("writing.html", sheet=_SHEET, it=written, document=link)
    return Answer(200, body=page, media_type=web.CONTENT_TYPE, headers=web.headers(_SHEET))
