"""Adds FHIR packages and removes them: all of a package takes effect at once, or nothing.

What a package brings goes the ordinary way of writes, in transactions of many resources, and is
kept without effect until a last transaction lets all of it take effect. An interrupted load leaves
nothing in effect, and may be repeated or removed.
"""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from fhir_server.bulk import load
from fhir_server.bulk.load import Loader, reasons
from fhir_server.bulk.package_checks import SEARCH_PARAMETER, Findings, Item, check, in_portions
from fhir_server.bulk.package_files import PackageContent
from fhir_server.bulk.sources import File
from fhir_server.fhir import json
from fhir_server.fhir.dates import instant_text
from fhir_server.fhir.outcome import FhirError
from fhir_server.interactions.context import Brought, Context
from fhir_server.interactions.derivation import made_anew, remade, settle
from fhir_server.interactions.live_conformance import Settling
from fhir_server.interactions.stored_concepts import NewConcepts
from fhir_server.interactions.transaction import transaction
from fhir_server.profiles.taking_effect import PROFILE
from fhir_server.storage.mongo_conformance import ConformanceStore, Known
from fhir_server.storage.mongo_packages import ACTIVE, LOADING, REMOVING, Package, PackageStore
from fhir_server.storage.snapshot import Snapshot

# Deleted, or made anew, in one transaction.
PORTION = 200
PER_ID = 64


class Watcher(load.Watcher, Protocol):
    """Hears how work on a package goes on."""

    def planned(self, total: float) -> None:
        """So much is to be done from here."""


class PackageRefused(Exception):
    """A package can't be added whole; nothing of it takes effect.

    Args:
        problems: by file, why not.
        stored: whether some of it is stored.
    """

    def __init__(self, problems: Mapping[str, Sequence[str]], *, stored: bool = False) -> None:
        super().__init__(f"{len(problems)} files")
        self.problems = problems
        self.stored = stored


@dataclass(frozen=True, slots=True)
class Added:
    """What adding a package came to.

    Args:
        package: as it is kept.
        findings: about its content.
        problems: by file, what did not take effect, though wanted.
        unchanged: the same was there already.
    """

    package: Package
    findings: Findings
    problems: Mapping[str, Sequence[str]] = field(default_factory=dict)
    unchanged: bool = False

    @property
    def in_effect(self) -> int:
        """How many of its resources take effect."""
        return sum(each.effective is not None for each in self.findings.judgements.values())

    @property
    def search_parameters(self) -> bool:
        """Whether it brought any that need a reindex."""
        return any(each.resource_type == SEARCH_PARAMETER for each in self.findings.items)


