"""Stores what files hold, by the same way as what clients post, and says what it could not store.

Loading a file again changes nothing that it doesn't have to: what has an id is updated where it
differs; what has none is remembered by its content, in the same transaction that stores it.
"""

from __future__ import annotations

import math
import time
import traceback
import uuid
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from fhir_server.bulk.promises import Promises
from fhir_server.bulk.sources import Place, Source
from fhir_server.bulk.units import Refused, Unit, units
from fhir_server.fhir import json
from fhir_server.fhir.dates import instant_text
from fhir_server.fhir.outcome import FhirError, Issue
from fhir_server.interactions.context import Context
from fhir_server.interactions.transaction import transaction
from fhir_server.storage.records import AlreadyDone, StoreUnavailable
from fhir_server.storage.snapshot import Snapshot

GROUP_ENTRIES = 256
GROUP_BYTES = 4_000_000
# When a group is refused it is tried in this many parts, to leave only the bad ones out.
GROUP_PARTS = 16
# How long a database that restarts is waited for.
PATIENCE_SECONDS = 60.0
# Failures kept to be listed; the rest is counted.
MOST_FAILURES = 10_000
PACKAGE = str(Path(__file__).parent.parent)
WRAPPED = "Bundle.entry[0].resource"
# What a resource that comes later may put right.
MAY_PASS_LATER = {"business-rule", "not-found", "conflict", "deleted"}


class Watcher(Protocol):
    """Hears how a load goes on."""

    def begin(self, what: str) -> None:
        """A file of this name is opened."""

    def done(self, consumed: float, resources: int) -> None:
        """So many of a file's bytes were dealt with, and so many resources."""

    def waiting(self) -> None:
        """The database does not answer; it is tried again."""


@dataclass(frozen=True, slots=True)
class Failure:
    """What could not be stored, and why.

    Args:
        place: where it stands.
        error: why.
        resources: how many.
        target: the reference it would have had, where one resource was to be stored by its id.
    """

    place: Place
    error: FhirError
    resources: int = 1
    target: str = ""

    @property
    def may_pass_later(self) -> bool:
        """Whether it may be stored once other resources are there."""
        return any(issue.code in MAY_PASS_LATER for issue in self.error.issues)


@dataclass(slots=True)
class Tally:
    """What a load came to.

    Args:
        stored: resources written.
        unchanged: resources that were there already, or bundles' that had been loaded before.
        failed: resources not stored.
        failures: what failed and why, the first `MOST_FAILURES` of them.
    """

    stored: int = 0
    unchanged: int = 0
    failed: int = 0
    failures: list[Failure] = field(default_factory=list)

    def fail(self, failure: Failure) -> None:
        """Count a failure."""
        self.failed += failure.resources
        if len(self.failures) < MOST_FAILURES:
            self.failures.append(failure)


class _Group:
    """Units that share a transaction.

    Args:
        most: how many at most.
    """

    def __init__(self, most: int) -> None:
        self.units: list[Unit] = []
        self._most = most
        self._length = 0.0
        self._targets: set[str] = set()

    def takes(self, unit: Unit) -> bool:
        """Tell whether a unit may join those that are there."""
        return (
            unit.group is not None
            and unit.group == self.units[0].group
            and len(self.units) < self._most
            and self._length < GROUP_BYTES
            and _target(unit) not in self._targets
        )

    def add(self, unit: Unit) -> None:
        """Let a unit join."""
        self.units.append(unit)
        self._length += unit.length
        if unit.group is not None:
            self._targets.add(_target(unit))


