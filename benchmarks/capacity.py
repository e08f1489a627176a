"""What a number of patients and requests needs: `python -m benchmarks.capacity`.

A model of few terms, each measured: bytes of a resource on disk and in indexes, CPU of a request
in the server and in the database, and which requests ask all shards. docs/scaling.md explains it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import click

GB = 1e9
FIGURES = Path(__file__).with_name("capacity.json")
# WiredTiger's own default: half of the memory; the rest is connections, sorts and file cache.
CACHE_SHARE = 0.5
MOST_SHARDS = 64
MOST_HOSTS = 10_000


@dataclass(frozen=True, slots=True)
class RequestCost:
    """CPU time of one request.

    Args:
        server_us: of the worker, in microseconds.
        database_us: of the database where one machine has everything.
        scattered: the share of the commands that goes to every shard; its cost does not shrink
            with the number of shards, since each does the whole lookup.
    """

    server_us: float
    database_us: float
    scattered: float = 0.0


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured.

    Args:
        resource_disk: bytes on disk of the current version of a resource, compressed.
        resource_memory: its bytes in the cache, where it is not compressed.
        resource_index: bytes of all index entries of a resource.
        version_disk: bytes on disk of a superseded version, with its index entries.
        record_disk: bytes on disk of an audit record, with its index entries.
        worker_mb: memory of a worker.
        requests: cost of each kind of request.
    """

    resource_disk: float
    resource_memory: float
    resource_index: float
    version_disk: float
    record_disk: float
    worker_mb: float
    requests: Mapping[str, RequestCost]

    @staticmethod
    def read(path: Path = FIGURES) -> Figures:
        """Read figures that were kept."""
        kept = json.loads(path.read_text())["figures"]
        requests = {name: RequestCost(**cost) for name, cost in kept.pop("requests").items()}
        return Figures(**kept, requests=requests)

    def write(self, path: Path, about: str) -> None:
        """Keep figures, with words on how they came about."""
        path.write_text(json.dumps({"about": about, "figures": asdict(self)}, indent=2) + "\n")


@dataclass(frozen=True, slots=True)
class Demand:
    """What is to be served.

    Args:
        patients: how many.
        resources: of each patient.
        versions: superseded versions of each resource.
        per_second: requests of each kind, in the busiest hour.
        hot: the share of the resources that is in use within a day.
        audit_years: how long audit records are kept online.
        audited_share: the average of a year over the busiest hour, of the requests audited.
    """

    patients: int
    resources: float = 100
    versions: float = 0.3
    per_second: Mapping[str, float] = field(default_factory=dict)
    hot: float = 0.1
    audit_years: float = 5
    audited_share: float = 0.2


@dataclass(frozen=True, slots=True)
class Machine:
    """One host.

    Args:
        cores: processors.
        memory_gb: of which a database takes half for its cache.
        disk_gb: for data.
        busy: how busy its processors may be in the busiest hour.
        full: how full its disk may be.
    """

    cores: int = 16
    memory_gb: float = 64
    disk_gb: float = 4000
    busy: float = 0.6
    full: float = 0.7


@dataclass(frozen=True, slots=True)
class Plan:
    """What is needed.

    Args:
        resources: current ones.
        disk_gb: of one copy of all data.
        cache_gb: for the indexes and resources in use.
        worker_cores: of the server's hosts together.
        worker_hosts: how many, one more than needed so that one may fail.
        database_cores: of one copy of all shards together.
        shards: the least number that fits; None for more than this is a plan for.
        limit: what asks for so many: `disk`, `cache` or `cores`.
    """

    resources: float
    disk_gb: float
    cache_gb: float
    worker_cores: float
    worker_hosts: int
    database_cores: float
    shards: int | None
    limit: str