class Packages:
    """The packages of one database.

    Args:
        context: on whose behalf, and where to.
        watcher: hears how it goes on.
    """

    def __init__(self, context: Context, watcher: Watcher) -> None:
        self._context = replace(context, settling=Settling())
        self._watcher = watcher
        self._store = PackageStore(context.store.collections)
        self._conformance = ConformanceStore(context.store.collections)

    @property
    def own_name(self) -> str:
        """The name of the package that this server itself is."""
        return self._context.server.conformance.published.package_name

    def all(self) -> list[Package]:
        """Give the packages, by name and version."""
        return self._store.all()

    def add(self, content: PackageContent, *, partial: bool = False) -> Added:
        """Add a package, or put a changed one in the place of the same version.

        Args:
            content: the package.
            partial: let take effect what can, if not all can.

        Raises:
            PackageRefused: something of it can't be stored or can't take effect.
            StoreUnavailable: the database did not come back.
        """
        digest = content.digest()
        known = next((each for each in self.all() if each.key == content.key), None)
        if known is not None and (known.state, known.digest) == (ACTIVE, digest):
            return Added(known, Findings(), unchanged=True)
        findings = check(self._context.server, content, self._watcher.done)
        if findings.problems and not partial:
            raise PackageRefused(findings.problems)
        targets = self._targets(content.key, findings.items)
        references = tuple(f"{item.resource_type}/{id_}" for item, id_ in targets)
        now = instant_text(time.time_ns() // 1_000_000 * 1000)
        package = Package(content.name, content.version, LOADING, references, now, digest)
        before = known.resources if known is not None else ()
        # Until it is complete it also has what it had: so that a removal leaves nothing.
        whole = tuple(dict.fromkeys((*references, *before)))
        self._store.put(replace(package, resources=whole))
        failed = self._load(package, targets, findings)
        problems = {**findings.problems, **failed}
        if failed and not partial:
            raise PackageRefused(problems, stored=True)
        active = self._activate(replace(package, state=ACTIVE), findings)
        self._delete([each for each in before if each not in references])
        self._wait()
        return Added(active, findings, problems)

    def remove(self, package: Package) -> dict[str, Sequence[str]]:
        """Take a package out of effect at once, and delete what it brought.

        Returns:
            What can't be deleted, and why, by reference; the package is then kept as one that is
            being removed.
        """
        removing = replace(package, state=REMOVING)

        def withdraw(snapshot: Snapshot) -> None:
            at = self._conformance.count_up_inside(snapshot)
            self._store.withdraw_inside(snapshot, package.key, at)
            self._store.put_inside(snapshot, removing)

        self._context.store.transact([], before=withdraw)
        settle(self._context)
        self._watcher.planned(len(package.resources))
        failed = self._delete(package.resources)
        if not failed:
            self._store.drop(package)
        self._wait()
        return failed

    def _wait(self) -> None:
        if self._context.settling is not None:
            self._context.settling.wait()

    def _targets(self, package: str, items: Sequence[Item]) -> list[tuple[Item, str]]:
        """Choose the ids: those of the package, but where another resource has one already."""
        read = self._context.store.read_many(item.reference for item in items)
        source = source_of(package)
        chosen = []
        for item in items:
            stored = read.get(item.reference)
            id_ = item.id
            if stored is not None and stored.body is not None:
                other = json.plain(stored.body)
                own = other.get("meta", {}).get("source") == source
                id_ = item.id if own else derived_id(package, item.id)
            chosen.append((item, id_))
        return chosen

    def _load(
        self, package: Package, targets: Sequence[tuple[Item, str]], findings: Findings
    ) -> dict[str, list[str]]:
        """Store the resources, without effect; give what failed, by file."""
        judgements = {
            f"{item.resource_type}/{id_}": findings.judgements[item.reference]
            for item, id_ in targets
            if item.reference in findings.judgements
        }
        context = replace(self._context, brought=Brought(package.key, judgements))
        with tempfile.TemporaryDirectory(prefix="fhir-server-") as folder:
            path = Path(folder) / "package.ndjson"
            with path.open("wb") as lines:
                for item, id_ in targets:
                    lines.write(json.dump(_marked(item, id_, package.key)) + b"\n")
            source = File(path, package.key, path.stat().st_size)
            self._watcher.planned(source.size)
            tally = Loader(context, self._watcher).load([source])
        failed: dict[str, list[str]] = {}
        for failure in tally.failures:
            item = targets[(failure.place.line or 1) - 1][0]
            failed.setdefault(item.file.name, []).extend(reasons(failure.error.issues))
        return failed

    def _activate(self, package: Package, findings: Findings) -> Package:
        """Let all that waits take effect, in one transaction with the note that it does."""

        old: list[str] = []

        def release(snapshot: Snapshot) -> None:
            old[:] = self._store.replaced_inside(snapshot, package.key)
            at = self._conformance.count_up_inside(snapshot)
            self._store.release_inside(snapshot, package.key, at)
            self._store.put_inside(snapshot, package)

        self._context.store.transact([], before=release)
        settle(self._context)
        NewConcepts(self._context.store.collections).remove(old)
        for portion in in_portions(self._without_effect(package), PORTION):
            made_anew(self._context, portion)
        urls = {item.url for item in findings.items if item.resource_type == PROFILE}
        remade(self._context, urls, but=set(package.resources))
        return package

    def _without_effect(self, package: Package) -> list[str]:
        """Name what was stored before, unchanged, and went out of effect since."""
        known: dict[str, Known] = {}

        def look(snapshot: Snapshot) -> None:
            known.update(self._conformance.known_inside(snapshot, package.resources))

        self._context.store.transact([], before=look)
        return [key for key, each in known.items() if not each.in_effect and each.revision]

    def _delete(self, references: Sequence[str]) -> dict[str, Sequence[str]]:
        """Delete resources; give what can't be, and why."""
        failed: dict[str, Sequence[str]] = {}
        for portion in in_portions(references, PORTION):
            failed |= self._delete_some(portion)
            self._watcher.done(len(portion), len(portion))
        return failed

    def _delete_some(self, references: Sequence[str]) -> dict[str, Sequence[str]]:
        entries = [{"request": {"method": "DELETE", "url": each}} for each in references]
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
        try:
            transaction(self._context, bundle)
        except FhirError as error:
            if len(references) == 1:
                return {references[0]: reasons(error.issues)}
            half = len(references) // 2
            return self._delete_some(references[:half]) | self._delete_some(references[half:])
        return {}


def source_of(package: str) -> str:
    """Give the ``meta.source`` of what a package brought."""
    return f"package:{package}"


def derived_id(package: str, id_: str) -> str:
    """Give the id for what has an id in the package that is taken here."""
    name = hashlib.sha256(f"{package}/{id_}".encode()).hexdigest()[:12]
    return f"{id_[: PER_ID - 13]}-{name}"


def _marked(item: Item, id_: str, package: str) -> dict[str, Any]:
    resource = item.resource()
    meta = resource.get("meta")
    marked = {**(meta if isinstance(meta, dict) else {}), "source": source_of(package)}
    return {**resource, "id": id_, "meta": marked}
