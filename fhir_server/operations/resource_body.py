"""The body of an operation on one resource: that resource, or Parameters with it.

Source: https://hl7.org/fhir/R4/operations.html#request: where there is one resource to send, it may
be sent as it is, with the other parameters in the URL.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fhir_server.fhir.outcome import FhirError, Issue, invalid
from fhir_server.fhir.parameters import Arguments
from fhir_server.interactions.context import OperationRequest

PARAMETERS = "Parameters"
# Stands in Parameters for a resource that is not to be checked with them.
_PLACEHOLDER = {"resourceType": "Binary", "contentType": "text/plain"}


@dataclass(frozen=True, slots=True)
class Body:
    """What was sent.

    Args:
        name: of the parameter that the resource is.
        parameters: the Parameters, with a placeholder for the resource; None for none.
        resource: as it was sent; None for none.
    """

    name: str
    parameters: dict[str, Any]
    resource: dict[str, Any] | None

    @classmethod
    def read(cls, definition: Mapping[str, Any], name: str, request: OperationRequest) -> Body:
        """Tell the resource from the Parameters around it.

        A body of type Parameters is what goes around a resource. Only in the URL of the type
        Parameters it may be the resource itself: there it is, unless each parameter in it is one
        of the operation's.

        Args:
            definition: the OperationDefinition.
            name: of its parameter for the resource.
            request: what was asked.

        Raises:
            FhirError: 400, the body is no JSON object.
        """
        sent = request.resource
        empty = {"resourceType": PARAMETERS}
        if sent is None:
            return cls(name, empty, None)
        if not isinstance(sent, dict):
            raise invalid("The body must be a JSON object, one resource.", code="structure")
        names = {p["name"] for p in definition.get("parameter", ()) if p["use"] == "in"}
        if sent.get("resourceType") != PARAMETERS or (
            request.resource_type == PARAMETERS and not _is_wrapping(sent, names)
        ):
            return cls(name, empty, sent)
        return cls(name, *_unwrapped(sent, name))

    def arguments(self, in_body: Arguments, in_url: Arguments) -> Arguments:
        """Join what the body and the URL say.

        Args:
            in_body: read from `parameters`.
            in_url: read from the URL.

        Raises:
            FhirError: 400, a parameter is given in both.
        """
        twice = sorted(in_body.keys() & in_url.keys())
        if twice:
            text = f"Give {', '.join(twice)} in the URL or in the body, not in both."
            raise FhirError(Issue("error", "invalid", text))
        resource = {} if self.resource is None else {self.name: self.resource}
        return {**in_url, **in_body, **resource}


def _is_wrapping(sent: Mapping[str, Any], names: set[str]) -> bool:
    listed = sent.get("parameter")
    if not isinstance(listed, list) or not listed:
        return False
    return all(isinstance(each, dict) and each.get("name") in names for each in listed)


def _unwrapped(sent: dict[str, Any], name: str) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """Give the Parameters with a placeholder for the resource, and the resource."""
    listed = sent.get("parameter")
    resource: dict[str, Any] | None = None
    if not isinstance(listed, list):
        return sent, None
    kept = list(listed)
    for index, each in enumerate(listed):
        found = each.get("resource") if isinstance(each, dict) else None
        if isinstance(found, dict) and each.get("name") == name:
            resource = resource or found
            kept[index] = {**each, "resource": _PLACEHOLDER}
    return {**sent, "parameter": kept}, resource
