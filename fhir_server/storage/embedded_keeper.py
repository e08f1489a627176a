"""The server's end of the guard: starts it, hears from it, stops it."""

import contextlib
import logging
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fhir_server.storage.embedded_directory import DataDirectory
from fhir_server.storage.embedded_error import explain_end
from fhir_server.storage.embedded_leftovers import GUARD_SCRIPT, end_mongod, stop_leftovers

_log: Final = logging.getLogger(__name__)
_GUARDS_A_MINUTE: Final = 5


@dataclass(frozen=True)
class Order:
    """What the guard is to run."""

    socket: Path
    command: tuple[str, ...]


class Keeper:
    """Owns a data directory's claim and its guard, in the process that called `start`."""

    def __init__(self, directory: DataDirectory, claim: int):
        self.first_end: int | None = None
        self._directory = directory
        self._claim = claim
        self._process_id = os.getpid()
        self._order: Order | None = None
        self._control = self._events = -1
        self._guard: subprocess.Popen[bytes] | None = None
        self._thread: threading.Thread | None = None
        self._change = threading.Lock()
        self._pid = self._last_end = 0
        self._settled = self._stopping = self._stopped = self._gave_up = False
        self._launches: list[float] = []
        _keepers.add(self)

    def start(self, order: Order) -> None:
        """Start the guard, and listen to it in a thread of its own."""
        self._order = order
        self._launch(order)
        self._thread = threading.Thread(target=self._follow, name="mongod-keeper", daemon=True)
        self._thread.start()

    def settle(self) -> int:
        """From now on an end of mongod is a matter for the guard; return mongod's process id."""
        self._settled = True
        return self._pid

    def stop(self, timeout: float) -> None:
        """Stop mongod and the guard, then give the data directory back."""
        with self._change:
            if self._stopped or os.getpid() != self._process_id:
                return
            self._stopping = True
            self._close_control()
        if self._thread is not None:
            self._thread.join(timeout)
        self._end_what_remains()
        self._stopped = True
        _keepers.discard(self)
        if self._order is not None:
            with contextlib.suppress(OSError):
                self._order.socket.unlink(missing_ok=True)
                self._order.socket.parent.rmdir()
        self._give_back_claim()

    def leave(self) -> None:
        """Let go of everything in a forked child: it is the parent's, and must end with it."""
        self._close_control()
        self._give_back_claim()

    def _launch(self, order: Order) -> None:
        guard_input, self._control = os.pipe()
        self._events, guard_output = os.pipe()
        root, dbpath = self._directory.root, self._directory.dbpath
        place = [str(root), str(os.getpid()), str(order.socket), str(dbpath)]
        log = os.open(self._directory.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            self._guard = subprocess.Popen(
                [sys.executable, "-I", "-S", str(GUARD_SCRIPT), *place, *order.command],
                stdin=guard_input,
                stdout=guard_output,
                stderr=log,
                cwd="/",
                # Ctrl-C reaches the whole process group: the database has one of its own, to
                # stop after the server and not with it.
                start_new_session=True,
            )
        finally:
            for descriptor in (guard_input, guard_output, log):
                os.close(descriptor)
        self._launches.append(time.monotonic())

    def _follow(self) -> None:
        """Hear the guard out, and start another one if it dies while it is needed."""
        while True:
            self._hear()
            if self._guard is not None:
                self._guard.wait()
            if self._gave_up or not self._settled or not self._replace_guard():
                break
        # During start, a guard that ended is an end of mongod too.
        if not self._settled and self.first_end is None:
            self.first_end = 1

    def _hear(self) -> None:
        # os.read and no file object: its buffer's lock could be held at a fork.
        rest = b""
        while chunk := os.read(self._events, 512):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                self._note(*line.decode().split(" ", 1))
        os.close(self._events)

    def _note(self, event: str, value: str = "") -> None:
        if event == "started":
            self._pid = int(value)
            if self._settled:
                _log.warning("mongod runs again, as process %s", value)
        elif event == "ended" and not self._settled:
            self.first_end = int(value)
        elif event == "ended" and not self._stopping:
            _log.warning("mongod (process %d) ended with %s; starting it again", self._pid, value)
            self._last_end = int(value)
        elif event == "gave":
            self._gave_up = True
            text = explain_end(self._directory.log, self._last_end, self._directory.dbpath)
            _log.error("mongod ended too often and is not started again. %s", text)

    def _replace_guard(self) -> bool:
        with self._change:
            if self._stopping or self._order is None:
                return False
            self._close_control()
            recent = [at for at in self._launches if time.monotonic() - at < 60]
            if len(recent) >= _GUARDS_A_MINUTE:
                _log.error("the guard of mongod was ended too often and is not started again")
                return False
            _log.warning("the guard of mongod was ended; starting another")
            try:
                stop_leftovers(self._directory)
                self._launch(self._order)
            except OSError:
                _log.exception("the guard of mongod could not be started again")
                return False
            return True

    def _close_control(self) -> None:
        control, self._control = self._control, -1
        if control >= 0:
            with contextlib.suppress(OSError):
                os.close(control)

    def _give_back_claim(self) -> None:
        claim, self._claim = self._claim, -1
        if claim >= 0:
            with contextlib.suppress(OSError):
                os.close(claim)

    def _end_what_remains(self) -> None:
        """After an orderly stop there is nothing; after a killed guard or a timeout there is."""
        if self._guard is not None and self._guard.poll() is None:
            end_mongod(self._directory, patience=0)
            try:
                self._guard.wait(timeout=2)
            except subprocess.TimeoutExpired:
                self._guard.kill()
                self._guard.wait()
        stop_leftovers(self._directory)


_keepers: Final[set[Keeper]] = set()


def _leave_all() -> None:
    for keeper in _keepers:
        keeper.leave()
    _keepers.clear()


# A worker forked from the server would otherwise hold the pipe and the claim open after a
# `kill -9` of the server, and mongod would not learn of it.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_all)
