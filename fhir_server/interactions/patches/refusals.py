"""What is wrong with a patch: its document (400), or what it would do to the resource (422)."""

from __future__ import annotations

from fhir_server.fhir.outcome import FhirError, Issue

MAX_OPERATIONS = 1000


class Unfit(Exception):
    """An operation can't be carried out on this resource; the text says why.

    Texts name elements, never the values in a path: those may be personal data.

    Args:
        text: what is wrong and what to do.
        code: from the IssueType value set.
    """

    def __init__(self, text: str, code: str = "processing") -> None:
        super().__init__(text)
        self.text = text
        self.code = code


def malformed(text: str, expression: str | None = None, code: str = "invalid") -> FhirError:
    """Give the error of a document that is no patch (400)."""
    return FhirError(Issue("error", code, text, expression), status=400)


def refused(number: int, kind: str, unfit: Unfit, expression: str | None = None) -> FhirError:
    """Give the error of an operation that can't be carried out (422).

    Args:
        number: of the operation, counted from 0.
        kind: what it was to do, such as ``replace``.
        unfit: why it can't.
        expression: where the operation stands, for a patch that is a resource.
    """
    text = f"Operation {number} ({kind}): {unfit.text}"
    return FhirError(Issue("error", unfit.code, text, expression), status=422)


def require_few(count: int) -> None:
    """Refuse more operations than one patch may have (413)."""
    if count > MAX_OPERATIONS:
        text = f"The patch has {count} operations, the server takes {MAX_OPERATIONS}; split it."
        raise FhirError(Issue("error", "too-costly", text), status=413)
