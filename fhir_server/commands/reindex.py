"""`fhir-server reindex`: makes the index entries anew that the rules of searching ask for."""

from __future__ import annotations

import contextlib
import multiprocessing
import multiprocessing.util
import os
import signal
import threading
import time
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from dataclasses import replace
from multiprocessing.process import BaseProcess
from typing import TYPE_CHECKING, Any

import click

from fhir_server import settings as settings_module
from fhir_server.commands.options import EPILOG, database_options, quiet_option
from fhir_server.commands.progress import meter

if TYPE_CHECKING:
    from fhir_server.bulk.reindex import Elsewhere
    from fhir_server.interactions.context import Context
    from fhir_server.settings import Settings
    from fhir_server.storage.records import StoredResource

# Below this another process takes longer to start than it saves.
WORTH_MORE = 10_000
MOST_PROCESSES = 4


@click.command(epilog=EPILOG, short_help="Let new search parameters take effect.")
@click.option("--all", "everything", is_flag=True, help="Index every resource, as after upgrades.")
@click.option(
    "--processes",
    type=click.IntRange(1, 64),
    help=f"How many index side by side. Default: one for each core, at most {MOST_PROCESSES}.",
)
@quiet_option
@database_options
def reindex(everything: bool, processes: int | None, quiet: bool, **options: Any) -> None:
    """Index resources by the search parameters that were stored, changed or removed.

    A stored SearchParameter answers searches once all resources of its types are indexed by it.
    This works beside running servers, which go on reading and writing. It may be interrupted at
    any time: the next one goes on where it was. One works at a time; another waits, and then does
    what is left.

    With --all every resource is indexed anew by the rules of this version, and stored profiles,
    value sets and code systems are made to take effect by them: needed after an upgrade
    where the server says so at start (also: fhir-server doctor).

    \b
    Examples:
      fhir-server reindex
      fhir-server reindex --data-dir .data
      fhir-server reindex --all --mongodb-uri 'mongodb://db1,db2/?replicaSet=rs0'
    """
    from fhir_server.app import create_context, create_server
    from fhir_server.bulk.conformance import let_take_effect
    from fhir_server.bulk.reindex import Reindex
    from fhir_server.serving import database, opened_store

    settings = settings_module.load(**options)
    with contextlib.ExitStack() as stack:
        uri = stack.enter_context(database(settings, share=True))
        connected = replace(settings, mongodb_uri=uri)
        store = stack.enter_context(opened_store(connected))
        context = create_context(create_server(settings), store)
        others = stack.enter_context(contextlib.closing(_Others(connected, processes)))
        started = time.monotonic()
        if everything:
            let_take_effect(context)
        with meter(0, quiet=quiet) as shown:
            work = Reindex(context.server, context.store, shown, elsewhere=others.for_resources)
            outcome = work.run(everything=everything)
        seconds = time.monotonic() - started
    if quiet:
        return
    click.echo(f"{outcome.written:,} resources indexed anew in {seconds:.1f} s.", err=True)
    for id_ in outcome.activated:
        click.echo(f"SearchParameter/{id_} answers searches now.", err=True)


class _Others:
    """Processes that index beside this one, started when there is enough to do."""

    def __init__(self, settings: Settings, processes: int | None) -> None:
        cores = min(MOST_PROCESSES, len(os.sched_getaffinity(0)))
        self._settings, self._processes = settings, processes or cores
        self._worth = WORTH_MORE if processes is None else 1
        self._executor: Executor | None = None

    def for_resources(self, left: int) -> Elsewhere | None:
        """Give them for so many resources; None where one process is as quick."""
        from fhir_server.bulk.reindex import Elsewhere

        if self._processes == 1 or (left < self._worth and self._executor is None):
            return None
        return Elsewhere(self._begin, 2 * self._processes)

    def _begin(self, portion: list[StoredResource], revision: int) -> Future[int]:
        if self._executor is None:
            # A forked process would share the parent's connections.
            spawning = multiprocessing.get_context("spawn")
            self._executor = ProcessPoolExecutor(
                self._processes, spawning, initializer=_open, initargs=(self._settings,)
            )
        return self._executor.submit(_index, portion, revision)

    def close(self) -> None:
        """End them when what they have begun is done."""
        if self._executor is not None:
            self._executor.shutdown(cancel_futures=True)


class _Opened:
    """Of a process that indexes for another: opened when it starts, closed when it ends."""

    context: Context


def _open(settings: Settings) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the one who started this ends it
    threading.Thread(
        target=_end_with, args=(multiprocessing.parent_process(),), daemon=True
    ).start()
    from fhir_server.app import collect_rarely, create_context, create_server
    from fhir_server.serving import opened_store

    opened = contextlib.ExitStack()
    store = opened.enter_context(opened_store(settings))
    multiprocessing.util.Finalize(None, opened.close, exitpriority=1)
    _Opened.context = create_context(create_server(settings), store)
    collect_rarely()


def _end_with(parent: BaseProcess | None) -> None:
    """End where the one who started this was killed: nobody wants the rest, and nobody stops it."""
    if parent is not None:
        parent.join()
        os._exit(1)


def _index(portion: list[StoredResource], revision: int) -> int:
    from fhir_server.bulk.reindex import index_portion

    context = _Opened.context
    rules = context.server.search.current()
    if rules.revision < revision:
        rules = context.server.search.refresh()
    return index_portion(rules, context.store, portion)
