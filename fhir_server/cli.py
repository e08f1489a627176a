"""The command `fhir-server`. Each option of `serve` is also a FHIR_SERVER_ variable."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Any

import click

from fhir_server import __version__
from fhir_server import settings as settings_module
from fhir_server.commands.audit import audit
from fhir_server.commands.demo import demo
from fhir_server.commands.doctor import doctor
from fhir_server.commands.expire import expire
from fhir_server.commands.export import export
from fhir_server.commands.export_person import export_person
from fhir_server.commands.load import load
from fhir_server.commands.options import EPILOG, database_options
from fhir_server.commands.package import package
from fhir_server.commands.reindex import reindex
from fhir_server.commands.report import report
from fhir_server.commands.token import token
from fhir_server.commands.validate import validate
from fhir_server.settings import Settings, SettingsError


class Commands(click.Group):
    """Ends with a sentence where something the user can mend is wrong, not with a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except ImportError as error:
            raise click.ClickException(
                f"The package {error.name} is missing: `fhir-server doctor` says what to install."
            ) from error
        except Exception as error:
            text = _in_words(error)
            if text is None:
                raise
            raise click.ClickException(text) from None


def _in_words(error: Exception) -> str | None:
    # Not imported before there is an error: `doctor` must run where packages are missing.
    from fhir_server.serving import ServingError
    from fhir_server.storage.embedded import EmbeddedMongodError
    from fhir_server.storage.records import StoreUnavailable

    if isinstance(error, SettingsError | ServingError | EmbeddedMongodError):
        return str(error)
    if isinstance(error, StoreUnavailable):
        return f"The database does not answer: {error}"
    return None


@click.group(cls=Commands, epilog=EPILOG, context_settings={"max_content_width": 100})
@click.version_option(__version__, prog_name="fhir-server")
def main() -> None:
    """FHIR R4 server for Swedish care coordination: fast vårdkontakt and SIP.

    \b
    Start here:
      fhir-server serve      starts the server and a database of its own
      fhir-server demo       loads three people to try it on
      fhir-server load       loads your own FHIR files
      fhir-server package    adds profiles and value sets from FHIR packages
      fhir-server token      issues an access token for development
      fhir-server doctor     says what is missing where something does not work

    fhir-server COMMAND --help explains a command, with examples.
    """


@main.command(epilog=EPILOG)
@click.option("--host", metavar="ADDRESS", help="Address to listen on. Default: 127.0.0.1.")
@click.option("--port", type=int, help="Port to listen on. Default: 8000.")
@click.option("--workers", type=int, help="Worker processes. Default: 2.")
@database_options
def serve(**options: Any) -> None:
    """Start the server; Ctrl-C stops it.

    Without --mongodb-uri it starts a MongoDB of its own, which only you can reach, in the data
    directory, and stops it at the end.

    Without FHIR_SERVER_ISSUERS or FHIR_SERVER_LOCAL_TOKENS the server checks nobody, and listens to
    this machine only. With one of them every request needs an access token.

    \b
    Examples:
      fhir-server serve
      fhir-server serve --port 8080 --data-dir ./data
      FHIR_SERVER_MONGODB_URI=mongodb://db1,db2/?replicaSet=rs0 fhir-server serve
      FHIR_SERVER_ISSUERS=issuers.json fhir-server serve --host 0.0.0.0
    """
    from fhir_server import workers

    settings = settings_module.load(**options)
    settings.require_safe_address()
    # First of all: what workers are forked from takes longest to be ready.
    workers.begin_to_load()
    from fhir_server import serving

    if not settings.secured:
        click.secho(
            "OPEN: this server checks nobody. Whoever reaches it on this machine reads and changes "
            "everything. Never use it with data of real people. "
            "docs/security/authentication.md says how to turn security on.",
            fg="red", bold=True, err=True,
        )  # fmt: skip
    click.echo(f"Starting on {settings.fhir_base} …", err=True)
    serving.serve(settings, on_ready=lambda: click.echo(_welcome(settings), err=True))


def _welcome(settings: Settings) -> str:
    base = settings.fhir_base
    return f"""
FHIR server {__version__} is ready. Ctrl-C stops it.

  FHIR base   {base}
  API pages   {base.removesuffix("/fhir")}/docs
  Data        {"the database you named" if settings.mongodb_uri else settings.directory.resolve()}

Load three people to try it on, in another terminal, and see one's named contacts:

  {_command()} demo{_database_option(settings)}
  curl {_token_header(settings)}'{base}/Patient/albertina-hammar/$named-contacts?_pretty=true'
"""


def _token_header(settings: Settings) -> str:
    return '-H "Authorization: Bearer $TOKEN" ' if settings.secured else ""


def _command() -> str:
    """Give this very command as a shell takes it, short where it can be."""
    command = Path(sys.executable).parent / "fhir-server"
    short = command.relative_to(Path.cwd()) if command.is_relative_to(Path.cwd()) else command
    return shlex.quote(str(short))


def _database_option(settings: Settings) -> str:
    if settings.mongodb_uri:
        return " --mongodb-uri URI"  # not the address itself: it may hold a password
    return f" --data-dir {shlex.quote(str(settings.data_dir))}" if settings.data_dir else ""


for command in (
    load, demo, package, validate, export, export_person, report, reindex, expire, token, audit,
    doctor,
):  # fmt: skip
    main.add_command(command)


if __name__ == "__main__":
    main()
