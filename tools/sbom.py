"""Writes the bill of materials (CycloneDX, JSON) of what requirements.lock installs.

Run by ``make sbom``; cyclonedx-bom reads the lock file. What is ours is named as the root.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
_LOCKED = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)


def locked(text: str) -> dict[str, str]:
    """Give version by name of what a lock file installs, names as PyPI normalises them."""
    return {
        re.sub(r"[-_.]+", "-", name).lower(): version for name, version in _LOCKED.findall(text)
    }


def write(lock: Path, out: Path) -> None:
    """Write the bill of materials.

    Args:
        lock: the lock file.
        out: the file to write.

    Raises:
        subprocess.CalledProcessError: cyclonedx-bom could not read the lock file.
    """
    command = [
        sys.executable, "-m", "cyclonedx_py", "requirements", str(lock),
        "--pyproject", str(ROOT / "pyproject.toml"), "--output-reproducible",
        "--of", "JSON", "-o", str(out),
    ]  # fmt: skip
    subprocess.run(command, check=True)


def main() -> int:
    """Write it where it is wanted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lock", type=Path, default=LOCK)
    parser.add_argument("--out", type=Path, default=ROOT / "dist" / "sbom.json")
    args = parser.parse_args()
    args.out.parent.mkdir(parents=True, exist_ok=True)
    write(args.lock, args.out)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
