"""A second opinion on resources: the Pydantic models of the fhir.resources library.

The server's own validator decides what is stored. These models are written by others from the same
definitions, so where the two disagree one of them is wrong: `fhir-server validate --second-opinion`
shows both, and the tests hold the server's answers against them. They are of R4B, whose documents
are those of R4 for most types; they see neither a wrong code nor a reference to a wrong type.
"""

from __future__ import annotations

from typing import Any

from fhir_server.fhir.outcome import Issue


def second_opinion(resource: dict[str, Any]) -> list[Issue]:
    """List what the models of fhir.resources find wrong.

    Args:
        resource: plain JSON data, as `fhir_server.fhir.json.plain` gives it.

    Returns:
        Issues with code ``structure``; none for a type that the models do not have.
    """
    from fhir.resources.R4B import get_fhir_model_class
    from pydantic import ValidationError

    name = str(resource.get("resourceType", ""))
    try:
        model = get_fhir_model_class(name)
    except ValueError:
        return []
    try:
        model.model_validate(resource)
    except ValidationError as error:
        return [
            Issue("error", "structure", problem["msg"], _expression(name, problem["loc"]))
            for problem in error.errors(include_url=False, include_context=False)
        ]
    return []


def _expression(name: str, location: tuple[int | str, ...]) -> str:
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in location]
    return name + "".join(parts)
