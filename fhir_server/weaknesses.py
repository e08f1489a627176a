"""What `fhir-server doctor` says of a deployment that works and lets in too many.

docs/security/hardening.md has the whole list for operators; here is what can be seen from inside.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

from fhir_server.addresses import host_of, is_loopback
from fhir_server.doctor import Finding
from fhir_server.secret_files import SUFFIX, readable_by_others
from fhir_server.settings import PREFIX, Settings, is_secret_file


def weaknesses(settings: Settings) -> Iterator[Finding]:
    """Look at what others could use.

    Args:
        settings: those the server would run with.
    """
    yield from _open(settings)
    yield from _without_tls(settings)
    yield from _development_tokens(settings)
    yield from _database(settings)
    yield from _data_directory(settings)
    yield from _secret_files()


def _open(settings: Settings) -> Iterator[Finding]:
    if not settings.secured and not is_loopback(settings.host):
        text = f"open, and {settings.host} is not only this machine: whoever reaches it may do all"
        advice = "Name the issuers of access tokens (issuers), or listen on 127.0.0.1."
        yield Finding("Security", "warning", text, advice)


def _without_tls(settings: Settings) -> Iterator[Finding]:
    host = host_of(settings.base_url)
    if settings.base_url.lower().startswith("http://") and host and not is_loopback(host):
        text = "clients reach the server by http: who listens on the way reads all, tokens too"
        advice = "Put a proxy with TLS in front, and give base_url with https."
        yield Finding("TLS", "warning", text, advice)


def _development_tokens(settings: Settings) -> Iterator[Finding]:
    if settings.local_tokens and not settings.test_mode:
        text = "local_tokens trusts whoever may run commands here, and test_mode is off"
        advice = "Where real people are, name the issuers (issuers) and set local_tokens to false."
        yield Finding("Tokens", "warning", text, advice)


def _database(settings: Settings) -> Iterator[Finding]:
    uri = settings.mongodb_uri
    if not uri:
        return
    if not _leaves_the_machine(uri):
        return
    lowered = uri.lower()
    encrypted = "tls=true" in lowered or "ssl=true" in lowered or lowered.startswith("mongodb+srv:")
    missing = [] if encrypted else ["TLS"]
    if "@" not in uri and "authmechanism=" not in lowered:
        missing.append("a user")
    if missing:
        advice = "Give mongodb_uri tls=true and a user of its own with readWrite on one database."
        text = f"on another machine, reached without {' and without '.join(missing)}"
        yield Finding("Database", "warning", text, advice)


def _leaves_the_machine(uri: str) -> bool:
    authority = uri.partition("://")[2].partition("/")[0].rpartition("@")[2]
    return not all(is_loopback(host_of(f"//{each}")) for each in authority.split(",") if each)


def _data_directory(settings: Settings) -> Iterator[Finding]:
    root = settings.directory.expanduser()
    if settings.mongodb_uri or sys.platform == "win32" or not root.is_dir():
        return
    mode = root.stat().st_mode & 0o777
    if mode & 0o077:
        text = f"{root} has mode {mode:o}: others may look at the data"
        yield Finding("Data rights", "warning", text, f"chmod 700 {root}")


def _secret_files() -> Iterator[Finding]:
    for variable in sorted(os.environ):
        name = variable.removeprefix(PREFIX).lower()
        if variable.startswith(PREFIX) and variable.endswith(SUFFIX) and is_secret_file(name):
            path = os.environ[variable]
            if path and readable_by_others(path):
                text = f"all users of this machine may read the file that {variable} names"
                yield Finding("Secrets", "warning", text, f"chmod 400 {path}")
