"""Who asks, for one HTTP request."""

from __future__ import annotations

from fhir_server.security.principal import LOCAL, Principal


def principal() -> Principal:
    """Give who asks."""
    return LOCAL