class Loader:
    """Loads files.

    Args:
        context: on whose behalf, and where to.
        watcher: hears how it goes on.
        again: also store once more what was loaded before.
    """

    def __init__(self, context: Context, watcher: Watcher, *, again: bool = False) -> None:
        self._context = context
        self._promises: Promises | None = None
        self._sources: Sequence[Source] = ()
        self._watcher = watcher
        # Even then each content goes in once only, however often a commit is tried.
        self._run = f":{uuid.uuid4()}" if again else ""
        self._begun = instant_text(time.time_ns() // 1_000_000 * 1000)
        self._group_entries = min(GROUP_ENTRIES, context.server.settings.max_bundle_entries)
        self.tally = Tally()

    def load(self, sources: Sequence[Source]) -> Tally:
        """Load all files, whatever fails.

        A reference may lead to what comes later in the files. What failed for want of another
        resource all the same is tried again at the end, as long as that helps.

        Raises:
            StoreUnavailable: the database did not come back; what is stored stays.
        """
        self._sources = sources
        for source in sources:
            self._file(source, None)
        while waiting := [f for f in self.tally.failures if f.may_pass_later]:
            self.tally.failures = [f for f in self.tally.failures if not f.may_pass_later]
            self.tally.failed -= sum(f.resources for f in waiting)
            places = {f.place for f in waiting}
            files = {place.file for place in places}
            for source in sources:
                if source.name in files:
                    self._file(source, places)
            if sum(f.may_pass_later for f in self.tally.failures) >= len(waiting):
                break
        self._say_what_is_missed()
        order = {source.name: number for number, source in enumerate(sources)}
        self.tally.failures.sort(
            key=lambda f: (order[f.place.file], f.place.line or 0, f.place.entry or 0)
        )
        return self.tally

    def _file(self, source: Source, only: AbstractSet[Place] | None) -> None:
        if only is None:
            self._watcher.begin(source.name)
        group = _Group(self._group_entries)
        for document in source.documents():
            for unit in units(document):
                if only is not None and unit.place not in only:
                    continue
                if isinstance(unit, Refused):
                    self.tally.fail(Failure(unit.place, unit.error))
                    self._watcher.done(document.consumed, 0)
                    continue
                if group.units and not group.takes(unit):
                    self._store(group.units)
                    group = _Group(self._group_entries)
                group.add(unit)
        if group.units:
            self._store(group.units)

    def _store(self, group: list[Unit]) -> None:
        try:
            stored, unchanged = self._patiently(lambda: self._keeping_promises(group))
        except StoreUnavailable:
            raise
        except Exception as error:  # one bad file must not end the load of the others
            if len(group) > 1:
                size = math.ceil(len(group) / GROUP_PARTS)
                for start in range(0, len(group), size):
                    self._store(group[start : start + size])
                return
            stored = unchanged = 0
            self.tally.fail(_failure(group[0], error))
        self.tally.stored += stored
        self.tally.unchanged += unchanged
        entries = sum(len(unit.entries) for unit in group)
        self._watcher.done(sum(unit.consumed for unit in group), entries)

    def _keeping_promises(self, group: list[Unit]) -> tuple[int, int]:
        """Store a group, which may refer to what comes later in the files."""
        try:
            return self._commit(group)
        except FhirError as error:
            first = self._promises is None
            if not first or all(issue.code != "not-found" for issue in error.issues):
                raise
        # Only now, because most sets of files come in an order that needs no second look at them.
        self._promises = Promises(self._sources)
        self._context = replace(self._context, promised=self._promises)
        return self._commit(group)

    def _say_what_is_missed(self) -> None:
        """Tell of what was refused, that other resources refer to it and were stored."""
        if self._promises is None:
            return
        broken = self._promises.broken(self._context.store)
        text = "Other resources of these files refer to it, and were stored."
        said = Issue("error", "incomplete", text)
        for number, failure in enumerate(self.tally.failures):
            if failure.target in broken:
                error = FhirError(*failure.error.issues, said, status=failure.error.status)
                self.tally.failures[number] = replace(failure, error=error)

    def _commit(self, group: list[Unit]) -> tuple[int, int]:
        """Store a group in one transaction; give how many resources it wrote and left as is."""
        entries = [entry for unit in group for entry in unit.entries]
        once = group[0].once and group[0].once + self._run
        if once and self._was_done(once):
            return 0, len(entries)
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
        try:
            answer = transaction(self._context, bundle, once=once, may_choose_ids=True)
        except AlreadyDone:
            # Done since we looked: by a commit whose answer got lost on the way, most likely.
            return len(entries), 0
        responses = json.parse(answer.body or b"{}").get("entry", [])
        stored = sum(self._is_new(entry["response"]) for entry in responses)
        return stored, len(entries) - stored

    def _is_new(self, response: dict[str, str]) -> bool:
        return response.get("lastModified", "") >= self._begun

    def _was_done(self, once: str) -> bool:
        """Tell beforehand, because preparing a bundle costs a hundred times as much."""
        try:
            self._context.store.transact([], before=_call_off, once=once)
        except AlreadyDone:
            return True
        except _CalledOff:
            return False
        raise AssertionError("a transaction that was called off went through")

    def _patiently(self, act: Callable[[], tuple[int, int]]) -> tuple[int, int]:
        """Try again while the database is away; everything tried here may be tried twice."""
        deadline = math.inf
        while True:
            try:
                return act()
            except StoreUnavailable:
                deadline = min(deadline, time.monotonic() + PATIENCE_SECONDS)
                if time.monotonic() >= deadline:
                    raise
                self._watcher.waiting()
                time.sleep(0.5)


class _CalledOff(Exception):
    """The transaction only wanted to know."""


def _call_off(_: Snapshot) -> None:
    raise _CalledOff


def _failure(unit: Unit, error: Exception) -> Failure:
    """Point the issues at what stands in the file, not into the bundle that was made of it."""
    if not isinstance(error, FhirError):
        # Not the error's text, which may quote the resource.
        frames = traceback.extract_tb(error.__traceback__)
        at = [frame for frame in frames if frame.filename.startswith(PACKAGE)][-1]
        kind = f"{type(error).__name__} at {Path(at.filename).name}:{at.lineno}"
        text = f"The server failed on this, and stored nothing of it ({kind}). Please report it."
        error = FhirError(Issue("error", "exception", text))
    issues = error.issues
    if not unit.whole:
        type_ = str(unit.entries[0].get("resource", {}).get("resourceType", ""))
        issues = tuple(replace(i, expression=_pointed(i.expression, type_)) for i in issues)
    refused = FhirError(*issues, status=error.status)
    requests = [entry.get("request") for entry in unit.entries]
    request = requests[0] if len(requests) == 1 else None
    target = str(request.get("url")) if isinstance(request, dict) else ""
    return Failure(unit.place, refused, max(1, len(unit.entries)), target)


def _pointed(expression: str | None, type_: str) -> str | None:
    if expression is None or expression.startswith("Bundle.entry[0].request"):
        return None
    return expression.replace(WRAPPED, type_)


def _target(unit: Unit) -> str:
    """Name what a unit writes; empty where its entry does not say so, and is to fail alone."""
    request = unit.entries[0].get("request")
    if not isinstance(request, dict):
        return ""
    # Two with the same condition can't share a transaction either.
    return str(request.get("ifNoneExist") or request.get("url", ""))


def reasons(issues: Sequence[Issue], most: int = 5) -> list[str]:
    """Say what is wrong, a line for each problem: where in the resource, what, by which law."""
    said = [_reason(issue) for issue in issues if issue.severity in ("error", "fatal")]
    more = len(said) - most
    return said if more <= 0 else [*said[:most], f"… and {more} more"]


def _reason(issue: Issue) -> str:
    where = f"{issue.expression}: " if issue.expression else ""
    law = "; ".join(coding.display for coding in issue.details if coding.display)
    return f"{where}{issue.text}{f' ({law})' if law else ''}"
