"""`fhir-server export`: everything out of the database, as NDJSON."""

from __future__ import annotations

import contextlib
import gzip
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import click

from fhir_server import settings as settings_module
from fhir_server.commands.options import EPILOG, database_options, quiet_option
from fhir_server.commands.progress import Meter, meter

if TYPE_CHECKING:
    from fhir_server.storage.snapshot import Snapshot

FILE_ENDINGS = (".ndjson", ".ndjson.gz", ".jsonl", ".jsonl.gz")


@click.command(epilog=EPILOG, short_help="Write all resources to files, as NDJSON.")
@click.option(
    "--type",
    "types",
    metavar="TYPE",
    multiple=True,
    help="Only resources of this type; may be repeated. Default: all types.",
)
@click.option(
    "--output",
    metavar="PATH",
    type=click.Path(path_type=Path, allow_dash=True),
    default=Path("fhir-export"),
    show_default=True,
    help="A folder, a file ending in .ndjson or .ndjson.gz, or - for standard output.",
)
@click.option("--gzip", "packed", is_flag=True, help="Pack the files of a folder (.ndjson.gz).")
@click.option(
    "--overwrite", is_flag=True, help="Replace the earlier export in the folder, all of it."
)
@quiet_option
@database_options
def export(
    types: tuple[str, ...], output: Path, packed: bool, overwrite: bool, quiet: bool, **options: Any
) -> None:
    """Write the current version of every resource to files, one resource on each line (NDJSON).

    A folder gets one file for each type, e.g. CareTeam.ndjson; a file or standard output gets all.
    The JSON is byte for byte what the server serves. Resources are read while the server goes on:
    for a picture of one moment, stop writing first. Earlier versions are not exported.
    `fhir-server load` reads the result.

    \b
    Examples:
      fhir-server export --output backup --gzip
      fhir-server export --type CareTeam --type CarePlan --output plans.ndjson
      fhir-server export --type Patient --output - | head -1
    """  # fmt: skip
    from fhir_server.app import create_context, create_server
    from fhir_server.serving import opened_store

    settings = settings_module.load(**options)
    with opened_store(settings) as store:
        context = create_context(create_server(settings), store)
        known = [type_.name for type_ in context.server.registry]
        unknown = sorted(set(types) - set(known))
        if unknown:
            raise click.UsageError(f"{', '.join(unknown)}: not a resource type of R4.")
        counts = _counts(context.store, types or known)
        with meter(sum(counts.values()), quiet=quiet) as shown:
            written = _write(
                context.store, counts, output, shown, packed=packed, overwrite=overwrite
            )
    if not quiet:
        where = "standard output" if str(output) == "-" else output
        click.echo(f"{written:,} resources of {len(counts)} types written to {where}.", err=True)


def _counts(store: Snapshot, types: tuple[str, ...] | list[str]) -> dict[str, int]:
    from fhir_server.bulk.export import count

    return {name: found for name in types if (found := count(store, name))}


def _write(
    store: Snapshot, counts: dict[str, int], output: Path, shown: Meter, *, packed: bool,
    overwrite: bool,
) -> int:  # fmt: skip
    if str(output) == "-":
        return sum(_type(store, name, sys.stdout.buffer, shown) for name in counts)
    if output.name.endswith(FILE_ENDINGS):
        _refuse_existing([output], overwrite=overwrite)
        output.parent.mkdir(parents=True, exist_ok=True)
        with _replacing(output) as out:
            return sum(_type(store, name, out, shown) for name in counts)
    ending = ".ndjson.gz" if packed else ".ndjson"
    files = {name: output / f"{name}{ending}" for name in counts}
    earlier = sorted(output.glob("*.ndjson*"))
    _refuse_existing(earlier, overwrite=overwrite)
    output.mkdir(parents=True, exist_ok=True)
    written = 0
    for name, path in files.items():
        with _replacing(path) as out:
            written += _type(store, name, out, shown)
    for path in set(earlier) - set(files.values()):
        path.unlink()
    return written


def _type(store: Snapshot, name: str, out: BinaryIO, shown: Meter) -> int:
    from fhir_server.bulk.export import write_ndjson

    shown.begin(name)
    return write_ndjson(store, name, out, lambda resources: shown.done(resources, resources))


def _refuse_existing(paths: list[Path], *, overwrite: bool) -> None:
    found = [path for path in paths if path.exists()]
    if found and not overwrite:
        raise click.UsageError(
            f"{found[0]} is there already: choose another --output, or give --overwrite."
        )


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[BinaryIO]:
    """Open a file that appears under its name only once it is whole, readable by this user only."""
    unfinished = path.with_name(f".{path.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    unfinished.touch(mode=0o600)
    try:
        with unfinished.open("wb") as raw:
            if path.name.endswith(".gz"):
                with gzip.GzipFile(path.name.removesuffix(".gz"), "wb", 6, raw) as packed:
                    yield cast("BinaryIO", packed)
            else:
                yield raw
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
