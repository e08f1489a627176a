"""The folder in memory that the tests' database writes to."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.memory_folder import folder_in_memory


def test_a_folder_is_made_where_there_is_room_and_is_gone_afterwards(tmp_path: Path) -> None:
    with folder_in_memory(tmp_path / "disk", tmp_path, room=1) as folder:
        assert folder.parent == tmp_path
        (folder / "data").write_text("x")
    assert list(tmp_path.iterdir()) == []


def test_the_other_folder_is_taken_where_there_is_too_little_room(tmp_path: Path) -> None:
    with folder_in_memory(tmp_path / "disk", tmp_path, room=1 << 60) as folder:
        assert folder == tmp_path / "disk"


def test_the_other_folder_is_taken_where_the_machine_has_none_in_memory(tmp_path: Path) -> None:
    with folder_in_memory(tmp_path / "disk", tmp_path / "shm", room=1) as folder:
        assert folder == tmp_path / "disk"


def test_what_a_killed_process_left_is_removed_and_what_a_running_one_has_is_not(
    tmp_path: Path,
) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait(30)
    left, used = (tmp_path / f"fhir-server-tests-{pid}-x" for pid in (ended.pid, os.getpid()))
    left.mkdir()
    used.mkdir()
    with folder_in_memory(tmp_path / "disk", tmp_path, room=1):
        assert not left.exists()
        assert used.exists()
