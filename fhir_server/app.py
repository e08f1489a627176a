"""Joins the parts: the one place that knows them all."""

from __future__ import annotations

import gc
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import structlog
from flask import Flask

from fhir_server.api import (
    access_log,
    asynchronous,
    audit,
    authentication,
    blueprints,
    compression,
    errors,
    health,
    host_names,
    large_bodies,
    openapi,
    origins,
    search_time,
    security_headers,
    smart,
    throttling,
    unread_bodies,
)
from fhir_server.api.application import Application
from fhir_server.fhir.outcome import has_errors
from fhir_server.fhirpath.engine import Engine
from fhir_server.interactions.context import Context, Server
from fhir_server.interactions.live_conformance import Conformance, LiveConformance
from fhir_server.interactions.live_search import LiveSearch
from fhir_server.interactions.stored_concepts import StoredConcepts
from fhir_server.interactions.stored_definitions import StoredDefinitions
from fhir_server.operations.discharge.payment_agreements import agreements_of
from fhir_server.operations.invocation import Invoker
from fhir_server.operations.registry import OPERATIONS
from fhir_server.profiles.definitions import Definitions
from fhir_server.profiles.imposed import Imposed
from fhir_server.profiles.plans.profile_checks import ProfileChecks
from fhir_server.profiles.validator import Validator
from fhir_server.resources.registry import IMPOSED, Registry
from fhir_server.search.indexing import Indexer
from fhir_server.search.parse import QueryParser
from fhir_server.search.plans import Plans
from fhir_server.security import roles
from fhir_server.security.audit import trail
from fhir_server.security.audit.event import Form
from fhir_server.security.audit.trail import Trail
from fhir_server.security.authentication.smart import OPEN_TEXT
from fhir_server.security.gate import Gate
from fhir_server.security.masking import Masks
from fhir_server.security.organizations import Marks
from fhir_server.security.patient_states import StoredStates
from fhir_server.security.provenance import Terms
from fhir_server.security.rights import Rules
from fhir_server.settings import PREFIX, Settings, SettingsError
from fhir_server.storage.mongo import MongoStore
from fhir_server.storage.mongo_audit import AuditStore
from fhir_server.storage.mongo_conformance import ConformanceStore
from fhir_server.storage.mongo_search_state import SearchStates
from fhir_server.storage.places import Collections
from fhir_server.sweden import access_labels, codes, emergency, facts, masking, write_rules
from fhir_server.sweden.access_law import Limits
from fhir_server.sweden.access_states import AccessStates
from fhir_server.sweden.audit_trail import APPEND_ONLY
from fhir_server.sweden.guardian_access import Ages
from fhir_server.sweden.identifier_rules import IdentifierRules, read_test_numbers
from fhir_server.terminology import allowance
from fhir_server.terminology.connection import Connection
from fhir_server.terminology.remote import RemoteTerminology
from fhir_server.terminology.terminology import Terminology

log = structlog.get_logger()
# As long as the hash of HMAC-SHA-256: RFC 2104, section 3.
LEAST_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Parts:
    """What the app's views find under ``app.extensions["fhir"]``."""

    server: Server
    store: MongoStore
    gate: Gate


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


@cache
def _definitions() -> Definitions:
    """Read what is the same for every application of a process, and large."""
    return Definitions.load()


@cache
def published_plans(full_text: bool) -> Plans:
    """Give how resources are indexed where nothing is stored; applications share it."""
    return Plans(_definitions(), full_text=full_text)


@dataclass(frozen=True, slots=True)
class Checks:
    """What decides how resources and codes are checked where nothing is stored.

    Args:
        terminology_server: FHIR base url; empty for none.
        timeout_s: how long a request may wait for it.
        token: for it.
        max_expansion: the most concepts that an expansion gives at once.
        identifiers: rules for Swedish identifiers.
        imposed: profiles that hold whether they are claimed or not.
    """

    terminology_server: str
    timeout_s: float
    token: str
    max_expansion: int
    identifiers: IdentifierRules
    imposed: tuple[Imposed, ...]

    @classmethod
    def of(cls, settings: Settings) -> Checks:
        """Read them from the settings."""
        return cls(
            settings.terminology_server,
            settings.terminology_timeout_s,
            settings.terminology_token,
            settings.max_expansion,
            identifier_rules(settings),
            IMPOSED if settings.impose_profiles else (),
        )


