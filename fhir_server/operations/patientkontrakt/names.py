"""What people, units and teams are called on the patientkontrakt (R114, R118)."""

from __future__ import annotations

from collections.abc import Mapping

from fhir_server.sweden.audience import is_protected
from fhir_server.sweden.elements import Json, child, items, target, text
from fhir_server.sweden.people import name_of

SELF = "Jag själv"
STAFF = "personal"


class Names:
    """Names of what references lead to.

    Args:
        patient: ``Patient/[id]``, who is ``SELF``.
        around: what may be seen, by ``Type/id``; staff with protected data are masked already.
    """

    def __init__(self, patient: str, around: Mapping[str, Json]) -> None:
        self._patient = patient
        self._around = around

    def of(self, reference: Json) -> str:
        """Give a name with what says who that is: Sara Test, sjuksköterska; empty for nobody."""
        aim = target(reference).literal
        if aim == self._patient:
            return SELF
        found = self._around.get(aim)
        if found is None:
            return text(reference, "display")
        match found.get("resourceType"):
            case "PractitionerRole":
                return self._role(found) or text(reference, "display") or STAFF
            case "Practitioner" | "RelatedPerson":
                # A relative is known by what the reference says: Anna Hammar, dotter.
                relative = found["resourceType"] == "RelatedPerson"
                said = text(reference, "display") if relative else ""
                return said or name_of(found) or text(reference, "display") or STAFF
            case _:
                return text(found, "name") or text(reference, "display")

    def place(self, reference: Json) -> str:
        """Give the name of the unit a role is at; empty for anything else."""
        role = self._around.get(target(reference).literal, {})
        return self.of(child(role, "organization")) if child(role, "organization") else ""

    def is_self(self, reference: Json) -> bool:
        """Tell whether a reference leads to the person whose patientkontrakt it is."""
        return target(reference).literal == self._patient

    def _role(self, role: Json) -> str:
        person = self._around.get(target(child(role, "practitioner")).literal, {})
        name = "" if is_protected(person) else name_of(person)
        title = title_of(role)
        # Of staff with protected data what they do is said, and where, but not who they are.
        parts = [name, title] if name else [title or STAFF, self.of(child(role, "organization"))]
        return ", ".join(part for part in parts if part)


def title_of(role: Json) -> str:
    """Give the position of a PractitionerRole in words; empty where it is not said."""
    for _, concept in items(role, "code"):
        displays = [text(coding, "display") for _, coding in items(concept, "coding")]
        if words := next(filter(None, [text(concept, "text"), *displays]), ""):
            return words[0].lower() + words[1:] if not words[1:2].isupper() else words
    return ""
