"""Problems, as FHIR says them: OperationOutcome and the one exception that carries it.

    FhirError                  anything a client should hear about
      issues: tuple[Issue]     what is wrong, where, and what to do
      status                   HTTP status; by default derived from the first issue's code

Source: https://hl7.org/fhir/R4/operationoutcome.html, https://hl7.org/fhir/R4/http.html#Status-Codes
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

Severity = Literal["fatal", "error", "warning", "information"]

# https://hl7.org/fhir/R4/valueset-issue-type.html
STATUS_BY_CODE = {
    "invalid": 400,
    "structure": 400,
    "required": 400,
    "value": 400,
    "not-supported": 400,
    "too-long": 413,
    "too-costly": 403,
    "login": 401,
    "unknown": 401,
    "expired": 401,
    "security": 403,
    "forbidden": 403,
    "suppressed": 403,
    "not-found": 404,
    "deleted": 410,
    "duplicate": 412,
    "multiple-matches": 412,
    "conflict": 409,
    "lock-error": 409,
    "code-invalid": 422,
    "extension": 422,
    "invariant": 422,
    "business-rule": 422,
    "processing": 422,
    "incomplete": 422,
    "informational": 200,
    "throttled": 429,
    "timeout": 503,
    "transient": 503,
    "no-store": 503,
    "exception": 500,
}


@dataclass(frozen=True, slots=True)
class Coding:
    """A code that says more about an issue, such as the paragraph of law behind a rule."""

    system: str
    code: str
    display: str = ""


@dataclass(frozen=True, slots=True)
class Issue:
    """One problem.

    Args:
        severity: ``error`` refuses, ``warning`` and ``information`` let pass.
        code: from the IssueType value set.
        text: what is wrong and what to do, for a person; never personal data.
        expression: FHIRPath of the element, e.g. ``CareTeam.participant[0].role[0]``.
        details: coded details; a broken Swedish rule names its paragraph of law here.
        diagnostics: for developers; never internals of this server.
        rule: key of the rule that is broken, e.g. ``ct-3``, ``min`` or ``binding``; unique within
            the profile that states it.
        profile: canonical of the StructureDefinition that states the rule.
    """

    severity: Severity
    code: str
    text: str
    expression: str | None = None
    details: tuple[Coding, ...] = ()
    diagnostics: str | None = None
    rule: str | None = None
    profile: str | None = None

    def inside(self, at: str) -> Issue:
        """Give the issue as seen from a bundle that holds the resource at ``at``."""
        if not at:
            return self
        _, dot, rest = (self.expression or "").partition(".")
        return replace(self, expression=f"{at}{dot}{rest}")

    def as_json(self) -> dict[str, Any]:
        """Give ``OperationOutcome.issue``."""
        details: dict[str, Any] = {}
        codings = self.details
        if self.rule:
            # The StructureDefinition is the namespace of its rules' keys.
            codings = (Coding(self.profile or "", self.rule), *codings)
        if codings:
            details["coding"] = [
                {
                    k: v
                    for k, v in (("system", c.system), ("code", c.code), ("display", c.display))
                    if v
                }
                for c in codings
            ]
        details["text"] = self.text
        issue: dict[str, Any] = {"severity": self.severity, "code": self.code, "details": details}
        issue["diagnostics"] = self.diagnostics or self.text
        if self.expression:
            issue["expression"] = [self.expression]
        return issue


class FhirError(Exception):
    """A request that can't be answered as asked; becomes an OperationOutcome.

    Args:
        issues: at least one problem.
        status: HTTP status where the first issue's code does not decide it.
    """

    def __init__(self, *issues: Issue, status: int | None = None) -> None:
        super().__init__("; ".join(issue.text for issue in issues))
        self.issues = issues
        self.status = status or STATUS_BY_CODE.get(issues[0].code, 400)

    def __reduce__(self) -> tuple[partial[FhirError], tuple[Issue, ...]]:
        """Let another process have it; an exception by itself forgets its keywords."""
        return partial(FhirError, status=self.status), self.issues


def operation_outcome(issues: Iterable[Issue]) -> dict[str, Any]:
    """Give an OperationOutcome; without issues, one that says all is well."""
    listed = [issue.as_json() for issue in issues]
    if not listed:
        listed = [Issue("information", "informational", "All OK").as_json()]
    return {"resourceType": "OperationOutcome", "issue": listed}


def has_errors(issues: Iterable[Issue]) -> bool:
    """Tell whether any of the issues refuses."""
    return any(issue.severity in ("fatal", "error") for issue in issues)


def errors_first(issues: Iterable[Issue]) -> list[Issue]:
    """Put what refuses in front: the first issue decides the HTTP status."""
    return sorted(issues, key=lambda issue: issue.severity not in ("fatal", "error"))


def invalid(text: str, expression: str | None = None, code: str = "invalid") -> FhirError:
    """A request whose content is wrong (400)."""
    return FhirError(Issue("error", code, text, expression), status=400)


def not_found(reference: str) -> FhirError:
    """No such resource, or none the caller may know of (404)."""
    return FhirError(Issue("error", "not-found", f"{reference} does not exist on this server."))


def gone(reference: str) -> FhirError:
    """The resource was deleted (410)."""
    return FhirError(
        Issue(
            "error", "deleted", f"{reference} was deleted. Its earlier versions are in its history."
        )
    )


def version_conflict(reference: str, text: str) -> FhirError:
    """Somebody else changed the resource first (412, as If-Match asks for)."""
    return FhirError(Issue("error", "conflict", f"{reference}: {text}"), status=412)


def not_supported(text: str) -> FhirError:
    """The server does not do what was asked (400)."""
    return FhirError(Issue("error", "not-supported", text))
