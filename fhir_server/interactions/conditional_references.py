"""Conditional references in a transaction: ``Patient?identifier=…`` in place of ``Patient/7``.

R4 resolves them last, after the other entries are carried out (http.html#trules): what the same
transaction creates or changes is found as it will be, and what it deletes is not found.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from fhir_server.fhir.outcome import FhirError, Issue, invalid
from fhir_server.interactions.conditional import Criteria, criteria, find
from fhir_server.interactions.context import Context
from fhir_server.search.matching import Indexed, matches

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

    def __call__(self, reference: str, expression: str) -> str:
        """Give ``Type/id`` for a conditional reference.

        Raises:
            FhirError: 412 for no match or several, 400 for criteria that can't be read.
        """
        if reference not in self._known:
            self._known[reference] = self._find(reference, expression)
        return self._known[reference]

    def _find(self, reference: str, expression: str) -> str:
        resource_type, _, text = reference.partition("?")
        if resource_type not in self._context.server.registry:
            raise invalid(f"{resource_type!r} is not a resource type of R4.", expression)
        found = self._matches(resource_type, self._criteria(resource_type, text, expression))
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

    def _matches(self, resource_type: str, wanted: Criteria) -> list[str]:
        same_type = [r for r in self._written if r.startswith(f"{resource_type}/")]
        stored = find(self._context.store, wanted, 2 + len(same_type))
        own = self._candidates(resource_type) if same_type else ()
        return [
            *(each.reference for each in stored if each.reference not in self._written),
            *(each.reference for each in own if matches(wanted.query, each)),
        ]
