"""People and units for tests about named contacts, made over HTTP."""

from __future__ import annotations

from typing import Any

import httpx


def stored(client: httpx.Client, resource: dict[str, Any]) -> None:
    """Store a resource under its id; it must be accepted."""
    answer = client.put(f"/{resource['resourceType']}/{resource['id']}", json=resource)
    assert answer.status_code in (200, 201), answer.text


def a_patient(client: httpx.Client, id_: str) -> None:
    """Store a patient."""
    stored(client, {"resourceType": "Patient", "id": id_, "name": [{"family": "Test"}]})


def a_role(client: httpx.Client, id_: str) -> None:
    """Store a named nurse in a position at a unit, reachable by phone."""
    stored(
        client,
        {
            "resourceType": "Practitioner",
            "id": id_,
            "name": [{"family": "Test", "given": ["Eva"]}],
        },
    )
    stored(client, {"resourceType": "Organization", "id": f"{id_}-unit", "name": "Hälsocentralen"})
    stored(
        client,
        {
            "resourceType": "PractitionerRole",
            "id": id_,
            "active": True,
            "practitioner": {"reference": f"Practitioner/{id_}"},
            "organization": {"reference": f"Organization/{id_}-unit"},
            "telecom": [{"system": "phone", "value": "063-000 00 01"}],
        },
    )


def assignment(role: str, kind: str) -> dict[str, Any]:
    """Give the parameters of an assignment."""
    return {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "practitionerRole", "valueReference": {"reference": role}},
            {"name": "type", "valueCode": kind},
        ],
    }
