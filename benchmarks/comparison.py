"""Two runs compared: by ratios within each, since the machine may have been another, or busier."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

# Less than this is never called a regression.
MARGIN = 0.10
# What the machine gives with nothing of ours, in both runs.
YARDSTICK = ("read", "route-find")


@dataclass(frozen=True, slots=True)
class Change:
    """One figure in both runs.

    Args:
        what: workload, clients and target.
        before: the rate in the first run, by its yardstick where both have one.
        after: in the second.
        margin: what may be noise, as a share.
        wrong: wrong answers in the second run.
    """

    what: str
    before: float
    after: float
    margin: float
    wrong: int

    @property
    def times(self) -> float:
        """How many times the first the second is."""
        return self.after / self.before if self.before else 1.0

    @property
    def regressed(self) -> bool:
        """Whether it is slower by more than noise, or answers wrong."""
        return self.wrong > 0 or self.times < 1 - self.margin


def changes(first: Json, second: Json) -> list[Change]:
    """Give what both runs measured of FHIR servers.

    Args:
        first: the file of the earlier run.
        second: of the later one.
    """
    return list(_changes(first, second))


def _changes(first: Json, second: Json) -> Iterator[Change]:
    before, after = _by_key(first), _by_key(second)
    yardsticks = [_yardstick(before), _yardstick(after)]
    scale = [y or 1.0 for y in yardsticks] if all(yardsticks) else [1.0, 1.0]
    for key, new in after.items():
        old = before.get(key)
        if old is None or _is_limit(key[2]):
            continue
        a, b = old["items_per_second"], new["items_per_second"]
        margin = max(MARGIN, _noise(a) + _noise(b))
        what = f"{key[0]}, {key[1]} clients, {key[2]}"
        yield Change(what, a["middle"] / scale[0], b["middle"] / scale[1], margin, new["wrong"])


def _by_key(document: Json) -> dict[tuple[str, int, str], Json]:
    return {(e["workload"], e["clients"], e["target"]): e for e in document["measured"]}


def _yardstick(found: Mapping[tuple[str, int, str], Json]) -> float | None:
    for (name, _, target), entry in found.items():
        if (name, target) == YARDSTICK:
            return float(entry["items_per_second"]["middle"]) or None
    return None


def _is_limit(target: str) -> bool:
    return target.startswith(("route-", "driver-"))


def _noise(spread: Mapping[str, float]) -> float:
    """Give how far the rounds went from their middle, as a share; the half of it is usual."""
    if not spread["middle"]:
        return 0.0
    return (spread["high"] - spread["low"]) / 2 / spread["middle"]
