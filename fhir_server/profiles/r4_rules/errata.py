"""Where R4 4.0.1 publishes a rule that can't be meant: what is evaluated instead, and why.

The correction is the one HL7 made in a later version, named with each.
Source: https://hl7.org/fhir/R4/downloads.html (the rules), https://jira.hl7.org (the corrections)
"""

from __future__ import annotations

from dataclasses import dataclass

_CONSENT_SCOPE = "http://terminology.hl7.org/CodeSystem/consentscope"


@dataclass(frozen=True, slots=True)
class Erratum:
    """One rule as it is evaluated.

    Args:
        expression: instead of the published one; empty where the rule is not evaluated.
        reason: what is wrong with the published one.
    """

    expression: str
    reason: str


def _consent(code: str) -> Erratum:
    return Erratum(
        f"patient.exists() or scope.coding.where(system='{_CONSENT_SCOPE}' and code='{code}')"
        ".exists().not()",
        "The published rule names the system 'something', so that it never applies. R5 and R4B "
        "name the system of the bound value set.",
    )


# By the path that the rule is stated at, and its key.
ERRATA: dict[tuple[str, str], Erratum] = {
    ("ChargeItemDefinition", "cid-0"): Erratum(
        "",
        "The published rule speaks of name, which a ChargeItemDefinition has from R5 on.",
    ),
    ("Condition", "con-3"): Erratum(
        "clinicalStatus.exists() or verificationStatus.coding.where("
        "system='http://terminology.hl7.org/CodeSystem/condition-ver-status' "
        "and code = 'entered-in-error').exists() or category.coding.where("
        "system='http://terminology.hl7.org/CodeSystem/condition-category' "
        "and code='problem-list-item').empty()",
        "The published rule compares a CodeableConcept with a string. R4B compares the coding.",
    ),
    ("Consent", "ppc-2"): _consent("patient-privacy"),
    ("Consent", "ppc-3"): _consent("research"),
    ("Consent", "ppc-4"): _consent("adr"),
    ("Consent", "ppc-5"): _consent("treatment"),
}