@cache
def _published(by: Checks) -> Conformance:
    """Join what is in effect with nothing stored; applications that check alike share it."""
    definitions = _definitions()
    remote = None
    if by.terminology_server:
        remote = RemoteTerminology(Connection(by.terminology_server, by.timeout_s, by.token))
    terminology = Terminology(definitions, external=remote, max_expansion=by.max_expansion)
    rules = (by.identifiers,)
    validator = Validator(definitions, terminology, extra_rules=rules, imposed=by.imposed)
    return Conformance(0, definitions, validator, terminology)


def _live(published: Conformance) -> LiveConformance:
    """Let stored definitions join the published ones; what checks R4's structure is shared."""
    engine = Engine(published.definitions)

    def with_stored(
        revision: int, definitions: Definitions, stored: StoredDefinitions, at: Collections
    ) -> Conformance:
        concepts = StoredConcepts(stored, at)
        terminology = published.terminology.with_definitions(definitions, concepts)
        validator = published.validator.with_definitions(definitions, terminology)
        return Conformance(revision, definitions, validator, terminology)

    def problems(definitions: Definitions, profile: Mapping[str, Any]) -> list[str]:
        checks = ProfileChecks(definitions, engine, published.terminology)
        found = checks.problems(profile)
        return [f"{issue.expression}: {issue.text}" for issue in found if has_errors([issue])]

    return LiveConformance(published, with_stored, problems)


def create_server(settings: Settings) -> Server:
    """Join the parts that need no database."""
    published = _published(Checks.of(settings))
    live = _live(published)
    definitions = published.definitions
    zone = settings.zone

    def plans(own: Definitions) -> Plans:
        full_text = settings.full_text
        published = own is definitions
        return published_plans(full_text) if published else Plans(own, full_text=full_text)

    return Server(
        settings=settings,
        definitions=definitions,
        registry=Registry(definitions),
        conformance=live,
        search=LiveSearch(
            definitions,
            lambda own, revision: Indexer(
                own,
                zone,
                settings.fhir_base,
                revision=revision,
                facts_of=facts.facts_of,
                label_rules=access_labels,
                plans=plans(own),
            ),
            lambda own: QueryParser(
                own,
                zone,
                settings.fhir_base,
                settings.default_count,
                settings.max_count,
                max_page_bytes=int(settings.max_page_mb * 1_000_000),
                terminology=lambda: live.current().terminology,
                plans=plans(own),
            ),
        ),
        write_rules=write_rules,
        operations=Invoker(definitions, OPERATIONS),
    )


def create_context(server: Server, store: MongoStore, unit: str = "") -> Context:
    """Give the context of work that no HTTP request asked for, such as a load.

    Args:
        server: the server's parts.
        store: the whole store.
        unit: ``Organization/[id]`` or HSA-id of the unit that answers for what is written and says
            nothing of it itself; empty for none.

    Raises:
        LookupError: there is no such unit.
    """
    _follow(server, store)
    gate = create_gate(server, store)
    known = gate.unit(unit) if unit else ""
    if unit and not known:
        raise LookupError(unit)
    return Context(server, gate.open(unit=known), server.settings.fhir_base)


def access_states(settings: Settings) -> AccessStates:
    """Give the law of access, with what the settings leave open."""
    return AccessStates(
        Limits(settings.relation_days, settings.emergency_minutes),
        Ages(settings.guardian_until_age, settings.own_access_from_age),
    )


def create_gate(server: Server, store: MongoStore) -> Gate:
    """Give the way to a store, which knows who may see what."""
    types = server.definitions.resource_types
    rules = Rules(
        roles=roles.load(server.settings.roles, types),
        states=StoredStates(access_states(server.settings)),
        marks=Marks(codes.ORGANISATIONSNUMMER, codes.HSA_ID_SYSTEMS),
        reads_search=lambda type_, pairs: server.parser.parse(type_, pairs).where,
        types=tuple(types),
        signatures=emergency,
    )
    profile = f"{server.definitions.canonical}/StructureDefinition/se-provenance"
    terms = Terms(
        indexer=lambda: server.indexer,
        zone=server.settings.zone,
        profile=profile,
        hsa_system=codes.HSA_ID_SYSTEMS[0],
        server=server.settings.fhir_base,
    )
    return Gate(store, rules, Masks(masking), terms)


