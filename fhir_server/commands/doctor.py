"""`fhir-server doctor`: is everything there, and what to do where it is not."""

from __future__ import annotations

import sys
import textwrap
from itertools import chain
from typing import Any

import click

from fhir_server import settings as settings_module
from fhir_server.commands.options import EPILOG, database_options

# Plain click and no rich: this command must run where packages are missing.
MARKS = {"ok": ("ok", "green"), "warning": ("look", "yellow"), "problem": ("PROBLEM", "red")}
INDENT = " " * 25


@click.command(epilog=EPILOG, short_help="Check the installation; say what is missing.")
@click.option("--host", metavar="ADDRESS", help="Address the server is to listen on.")
@click.option("--port", type=int, help="Port the server is to listen on.")
@database_options
def doctor(**options: Any) -> None:
    """Check the installation, and say what is missing and what to do.

    Looks at Python, the installed packages, the FHIR definitions, MongoDB, the search index, the
    data directory, the disk and the port, with the options and variables the server would have;
    and at what would let in others than are meant to come in.
    Nothing is changed. The exit status is 1 where there is a problem.

    \b
    Examples:
      fhir-server doctor
      fhir-server doctor --data-dir .data --port 8080
      fhir-server doctor --mongodb-uri 'mongodb://db1,db2/?replicaSet=rs0'
    """
    from fhir_server.doctor import examine
    from fhir_server.weaknesses import weaknesses

    settings = settings_module.load(**options)
    problems = 0
    for finding in chain(examine(settings), weaknesses(settings)):
        mark, colour = MARKS[finding.state]
        problems += finding.state == "problem"
        click.echo(f"{click.style(f'{mark:<8}', fg=colour)} {finding.subject:<15} {finding.text}")
        for line in textwrap.wrap(finding.advice, 72, break_on_hyphens=False):
            click.echo(f"{INDENT}{line}")
    if problems:
        click.echo(f"\n{problems} problem(s): the server can't run like this.", err=True)
        sys.exit(1)
    click.echo("\nAll is well. `fhir-server serve` starts the server.")
