"""What the ladder found: percentiles, growth from one rung to the next, sizes on disk."""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

RESULTS = Path("benchmarks/results/ladder.json")
# The rung that the others are compared with.
BASE = 10_000


@dataclass(frozen=True, slots=True)
class Times:
    """Of one kind of request on one rung, in seconds."""

    p50: float
    p95: float
    p99: float

    @classmethod
    def of(cls, times: Sequence[float]) -> Times:
        """Sum them up."""
        cuts = statistics.quantiles(times, n=100, method="inclusive")
        return cls(statistics.median(times), cuts[94], cuts[98])


def growth(rungs: Mapping[int, Times]) -> str:
    """Say how many times as long the largest rung's p95 is as that of 10,000 patients."""
    largest = max(rungs, default=0)
    if BASE not in rungs or largest <= BASE:
        return ""
    return f"{rungs[largest].p95 / rungs[BASE].p95:.2f}"


def line(name: str, rungs: Mapping[int, Times]) -> str:
    """Tell of one kind of request, while the others are still to come."""
    told = ", ".join(f"{size:,}: {each.p95 * 1e3:.1f}" for size, each in rungs.items())
    return f"  {name}: p95 ms {told}"


def sizes(uri: str, database: str) -> dict[str, float]:
    """Give documents and MB on disk, of data and of each index of the current versions."""
    from pymongo import MongoClient

    with MongoClient[dict[str, Any]](uri) as client:
        stats = client[database].command("collStats", "resources")
        count = max(1, int(stats["count"]))
        indexes = {f"index {name}": size / 1e6 for name, size in stats["indexSizes"].items()}
        return {
            "documents": count,
            "data MB": stats["storageSize"] / 1e6,
            **indexes,
            "bytes a document, data": stats["storageSize"] / count,
            "bytes a document, indexes": stats["totalIndexSize"] / count,
        }


def write(
    found: Mapping[str, Mapping[int, Times]],
    about: Mapping[int, Mapping[str, float]],
    requests: int,
    cache_gb: float,
) -> Path:
    """Keep the figures."""
    document = {
        "requests": requests,
        "cache_gb": cache_gb,
        "rungs": {str(size): dict(each) for size, each in about.items()},
        "times": {
            name: {str(size): asdict(each) for size, each in rungs.items()}
            for name, rungs in found.items()
        },
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(document, indent=1))
    return RESULTS
