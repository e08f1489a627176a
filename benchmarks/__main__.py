"""`make bench`: rates of this server beside the bare limits, start-up time and memory."""

from __future__ import annotations

import json
import multiprocessing
import platform
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from benchmarks import data, workloads
from benchmarks.clients import HttpClient, MakeWork, Rate, run
from benchmarks.servers import Running, bare_server, fhir_server
from fhir_server.storage import embedded

ENTRIES = 100
DATABASE = "fhir"
WORKERS = 2


@click.command()
@click.option("--seconds", default=5.0, show_default=True, help="Length of each measurement.")
@click.option("--clients", default=8, show_default=True, help="Client processes side by side.")
@click.option("--plans", default=5000, show_default=True, help="CarePlans stored beforehand.")
def main(seconds: float, clients: int, plans: int) -> None:
    """Measure on this machine; absolute figures do not carry over to another, ratios do."""
    console = Console(width=110)
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="fhir-bench-") as folder, _mongod(folder) as uri:
        start = _start_up(Path(folder))
        with fhir_server(Path(folder), uri, FHIR_SERVER_LOG_LEVEL="warning") as server:
            ids = _fill(server, plans)
            with bare_server(uri, DATABASE, WORKERS) as bare:
                for name, make_work, limit in _measurements(server, bare, uri, ids):
                    rate = run(make_work, clients, seconds)
                    results[name] = {"rate": rate, "limit": limit}
                    console.print(f"  {name}: {rate.per_second:.0f}/s")
            memory = server.worker_memory()
    console.print(_table(results))
    console.print(
        f"Start-up to the first answer of /metadata: {start[0]:.2f} s with an empty data folder, "
        f"{start[1]:.2f} s with one in use. Memory per worker after the run: "
        f"{', '.join(f'{m:.0f}' for m in memory)} MB."
    )
    _write(results, start, memory)


@contextmanager
def _mongod(folder: str) -> Iterator[str]:
    mongod = embedded.start(Path(folder) / "mongo", cache_gb=1.0)
    yield mongod.uri
    mongod.stop()


def _start_up(folder: Path) -> tuple[float, float]:
    seconds = []
    for _ in range(2):
        with fhir_server(folder / "start") as server:
            seconds.append(server.seconds)
    return seconds[0], seconds[1]


def _fill(server: Running, plans: int) -> list[str]:
    """Store patients and plans through the server, and give the ids of the plans."""
    client = HttpClient(server.port)
    for first in range(0, data.PATIENTS, 500):
        _put_all(client, [data.patient(n) for n in range(first, first + 500)])
    _put_all(client, [{"resourceType": "PractitionerRole", "id": "bench-role", "active": True}])
    ids = [f"bench-{n}" for n in range(plans)]
    for first in range(0, plans, 500):
        _put_all(
            client,
            [{**data.care_plan(n), "id": ids[n]} for n in range(first, min(first + 500, plans))],
        )
    return ids


def _put_all(client: HttpClient, resources: list[dict[str, Any]]) -> None:
    entries = [
        {"resource": r, "request": {"method": "PUT", "url": f"{r['resourceType']}/{r['id']}"}}
        for r in resources
    ]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    client.ask("POST", "/fhir", json.dumps(bundle).encode())


def _measurements(
    server: Running, bare: Running, uri: str, ids: list[str]
) -> list[tuple[str, MakeWork, str | None]]:
    ours, limits = server.port, bare.port
    return [
        ("bare: empty Flask route", partial(workloads.bare_nothing, limits, ids), None),
        ("bare: Flask route, one find", partial(workloads.bare_read, limits, ids), None),
        ("read", partial(workloads.read, ours, ids), "bare: Flask route, one find"),
        ("bare: pymongo find page", partial(workloads.raw_search, uri, DATABASE), None),
        ("search, two tokens", partial(workloads.search, ours), "bare: pymongo find page"),
        ("bare: pymongo durable insert", partial(workloads.raw_insert, uri, DATABASE), None),
        ("create, 3 kB CarePlan", partial(workloads.create, ours), "bare: pymongo durable insert"),
        ("update", partial(workloads.update, ours, ids), "bare: pymongo durable insert"),
        (
            f"bare: pymongo transaction of {ENTRIES}",
            partial(workloads.raw_transaction, uri, DATABASE, ENTRIES),
            None,
        ),
        (
            f"transaction bundle of {ENTRIES}",
            partial(workloads.transaction, ours, ENTRIES),
            f"bare: pymongo transaction of {ENTRIES}",
        ),
    ]


def _table(results: dict[str, Any]) -> Table:
    table = Table(title="Requests a second, on this machine, in one run")
    for column in (
        "what",
        "per second",
        "resources/s",
        "p50 ms",
        "p95 ms",
        "wrong",
        "of the limit",
    ):
        table.add_column(column, justify="left" if column == "what" else "right")
    for name, result in results.items():
        rate: Rate = result["rate"]
        times = ENTRIES if "transaction" in name else 1
        table.add_row(
            name,
            f"{rate.per_second:,.0f}",
            f"{rate.per_second * times:,.0f}",
            f"{rate.p50 * 1000:.2f}",
            f"{rate.p95 * 1000:.2f}",
            str(rate.errors),
            f"{_ratio(results, result):.2f}" if result["limit"] else "",
        )
    return table


def _ratio(results: dict[str, Any], result: dict[str, Any]) -> float:
    limit: Rate = results[result["limit"]]["rate"]
    rate: Rate = result["rate"]
    return rate.per_second / limit.per_second


def _write(results: dict[str, Any], start: tuple[float, float], memory: list[float]) -> None:
    folder = Path("benchmarks/results")
    folder.mkdir(exist_ok=True)
    document = {
        "machine": {"system": platform.platform(), "cpus": multiprocessing.cpu_count()},
        "rates": {
            name: {
                "per_second": result["rate"].per_second,
                "p50_ms": result["rate"].p50 * 1000,
                "p95_ms": result["rate"].p95 * 1000,
                "errors": result["rate"].errors,
                "ratio": _ratio(results, result) if result["limit"] else None,
            }
            for name, result in results.items()
        },
        "start_up_seconds": {"empty": start[0], "in_use": start[1]},
        "worker_memory_mb": memory,
    }
    path = folder / f"{time.strftime('%Y-%m-%dT%H%M%S')}.json"
    path.write_text(json.dumps(document, indent=2))
    print(f"Written to {path}.")


if __name__ == "__main__":
    main()
