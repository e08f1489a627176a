"""Links lead somewhere, decisions are numbered, and commands that the documents name exist."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

from fhir_server.cli import main
from tests.architecture.source_tree import DOCS, ROOT, documents

FENCE = re.compile(r"^(```|~~~).*?^\1\s*$", re.DOTALL | re.MULTILINE)
CODE = re.compile(r"`[^`\n]*`")
LINK = re.compile(r"\[[^\]]*\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*\s*$", re.MULTILINE)
FILE = re.compile(r"`((?:fhir_server|profiles|docs|tests|demo|tools|benchmarks)/[\w./-]+\.\w+)`")
RECORD = re.compile(r"(\d{4})-[a-z0-9-]+\.md")


def prose(markdown: str) -> str:
    return FENCE.sub("", markdown)


def anchors(markdown: str) -> set[str]:
    """Give the anchors of headings, as GitHub makes them."""
    found: set[str] = set()
    for heading in HEADING.findall(prose(markdown)):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        slug = re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
        number = 1
        unique = slug
        while unique in found:
            unique = f"{slug}-{number}"
            number += 1
        found.add(unique)
    return found


def broken_links(path: Path, markdown: str) -> Iterator[str]:
    """Name the links to files of the project, and to headings in them, that lead nowhere."""
    for link in LINK.findall(CODE.sub("", prose(markdown))):
        if re.match(r"[a-z][a-z0-9+.-]*:", link):
            continue
        file, _, anchor = unquote(link).partition("#")
        target = (path.parent / file) if file else path
        if not target.exists():
            yield f"{path.name}: {link}"
        elif anchor and target.suffix == ".md":
            text = markdown if target == path else target.read_text("utf-8")
            if anchor not in anchors(text):
                yield f"{path.name}: {link} (no such heading)"


def missing_files(path: Path, markdown: str) -> Iterator[str]:
    """Name the files of the project that a document speaks of and that do not exist."""
    for name in FILE.findall(prose(markdown)):
        if not (ROOT / name).exists():
            yield f"{path.name}: {name}"


def misnumbered(names: list[str]) -> list[str]:
    """Name the decision records whose number is not the next one."""
    found = []
    for expected, name in enumerate(sorted(names), 1):
        match = RECORD.fullmatch(name)
        if match is None or int(match[1]) != expected:
            found.append(name)
    return found


def targets(makefile: str) -> set[str]:
    phony = re.search(r"^\.PHONY:(.*)$", makefile, re.MULTILINE)
    return set(phony[1].split()) if phony else set()


def unexplained(makefile: str) -> set[str]:
    """Give the targets of a Makefile without a line of help."""
    return targets(makefile) - set(re.findall(r"^([a-z]+):[^\n]*## \S", makefile, re.MULTILINE))


def test_links_inside_the_project_lead_somewhere() -> None:
    assert [x for path in documents() for x in broken_links(path, path.read_text("utf-8"))] == []


def test_a_link_that_leads_nowhere_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# One `two`, three\n", "utf-8")
    text = (
        "# Top\n[a](gone.md) [b](page.md#one-two-three) [c](page.md#two) [d](#top) [e](#bottom)\n"
        "[f](https://example.org/x) `[g](code.md)`\n```text\n[h](fenced.md)\n```\n"
    )
    start = tmp_path / "start.md"
    start.write_text(text, "utf-8")
    assert list(broken_links(start, text)) == [
        "start.md: gone.md",
        "start.md: page.md#two (no such heading)",
        "start.md: #bottom (no such heading)",
    ]


def test_files_that_documents_speak_of_exist() -> None:
    assert [x for path in documents() for x in missing_files(path, path.read_text("utf-8"))] == []


def test_a_file_that_was_moved_is_found() -> None:
    text = "See `fhir_server/app.py` and `fhir_server/application.py`."
    assert list(missing_files(Path("page.md"), text)) == ["page.md: fhir_server/application.py"]


def test_decision_records_are_numbered_without_gaps() -> None:
    names = [path.name for path in (DOCS / "adr").iterdir()]
    assert misnumbered(names) == []


def test_a_gap_and_a_number_used_twice_are_found() -> None:
    assert misnumbered(["0001-a.md", "0003-c.md"]) == ["0003-c.md"]
    assert misnumbered(["0001-a.md", "0001-b.md"]) == ["0001-b.md"]
    assert misnumbered(["notes.md"]) == ["notes.md"]


def test_every_page_is_reached_from_the_index() -> None:
    reached, waiting = set(), [DOCS / "README.md"]
    while waiting:
        page = waiting.pop().resolve()
        if page in reached or page.suffix != ".md" or not page.is_relative_to(DOCS.resolve()):
            continue
        reached.add(page)
        links = LINK.findall(prose(page.read_text("utf-8")))
        below = [page.parent / link.partition("#")[0] for link in links if ":" not in link]
        waiting += [found for found in below if found.is_file()]
    assert sorted(str(p) for p in set(DOCS.rglob("*.md")) - reached) == []


def test_every_target_of_the_makefile_explains_itself() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert targets(makefile) >= {"help", "venv", "run", "test", "check"}
    assert unexplained(makefile) == set()
    shown = subprocess.run(
        ["make", "--no-print-directory", "help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    ).stdout
    assert {line.split()[1] for line in shown.splitlines()} == targets(makefile)


def test_a_target_without_help_is_found() -> None:
    assert unexplained(".PHONY: run test\nrun: venv ## Start\n\t@x\ntest: venv\n\t@y\n") == {"test"}


@pytest.mark.parametrize("command", ["make run", "make test"])
def test_the_readme_names_the_command(command: str) -> None:
    blocks = FENCE.finditer((ROOT / "README.md").read_text("utf-8"))
    assert any(command in block[0] for block in blocks)


def test_every_command_that_documents_name_exists() -> None:
    unknown = {
        f"{path.name}: fhir-server {name}"
        for path in documents()
        for name in re.findall(r"`(?:[\w./]*/)?fhir-server ([a-z]+)\b", path.read_text("utf-8"))
        if name not in main.commands
    }
    assert unknown == set()
