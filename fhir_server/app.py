"""Joins the parts: the one place that knows them all."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from flask import Flask
from flask_compress import Compress

from fhir_server.api import (
    access_log,
    asynchronous,
    blueprints,
    errors,
    health,
    openapi,
    unread_bodies,
)
from fhir_server.interactions.context import Context, Server
from fhir_server.interactions.live_search import LiveSearch
from fhir_server.operations.invocation import Invoker
from fhir_server.operations.registry import OPERATIONS
from fhir_server.profiles.definitions import Definitions
from fhir_server.profiles.validator import Validator
from fhir_server.resources.registry import IMPOSED, Registry
from fhir_server.search.indexing import Indexer
from fhir_server.search.parse import QueryParser
from fhir_server.security.guarded_store import GuardedStore
from fhir_server.security.principal import LOCAL
from fhir_server.settings import Settings
from fhir_server.storage.mongo import MongoStore
from fhir_server.storage.mongo_search_state import SearchStates
from fhir_server.sweden import write_rules
from fhir_server.sweden.identifier_rules import IdentifierRules, read_test_numbers


@dataclass(frozen=True, slots=True)
class Parts:
    """What the app's views find under ``app.extensions["fhir"]``."""

    server: Server
    store: MongoStore


@cache
def _conformance(rules: IdentifierRules) -> tuple[Definitions, Validator]:
    """Read what is the same for every application of a process, and large."""
    definitions = Definitions.load()
    return definitions, Validator(definitions, extra_rules=(rules,), imposed=IMPOSED)


def identifier_rules(settings: Settings) -> IdentifierRules:
    """Give what the settings say of Swedish identifiers."""
    listed = settings.test_numbers
    lines = listed.read_text("utf-8").splitlines() if listed else ()
    prefixes = (prefix.strip() for prefix in settings.hsa_test_prefixes.split(","))
    return IdentifierRules(
        severity="warning" if settings.identifier_checks == "warning" else "error",
        test_mode=settings.test_mode,
        test_numbers=read_test_numbers(lines),
        hsa_test_prefixes=tuple(prefix for prefix in prefixes if prefix),
    )


def create_server(settings: Settings) -> Server:
    """Join the parts that need no database."""
    definitions, validator = _conformance(identifier_rules(settings))
    zone = settings.zone
    return Server(
        settings=settings,
        definitions=definitions,
        registry=Registry(definitions),
        validator=validator,
        search=LiveSearch(
            definitions,
            lambda own, revision: Indexer(
                own, zone, settings.fhir_base, full_text=settings.full_text, revision=revision
            ),
            lambda own: QueryParser(
                own,
                zone,
                settings.fhir_base,
                settings.default_count,
                settings.max_count,
                full_text=settings.full_text,
            ),
        ),
        write_rules=write_rules,
        operations=Invoker(definitions, OPERATIONS),
    )


def create_context(server: Server, store: MongoStore) -> Context:
    """Give the context of work that no HTTP request asked for, such as a load."""
    server.search.follow(SearchStates(store.collections))
    return Context(server, GuardedStore(store, LOCAL), server.settings.fhir_base)


def create_app(settings: Settings, mongodb_uri: str) -> Flask:
    """Give the WSGI application.

    Args:
        settings: the settings.
        mongodb_uri: the database to use, the embedded one's where ``settings`` name none.
    """
    access_log.configure(settings.log_level)
    server = create_server(settings)
    app = Flask("fhir_server", static_folder=None)
    store = MongoStore(mongodb_uri, settings.mongodb_database)
    app.extensions["fhir"] = Parts(server, store)
    app.config.update(
        MAX_CONTENT_LENGTH=int(settings.max_body_mb * 1_000_000),
        MAX_FORM_MEMORY_SIZE=1_000_000,
        COMPRESS_MIMETYPES=[
            "application/fhir+json",
            "application/fhir+xml",
            "application/json",
            "text/html",
        ],
        COMPRESS_ALGORITHM=["gzip"],
        COMPRESS_LEVEL=4,
        COMPRESS_MIN_SIZE=1000,
        # The interactions know what If-Match and its like are about.
        COMPRESS_EVALUATE_CONDITIONAL_REQUEST=False,
    )
    Compress(app)
    access_log.register(app)
    errors.register(app)
    unread_bodies.register(app)
    asynchronous.register(app)
    api = openapi.configure(app)
    api.register_blueprint(health.blueprint())
    api.register_blueprint(asynchronous.blueprint())
    api.register_blueprint(blueprints.fhir_blueprint(server))
    # Last: until here no database is needed.
    server.search.follow(SearchStates(store.collections))
    return app
