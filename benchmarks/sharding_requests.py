"""The requests whose commands are put to shards, sent to the application in this process."""

from __future__ import annotations

import itertools
import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from flask.testing import FlaskClient
from pymongo import monitoring

from benchmarks import data
from benchmarks.sharding import Recorded, Recorder, table
from fhir_server.app import create_app
from fhir_server.settings import Settings
from fhir_server.storage import embedded

DEMO = Path(__file__).parent.parent / "demo"
PERSONNUMMER = "http://electronichealth.se/identifier/personnummer|189002029800"
TIMES = 20
PATIENTS = 200
OK = (200, 201)
Send = Callable[[int], Any]
_times = itertools.count()


@dataclass(frozen=True, slots=True)
class Client:
    """Speaks FHIR JSON to the application, and takes no other answer than success."""

    flask: FlaskClient

    def get(self, path: str) -> Any:
        """Read or search."""
        return self._checked(self.flask.get(f"/fhir/{path}"))

    def send(self, method: str, path: str, body: Any, **headers: str) -> Any:
        """Send a resource."""
        answer = self.flask.open(
            f"/fhir/{path}",
            method=method,
            data=json.dumps(body),
            headers={"Content-Type": "application/fhir+json", **headers},
        )
        return self._checked(answer)

    def delete(self, path: str) -> None:
        """Delete a resource."""
        answer = self.flask.delete(f"/fhir/{path}")
        assert answer.status_code in (200, 204), answer.text

    @staticmethod
    def _checked(answer: Any) -> Any:
        assert answer.status_code in OK, answer.text[:1000]
        return answer.get_json(force=True)


@contextmanager
def recorded_application(uri: str, settings: Settings) -> Iterator[tuple[Client, Recorder]]:
    """Give the application on a database, with what records its commands."""
    recorder = Recorder()
    monitoring.register(recorder)
    try:
        app = create_app(settings, uri)
    finally:
        # The driver gives listeners to clients that are made later; only this one is to have it.
        monitoring._LISTENERS.command_listeners.remove(recorder)
    try:
        app.extensions["fhir"].store.prepare()
        yield Client(app.test_client()), recorder
    finally:
        app.extensions["fhir"].store.close()


def record(client: Client, recorder: Recorder, times: int = TIMES) -> list[Recorded]:
    """Fill the database, send each kind of request some times, and give what they asked.

    Args:
        client: of an application on an empty database.
        recorder: of its commands.
        times: how often each kind is sent.
    """
    _fill(client)
    found = []
    for name, send in _requests(client):
        send(0)  # what the application reads once is not counted
        with recorder.recording() as commands:
            for n in range(1, times + 1):
                send(n)
        found.append(Recorded(name, times, commands))
    return found


def _fill(client: Client) -> None:
    for file in sorted(DEMO.glob("*.json")):
        client.send("POST", "", json.loads(file.read_text()))
    roles = [{"resourceType": "PractitionerRole", "id": "bench-role", "active": True}]
    patients = [data.patient(n) for n in range(PATIENTS)]
    plans = [{**_plan(n), "id": f"bench-{n}"} for n in range(PATIENTS)]
    second = [_changed(n) for n in range(PATIENTS)]  # so each plan has a version before
    for resources in (roles, patients, plans, second):
        client.send("POST", "", _transaction(resources))


def _plan(n: int) -> dict[str, Any]:
    return {**data.care_plan(n), "subject": {"reference": f"Patient/bench-{n % PATIENTS}"}}


def _transaction(resources: list[dict[str, Any]]) -> dict[str, Any]:
    entries = [
        {"resource": r, "request": {"method": "PUT", "url": f"{r['resourceType']}/{r['id']}"}}
        for r in resources
    ]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def _requests(client: Client) -> Iterator[tuple[str, Send]]:
    get, send = client.get, client.send
    yield "read", lambda n: get(f"CarePlan/bench-{n}")
    yield "vread of an older version", lambda n: get(f"CarePlan/bench-{n}/_history/1")
    yield "history of a resource", lambda n: get(f"CarePlan/bench-{n}/_history")
    yield "history of a type", lambda _: get("CarePlan/_history?_count=20")
    yield "create", lambda n: send("POST", "CarePlan", _plan(1000 + n))
    yield "update", lambda n: send("PUT", f"CarePlan/bench-{n}", _changed(n))
    yield (
        "conditional create",
        lambda n: send(
            "POST", "Patient", _person(n), **{"If-None-Exist": f"identifier=urn:once|{n}"}
        ),
    )
    yield "delete", lambda n: client.delete(f"CarePlan/bench-{PATIENTS - 1 - n}")
    yield (
        "transaction of 100",
        lambda n: send("POST", "", _bundle(n)),
    )
    yield "search by identifier", lambda n: get(f"Patient?identifier=urn:bench|p{n}")
    yield "search by name", lambda n: get(f"Patient?family=Testsson{n}")
    yield "search by patient and status", lambda n: get(f"CarePlan?patient=bench-{n}&status=active")
    yield (
        "the same, with _include",
        lambda n: get(f"CarePlan?patient=bench-{n}&_include=CarePlan:patient"),
    )
    yield "chain", lambda n: get(f"CarePlan?patient.family=Testsson{n}")
    yield "_has", lambda n: get(f"Patient?_has:CarePlan:patient:identifier=urn:bench|{n}")
    yield "sorted by date", lambda _: get("CarePlan?status=active&_sort=-date&_count=10")
    yield "count", lambda _: get("CarePlan?status=active&_summary=count")
    yield (
        "$named-contacts by personnummer",
        lambda _: send(
            "POST",
            "Patient/$named-contacts",
            {
                "resourceType": "Parameters",
                "parameter": [{"name": "identifier", "valueString": PERSONNUMMER}],
            },
        ),
    )


def _bundle(n: int) -> dict[str, Any]:
    """Give a transaction of a new patient and 99 plans that refer to it."""
    urn = f"urn:uuid:00000000-0000-4000-8000-{n:012d}"
    entries = [
        {
            "fullUrl": urn,
            "resource": _person(1000 + n),
            "request": {"method": "POST", "url": "Patient"},
        }
    ]
    for i in range(99):
        plan = {**_plan(i), "subject": {"reference": urn}}
        entries.append({"resource": plan, "request": {"method": "POST", "url": "CarePlan"}})
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def _changed(n: int) -> dict[str, Any]:
    return {**_plan(n), "id": f"bench-{n}", "note": [{"text": f"Ändrad {next(_times)}"}]}


def _person(n: int) -> dict[str, Any]:
    person = {k: v for k, v in data.patient(n).items() if k != "id"}
    return {**person, "identifier": [{"system": "urn:once", "value": str(n)}]}


@click.command()
@click.option("--shards", default=4, show_default=True, help="How many shards.")
def main(shards: int) -> None:
    """Tell how many shards each kind of request asks."""
    with tempfile.TemporaryDirectory(prefix="fhir-shards-") as folder:
        mongod = embedded.start(Path(folder), cache_gb=0.5)
        try:
            with recorded_application(mongod.uri, Settings(log_level="error")) as (
                client,
                recorder,
            ):
                print("\n".join(table(record(client, recorder), shards)))
        finally:
            mongod.stop()


if __name__ == "__main__":
    main()
