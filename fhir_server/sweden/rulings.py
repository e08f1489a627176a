"""How a rule of law speaks: an issue that names its paragraph."""

from __future__ import annotations

from fhir_server.fhir.outcome import Issue, Severity
from fhir_server.sweden.codes import LawParagraph


def issue(severity: Severity, text: str, expression: str, *law: LawParagraph) -> Issue:
    """Give an issue with code ``business-rule`` and its paragraphs as details."""
    details = tuple(paragraph.coding for paragraph in law)
    return Issue(severity, "business-rule", text, expression, details)


def refusal(text: str, expression: str, *law: LawParagraph) -> Issue:
    """Give an issue that refuses."""
    return issue("error", text, expression, *law)


def warning(text: str, expression: str, *law: LawParagraph) -> Issue:
    """Give an issue that lets pass."""
    return issue("warning", text, expression, *law)
