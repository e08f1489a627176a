"""A written document as the answer of an operation: a page to read, a PDF to print."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from fhir_server.interactions.answer import Answer
from fhir_server.operations.operation import Call
from fhir_server.pages import paper, web
from fhir_server.pages.writing import Writing
from fhir_server.sweden.elements import Json, child, target

RENDERS = (web.MEDIA_TYPE, paper.MEDIA_TYPE)
_SHEET = "writing.css"


def rendered(
    call: Call, written: Writing, name: str, links: Sequence[tuple[str, str]] = ()
) -> Answer:
    """Give a document in the format that the call wants.

    Args:
        call: wants one of `RENDERS`.
        written: what it says.
        name: of the file; it tells nothing about a person.
        links: words and addresses of other pages of the same person, for the page.
    """
    if call.media_type == paper.MEDIA_TYPE:
        document = paper.document("writing.typ", asdict(written))
        return Answer(200, body=document, media_type=paper.MEDIA_TYPE, headers=paper.headers(name))
    signed = "&signatures=true" if call.arguments.get("signatures") else ""
    # A body, such as whom the copy is for, is not in the address.
    link = f"?_format=pdf{signed}" if call.by_get else ""
    page = web.page("writing.html", sheet=_SHEET, it=written, document=link, links=links)
    return Answer(200, body=page, media_type=web.CONTENT_TYPE, headers=web.headers(_SHEET))


def more_about(resource: Json) -> tuple[tuple[str, str], ...]:
    """Give links to the pages of the person that a resource is about.

    Args:
        resource: whose operation gives the page the links stand on.
    """
    subject = target(child(resource, "subject"))
    if not subject.local or subject.resource_type != "Patient":
        return ()
    person = f"../../{subject.literal}"
    return (
        ("Mina kontakter i vården", f"{person}/$named-contacts?_format=html"),
        ("Mitt patientkontrakt", f"{person}/$patientkontrakt?_format=html"),
    )
