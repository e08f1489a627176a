"""Finds the definitions: inside an installed package, or at the top of a checkout."""

from __future__ import annotations

from pathlib import Path


def definition_directories() -> tuple[Path, ...]:
    """Give the folders with the R4 tables and with the Swedish conformance resources.

    Raises:
        FileNotFoundError: where the installation carries no definitions.
    """
    package = Path(__file__).resolve().parent
    candidates = (package / "data", package.parent.parent / "profiles")
    for root in candidates:
        if (root / "r4" / "structures.json").is_file():
            return root / "r4", root / "se"
    searched = " or ".join(str(root / "r4") for root in candidates)
    raise FileNotFoundError(f"The R4 definitions are missing: no structures.json in {searched}.")
