"""Options that several commands take."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

EPILOG = "Documentation: docs/commands.md in the project; docs/settings.md for the variables."


def database_options(command: Any) -> Any:
    """Add the options that say which database to use."""
    for option in (
        click.option("--mongod", type=click.Path(path_type=Path, dir_okay=False),
                     help="The mongod to start. Default: on PATH, else the wheel's."),
        click.option("--mongodb-uri", metavar="URI",
                     help="Use this replica set or sharded cluster (MongoDB 6 to 8) instead."),
        click.option("--data-dir", type=click.Path(path_type=Path, file_okay=False),
                     help="Folder of the embedded MongoDB. Default: in your user data folder."),
    ):  # fmt: skip
        command = option(command)
    return command


def file_arguments(command: Any) -> Any:
    """Add the files and folders that a command reads."""
    return click.argument(
        "paths",
        metavar="PATH…",
        nargs=-1,
        required=True,
        type=click.Path(exists=True, allow_dash=True, path_type=Path),
    )(command)


quiet_option = click.option("--quiet", is_flag=True, help="Say only what went wrong.")
