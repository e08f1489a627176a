"""What is no rate: start-up, memory of the workers, bytes on disk for a resource."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks import ours
from benchmarks.servers import fhir_server
from benchmarks.targets import SERVER, Target, memory_mb, resident_mb


def start_up(folder: Path) -> dict[str, float]:
    """Give the seconds until the first answer, MongoDB included: folder empty, and in use."""
    seconds = []
    for _ in range(2):
        with fhir_server(folder / "start") as server:
            seconds.append(server.seconds)
    return {"empty": round(seconds[0], 2), "in_use": round(seconds[1], 2)}


def worker_memory(target: Target) -> dict[str, list[float]]:
    """Give the memory of each worker of our server in MB, and what each sees of it."""
    workers = ours.worker_pids(next(iter(target.pids()[SERVER])))
    return {
        "worker_memory_mb": [round(each, 1) for each in memory_mb(workers)],
        "worker_resident_mb": [round(each, 1) for each in resident_mb(workers)],
    }


def disk(uri: str) -> dict[str, Any]:
    """Give what our database takes on disk, and how many resources are in it."""
    from pymongo import MongoClient

    client = MongoClient[dict[str, Any]](uri)
    # What is only in memory yet has no size.
    client["admin"].command("fsync")
    database = client[ours.DATABASE_NAME]
    stats = database.command("dbStats")
    resources = database["resources"].estimated_document_count()
    return {
        "data_bytes": stats["storageSize"],
        "index_bytes": stats["indexSize"],
        "resources": resources,
        "bytes_per_resource": round(
            (stats["storageSize"] + stats["indexSize"]) / max(1, resources)
        ),
    }
