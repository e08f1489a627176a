"""Settings: read once at start, typed, immutable. docs/settings.md explains each for operators."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import platformdirs

PREFIX = "FHIR_SERVER_"


class SettingsError(ValueError):
    """A setting has a value that can't be used; the text says which and what to give instead."""


def _documented(default: Any, about: str, metavar: str = "") -> Any:
    return field(default=default, metadata={"about": about, "metavar": metavar})


# Counts that have another least value than 1, or need it said.
_LEAST = {"small_cells": 1, "continuity_visits": 2}


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting of the server; each field is also the variable ``FHIR_SERVER_<NAME>``."""

    host: str = _documented("127.0.0.1", "Address to listen on.")
    port: int = _documented(8000, "TCP port to listen on.")
    workers: int = _documented(2, "Worker processes.")
    threads: int = _documented(4, "Threads of each worker.")
    data_dir: Path | None = _documented(
        None, "Folder of the embedded MongoDB; default: the platform's user data folder."
    )
    mongodb_uri: str = _documented(
        "", "A replica set or sharded cluster, MongoDB 6 to 8; empty starts the embedded one."
    )
    mongodb_database: str = _documented("fhir", "Name of the database.")
    mongod: Path | None = _documented(
        None, "The mongod to start; default: the one on PATH, else the installed wheel's."
    )
    mongod_cache_gb: float = _documented(0.5, "Memory for the embedded MongoDB's cache, in GB.")
    base_url: str = _documented(
        "", "The address clients use, ending in /fhir; default: http://<host>:<port>/fhir."
    )
    time_zone: str = _documented(
        "Europe/Stockholm", "The zone of dates that state none (a date is a day there)."
    )
    default_count: int = _documented(20, "Entries on a page of search results or history.")
    max_count: int = _documented(1000, "The most entries a client may ask for on one page.")
    max_body_mb: float = _documented(32.0, "The largest request body, in MB, after unpacking.")
    max_bundle_entries: int = _documented(5000, "The most entries of a batch or transaction.")
    max_includes: int = _documented(
        1000, "The most resources that _include and _revinclude add to one page."
    )
    full_text: bool = _documented(
        True, "Whether the words of resources are indexed, for _text and _content."
    )
    update_create: bool = _documented(
        True, "Whether PUT may create a resource under an id the client chose."
    )
    conditional_delete: str = _documented(
        "single",
        "Whether DELETE by criteria deletes one match only (single), all (multiple), or off.",
    )
    referential_integrity_on_write: bool = _documented(
        True, "Refuse a reference to a resource of this server that does not exist."
    )
    referential_integrity_on_delete: bool = _documented(
        True, "Refuse to delete what other resources refer to."
    )
    max_expansion: int = _documented(
        10_000, "The most concepts that an expansion of a value set gives at once."
    )
    terminology_server: str = _documented(
        "", "FHIR base url of a server to ask about codes that nobody here knows; empty for none."
    )
    terminology_timeout_s: float = _documented(
        2.0, "Seconds that one request may wait for the terminology server, all in all."
    )
    terminology_token: str = _documented(
        "", "Sent to the terminology server as Authorization: Bearer; empty for none."
    )
    impose_profiles: bool = _documented(
        True,
        "Check by the Swedish profiles what is one of theirs by its content, claimed or not.",
    )
    identifier_checks: str = _documented(
        "error",
        "What a Swedish identifier of wrong form or check digit is: an error, or a warning.",
    )
    test_mode: bool = _documented(
        True, "Whether test numbers are allowed; a server with real patients has false."
    )
    test_numbers: Path | None = _documented(
        None, "A file of further test numbers, such as Skatteverket's list, one on a line."
    )
    hsa_test_prefixes: str = _documented(
        "TSTNMT", "How HSA-ids of test environments begin, separated by commas."
    )
    small_cells: int = _documented(
        5, "The least number of people that a report on a population shows; 1 shows all."
    )
    continuity_visits: int = _documented(
        2, "The fewest visits of a patient that say something about continuity; at least 2."
    )
    async_jobs: int = _documented(
        4, "Asynchronous requests (Prefer: respond-async) that a worker carries out at once."
    )
    agreements: Path | None = _documented(
        None, "A JSON file of agreements on the municipality's payment liability after discharge."
    )
    roles: Path | None = _documented(
        None, "A JSON file of roles and their rights, instead of the published ones."
    )
    relation_days: int = _documented(
        30,
        "Days that a care contact counts as a care relation after it ended, or before a booking.",
    )
    emergency_minutes: int = _documented(
        240, "The longest that one emergency access (nödöppning) lasts, in minutes."
    )
    guardian_until_age: int = _documented(
        13, "The child's birthday from which a guardian no longer asks for it; 1177's 13."
    )
    own_access_from_age: int = _documented(
        16, "The birthday from which young people ask for their own record by themselves."
    )
    card_emergency: str = _documented(
        "Ring 112 vid fara för liv.",
        "What the patient's card says of danger to life; its telephone numbers become links.",
    )
    card_outside_hours: str = _documented(
        "Ring 1177 om du behöver råd om vård. 1177 svarar dygnet runt.",
        "What the patient's card says to do when no contact answers.",
    )
    meeting_answer_days: int = _documented(
        7, "Days that those who are called to a SIP meeting have to answer, where no day is said."
    )
    issuers: Path | None = _documented(
        None, "A JSON file of the issuers whose access tokens are trusted; turns security on."
    )
    local_tokens: bool = _documented(
        False, "Whether tokens of `fhir-server token` are trusted; turns security on."
    )
    client_certificate_header: str = _documented(
        "", "The header in which a reverse proxy passes the client certificate; empty for none."
    )
    trusted_proxies: str = _documented(
        "", "Addresses and networks of reverse proxies besides this machine, separated by commas."
    )
    log_level: str = _documented("info", "debug, info, warning or error.")

    def __post_init__(self) -> None:
        """Refuse values that can't work, at start and not at the first request."""
        if not 0 < self.port < 65536:
            raise SettingsError(f"{PREFIX}PORT must be between 1 and 65535, not {self.port}.")
        counts = ("workers", "threads", "default_count", "max_count", "max_bundle_entries")
        for name in (
            *counts,
            "max_includes",
            "max_expansion",
            "async_jobs",
            "meeting_answer_days",
            "relation_days",
            "emergency_minutes",
            "guardian_until_age",
            "own_access_from_age",
            *_LEAST,
        ):
            least = _LEAST.get(name, 1)
            if getattr(self, name) < least:
                raise SettingsError(f"{PREFIX}{name.upper()} must be at least {least}.")
        for name in ("max_body_mb", "mongod_cache_gb", "terminology_timeout_s"):
            if getattr(self, name) <= 0:
                raise SettingsError(f"{PREFIX}{name.upper()} must be greater than 0.")
        if self.log_level not in ("debug", "info", "warning", "error"):
            raise SettingsError(f"{PREFIX}LOG_LEVEL must be debug, info, warning or error.")
        if self.conditional_delete not in ("single", "multiple", "off"):
            raise SettingsError(f"{PREFIX}CONDITIONAL_DELETE must be single, multiple or off.")
        if self.terminology_server and not _is_web_address(self.terminology_server):
            # The value may hold a password: it is not repeated.
            text = f"{PREFIX}TERMINOLOGY_SERVER must be a URL such as https://tx.example/fhir."
            raise SettingsError(text)
        if self.identifier_checks not in ("error", "warning"):
            raise SettingsError(f"{PREFIX}IDENTIFIER_CHECKS must be error or warning.")
        self._require_files()
        self._require_addresses()
        try:
            ZoneInfo(self.time_zone)
        except (KeyError, ValueError, OSError):
            raise SettingsError(
                f"{PREFIX}TIME_ZONE {self.time_zone!r} is not a zone name such as Europe/Stockholm."
            ) from None

    def _require_files(self) -> None:
        for name in ("test_numbers", "agreements", "roles", "issuers"):
            path = getattr(self, name)
            if path is not None and not path.is_file():
                raise SettingsError(f"{PREFIX}{name.upper()} must name a file that can be read.")

    def _require_addresses(self) -> None:
        for each in filter(None, map(str.strip, self.trusted_proxies.split(","))):
            try:
                ip_network(each)
            except ValueError:
                text = f"{PREFIX}TRUSTED_PROXIES: {each!r} is neither an address nor a network."
                raise SettingsError(text) from None

    @property
    def secured(self) -> bool:
        """Whether somebody is checked: without a trusted issuer the server is open."""
        return self.issuers is not None or self.local_tokens

    @property
    def zone(self) -> ZoneInfo:
        """The zone of dates that state none."""
        return ZoneInfo(self.time_zone)

    @property
    def fhir_base(self) -> str:
        """The address of the FHIR interface, without a trailing slash."""
        return self.base_url.rstrip("/") or f"http://{self.host}:{self.port}/fhir"

    @property
    def directory(self) -> Path:
        """The data directory in use."""
        return self.data_dir or Path(platformdirs.user_data_dir("fhir-server", appauthor=False))


