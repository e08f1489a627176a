"""Examines the installation: is everything there that the server needs, and does it work?"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

from fhir_server.settings import Settings, SettingsError

State = Literal["ok", "warning", "problem"]

PYTHON = (3, 11)
SUPPORTED_MONGODB = range(6, 9)
CORE_TYPES = ("CareTeam", "CarePlan", "PractitionerRole", "Encounter")
LITTLE_SPACE = 2_000_000_000
TOO_LITTLE_SPACE = 300_000_000
INSTALL = "Run `make venv` in the project, or `pip install 'fhir-server[embedded]'`."


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Args:
        subject: what.
        state: whether the server can work with it.
        text: what was found.
        advice: what to do about it.
    """

    subject: str
    state: State
    text: str
    advice: str = ""


def examine(settings: Settings) -> Iterator[Finding]:
    """Look at everything, one after the other; a missing part does not stop the rest.

    What takes longest to look at, the schemas, comes last.

    Args:
        settings: those the server would run with.
    """
    yield _python()
    yield _unless_missing("Packages", _packages)
    yield _unless_missing("Definitions", _definitions)
    yield _unless_missing("Security", lambda: _security(settings))
    yield from _served(settings) if settings.mongodb_uri else _embedded(settings)
    yield _unless_missing("Schemas", _schemas)


def _served(settings: Settings) -> Iterator[Finding]:
    """Look at a MongoDB that others run, and at the port."""
    deployment = _unless_missing("MongoDB", lambda: _deployment(settings))
    yield deployment
    if settings.mongodb_uri and deployment.state == "ok":
        yield _search_index(settings, settings.mongodb_uri)
        yield _conformance(settings, settings.mongodb_uri)
    yield _port(settings, running=False)


def _embedded(settings: Settings) -> Iterator[Finding]:
    """Look at the MongoDB that the server runs, at its files, and at the port."""
    yield _unless_missing("mongod", lambda: _mongod(settings))
    directory = _unless_missing("Data directory", lambda: _directory(settings.directory))
    yield directory
    if directory.text.startswith("in use by a running server"):
        yield from _running_state(settings)
    yield _space(settings.directory)
    yield _port(settings, running=directory.text.startswith("in use"))


def _unless_missing(subject: str, look: Callable[[], Finding]) -> Finding:
    try:
        return look()
    except ImportError as error:
        return Finding(subject, "problem", f"the package {error.name} is missing", INSTALL)


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < PYTHON:
        wanted = ".".join(map(str, PYTHON))
        return Finding("Python", "problem", version, f"Install Python {wanted} or later.")
    return Finding("Python", "ok", f"{version} ({sys.executable})")


def _packages() -> Finding:
    from packaging.requirements import Requirement

    wanted = [Requirement(text) for text in _requirements()]
    wanted = [each for each in wanted if each.marker is None or each.marker.evaluate({"extra": ""})]
    problems = []
    for requirement in wanted:
        try:
            found = metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            problems.append(f"{requirement.name} is missing")
            continue
        if not requirement.specifier.contains(found, prereleases=True):
            problems.append(f"{requirement.name} is {found}, not {requirement.specifier}")
    if problems:
        return Finding("Packages", "problem", "; ".join(problems), INSTALL)
    if not wanted:
        return Finding("Packages", "warning", "nothing says which are needed", INSTALL)
    return Finding("Packages", "ok", f"{len(wanted)} required, all there")


def _requirements() -> list[str]:
    try:
        return metadata.requires("fhir-server") or []
    except metadata.PackageNotFoundError:
        project = Path(__file__).resolve().parent.parent / "pyproject.toml"
        if not project.is_file():
            return []
        listed: list[str] = tomllib.loads(project.read_text())["project"]["dependencies"]
        return listed


def _definitions() -> Finding:
    from fhir_server.profiles.definitions import Definitions
    from fhir_server.profiles.validator import Validator
    from fhir_server.terminology.terminology import Terminology

    try:
        definitions = Definitions.load()
        validator = Validator(definitions, Terminology(definitions))
        wrong = validator.validate({"resourceType": "Patient", "active": True})
    except (OSError, ValueError, KeyError) as error:
        advice = (
            "The installation is damaged: install it anew. In a clone: git status, git restore."
        )
        return Finding("Definitions", "problem", f"can't be read: {error}", advice)
    if wrong:
        return Finding("Definitions", "problem", "a valid Patient is refused", INSTALL)
    types = definitions.resource_types
    profiles = sum(len(definitions.profiles(type_)) for type_ in types)
    operations = {operation["code"] for operation in definitions.operations()}
    text = f"{len(types)} resource types, {profiles} profiles, {len(operations)} operations"
    if not profiles or not operations:
        return Finding("Definitions", "problem", text, "profiles/se is missing: install anew.")
    return Finding("Definitions", "ok", text)


