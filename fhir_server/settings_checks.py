"""Which values of settings can't work, said at start and not at the first request."""

from __future__ import annotations

import re
from ipaddress import ip_network
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from fhir_server.addresses import is_origin, is_web_address

if TYPE_CHECKING:
    from fhir_server.settings import Settings

PREFIX = "FHIR_SERVER_"

_POSITIVE = (
    "audit_spool_mb", "max_body_mb", "max_page_mb", "mongod_cache_gb", "search_seconds",
    "terminology_timeout_s",
)  # fmt: skip
_RATE = re.compile(r"[1-9][0-9]{0,6}/(second|minute|hour|day)")
_COUNTS = (
    "workers", "threads", "default_count", "max_count", "max_bundle_entries", "max_includes",
    "max_expansion", "async_jobs", "meeting_answer_days", "relation_days", "emergency_minutes",
    "guardian_until_age", "own_access_from_age",
)  # fmt: skip
_CHOICES = {
    "log_level": ("debug", "info", "warning", "error"),
    "audit": ("secured", "always"),
    "conditional_delete": ("single", "multiple", "off"),
    "identifier_checks": ("error", "warning"),
}
# Counts that have another least value than 1, or need it said.
_LEAST = {"small_cells": 1, "continuity_visits": 2, "audit_years": 5, "proxy_hops": 0}


class SettingsError(ValueError):
    """A setting has a value that can't be used; the text says which and what to give instead."""


def require_usable(settings: Settings) -> None:
    """Refuse values that can't work.

    Raises:
        SettingsError: the first that can't.
    """
    if not 0 < settings.port < 65536:
        raise SettingsError(f"{PREFIX}PORT must be between 1 and 65535, not {settings.port}.")
    for name in (*_COUNTS, *_LEAST):
        least = _LEAST.get(name, 1)
        if getattr(settings, name) < least:
            raise SettingsError(f"{PREFIX}{name.upper()} must be at least {least}.")
    for name in _POSITIVE:
        if getattr(settings, name) <= 0:
            raise SettingsError(f"{PREFIX}{name.upper()} must be greater than 0.")
    for name, allowed in _CHOICES.items():
        if getattr(settings, name) not in allowed:
            text = f"{', '.join(allowed[:-1])} or {allowed[-1]}"
            raise SettingsError(f"{PREFIX}{name.upper()} must be {text}.")
    if settings.terminology_server and not is_web_address(settings.terminology_server):
        # The value may hold a password: it is not repeated.
        text = f"{PREFIX}TERMINOLOGY_SERVER must be a URL such as https://tx.example/fhir."
        raise SettingsError(text)
    _require_limits(settings)
    _require_hosts(settings)
    _require_files(settings)
    _require_addresses(settings)
    try:
        ZoneInfo(settings.time_zone)
    except (KeyError, ValueError, OSError):
        raise SettingsError(
            f"{PREFIX}TIME_ZONE {settings.time_zone!r} is not a zone name such as Europe/Stockholm."
        ) from None


def _require_limits(settings: Settings) -> None:
    for name in ("rate_limit", "failure_limit"):
        given = getattr(settings, name)
        if given not in ("", "off") and not _RATE.fullmatch(given):
            raise SettingsError(f"{PREFIX}{name.upper()} must be off or such as 600/minute.")
    if not all(map(is_origin, settings.origins)):
        text = "must be origins such as https://app.example, each in full: no *, no path"
        raise SettingsError(f"{PREFIX}CORS_ORIGINS {text}.")


def _require_hosts(settings: Settings) -> None:
    # Whoever names the server as they like would stand in the links it gives to others.
    if settings.secured and not settings.hosts and not settings.base_url:
        text = f"must say at which address clients reach the server on {settings.host}"
        raise SettingsError(f"{PREFIX}BASE_URL {text}, such as https://fhir.example/fhir.")


def _require_files(settings: Settings) -> None:
    for name in ("test_numbers", "agreements", "roles", "issuers", "audit_key"):
        path = getattr(settings, name)
        if path is not None and not path.is_file():
            raise SettingsError(f"{PREFIX}{name.upper()} must name a file that can be read.")


def _require_addresses(settings: Settings) -> None:
    for each in filter(None, map(str.strip, settings.trusted_proxies.split(","))):
        try:
            ip_network(each)
        except ValueError:
            text = f"{PREFIX}TRUSTED_PROXIES: {each!r} is neither an address nor a network."
            raise SettingsError(text) from None
