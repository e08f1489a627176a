"""An error as a page in Swedish, for a person who asked for a page.

A FHIR client gets an OperationOutcome; only who asked an operation for one of its pages, in a
browser, gets this.
"""

from __future__ import annotations

from fhir_server.api.exchange import VARY, Response
from fhir_server.fhir.outcome import Issue
from fhir_server.pages import web

# Heading and advice, by status; what is not here is the client's mistake.
SAYS = {
    401: ("Du behöver logga in", "Logga in och försök igen."),
    403: ("Du får inte se den här sidan", "Fråga den som gav dig adressen."),
    404: ("Sidan finns inte", "Adressen kan vara fel. Fråga den som gav dig den."),
    410: ("Sidan finns inte längre", "Fråga den som gav dig adressen."),
    429: ("Det är många som vill hit just nu", "Försök igen om en stund."),
    500: ("Något gick fel hos oss", "Försök igen om en stund."),
    503: ("Det går inte just nu", "Försök igen om en stund."),
}
MISTAKE = ("Något är fel i adressen", "Gå tillbaka och försök igen.")


def error_page(issues: tuple[Issue, ...], status: int, request_id: str) -> Response:
    """Give the page.

    Args:
        issues: what an OperationOutcome would say; without personal data, as always.
        status: of the answer.
        request_id: under which the log has it.
    """
    heading, advice = SAYS.get(status, SAYS[500] if status >= 500 else MISTAKE)
    body = web.page(
        "error.html",
        heading=heading,
        advice=advice,
        request_id=request_id,
        status=status,
        issues=issues,
    )
    response = Response(body, status, headers={"Content-Type": web.CONTENT_TYPE, "Vary": VARY})
    response.headers.extend(web.headers())
    return response
