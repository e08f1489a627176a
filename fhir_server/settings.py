"""Settings: read once at start, typed, immutable. docs/settings.md explains each for operators."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import platformdirs

from fhir_server import secret_files
from fhir_server.addresses import is_loopback, known_hosts, listed
from fhir_server.settings_checks import PREFIX, SettingsError, require_usable

__all__ = ["PREFIX", "Settings", "SettingsError", "as_environment", "is_secret_file", "load"]


def _documented(default: Any, about: str, metavar: str = "", *, secret: bool = False) -> Any:
    known = {"about": about, "metavar": metavar, "secret": secret}
    # What is secret stands in no traceback, log or error text.
    return field(default=default, metadata=known, repr=not secret)


# Of who is known to the server by a token, in one worker: more than any of our clients needs.
_SECURED_RATE = "30000/minute"


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
        "",
        "A replica set or sharded cluster, MongoDB 6 to 8; empty starts the embedded one.",
        secret=True,
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
        "",
        "FHIR base url of a server to ask about codes that nobody here knows; empty for none.",
        secret=True,
    )
    terminology_timeout_s: float = _documented(
        2.0, "Seconds that one request may wait for the terminology server, all in all."
    )
    terminology_token: str = _documented(
        "", "Sent to the terminology server as Authorization: Bearer; empty for none.", secret=True
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
    audit: str = _documented(
        "secured", "When the audit trail is kept: where access is controlled (secured), or always."
    )
    audit_dir: Path | None = _documented(
        None, "Folder of audit records that the database has not yet; default: in data_dir."
    )
    audit_key: Path | None = _documented(
        None, "A file with the secret that seals the audit trail; without it, a plain hash does."
    )
    audit_sync: bool = _documented(
        False, "Whether the answer to a read waits until its record is on disk, as that to a write."
    )
    audit_spool_mb: float = _documented(
        1000.0,
        "The most audit records that wait for the database, in MB; then nothing is answered.",
    )
    audit_years: int = _documented(
        5, "Years that audit records are kept; at least 5 (HSLF-FS 2016:40, 4 kap. 9 §)."
    )
    allowed_hosts: str = _documented(
        "", "Further names that requests may come to (Host), separated by commas."
    )
    cors_origins: str = _documented(
        "", "Origins whose pages may use the server, separated by commas; empty for none."
    )
    proxy_hops: int = _documented(
        0, "Reverse proxies in front, whose X-Forwarded-For says who asks; 0 trusts none."
    )
    rate_limit: str = _documented(
        "", "Requests of one client, such as 600/minute; or off. Empty: off without security."
    )
    failure_limit: str = _documented(
        "30/minute", "Tokens that are refused, of one address, before it has to wait; or off."
    )
    search_seconds: float = _documented(
        30.0, "Seconds that what reads may take in the database; asynchronous requests may longer."
    )
    max_page_mb: float = _documented(
        16.0, "The size, in MB, after which a page of results or versions ends."
    )
    log_level: str = _documented("info", "debug, info, warning or error.")

    def __post_init__(self) -> None:
        """Refuse values that can't work, at start and not at the first request."""
        require_usable(self)

    def require_safe_address(self) -> None:
        """Refuse to let others than this machine reach a server that checks nobody.

        Raises:
            SettingsError: they would.
        """
        if not self.secured and not is_loopback(self.host):
            raise SettingsError(
                f"This server checks nobody, and {self.host} is not only this machine: whoever "
                f"reaches it would read and change everything. Name trusted issuers by {PREFIX}"
                "ISSUERS (docs/security/authentication.md), or leave --host away."
            )

    @property
    def secured(self) -> bool:
        """Whether somebody is checked: without a trusted issuer the server is open."""
        return self.issuers is not None or self.local_tokens

    @property
    def zone(self) -> ZoneInfo:
        """The zone of dates that state none."""
        return ZoneInfo(self.time_zone)

    @property
    def origins(self) -> tuple[str, ...]:
        """The origins of `cors_origins`."""
        return listed(self.cors_origins)

    @property
    def hosts(self) -> frozenset[str]:
        """The names by which requests may name the server; see `addresses.known_hosts`."""
        return known_hosts(self.host, self.base_url, listed(self.allowed_hosts))

    @property
    def client_rate(self) -> str:
        """The requests that one client may make; empty for any number."""
        rate = self.rate_limit or (_SECURED_RATE if self.secured else "off")
        return "" if rate == "off" else rate

    @property
    def failure_rate(self) -> str:
        """The refused tokens of one address; empty for any number."""
        return "" if self.failure_limit == "off" else self.failure_limit

    @property
    def fhir_base(self) -> str:
        """The address of the FHIR interface, without a trailing slash."""
        return self.base_url.rstrip("/") or f"http://{self.host}:{self.port}/fhir"

    @property
    def audited(self) -> bool:
        """Whether an audit trail is kept."""
        return self.secured or self.audit == "always"

    @property
    def audit_directory(self) -> Path:
        """The folder of audit records on their way in use."""
        return self.audit_dir or self.directory / "audit"

    @property
    def directory(self) -> Path:
        """The data directory in use."""
        return self.data_dir or Path(platformdirs.user_data_dir("fhir-server", appauthor=False))


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
    for variable, given in environment.items():
        if not variable.startswith(PREFIX):
            continue
        name, text = variable.removeprefix(PREFIX).lower(), given
        if name not in known and is_secret_file(name):
            name, text = name.removesuffix("_file"), _secret(variable, given)
            if text and environment.get(PREFIX + name.upper()):
                raise SettingsError(f"Set {variable} or {PREFIX}{name.upper()}, not both.")
        if name not in known:
            raise SettingsError(f"{variable} is not a setting; docs/settings.md lists them.")
        if text != "":
            values[name] = _read(variable, str(known[name].type), text)
    values.update({name: value for name, value in overrides.items() if value is not None})
    return replace(Settings(), **values)


def is_secret_file(name: str) -> bool:
    """Tell whether ``[name]_file`` stands for a setting that may be read from a file."""
    secrets = {f.name for f in fields(Settings) if f.metadata["secret"]}
    return name.endswith("_file") and name.removesuffix("_file") in secrets


def _secret(variable: str, path: str) -> str:
    try:
        return secret_files.read(path) if path else ""
    except secret_files.SecretFileError as error:
        raise SettingsError(f"{variable} {error}.") from None


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
