"""Two servers keep a SIP together while one of them is killed: nothing lost, nothing twice."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from fhir_server.sweden import codes
from tests import http
from tests.conftest import ServerProcess
from tests.domain.exchange_partners import Partner, as_json, partner, said, says, stored_plan
from tests.reliability.test_crash import kill_all

pytestmark = [pytest.mark.reliability, pytest.mark.timeout(300)]

ROUNDS = 9


@dataclass
class Http:
    """A client that speaks FHIR JSON to a server process, and asks again when it is gone."""

    server: ServerProcess
    failures: int = 0

    def get(self, path: str) -> Any:
        return self._until_answered(lambda: http.get(self._url(path), timeout=30))

    def post(self, path: str, body: Any) -> Any:
        return self._until_answered(lambda: http.post(self._url(path), json=body, timeout=30))

    def put(self, path: str, body: Any) -> Any:
        return self._until_answered(lambda: http.put(self._url(path), json=body, timeout=30))

    def create(self, resource: dict[str, Any]) -> dict[str, Any]:
        answer = self.post(resource["resourceType"], resource)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def _url(self, path: str) -> str:
        return f"{self.server.base}/{path}"

    def _until_answered(self, send: Callable[[], httpx.Response]) -> httpx.Response:
        deadline = time.monotonic() + 150
        while True:
            try:
                answer = send()
                if answer.status_code not in (502, 503):
                    return answer
            except httpx.TransportError:
                self.failures += 1
            assert time.monotonic() < deadline, "the server did not come back"
            time.sleep(0.1)


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[tuple[ServerProcess, ServerProcess]]:
    region = ServerProcess.start(tmp_path / "region")
    try:
        kommun = ServerProcess.start(tmp_path / "kommun")
        try:
            yield region, kommun
        finally:
            kommun.stop()
    finally:
        region.stop()


def _exchange(region: Partner, kommun: Partner, plan: str, copy: str, number: int) -> None:
    """Let each change its own insats, and each have the other's change."""
    region.change(plan, says("vikt", f"Vikt {number}"))
    kommun.receive(region.export(plan, sender="region"), receiver="kommun")
    kommun.change(copy, says("hemtjanst", f"Hemtjänst {number}"))
    region.receive(kommun.export(copy, sender="kommun"), receiver="region")


def test_a_plan_on_two_servers_survives_that_one_is_killed(
    servers: tuple[ServerProcess, ServerProcess],
) -> None:
    """R76, R93, R112: after `kill -9` and a start both have all of both, once, and who wrote it."""
    region_server, kommun_server = servers
    clients = Http(region_server), Http(kommun_server)
    region, kommun = (partner(each, each.create) for each in clients)
    plan = stored_plan(region, clients[0].create, "196101182803")
    arrived = kommun.receive(region.export(plan, sender="region"), receiver="kommun")
    copy = f"CarePlan/{arrived['return'][0]['id']}"
    killed = threading.Thread(target=_kill_and_start, args=(kommun_server,))
    for number in range(1, ROUNDS + 1):
        _exchange(region, kommun, plan, copy, number)
        if number == ROUNDS // 3:
            killed.start()  # falls somewhere into the next rounds
    killed.join(120)
    assert clients[1].failures > 0, "the kill fell between two requests"
    # Whatever was on its way is sent once more.
    last = region.export(plan, sender="region")
    kommun.receive(last, receiver="kommun")
    region.receive(kommun.export(copy, sender="kommun"), receiver="region")
    expected = {"vikt": f"Vikt {ROUNDS}", "hemtjanst": f"Hemtjänst {ROUNDS}"}
    for side, reference in ((region, plan), (kommun, copy)):
        assert said(side.read(reference)) == expected
        for kind in ("CarePlan", "Goal", "Consent", "Patient"):
            assert side.count(kind) == 1, kind
        assert side.count("Organization") == 2
        assert not _conflicts(side, reference)
    _assert_each_change_is_in_the_history(region, plan)
    _assert_each_change_is_in_the_history(kommun, copy)
    assert _makers(kommun, copy) == {
        "activity:vikt": (region_server.base, kommun.organizations["region"]),
        "activity:hemtjanst": (kommun_server.base, kommun.organizations["kommun"]),
    }


def _kill_and_start(server: ServerProcess) -> None:
    kill_all(server)
    time.sleep(0.5)
    server.process = ServerProcess.start(server.data_dir, port=server.port).process


def _receipts(side: Partner, plan: str) -> list[dict[str, Any]]:
    found = as_json(side.fhir.get(f"Provenance?target={plan}&_sort=-_lastUpdated&_count=100"))
    return [entry["resource"] for entry in found["entry"]]


def _conflicts(side: Partner, plan: str) -> list[dict[str, Any]]:
    return [
        extension
        for receipt in _receipts(side, plan)
        for extension in receipt["extension"]
        if extension["url"] == codes.EXCHANGE_CONFLICT
    ]


def _makers(side: Partner, plan: str) -> dict[str, tuple[str, str]]:
    """Give which server and organization made what stands in each activity."""
    makers = {}
    exported = side.export(plan, sender="kommun")
    record = next(e["resource"] for e in exported["entry"] if "/Provenance/" in e["fullUrl"])
    for extension in record["extension"]:
        parts = {part["url"]: part for part in extension["extension"]}
        unit = parts["unit"]["valueString"]
        if unit.startswith("activity:"):
            by = parts["by"]["valueReference"]["reference"].removeprefix(side.fhir.server.base)
            makers[unit] = (parts["origin"]["valueUri"], by.lstrip("/"))
    return makers


def _assert_each_change_is_in_the_history(side: Partner, plan: str) -> None:
    found = as_json(side.fhir.get(f"{plan}/_history?_count=200"))
    versions = [said(entry["resource"]) for entry in found["entry"]]
    for id_, words in (("vikt", "Vikt"), ("hemtjanst", "Hemtjänst")):
        seen = [each[id_] for each in reversed(versions)]
        kept = list(dict.fromkeys(seen))
        assert kept[1:] == [f"{words} {number}" for number in range(1, ROUNDS + 1)]
