"""The units there are, what they are parts of, and whose HSA-id is whose.

Kept in memory, and read anew when an Organization was written since. Whoever looks asks the
database at most once a second whether one was: a unit that was stored through another process is
known here a second later, one that was stored through this at once. Before anything is refused
because a unit is not known, it is looked once more (`Look`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from fhir_server.search import tokens
from fhir_server.storage.records import Change
from fhir_server.storage.snapshot import Snapshot

ORGANIZATION = "Organization"
PART_OF = f"{ORGANIZATION}.partof{tokens.REFERENCE}"
_IDENTIFIER = f"{ORGANIZATION}.identifier{tokens.CODED}"
_KINDS = (f"{ORGANIZATION}.type{tokens.CODED}", f"{ORGANIZATION}.huvudman{tokens.CODE}")
LOOK_AGAIN_SECONDS = 1.0
# A version is dated before it is stored, so that one may appear that is dated before others that
# were seen: so much before, as long as a transaction may last, twice, for clocks that differ.
_LATE_MICROS = 120_000_000
# Longer than any chain of units; a circle of units ends here.
_DEEPEST = 20


@dataclass(frozen=True, slots=True)
class Marks:
    """What tells a vårdgivare from its units: it is a legal body, with a number of both kinds.

    Args:
        legal_system: of the numbers of legal bodies (organisationsnummer).
        hsa_systems: of HSA-ids.
    """

    legal_system: str
    hsa_systems: tuple[str, ...]

    def are_on(self, own: Iterable[str]) -> bool:
        """Tell whether they are among the index tokens of an Organization."""
        found = {t[len(_IDENTIFIER) :].partition("|")[0] for t in own if t.startswith(_IDENTIFIER)}
        return self.legal_system in found and not found.isdisjoint(self.hsa_systems)


@dataclass(frozen=True, slots=True)
class Acting:
    """For whom one acts.

    Args:
        roots: the units themselves, ``Organization/[id]``.
        units: those with all that is part of them.
        provider: their vårdgivare; empty for none.
    """

    roots: tuple[str, ...]
    units: tuple[str, ...]
    provider: str


@dataclass(frozen=True, slots=True)
class Units:
    """All units at a moment.

    Args:
        parents: what each is part of, ``Organization/[id]``.
        by_identifier: who has an identifier, spelled as in the index (``system|value``, folded).
        children: the parts of each.
        providers: those that are a vårdgivare by their numbers.
        kinds: what each says of its kind: ``system|code`` of its types, the code of its huvudman.
    """

    parents: Mapping[str, str] = field(default_factory=dict)
    by_identifier: Mapping[str, Sequence[str]] = field(default_factory=dict)
    children: Mapping[str, Sequence[str]] = field(default_factory=dict)
    providers: frozenset[str] = frozenset()
    kinds: Mapping[str, Sequence[str]] = field(default_factory=dict)
    _acting: dict[tuple[str, ...], Acting] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, found: Mapping[str, Sequence[str]], marks: Marks) -> Units:
        """Read the units from their index tokens."""
        parents: dict[str, str] = {}
        identified: dict[str, list[str]] = {}
        children: dict[str, list[str]] = {}
        kinds: dict[str, list[str]] = {}
        for reference, own in found.items():
            parents[reference] = ""
            if own_kinds := kinds_of(own):
                kinds[reference] = own_kinds
            for token in own:
                if token.startswith(PART_OF):
                    parents[reference] = token[len(PART_OF) :]
                elif token.startswith(_IDENTIFIER):
                    identified.setdefault(token[len(_IDENTIFIER) :], []).append(reference)
        for reference, parent in parents.items():
            if parent:
                children.setdefault(parent, []).append(reference)
        providers = frozenset(ref for ref, own in found.items() if marks.are_on(own))
        return cls(parents, identified, children, providers, kinds)

    def provider_of(self, reference: str) -> str:
        """Give a unit's vårdgivare: the nearest legal body that it is or is part of.

        Above that may be its huvudman, who is another (R112). Where no unit is a legal body: the
        topmost.
        """
        return self.above(reference)[-1]

    def above(self, reference: str) -> tuple[str, ...]:
        """Give a unit and what it is part of, up to its vårdgivare."""
        found = [reference]
        while len(found) < _DEEPEST and found[-1] not in self.providers:
            parent = self.parents.get(found[-1], "")
            if not parent or parent in found:
                break
            found.append(parent)
        return tuple(found)

    def identified(self, systems: Iterable[str], value: str) -> list[str]:
        """Give the units with an identifier in one of the systems."""
        spelled = (tokens.coded(system, value) for system in systems)
        return [each for key in spelled for each in self.by_identifier.get(key, ())]

    def acting(self, systems: Sequence[str], value: str) -> Acting:
        """Give for whom one acts by the number of a unit; remembered, as these units stay."""
        known = self._acting.get((value, *systems))
        if known is None:
            roots = tuple(self.identified(systems, value)) if value else ()
            provider = self.provider_of(roots[0]) if roots else ""
            known = Acting(roots, tuple(self.below(roots)), provider)
            if roots:  # of numbers that nobody has there may be any number
                self._acting[value, *systems] = known
        return known

    def holders(self, systems: Collection[str], own: Iterable[str]) -> list[str]:
        """Give the units that have, in any of the systems, one of the numbers in some tokens."""
        numbers = (t[len(_IDENTIFIER) :].partition("|") for t in own if t.startswith(_IDENTIFIER))
        values = [value for system, _, value in numbers if system in systems]
        keys = (f"{system}|{value}" for value in values for system in systems)
        return [each for key in keys for each in self.by_identifier.get(key, ())]

    def below(self, references: Iterable[str]) -> list[str]:
        """Give units with their parts, each once; not parts that are a vårdgivare themselves."""
        found = dict.fromkeys(references)
        waiting = list(found)
        while waiting:
            parts = (c for each in waiting for c in self.children.get(each, ()))
            new = [c for c in parts if c not in found and c not in self.providers]
            found |= dict.fromkeys(new)
            waiting = new
        return list(found)


def kinds_of(own: Iterable[str]) -> list[str]:
    """Give what the index tokens of a unit say of its kind."""
    return [t[len(start) :] for t in own for start in _KINDS if t.startswith(start)]


class Organizations:
    """The units of one database, for all requests of a process.

    Args:
        store: the whole store.
        marks: tell a vårdgivare.
    """

    def __init__(self, store: Snapshot, marks: Marks) -> None:
        self._store = store
        self._marks = marks
        self._lock = threading.Lock()
        self._units: Units | None = None
        # When it was last looked, and which units had been written lately then, since when.
        self._looked = float("-inf")
        self._lately: frozenset[tuple[str, int]] = frozenset()
        self._since = 0
        # How often this process stored one, and of how many of these the units know.
        self._stored = self._known = 0

    def units(self, *, now: bool = False) -> Units:
        """Give the units.

        Args:
            now: as they are, and not as they were a moment ago.
        """
        asked = time.monotonic()
        enough = asked if now else asked - LOOK_AGAIN_SECONDS
        if self._units is None or self._looked < enough:
            with self._lock:
                # Whoever waited meanwhile needs no look of their own.
                if self._units is None or self._looked < enough:
                    self._look()
        assert self._units is not None  # noqa: S101 - it has just been looked
        return self._units

    def look_again(self) -> None:
        """Know at the next question what this process has just stored."""
        self._stored += 1
        self._looked = float("-inf")

    def with_changes(self, changes: Sequence[Change], named: Iterable[str]) -> Units:
        """Give the units as they are once some changes are made.

        Args:
            changes: what is about to be stored.
            named: units that must be known, if they exist.
        """
        units = self.units()
        if any(each not in units.parents for each in named):
            units = self.units(now=True)
        written = {
            c.new.reference: c.entries.tokens
            for c in changes
            if c.new.resource_type == ORGANIZATION and c.entries is not None
        }
        if not written:
            return units
        parents = dict(units.parents)
        providers = set(units.providers)
        for reference, own in written.items():
            providers.discard(reference)
            providers |= {reference} if self._marks.are_on(own) else set()
            parts = (t[len(PART_OF) :] for t in own if t.startswith(PART_OF))
            parents[reference] = next(parts, "")
        return Units(parents, providers=frozenset(providers))

    def _look(self) -> None:
        began, stored = time.monotonic(), self._stored
        since = time.time_ns() // 1000 - _LATE_MICROS
        lately = self._store.written_since(ORGANIZATION, self._since or since)
        if self._units is None or lately != self._lately or stored != self._known:
            self._units = Units.of(self._store.tokens_of_type(ORGANIZATION), self._marks)
        self._lately = frozenset(each for each in lately if each[1] >= since)
        self._since, self._known = since, stored
        if stored == self._stored:  # what was stored meanwhile may not have been seen
            self._looked = began


class Look:
    """Looks for newer units where one is missing: once for a request, however much it refuses.

    Whoever asks for what is not theirs makes the database answer one short question more: which
    Organizations were written lately. They are read only where one was.

    Args:
        organizations: the units there are.
    """

    def __init__(self, organizations: Organizations) -> None:
        self._organizations = organizations
        self._looked = False

    def until(self, known: Callable[[Units], bool]) -> Units:
        """Give units among which what is missing is known, or the newest ones.

        Args:
            known: tells whether nothing is missing.
        """
        units = self._organizations.units()
        if not self._looked and not known(units):
            self._looked = True
            units = self._organizations.units(now=True)
        return units
