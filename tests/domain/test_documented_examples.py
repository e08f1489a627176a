"""The examples of the documentation, run as they are written, against a server with the demo."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT, ServerProcess
from tests.documented_examples import FENCE, Example, examples, holds, missing_lines, run

DOCS = ROOT / "docs"
PAGES = [
    *sorted(
        page
        for folder in ("interactions", "national", "operations", "search")
        for page in (DOCS / folder).glob("*.md")
        if folder in ("interactions", "operations") or "<!-- example -->" in page.read_text("utf-8")
    ),
    DOCS / "walk-throughs" / "discharge.md",
    DOCS / "walk-throughs" / "sip.md",
    DOCS / "packages.md",
    DOCS / "pages" / "card.md",
    DOCS / "referential-integrity.md",
    DOCS / "security" / "consent.md",
    DOCS / "validation.md",
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    server = ServerProcess.start(tmp_path_factory.mktemp("examples") / "data")
    command = [sys.executable, "-m", "fhir_server.cli", "demo", "--quiet"]
    try:
        subprocess.run(
            [*command, "--data-dir", str(server.data_dir)], cwd=ROOT, check=True, timeout=60
        )
        yield server
    finally:
        server.stop()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.parent.name}/{page.stem}")
def test_the_examples_of_a_page_answer_as_it_says(page: Path, server: ServerProcess) -> None:
    found = list(examples(page))
    assert found, f"{page.name} has no example"
    for example in found:
        run(example, server)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.parent.name}/{page.stem}")
def test_every_request_that_a_page_shows_is_run(page: Path) -> None:
    shown = [b["content"] for b in FENCE.finditer(page.read_text("utf-8")) if b["kind"] == "bash"]
    assert shown == [example.commands for example in examples(page)]


def test_an_example_that_answers_otherwise_is_found(server: ServerProcess) -> None:
    command = "curl 'http://127.0.0.1:8000/fhir/Patient/lo-testsson?_pretty=true'\n"
    run(Example(command, 200, "json", '{"resourceType": "Patient", "id": "lo-testsson"}'), server)
    run(Example(command, None, "text", '"id": "lo-testsson",'), server)
    for wrong in (
        Example(command, 404),
        Example(command.replace("lo-", "li-")),
        Example(command, None, "json", '{"id": "maria-ljungberg"}'),
        Example(command, None, "text", '"id": "maria-ljungberg",'),
        Example("false\n"),
    ):
        with pytest.raises(AssertionError):
            run(wrong, server)


def test_what_is_shown_must_be_there_and_there_may_be_more() -> None:
    answer = {"total": 2, "entry": [{"id": "a", "active": True}, {"id": "b"}]}
    assert holds({"entry": [{"id": "b"}]}, answer)
    assert holds({"total": 2, "entry": [{"active": True}]}, answer)
    otherwise: list[object] = [{"total": 3}, {"entry": [{"id": "c"}]}, {"link": []}]
    for wrong in (*otherwise, {"entry": [{"active": 1}]}, [answer], "total"):
        assert not holds(wrong, answer), wrong


def test_ids_and_times_of_the_server_compare_equal_and_others_do_not() -> None:
    at = "http://127.0.0.1:8000/fhir/Goal/01a205df-c5dd-70e3-981c-fc21841fb362/_history/1"
    assert holds(
        at, "http://127.0.0.1:41/fhir/Goal/01a20609-1b05-70d5-a1dc-4970753f8507/_history/1"
    )
    assert not holds(at, at.replace("Goal", "Flag"))
    assert not holds(at, at.replace("_history/1", "_history/2"))
    assert holds("2026-11-23T00:48:00.989Z", "2027-01-02T03:04:05.006Z")
    assert not holds("2026-11-23", "2027-01-02")
    assert holds("_cursor=…", "_cursor=abc")
    assert not holds("_cursor=…", "_before=2")


def test_each_line_of_a_text_must_be_there() -> None:
    answer = (
        'HTTP/1.1 200 OK\netag: W/"1"\nlast-modified: Mon, 23 Nov 2026 00:47:59 GMT\n\n{"a":1.10}'
    )
    shown = 'HTTP/1.1 200 OK\nlast-modified: Tue, 24 Nov 2026 01:02:03 GMT\n\n{"a":1…'
    assert missing_lines(shown, answer) == []
    assert missing_lines('etag: W/"2"\n{"a":1.1}', answer) == ['etag: W/"2"', '{"a":1.1}']


def test_a_block_behind_a_heading_or_a_marker_is_no_answer(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "<!-- example -->\n```bash\na\n```\nIt `says`:\n\n```json\n{}\n```\n"
        "<!-- example: 404 -->\n```bash\nb\n```\n## Next\n```json\n{}\n```\n"
        "```bash\nunmarked\n```\n"
        "<!-- example -->\n```bash\nc\n```\n<!-- example -->\n\n```bash\nd\n```\n```text\ne\n```\n"
    )
    assert list(examples(page)) == [
        Example("a\n", None, "json", "{}\n"),
        Example("b\n", 404),
        Example("c\n"),
        Example("d\n", None, "text", "e\n"),
    ]


def test_a_marker_without_a_shell_block_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    for text in ("<!-- example -->\nProse\n", "<!-- example -->\n```json\n{}\n```\n"):
        page.write_text(text)
        with pytest.raises(AssertionError):
            list(examples(page))
