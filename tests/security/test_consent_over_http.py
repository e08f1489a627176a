"""Consent, spärr and emergency access over real HTTP, with tokens, on two worker processes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from fhir_server.security.authentication import local_tokens
from fhir_server.sweden import codes
from tests import http
from tests.conftest import ServerProcess
from tests.security.consents import block, observation, svod, withdrawn
from tests.security.worlds import ORGANIZATIONS, encounter, hsa, organization

# So many requests that both workers answer some.
TIMES = 6
PERSON = "SE2321000131-P000000000001"
DOCUMENTS = {"hc", "psyk", "hemsjukvard"}


class Caller:
    """Somebody with a token."""

    def __init__(self, server: ServerProcess, unit: str, role: str = "coordinator") -> None:
        scope = "system/*.cruds" if role == "system" else "user/*.cruds"
        claims = {"role": role, "unit": hsa(unit), "scope": scope}
        claims |= {"client_id": "local", "sub": "local" if role == "system" else PERSON}
        if role != "system":
            claims |= {"person": PERSON, "purpose": "TREAT"}
        token = local_tokens.issue(server.data_dir, claims, 30)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/fhir+json"}
        self.client = http.Client(base_url=server.base, headers=headers, timeout=60)

    def create(self, resource: dict[str, Any]) -> dict[str, Any]:
        without = {name: value for name, value in resource.items() if name != "id"}
        answer = self.client.post(f"/{resource['resourceType']}", json=without)
        assert answer.status_code == 201, answer.text
        stored: dict[str, Any] = answer.json()
        return stored

    def sees(self, patient: str, names: dict[str, str]) -> set[str]:
        """Give whose documents are found, and check that reads say the same."""
        answers = set()
        for _ in range(TIMES):
            # A connection of its own each time: any worker may take it.
            found = http.get(
                f"{self.client.base_url}DocumentReference?patient=Patient/{patient}",
                headers=self.client.headers,
                timeout=60,
            )
            ids = {each["resource"]["id"] for each in found.json().get("entry", ())}
            answers.add(frozenset(unit for unit, id_ in names.items() if id_ in ids))
        assert len(answers) == 1
        seen = set(answers.pop())
        for unit, id_ in names.items():
            status = self.client.get(f"/DocumentReference/{id_}").status_code
            assert status == (200 if unit in seen else 404)
        return seen


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("FHIR_SERVER_LOCAL_TOKENS", "true")
        server = ServerProcess.start(tmp_path_factory.mktemp("consent") / "data", "--workers", "2")
    yield server
    server.stop()


def test_from_consent_to_emergency_over_http(server: ServerProcess) -> None:
    """R110, R111: given, blocked, lifted, opened and withdrawn: each counts at the next request."""
    admin = Caller(server, "region", "administrator")
    for each in ORGANIZATIONS:
        answer = admin.client.put(f"/Organization/{each}", json=organization(each))
        assert answer.status_code in (200, 201), answer.text
    region, home = Caller(server, "region", "system"), Caller(server, "kommun", "system")
    patient = region.create({"resourceType": "Patient", "name": [{"family": "Ett"}]})["id"]
    names = {
        unit: caller.create(observation(unit, unit, patient))["id"]
        for unit, caller in (("hc", region), ("psyk", region), ("hemsjukvard", home))
    }
    nurse = Caller(server, "hc")
    assert nurse.sees(patient, names) == {"hc"}
    nurse.create(encounter("x", "hc", patient))
    assert nurse.sees(patient, names) == {"hc", "psyk"}

    consent = region.create(svod("x", "region", patient=patient))
    assert nurse.sees(patient, names) == DOCUMENTS
    inner = region.create(block("x", "psyk", patient=patient))
    assert nurse.sees(patient, names) == {"hc", "hemsjukvard"}
    for each in (consent, inner):
        answer = region.client.put(f"/Consent/{each['id']}", json=withdrawn(each))
        assert answer.status_code == 200, answer.text
    assert nurse.sees(patient, names) == {"hc", "psyk"}

    reader = Caller(server, "psyk", "reader")
    assert reader.sees(patient, names) == {"psyk"}
    coding = {"system": codes.EMERGENCY_REASON_SYSTEM, "code": "fara-for-liv"}
    reason = {"coding": [coding], "text": "Medvetslös"}
    opened = reader.client.post(
        f"/Patient/{patient}/$emergency-access",
        json={
            "resourceType": "Parameters",
            "parameter": [{"name": "reason", "valueCodeableConcept": reason}],
        },
    )
    assert opened.status_code == 201, opened.text
    flag = opened.json()["parameter"][0]["resource"]
    assert reader.sees(patient, names) == DOCUMENTS
    answer = reader.client.put(f"/Flag/{flag['id']}", json={**flag, "status": "inactive"})
    assert answer.status_code == 200, answer.text
    assert reader.sees(patient, names) == {"psyk"}
