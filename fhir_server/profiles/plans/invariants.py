"""Invariants: what a profile says in FHIRPath.

Source: https://hl7.org/fhir/R4/conformance-rules.html#constraints
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fhir_server.fhirpath.engine import Expression, FhirPathError
from fhir_server.profiles.plans.run import Place, Run, Source
from fhir_server.profiles.plans.values import Check


def invariant_check(source: Source, constraint: Mapping[str, Any], expression: Expression) -> Check:
    """Ask that an expression holds.

    One that can't be evaluated on a value is a warning: it says nothing against the value.

    Args:
        constraint: of the ElementDefinition.
        expression: compiled from it.
    """
    key = constraint["key"]
    severity = "warning" if constraint.get("severity") == "warning" else "error"
    human = str(constraint.get("human", "")).strip()
    text = human if human.endswith((".", "!", "?")) else f"{human or f'The rule {key} fails'}."
    holds = expression.holds

    def check(value: Any, extension: Any, place: Place, run: Run) -> None:
        try:
            if holds(value, run.environment, extension):
                return
        except FhirPathError as error:
            failed = f"The rule {key} could not be evaluated: {error.text}"
            source.report(run, place, key, failed, severity="warning", code="processing")
            return
        source.report(run, place, key, text, severity=severity, code="invariant")  # type: ignore[arg-type]

    return check
