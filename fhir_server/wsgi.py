"""What a WSGI server other than ours loads: ``fhir_server.wsgi:application()``."""

from __future__ import annotations

from flask import Flask

from fhir_server import settings as settings_module
from fhir_server import workers
from fhir_server.app import create_app


def application() -> Flask:
    """Give the application, from the environment alone.

    Raises:
        SettingsError: a variable can't be used, or no database is named.
        StoreUnavailable: the database does not answer.
    """
    settings = settings_module.load()
    if not settings.mongodb_uri:
        raise settings_module.SettingsError(
            "FHIR_SERVER_MONGODB_URI is not set. `fhir-server serve` starts a database of its own; "
            "under another WSGI server, name one."
        )
    app = create_app(settings, settings.mongodb_uri)
    app.extensions["fhir"].store.prepare()
    return workers.with_rules(app)
