"""What is measured: any FHIR server by its base URL, and the processes whose CPU it takes."""

from __future__ import annotations

import contextlib
import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import psutil

# Every process of a group by itself, or each worker apart, would hide the whole.
SERVER, DATABASE = "server", "database"


@dataclass(frozen=True, slots=True)
class Target:
    """A server to measure.

    Args:
        name: to show.
        base: its FHIR base URL.
        pids: gives the processes of each group, such as server and database, anew each time.
        tokens: access tokens by the name of who asks; empty for a server that checks nobody.
        shares_data_with: another target whose database it has too, so that nothing is loaded twice.
        ours: whether it is this project's server, with its operations.
        others: further headers.
    """

    name: str
    base: str
    pids: Callable[[], Mapping[str, Iterable[int]]] = dict
    tokens: Mapping[str, str] = field(default_factory=dict)
    shares_data_with: str = ""
    ours: bool = False
    others: Mapping[str, str] = field(default_factory=dict)

    def headers(self, token: str = "") -> dict[str, str]:
        """Give what is sent with each request.

        Args:
            token: who asks; the first of the target's when empty.
        """
        if not self.tokens:
            return dict(self.others)
        value = self.tokens.get(token) or next(iter(self.tokens.values()))
        return {**self.others, "Authorization": f"Bearer {value}"}

    def cpu_seconds(self) -> dict[str, float]:
        """Give the CPU time that each group of processes has used, also of those that ended."""
        return {group: sum(map(cpu_of, pids)) for group, pids in self.pids().items()}

    def ask(self, method: str, path: str, body: Any = None, token: str = "") -> Any:
        """Send a request outside of any measuring and give the JSON of the answer.

        Raises:
            RuntimeError: the answer is no success.
        """
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        headers = {"Accept": "application/fhir+json", **self.headers(token)}
        if data is not None:
            headers["Content-Type"] = "application/fhir+json"
        url = f"{self.base}/{path}" if path else self.base
        request = urllib.request.Request(url, data, headers, method=method)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=300) as response:  # noqa: S310
                content = response.read()
        except urllib.error.HTTPError as error:
            said = error.read()[:1500].decode(errors="replace")
            raise RuntimeError(f"{self.name}: {method} {path[:200]}: {error.code} {said}") from None
        return json.loads(content) if content else None


def cpu_of(pid: int) -> float:
    """Give the CPU time of a process and of its children that ended; 0 where it is gone itself.

    A database that starts processes and lets them go, as PostgreSQL does, would otherwise seem to
    have used less at the end than in between.
    """
    with contextlib.suppress(psutil.Error):
        times = psutil.Process(pid).cpu_times()
        return float(times.user + times.system + times.children_user + times.children_system)
    return 0.0


def with_children(pid: int) -> list[int]:
    """Give a process and all below it."""
    with contextlib.suppress(psutil.Error):
        return [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]
    return []


def memory_mb(pids: Sequence[int]) -> list[float]:
    """Give the memory that each process takes, in MB: its proportional set size.

    Pages that it has alone count in full, those that it shares with others (the workers with the
    server they are forked from) by its share of them, so that the sizes of all processes add up to
    what they take together. Linux alone tells; elsewhere it is the resident memory.

    Raises:
        psutil.NoSuchProcess: one has ended.
    """
    found = []
    for pid in pids:
        known = psutil.Process(pid).memory_full_info()
        found.append(getattr(known, "pss", known.rss) / 1e6)
    return found


def own_mb(pids: Sequence[int]) -> list[float]:
    """Give the memory that each process has alone, in MB.

    Unlike its proportional set size it stays as it is when others that run the same Python end.

    Raises:
        psutil.NoSuchProcess: one has ended.
    """
    return [psutil.Process(pid).memory_full_info().uss / 1e6 for pid in pids]


def resident_mb(pids: Sequence[int]) -> list[float]:
    """Give the resident memory of each process in MB: what is shared counts in full for each."""
    return [psutil.Process(pid).memory_info().rss / 1e6 for pid in pids]
