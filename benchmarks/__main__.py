"""`make bench`: this server beside bare limits and peers, in one run."""

from __future__ import annotations

import contextlib
import json
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from benchmarks import domain, facts, limits, ours, page, report, synthea
from benchmarks.comparison import changes
from benchmarks.figures import Slice
from benchmarks.generators import generators
from benchmarks.goals import goals
from benchmarks.oracle import Oracle
from benchmarks.peers.hapi import hapi_server
from benchmarks.plans import Workload, workloads, write_plan
from benchmarks.runs import Options, Run, bare_limit
from benchmarks.soak import soak
from benchmarks.targets import Target
from fhir_server.storage.embedded import EmbeddedMongod


@click.group(invoke_without_command=True)
@click.pass_context
@click.option("--seconds", default=3.0, show_default=True, help="Length of a slice.")
@click.option("--rounds", default=3, show_default=True, help="Slices of each.")
@click.option("--clients", default=8, show_default=True, help="Clients side by side.")
@click.option("--only", multiple=True, help="Name of a workload; may be repeated.")
@click.option("--no-open", is_flag=True, help="Leave the open server out.")
@click.option("--no-limits", is_flag=True, help="Leave the bare limits out.")
@click.option("--peer", multiple=True, metavar="NAME=URL", help="Another FHIR server, empty.")
@click.option("--hapi", is_flag=True, help="Measure HAPI FHIR with PostgreSQL beside it.")
@click.option("--no-page", is_flag=True, help="Leave docs/performance.md as it is.")
@click.option("--quick", is_flag=True, help="One short slice of each: whether it works at all.")
def main(context: click.Context, /, only: tuple[str, ...], **chosen: Any) -> None:
    """Measure on this machine; absolute figures do not carry over to another, ratios do."""
    if context.invoked_subcommand:
        return
    options = Options(
        chosen["seconds"], chosen["rounds"], min(3.0, chosen["seconds"]), chosen["clients"], only
    )
    if chosen["quick"]:
        options = Options(1.0, 1, 0.5, chosen["clients"], only)
    measure(options, chosen)


@main.command()
@click.argument("first", type=click.Path(exists=True, path_type=Path))
@click.argument("second", type=click.Path(exists=True, path_type=Path))
def compare(first: Path, second: Path) -> None:
    """Compare two runs; exit status 1 where something became slower or answers wrong."""
    found = changes(json.loads(first.read_text()), json.loads(second.read_text()))
    table = Table(title="Times as fast as before, by the bare route of each run")
    for heading in ("what", "times", "may be noise", "wrong", ""):
        table.add_column(heading)
    for each in sorted(found, key=lambda change: change.times):
        said = "REGRESSION" if each.regressed else ""
        table.add_row(each.what, f"{each.times:.2f}", f"± {each.margin:.2f}", str(each.wrong), said)
    Console(width=120).print(table)
    if any(each.regressed for each in found):
        raise SystemExit(1)


@main.command("soak")
@click.option("--minutes", default=60.0, show_default=True, help="How long.")
@click.option("--clients", default=8, show_default=True, help="Clients side by side.")
def soak_command(minutes: float, clients: int) -> None:
    """Let a mix of bounded size run; exit status 1 where the memory of a worker grows."""
    if soak(minutes, clients, Console(width=120)):
        raise SystemExit(1)


