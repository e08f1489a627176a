"""`fhir-server package`: profiles, value sets and code systems from FHIR packages."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fhir_server import settings as settings_module
from fhir_server.commands.options import EPILOG, database_options, quiet_option
from fhir_server.commands.progress import Meter, meter

if TYPE_CHECKING:
    from fhir_server.bulk.packages import Added, Packages
    from fhir_server.storage.mongo_packages import Package

MOST_FILES_SHOWN = 100


@click.group(epilog=EPILOG, short_help="Add, list and remove FHIR packages.")
def package() -> None:
    """Add, list and remove FHIR packages: profiles, value sets, code systems.

    What a package brings takes effect at once on every worker, and all of it or nothing. Works
    beside a running server, or without one.

    \b
    Examples:
      fhir-server package add hl7se.fhir.base-1.1.0.tgz
      fhir-server package add fsh-generated/resources
      fhir-server package list
      fhir-server package remove hl7se.fhir.base#1.1.0
    """


@package.command(epilog=EPILOG)
@click.argument("path", metavar="FILE.tgz|FOLDER", type=click.Path(exists=True, path_type=Path))
@click.option("--partial", is_flag=True, help="Add it though some of it can't take effect.")
@quiet_option
@database_options
def add(path: Path, partial: bool, quiet: bool, **options: Any) -> None:
    """Add a package: an npm archive, an unpacked one, or a folder of resources.

    Everything is checked first: the resources, and whether each profile can be enforced. Where
    something can't, the problems are listed by file and nothing is stored; --partial stores the
    rest. The same version again changes nothing where it is the same, else takes its place;
    another version stands beside it. Examples and guides in a package are left out.
    """
    from fhir_server.bulk.package_files import PackageError, read_package
    from fhir_server.bulk.packages import PackageRefused

    try:
        content = read_package(path)
    except PackageError as error:
        raise click.ClickException(str(error)) from None
    _require_r4(content.fhir_versions)
    total = sum(file.size for file in content.files)
    with _opened(options, total, quiet=quiet) as packages:
        _warn_of_missing(packages, content)
        try:
            added = packages.add(content, partial=partial)
        except PackageRefused as refused:
            _refuse(content.key, refused.problems, stored=refused.stored)
    _show_problems(added.problems)
    if not quiet:
        _say(added)


@package.command(name="list", epilog=EPILOG)
@database_options
def list_(**options: Any) -> None:
    """List the packages that were added."""
    with _opened(options, 0, quiet=True) as packages:
        for each in packages.all():
            state = "" if each.state == "active" else f", {each.state}: not in effect"
            click.echo(f"{each.key}  {len(each.resources):,} resources, added {each.at}{state}")


@package.command(epilog=EPILOG)
@click.argument("name", metavar="NAME[#VERSION]")
@quiet_option
@database_options
def remove(name: str, quiet: bool, **options: Any) -> None:
    """Remove a package: take it out of effect, and delete what it brought.

    Resources that claim its profiles stay as they are. What others refer to can't be deleted: it
    is listed, stays without effect, and the package stays listed until it is removed again.
    """
    with _opened(options, 0, quiet=quiet) as packages:
        found = _named(packages.all(), name)
        failed = packages.remove(found)
    if failed:
        click.secho(f"Out of effect, but not deleted: {len(failed)} resources.", fg="red", err=True)
        _show_problems(failed)
        sys.exit(1)
    if not quiet:
        click.echo(f"{found.key} is removed: {len(found.resources):,} resources.", err=True)


@contextmanager
def _opened(options: dict[str, Any], total: float, *, quiet: bool) -> Iterator[Packages]:
    from fhir_server.app import create_context, create_server
    from fhir_server.bulk.packages import Packages
    from fhir_server.serving import opened_store

    settings = settings_module.load(**options)
    with opened_store(settings) as store:
        context = create_context(create_server(settings), store)
        shown: Meter
        with meter(total, quiet=quiet) as shown:
            yield Packages(context, shown)


def _require_r4(versions: Sequence[str]) -> None:
    if versions and not any(each.startswith("4.0") for each in versions):
        raise click.ClickException(
            f"The package is for FHIR {', '.join(versions)}; this server is for R4 (4.0.1). Most "
            "packages are published for R4 too, often under a name that ends in .r4."
        )


def _warn_of_missing(packages: Packages, content: Any) -> None:
    from fhir_server.bulk.package_checks import missing

    loaded = [each.name for each in packages.all() if each.state == "active"]
    lacking = missing(content, loaded, packages.own_name)
    if lacking:
        text = f"It depends on packages that are not here: {', '.join(lacking)}."
        click.secho(f"Warning: {text}", fg="yellow", err=True)


def _named(packages: Sequence[Package], name: str) -> Package:
    found = [each for each in packages if name in (each.key, each.name)]
    if len(found) == 1:
        return found[0]
    if not found:
        raise click.ClickException(f"There is no package {name}: see fhir-server package list.")
    keys = ", ".join(each.key for each in found)
    raise click.ClickException(f"There are several: say which of {keys}.")


def _refuse(key: str, problems: Mapping[str, Sequence[str]], *, stored: bool) -> None:
    click.secho(f"{key} is not added: {len(problems)} files can't take effect.", fg="red", err=True)
    _show_problems(problems)
    if stored:
        click.echo(
            "Some resources are stored, without effect: add it again, or remove it.", err=True
        )
    click.echo("Mend them, or add the rest with --partial.", err=True)
    sys.exit(1)


def _show_problems(problems: Mapping[str, Sequence[str]]) -> None:
    for name in sorted(problems)[:MOST_FILES_SHOWN]:
        click.echo(f"  {name}", err=True)
        for text in problems[name]:
            click.echo(f"    {text}", err=True)
    if len(problems) > MOST_FILES_SHOWN:
        click.echo(f"  … and {len(problems) - MOST_FILES_SHOWN:,} more files", err=True)


def _say(added: Added) -> None:
    if added.unchanged:
        click.echo(f"{added.package.key} is there already, and the same.", err=True)
        return
    stored = len(added.package.resources)
    click.echo(
        f"{added.package.key} is in effect: {stored:,} resources stored, "
        f"{added.in_effect:,} of them profiles, value sets, code systems and maps in effect.",
        err=True,
    )
    findings = added.findings
    if findings.owned:
        click.echo(
            f"Stored without effect, because R4 or this server defines them itself: "
            f"{', '.join(sorted(findings.owned)[:20])}"
            f"{', …' if len(findings.owned) > 20 else ''}.",
            err=True,
        )
    if findings.left_out:
        left = ", ".join(f"{n} {type_}" for type_, n in sorted(findings.left_out.items()))
        click.echo(f"Left out: {left}.", err=True)
    if added.search_parameters:
        click.echo("Its search parameters answer after: fhir-server reindex", err=True)
