"""Measure what the capacity model needs: `python -m benchmarks.capacity_figures`."""

from __future__ import annotations

import platform
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import psutil
from pymongo import MongoClient
from pymongo.database import Database

from benchmarks import data
from benchmarks.capacity import FIGURES, Figures, RequestCost
from benchmarks.sharding_requests import Client, recorded_application
from fhir_server.settings import Settings
from fhir_server.storage import embedded

ENTRIES = 500
WARM = 50
PATIENCE_SECONDS = 30
# By benchmarks/sharding_requests.py: a search asks every shard, the others those of their keys.
SCATTERED = {"read": 0.0, "search": 1.0, "create": 0.0, "update": 0.0}


def measure(uri: str, pid: int, plans: int, times: int, settings: Settings) -> Figures:
    """Fill an empty database, and measure sizes and the CPU of requests, audited.

    Args:
        uri: of the database.
        pid: of its process.
        plans: how many CarePlans of 3 kB are stored.
        times: how often each request is sent.
        settings: of the server; its audit trail is on, as in production.
    """
    with recorded_application(uri, settings) as (client, _):
        _fill(client, plans)
        requests: dict[str, Callable[[int], Any]] = {
            "read": lambda n: client.get(f"CarePlan/bench-{n % plans}"),
            "search": lambda n: client.get(f"CarePlan?patient=bench-{n % 1000}&status=active"),
            "create": lambda n: client.send("POST", "CarePlan", data.care_plan(1_000_000 + n)),
            "update": lambda n: client.send(
                "PUT", f"CarePlan/bench-{n % plans}", _changed(n, plans)
            ),
        }
        costs = {
            kind: RequestCost(*_cpu(send, times, pid), SCATTERED[kind])
            for kind, send in requests.items()
        }
        # WiredTiger allocates in blocks as it goes; only a checkpoint shows the size.
        with MongoClient[dict[str, Any]](uri) as direct:
            direct.admin.command("fsync")
            database = direct[settings.mongodb_database]
            current = database.command("collStats", "resources")
            older = database.command("collStats", "history")
            record = _record_bytes(database)
    return Figures(
        resource_disk=current["storageSize"] / current["count"],
        resource_memory=current["size"] / current["count"],
        resource_index=current["totalIndexSize"] / current["count"],
        version_disk=(older["storageSize"] + older["totalIndexSize"]) / max(1, older["count"]),
        record_disk=record,
        worker_mb=psutil.Process().memory_info().rss / 1e6,
        requests=costs,
    )


def _record_bytes(database: Database[dict[str, Any]]) -> float:
    """Give the bytes of an audit record; its writer may be some seconds behind."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while database["audit"].count_documents({}) == 0 and time.monotonic() < deadline:
        time.sleep(0.1)
    database.client.admin.command("fsync")
    records = database.command("collStats", "audit")
    total = float(records["storageSize"] + records["totalIndexSize"])
    return total / float(max(1, records["count"]))


def _cpu(send: Callable[[int], Any], times: int, pid: int) -> tuple[float, float]:
    for n in range(WARM):
        send(n)
    database = psutil.Process(pid)
    before, server = sum(database.cpu_times()[:2]), time.process_time()
    for n in range(WARM, WARM + times):
        send(n)
    after = sum(database.cpu_times()[:2])
    return (time.process_time() - server) / times * 1e6, (after - before) / times * 1e6


def _fill(client: Client, plans: int) -> None:
    resources = [{"resourceType": "PractitionerRole", "id": "bench-role", "active": True}]
    resources += [data.patient(n) for n in range(data.PATIENTS)]
    resources += [{**data.care_plan(n), "id": f"bench-{n}"} for n in range(plans)]
    for first in range(0, len(resources), ENTRIES):
        entries = [
            {"resource": r, "request": {"method": "PUT", "url": f"{r['resourceType']}/{r['id']}"}}
            for r in resources[first : first + ENTRIES]
        ]
        client.send("POST", "", {"resourceType": "Bundle", "type": "transaction", "entry": entries})


def _changed(n: int, plans: int) -> dict[str, Any]:
    plan = {**data.care_plan(n % plans), "id": f"bench-{n % plans}"}
    return {**plan, "note": [{"text": f"Ändrad {n}"}]}


@click.command()
@click.option("--plans", default=5000, show_default=True)
@click.option("--times", default=500, show_default=True)
def main(plans: int, times: int) -> None:
    """Measure, and keep the figures in benchmarks/capacity.json."""
    with tempfile.TemporaryDirectory(prefix="fhir-capacity-") as folder:
        mongod = embedded.start(Path(folder), cache_gb=1.0)
        try:
            settings = Settings(
                log_level="error", data_dir=Path(folder), audit="always", rate_limit="off"
            )
            figures = measure(mongod.uri, mongod.pid, plans, times, settings)
        finally:
            mongod.stop()
    about = f"{time.strftime('%Y-%m-%d')}, {platform.platform()}, {plans} CarePlans of 3 kB"
    figures.write(FIGURES, about)
    print(FIGURES.read_text())


if __name__ == "__main__":
    main()