def _is_web_address(text: str) -> bool:
    try:
        split = urlsplit(text)
    except ValueError:
        return False
    return split.scheme in ("http", "https") and bool(split.hostname) and not split.query


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach an address."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def require_safe_address(settings: Settings) -> None:
    """Refuse to let others than this machine reach a server that checks nobody.

    Raises:
        SettingsError: they would.
    """
    if settings.secured or is_loopback(settings.host):
        return
    raise SettingsError(
        f"This server checks nobody, and {settings.host} is not only this machine: whoever reaches "
        "it would read and change everything. Name the issuers whose access tokens it is to trust "
        f"with {PREFIX}ISSUERS (docs/security/authentication.md), or leave --host away."
    )


def load(environment: Mapping[str, str] | None = None, **overrides: Any) -> Settings:
    """Read the settings.

    Args:
        environment: variables; by default the process's.
        overrides: values from the command line; None means not given.

    Raises:
        SettingsError: a value can't be read, or an unknown ``FHIR_SERVER_`` variable is set
            (a misspelled setting must not go unnoticed).
    """
    environment = os.environ if environment is None else environment
    known = {f.name: f for f in fields(Settings)}
    values: dict[str, Any] = {}
    for variable, text in environment.items():
        if not variable.startswith(PREFIX):
            continue
        name = variable.removeprefix(PREFIX).lower()
        if name not in known:
            raise SettingsError(f"{variable} is not a setting; docs/settings.md lists them.")
        if text != "":
            values[name] = _read(variable, str(known[name].type), text)
    values.update({name: value for name, value in overrides.items() if value is not None})
    return replace(Settings(), **values)


def as_environment(settings: Settings) -> dict[str, str]:
    """Give the variables from which another process reads the same settings."""
    pairs = ((f.name, getattr(settings, f.name)) for f in fields(Settings))
    return {PREFIX + name.upper(): str(value) for name, value in pairs if value is not None}


def _read(variable: str, kind: str, text: str) -> Any:
    try:
        if kind == "int":
            return int(text)
        if kind == "float":
            return float(text)
    except ValueError:
        raise SettingsError(f"{variable} must be a number, not {text!r}.") from None
    if kind == "bool":
        if text.lower() not in ("true", "false"):
            raise SettingsError(f"{variable} must be true or false, not {text!r}.")
        return text.lower() == "true"
    return Path(text) if kind.startswith("Path") else text
