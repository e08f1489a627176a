"""Labels as criteria of a search."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from fhir_server.search import labels, tokens
from fhir_server.search.query import Criterion, HasId, HasToken, Not, TokenRange, either
from fhir_server.security.patient_state import PatientState


def refers(resource_type: str, name: str, references: Iterable[str]) -> Criterion:
    """Say that a label names one of some resources."""
    return either(*(HasToken(labels.refers(resource_type, name, each)) for each in references))


def flag(resource_type: str, name: str, value: str = "") -> Criterion:
    """Say that a resource has a label that is a code."""
    return HasToken(labels.flag(resource_type, name, value or _VALUES[name]))


_VALUES = {
    labels.PROTECTED: labels.PROTECTED_PERSON,
    labels.SEVERAL: labels.SEVERAL_PERSONS,
    labels.CONTACT: labels.NAMED_CONTACT,
}


def about(resource_type: str, persons: Sequence[str]) -> Criterion:
    """Say that a resource is about one of some persons."""
    if resource_type == "Patient":
        return HasId(tuple(persons))
    return refers(resource_type, labels.ABOUT, persons)


def has_provider(resource_type: str) -> Criterion:
    """Not shown where nobody says who answers for it (R112)."""
    start = f"{resource_type}.{labels.PROVIDER}"
    return TokenRange(f"{start}{tokens.REFERENCE}", f"{start}{tokens.PRESENT}")


def not_blocked(resource_type: str, state: PatientState) -> list[Criterion]:
    """Say that a resource is behind no spärr."""
    units, providers = sorted(state.blocked_units), sorted(state.blocked_providers)
    found: list[Criterion] = [Not(refers(resource_type, labels.OWNER, units))] if units else []
    return found + ([Not(refers(resource_type, labels.PROVIDER, providers))] if providers else [])


def looks_inside(criterion: Criterion) -> bool:
    """Tell whether a criterion asks for more than whom a resource is about."""
    among = getattr(criterion, "parts", (criterion,))
    return any(
        looks_inside(each)
        if hasattr(each, "parts")
        else not isinstance(each, HasId)
        and not (isinstance(each, HasToken) and f".{labels.ABOUT}" in each.token)
        for each in among
    )
