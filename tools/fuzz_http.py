"""Sends mutated examples, patches, bundles, searches and queries to a running server.

Run by hand: ``python -m tools.fuzz_http http://127.0.0.1:8000/fhir --seed 1 --count 20000``,
against a server with data that may be thrown away. It lists the answers that must not be: 5xx,
none within the time, and errors without an OperationOutcome. Each case follows from the seed and
its number, so that ``--only NUMBER`` sends it again; only those with a cursor depend on earlier
answers. What is sent is made in ``fuzz_requests.py``.
"""

from __future__ import annotations

import argparse
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import httpx
from rich.console import Console
from rich.markup import escape
from rich.progress import track

from tools.fuzz_requests import Request, Requests

SLOW = 2.0
TIMEOUT = 30.0


@dataclass
class Findings:
    """What came back.

    Args:
        statuses: how often each kind of request got each status.
        wrong: what must not be, with the request.
        slowest: seconds of the slowest requests.
    """

    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    slowest: list[tuple[float, str]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, asked: Request, status: int, seconds: float, complaint: str | None) -> None:
        """Note one answer."""
        line = f"{seconds:5.1f} s {status} case {asked.number} {asked.kind}: {asked.method} "
        line += f"{asked.path[:400]} {asked.headers} {asked.content[:400]!r}"
        with self.lock:
            self.statuses[asked.kind, status] += 1
            if complaint:
                self.wrong.append(f"{complaint}: {line}")
            if seconds > SLOW:
                self.slowest.append((seconds, line))


class Sender:
    """Sends requests and looks at the answers.

    Args:
        base: the FHIR base.
        requests: makes them.
    """

    def __init__(self, base: str, requests: Requests) -> None:
        self._client = httpx.Client(base_url=base, timeout=TIMEOUT)
        self._requests = requests
        self.findings = Findings()

    def send(self, number: int) -> None:
        """Send one."""
        asked = self._requests.make(number)
        begun, status, complaint = time.monotonic(), 0, None
        try:
            answer = self._client.send(self._built(asked))
            status, complaint = answer.status_code, _complaint(answer)
            self._requests.learn(answer.text)
        except httpx.HTTPError as error:
            complaint = f"No answer ({type(error).__name__})"
        self.findings.add(asked, status, time.monotonic() - begun, complaint)

    def _built(self, asked: Request) -> httpx.Request:
        url = f"{str(self._client.base_url).rstrip('/')}/{asked.path}".rstrip("/")
        headers = httpx.Headers(asked.headers, encoding="latin-1")
        return self._client.build_request(
            asked.method, url, content=asked.content or None, headers=headers
        )


def _complaint(answer: httpx.Response) -> str | None:
    if answer.status_code >= 500:
        return f"Status {answer.status_code}"
    outcome = "OperationOutcome" in answer.text or '"errors"' in answer.text
    if answer.status_code >= 400 and answer.request.method != "HEAD" and not outcome:
        return f"Status {answer.status_code} without a reason"
    return None


def _numbers(args: argparse.Namespace) -> Iterable[int]:
    return args.only or range(args.count)


def _done(sender: Sender, numbers: Iterable[int], threads: int) -> Iterator[None]:
    with ThreadPoolExecutor(threads) as pool:
        yield from pool.map(sender.send, numbers)


def _report(console: Console, findings: Findings) -> None:
    kinds = sorted({kind for kind, _ in findings.statuses})
    for kind in kinds:
        found = {s: n for (k, s), n in sorted(findings.statuses.items()) if k == kind}
        console.print(f"{kind:10}", ", ".join(f"{s}: {n}" for s, n in found.items()))
    for _, line in sorted(findings.slowest, reverse=True)[:20]:
        console.print(f"slow: {escape(line)}", soft_wrap=True)
    for line in findings.wrong[:100]:
        console.print(f"[red]WRONG[/red] {escape(line)}", soft_wrap=True)
    total = sum(findings.statuses.values())
    console.print(f"{total} requests, {len(findings.wrong)} wrong, {len(findings.slowest)} slow")


def main() -> int:
    """Send them all; give 1 if an answer was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("base", help="such as http://127.0.0.1:8000/fhir")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--threads", type=int, default=3)
    parser.add_argument("--only", type=int, nargs="*", help="numbers of cases")
    args = parser.parse_args()
    console = Console()
    sender = Sender(args.base, Requests(args.seed))
    numbers = list(_numbers(args))
    done = _done(sender, numbers, args.threads)
    for _ in track(done, "Requests", total=len(numbers), console=console):
        pass
    _report(console, sender.findings)
    return 1 if sender.findings.wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
