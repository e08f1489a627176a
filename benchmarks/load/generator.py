"""`python -m benchmarks.load.generator NUMBER OF`: a process that makes load, as it is told.

Each line of standard input is a job in JSON, each line of standard output what came of it. The
clients are locust's users; what they measured is kept in full, as locust rounds its statistics.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import gevent
import orjson
from locust import FastHttpUser, constant, task
from locust.env import Environment

from benchmarks.load.checks import wrong
from benchmarks.load.flows import FLOWS, Answer, Numbers

Json = dict[str, Any]
_MOST_ERRORS_TOLD = 5
# Long, as a server may need as much for a large transaction under load.
_TIMEOUT = 120.0


class Recorder:
    """Keeps what was measured in a slice.

    Args:
        begin: when measuring begins, by `time.perf_counter`.
        end: when it ends.
    """

    def __init__(self, begin: float, end: float) -> None:
        self._begin, self._end = begin, end
        self.times: dict[str, list[float]] = {}
        self.items = 0
        self.errors: list[str] = []
        self.wrong = 0
        # With those of the warm-up, which cost the servers as much.
        self.all_requests = 0

    def keep(self, name: str, milliseconds: float, items: int, error: object) -> None:
        """Keep one request."""
        now = time.perf_counter()
        self.all_requests += 1
        if error is not None:
            # Wrong is wrong, also while warming up.
            self.wrong += 1
            if len(self.errors) < _MOST_ERRORS_TOLD:
                self.errors.append(f"{name}: {error}")
            return
        if not self._begin <= now <= self._end:
            return
        self.items += items
        self.times.setdefault(name, []).append(round(milliseconds, 4))


class Client(FastHttpUser):
    """One client with a connection of its own."""

    abstract = True
    wait_time = constant(0)
    network_timeout = _TIMEOUT
    connection_timeout = _TIMEOUT
    # Given before a slice begins.
    flow: Callable[[Any], bool]
    sent_headers: Mapping[str, str]
    prefix: str

    @task
    def step(self) -> None:
        """Let the flow go on; where it has nothing left, the client is idle."""
        if not self.flow(self._ask):
            gevent.sleep(0.05)

    def _ask(
        self,
        method: str,
        path: str,
        *,
        name: str,
        expected: Mapping[str, Any],
        body: bytes | None = None,
        items: int = 1,
        check: Callable[[bytes], str | None] | None = None,
    ) -> Answer:
        headers = dict(self.sent_headers)
        if body is not None:
            headers["Content-Type"] = "application/fhir+json"
        url = f"{self.prefix}/{path}" if path else self.prefix
        with self.client.request(
            method, url, name=name, data=body, headers=headers, catch_response=True,
            context={"items": items}, allow_redirects=False,
        ) as response:  # fmt: skip
            content = response.content or b""
            said = self._judged(expected, response.status_code, content, check)
            if said is None:
                response.success()
                return Answer(response.status_code, content, True)
            response.failure(said)
            return Answer(response.status_code, b"", False)

    @staticmethod
    def _judged(
        expected: Mapping[str, Any],
        status: int,
        content: bytes,
        check: Callable[[bytes], str | None] | None,
    ) -> str | None:
        said = wrong(expected, status, content)
        return said if said is not None or check is None else check(content)


class Generator:
    """Does one job after the other.

    Args:
        number: of this process.
        of: how many there are.
    """

    def __init__(self, number: int, of: int) -> None:
        self._number, self._of = number, of
        # Flows stay from slice to slice: what may be sent once only is not sent anew.
        self._flows: dict[str, Callable[[Any], bool]] = {}

    def do(self, job: Json) -> Json:
        """Let clients run for the time that the job says, and give what they measured."""
        flow = self._flow(job["flow"], job["content"])
        began = time.process_time()
        start = time.perf_counter()
        begin = start + job["warmup"]
        recorder = Recorder(begin, begin + job["seconds"])
        scheme, _, rest = job["base"].partition("://")
        authority, slash, path = rest.partition("/")
        user = type(
            "SliceClient",
            (Client,),
            {
                "host": f"{scheme}://{authority}",
                "prefix": f"{slash}{path}",
                "flow": staticmethod(flow),
                "sent_headers": {"Accept": "application/fhir+json", **job["headers"]},
            },
        )
        environment = Environment(user_classes=[user], stop_timeout=_TIMEOUT)
        environment.events.request.add_listener(
            lambda name, response_time, exception, context, **_: recorder.keep(
                name, response_time, context.get("items", 1), exception
            )
        )
        runner = environment.create_local_runner()
        runner.start(job["clients"], spawn_rate=1000)
        gevent.sleep(begin + job["seconds"] - time.perf_counter())
        # Each client finishes what it asked, so that no request runs into the next slice.
        runner.stop()
        runner.quit()
        return {
            "times": recorder.times,
            "items": recorder.items,
            "wrong": recorder.wrong,
            "errors": recorder.errors,
            "all_requests": recorder.all_requests,
            "cpu": time.process_time() - began,
            "elapsed": time.perf_counter() - start,
        }

    def _flow(self, kind: str, content: str) -> Callable[[Any], bool]:
        if content not in self._flows:
            numbers = Numbers(self._number, self._of)
            made = FLOWS[kind](orjson.loads(Path(content).read_bytes()), numbers)
            self._flows[content] = made
        return self._flows[content]


def main() -> None:
    """Do the jobs of standard input until there are no more."""
    logging.basicConfig(level=logging.ERROR, stream=sys.stderr)
    generator = Generator(int(sys.argv[1]), int(sys.argv[2]))
    for line in sys.stdin:
        sys.stdout.buffer.write(orjson.dumps(generator.do(orjson.loads(line))) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
