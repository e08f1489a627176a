"""The spool: nothing that was appended is lost, nothing that was torn is read."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from fhir_server.security.audit.chain import Seal
from fhir_server.security.audit.spool import (
    GroupCommit,
    Spool,
    SpoolFailure,
    SpoolReader,
    abandoned,
    waiting,
)

SEAL = Seal()


def filled(root: Path, count: int, segment_bytes: int = 10_000_000) -> Spool:
    spool = Spool(root, "s", SEAL, segment_bytes)
    for n in range(count):
        spool.append(b'{"n":%d}' % n, sync=False)
    return spool


def test_records_are_read_in_order_and_chained(tmp_path: Path) -> None:
    filled(tmp_path, 5)
    records = SpoolReader(tmp_path / "s").read(0, 100)
    assert [each.number for each in records] == [1, 2, 3, 4, 5]
    previous = SEAL.genesis("s")
    for record in records:
        assert record.hash == SEAL.record(previous, record.number, record.body)
        previous = record.hash


def test_only_the_owner_reads_what_others_said_of_patients(tmp_path: Path) -> None:
    filled(tmp_path / "audit", 1)
    assert (tmp_path / "audit" / "s").stat().st_mode & 0o777 == 0o700
    for file in (tmp_path / "audit" / "s").iterdir():
        assert file.stat().st_mode & 0o777 == 0o600


def test_reading_goes_on_where_it_stopped_also_over_files(tmp_path: Path) -> None:
    spool = filled(tmp_path, 50, segment_bytes=500)
    reader = SpoolReader(tmp_path / "s")
    assert len(list((tmp_path / "s").glob("*.records"))) > 3
    numbers: list[int] = []
    while batch := reader.read(numbers[-1] if numbers else 0, 7):
        numbers += [each.number for each in batch]
    assert numbers == list(range(1, 51))
    spool.append(b"{}", sync=False)
    assert [each.number for each in reader.read(50, 7)] == [51]
    # Another reader begins in the middle, as after a restart.
    assert [each.number for each in SpoolReader(tmp_path / "s").read(48, 7)] == [49, 50, 51]


def test_files_are_taken_away_once_all_of_them_is_shipped(tmp_path: Path) -> None:
    spool = filled(tmp_path, 50, segment_bytes=500)
    reader = SpoolReader(tmp_path / "s")
    before = waiting(tmp_path)
    reader.drop(30)
    assert 0 < waiting(tmp_path) < before
    assert [each.number for each in reader.read(30, 100)] == list(range(31, 51))
    reader.drop(50)
    spool.append(b"{}", sync=False)
    assert [each.number for each in reader.read(50, 100)] == [51]


def test_a_torn_last_line_is_not_a_record(tmp_path: Path) -> None:
    filled(tmp_path, 3)
    (file,) = (tmp_path / "s").glob("*.records")
    whole = file.read_bytes()
    start = whole.rindex(b"\n", 0, -1) + 1
    for end in range(start, len(whole)):
        file.write_bytes(whole[:end])
        assert [each.number for each in SpoolReader(tmp_path / "s").read(0, 9)] == [1, 2]


def test_a_record_that_can_not_be_written_leaves_the_chain_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk: part of the line is written, and cut off again."""
    spool = filled(tmp_path, 2)
    whole = os.write
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", lambda file, data: whole(file, data[: len(data) // 2]))
        with pytest.raises(SpoolFailure, match="no space"):
            spool.append(b'{"lost":1}', sync=False)
    spool.append(b'{"kept":1}', sync=True)
    bodies = [each.body for each in SpoolReader(tmp_path / "s").read(0, 9)]
    assert bodies == [b'{"n":0}', b'{"n":1}', b'{"kept":1}']


def test_a_spool_has_an_owner_until_it_is_closed(tmp_path: Path) -> None:
    spool = filled(tmp_path, 1)
    assert list(abandoned(tmp_path)) == []
    spool.close()
    ((name, lock),) = abandoned(tmp_path)
    assert name == "s"
    assert list(abandoned(tmp_path)) == []  # it has a new owner
    os.close(lock)


def test_a_spool_in_a_place_that_can_not_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SpoolFailure, match="can't be used"):
        Spool(tmp_path / "file", "s", SEAL)


def test_threads_that_wait_for_the_disk_at_once_share_one_wait() -> None:
    syncs = []

    def slow() -> None:
        time.sleep(0.02)
        syncs.append(1)

    commit = GroupCommit(slow)

    def work() -> None:
        for _ in range(10):
            commit.wait(commit.written())

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(syncs) < 40


def test_nobody_returns_before_the_own_record_is_on_disk() -> None:
    on_disk = 0
    written = 0
    lock = threading.Lock()
    late: list[int] = []

    def sync() -> None:
        nonlocal on_disk
        seen = written
        time.sleep(0.001)
        on_disk = seen

    commit = GroupCommit(sync)

    def work() -> None:
        nonlocal written
        for _ in range(50):
            with lock:
                written += 1
                own = written
                ticket = commit.written()
            commit.wait(ticket)
            if on_disk < own:
                late.append(own)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not late


def test_a_disk_that_fails_is_told_to_each_who_waits_and_tried_again() -> None:
    failures = [OSError(5, "broken"), None]

    def sync() -> None:
        failure = failures.pop(0)
        if failure:
            raise failure

    commit = GroupCommit(sync)
    ticket = commit.written()
    with pytest.raises(OSError, match="broken"):
        commit.wait(ticket)
    commit.wait(ticket)
