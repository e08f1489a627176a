"""What was promised, what came of it, and what missed it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.plans import Workload

Json = dict[str, Any]

START_SECONDS, START_COLD_SECONDS = 2.0, 5.0
WORKER_MB = 150.0


@dataclass(frozen=True, slots=True)
class Goal:
    """A promise and what was measured.

    Args:
        what: is promised.
        wanted: the limit, in words.
        got: the figure, in words.
        met: whether it is kept.
    """

    what: str
    wanted: str
    got: str
    met: bool


def goals(workloads: Sequence[Workload], document: Json) -> list[Goal]:
    """Give all goals that the run has figures for.

    Args:
        workloads: with what they promise: ``target`` of the bare limit, ``peer_target`` of each
            peer, ``rate_target`` a second, ``within`` so many times the time of
            another workload that was measured in turns with it.
        document: of the run.
    """
    found = {(e["workload"], e["clients"], e["target"]): e for e in document["measured"]}
    listed = [goal for each in workloads for goal in _of_workload(each, document, found)]
    return [*listed, *_of_process(document.get("facts", {}))]


def _of_workload(
    workload: Workload, document: Json, found: Mapping[tuple[str, int, str], Json]
) -> Iterator[Goal]:
    reference = document["reference"]
    peers = document.get("peers", ())
    own = [
        entry
        for (name, _, target), entry in found.items()
        if name == workload.name and target == reference
    ]
    for (name, clients, target), entry in found.items():
        if name != workload.name or "ratio" not in entry:
            continue
        wanted = None
        if target == workload.limit:
            wanted = workload.target
        elif target in peers:
            wanted = workload.content.get("peer_target")
        if wanted is not None:
            got = entry["ratio"]["middle"]
            what = f"{workload.title}, {clients} clients, beside {target}"
            yield Goal(what, f"≥ {wanted:.2f} times", f"{got:.2f}", got >= wanted)
    if (rate := workload.content.get("rate_target")) is not None and own:
        best = max(entry["items_per_second"]["middle"] for entry in own)
        wanted_words = f"≥ {rate:,} {workload.unit}/s"
        yield Goal(f"{workload.title}, at best", wanted_words, f"{best:,.0f}", best >= rate)
    if (within := workload.content.get("within")) is not None and own:
        others = [
            e for (name, _, t), e in found.items() if name == workload.name and t == within["of"]
        ]
        if others and others[0]["ms"]["p50"]:
            times = own[0]["ms"]["p50"] / others[0]["ms"]["p50"]
            what = f"{workload.title} beside {within['of']}, p50"
            yield Goal(what, f"≤ {within['times']} times", f"{times:.2f}", times <= within["times"])


def _of_process(facts: Mapping[str, Any]) -> Iterator[Goal]:
    start = facts.get("start_up_seconds")
    if start:
        warm, cold = start["in_use"], start["empty"]
        yield Goal("Start-up, data folder in use", f"< {START_SECONDS} s", f"{warm:.2f} s",
                   warm < START_SECONDS)  # fmt: skip
        yield Goal("Start-up, empty data folder", f"< {START_COLD_SECONDS} s", f"{cold:.2f} s",
                   cold < START_COLD_SECONDS)  # fmt: skip
    memory = facts.get("worker_memory_mb")
    if memory:
        most = max(memory)
        yield Goal("Memory of a worker after the run", f"< {WORKER_MB:.0f} MB", f"{most:.0f} MB",
                   most < WORKER_MB)  # fmt: skip
