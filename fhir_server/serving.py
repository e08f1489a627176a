"""Runs the server: a database where none is given, then granian with its workers, then the end."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from fhir_server import workers
from fhir_server.settings import Settings
from fhir_server.storage import embedded

# What the store needs takes a quarter of a second to import: it is imported when MongoDB has
# started, and what workers are forked from still loads.
if TYPE_CHECKING:
    from fhir_server.storage.mongo import MongoStore


class ServingError(Exception):
    """The server can't start; the text says why and what to do."""


@contextlib.contextmanager
def database(settings: Settings, *, share: bool = False) -> Iterator[str]:
    """Give a database's address: the one in the settings, or an embedded one started for this.

    Args:
        settings: the settings.
        share: use the embedded database of a server that runs on the same data directory, and
            leave it running.
    """
    if settings.mongodb_uri:
        yield settings.mongodb_uri
        return
    running = embedded.attach(settings.directory) if share else None
    if running:
        yield running
        return
    own = embedded.start(settings.directory, settings.mongod, cache_gb=settings.mongod_cache_gb)
    try:
        yield own.uri
    finally:
        own.stop()


@contextlib.contextmanager
def opened_store(settings: Settings) -> Iterator[MongoStore]:
    """Give the store for work beside a server, or without one."""
    with database(settings, share=True) as uri:
        store = _store(settings, uri)
        try:
            _prepare(store)
            yield store
        finally:
            store.close()


def serve(settings: Settings, on_ready: Callable[[], None]) -> None:
    """Serve until SIGINT or SIGTERM, then finish the requests under way and stop the database.

    Args:
        settings: the settings.
        on_ready: called once the server answers.

    Raises:
        ServingError: the port is taken, or the database can't be used.
        EmbeddedMongodError: the embedded database can't start.
        SettingsError: the server is open and would be reached from outside, or the issuers that
            are trusted can't be read.
    """
    settings.require_safe_address()
    _require_readable_issuers(settings)
    _require_free_port(settings)
    with database(settings) as uri:
        store = _store(settings, uri)
        _prepare(store)
        _let_take_effect(settings, store)
        store.close()
        threading.Thread(target=_announce, args=(settings, on_ready), daemon=True).start()
        workers.run(replace(settings, mongodb_uri=uri))


def _store(settings: Settings, uri: str) -> MongoStore:
    from fhir_server.storage.mongo import MongoStore
    from fhir_server.sweden.audit_trail import APPEND_ONLY

    trail = APPEND_ONLY if settings.audited else None
    return MongoStore(uri, settings.mongodb_database, trail)


def _prepare(store: MongoStore) -> None:
    from fhir_server.storage.mongo_deployment import UnfitDeployment

    try:
        store.prepare()
    except UnfitDeployment as error:
        raise ServingError(str(error)) from None


def _let_take_effect(settings: Settings, store: MongoStore) -> None:
    """Let take effect what a version stored that only kept profiles and value sets."""
    from fhir_server.storage.mongo_conformance import ConformanceStore

    if ConformanceStore(store.collections).is_old():
        # Only now: what these need takes a second to import.
        from fhir_server.app import create_context, create_server
        from fhir_server.bulk.conformance import let_take_effect

        let_take_effect(create_context(create_server(settings), store))


def _announce(settings: Settings, on_ready: Callable[[], None]) -> None:
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host  # noqa: S104
    url = f"http://{f'[{host}]' if ':' in host else host}:{settings.port}/healthz"
    # However long it takes: this thread ends with the process.
    while True:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=2):
            on_ready()
            return
        time.sleep(0.05)


def _require_readable_issuers(settings: Settings) -> None:
    """Say what is wrong once, before workers start and fail one after the other."""
    if settings.secured:
        from fhir_server.api import authentication

        authentication.of(settings)


def _require_free_port(settings: Settings) -> None:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise ServingError(
                f"Can't listen on {settings.host}:{settings.port} ({error.strerror}). "
                "Stop what uses it, or give --port (FHIR_SERVER_PORT) another number."
            ) from None
