"""`fhir-server export-person`: everything that is kept about one person, in one file."""

from __future__ import annotations

import datetime as dt
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fhir_server import settings as settings_module
from fhir_server.commands.options import EPILOG, database_options, quiet_option
from fhir_server.commands.progress import meter

if TYPE_CHECKING:
    from fhir_server.interactions.context import Context
    from fhir_server.settings import Settings
    from fhir_server.storage.mongo import MongoStore


@click.command("export-person", epilog=EPILOG, short_help="Write all about one person to a file.")
@click.argument("person", metavar="PATIENT")
@click.argument("output", metavar="FILE.zip", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--versions", is_flag=True, help="Earlier versions, too.")
@click.option(
    "--all", "everything", is_flag=True, help="Also what is kept from the person: to be reviewed."
)
@click.option("--overwrite", is_flag=True, help="Replace the file if it is there.")
@quiet_option
@database_options
def export_person(
    person: str,
    output: Path,
    versions: bool,
    everything: bool,
    overwrite: bool,
    quiet: bool,
    **options: Any,
) -> None:
    """Write what is kept about one person to a ZIP file (GDPR articles 15 and 20).

    PATIENT is Patient/[id]. The file has a page in Swedish that says what is in it (index.html),
    the resources as NDJSON, one file for each type, and the log of who has looked. Without --all it
    is what the person may read themself through 1177: what is hidden from them, and what is about
    others too, is left out. With --all it holds everything, and secrecy is to be tried before any
    of it is given out.

    The file is readable for you alone, and not encrypted: hand it over as the personal data it is.

    \b
    Examples:
      fhir-server export-person Patient/albertina-hammar albertina.zip
      fhir-server export-person Patient/albertina-hammar whole.zip --all --versions
    """
    from fhir_server.fhir.outcome import FhirError
    from fhir_server.serving import opened_store

    if output.exists() and not overwrite:
        text = f"{output} is there already: choose another, or give --overwrite."
        raise click.UsageError(text)
    if not person.startswith("Patient/"):
        raise click.UsageError("Name the person as Patient/[id].")
    settings = settings_module.load(**options)
    with opened_store(settings) as store:
        try:
            written = _export(
                settings, store, person, output, versions=versions, own=not everything, quiet=quiet
            )
        except FhirError as error:
            raise click.ClickException(error.issues[0].text) from None
    if not quiet:
        click.echo(f"{written:,} resources about {person} written to {output}.", err=True)


def _export(
    settings: Settings,
    store: MongoStore,
    person: str,
    output: Path,
    *,
    versions: bool,
    own: bool,
    quiet: bool,
) -> int:
    from fhir_server.bulk.person_export import PersonExport
    from fhir_server.reports.person import index

    seen, whole = _contexts(settings, store, person, own=own)
    unfinished = output.with_name(f".{output.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    unfinished.touch(mode=0o600)
    try:
        with meter(0, quiet=quiet) as shown:
            export = PersonExport(
                seen, whole, person, with_versions=versions, on_page=lambda n: shown.done(n, n)
            )
            shown.planned(export.count())
            with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as out:
                contents = export.write(out)
                now = dt.datetime.now(dt.UTC)
                page = index(contents, now, settings.zone, own=own, older=versions)
                out.writestr("index.html", page)
        if settings.audited:
            _record(settings, store, person)
        unfinished.replace(output)
    finally:
        unfinished.unlink(missing_ok=True)
    return sum(contents.types.values())


def _record(settings: Settings, store: MongoStore, person: str) -> None:
    """Note in the audit trail that somebody took a copy of everything about the person (R115)."""
    from fhir_server.api import access_log
    from fhir_server.app import audit_form, audit_rules
    from fhir_server.security.audit.event import Interaction, Occurrence
    from fhir_server.security.audit.trail import Trail
    from fhir_server.security.principal import Principal
    from fhir_server.storage.mongo_audit import AuditStore

    access_log.configure(settings.log_level)
    ledger = AuditStore(store.collections)
    ledger.prepare()
    trail = Trail(audit_rules(settings), ledger)
    who = Principal("fhir-server export-person", role="administrator")
    what = Interaction("operation", "R", "export-person")
    told = Occurrence(what, 200, who, patients=(person,), given=(person,), target=person)
    trail.tell(told, audit_form(settings))
    trail.stop()


def _contexts(
    settings: Settings, store: MongoStore, person: str, *, own: bool
) -> tuple[Context, Context]:
    """Give what sees what is exported, and what sees everything."""
    from dataclasses import replace

    from fhir_server.app import create_context, create_gate, create_server
    from fhir_server.security.principal import Principal

    server = create_server(settings)
    whole = create_context(server, store)
    who = Principal("export-person", role="patient", patient=person)
    seen = replace(whole, store=create_gate(server, store).open(who)) if own else whole
    return seen, whole
