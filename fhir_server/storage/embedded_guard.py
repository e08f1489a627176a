"""Keeps one mongod running for exactly as long as the server that asked for it.

A script of its own, run as `python -I -S embedded_guard.py ROOT SERVER_PID SOCKET DBPATH MONGOD
ARGUMENT…`, with nothing but the standard library, so that it starts in 20 ms and weighs little.

It stands between server and mongod because neither can do this work: the server may be killed
with SIGKILL, and mongod does not watch who started it. Its standard input is a pipe whose other
end only the server holds; end of file means that the server is gone, however it went. Its
standard output tells the server what happens: `started PID`, `ended CODE`, `gave up`.
"""

import contextlib
import fcntl
import json
import os
import resource
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable

SERVER_CHECK_SECONDS = 1.0
LOCK_SECONDS = 20.0
STOP_SECONDS = 15.0
SETTLED_SECONDS = 2.0
QUICK_ENDS_ALLOWED = 6
FILE_LIMIT = 64_000
PR_SET_PDEATHSIG = 1


class Guard:
    """One mongod, its server and the pipe between them."""

    def __init__(self, root: str, server: int, socket: str, dbpath: str, command: list[str]):
        self._root = root
        self._server = server
        self._place = {"dbpath": dbpath, "socket": socket}
        self._command = command
        self._mongod: subprocess.Popen[bytes] | None = None
        self._has_answered = False
        self._server_gone = False
        self._wake, wake_end = os.pipe()
        os.set_blocking(self._wake, False)
        os.set_blocking(wake_end, False)
        signal.set_wakeup_fd(wake_end, warn_on_full_buffer=False)

    def run(self) -> int:
        """Run mongod, again after each unexpected end, until the server is gone.

        Returns:
            The exit status: 0 after an orderly end, 1 when mongod would not stay up.
        """
        quick_ends = 0
        while not self._is_server_gone():
            began = time.monotonic()
            code = self._run_once()
            if code is None:
                break
            tell(f"ended {code}")
            # One that can't start may need long for that where the machine is busy.
            lived = self._has_answered and time.monotonic() - began >= SETTLED_SECONDS
            quick_ends = 0 if lived else quick_ends + 1
            if quick_ends == QUICK_ENDS_ALLOWED:
                tell("gave up")
                return 1
            self._pause(_delay(quick_ends))
        return 0

    def _run_once(self) -> int | None:
        """Run mongod to its end and return its exit code, or None when the server went first."""
        self._has_answered = False
        try:
            self._mongod = self._spawn()
        except OSError as error:
            note(f"cannot run {self._command[0]}: {error.strerror}")
            return 126
        self._record(self._mongod.pid)
        tell(f"started {self._mongod.pid}")
        while (code := self._mongod.poll()) is None:
            self._sleep(SERVER_CHECK_SECONDS)
            if self._is_server_gone():
                self._stop(self._mongod)
                return None
            self._has_answered = self._has_answered or self._is_answering()
        return code

    def _is_answering(self) -> bool:
        """Tell whether mongod takes connections."""
        # Here and not above: mongod starts before this is loaded.
        import socket

        with socket.socket(socket.AF_UNIX) as line, contextlib.suppress(OSError):
            line.settimeout(SERVER_CHECK_SECONDS)
            line.connect(self._place["socket"])
            return True
        return False

    def _spawn(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self._command,
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr.fileno(),
            stderr=sys.stderr.fileno(),
            # A locale that is not installed (LC_ALL carried over by ssh) keeps mongod from
            # starting; C is always there, and paths are bytes to it.
            env={**os.environ, "LC_ALL": "C"},
            # Safe here: this process has one thread.
            preexec_fn=_end_with_this_process(),  # noqa: PLW1509
        )

    def _stop(self, mongod: subprocess.Popen[bytes]) -> None:
        mongod.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        while mongod.poll() is None and time.monotonic() < deadline:
            self._sleep(0.2)
        if mongod.poll() is None:
            mongod.kill()
            mongod.wait()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(self._root, "mongod.json"))

    def _record(self, pid: int) -> None:
        """Write down which process serves the directory and where, for the next server."""
        path = os.path.join(self._root, "mongod.json")
        try:
            with open(path + ".new", "w", encoding="ascii") as file:
                json.dump({"pid": pid, **self._place}, file)
            os.replace(path + ".new", path)
        except OSError as error:
            # A full disk is mongod's to report; a guard that ended here would take it along.
            note(f"cannot write {path}: {error.strerror}")

    def _is_server_gone(self) -> bool:
        # The parent's id decides too: a process forked from the server by foreign code could
        # hold the pipe open after the server's death.
        self._server_gone = self._server_gone or os.getppid() != self._server
        return self._server_gone

    def _pause(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0 and not self._is_server_gone():
            self._sleep(min(left, SERVER_CHECK_SECONDS))

    def _sleep(self, seconds: float) -> None:
        """Wait for a signal (a child's end is one), the server's end, or the time to pass."""
        watched = [self._wake] if self._server_gone else [self._wake, 0]
        ready, _, _ = select.select(watched, [], [], seconds)
        if self._wake in ready:
            os.read(self._wake, 512)
        if 0 in ready and not os.read(0, 512):
            self._server_gone = True


def _delay(quick_ends: int) -> float:
    """At once after a single end, then 0.1 s doubled each time."""
    return 0.0 if quick_ends < 2 else 0.05 * 2.0 ** (quick_ends - 1)


def _end_with_this_process() -> Callable[[], None] | None:
    """What a child does first on Linux to get SIGTERM when this process dies, even by SIGKILL.

    The kernel sends it at the end of the *thread* that forked: a reason why the one-threaded
    guard starts mongod and the server does not.
    """
    if sys.platform != "linux":
        return None
    try:
        import ctypes

        prctl = ctypes.CDLL(None).prctl
    except (ImportError, OSError, AttributeError):
        return None
    guard = os.getpid()

    def ask() -> None:
        prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
        if os.getppid() != guard:
            os._exit(125)

    return ask


def tell(event: str) -> None:
    """Send the server one line; a server that is gone is noticed elsewhere."""
    with contextlib.suppress(OSError):
        os.write(1, f"{event}\n".encode())


def note(text: str) -> None:
    """Write a line to mongod's log, which a full disk must not turn into the guard's end."""
    with contextlib.suppress(OSError):
        os.write(2, f"{text}\n".encode(errors="replace"))


def _take_lock(root: str) -> bool:
    """Hold `guard.lock` as long as this process lives, so that no two guards share a directory."""
    descriptor = os.open(os.path.join(root, "guard.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        else:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, str(os.getpid()).encode(), 0)
            return True


def _settle_process() -> None:
    """Ignore what is meant for the server, and give mongod the files it needs."""
    # Handlers that do nothing, not SIG_IGN: an ignored signal stays ignored in mongod. A signal
    # to every process (Ctrl-C, a service manager) must not stop the database before the server
    # has finished its work.
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGCHLD):
        signal.signal(name, lambda *_: None)
    os.umask(0o077)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILE_LIMIT if hard == resource.RLIM_INFINITY else min(hard, FILE_LIMIT)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def main(arguments: list[str]) -> int:
    """Guard the mongod named by the command line."""
    root, server, socket, dbpath, *command = arguments
    _settle_process()
    if not _take_lock(root):
        note("another guard holds this data directory")
        return 1
    return Guard(root, int(server), socket, dbpath, command).run()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
