"""Which resources belong to a compartment, such as that of one patient.

Source: https://hl7.org/fhir/R4/compartmentdefinition.html
"""

from __future__ import annotations

from collections.abc import Sequence

from fhir_server.fhir.ids import is_id
from fhir_server.fhir.outcome import FhirError, Issue
from fhir_server.profiles.definitions import Definitions
from fhir_server.search import tokens
from fhir_server.search.draft import listed
from fhir_server.search.parameters import Parameters
from fhir_server.search.query import Criterion, HasId, HasToken, either


class Compartments:
    """The compartments that R4 defines.

    Args:
        definitions: the CompartmentDefinitions.
        parameters: what can be searched by.
    """

    def __init__(self, definitions: Definitions, parameters: Parameters) -> None:
        self._definitions = definitions
        self._parameters = parameters

    def types(self, name: str) -> tuple[str, ...]:
        """Give the types whose resources may belong to a compartment, its own included.

        Raises:
            FhirError: 404 for a type that has no compartment.
        """
        compartment = self._definitions.compartment(name)
        if compartment is None:
            raise _not_here(
                f"R4 defines no compartment of {name[:64]}. Valid: Device, Encounter, Patient, "
                "Practitioner, RelatedPerson."
            )
        return tuple(sorted({*compartment.parameters, name}))

    def require(self, name: str, resource_type: str) -> None:
        """Refuse a type that is never in a compartment.

        Raises:
            FhirError: 404.
        """
        types = self.types(name)
        if resource_type not in types:
            raise _not_here(
                f"{resource_type} is not part of the compartment of a {name}. "
                f"Valid: {listed(types)}."
            )

    def criterion(self, name: str, id_: str, types: Sequence[str]) -> Criterion:
        """Say which resources of some types belong to the compartment of one resource.

        Args:
            name: the type of the resource whose compartment it is, which is part of it, too.
            id_: its id.
            types: the types searched.
        """
        compartment = self._definitions.compartment(name)
        if compartment is None or not is_id(id_):
            return either()
        target = f"{tokens.REFERENCE}{name}/{id_}"
        found: list[Criterion] = [HasId((f"{name}/{id_}",))] if name in types else []
        for type_ in types:
            supported = self._parameters.of(type_)
            codes = compartment.parameters.get(type_, ())
            found += [HasToken(supported[c].name + target) for c in codes if c in supported]
        return either(*found)


def _not_here(text: str) -> FhirError:
    return FhirError(Issue("error", "not-supported", text), status=404)
