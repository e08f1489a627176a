"""Writes docs/performance.md: the template's prose with the figures of a run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from benchmarks import plots, report
from benchmarks.goals import Goal, goals
from benchmarks.plans import Workload

Json = dict[str, Any]

TEMPLATE = Path(__file__).with_name("performance.md.template")
DOCS = Path(__file__).parent.parent / "docs"


def write(workloads: Sequence[Workload], document: Json, docs: Path = DOCS) -> Path:
    """Write the page and its plots.

    Args:
        workloads: that were measured.
        document: of the run.
        docs: folder of the documentation.
    """
    plots.draw(document, docs / "images")
    path = docs / "performance.md"
    path.write_text(text(workloads, document), encoding="utf-8")
    return path


def text(workloads: Sequence[Workload], document: Json) -> str:
    """Give the page."""
    reached = goals(workloads, document)
    parts = {
        "machine": _machine(document),
        "workloads": _workloads(workloads),
        "goals": _table(("Promised", "Wanted", "Measured", ""), map(_goal, reached)),
        "missed": _missed(reached),
        "table": _table(report.HEADINGS, report.rows(document)),
        "facts": _facts(document),
    }
    page = TEMPLATE.read_text("utf-8")
    for name, part in parts.items():
        page = page.replace(f"<<{name}>>", part)
    return page


def _machine(document: Json) -> str:
    about, options = document["machine"], document["options"]
    said = (
        f"{about['cpu']}, {about['cores']} cores, {about['memory_gb']} GB of memory; "
        f"{about['system']}; Python {about['python']}. Load average before the run: "
        f"{about['load_before']}."
    )
    if about["load_before"] > 0.5:
        said += " **The machine was busy with other things: rates are too low, ratios are rough.**"
    return (
        f"{said} {options['rounds']} rounds of slices of {options['seconds']:g} s, "
        f"{document.get('minutes', 0):.0f} minutes in all."
    )


def _workloads(workloads: Sequence[Workload]) -> str:
    rows = ((f"`{each.name}`", each.about) for each in workloads)
    return _table(("Workload", "Is"), rows)


def _goal(goal: Goal) -> tuple[str, ...]:
    return goal.what, goal.wanted, goal.got, "met" if goal.met else "**missed**"


def _missed(reached: Sequence[Goal]) -> str:
    missed = [goal for goal in reached if not goal.met]
    if not missed:
        return "Nothing that was measured in this run missed what was promised."
    return "\n".join(f"- {each.what}: {each.got}, wanted {each.wanted}." for each in missed)


def _facts(document: Json) -> str:
    facts = document.get("facts", {})
    lines = [
        f"- Synthea's resources into {name}, sent by four clients: {rate:,.0f} a second."
        for name, rate in document.get("loading", {}).items()
    ]
    if start := facts.get("start_up_seconds"):
        lines.append(
            f"- Start-up to the first answer of `/metadata`, with its MongoDB: "
            f"{start['in_use']} s, {start['empty']} s with an empty data folder."
        )
    if memory := facts.get("worker_memory_mb"):
        seen = facts.get("worker_resident_mb", ())
        shared = f"; with all that it shares {', '.join(map(str, seen))} MB" if seen else ""
        lines.append(
            f"- Memory of each worker after the run: {', '.join(map(str, memory))} MB{shared}."
        )
    if disk := facts.get("disk"):
        lines.append(
            f"- On disk: {disk['bytes_per_resource']:,} bytes for a resource of Synthea's, "
            f"{disk['index_bytes'] / (disk['data_bytes'] + disk['index_bytes']):.0%} of it indexes."
        )
    for name, size in facts.get("peer_bytes_per_resource", {}).items():
        lines.append(f"- On disk, {name}: {size:,} bytes for a resource.")
    return "\n".join(lines)


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join("| " + " | ".join(line).replace("\n", " ") + " |" for line in lines)
