"""Secrets from files, as orchestrators mount them: nothing of them stands in an environment.

Source: https://docs.docker.com/compose/how-tos/use-secrets/
"""

from __future__ import annotations

from pathlib import Path

SUFFIX = "_FILE"


class SecretFileError(ValueError):
    """The file can't be used; the text, which follows the variable's name, says why."""


def read(path: str) -> str:
    """Give the first line of a file.

    Raises:
        SecretFileError: it can't be read, or says nothing.
    """
    try:
        lines = Path(path).read_text("utf-8").splitlines()
    except (OSError, ValueError):
        raise SecretFileError("must name a file that can be read") from None
    if not lines or not lines[0].strip():
        raise SecretFileError("names a file whose first line is empty")
    return lines[0].strip()


def readable_by_others(path: str) -> bool:
    """Tell whether others than the owner and the group may read a file."""
    try:
        return bool(Path(path).stat().st_mode & 0o004)
    except OSError:
        return False
