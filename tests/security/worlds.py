"""A small world for the tests of access: two vårdgivare, three units, some people.

Region (Organization/region)            Kommun (Organization/kommun)
  Hälsocentral (Organization/hc)          Hemsjukvård (Organization/hemsjukvard)
    Laboratorium (Organization/hc-lab)
  Psykiatri (Organization/psyk)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Flask

from fhir_server.app import Parts
from fhir_server.interactions.context import Context
from fhir_server.security.principal import LOCAL, Principal
from fhir_server.security.trace import Trace

HSA = "urn:oid:1.2.752.29.4.19"
LEGAL = "urn:oid:2.5.4.97"
ORGANIZATIONS = {
    "region": ("SE2321000131-E000000000001", ""),
    "hc": ("SE2321000131-E000000000010", "region"),
    "hc-lab": ("SE2321000131-E000000000011", "hc"),
    "psyk": ("SE2321000131-E000000000020", "region"),
    "kommun": ("SE2120000001-E000000000001", ""),
    "hemsjukvard": ("SE2120000001-E000000000010", "kommun"),
}


def hsa(unit: str) -> str:
    """Give a unit's HSA-id."""
    return ORGANIZATIONS[unit][0]


def organization(unit: str) -> dict[str, Any]:
    """Give a unit."""
    number, parent = ORGANIZATIONS[unit]
    found: dict[str, Any] = {
        "resourceType": "Organization",
        "id": unit,
        "name": unit,
        "identifier": [{"system": HSA, "value": number}],
    }
    if parent:
        found["partOf"] = {"reference": f"Organization/{parent}"}
    return found


def encounter(id_: str, unit: str, patient: str = "p1", **more: Any) -> dict[str, Any]:
    """Give an encounter that a unit answers for."""
    return {
        "resourceType": "Encounter",
        "id": id_,
        "status": "in-progress",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
        "subject": {"reference": f"Patient/{patient}"},
        "serviceProvider": {"reference": f"Organization/{unit}"},
        **more,
    }


def staff(unit: str, role: str = "coordinator", **more: Any) -> Principal:
    """Give a member of staff of a unit, with the purpose of care."""
    return Principal(
        f"{unit}-{role}",
        role=role,
        unit=hsa(unit),
        provider="",
        purpose="TREAT",
        person=f"SE0000000000-{unit}{role}",
        **more,
    )


class World:
    """The server's parts, and who asks them."""

    def __init__(self, app: Flask, base: str = "http://localhost/fhir") -> None:
        self.parts: Parts = app.extensions["fhir"]
        self.base = base

    def context(self, principal: Principal = LOCAL) -> Context:
        """Give a request of a principal."""
        store = self.parts.gate.open(principal, Trace())
        return Context(self.parts.server, store, self.base)

    def put(self, *resources: Mapping[str, Any]) -> None:
        """Store resources under their ids, as an operator would load them."""
        from fhir_server.interactions.update import update

        for each in resources:
            update(self.context(), each["resourceType"], each["id"], dict(each))
