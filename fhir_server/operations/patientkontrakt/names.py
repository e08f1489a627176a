"""What people, units and teams are called on the patientkontrakt (R114, R118)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from fhir_server.operations.parties import Parties, lowered
from fhir_server.sweden.elements import Json, target, text

SELF = "Jag själv"
STAFF = "personal"


class Names:
    """Names of what references lead to.

    Args:
        patient: ``Patient/[id]``, who is ``SELF``.
        around: what may be seen, by ``Type/id``; staff with protected data are masked already.
        moment: of the patientkontrakt.
    """

    def __init__(self, patient: str, around: Mapping[str, Json], moment: datetime) -> None:
        self._patient = patient
        self._parties = Parties(around.get, moment)

    def of(self, reference: Json) -> str:
        """Give a name with what says who that is: Sara Test, sjuksköterska; empty for nobody."""
        aim = target(reference)
        if self.is_self(reference):
            return SELF
        said = text(reference, "display")
        party = self._parties.of(reference, {})
        # A relative is known by what the reference says: Anna Hammar, dotter.
        if party is None or (said and aim.resource_type == "RelatedPerson"):
            return said
        # Of staff with protected data what they do is said, and where, but not who they are.
        name = lowered(party.name) if party.note else party.name
        return ", ".join(filter(None, (name, lowered(party.title) or party.place)))

    def is_self(self, reference: Json) -> bool:
        """Tell whether a reference leads to the person whose patientkontrakt it is."""
        return target(reference).literal == self._patient
