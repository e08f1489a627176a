"""The walk-through of who sees what, run as it is written, against a secured server."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import ROOT
from tests.documented_examples import FENCE, examples, run
from tests.domain.secured_parties import secured_server

PAGE = ROOT / "docs" / "walk-throughs" / "secured.md"


def test_the_walk_through_of_access_runs_as_written(tmp_path: Path) -> None:
    """R110, R111: consent and spärr decide at the next request."""
    demo = ("a-elderly-discharge", "b-als", "c-child")
    with secured_server(tmp_path / "data", *demo) as server:
        for example in examples(PAGE):
            run(example, server)


def test_every_request_that_the_page_shows_is_run() -> None:
    shown = [b["content"] for b in FENCE.finditer(PAGE.read_text("utf-8")) if b["kind"] == "bash"]
    assert shown == [example.commands for example in examples(PAGE)]
