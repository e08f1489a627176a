"""What all workers have in common; a process that imports this module has it in memory.

The fork server (`workers.py`) does, before there is a database: nothing here may start a thread,
open a connection or hold a lock, since workers would inherit it.
"""

from __future__ import annotations

import contextlib
import gc
import os

from granian.server import mp as _server  # noqa: F401

import fhir_server.plain_structlog  # noqa: F401  # before anything imports structlog
from fhir_server import settings as settings_module
from fhir_server.app import create_server
from fhir_server.resources.registry import USUAL

PROCESS = os.getpid()

# What does not fit is said by the worker that needs it.
with contextlib.suppress(Exception):
    create_server(settings_module.load()).validator.prepare(USUAL)
# The collector writes into each object that it looks at, and a page that is written to is no
# longer shared.
gc.collect()
gc.freeze()