def create_routes() -> Application:
    """Give an application that has its routes, which need neither settings nor a database.

    Workers share what is made before they are forked (`preloaded.py`): of an application, the
    routes are what takes memory and time.
    """
    definitions = _definitions()
    app = Application("fhir_server")
    api = openapi.configure(app)
    api.register_blueprint(health.blueprint())
    api.register_blueprint(smart.blueprint())
    api.register_blueprint(asynchronous.blueprint())
    renders = Invoker(definitions, OPERATIONS).renders
    api.register_blueprint(blueprints.fhir_blueprint(definitions, renders))
    # What finds the route of a request; werkzeug makes it at the first one.
    app.url_map.update()
    return app


def create_app(settings: Settings, mongodb_uri: str, routes: Application | None = None) -> Flask:
    """Give the WSGI application.

    Args:
        settings: the settings.
        mongodb_uri: the database to use, the embedded one's where ``settings`` name none.
        routes: of `create_routes`; it becomes the application. None to make them now.
    """
    access_log.configure(settings.log_level)
    # A file that does not fit is said at start and not at the first question.
    agreements_of(settings)
    who_asks = authentication.of(settings)
    if who_asks.authenticator is None:
        log.warning(OPEN_TEXT, open=True)
    server = create_server(settings)
    app = create_routes() if routes is None else routes
    append_only = APPEND_ONLY if settings.audited else None
    store = MongoStore(mongodb_uri, settings.mongodb_database, append_only)
    app.extensions["fhir"] = Parts(server, store, create_gate(server, store))
    app.config.update(
        MAX_CONTENT_LENGTH=int(settings.max_body_mb * 1_000_000),
        MAX_FORM_MEMORY_SIZE=1_000_000,
    )
    compression.register(app)
    access_log.register(app)
    security_headers.register(app, settings)
    if settings.audited:
        _record(app, settings, store)
    errors.register(app)
    unread_bodies.register(app)
    host_names.register(app, settings)
    origins.register(app, settings)
    throttling.register(app, settings)
    search_time.register(app, settings)
    authentication.register(app, who_asks)
    large_bodies.register(app)
    asynchronous.register(app)
    if settings.terminology_server:
        app.before_request(partial(allowance.begin, settings.terminology_timeout_s))
        app.teardown_request(lambda _: allowance.end())
    # Last: until here no database is needed.
    _follow(server, store)
    return app


def collect_rarely() -> None:
    """Let Python look for cycles less often, and no more among what was made until now.

    A write of many resources makes many objects, of which few are cyclic, while the definitions,
    which stay for good, were walked through again and again: 15 to 20 % of the CPU time of a large
    transaction. For a process whose parts are all made.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def audit_rules(settings: Settings) -> trail.Rules:
    """Give how the audit trail is kept.

    Raises:
        SettingsError: the file of the key holds none.
    """
    key = settings.audit_key.read_bytes().strip() if settings.audit_key else b""
    if settings.audit_key and len(key) < LEAST_KEY_BYTES:
        text = f"{PREFIX}AUDIT_KEY must name a file with at least {LEAST_KEY_BYTES} bytes."
        raise SettingsError(text)
    most = int(settings.audit_spool_mb * 1_000_000)
    return trail.Rules(settings.audit_directory, key, sync=settings.audit_sync, most_bytes=most)


def audit_form(settings: Settings) -> Form:
    """Give what all records of the audit trail have in common."""
    return Form(codes.HSA_ID, settings.fhir_base)


def _record(app: Flask, settings: Settings, store: MongoStore) -> None:
    """Keep the audit trail; what processes before this one have left of it is shipped first."""
    own = Trail(audit_rules(settings), AuditStore(store.collections))
    audit.register(app, own, audit_form(settings))
    own.start()
    # Who closes the store wants no thread that goes on asking it.
    store.before_close(own.stop)


def _follow(server: Server, store: MongoStore) -> None:
    """Follow the rules that are data in a database."""
    server.search.follow(SearchStates(store.collections))
    server.conformance.follow(ConformanceStore(store.collections))
