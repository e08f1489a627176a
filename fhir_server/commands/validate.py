"""`fhir-server validate`: what is wrong with files, without storing anything."""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fhir_server import settings as settings_module
from fhir_server.commands import load
from fhir_server.commands.options import EPILOG, file_arguments, quiet_option

if TYPE_CHECKING:
    from fhir_server.bulk.sources import Document, Place
    from fhir_server.fhir.outcome import Issue
    from fhir_server.profiles.validator import Validator

COLOURS = {"fatal": "red", "error": "red", "warning": "yellow"}


@click.command(epilog=EPILOG, short_help="Check files without storing them.")
@file_arguments
@click.option("--profile", "profiles", metavar="URL", multiple=True,
              help="Also validate against this profile; may be repeated.")  # fmt: skip
@click.option("--best-practices", is_flag=True,
              help="Also warn of what R4 only recommends, such as a narrative.")  # fmt: skip
@click.option("--second-opinion", is_flag=True,
              help="Also show what the models of fhir.resources (R4B) say.")  # fmt: skip
@quiet_option
def validate(
    paths: tuple[Path, ...],
    profiles: tuple[str, ...],
    best_practices: bool,
    second_opinion: bool,
    quiet: bool,
) -> None:
    """Check files against FHIR R4, profiles and Swedish identifiers, without storing them.

    Checked is what $validate checks without a mode: R4 with its invariants; the profiles that
    meta.profile claims or the server imposes; and personnummer, HSA-ids and the like, as strictly
    as the settings say. Rules that look at several resources, such as one coordinator for each
    person, are checked when resources are stored.

    Each problem is a line: file, severity, where in the resource, what. The exit status is 1 where
    there are errors; warnings let pass.

    \b
    Examples:
      fhir-server validate careteam.json
      fhir-server validate export/*.ndjson.gz
      fhir-server validate --profile http://hl7.org/fhir/StructureDefinition/bp observation.json
    """
    validator = _validator()
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="fhir-server-") as folder:
        sources = load.find(paths, Path(folder))
        for source in sources:
            for document in source.documents():
                counts["resources"] += _count(document)
                for issue in problems(
                    validator,
                    document,
                    profiles,
                    best_practices=best_practices,
                    second_opinion=second_opinion,
                ):
                    counts[issue.severity] += 1
                    _show(document.place, issue)
    errors = counts["error"] + counts["fatal"]
    if not quiet:
        click.echo(
            f"{len(sources)} file(s), {counts['resources']:,} resource(s): "
            f"{errors:,} error(s), {counts['warning']:,} warning(s)."
        )
    if errors:
        sys.exit(1)


def problems(
    validator: Validator,
    document: Document,
    profiles: Sequence[str] = (),
    *,
    best_practices: bool = False,
    second_opinion: bool = False,
) -> Iterator[Issue]:
    """List what is wrong with a document.

    Args:
        validator: R4's structure and profiles.
        document: a resource, perhaps a Bundle of others.
        profiles: canonical urls to validate against beside those it claims.
        best_practices: report what R4 only recommends, too.
        second_opinion: ask the models of fhir.resources, too.
    """
    from fhir_server.fhir import json, model
    from fhir_server.fhir.outcome import FhirError

    if isinstance(document.content, FhirError):
        yield from document.content.issues
        return
    resource = json.plain(json.dump(document.content))
    yield from validator.validate(resource, profiles=profiles, best_practices=best_practices)
    if second_opinion and isinstance(resource, dict):
        for issue in model.second_opinion(resource):
            yield _note(issue)


def _validator() -> Validator:
    """Give the validator of a server with the same settings."""
    from fhir_server.app import create_server

    return create_server(settings_module.load()).validator


def _note(issue: Issue) -> Issue:
    from dataclasses import replace

    return replace(issue, severity="information", text=f"fhir.resources: {issue.text}")


def _count(document: Document) -> int:
    content = document.content
    if isinstance(content, dict) and content.get("resourceType") == "Bundle":
        entries = content.get("entry")
        return len(entries) if isinstance(entries, list) else 0
    return int(isinstance(content, dict))


def _show(place: Place, issue: Issue) -> None:
    severity = click.style(issue.severity, fg=COLOURS.get(issue.severity))
    where = f"{issue.expression}: " if issue.expression else ""
    click.echo(f"{place}: {severity}: {where}{issue.text}")
