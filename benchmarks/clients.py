"""Clients: processes that each repeat one piece of work for a while."""

from __future__ import annotations

import http.client
import json
import multiprocessing
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.synchronize import Barrier
from queue import Empty
from typing import Any

# One piece of work: gets a number that no other piece has, raises when the answer is wrong.
Work = Callable[[int], None]
# Makes the work inside the client's own process, where connections belong.
MakeWork = Callable[[], Work]


@dataclass(frozen=True, slots=True)
class Rate:
    """What came out of a run; times in seconds."""

    done: int
    errors: int
    seconds: float
    p50: float
    p95: float

    @property
    def per_second(self) -> float:
        """Pieces of work done in a second, wrong answers not counted."""
        return self.done / self.seconds


def run(make_work: MakeWork, clients: int, seconds: float) -> Rate:
    """Let clients repeat the work side by side.

    Args:
        make_work: must be importable (a function or partial), since clients are spawned.
        clients: how many processes.
        seconds: how long, after a tenth of that to warm up.
    """
    times, errors = measure(make_work, clients, seconds)
    if errors:
        print(f"  {len(errors)} wrong answers, the first: {errors[0][:300]}")
    middle = times[len(times) // 2] if times else 0.0
    late = times[int(len(times) * 0.95)] if times else 0.0
    return Rate(len(times), len(errors), seconds, middle, late)


def measure(make_work: MakeWork, clients: int, seconds: float) -> tuple[list[float], list[str]]:
    """Let clients repeat the work as `run` does, and give every time and error.

    Args:
        make_work: as for `run`.
        clients: as for `run`.
        seconds: as for `run`.

    Returns:
        Seconds of each right answer, from the least on; what was wrong with the others.

    Raises:
        RuntimeError: a client did not finish.
    """
    context = multiprocessing.get_context("spawn")
    barrier: Barrier = context.Barrier(clients)
    results: Any = context.Queue()
    processes = [
        context.Process(target=_client, args=(make_work, n, clients, seconds, barrier, results))
        for n in range(clients)
    ]
    for process in processes:
        process.start()
    times: list[float] = []
    errors: list[str] = []
    for _ in processes:
        try:
            took, failed = results.get(timeout=seconds * 3 + 60)
        except Empty:
            raise RuntimeError("a client of the benchmark did not finish") from None
        times += took
        errors += failed
    for process in processes:
        process.join()
    return sorted(times), errors


def _client(
    make_work: MakeWork, number: int, clients: int, seconds: float, barrier: Barrier, results: Any
) -> None:
    work = make_work()
    times: list[float] = []
    errors: list[str] = []
    n = number
    barrier.wait()
    begin = time.perf_counter() + seconds / 10
    end = begin + seconds
    while (start := time.perf_counter()) < end:
        n += clients
        try:
            work(n)
        except Exception as error:
            errors.append(f"{type(error).__name__}: {error}")
        else:
            if start >= begin:
                times.append(time.perf_counter() - start)
    results.put((times, errors))


class HttpClient:
    """One kept-alive connection.

    Args:
        port: of the server, on this machine.
        token: an access token to send with each request; empty for none.
    """

    def __init__(self, port: int, token: str = "") -> None:
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self._connection.connect()

    def ask(
        self, method: str, path: str, body: bytes | None = None, *, expect: tuple[int, ...] = (200,)
    ) -> bytes:
        """Send a request and give the body of the answer.

        Raises:
            AssertionError: the status is another than expected.
        """
        headers = self._headers | ({"Content-Type": "application/fhir+json"} if body else {})
        self._connection.request(method, path, body, headers)
        response = self._connection.getresponse()
        content = response.read()
        assert response.status in expect, f"{response.status}: {content[:200]!r}"
        return content

    def ask_json(self, method: str, path: str, body: Any = None) -> Any:
        """Send and read JSON."""
        data = json.dumps(body).encode() if body is not None else None
        return json.loads(self.ask(method, path, data, expect=(200, 201)))
