"""Which vårdgivare and vårdenhet answer for a named contact, documented when (R112).

Told by a Provenance (custodian and author, as in Inera's EHDS-TK; DOMAIN 0.11), or by the unit that
the assignment names and the organizations above it. Without the HSA-ids of both, other caregivers
are not to be shown the contact in a shared record.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from fhir_server.fhir.outcome import Issue
from fhir_server.sweden import codes, periods
from fhir_server.sweden.contact_reading import care_giver, hsa_id
from fhir_server.sweden.elements import Json, child, concept_codes, items, text
from fhir_server.sweden.references import Held, Read, alone, follow, organization_chain

CUSTODIAN = "custodian"
AUTHOR = "author"
_NEVER = datetime.min.replace(tzinfo=UTC)
_AGENT = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"


def recorded(provenance: Json) -> datetime:
    """Give when it was documented; before all time, where nothing says."""
    found = periods.bounds(provenance.get("recorded"))
    return found[0] if found else _NEVER


def agents(provenance: Json, type_: str) -> list[Json]:
    """Give who took part in one way, as References."""
    return [
        child(agent, "who")
        for _, agent in items(provenance, "agent")
        if type_ in concept_codes(agent, "type", _AGENT)
    ]


def accountable(provenance: Json) -> list[Json]:
    """Give the vårdgivare and the vårdenhet that a Provenance names."""
    return [*agents(provenance, CUSTODIAN), *agents(provenance, AUTHOR)]


def chains(care_team: Json, read: Read) -> list[list[Json]]:
    """Give the organizations from a unit upwards: the unit of the assignment; the contact's own."""
    return [list(organization_chain(start, read)) for start in _units(care_team, read)]


def missing(care_team: Json, provenance: Json | None, read: Read) -> Issue | None:
    """Say what an assignment lacks to be shown in a shared record; None for nothing (R112)."""
    chain = next(iter(chains(care_team, read)), [])
    given = provenance or {}
    units = [reference for _, reference in items(care_team, "managingOrganization")]
    lacks = []
    if not (_named(agents(given, CUSTODIAN), read) or _id(care_giver(chain))):
        lacks.append("the vårdgivare")
    if not (_named([*agents(given, AUTHOR), *units], read) or _id(chain[0] if chain else None)):
        lacks.append("the vårdenhet")
    if not lacks:
        return None
    reference = f"{care_team.get('resourceType')}/{care_team.get('id')}"
    return Issue(
        "warning",
        "incomplete",
        f"{reference} does not tell the HSA-id of {' and '.join(lacks)} that answers for it: it is "
        "not to be shown in a shared record. Give managingOrganization a unit with an HSA-id below "
        "a vårdgivare with one, or store a Provenance with custodian and author.",
        "CareTeam.managingOrganization",
    )


def _units(care_team: Json, read: Read) -> Iterator[Held]:
    held = alone(care_team)
    for _, reference in items(care_team, "managingOrganization"):
        if found := follow(held, reference, read):
            yield found
    for _, participant in items(care_team, "participant"):
        role = follow(held, child(participant, "member"), read)
        if role and (own := follow(role, child(role.resource, "organization"), read)):
            yield own


def _named(references: list[Json], read: Read) -> bool:
    """Tell whether a reference tells an HSA-id, by itself or by what it leads to."""
    for reference in references:
        identifier = child(reference, "identifier")
        if identifier.get("system") in codes.HSA_ID_SYSTEMS and text(identifier, "value"):
            return True
        if _id(read(text(reference, "reference"))):
            return True
    return False


def _id(organization: Json | None) -> str:
    return hsa_id(organization) if organization is not None else ""
