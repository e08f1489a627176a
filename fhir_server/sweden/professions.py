"""Who may be what: licensed physician, nurse, undersköterska, health-care personnel.

Source: DOMAIN 2.4. A licence (legitimation) is what HOSP says, never what a position (befattning)
suggests: an AT-läkare is a physician by position and has no licence.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from fhir_server.sweden import codes, periods
from fhir_server.sweden.elements import Json, child, codings, concept_codes, items

# DOMAIN 2.4: positions that need a licence, and those that are held before it.
LICENSED_POSITIONS = frozenset(
    {"201010", "201011", "201012", "202010", "203010", "203020", "203090"}
)
UNLICENSED_POSITIONS = frozenset({"204010", "204090"})
DISTRIKTSSKOTERSKA = "206011"
_CARE_POSITIONS = LICENSED_POSITIONS | UNLICENSED_POSITIONS | {DISTRIKTSSKOTERSKA}


@dataclass(frozen=True, slots=True)
class Qualifications:
    """What a person is qualified for at a moment.

    Args:
        licences: HOSP codes of licences in force.
        certificates: local codes of certificates (bevis) in force.
        positions: HSA befattning, from qualifications in force and from the role.
        coordinator: whether the role is that of a care coordinator (SNOMED CT 768820003).
    """

    licences: frozenset[str] = frozenset()
    certificates: frozenset[str] = frozenset()
    positions: frozenset[str] = frozenset()
    coordinator: bool = False

    @property
    def licensed_physician(self) -> bool:
        """Whether the person is legitimerad läkare (R15, SOSFS 2011:7 2 kap. 3 §)."""
        return codes.LAKARE in self.licences

    @property
    def nurse(self) -> bool:
        """Whether the person is legitimerad sjuksköterska (R13)."""
        return codes.SJUKSKOTERSKA in self.licences

    @property
    def distriktsskoterska(self) -> bool:
        """Whether the person is a nurse in the position of distriktssköterska (R13, R23)."""
        return self.nurse and DISTRIKTSSKOTERSKA in self.positions

    @property
    def underskoterska(self) -> bool:
        """Whether the person may use the protected title undersköterska (R38, SoL 10 kap. 7 §)."""
        return codes.UNDERSKOTERSKA in self.certificates

    @property
    def health_care_personnel(self) -> bool | None:
        """Whether the person is hälso- och sjukvårdspersonal (R14); None where nothing tells."""
        if self.licences or self.certificates or self.positions & _CARE_POSITIONS:
            return True
        return False if self.coordinator else None

    @property
    def unlicensed_physician(self) -> bool:
        """Whether the person works as a physician without a licence, such as an AT-läkare."""
        return not self.licensed_physician and bool(self.positions & UNLICENSED_POSITIONS)


def qualifications(practitioner: Json, role: Json, moment: datetime) -> Qualifications:
    """Read a person's qualifications in force at a moment.

    Args:
        practitioner: a Practitioner; its qualifications count inside their own periods.
        role: the PractitionerRole held; empty where there is none.
        moment: an aware datetime.
    """
    held = list(_in_force(practitioner, moment))
    positions = [code for concept in held for code in codings(concept, *codes.BEFATTNING_SYSTEMS)]
    positions += concept_codes(role, "code", *codes.BEFATTNING_SYSTEMS)
    coordinating = concept_codes(role, "code", codes.SNOMED)
    return Qualifications(
        licences=_codes(held, *codes.HOSP_SYSTEMS),
        certificates=_codes(held, codes.CERTIFICATE_SYSTEM),
        positions=frozenset(positions),
        coordinator=codes.CARE_COORDINATOR in coordinating,
    )


def _in_force(practitioner: Json, moment: datetime) -> Iterator[Json]:
    for _, qualification in items(practitioner, "qualification"):
        if periods.read(qualification).covers(moment):
            yield child(qualification, "code")


def _codes(concepts: list[Json], *systems: str) -> frozenset[str]:
    return frozenset(code for concept in concepts for code in codings(concept, *systems))
