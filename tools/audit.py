"""Asks whether a locked package has a known vulnerability, where somebody answers.

Run by ``make audit``. pip-audit asks PyPI's own service about each package of requirements.lock.
Where that service can't be reached, as behind a mirror that serves packages only, this says so and
ends well: what can't be known here must not stop a build, and CI elsewhere asks again.
"""

from __future__ import annotations

import subprocess
import sys

import httpx

from tools.sbom import LOCK, locked

# What PyPI answers for every package, if it is PyPI itself that answers.
_ABOUT = "https://pypi.org/pypi/{name}/{version}/json"
_SECONDS = 10.0


def reachable(name: str, version: str) -> bool:
    """Tell whether the service answers, by asking it about one package."""
    try:
        answer = httpx.get(_ABOUT.format(name=name, version=version), timeout=_SECONDS)
    except httpx.HTTPError:
        return False
    return answer.status_code == 200 and "vulnerabilities" in answer.text


def main() -> int:
    """Ask; give 1 where a package has a known vulnerability."""
    name, version = next(iter(locked(LOCK.read_text("utf-8")).items()))
    if not reachable(name, version):
        print("make audit: PyPI's vulnerability service can't be reached: nothing was asked.")
        return 0
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(LOCK), "--disable-pip"]
    command += ["--require-hashes", "--vulnerability-service", "pypi", "--progress-spinner", "off"]
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    raise SystemExit(main())
