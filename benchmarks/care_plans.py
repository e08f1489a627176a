"""Reads and searches of made-up CarePlans, for the comparisons of settings of our own server."""

from __future__ import annotations

import json
import random
from typing import Any

from benchmarks import data
from benchmarks.clients import HttpClient, Work
from benchmarks.servers import Running

# So many resources go into one transaction.
_PORTION = 500


def fill(server: Running, plans: int) -> list[str]:
    """Store patients and plans through the server, and give the ids of the plans."""
    client = HttpClient(server.port)
    role = {"resourceType": "PractitionerRole", "id": "bench-role", "active": True}
    _put_all(client, [role, *(data.patient(n) for n in range(data.PATIENTS))])
    ids = [f"bench-{n}" for n in range(plans)]
    _put_all(client, [{**data.care_plan(n), "id": id_} for n, id_ in enumerate(ids)])
    return ids


def read(port: int, ids: list[str]) -> Work:
    """GET CarePlan/[id]."""
    client = HttpClient(port)

    def work(n: int) -> None:
        answer = client.ask("GET", f"/fhir/CarePlan/{ids[n % len(ids)]}")
        assert answer.startswith(b'{"resourceType":"CarePlan"')

    return work


def search(port: int) -> Work:
    """GET CarePlan?patient&status, a page of 20 at most."""
    client = HttpClient(port)
    pick = random.Random(1)

    def work(_: int) -> None:
        patient = pick.randrange(data.PATIENTS)
        answer = client.ask("GET", f"/fhir/CarePlan?patient=bench-{patient}&status=active")
        assert b'"searchset"' in answer

    return work


def _put_all(client: HttpClient, resources: list[dict[str, Any]]) -> None:
    for first in range(0, len(resources), _PORTION):
        entries = [
            {"resource": r, "request": {"method": "PUT", "url": f"{r['resourceType']}/{r['id']}"}}
            for r in resources[first : first + _PORTION]
        ]
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
        client.ask("POST", "/fhir", json.dumps(bundle).encode())
