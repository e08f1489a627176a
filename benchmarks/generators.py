"""The load generator's processes, seen from the side that tells them what to do."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.figures import Slice
from benchmarks.targets import Target

# As many as the machine these figures are about has cores: one would be the limit of fast answers.
PROCESSES = 2
GENERATOR = "load generator"
_ROOT = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True)
class Job:
    """What clients do in a slice.

    Args:
        flow: one of `benchmarks.load.flows`.
        content: file with what is sent.
        clients: how many side by side.
        seconds: how long.
        warmup: seconds before that count for nothing.
        token: which of the target's tokens is sent.
    """

    flow: str
    content: Path
    clients: int
    seconds: float
    warmup: float
    token: str = ""


class Generators:
    """Processes that make load together.

    Args:
        processes: their pipes.
    """

    def __init__(self, processes: list[subprocess.Popen[bytes]]) -> None:
        self._processes = processes

    def run(self, target: Target, job: Job) -> Slice:
        """Run a slice and give what was measured.

        Raises:
            RuntimeError: a process ended.
        """
        used = self._processes[: max(1, min(len(self._processes), job.clients))]
        before = target.cpu_seconds()
        for number, process in enumerate(used):
            told = self._told(target, job, _share(job.clients, number, len(used)))
            assert process.stdin is not None
            process.stdin.write(json.dumps(told).encode() + b"\n")
            process.stdin.flush()
        answers = [self._answer(process) for process in used]
        after = target.cpu_seconds()
        cpu = {name: after[name] - before.get(name, 0.0) for name in after}
        cpu[GENERATOR] = sum(each["cpu"] for each in answers)
        times: dict[str, list[float]] = {}
        for each in answers:
            for name, values in each["times"].items():
                times.setdefault(name, []).extend(values)
        return Slice(
            seconds=job.seconds,
            times=times,
            items=sum(each["items"] for each in answers),
            wrong=sum(each["wrong"] for each in answers),
            errors=[error for each in answers for error in each["errors"]],
            all_requests=sum(each["all_requests"] for each in answers),
            cpu=cpu,
        )

    @staticmethod
    def _told(target: Target, job: Job, clients: int) -> dict[str, Any]:
        return {
            "base": target.base,
            "headers": target.headers(job.token),
            "flow": job.flow,
            "content": str(job.content),
            "clients": clients,
            "seconds": job.seconds,
            "warmup": job.warmup,
        }

    @staticmethod
    def _answer(process: subprocess.Popen[bytes]) -> Mapping[str, Any]:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise RuntimeError("a process of the load generator ended; what it said stands above")
        answer: dict[str, Any] = json.loads(line)
        return answer


def _share(clients: int, number: int, of: int) -> int:
    return clients // of + (1 if number < clients % of else 0)


def interpreter() -> Path:
    """Give the Python that has locust.

    Raises:
        SystemExit: there is none.
    """
    named = os.environ.get("BENCH_PYTHON")
    found = Path(named) if named else Path(sys.prefix) / "load" / "bin" / "python"
    if not found.exists():
        raise SystemExit(f"No load generator at {found}: `make bench` installs it.")
    return found


@contextlib.contextmanager
def generators(processes: int = PROCESSES) -> Iterator[Generators]:
    """Start the processes, and end them."""
    python = str(interpreter())
    environment = {**os.environ, "PYTHONPATH": str(_ROOT)}
    started = [
        subprocess.Popen(
            [python, "-m", "benchmarks.load.generator", str(number), str(processes)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, cwd=_ROOT,
        )
        for number in range(processes)
    ]  # fmt: skip
    try:
        yield Generators(started)
    finally:
        for process in started:
            assert process.stdin is not None
            process.stdin.close()
        for process in started:
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
