"""Follows references, many at a time.

Source: https://hl7.org/fhir/R4/graphql.html#references
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fhir_server.fhir import json
from fhir_server.fhir.outcome import FhirError, Issue
from fhir_server.fhir.reference import LocalReference, local
from fhir_server.interactions.context import Context
from fhir_server.interactions.read import vread
from fhir_server.operations.standard.graphql.limits import Allowance

Resource = dict[str, Any]

_AT_ONCE = 500


class References:
    """Finds what references refer to; each resource is read once.

    Args:
        context: the request.
        allowance: what the query may still do.
    """

    def __init__(self, context: Context, allowance: Allowance) -> None:
        self._context = context
        self._allowance = allowance
        self._read: dict[str, Resource | None] = {}

    def load(self, references: Iterable[str]) -> None:
        """Read what references of this server refer to, together."""
        wanted = {
            str(target)
            for target in map(self._target, references)
            if target and target.version is None and str(target) not in self._read
        }
        ordered = sorted(wanted)
        for start in range(0, len(ordered), _AT_ONCE):
            part = ordered[start : start + _AT_ONCE]
            self._allowance.take_lookup()
            found = self._context.store.read_many(part)
            for reference in part:
                stored = found.get(reference)
                body = stored.body if stored is not None else None
                self._read[reference] = json.parse(body) if body is not None else None

    def resolve(self, reference: str, container: Resource) -> Resource | None:
        """Give what a reference refers to; None for what is not here.

        Args:
            reference: loaded before, or contained.
            container: the resource that the reference stands in.
        """
        if reference.startswith("#"):
            return _contained(reference[1:], container)
        target = self._target(reference)
        if target is None:
            return None
        if target.version is None:
            return self._read.get(str(target))
        return self._version(reference, target)

    def _version(self, reference: str, target: LocalReference) -> Resource | None:
        if reference not in self._read:
            self._allowance.take_lookup()
            try:
                answer = vread(self._context, target.resource_type, target.id, target.version or "")
                self._read[reference] = json.parse(answer.content or b"{}")
            except FhirError:
                self._read[reference] = None
        return self._read[reference]

    def _target(self, reference: str) -> LocalReference | None:
        return local(reference, self._context.base)


def missing(reference: Any) -> FhirError:
    """A reference leads to nothing, and was not said to be optional (404)."""
    where = local(reference) if isinstance(reference, str) else None
    text = (
        f"{where or 'The reference'} can't be resolved on this server; "
        "resource(optional: true) lets it pass."
    )
    return FhirError(Issue("error", "not-found", text))


def _contained(id_: str, container: Resource) -> Resource | None:
    if not id_:
        return container
    listed = container.get("contained", ())
    return next((each for each in listed if each.get("id") == id_), None)
