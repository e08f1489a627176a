"""Examples in the documentation: found, run as they are written, held to the answer they show.

An example is a shell block behind a marker, and what it answers where the page shows that:

    <!-- example -->          the HTTP status is 2xx; `<!-- example: 412 -->` says another
    ```bash
    curl http://127.0.0.1:8000/fhir/CareTeam?_summary=count
    ```
    It answers:
    ```json
    {"total": 3}
    ```

Of JSON, all that is shown must be in the answer, which may have more. Of text, each line must be
in it. Ids and times that the server chose compare equal; an ellipsis stands for anything.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.conftest import ROOT, ServerProcess

FENCE = re.compile(r"^```(?P<kind>\w+)\n(?P<content>.*?)^```$", re.DOTALL | re.MULTILINE)
# Behind a heading or another marker, a block is no answer to the example before.
BOUNDARY = re.compile(r"^(?:#|<!--)", re.MULTILINE)

ELLIPSIS = "…"
ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")
VOLATILE = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}"
    r"|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
    r"|[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT"
)

# Tells the status of every request, beside what the example prints.
CURL = "curl() { command curl -sS -w '%{stderr}HTTP status %{http_code}\\n' \"$@\"; }\n"
STATUS = re.compile(r"^HTTP status (\d{3})$", re.MULTILINE)


@dataclass(frozen=True)
class Example:
    """A shell block of a page.

    Args:
        commands: as they are written.
        status: of the last request; None for any that says success.
        kind: of the answer, ``json`` or ``text``; empty where the page shows none.
        answer: as the page shows it.
    """

    commands: str
    status: int | None = None
    kind: str = ""
    answer: str = ""


def examples(page: Path, marker: str = "example") -> Iterator[Example]:
    """Give the examples of a page, in their order."""
    text = page.read_text("utf-8")
    for found in re.finditer(rf"^<!-- {marker}(?:: (\d{{3}}))? -->\n+", text, re.MULTILINE):
        block = FENCE.match(text, found.end())
        assert block is not None, f"{page.name}: a marker without a shell block behind it"
        assert block["kind"] == "bash", f"{page.name}: a marker before a block of {block['kind']}"
        status = int(found[1]) if found[1] else None
        yield Example(block["content"], status, *_answer(text, block.end()))


def _answer(text: str, position: int) -> tuple[str, str]:
    block = FENCE.search(text, position)
    if block is None or block["kind"] not in ("json", "text"):
        return "", ""
    apart = BOUNDARY.search(text, position, block.start())
    return ("", "") if apart else (block["kind"], block["content"])


def run(example: Example, server: ServerProcess) -> None:
    """Run an example against a server and compare what comes out with what the page shows."""
    script = CURL + _at(example.commands, server)
    ran = subprocess.run(
        ["bash", "-euc", script],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    told = f"{example.commands}\nanswered\n{ran.stdout}\n{ran.stderr}"
    assert ran.returncode == 0, told
    *earlier, last = [int(status) for status in STATUS.findall(ran.stderr)] or [200]
    assert all(status < 300 for status in earlier), told
    assert last == example.status if example.status else last < 300, f"{last}: {told}"
    if example.kind == "json":
        assert holds(json.loads(example.answer), json.loads(ran.stdout)), told
    for line in missing_lines(example.answer if example.kind == "text" else "", ran.stdout):
        raise AssertionError(f"{line!r} is not in what\n{told}")


def _at(commands: str, server: ServerProcess) -> str:
    """Let commands for the server of the README reach the one under test."""
    return (
        commands.replace("http://127.0.0.1:8000", f"http://127.0.0.1:{server.port}")
        .replace(".venv/bin/fhir-server", f"'{sys.executable}' -m fhir_server.cli")
        .replace("--data-dir .data", f"--data-dir '{server.data_dir}'")
    )


def holds(expected: Any, found: Any) -> bool:
    """Tell whether all that is expected is in what was found, which may have more."""
    if isinstance(expected, dict):
        return isinstance(found, dict) and all(
            key in found and holds(value, found[key]) for key, value in expected.items()
        )
    if isinstance(expected, list):
        return isinstance(found, list) and all(
            any(holds(item, candidate) for candidate in found) for item in expected
        )
    if isinstance(expected, str):
        return isinstance(found, str) and reads_as(expected, found)
    return type(expected) is type(found) and bool(expected == found)


def missing_lines(expected: str, found: str) -> list[str]:
    """Give the lines that are expected and not found."""
    lines = found.splitlines()
    return [
        line
        for line in expected.splitlines()
        if not any(reads_as(f"{ELLIPSIS}{line.strip()}{ELLIPSIS}", each) for each in lines or [""])
    ]


def reads_as(expected: str, found: str) -> bool:
    """Compare two texts but for ids and times that the server chose, and what … stands for."""
    parts = (re.escape(_stable(part)) for part in expected.split(ELLIPSIS))
    return re.fullmatch(".*".join(parts), _stable(found), re.DOTALL) is not None


def _stable(text: str) -> str:
    return VOLATILE.sub("(theirs)", ADDRESS.sub("http://127.0.0.1:8000", text))
