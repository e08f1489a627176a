"""Many clients at one resource and at one patient, over real HTTP against two worker processes."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from tests import http
from tests.conftest import ServerProcess
from tests.named_contacts import a_patient, a_role, assignment, stored

FHIR_JSON = {"Content-Type": "application/fhir+json"}


def test_of_100_updates_for_one_version_exactly_one_wins(live_server: ServerProcess) -> None:
    with http.Client(base_url=live_server.base, headers=FHIR_JSON, timeout=60) as client:
        stored(client, {"resourceType": "Basic", "id": "raced", "code": {"text": "0"}})
        for round_ in range(1, 4):
            with ThreadPoolExecutor(25) as pool:
                answers = list(
                    pool.map(
                        lambda n, version=round_: (
                            client.put(
                                "/Basic/raced",
                                json={
                                    "resourceType": "Basic",
                                    "id": "raced",
                                    "code": {"text": f"{version}.{n}"},
                                },
                                headers={"If-Match": f'W/"{version}"'},
                            ).status_code
                        ),
                        range(100),
                    )
                )
            assert Counter(answers) == {200: 1, 412: 99}
        history = client.get("/Basic/raced/_history?_count=100").json()
    versions = [entry["resource"]["meta"]["versionId"] for entry in history["entry"]]
    assert versions == ["4", "3", "2", "1"]
    assert history["total"] == 4


def test_100_updates_in_a_chain_leave_a_history_without_a_gap(live_server: ServerProcess) -> None:
    """Each writer reads, writes with If-Match, and tries again when another was first."""
    with http.Client(base_url=live_server.base, headers=FHIR_JSON, timeout=60) as client:
        stored(client, {"resourceType": "Basic", "id": "chain", "code": {"text": "start"}})

        def write(n: int) -> str:
            while True:
                current = client.get("/Basic/chain")
                answer = client.put(
                    "/Basic/chain",
                    json={"resourceType": "Basic", "id": "chain", "code": {"text": str(n)}},
                    headers={"If-Match": current.headers["ETag"]},
                )
                assert answer.status_code in (200, 412), answer.text
                if answer.status_code == 200:
                    return str(answer.headers["ETag"])

        with ThreadPoolExecutor(10) as pool:
            etags = list(pool.map(write, range(100)))
        history = client.get("/Basic/chain/_history?_count=1000").json()
    assert sorted(etags) == sorted(f'W/"{n}"' for n in range(2, 102))
    found = [int(entry["resource"]["meta"]["versionId"]) for entry in history["entry"]]
    assert found == list(range(101, 0, -1))
    texts = [entry["resource"]["code"]["text"] for entry in history["entry"][:-1]]
    assert sorted(texts, key=int) == [str(n) for n in range(100)]


def test_updates_without_if_match_are_all_kept_in_the_history(live_server: ServerProcess) -> None:
    with http.Client(base_url=live_server.base, headers=FHIR_JSON, timeout=60) as client:

        def write(n: int) -> int:
            body = {"resourceType": "Basic", "id": "lww", "code": {"text": str(n)}}
            return client.put("/Basic/lww", json=body).status_code

        with ThreadPoolExecutor(8) as pool:
            answers = Counter(pool.map(write, range(40)))
        history = client.get("/Basic/lww/_history?_count=100").json()
    assert set(answers) <= {200, 201, 409}
    assert len(history["entry"]) == answers[200] + answers[201]


def test_of_20_overall_coordinators_at_one_moment_one_is_assigned(
    live_server: ServerProcess,
) -> None:
    """R32: one may hold overall coordination."""
    with http.Client(base_url=live_server.base, headers=FHIR_JSON, timeout=60) as client:
        a_patient(client, "raced-patient")
        for n in range(20):
            a_role(client, f"raced-role-{n}")

        def assign(n: int) -> httpx.Response:
            return client.post(
                "/Patient/raced-patient/$assign-fast-vardkontakt",
                json=assignment(f"PractitionerRole/raced-role-{n}", "4"),
            )

        with ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(assign, range(20)))
        statuses = Counter(answer.status_code for answer in answers)
        assert statuses == {201: 1, 422: 19}, [a.text for a in answers if a.status_code != 422]
        refused = next(answer for answer in answers if answer.status_code == 422)
        assert refused.json()["issue"][0]["details"]["coding"][0]["code"] == "PL-6-2"
        contacts = client.get("/CareTeam?patient=raced-patient&status=active").json()
        assert contacts["total"] == 1


def test_two_identical_calls_at_one_moment_leave_one_assignment(
    live_server: ServerProcess,
) -> None:
    with http.Client(base_url=live_server.base, headers=FHIR_JSON, timeout=60) as client:
        a_patient(client, "twice-patient")
        a_role(client, "twice-role")
        body = assignment("PractitionerRole/twice-role", "1")

        def assign(_: int) -> int:
            url = "/Patient/twice-patient/$assign-fast-vardkontakt"
            return client.post(url, json=body).status_code

        with ThreadPoolExecutor(2) as pool:
            assert sorted(pool.map(assign, range(2))) == [201, 422]


def test_of_20_conditional_creates_at_one_moment_one_creates(live_server: ServerProcess) -> None:
    body: dict[str, Any] = {
        "resourceType": "Basic",
        "code": {"text": "x"},
        "identifier": [{"system": "urn:race", "value": "1"}],
    }
    with http.Client(base_url=live_server.base, headers=FHIR_JSON, timeout=60) as client:

        def create(_: int) -> tuple[int, str]:
            headers = {"If-None-Exist": "identifier=urn:race|1"}
            answer = client.post("/Basic", json=body, headers=headers)
            return answer.status_code, answer.json()["id"]

        with ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(create, range(20)))
    assert Counter(status for status, _ in answers) == {201: 1, 200: 19}
    assert len({id_ for _, id_ in answers}) == 1
