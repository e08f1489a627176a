"""`make bench`: this server beside bare limits and peers, in one run."""

from __future__ import annotations

import contextlib
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from benchmarks import domain, limits, ours, report, synthea
from benchmarks.generators import generators
from benchmarks.oracle import Oracle
from benchmarks.plans import workloads, write_plan
from benchmarks.runs import Options, Run, bare_limit
from benchmarks.targets import Target


@click.group(invoke_without_command=True)
@click.pass_context
@click.option("--seconds", default=3.0, show_default=True, help="Length of a slice.")
@click.option("--rounds", default=3, show_default=True, help="Slices of each.")
@click.option("--clients", default=8, show_default=True, help="Clients side by side.")
@click.option("--only", multiple=True, help="Name of a workload; may be repeated.")
@click.option("--no-open", is_flag=True, help="Leave the open server out.")
@click.option("--no-limits", is_flag=True, help="Leave the bare limits out.")
@click.option("--peer", multiple=True, metavar="NAME=URL", help="Another FHIR server, empty.")
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
    measure(
        options, chosen["peer"],
        open_too=not chosen["no_open"], with_limits=not chosen["no_limits"],
    )  # fmt: skip


def measure(options: Options, peers: tuple[str, ...], *, open_too: bool, with_limits: bool) -> None:
    """Measure all workloads and show what came of it."""
    console = Console(width=150)
    before = report.machine()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fhir-bench-")))
        mongod = stack.enter_context(ours.database(folder))
        targets = stack.enter_context(
            ours.targets(folder, mongod, domain.REGION_HSA, open_too=open_too)
        )
        for each in peers:
            name, _, base = each.partition("=")
            targets.append(Target(name, base.rstrip("/")))
        load = stack.enter_context(generators())
        run = Run(folder, targets, load, options, lambda text: console.print(text, markup=False))
        chosen = [w for w in workloads() if not options.only or w.name in options.only]
        run.load()
        oracle = Oracle(synthea.resources())
        routes: dict[str, Target] = {}
        if with_limits:
            limits.fill(mongod.uri)
            routes = stack.enter_context(limits.routes(mongod.uri, mongod.pid))
        region: Oracle | None = None
        for workload in chosen:
            if workload.data == "region" and region is None:
                domain.load(folder, mongod.uri)
                region = Oracle([*domain.units_and_staff(), *domain.people()])
            data = region if workload.data == "region" and region else oracle
            limit = None
            if with_limits and workload.limit:
                plan = write_plan(workload, data, (0, 1), folder)
                limit = bare_limit(
                    workload.limit, routes, load, plan, (mongod.uri, mongod.pid), options
                )
            run.workload(workload, data, limit)
        about = {"machine": before, "options": asdict(options), "loading": run.results.loading}
        found = report.document(chosen, run.results.measured, ours.SECURED, about)
        console.print(_table(found))
        console.print(f"Written to {report.write(found)}.")


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
