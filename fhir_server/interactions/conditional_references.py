"""Conditional references in a transaction: ``Patient?identifier=…`` in place of ``Patient/7``.

R4 resolves them last, after the other entries are carried out (http.html#trules): what the same
transaction creates or changes is found as it will be, and what it deletes is not found.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

from fhir_server.fhir.outcome import FhirError, Issue, invalid
from fhir_server.interactions.conditional import Criteria, criteria, find
from fhir_server.interactions.context import Context
from fhir_server.interactions.references import CONDITIONAL, spelled_in
from fhir_server.search import tokens
from fhir_server.search.matching import Indexed, matches
from fhir_server.storage.mongo_together import Sought, tokens_of
from fhir_server.storage.places import AUDIT_EVENT
from fhir_server.storage.records import StoredResource

# Gives what the transaction will store of a type, as searches will see it.
Candidates = Callable[[str], Sequence[Indexed]]


class Resolver:
    """Finds what conditional references mean, each criteria once.

    Args:
        context: the request.
        written: references of all that the transaction writes, whose stored versions don't count.
        candidates: what it stores instead.
    """

    def __init__(
        self, context: Context, written: Mapping[str, object], candidates: Candidates
    ) -> None:
        self._context = context
        self._written = written
        self._candidates = candidates
        self._known: dict[str, str] = {}
        # What is stored that matches, of those that were asked for together.
        self._stored: dict[str, list[StoredResource]] = {}
        self._asked: set[str] = set()

    @cached_property
    def _written_by_type(self) -> Counter[str]:
        return Counter(reference.partition("/")[0] for reference in self._written)

    def __call__(self, reference: str, expression: str, resource: Mapping[str, Any]) -> str:
        """Give ``Type/id`` for a conditional reference.

        Args:
            reference: ``Type?criteria``.
            expression: where it stands.
            resource: what it stands in; others in it are asked for with it.

        Raises:
            FhirError: 412 for no match or several, 400 for criteria that can't be read.
        """
        if reference not in self._known:
            if reference not in self._asked:
                self._ask_together(resource)
            self._known[reference] = self._find(reference, expression)
        return self._known[reference]

    def _ask_together(self, resource: Mapping[str, Any]) -> None:
        """Ask once for all conditional references by an identifier in a resource.

        A visit names who was there, for which unit and at which place. To look through all of a
        bundle for them costs more than to ask for the next visit's by themselves.
        """
        new = [each for each in dict.fromkeys(spelled_in(resource)) if CONDITIONAL.match(each)]
        new = [each for each in new if each not in self._asked]
        self._asked.update(new)
        sought = {each: one for each in new if (one := self._sought(each)) is not None}
        if len(sought) < 2:
            return
        most = sum(2 + self._written_by_type[each.partition("?")[0]] for each in sought)
        found = self._context.store.together((), list(sought.values()), most)
        if found is not None:
            for reference, each in sought.items():
                self._stored[reference] = [
                    stored for stored, own in found.values() if each.finds(own)
                ]

    def _sought(self, reference: str) -> Sought | None:
        """Give the search for one by an identifier alone, which few have; None for any other."""
        resource_type, _, text = reference.partition("?")
        if resource_type not in self._context.server.registry or resource_type == AUDIT_EVENT:
            return None
        try:
            query = criteria(self._context.server, resource_type, text).query
        except FhirError:
            return None  # said where it is resolved
        asked = tokens_of(query) or []
        start = f"{resource_type}.identifier"
        exact = (f"{start}{tokens.CODE}", f"{start}{tokens.CODED}")
        few = len(asked) == 1 and all(each.startswith(exact) for each in asked[0])
        return Sought(query, asked) if few else None

    def _find(self, reference: str, expression: str) -> str:
        resource_type, _, text = reference.partition("?")
        if resource_type not in self._context.server.registry:
            raise invalid(f"{resource_type!r} is not a resource type of R4.", expression)
        wanted = self._criteria(resource_type, text, expression)
        found = self._matches(resource_type, wanted, self._stored.get(reference))
        if len(found) == 1:
            return found[0]
        if not found:
            said = f"The conditional reference matches no {resource_type}; store it first."
            raise FhirError(Issue("error", "not-found", said, expression), status=412)
        said = f"The conditional reference matches more than one {resource_type}."
        raise FhirError(Issue("error", "multiple-matches", said, expression), status=412)

    def _criteria(self, resource_type: str, text: str, expression: str) -> Criteria:
        try:
            return criteria(self._context.server, resource_type, text)
        except FhirError as error:
            issue = error.issues[0]
            raise FhirError(
                Issue("error", issue.code, issue.text, expression), status=error.status
            ) from None

    def _matches(
        self, resource_type: str, wanted: Criteria, stored: Sequence[StoredResource] | None
    ) -> list[str]:
        same_type = self._written_by_type[resource_type]
        if stored is None:
            stored = find(self._context.store, wanted, 2 + same_type)
        own = self._candidates(resource_type) if same_type else ()
        return [
            *(each.reference for each in stored if each.reference not in self._written),
            *(each.reference for each in own if matches(wanted.query, each)),
        ]
