"""Finds, in the FHIRPath expression of a search parameter, what applies to one resource type.

Source: https://hl7.org/fhir/R4/searchparameter-definitions.html#SearchParameter.expression
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_ROOT = re.compile(r"\(*\s*([A-Z][A-Za-z]*)")


def expression_for(base: str, expression: str) -> str:
    """Give the unions' parts that start with a type, without the parts for other types.

    Args:
        base: a resource type, or Resource or DomainResource.
        expression: as in ``SearchParameter.expression``; a part without a type in front is
            relative to the base and gets it (InsurancePlan.name is published so).

    Returns:
        The expression for that base; empty where none of the parts applies.
    """
    if not expression:
        return ""
    own = [_rooted(part, base) for part in parts(expression) if _root(part) in (base, None)]
    return " | ".join(own)


def expression_within(lineage: Sequence[str], expression: str) -> str:
    """Give the unions' parts that apply to a type, whichever of its base types they start with.

    Args:
        lineage: the type and those it is derived from, itself last.
        expression: as for `expression_for`; a part without a type in front gets the type.
    """
    listed = parts(expression) if expression else []
    own = [_rooted(part, lineage[-1]) for part in listed if _root(part) in (*lineage, None)]
    return " | ".join(own)


def parts(expression: str) -> list[str]:
    """Split a FHIRPath expression at its unions, but not at those inside parentheses."""
    found, depth, start = [], 0, 0
    for position, character in enumerate(expression):
        depth += (character == "(") - (character == ")")
        if character == "|" and depth == 0:
            found.append(expression[start:position].strip())
            start = position + 1
    return [*found, expression[start:].strip()]


def _root(part: str) -> str | None:
    match = _ROOT.match(part)
    return match[1] if match else None


def _rooted(part: str, base: str) -> str:
    return part if _root(part) else f"{base}.{part}"