def measure(options: Options, said: Mapping[str, Any]) -> None:
    """Measure all workloads and show what came of it."""
    console = Console(width=150)
    began, machine = time.monotonic(), report.machine()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fhir-bench-")))
        start = None if said["quick"] or options.only else facts.start_up(folder)
        mongod = stack.enter_context(ours.database(folder))
        targets = stack.enter_context(
            ours.targets(folder, mongod, domain.REGION_HSA, open_too=not said["no_open"])
        )
        hapi = stack.enter_context(hapi_server(folder)) if said["hapi"] else None
        peers = [Target("HAPI", hapi.url, hapi.processes)] if hapi else []
        for each in said["peer"]:
            name, _, base = each.partition("=")
            peers.append(Target(name, base.rstrip("/")))
        load = stack.enter_context(generators())
        run = Run(
            folder, [*targets, *peers], load, options,
            lambda text: console.print(text, markup=False),
        )  # fmt: skip
        chosen = [
            each
            for each in workloads()
            if each.name in options.only or not (options.only or each.content.get("beside_only"))
        ]
        bench = Bench(run, folder, mongod, stack, with_limits=not said["no_limits"])
        sizes = bench.load_synthea() if any(each.data == "synthea" for each in chosen) else {}
        if hapi and sizes:
            sizes["peer_bytes_per_resource"] = {
                "HAPI": round(hapi.disk_bytes() / sum(map(len, synthea.portions())))
            }
        for workload in chosen:
            bench.measure(workload)
        about = {
            "machine": machine,
            "options": asdict(options),
            "minutes": (time.monotonic() - began) / 60,
            "peers": [each.name for each in peers],
            "loading": run.results.loading,
            "facts": {
                "start_up_seconds": start,
                **facts.worker_memory(targets[0]),
                **sizes,
            },
        }
    found = report.document(chosen, run.results.measured, ours.SECURED, about)
    console.print(_table(found))
    for goal in goals(chosen, found):
        state = "met" if goal.met else "MISSED"
        console.print(f"{state}: {goal.what}: {goal.got} (wanted {goal.wanted})", markup=False)
    console.print(f"Written to {report.write(found)}.")
    if not (said["no_page"] or said["quick"] or options.only):
        console.print(f"Written to {page.write(chosen, found)}.")


class Bench:
    """Measures workloads, each with the data and the bare limit that it needs.

    Args:
        run: on the targets.
        folder: for plans and data.
        mongod: of our server.
        stack: ends what is started.
        with_limits: whether bare limits are measured.
    """

    def __init__(
        self,
        run: Run,
        folder: Path,
        mongod: EmbeddedMongod,
        stack: contextlib.ExitStack,
        *,
        with_limits: bool,
    ) -> None:
        self._run, self._folder, self._mongod = run, folder, mongod
        self._with_limits = with_limits
        self._oracles: dict[str, Oracle] = {}
        self._routes: dict[str, Target] = {}
        if with_limits:
            self._routes = stack.enter_context(limits.routes(mongod.uri, mongod.pid))

    def load_synthea(self) -> dict[str, Any]:
        """Load Synthea's resources everywhere, and give what they take on our disk."""
        self._run.load()
        sizes = facts.disk(self._mongod.uri)
        self._know("synthea", list(synthea.resources()))
        return {"disk": sizes}

    def measure(self, workload: Workload) -> None:
        """Measure one."""
        if workload.data not in self._oracles:
            domain.load(self._folder, self._mongod.uri)
            self._know("region", [*domain.units_and_staff(), *domain.people()])
        oracle = self._oracles[workload.data]
        limited = self._with_limits and workload.limit
        limit = self._limit(workload, oracle) if limited else None
        self._run.workload(workload, oracle, limit, _beside(workload))

    def _know(self, data: str, resources: list[dict[str, Any]]) -> None:
        self._oracles[data] = Oracle(resources)
        if self._with_limits:
            limits.fill(self._mongod.uri, resources)

    def _limit(self, workload: Workload, oracle: Oracle) -> Callable[[int], Slice]:
        plan = write_plan(workload, oracle, (0, 1), self._folder)
        uri, pid = self._mongod.uri, self._mongod.pid
        if workload.limit == limits.DRIVER_INSERT:
            reference = _created(self._run.reference, workload, plan)
            limits.prepare_inserts(uri, ours.DATABASE_NAME, reference)
        return bare_limit(
            workload.limit, self._routes, self._run.generators, plan, (uri, pid), self._run.options
        )


def _beside(workload: Workload) -> Workload | None:
    """Give what a workload is to take no more than so many times as long as."""
    name = workload.content.get("within", {}).get("of")
    return next((each for each in workloads() if each.name == name), None)


def _created(target: Target, workload: Workload, plan: Path) -> str:
    """Create what is created over and over once, and give the reference to it."""
    content = json.loads(plan.read_bytes())
    text = content["text"].replace("{id}", content["subjects"][0])
    made = target.ask("POST", content["type"], text.encode(), workload.content.get("token", ""))
    return f"{content['type']}/{made['id']}"


def _table(found: dict[str, Any]) -> Table:
    table = Table(
        title="On this machine, in one run; in brackets the least and the most of the rounds"
    )
    for heading in report.HEADINGS:
        table.add_column(heading)
    for row in report.rows(found):
        table.add_row(*row)
    return table


if __name__ == "__main__":
    main()
