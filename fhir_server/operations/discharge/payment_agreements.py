"""The agreements on payment liability that the settings name, read once (R68)."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from fhir_server.settings import PREFIX, Settings, SettingsError
from fhir_server.sweden.agreements import Agreements, AgreementsError, read_agreements


def agreements_of(settings: Settings) -> Agreements:
    """Give the agreements; the statutory default where the settings name no file.

    Raises:
        SettingsError: the file can't be read, or does not fit; said at start.
    """
    return _read(settings.agreements)


@cache
def _read(path: Path | None) -> Agreements:
    if path is None:
        return Agreements()
    try:
        return read_agreements(path.read_text("utf-8"))
    except (OSError, AgreementsError, UnicodeDecodeError) as wrong:
        raise SettingsError(f"{PREFIX}AGREEMENTS can't be used: {wrong}") from None
