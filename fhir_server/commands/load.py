"""`fhir-server load`: files into the database."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fhir_server import settings as settings_module
from fhir_server.commands.options import EPILOG, database_options, file_arguments, quiet_option
from fhir_server.commands.progress import meter
from fhir_server.settings import Settings

if TYPE_CHECKING:
    from fhir_server.bulk.load import Failure, Tally
    from fhir_server.bulk.sources import File, Source
    from fhir_server.interactions.context import Context
    from fhir_server.storage.mongo import MongoStore


@click.command(epilog=EPILOG, short_help="Store FHIR resources from files.")
@file_arguments
@click.option(
    "--unit",
    metavar="UNIT",
    default="",
    help="Answers for what does not say itself who does: an HSA-id, or Organization/[id].",
)
@click.option("--again", is_flag=True, help="Also carry out what was loaded before, once more.")
@quiet_option
@database_options
def load(paths: tuple[Path, ...], unit: str, again: bool, quiet: bool, **options: Any) -> None:
    """Store FHIR resources from files.

    A PATH is a file, a folder (with all below it), or - for standard input. A file holds a
    resource, a Bundle, or a resource on each line (NDJSON); .gz and .bz2 are unpacked. A
    transaction or batch is carried out; of other Bundles the resources are stored.

    Everything is checked as if a client had sent it. What can't be stored is listed at the end
    with its reason, and the rest is stored; the exit status is then 1. In a folder, files named
    0-… or …Information… come first, and what failed for want of another resource is tried again.

    Loading again makes no duplicates: a resource with an id is updated where it differs, a
    transaction or a resource without an id that was loaded before is left out. Works beside a
    running server, or without one.

    On a secured server staff see what their own unit answers for. What says nothing of its unit, as
    an Observation, is seen by nobody's staff unless --unit says whose it is. Load the Organizations
    first: the unit must be there.

    \b
    Examples:
      fhir-server load patients.ndjson.gz
      fhir-server load demo/0-organisations.json demo/b-als.json
      fhir-server load --unit SE2321000131-E000000000010 notes.ndjson
      fhir-server load --data-dir .data ../synthea/output/fhir
      curl -s https://example.org/bundle.json | fhir-server load -
    """
    settings = settings_module.load(**options)
    with tempfile.TemporaryDirectory(prefix="fhir-server-") as folder:
        sources = find(paths, Path(folder))
        tally = run(settings, sources, unit=unit, again=again, quiet=quiet)
    if tally.failed:
        sys.exit(1)


def find(paths: Sequence[Path], folder: Path) -> list[File]:
    """List the files to read.

    Args:
        paths: as given on the command line; ``-`` is standard input.
        folder: for a copy of standard input.

    Raises:
        UsageError: there are none.
    """
    from fhir_server.bulk.sources import copy_of, find_sources

    sources = find_sources(path for path in paths if str(path) != "-")
    if len(paths) > sum(str(path) != "-" for path in paths):
        sources.append(copy_of(sys.stdin.buffer, folder / "stdin", "standard input"))
    if not sources:
        raise click.UsageError(
            "There is no file here to read: .json, .ndjson or .jsonl, perhaps packed (.gz, .bz2)."
        )
    return sources


def run(
    settings: Settings,
    sources: Sequence[Source],
    *,
    unit: str = "",
    again: bool = False,
    quiet: bool = False,
) -> Tally:
    """Load files and say how it went: failures on standard error, the sum on standard output.

    Args:
        settings: the settings.
        sources: what to load.
        unit: HSA-id or ``Organization/[id]`` of who answers for what says nothing of it itself.
        again: also carry out what was loaded before.
        quiet: say only what went wrong.

    Raises:
        UsageError: there is no such unit.
    """
    from fhir_server.app import collect_rarely
    from fhir_server.bulk.load import Loader
    from fhir_server.serving import opened_store

    with opened_store(settings) as store:
        context = _context(settings, store, unit)
        collect_rarely()
        with meter(sum(source.size for source in sources), quiet=quiet) as shown:
            loader = Loader(context, shown, again=again)
            started = time.monotonic()
            try:
                loader.load(sources)
            except BaseException:
                report(loader.tally, time.monotonic() - started, quiet=quiet)
                click.echo("Not finished. What is stored stays; load again to go on.", err=True)
                raise
        report(loader.tally, time.monotonic() - started, quiet=quiet)
    return loader.tally


def _context(settings: Settings, store: MongoStore, unit: str) -> Context:
    from fhir_server.app import create_context, create_server

    try:
        return create_context(create_server(settings), store, unit)
    except LookupError:
        text = f"There is no unit {unit}: load the Organizations first, then what it answers for."
        raise click.UsageError(text) from None


def report(tally: Tally, seconds: float, *, quiet: bool) -> None:
    """Say what a load came to: failures on standard error, the sum on standard output."""
    if tally.failures:
        click.secho(f"\nNot stored: {_resources(tally.failed)}.", fg="red", err=True)
        for failure in tally.failures:
            _explain(failure)
        unlisted = tally.failed - sum(failure.resources for failure in tally.failures)
        if unlisted:
            click.echo(f"  … and {_resources(unlisted)} more", err=True)
    if not quiet:
        handled = tally.stored + tally.unchanged + tally.failed
        rate = handled / max(seconds, 0.001)
        click.echo(
            f"{_resources(tally.stored)} stored, {tally.unchanged:,} there already, "
            f"{tally.failed:,} failed; {seconds:.1f} s, {rate:,.0f} a second."
        )


def _explain(failure: Failure) -> None:
    from fhir_server.bulk.load import reasons

    lost = f" ({_resources(failure.resources)})" if failure.resources > 1 else ""
    click.echo(f"  {failure.place}{lost}", err=True)
    for reason in reasons(failure.error.issues):
        click.echo(f"    {reason}", err=True)


def _resources(count: int) -> str:
    return "1 resource" if count == 1 else f"{count:,} resources"