def plan(demand: Demand, figures: Figures, machine: Machine) -> Plan:
    """Compute what a demand needs.

    Args:
        demand: what is to be served.
        figures: what was measured.
        machine: of which the hosts are.

    Raises:
        KeyError: a kind of request was not measured.
    """
    resources = demand.patients * demand.resources
    disk = _disk(demand, figures) / GB
    # Index pages are read at random, so all of them count; resources only where they are in use.
    cache = resources * (figures.resource_index + demand.hot * figures.resource_memory) / GB
    worker_cores = _cores({k: c.server_us for k, c in figures.requests.items()}, demand)
    hosts = math.ceil(worker_cores / (machine.cores * machine.busy)) + 1
    wanted = {
        "disk": math.ceil(disk / (machine.disk_gb * machine.full)),
        "cache": math.ceil(cache / (machine.memory_gb * CACHE_SHARE)),
        "cores": _shards_for_cores(demand, figures, machine),
    }
    limit = max(wanted, key=lambda name: wanted[name])
    shards = max(1, wanted[limit])
    return Plan(
        resources,
        disk,
        cache,
        worker_cores,
        hosts,
        shards * shard_cores(demand, figures, shards),
        shards if shards <= MOST_SHARDS else None,
        limit,
    )


def shard_cores(demand: Demand, figures: Figures, shards: int) -> float:
    """Give the cores that one shard's primary is busy with, of so many shards."""
    return _cores(
        {
            kind: cost.database_us * (cost.scattered + (1 - cost.scattered) / shards)
            for kind, cost in figures.requests.items()
        },
        demand,
    )


def _shards_for_cores(demand: Demand, figures: Figures, machine: Machine) -> int:
    may = machine.cores * machine.busy
    for shards in range(1, MOST_SHARDS + 1):
        if shard_cores(demand, figures, shards) <= may:
            return shards
    # What is asked of every shard is more than one can do; only larger machines help.
    return MOST_SHARDS + 1


def _cores(microseconds: Mapping[str, float], demand: Demand) -> float:
    return sum(rate * microseconds[kind] / 1e6 for kind, rate in demand.per_second.items())


def _disk(demand: Demand, figures: Figures) -> float:
    resources = demand.patients * demand.resources
    current = resources * (figures.resource_disk + figures.resource_index)
    versions = resources * demand.versions * figures.version_disk
    yearly = sum(demand.per_second.values()) * demand.audited_share * 365 * 86_400
    return current + versions + yearly * demand.audit_years * figures.record_disk


def usual(patients: int) -> Demand:
    """Give the demand of a care coordination server for so many patients.

    In the busiest hour each ten thousand patients make one request a second: of twenty requests
    twelve read, six search and two write. An assumption, to be replaced by what a log says.
    """
    total = patients / 10_000
    shares = {"read": 0.6, "search": 0.3, "create": 0.05, "update": 0.05}
    return Demand(patients, per_second={kind: total * share for kind, share in shares.items()})


def rows(figures: Figures, machine: Machine, sizes: tuple[int, ...]) -> list[str]:
    """Give a Markdown table of what some numbers of patients need."""
    found = [
        "| Patients | Resources | Requests/s | Disk, GB | Cache, GB | Worker cores | Worker hosts |"
        " Database cores | Shards | By |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for patients in sizes:
        demand = usual(patients)
        p = plan(demand, figures, machine)
        found.append(
            f"| {patients:,} | {p.resources / 1e6:,.0f} M | {sum(demand.per_second.values()):,.0f} "
            f"| {p.disk_gb:,.0f} | {p.cache_gb:,.0f} | {p.worker_cores:,.1f} | {p.worker_hosts} "
            f"| {p.database_cores:,.1f} | {p.shards or f'over {MOST_SHARDS}'} | {p.limit} |"
        )
    return found


@click.command()
@click.option("--patients", multiple=True, type=int, help="How many; may be given several times.")
@click.option("--cores", default=16, show_default=True)
@click.option("--memory-gb", default=64.0, show_default=True)
@click.option("--disk-gb", default=4000.0, show_default=True)
def main(patients: tuple[int, ...], **machine: Any) -> None:
    """Tell what is needed, by the figures in benchmarks/capacity.json."""
    sizes = patients or (10_000, 100_000, 1_000_000, 10_000_000)
    print("\n".join(rows(Figures.read(), Machine(**machine), sizes)))


if __name__ == "__main__":
    main()
