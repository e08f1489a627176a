"""Files to load: which, in which order, and what they hold."""

from __future__ import annotations

import bz2
import gzip
import io
from pathlib import Path

import pytest

from fhir_server.bulk import sources
from fhir_server.bulk.sources import File, copy_of, find_sources
from fhir_server.fhir.outcome import FhirError


def written(path: Path, data: bytes) -> File:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return File(path, path.name, len(data))


def read(source: File) -> list[tuple[str, object]]:
    """Give places, and contents or the text of the error."""
    return [
        (str(d.place), str(d.content) if isinstance(d.content, FhirError) else d.content)
        for d in source.documents()
    ]


def test_a_folder_gives_its_files_by_name_and_what_others_refer_to_first(tmp_path: Path) -> None:
    for name in (
        "b.json", "a.ndjson.gz", "deep/er/c.jsonl", "practitionerInformation1.json",
        "0-organisations.json.bz2", "README.md", ".hidden.json", "d.json.unfinished",
    ):  # fmt: skip
        written(tmp_path / name, b"{}")
    found = [source.path.relative_to(tmp_path).as_posix() for source in find_sources([tmp_path])]
    assert found == [
        "0-organisations.json.bz2", "practitionerInformation1.json",
        "a.ndjson.gz", "b.json", "deep/er/c.jsonl",
    ]  # fmt: skip


def test_files_named_come_in_the_order_given_and_once(tmp_path: Path) -> None:
    second, first = tmp_path / "b.txt", tmp_path / "a.json"
    for path in (first, second):
        written(path, b"{}")
    assert [s.path for s in find_sources([second, tmp_path, first])] == [second, first]


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress])
def test_packed_files_are_known_by_their_content(tmp_path: Path, pack: type[bytes]) -> None:
    source = written(tmp_path / "x.json", pack(b'{\n"a": 1}'))
    (document,) = source.documents()
    assert document.content == {"a": 1}
    assert document.consumed == source.size
    assert document.length == 9


def test_a_bad_line_leaves_the_others_readable(tmp_path: Path) -> None:
    source = written(tmp_path / "x.ndjson", b'{"a": 1\n\n{"a": 2}\r\n  {"a": 3}')
    places = read(source)
    assert [place for place, _ in places] == [f"x.ndjson, line {n}" for n in (1, 3, 4)]
    assert str(places[0][1]).startswith("Not valid JSON: ")
    assert [content for _, content in places[1:]] == [{"a": 2}, {"a": 3}]


def test_lines_in_a_json_file_are_noticed(tmp_path: Path) -> None:
    source = written(tmp_path / "x.json", b'{"a": 1}\n{"a": 2}\n')
    assert read(source) == [("x.json, line 1", {"a": 1}), ("x.json, line 2", {"a": 2})]
    assert all(document.listed for document in source.documents())


def test_a_document_on_one_line_is_a_whole_file(tmp_path: Path) -> None:
    (document,) = written(tmp_path / "x.json", b'{"a": 1}\n\n').documents()
    assert str(document.place) == "x.json"
    assert not document.listed


def test_a_byte_order_mark_is_skipped(tmp_path: Path) -> None:
    assert read(written(tmp_path / "x.json", b'\xef\xbb\xbf{\n"a": 1}')) == [("x.json", {"a": 1})]


def test_decimals_keep_their_digits(tmp_path: Path) -> None:
    (document,) = written(tmp_path / "x.json", b'{"a": 1.10}').documents()
    assert bytes(document.content["a"]) == b"1.10"


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    cut = gzip.compress(b'{"a": 1}' * 1000)[:-20]
    assert read(written(tmp_path / "empty.json", b"")) == [("empty.json", "The file is empty.")]
    ((_, broken),) = read(written(tmp_path / "broken.json", b'{\n"a": '))
    assert str(broken).startswith("Not valid JSON: ")
    ((_, packed),) = read(written(tmp_path / "cut.json.gz", cut))
    assert str(packed).startswith("The file can't be read to its end: ")
    ((_, missing),) = read(File(tmp_path / "none.json", "none.json", 0))
    assert missing == "The file can't be read to its end: No such file or directory."


def test_a_line_too_long_is_refused_and_the_next_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "MAX_LINE_BYTES", 20)
    lines = b'{"a": 0}\n{"a": "' + b"x" * 100 + b'"}\n{"a": 2}\n'
    places = read(written(tmp_path / "x.ndjson", lines))
    assert [place for place, _ in places] == [f"x.ndjson, line {n}" for n in (1, 2, 3)]
    assert "the line is longer than" in str(places[1][1])
    assert places[2][1] == {"a": 2}


def test_a_long_line_that_is_the_whole_document_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "MAX_LINE_BYTES", 20)
    text = b'{"a": "' + b"x" * 100 + b'"}'
    assert read(written(tmp_path / "x.json", text)) == [("x.json", {"a": "x" * 100})]


def test_a_document_too_long_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "MAX_DOCUMENT_BYTES", 50)
    ((_, said),) = read(written(tmp_path / "x.json", b'{\n"a": "' + b"x" * 100 + b'"}'))
    assert "The document is longer than" in str(said)


def test_the_bytes_consumed_add_up_to_the_file(tmp_path: Path) -> None:
    lines = b"".join(b'{"a": "%d"}\n' % n for n in range(30_000))
    for name, data in (("x.ndjson", lines), ("x.ndjson.bz2", bz2.compress(lines))):
        source = written(tmp_path / name, data)
        assert sum(document.consumed for document in source.documents()) == source.size


def test_a_stream_is_copied_for_this_user_only(tmp_path: Path) -> None:
    source = copy_of(io.BytesIO(b'{"a": 1}'), tmp_path / "stdin", "standard input")
    assert source.path.stat().st_mode & 0o777 == 0o600
    assert read(source) == [("standard input", {"a": 1})]
