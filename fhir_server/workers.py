"""The worker processes of `fhir-server serve`: how they start, and when they end.

On Linux they are forked from a process that does nothing else: the fork server of Python's
multiprocessing. It has loaded the program (`preloaded.py`) while the database started, once for
all workers, which share its memory. It has one thread, no connection and no lock that a worker
could inherit. Why it is built so: docs/adr/0020-start-up-and-memory.md.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from multiprocessing import forkserver, resource_tracker, util
from multiprocessing.process import BaseProcess
from typing import TYPE_CHECKING, Any

from fhir_server.settings import Settings

if TYPE_CHECKING:
    from flask import Flask
    from granian.server.mp import MPServer

# Elsewhere granian hands workers a socket that a fork server does not pass on.
_FORKED = sys.platform == "linux"
_WATCH_SECONDS = 0.2
# What a killed process takes at most until it is gone.
_DYING_SECONDS = 5.0
if sys.platform == "linux":
    from multiprocessing.context import ForkServerProcess as _Process
else:
    from multiprocessing import Process as _Process
# What a terminal or a service manager sends to every process: only the parent decides then.
_FOR_THE_PARENT = (signal.SIGINT, signal.SIGTERM)

# What glibc's allocator does otherwise holds on to what large bundles needed: a heap for each
# thread, and ever larger blocks that are kept (mallopt(3)).
_ALLOCATOR = {
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_MMAP_THRESHOLD_": "131072",
    "MALLOC_TRIM_THRESHOLD_": "131072",
}


def begin_to_load() -> None:
    """Start the process that workers are forked from; it loads the program meanwhile."""
    if not _FORKED:
        return
    # The command too: multiprocessing imports in each worker what its parent was started as.
    forkserver.set_forkserver_preload(["fhir_server.cli", "fhir_server.preloaded"])
    # Read when a process begins, and so of no effect on this one.
    os.environ.update({name: value for name, value in _ALLOCATOR.items() if name not in os.environ})
    # Before signals are blocked: it unblocks them when it starts.
    resource_tracker.ensure_running()
    # It inherits what is blocked: Ctrl-C must not end it while workers finish their requests.
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, _FOR_THE_PARENT)
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)


def run(settings: Settings) -> None:
    """Serve with the settings' number of workers until SIGINT or SIGTERM; replace who dies."""
    from granian.constants import Interfaces
    from granian.log import LogLevels

    # A worker forked from here would inherit threads' locks and the lock on the data directory.
    multiprocessing.set_start_method("spawn", force=True)
    server = _server_class()(
        "fhir_server.wsgi:application",  # only a name: what workers load is given below
        interface=Interfaces.WSGI,
        address=settings.host,
        port=settings.port,
        workers=settings.workers,
        blocking_threads=settings.threads,
        respawn_failed_workers=True,
        respawn_interval=0.5,
        workers_kill_timeout=20,
        log_level=LogLevels.warning,
        log_access=False,
        websockets=False,
    )
    server.serve(target_loader=partial(load, settings), wrap_loader=False)


def load(settings: Settings) -> Flask:
    """Give the application, in a worker that has just started."""
    from fhir_server import preloaded
    from fhir_server.app import collect_rarely, create_app

    # Ctrl-C in a terminal goes to the whole process group. A worker that gets it besides its
    # parent's SIGTERM hangs until it is killed, and requests under way are lost.
    os.setpgid(0, 0)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _FOR_THE_PARENT)
    # Not getppid alone: who was killed since it started this worker is no parent any more.
    forked = os.getpid() != preloaded.PROCESS
    starter = preloaded.PROCESS if forked else os.getppid()
    if forked:
        # Python itself does not do what is to be done at exit in such a process.
        util.Finalize(None, atexit._run_exitfuncs, exitpriority=0)
    parent = multiprocessing.parent_process()
    threading.Thread(target=_follow, args=(starter, parent), daemon=True).start()
    # `serve` prepared the database. The routes belong to one application, as a process to a worker.
    app = with_rules(create_app(settings, settings.mongodb_uri, preloaded.ROUTES))
    # What is there now stays. It need not be looked through for garbage again and again, and
    # pages of memory that nobody writes to remain shared.
    gc.collect()
    collect_rarely()
    return app


def with_rules(app: Flask) -> Flask:
    """Read the rules of searching now: an index of an older version is told in the log at start."""
    from fhir_server.storage.records import StoreUnavailable

    with contextlib.suppress(StoreUnavailable):
        app.extensions["fhir"].server.search.refresh()
    return app


def _follow(starter: int, parent: BaseProcess | None) -> None:
    """End with the process that this one was forked from, or with the one that asked for it."""
    # granian's workers live on when their parent is killed, and would hold the port and serve
    # without the database that stops with the parent. Without the fork server, the parent takes a
    # worker for dead and has it replaced.
    while os.getppid() == starter and (parent is None or parent.is_alive()):
        if parent is None:
            time.sleep(_WATCH_SECONDS)
        else:
            parent.join(_WATCH_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)


class Forked(_Process):
    """A worker's process; its fork server may have died, or be about to."""

    def start(self) -> None:
        """Start it, from another fork server where the first is gone.

        A process that is killed lets go of its pipes first, by which its end is known, and of its
        socket next; it still takes connections in between, and gives no answer.

        Raises:
            OSError, EOFError: no fork server can be started.
        """
        deadline = time.monotonic() + _DYING_SECONDS
        while True:
            try:
                begin_to_load()
                super().start()
            except (EOFError, OSError):
                if time.monotonic() > deadline:
                    raise
                time.sleep(_WATCH_SECONDS)
            else:
                return


def _server_class() -> type[MPServer]:
    from granian.server import mp

    if not _FORKED:
        return mp.MPServer

    class Server(mp.MPServer):
        """granian's server, which itself only knows `fork` and `spawn`."""

        def _spawn_worker(  # type: ignore[override]
            self, idx: int, target: Any, callback_loader: Callable[..., Any]
        ) -> Any:
            worker = super()._spawn_worker(idx, target, callback_loader)
            given = worker.inner  # not started yet
            worker.inner = Forked(name=given.name, target=given._target, args=given._args)
            return worker

    return Server
