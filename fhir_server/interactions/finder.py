"""Resources as parsed JSON, for rules and operations that look around before they decide."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Protocol

from fhir_server.fhir import json
from fhir_server.interactions.context import Server
from fhir_server.interactions.leads import LEADS
from fhir_server.search.parse import QueryParser
from fhir_server.search.query import Query, every
from fhir_server.storage.mongo_about import About
from fhir_server.storage.mongo_together import Sought, tokens_of
from fhir_server.storage.records import StoredResource
from fhir_server.storage.snapshot import Snapshot

PAGE = "200"
PATIENT = "patient"

# A type, and search parameters by name.
Search = tuple[str, Mapping[str, str]]
# The same, to remember by what it found.
SearchKey = tuple[str, frozenset[tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class Together:
    """What was found in one round trip.

    Args:
        resources: by ``Type/id``; None for those that were deleted, and those not read.
        answers: what each search found, in the order of ids.
    """

    resources: Mapping[str, dict[str, Any] | None]
    answers: Sequence[Sequence[str]]


class Known(Protocol):
    """Answers some questions without asking the store; see `foresight`."""

    def knows(self, reference: str) -> bool:
        """Tell whether a resource was looked for."""

    def read(self, reference: str) -> dict[str, Any] | None:
        """Give a resource that was looked for; None where there is none."""

    def search(
        self, resource_type: str, parameters: Mapping[str, str]
    ) -> list[dict[str, Any]] | None:
        """Give what a search finds; None where that is not known."""

    def ids(self, resource_type: str, parameters: Mapping[str, str]) -> list[str] | None:
        """Give the ids of what a search finds; None where that is not known."""


class Finder:
    """Finds current resources.

    Args:
        server: the server's parts.
        snapshot: the store, or the store inside a transaction with its new versions.
        as_before: versions to give for some references instead of the current ones.
        known: what the snapshot need not be asked.
    """

    def __init__(
        self,
        server: Server,
        snapshot: Snapshot,
        as_before: Mapping[str, StoredResource | None] = MappingProxyType({}),
        known: Known | None = None,
    ) -> None:
        self._server = server
        self._snapshot = snapshot
        self._as_before = as_before
        self._known = known
        self._expected: set[str] = set()
        self._foreseen: dict[str, StoredResource | None] = {}
        self._answered: dict[SearchKey, list[StoredResource]] = {}

    def expect(self, references: Iterable[str]) -> None:
        """Say what will be read sooner or later: all of it is, as soon as some of it is asked for.

        Args:
            references: ``Type/id``.
        """
        self._expected.update(references)

    def foresee(self, *searches: Search) -> None:
        """Make some searches about one person now, and give later what they find now.

        In one round trip, with all that was expected and is not read. A search that is foreseen
        again is made anew, and what is written in between is seen by nothing that was foreseen
        before: for one attempt at a write, or for what comes after it.

        Args:
            searches: types and parameters as `search` will get them; ``patient`` is among them.
        """
        wanted = LEADS.reached(self._expected) - self._foreseen.keys()
        self._expected.clear()
        found = self._read_together(wanted, [(*each, False) for each in searches])
        if found is None:  # each is made when it is asked for
            for each in searches:
                self._answered.pop(search_key(*each), None)
            self._foresee_only(wanted)
            return
        stored, answers = found
        self._keep(wanted, stored)
        for each, answer in zip(searches, answers, strict=True):
            self._answered[search_key(*each)] = [stored[name] for name in answer]

    def _foresee_only(self, wanted: Collection[str]) -> None:
        if wanted:
            self._keep(wanted, self._snapshot.read_many(wanted))

    def _keep(self, wanted: Iterable[str], found: Mapping[str, StoredResource]) -> None:
        for reference in wanted:
            self._foreseen[reference] = stored = found.get(reference)
            if stored is not None and stored.body is not None:
                LEADS.note(reference, self._server.write_rules.follows(json.plain(stored.body)))

    def read(self, reference: str) -> dict[str, Any] | None:
        """Give a resource by ``Type/id``; None for none, or a deleted one."""
        known = self._known
        if known is not None and reference not in self._as_before and known.knows(reference):
            return known.read(reference)
        return self.read_many([reference]).get(reference)

    def read_many(self, references: list[str]) -> dict[str, dict[str, Any]]:
        """Give the resources there are among ``Type/id`` references, in one round trip."""
        if not self._expected.isdisjoint(references):
            wanted = LEADS.reached(self._expected) - self._foreseen.keys()
            self._expected.clear()
            self._foresee_only(wanted)
        held = {**self._foreseen, **self._as_before} if self._foreseen else self._as_before
        found: dict[str, StoredResource | None] = {
            **self._snapshot.read_many(r for r in references if r not in held),
            **{r: held[r] for r in references if r in held},
        }
        return {
            reference: json.parse(stored.body)
            for reference, stored in found.items()
            if stored is not None and stored.body is not None
        }

    def search(self, resource_type: str, **parameters: str) -> Iterator[dict[str, Any]]:
        """Give all resources that match search parameters (``_`` in a name stands for ``-``)."""
        found = self._known.search(resource_type, parameters) if self._known else None
        if found is not None:
            yield from found
            return
        for stored in self.search_stored(resource_type, **parameters):
            if stored.body is not None:
                yield json.parse(stored.body)

    def ids(self, resource_type: str, **parameters: str) -> list[str]:
        """Give the logical ids of what `search` finds."""
        found = self._known.ids(resource_type, parameters) if self._known else None
        if found is not None:
            return found
        stored = self.search_stored(resource_type, **parameters)
        return [each.id for each in stored if each.body is not None]

    def together(
        self, references: Collection[str], searches: Sequence[tuple[str, Mapping[str, str], bool]]
    ) -> Together | None:
        """Give some resources, and what some searches find, in one round trip.

        Args:
            references: ``Type/id``.
            searches: types, parameters, and whether only ids are wanted.

        Returns:
            None where the searches are not of a kind that can be made together.
        """
        found = self._read_together(references, searches)
        if found is None:
            return None
        stored, answers = found
        parsed = {
            name: None if each.body is None else json.parse(each.body)
            for name, each in stored.items()
        }
        return Together(parsed, answers)

    def _read_together(
        self, references: Collection[str], searches: Sequence[tuple[str, Mapping[str, str], bool]]
    ) -> tuple[dict[str, StoredResource], list[list[str]]] | None:
        sought: list[Sought] = []
        for type_, parameters, ids_only in searches:
            query = self._about_patient(type_, parameters)
            asked = tokens_of(query)
            if asked is None:
                return None
            sought.append(Sought(query, asked, ids_only))
        found = self._snapshot.together(references, sought)
        if found is None:
            return None
        ordered = sorted(found.items())
        answers = [[name for name, (_, own) in ordered if each.finds(own)] for each in sought]
        return {name: stored for name, (stored, _) in ordered}, answers

    def _about_patient(self, resource_type: str, parameters: Mapping[str, str]) -> Query:
        """Read a search by a patient first, and by what is the same for all patients then."""
        parser = self._server.parser
        pairs = [(name.replace("_", "-"), value) for name, value in parameters.items()]
        whose = [pair for pair in pairs if pair[0] == PATIENT]
        query = parser.parse(resource_type, whose)
        others = tuple(pair for pair in pairs if pair[0] != PATIENT)
        rest = _read(parser, resource_type, others)
        return replace(query, where=every(query.where, rest.where))

    def about(self, tokens: Sequence[str], wanted: Sequence[About]) -> list[dict[str, Any]]:
        """Give what has one of some index tokens, of several types in one round trip.

        For tokens that lead to few; what is asked besides is said by ``wanted``. In the order of
        types and ids, as searches give it.
        """
        found = sorted(self._snapshot.about(tokens, wanted), key=lambda each: each.reference)
        return [json.parse(each.body) for each in found if each.body is not None]

    def search_stored(self, resource_type: str, **parameters: str) -> Iterator[StoredResource]:
        """Give the same as they are stored, for who changes them."""
        foreseen = self._answered.get(search_key(resource_type, parameters))
        if foreseen is not None:
            yield from foreseen
            return
        pairs = [(name.replace("_", "-"), value) for name, value in parameters.items()]
        cursor: str | None = None
        while True:
            extra = [("_cursor", cursor)] if cursor else []
            query = self._server.parser.parse(resource_type, [*pairs, ("_count", PAGE), *extra])
            page = self._snapshot.search(query)
            yield from page.resources
            cursor = page.next_cursor
            if cursor is None:
                return


@lru_cache(maxsize=32)
def _read(parser: QueryParser, resource_type: str, pairs: tuple[tuple[str, str], ...]) -> Query:
    """Read what rules ask in the same words each time; other rules of search have a new parser."""
    return parser.parse(resource_type, pairs)


def search_key(resource_type: str, parameters: Mapping[str, str]) -> SearchKey:
    """Give what a search is remembered by."""
    return resource_type, frozenset(parameters.items())
