"""What the audit trail costs: the same reads and searches with and without it, side by side.

    python -m benchmarks.audit

Ratios within one run carry over to another machine, rates do not. Servers take turns, so that what
else the machine does meets all of them. The processor time of a request (workers and database,
shipping included) tells what a busy server can answer less; the time to the answer what one client
waits longer.
"""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import click
import psutil
from rich.console import Console
from rich.table import Table

from benchmarks import care_plans, ours
from benchmarks.clients import MakeWork, run
from benchmarks.servers import Running, fhir_server

WITHOUT = "without a trail"
SERVERS = {
    WITHOUT: {"FHIR_SERVER_AUDIT": "secured"},
    "with it": {"FHIR_SERVER_AUDIT": "always"},
    "reads wait for the disk": {"FHIR_SERVER_AUDIT": "always", "FHIR_SERVER_AUDIT_SYNC": "true"},
}


@dataclass
class Cost:
    """What came out of the rounds of one server at one workload."""

    per_second: list[float] = field(default_factory=list)
    waited: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)


@click.command()
@click.option("--seconds", default=4.0, show_default=True, help="Length of each turn.")
@click.option("--rounds", default=5, show_default=True, help="Turns of each server.")
@click.option("--clients", default=4, show_default=True, help="Client processes side by side.")
@click.option("--plans", default=2000, show_default=True, help="CarePlans stored beforehand.")
def main(seconds: float, rounds: int, clients: int, plans: int) -> None:
    """Measure on this machine."""
    console = Console(width=110)
    with tempfile.TemporaryDirectory(prefix="fhir-bench-") as name:
        folder = Path(name)
        with ours.database(folder) as mongod:
            costs = measure(folder, mongod.uri, seconds, rounds, clients, plans)
    for workload, by_server in costs.items():
        console.print(_table(workload, by_server))


def measure(
    folder: Path, uri: str, seconds: float, rounds: int, clients: int, plans: int
) -> dict[str, dict[str, Cost]]:
    """Give the costs by workload and server.

    Args:
        folder: for what the servers leave.
        uri: of the database that all of them use.
        seconds: the length of each turn.
        rounds: how many turns each has.
        clients: how many ask at once.
        plans: how many CarePlans there are.
    """
    found: dict[str, dict[str, Cost]] = {}
    with _servers(folder, uri) as servers:
        ids = care_plans.fill(servers[WITHOUT], plans)
        kinds: dict[str, Callable[[int], MakeWork]] = {
            "read": lambda port: partial(care_plans.read, port, ids),
            "search, two tokens": lambda port: partial(care_plans.search, port),
        }
        for name, make in kinds.items():
            found[name] = {each: Cost() for each in servers}
            for _ in range(rounds):
                for each, server in servers.items():
                    _turn(found[name][each], server, make(server.port), clients, seconds)
    return found


def _turn(cost: Cost, server: Running, make_work: MakeWork, clients: int, seconds: float) -> None:
    before = _processor_seconds(server)
    rate = run(make_work, clients, seconds)
    # The warm-up counts too, on both sides; so does what is shipped while the turn lasts.
    spent = _processor_seconds(server) - before
    cost.per_second.append(rate.per_second)
    cost.waited.append(rate.p50)
    cost.processor.append(spent / (rate.done * 1.1))


def _processor_seconds(server: Running) -> float:
    family = psutil.Process(server.process.pid).children(recursive=True)
    mongods = [p for p in psutil.process_iter(["name"]) if p.info["name"] == "mongod"]
    own = [p for p in mongods if any("fhir-bench-" in part for part in p.cmdline())]
    return sum(sum(p.cpu_times()[:2]) for p in [*family, *own])


@contextmanager
def _servers(folder: Path, uri: str) -> Iterator[dict[str, Running]]:
    with ExitStack() as stack:
        started = {}
        for number, (name, environment) in enumerate(SERVERS.items()):
            spool = str(folder / f"audit-{number}")
            started[name] = stack.enter_context(
                fhir_server(
                    folder, uri, FHIR_SERVER_LOG_LEVEL="warning", FHIR_SERVER_AUDIT_DIR=spool,
                    **environment,
                )
            )  # fmt: skip
        yield started


def _table(workload: str, by_server: dict[str, Cost]) -> Table:
    table = Table(title=f"{workload}: medians, and how they stand to those {WITHOUT}")
    for column in ("server", "per second", "p50 ms", "processor ms", "p50 ×", "processor ×"):
        table.add_column(column, justify="left" if column == "server" else "right")
    plain = by_server[WITHOUT]
    for name, cost in by_server.items():
        waited, spent = statistics.median(cost.waited), statistics.median(cost.processor)
        table.add_row(
            name,
            f"{statistics.median(cost.per_second):,.0f}",
            f"{waited * 1000:.2f}",
            f"{spent * 1000:.2f}",
            f"{waited / statistics.median(plain.waited):.2f}",
            f"{spent / statistics.median(plain.processor):.2f}",
        )
    return table


if __name__ == "__main__":
    main()
