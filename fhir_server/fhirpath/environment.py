"""What an expression may ask of the world around the value it is evaluated on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Resource = Mapping[str, Any]


def _nothing(*_: Any) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Environment:
    """The environment of one evaluation.

    Args:
        resource: ``%resource``, the resource that the value stands in.
        root: ``%rootResource``, the one that contains it where it is contained.
        resolve: behind ``resolve()``: the resource a reference leads to, None for none.
        member_of: behind ``memberOf()``: None where nobody knows. Gets the value set and the
            value, a string or the JSON of a Coding or CodeableConcept.
        conforms_to: behind ``conformsTo()``: None for a profile that is not known.
        subsumes: behind ``subsumes()`` and ``subsumedBy()``: gets a system, the code above and the
            code below; None where nobody knows.
        html_is_safe: behind ``htmlChecks()``.
        variables: further ``%names``.
    """

    resource: Resource
    root: Resource
    resolve: Callable[[str], Resource | None] = _nothing
    member_of: Callable[[str, Any], bool | None] = _nothing
    conforms_to: Callable[[Resource, str], bool | None] = _nothing
    subsumes: Callable[[str, str, str], bool | None] = _nothing
    html_is_safe: Callable[[str], bool] = _nothing  # type: ignore[assignment]
    variables: Mapping[str, Any] = field(default_factory=dict)
