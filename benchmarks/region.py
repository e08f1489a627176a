"""`python -m benchmarks.region`: a synthetic region loaded, and what is asked about it, by ratios.

It loads a region into a MongoDB of its own, serves it, and sets in relation, within one run:
`$named-contacts` and the plain read of the patient; `$caseload` of a unit and the same read; each
Measure for the whole region. Operations that the server does not have are left out, and said.
"""

from __future__ import annotations

import datetime as dt
import json
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from benchmarks.clients import HttpClient, Rate, Work, run
from benchmarks.servers import Running, fhir_server
from fhir_server.commands.region import Plan, load_region
from fhir_server.fhir.locations import definition_directories
from fhir_server.settings import Settings
from fhir_server.storage import embedded

# Of the asked, in turn; more than any cache of the benchmark's own could hide.
PATIENTS = 2_000
TIMES = 5


@click.command()
@click.option("--size", default=2_000, show_default=True, help="Patients of the region.")
@click.option("--seed", default=1, show_default=True, help="What the region follows from.")
@click.option("--seconds", default=5.0, show_default=True, help="Length of each measurement.")
@click.option("--clients", default=4, show_default=True, help="Client processes side by side.")
@click.option("--cache-gb", default=1.0, show_default=True, help="Cache of the MongoDB.")
def main(size: int, seed: int, seconds: float, clients: int, cache_gb: float) -> None:
    """Measure on this machine; absolute figures do not carry over to another, ratios do."""
    console = Console(width=110)
    with tempfile.TemporaryDirectory(prefix="fhir-region-") as folder:
        mongod = embedded.start(Path(folder) / "mongo", cache_gb=cache_gb)
        try:
            plan = Plan(size, seed, dt.date.today())
            tally = load_region(Settings(mongodb_uri=mongod.uri), plan, quiet=False)
            assert not tally.failed
            with fhir_server(Path(folder), mongod.uri, FHIR_SERVER_LOG_LEVEL="warning") as server:
                console.print(_reads(server, size, seconds, clients))
                console.print(_whole(server))
        finally:
            mongod.stop()


def read(port: int, size: int) -> Work:
    """GET Patient/[id]."""
    return _asking(port, size, "")


def named_contacts(port: int, size: int) -> Work:
    """GET Patient/[id]/$named-contacts."""
    return _asking(port, size, "/$named-contacts")


def _asking(port: int, size: int, operation: str) -> Work:
    client = HttpClient(port)
    step = max(1, size // PATIENTS)

    def work(n: int) -> None:
        client.ask("GET", f"/fhir/Patient/demo-{n * step % size:06}{operation}")

    return work


def _reads(server: Running, size: int, seconds: float, clients: int) -> Table:
    table = _table("One patient", "per second", "p50 ms", "p95 ms", "times a read")
    first: Rate | None = None
    for name, make in (("Patient/[id]", read), ("Patient/[id]/$named-contacts", named_contacts)):
        rate = run(partial(make, server.port, size), clients, seconds)
        first = first or rate
        table.add_row(
            escape(name),
            f"{rate.per_second:,.0f}",
            f"{rate.p50 * 1000:.2f}",
            f"{rate.p95 * 1000:.2f}",
            f"{rate.p50 / first.p50:.1f}",
        )
    return table


def _whole(server: Running) -> Table:
    """Ask about units and the region, one after the other on an idle server."""
    client = HttpClient(server.port)
    base = _seconds(client, ["/fhir/Patient/demo-000000"])
    table = _table("Units and the region", "ms", "times a read")
    for name, paths in _questions(client):
        if not paths:
            table.add_row(f"{escape(name)}: this server does not have it", "", "")
            continue
        took = _seconds(client, paths)
        table.add_row(escape(name), f"{took * 1000:,.1f}", f"{took / base:,.0f}")
    return table


def _questions(client: HttpClient) -> Iterator[tuple[str, list[str]]]:
    offered = _operations(client)
    units = [f"/fhir/Organization/demo-hc-{code}-1" for code in ("2380", "2309", "2321")]
    asked = [f"{unit}/$caseload" for unit in units] if "caseload" in offered else []
    yield "Organization/[id]/$caseload", asked
    year = f"periodStart={dt.date.today() - dt.timedelta(days=365)}&periodEnd={dt.date.today()}"
    measures = sorted(each.stem.partition("-")[2] for each in _measures())
    if "evaluate-measure" not in offered or not measures:
        yield "Measure/[id]/$evaluate-measure", []
        return
    for measure in measures:
        path = f"/fhir/Measure/{measure}/$evaluate-measure?{year}"
        yield f"Measure/{measure}/$evaluate-measure, the whole region", [path]


def _measures() -> list[Path]:
    return list(definition_directories()[1].glob("Measure-*.json"))


def _operations(client: HttpClient) -> set[str]:
    rest = json.loads(client.ask("GET", "/fhir/metadata"))["rest"][0]
    holders = [rest, *rest["resource"]]
    return {each["name"] for holder in holders for each in holder.get("operation", [])}


def _seconds(client: HttpClient, paths: Sequence[str]) -> float:
    """Give the median time of an answer, each asked several times."""
    took = []
    for _ in range(TIMES):
        for path in paths:
            begin = time.perf_counter()
            client.ask("GET", path)
            took.append(time.perf_counter() - begin)
    return statistics.median(took)


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title)
    for column in ("what", *columns):
        table.add_column(column, justify="left" if column == "what" else "right")
    return table


if __name__ == "__main__":
    main()
