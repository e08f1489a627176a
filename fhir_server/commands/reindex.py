"""`fhir-server reindex`: makes the index entries anew that the rules of searching ask for."""

from __future__ import annotations

import time
from typing import Any

import click

from fhir_server import settings as settings_module
from fhir_server.commands.options import EPILOG, database_options, quiet_option
from fhir_server.commands.progress import meter


@click.command(epilog=EPILOG, short_help="Let new search parameters take effect.")
@click.option("--all", "everything", is_flag=True, help="Index every resource, as after upgrades.")
@quiet_option
@database_options
def reindex(everything: bool, quiet: bool, **options: Any) -> None:
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
    from fhir_server.serving import opened_store

    settings = settings_module.load(**options)
    with opened_store(settings) as store:
        context = create_context(create_server(settings), store)
        started = time.monotonic()
        if everything:
            let_take_effect(context)
        with meter(0, quiet=quiet) as shown:
            outcome = Reindex(context.server, context.store, shown).run(everything=everything)
        seconds = time.monotonic() - started
    if quiet:
        return
    click.echo(f"{outcome.written:,} resources indexed anew in {seconds:.1f} s.", err=True)
    for id_ in outcome.activated:
        click.echo(f"SearchParameter/{id_} answers searches now.", err=True)
