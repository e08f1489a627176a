"""The parts of the embedded MongoDB that need no process: its program, its places, its errors."""

import contextlib
import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from fhir_server.storage import embedded
from fhir_server.storage.embedded import EmbeddedMongodError
from fhir_server.storage.embedded_binary import find_mongod, runnable
from fhir_server.storage.embedded_directory import DataDirectory
from fhir_server.storage.embedded_error import explain_end

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="nothing to embed on Windows")


@pytest.fixture(autouse=True)
def _sockets_of_this_test(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path_factory.mktemp("s")))


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A program that can be run."""
    path = tmp_path / "mongod"
    path.write_text("#!/bin/sh\necho runs\n")
    path.chmod(0o755)
    return path


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


@pytest.mark.parametrize(
    ("line", "advice"),
    [
        (
            '{"s":"F","c":"CONTROL","id":20573,"msg":"Wrong mongod version","attr":{"error":'
            '"UPGRADE PROBLEM: Found an invalid featureCompatibilityVersion document"}}',
            "MongoDB of another version",
        ),
        (
            '{"s":"E","c":"WT","msg":"WiredTiger error message","attr":{"error":28,"message":'
            '{"msg":"handle-write: pwrite: failed to write, No space left on device"}}}\n'
            '{"s":"F","c":"WT","msg":"WT_PANIC: WiredTiger library panic"}',
            "The disk is full",
        ),
        (
            "mongod: error while loading shared libraries: libcrypto.so.3: cannot open",
            "Three ways out",
        ),
        (
            '{"s":"E","c":"STORAGE","msg":"Failed to open","attr":{"error":"Permission denied"}}',
            "writable for the user",
        ),
    ],
)
def test_the_end_of_mongod_is_explained_from_its_log(
    tmp_path: Path, line: str, advice: str
) -> None:
    log = tmp_path / "mongod.log"
    log.write_text(f'{{"s":"I","msg":"MongoDB starting"}}\n{line}\n{{"s":"I","msg":"ending"}}\n')

    text = explain_end(log, 100, tmp_path)

    assert advice in text
    assert "«" in text


def test_a_directory_that_cannot_be_made_is_reported(tmp_path: Path, program: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(EmbeddedMongodError, match="cannot be used"):
        embedded.start(tmp_path / "file" / "data", program)


def test_a_directory_that_others_may_change_is_refused(tmp_path: Path, program: Path) -> None:
    tmp_path.chmod(0o777)

    with pytest.raises(EmbeddedMongodError, match="chmod 700"):
        embedded.start(tmp_path, program)
    assert mode(tmp_path) == 0o777


def test_a_place_for_the_socket_that_another_prepared_is_refused(tmp_path: Path) -> None:
    directory = DataDirectory.at(tmp_path / "data")
    usual = directory.private_socket().parent
    usual.rmdir()
    (tmp_path / "trap").mkdir(mode=0o700)
    usual.symlink_to(tmp_path / "trap")

    elsewhere = None
    with contextlib.suppress(EmbeddedMongodError):  # where no other place is left either
        elsewhere = directory.private_socket().parent
    usual.unlink()

    assert elsewhere != usual
    assert not any((tmp_path / "trap").iterdir())
    if elsewhere is not None:
        assert mode(elsewhere) == 0o700
        elsewhere.rmdir()


def test_a_missing_program_gives_the_three_ways_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "path", [str(tmp_path)])

    with pytest.raises(EmbeddedMongodError) as refusal:
        find_mongod(None)

    for way_out in ("fhir-server[embedded]", "--mongod", "FHIR_SERVER_MONGODB_URI"):
        assert way_out in str(refusal.value)


def test_a_named_program_is_used_and_none_other(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedMongodError, match="There is no program at"):
        find_mongod(tmp_path / "mongod")


def test_the_program_on_the_path_goes_before_the_wheel(
    tmp_path: Path, program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    assert find_mongod(None) == program


def test_a_program_without_its_run_bit_is_copied_once(tmp_path: Path, program: Path) -> None:
    program.chmod(0o644)
    data = tmp_path / "data"
    data.mkdir()

    copy = runnable(program, data)
    inode = copy.stat().st_ino

    assert subprocess.run([copy], capture_output=True, check=True).stdout == b"runs\n"
    assert runnable(program, data).stat().st_ino == inode


def test_a_runnable_program_is_not_copied(tmp_path: Path, program: Path) -> None:
    assert runnable(program, tmp_path / "data") == program


def test_a_socket_is_short_and_the_same_for_a_directory_by_any_of_its_names(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "also").symlink_to("data")

    first = DataDirectory.at(tmp_path / "data").private_socket()

    assert first == DataDirectory.at(tmp_path / "also").private_socket()
    assert first != DataDirectory.at(tmp_path / "other").private_socket()
    assert len(os.fsencode(first)) < 100


def test_a_temporary_directory_that_a_socket_cannot_name_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("Capitals", "with space", "l" * 100):
        (tmp_path / name).mkdir()
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / name))
        place = DataDirectory.at(tmp_path / "data").private_socket().parent
        place.rmdir()
        assert place.parent != tmp_path / name


def test_a_record_that_came_along_with_a_copy_is_not_believed(tmp_path: Path) -> None:
    directory = DataDirectory.at(tmp_path)
    written = f'{{"pid": 1, "dbpath": "{directory.dbpath}", "socket": "/tmp/s.sock"}}'
    (tmp_path / "mongod.json").write_text(written)
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "mongod.json").write_text(written)

    record = directory.record()

    assert record is not None
    assert record.pid == 1
    assert DataDirectory.at(tmp_path / "copy").record() is None


def test_a_claim_is_exclusive_until_it_is_given_back(tmp_path: Path) -> None:
    directory = DataDirectory.at(tmp_path)
    claim = directory.claim()

    with pytest.raises(EmbeddedMongodError, match=f"process id {os.getpid()}"):
        directory.claim()
    assert directory.is_claimed()
    os.close(claim)
    assert not directory.is_claimed()
    os.close(directory.claim())
