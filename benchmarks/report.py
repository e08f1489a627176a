"""What a run found: as data for a file, and as tables for the terminal and the page."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil

from benchmarks.figures import Measured, Spread, ratios
from benchmarks.plans import Workload

Json = dict[str, Any]
# Of a workload with so many clients on a target.
Found = Mapping[tuple[str, int, str], Measured]

RESULTS = Path(__file__).with_name("results")
HEADINGS = (
    "workload", "clients", "target", "a second", "p50 ms", "p95 ms", "p99 ms", "wrong",
    "CPU ms a request: server", "database", "load", "secured is times this",
)  # fmt: skip


def machine() -> Json:
    """Describe the machine, as far as it matters for the figures."""
    return {
        "system": platform.platform(),
        "python": platform.python_version(),
        "cpu": _model(),
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "load_before": round(os.getloadavg()[0], 2),
    }


def _model() -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or "unknown")


def document(
    workloads: Sequence[Workload], found: Found, reference: str, about: Mapping[str, Any]
) -> Json:
    """Give all that a run found, for a file.

    Args:
        workloads: that were measured.
        found: the figures.
        reference: the target that ratios are of: how many times each other's rate its rate is.
        about: the machine, the options and other facts.
    """
    by_name = {each.name: each for each in workloads}
    listed = []
    for (name, clients, target), measured in found.items():
        entry: Json = {"workload": name, "clients": clients, "target": target}
        entry |= {"unit": by_name[name].unit, **measured.as_data()}
        own = found.get((name, clients, reference))
        if own is not None and target != reference:
            entry["ratio"] = as_data(ratios(own, measured))
        listed.append(entry)
    return {**about, "reference": reference, "measured": listed}


def as_data(spread: Spread) -> Json:
    """Give a spread for a file."""
    return {
        "low": round(spread.low, 3),
        "middle": round(spread.middle, 3),
        "high": round(spread.high, 3),
    }


def rows(document_: Json) -> list[list[str]]:
    """Give the rows of the table of all that was measured, below `HEADINGS`."""
    return [_row(each) for each in document_["measured"]]


def _row(entry: Json) -> list[str]:
    rate, cpu, ms = entry["items_per_second"], entry["cpu_ms_per_request"], entry["ms"]
    spent = [cpu.get(name) for name in ("server", "database", "load generator")]
    ratio = entry.get("ratio")
    return [
        entry["workload"],
        str(entry["clients"]),
        entry["target"],
        f"{spread(rate, 0)} {entry['unit']}",
        *(f"{ms[name]:,.1f}" for name in ("p50", "p95", "p99")),
        str(entry["wrong"]),
        *("" if each is None else f"{each:.2f}" for each in spent),
        spread(ratio, 2) if ratio else "",
    ]


def spread(numbers: Mapping[str, float], digits: int) -> str:
    """Give a number with how far it went in the rounds."""
    low, middle, high = (f"{numbers[name]:,.{digits}f}" for name in ("low", "middle", "high"))
    return middle if low == high else f"{middle} ({low} to {high})"


def write(document_: Json, folder: Path = RESULTS) -> Path:
    """Write the file of a run and give its path."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{time.strftime('%Y-%m-%dT%H%M%S')}.json"
    path.write_text(json.dumps(document_, indent=1) + "\n")
    return path
