"""Destroys what is kept about a person, by a decision of law. docs/security/rights-of-the-person.md

What is about the person alone goes, with all versions. The Patient goes last; where only a part is
destroyed, it goes only if nothing else about them is left. What is about others too stays. The
audit trail stays: it is kept for those who must be able to see who looked (HSLF-FS 2016:40, 4 kap.
9 §; PDL 8 kap. 5 §).
"""

from __future__ import annotations

import datetime as dt
import re
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from fhir_server.fhir.ids import ID
from fhir_server.interactions.context import Context
from fhir_server.storage.mongo_purge import TOGETHER, Held, Purge, PurgeStore
from fhir_server.storage.snapshot import Snapshot

PATIENT = "Patient"
AUDIT = "AuditEvent"
# Writers who had read what was removed have stored their last by then.
GRACE_SECONDS = 1.0
MOST_LISTED = 1000
SEVERAL = "It is about others, too: change it, or name it in resource."
OTHER_PERSON = "It is another person's."
AUDIT_TRAIL = "The audit trail is kept."
NOT_LAST = "There is more about the person, which stays."
_BINARY = re.compile(rb'"url":"(?:[^"]*/)?(Binary/' + ID.encode() + rb')"')


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be destroyed, and why.

    Args:
        person: ``Patient/[id]``.
        decision: its reference number.
        basis: code of why.
        by: who carries it out.
        resources: only these, ``Type/id``; everything about the person for none.
        before: only what was last written to before this day.
    """

    person: str
    decision: str
    basis: str
    by: str
    resources: tuple[str, ...] = ()
    before: dt.date | None = None


@dataclass(slots=True)
class Purged:
    """What came of it, or would.

    Args:
        resources: how many went, by type.
        versions: the same of versions.
        kept: what is about the person and stays, and why; the first of them.
        referrers: what stays and refers to what went; the first of them.
        results: how many stored answers were forgotten.
        earlier: notes of what was destroyed about the person before.
        known: whether there was anything about the person.
    """

    resources: dict[str, int] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    kept: dict[str, str] = field(default_factory=dict)
    referrers: list[str] = field(default_factory=list)
    results: int = 0
    earlier: tuple[Purge, ...] = ()
    known: bool = False


@dataclass(frozen=True, slots=True)
class _Found:
    """What goes and what stays: the Patient is the last that goes."""

    going: tuple[str, ...]
    keys: Mapping[str, Sequence[str]]
    kept: Mapping[str, str]
    known: bool

    @property
    def nothing(self) -> bool:
        return not self.going and not self.keys


class Purging:
    """One purge.

    Args:
        context: the request; who asks was found to have the right.
        order: what is to be destroyed.
    """

    def __init__(self, context: Context, order: Order) -> None:
        self._context = context
        self._order = order
        self._store = PurgeStore(context.store.collections)
        self._types = [each.name for each in context.server.registry]

    def rehearse(self) -> Purged:
        """Tell what would go and what would stay."""
        found = self._find()
        outcome = Purged(kept=_first(found.kept), known=found.known)
        outcome.resources = _counted(found.going)
        outcome.versions = self._store.count_versions(found.going)
        for reference, keys in found.keys.items():
            type_ = reference.partition("/")[0]
            outcome.versions[type_] = outcome.versions.get(type_, 0) + len(keys)
        outcome.referrers = self._referrers(found.going)
        outcome.results = self._store.count_results()
        outcome.earlier = tuple(self._store.notes(self._order.person))
        return outcome

    def run(self) -> Purged:
        """Destroy it; what another attempt left is destroyed too."""
        earlier = tuple(self._store.notes(self._order.person))
        found = self._find()
        outcome = Purged(earlier=earlier, known=found.known)
        note = ""
        referrers: list[str] = []
        while not found.nothing:
            note = note or self._begin()
            referrers += self._referrers(found.going)
            self._remove(note, found)
            time.sleep(GRACE_SECONDS)
            found = self._find()
        outcome.kept = _first(found.kept)
        outcome.referrers = sorted(set(referrers))[:MOST_LISTED]
        if not note:
            note = next((each.id for each in earlier if not self._is_over(each)), "")
        if note:
            outcome.results = self._store.forget_results()
            self._store.forget_locks(self._order.person)
            self._store.complete(note)
            said = next(e for e in self._store.notes(self._order.person) if e.id == note)
            outcome.resources, outcome.versions = dict(said.resources), dict(said.versions)
            outcome.earlier = tuple(each for each in earlier if each.id != note)
        return outcome

    def _is_over(self, note: Purge) -> bool:
        order = self._order
        same = (note.decision, note.basis) == (order.decision, order.basis)
        return note.complete or not same

    def _begin(self) -> str:
        order = self._order
        now = dt.datetime.now(dt.UTC)
        new = Purge(
            id=str(uuid.uuid4()),
            person=order.person,
            decision=order.decision,
            basis=order.basis,
            by=order.by,
            began=now,
            resources={},
            versions={},
            complete=False,
        )
        return self._store.begin(new)

    def _remove(self, note: str, found: _Found) -> None:
        done = 0
        for first in range(0, len(found.going), TOGETHER):
            part = found.going[first : first + TOGETHER]
            # Their contents go before what names them: an attempt that ends here is taken up again.
            self._store.remove(note, self._binaries(part))
            self._store.remove(note, part)
            done += len(part)
            self._context.progress(f"removed {done} of {len(found.going)} resources")
        self._store.remove_versions(note, found.keys)

    def _binaries(self, references: Sequence[str]) -> list[str]:
        """Give the Binaries that attachments of some resources lead to."""
        bodies = self._store.bodies(references)
        named = {m.decode() for body in bodies for m in _BINARY.findall(body)}
        return sorted(each.reference for each in self._store.known(sorted(named)))

    def _find(self) -> _Found:
        order = self._order
        if order.resources:
            held = self._store.known(order.resources)
            others = (e.reference for e in self._store.about(order.person, self._types))
            return self._divided(held, self._never, list(others), {})
        held = list(self._store.about(order.person, self._types))
        keys: dict[str, list[str]] = {}
        if order.before is None:
            own = {each.reference for each in held}
            older = self._store.superseded_about(order.person, self._types)
            keys = {
                reference: found
                for reference, found in older.items()
                if reference not in own and not reference.startswith(f"{AUDIT}/")
            }
        return self._divided(held, self._whole, [each.reference for each in held], keys)

    def _divided(
        self,
        held: Sequence[Held],
        reason_to_keep: Callable[[Held], str],
        about: Sequence[str],
        keys: Mapping[str, Sequence[str]],
    ) -> _Found:
        kept: dict[str, str] = {}
        going: list[str] = []
        for each in held:
            reason = reason_to_keep(each)
            if reason:
                kept[each.reference] = reason
            elif self._is_old(each):
                going.append(each.reference)
        person = self._order.person
        if person in going:
            going.remove(person)
            left = set(about) - set(going) - {person}
            if not self._is_whole and any(self._holds_patient(each) for each in left):
                kept[person] = NOT_LAST
            else:
                going = [*sorted(going), person]
                return _Found(tuple(going), keys, kept, known=True)
        return _Found(tuple(sorted(going)), keys, kept, bool(held or keys))

    @property
    def _is_whole(self) -> bool:
        """Whether everything about the person is to go: then nothing lets the Patient stay."""
        return not self._order.resources and self._order.before is None

    def _holds_patient(self, reference: str) -> bool:
        """Tell whether the Patient stays as long as this does."""
        return reference.partition("/")[0] not in (AUDIT, PATIENT, "Provenance")

    def _whole(self, held: Held) -> str:
        """Give why something about the person stays, where all about them is to go."""
        reason = self._never(held)
        return reason or (SEVERAL if len(held.about) > 1 and not self._is_person(held) else "")

    def _never(self, held: Held) -> str:
        if held.reference.startswith(f"{AUDIT}/"):
            return AUDIT_TRAIL
        other = held.reference.startswith(f"{PATIENT}/") and not self._is_person(held)
        return OTHER_PERSON if other else ""

    def _is_person(self, held: Held) -> bool:
        return held.reference == self._order.person

    def _is_old(self, held: Held) -> bool:
        before = self._order.before
        if before is None:
            return True
        start = dt.datetime.combine(before, dt.time(), self._context.server.settings.zone)
        return held.updated < start.timestamp() * 1_000_000

    def _referrers(self, going: Sequence[str]) -> list[str]:
        """Give what stays and refers to what goes, the first of it."""
        store = Snapshot(self._context.store.collections)
        own, found = set(going), set[str]()
        for part in _parts(going):
            found |= set(store.referrers(part, MOST_LISTED + len(own))) - own
            if len(found) >= MOST_LISTED:
                break
        return sorted(found)[:MOST_LISTED]


def _parts(references: Sequence[str]) -> Iterator[Sequence[str]]:
    for first in range(0, len(references), TOGETHER):
        yield references[first : first + TOGETHER]


def _counted(references: Sequence[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for each in references:
        type_ = each.partition("/")[0]
        counts[type_] = counts.get(type_, 0) + 1
    return counts


def _first(kept: Mapping[str, str]) -> dict[str, str]:
    return dict(sorted(kept.items())[:MOST_LISTED])