def _schemas() -> Finding:
    """Hold what the validator compiles against JSON Schema's own schema, by another library."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError

    from fhir_server.profiles.definitions import Definitions
    from fhir_server.profiles.validator import Validator
    from fhir_server.terminology.terminology import Terminology

    definitions = Definitions.load()
    validator = Validator(definitions, Terminology(definitions))
    for type_ in CORE_TYPES:
        try:
            Draft202012Validator.check_schema(validator.schema(type_))
        except SchemaError as error:
            return Finding("Schemas", "problem", f"{type_}: {error.message}", INSTALL)
    return Finding("Schemas", "ok", f"those of {', '.join(CORE_TYPES)} are valid JSON Schema")


def _security(settings: Settings) -> Finding:
    """Tell whether anybody is checked, and whether the issuers can be read."""
    from fhir_server.api import authentication

    subject, page = "Security", "docs/security/authentication.md says how to turn security on."
    try:
        settings.require_safe_address()
        found = authentication.of(settings).authenticator if settings.issuers else None
    except SettingsError as error:
        return Finding(subject, "problem", str(error), page)
    if not settings.secured:
        return Finding(subject, "ok", "OPEN: nobody is checked; for this machine only", page)
    trusted = list(found.issuers) if found else []
    if settings.local_tokens:
        text = f"tokens of `fhir-server token` are trusted, and {len(trusted)} other issuers"
        return Finding(subject, "warning", text, "Only for development: its key is in a file here.")
    return Finding(subject, "ok", f"{len(trusted)} trusted issuers: {', '.join(trusted)[:200]}")


def _mongod(settings: Settings) -> Finding:
    from fhir_server.storage.embedded import EmbeddedMongodError, find_mongod
    from fhir_server.storage.embedded_error import WAYS_OUT

    try:
        program = find_mongod(settings.mongod)
    except EmbeddedMongodError as error:
        return Finding("mongod", "problem", str(error))
    if not os.access(program, os.X_OK):
        return Finding("mongod", "ok", f"{program}; it gets its run bit in the data directory")
    try:
        ran = subprocess.run(
            [program, "--version"], capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Finding("mongod", "problem", f"{program} does not run: {error}", WAYS_OUT)
    version = re.search(r"db version v([0-9][0-9.]*)", ran.stdout)
    if ran.returncode or not version:
        reason = (ran.stderr.strip() or f"it ends with {ran.returncode}").splitlines()[0]
        return Finding("mongod", "problem", f"{program} does not run: {reason}", WAYS_OUT)
    if not _is_supported(version[1]):
        text = f"{version[1]} ({program})"
        return Finding("mongod", "problem", text, "MongoDB 6, 7 or 8 is needed (--mongod).")
    return Finding("mongod", "ok", f"{version[1]} ({program})")


def _directory(directory: Path) -> Finding:
    from fhir_server.storage.embedded import attach
    from fhir_server.storage.embedded_directory import DataDirectory

    subject, root = "Data directory", directory.expanduser()
    if sys.platform != "win32" and DataDirectory.at(root).is_claimed():
        if attach(root):
            return Finding(subject, "ok", f"in use by a running server, which answers ({root})")
        advice = "It may be starting. If this stays, stop the process that server.lock names."
        return Finding(
            subject, "warning", f"in use, and its database does not answer ({root})", advice
        )
    existing = _existing(root)
    advice = "Make it yours and writable, or choose another with --data-dir."
    if root.exists() and not root.is_dir():
        return Finding(subject, "problem", f"{root} is not a directory", advice)
    if root.exists() and sys.platform != "win32" and root.stat().st_uid != os.geteuid():
        return Finding(subject, "problem", f"{root} belongs to another user", advice)
    if not os.access(existing, os.W_OK | os.X_OK):
        return Finding(subject, "problem", f"{existing} is not writable", advice)
    return Finding(subject, "ok", f"{root}{'' if root.exists() else ' (made at the first start)'}")


def _space(directory: Path) -> Finding:
    free = shutil.disk_usage(_existing(directory.expanduser())).free
    text = f"{free / 1e9:.1f} GB free"
    if free < TOO_LITTLE_SPACE:
        return Finding("Disk", "problem", text, "MongoDB stops where the disk is full: make room.")
    if free < LITTLE_SPACE:
        return Finding("Disk", "warning", text, "MongoDB's own log of changes grows to 1 GB.")
    return Finding("Disk", "ok", text)


def _port(settings: Settings, *, running: bool) -> Finding:
    subject, address = "Port", f"{settings.host}:{settings.port}"
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            if running:
                return Finding(subject, "ok", f"{address} is taken, by the running server it seems")
            advice = "Stop what uses it, or choose another with --port (FHIR_SERVER_PORT)."
            return Finding(subject, "problem", f"{address}: {error.strerror}", advice)
    return Finding(subject, "ok", f"{address} is free")


def _deployment(settings: Settings) -> Finding:
    from fhir_server.storage.mongo_deployment import describe
    from fhir_server.storage.records import StoreUnavailable

    subject = "MongoDB"
    try:
        found = describe(settings.mongodb_uri, settings.mongodb_database)
    except StoreUnavailable as error:
        advice = "Check the address, the user and the network (--mongodb-uri)."
        return Finding(subject, "problem", str(error), advice)
    text = f"{found.kind}, version {found.version}"
    if found.kind == "single server" or found.transactions:
        advice = "Make it a replica set (one member is enough): --replSet, then rs.initiate()."
        return Finding(subject, "problem", f"{text}; no transactions: {found.transactions}", advice)
    if not _is_supported(found.version):
        return Finding(subject, "problem", text, "MongoDB 6, 7 or 8 is needed.")
    return Finding(subject, "ok", f"{text}, transactions work")


def _running_state(settings: Settings) -> Iterator[Finding]:
    from fhir_server.storage.embedded import attach

    uri = attach(settings.directory)
    if uri is None:
        yield Finding("Search index", "warning", "the server has just stopped", "Look again.")
        return
    yield _unless_missing("Search index", lambda: _search_index(settings, uri))
    yield _unless_missing("Profiles", lambda: _conformance(settings, uri))


def _conformance(settings: Settings, uri: str) -> Finding:
    """Tell whether the profiles, value sets and packages that are stored are in effect."""
    from fhir_server.storage.mongo import MongoStore
    from fhir_server.storage.mongo_conformance import ConformanceStore
    from fhir_server.storage.mongo_packages import ACTIVE, PackageStore
    from fhir_server.storage.records import StoreFailure, StoreUnavailable

    subject = "Profiles"
    store = MongoStore(uri, settings.mongodb_database)
    try:
        due = ConformanceStore(store.collections).is_old()
        packages = PackageStore(store.collections).all()
    except (StoreUnavailable, StoreFailure) as error:
        return Finding(subject, "warning", f"can't be read: {error}", "Look again.")
    finally:
        store.close()
    if due:
        text = "those stored by an older version are not in effect"
        return Finding(subject, "warning", text, "Run fhir-server reindex --all.")
    waiting = [each.key for each in packages if each.state != ACTIVE]
    if waiting:
        text = f"packages that are not in effect: {', '.join(waiting[:5])}"
        return Finding(subject, "warning", text, "Run fhir-server package add or remove again.")
    return Finding(subject, "ok", f"in effect, {len(packages)} packages")


def _search_index(settings: Settings, uri: str) -> Finding:
    """Tell whether all that is stored is found as this version finds it."""
    from fhir_server.search.search_state import LAYOUT
    from fhir_server.storage.mongo import MongoStore
    from fhir_server.storage.mongo_search_state import SearchStates
    from fhir_server.storage.records import StoreFailure, StoreUnavailable

    subject = "Search index"
    store = MongoStore(uri, settings.mongodb_database)
    try:
        state = SearchStates(store.collections).read()
    except (StoreUnavailable, StoreFailure) as error:
        return Finding(subject, "warning", f"can't be read: {error}", "Look again.")
    finally:
        store.close()
    if state is None or state.layout < LAYOUT:
        text = "made by an older version: some searches miss resources stored before"
        return Finding(subject, "warning", text, "Run fhir-server reindex --all.")
    waiting = sorted(id_ for id_, known in state.parameters.items() if known.building)
    if waiting:
        text = f"{len(waiting)} SearchParameters wait for a reindex: {', '.join(waiting[:5])}"
        return Finding(subject, "warning", text, "Run fhir-server reindex.")
    return Finding(subject, "ok", f"up to date, {len(state.parameters)} custom parameters")


def _is_supported(version: str) -> bool:
    return int(version.partition(".")[0]) in SUPPORTED_MONGODB


def _existing(path: Path) -> Path:
    """Give the path, or the nearest folder above it that exists."""
    return next(each for each in (path.absolute(), *path.absolute().parents) if each.exists())
