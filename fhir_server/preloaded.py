"""What all workers have in common; a process that imports this module has it in memory.

The fork server (`workers.py`) does, before there is a database: nothing here may start a thread,
open a connection or hold a lock, since workers would inherit it.
"""

from __future__ import annotations

import contextlib
import gc
import os

# What is made here stays, and to look through it for garbage again and again takes a tenth of the
# time.
gc.disable()

from granian.server import mp as _server  # noqa: E402, F401

import fhir_server.plain_structlog  # noqa: E402, F401  # before anything imports structlog
from fhir_server import settings as settings_module  # noqa: E402
from fhir_server.app import create_routes, create_server, published_plans  # noqa: E402
from fhir_server.resources.registry import USUAL  # noqa: E402

PROCESS = os.getpid()

# What becomes the application of a worker; none is made here with settings or a database.
ROUTES = create_routes()
# What does not fit is said by the worker that needs it.
with contextlib.suppress(Exception):
    _settings = settings_module.load()
    published_plans(_settings.full_text).prepare(USUAL)
    create_server(_settings).validator.prepare(USUAL)
# The collector writes into each object that it looks at, and a page that is written to is no
# longer shared. What is garbage already is some two thousand objects of two hundred thousand, and
# to look for it takes a tenth of a second.
gc.freeze()
gc.enable()
