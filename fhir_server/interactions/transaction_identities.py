"""Which resource each entry of a transaction is about, before anything is written.

R4 has deletions carried out first, then creates, then updates and patches, and what a step's
criteria find depends on the steps before. All of it is decided here against what is stored, and
checked again inside the transaction (`Expected`).

Source: https://hl7.org/fhir/R4/http.html#trules
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from fhir_server.fhir.outcome import FhirError, Issue, not_found
from fhir_server.interactions.answer import EXISTS, Answer, location
from fhir_server.interactions.conditional import Criteria, Expected, criteria, find, the_one
from fhir_server.interactions.conditional_delete import deletable, limit, matches
from fhir_server.interactions.conditional_update import identity
from fhir_server.interactions.context import Context
from fhir_server.interactions.entries import Entry, within
from fhir_server.interactions.prepare import check_id, new_id, require_resource
from fhir_server.storage.records import StoredResource


@dataclass(slots=True)
class Identities:
    """What the entries are about, by their place in the bundle.

    Args:
        references: ``Type/id`` of what each writes; several for a conditional delete.
        previous: the stored versions of all of them.
        found: what a conditional create found instead of creating.
        expected: what criteria found.
    """

    references: dict[int, list[str]] = field(default_factory=dict)
    previous: dict[str, StoredResource] = field(default_factory=dict)
    found: dict[int, Answer] = field(default_factory=dict)
    expected: list[Expected] = field(default_factory=list)

    def target(self, entry: Entry) -> str | None:
        """Give where a link to the entry leads."""
        if entry.index in self.found:
            stored = self.found[entry.index].stored
            return stored.reference if stored else None
        named = self.references.get(entry.index, [])
        return named[0] if len(named) == 1 else None

    @property
    def written(self) -> set[str]:
        """Everything the transaction writes."""
        return {reference for named in self.references.values() for reference in named}


def identify(context: Context, entries: Sequence[Entry]) -> Identities:
    """Find out which resource each entry writes.

    Args:
        context: the request.
        entries: all of the bundle's.

    Raises:
        FhirError: 400 where two entries are about the same resource, 412 for criteria that find
            several, and whatever else is wrong with an entry's url.
    """
    writes = sorted((entry for entry in entries if entry.writes), key=lambda e: e.turn)
    _refuse_same_names(writes)
    finder = _Finder(context, writes)
    for entry in writes:
        try:
            finder.identify(entry)
        except FhirError as error:
            raise FhirError(*within(entry, error.issues), status=error.status) from None
    _refuse_overlap(writes, finder.identities)
    return finder.identities


class _Finder:
    def __init__(self, context: Context, writes: Sequence[Entry]) -> None:
        self._context = context
        self.identities = Identities()
        named = [f"{e.resource_type}/{e.url.id}" for e in writes if e.url.id is not None]
        self.identities.previous = context.store.read_many(named)
        self._deleted: set[str] = set()

    def identify(self, entry: Entry) -> None:
        """Find out about the next entry in turn."""
        if entry.method == "DELETE":
            named = self._to_delete(entry)
            self._deleted.update(named)
        elif entry.method == "POST":
            named = self._to_create(entry)
        else:
            named = [self._to_change(entry)]
        if named:
            self.identities.references[entry.index] = named

    def _to_delete(self, entry: Entry) -> list[str]:
        if entry.url.id is not None:
            return [f"{entry.resource_type}/{entry.url.id}"]
        server = self._context.server
        wanted = deletable(server, entry.resource_type, entry.url.query or "")
        found = matches(self._context, wanted)
        self.identities.expected.append(Expected.of(wanted, found, limit(server)))
        self._know(found)
        return [stored.reference for stored in found]

    def _to_create(self, entry: Entry) -> list[str]:
        if entry.if_none_exist is not None:
            found = self._one(entry, entry.if_none_exist)
            if found is not None:
                answer = Answer(200, found, location=location(found), issues=(EXISTS,))
                self.identities.found[entry.index] = answer
                return []
        return [f"{entry.resource_type}/{new_id()}"]

    def _to_change(self, entry: Entry) -> str:
        if entry.url.id is not None:
            if entry.method == "PUT":
                check_id(entry.url.id)
            return f"{entry.resource_type}/{entry.url.id}"
        found = self._one(entry, entry.url.query or "")
        if found is not None:
            self._know([found])
        if entry.method == "PATCH":
            if found is None:
                raise not_found(f"A {entry.resource_type} that matches the criteria")
            return found.reference
        resource = require_resource(entry.resource, entry.resource_type)
        id_, previous = identity(self._context, resource, found)
        if previous is not None:
            self._know([previous])
        return f"{entry.resource_type}/{id_}"

    def _one(self, entry: Entry, text: str) -> StoredResource | None:
        """Give the one match among what the deletions leave."""
        wanted = criteria(self._context.server, entry.resource_type, text)
        self._refuse_same_criteria(wanted)
        most = 2 + len(self._deleted)
        found = find(self._context.store, wanted, most)
        self.identities.expected.append(Expected.of(wanted, found, most))
        return the_one([each for each in found if each.reference not in self._deleted])

    def _refuse_same_criteria(self, wanted: Criteria) -> None:
        if any(wanted.lock == each.criteria.lock for each in self.identities.expected):
            text = "Another entry has the same criteria: both would be about the same resource."
            raise FhirError(Issue("error", "duplicate", text), status=400)

    def _know(self, found: Sequence[StoredResource]) -> None:
        self.identities.previous.update((stored.reference, stored) for stored in found)


def _refuse_same_names(writes: Sequence[Entry]) -> None:
    urls = Counter(e.full_url for e in writes if e.full_url and e.method != "DELETE")
    issues = [
        Issue("error", "duplicate", "Two entries have the same fullUrl.", e.expression)
        for e in writes
        if e.full_url and e.method != "DELETE" and urls[e.full_url] > 1
    ]
    if issues:
        raise FhirError(*issues, status=400)


def _refuse_overlap(writes: Sequence[Entry], identities: Identities) -> None:
    named = Counter(r for each in identities.references.values() for r in each)
    found = {
        answer.stored.reference for answer in identities.found.values() if answer.stored is not None
    }
    twice = {reference for reference, count in named.items() if count > 1 or reference in found}
    text = "Two entries are about the same resource."
    issues = [
        Issue("error", "duplicate", text, entry.expression)
        for entry in writes
        if not twice.isdisjoint(
            identities.references.get(entry.index) or [identities.target(entry)]
        )
    ]
    if issues:
        raise FhirError(*issues, status=400)
