"""What a WSGI server loads in each worker process: ``fhir_server.wsgi:application()``."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
import time

from flask import Flask

from fhir_server import settings as settings_module
from fhir_server.app import create_app
from fhir_server.storage.records import StoreUnavailable

WATCH_SECONDS = 0.2


def application() -> Flask:
    """Give the application, from the environment alone.

    Raises:
        SettingsError: a variable can't be used, or no database is named.
        StoreUnavailable: the database does not answer.
    """
    app = _application()
    app.extensions["fhir"].store.prepare()
    return _with_rules(app)


def _application() -> Flask:
    settings = settings_module.load()
    if not settings.mongodb_uri:
        raise settings_module.SettingsError(
            "FHIR_SERVER_MONGODB_URI is not set. `fhir-server serve` starts a database of its own; "
            "under another WSGI server, name one."
        )
    return create_app(settings, settings.mongodb_uri)


def worker() -> Flask:
    """Give the application of a worker that `fhir-server serve` started and stops."""
    # Ctrl-C in a terminal goes to the whole process group. A worker that gets it besides its
    # parent's SIGTERM hangs until it is killed, and requests under way are lost.
    os.setpgid(0, 0)
    # Not getppid: a parent that was killed since it started this worker is no parent any more.
    parent = multiprocessing.parent_process()
    pid = os.getppid() if parent is None or parent.pid is None else parent.pid
    threading.Thread(target=_follow, args=(pid,), daemon=True).start()
    return _with_rules(_application())  # `serve` has prepared the database


def _with_rules(app: Flask) -> Flask:
    """Read the rules of searching now: an index of an older version is told in the log at start."""
    with contextlib.suppress(StoreUnavailable):
        app.extensions["fhir"].server.search.refresh()
    return app


def _follow(parent: int) -> None:
    # granian's workers live on when their parent is killed, and would hold the port and serve
    # without the database that stops with the parent.
    while os.getppid() == parent:
        time.sleep(WATCH_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)
