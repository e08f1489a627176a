"""Finds the definitions: inside an installed package, or at the top of a checkout."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import orjson


def definition_directories() -> tuple[Path, ...]:
    """Give the folders with the R4 tables and with the Swedish conformance resources.

    Raises:
        FileNotFoundError: where the installation carries no definitions.
    """
    package = Path(__file__).resolve().parent.parent
    candidates = (package / "profiles" / "data", package.parent / "profiles")
    for root in candidates:
        if (root / "r4" / "structures.json").is_file():
            return root / "r4", root / "se"
    searched = " or ".join(str(root / "r4") for root in candidates)
    raise FileNotFoundError(f"The R4 definitions are missing: no structures.json in {searched}.")


@cache
def canonical() -> str:
    """Give the canonical base url of the project's definitions, as their package states it."""
    package = orjson.loads((definition_directories()[1] / "package.json").read_bytes())
    return str(package["canonical"])
