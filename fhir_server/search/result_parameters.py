"""The parameters that say what the answer is to look like, but for ``_include``.

Source: https://hl7.org/fhir/R4/search.html#return
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fhir_server.fhir.outcome import Issue, invalid
from fhir_server.profiles.definitions import Definitions
from fhir_server.profiles.subset import subset_of
from fhir_server.search.draft import Draft, hint, listed, refused
from fhir_server.search.parameters import Parameters
from fhir_server.search.query import And, Chained, Criterion, Not, Or, ReferredBy, Sort

# What can be put in order: a composite or a place can't.
SORTABLE = ("date", "number", "quantity", "string", "token", "uri", "reference")
ALWAYS_SORTABLE = ("_id", "_lastUpdated")
MOST_SORTS = 8


class ResultParameters:
    """Reads them into a draft.

    Args:
        definitions: tell the elements of each type.
        parameters: what can be sorted by.
        max_count: the largest page; a larger ``_count`` gives this.
    """

    def __init__(self, definitions: Definitions, parameters: Parameters, max_count: int) -> None:
        self._subset = subset_of(definitions)
        self._parameters = parameters
        self._max_count = max_count

    def read(self, draft: Draft, name: str, value: str) -> str:
        """Read one.

        Returns:
            The value that took effect.

        Raises:
            FhirError: 400 for a value that can't be used, or a second one.
        """
        if any(name == applied for applied, _ in draft.applied):
            raise invalid(f"{name} may be given once only.")
        return _HANDLERS[name](self, draft, value)

    def _count(self, draft: Draft, value: str) -> str:
        if not (value.isascii() and value.isdigit() and len(value) < 10):
            raise invalid("_count must be a whole number, 0 to ask only for the total.")
        draft.count = min(int(value), self._max_count)
        return str(draft.count)

    def _cursor(self, draft: Draft, value: str) -> str:
        draft.cursor = value
        return value

    def _sort(self, draft: Draft, value: str) -> str:
        keys = value.split(",")
        if len(keys) > MOST_SORTS:
            raise refused(f"_sort takes at most {MOST_SORTS} parameters.", "too-costly")
        found = [self._sort_key(draft, key) for key in keys]
        if len({key.by for key in found}) < len(found):
            raise invalid("_sort names a parameter twice.")
        draft.sort = tuple(found)
        return value

    def _sort_key(self, draft: Draft, key: str) -> Sort:
        code = key.removeprefix("-")
        descending = key.startswith("-")
        if code in ALWAYS_SORTABLE:
            return Sort(code, descending)
        valid = self.sortable(draft.searched[0]) if len(draft.searched) == 1 else ALWAYS_SORTABLE
        if code not in valid:
            raise refused(
                f"_sort: '{code[:64]}' can't be sorted by in {draft.what}.{hint(code, valid)} "
                f"Names are separated by commas, '-' before one is for descending order. "
                f"Valid: {listed(valid)}."
            )
        parameter = self._parameters.of(draft.searched[0])[code]
        return Sort(parameter.name, descending, parameter.type, parameter.said_by)

    def sortable(self, resource_type: str) -> tuple[str, ...]:
        """Give what resources of a type can be sorted by."""
        own = self._parameters.of(resource_type).items()
        names = {code for code, parameter in own if parameter.type in SORTABLE}
        return tuple(sorted({*names, *ALWAYS_SORTABLE}))

    def _summary(self, draft: Draft, value: str) -> str:
        draft.summary = _one_of(value, "_summary", "true", "text", "data", "count", "false")
        return value

    def _elements(self, draft: Draft, value: str) -> str:
        draft.elements = self._subset.elements_from(value, draft.searched)
        return ",".join(draft.elements)

    def _total(self, draft: Draft, value: str) -> str:
        draft.total = _one_of(value, "_total", "none", "estimate", "accurate")
        return value

    def _contained(self, draft: Draft, value: str) -> str:
        draft.contained = _one_of(value, "_contained", "false", "true", "both")
        return value

    def _contained_type(self, draft: Draft, value: str) -> str:
        draft.contained_type = _one_of(value, "_containedType", "container", "contained")
        return value

    def _explain(self, draft: Draft, value: str) -> str:
        draft.explain = _one_of(value, "_explain", "true", "false") == "true"
        return value

    def _type(self, draft: Draft, value: str) -> str:
        if not set(value.split(",")) <= set(draft.types):
            raise invalid("_type belongs to searches of all types; the URL names one already.")
        return value


_HANDLERS: Mapping[str, Callable[[ResultParameters, Draft, str], str]] = {
    "_contained": ResultParameters._contained,
    "_containedType": ResultParameters._contained_type,
    "_count": ResultParameters._count,
    "_cursor": ResultParameters._cursor,
    "_elements": ResultParameters._elements,
    "_explain": ResultParameters._explain,
    "_sort": ResultParameters._sort,
    "_summary": ResultParameters._summary,
    "_total": ResultParameters._total,
    "_type": ResultParameters._type,
}
SINGLE_PARAMETERS = tuple(_HANDLERS)


def conflicts(draft: Draft) -> list[Issue]:
    """Take out what can't be combined, and say so."""
    found: list[Issue] = []
    if draft.contained != "false" and (draft.joins.asked or _has_join(draft.where)):
        found.append(_dropped(draft, "_contained", "chains, _has and _list"))
        draft.contained = "false"
    if draft.contained != "false" and draft.sort:
        found.append(_dropped(draft, "_sort", "_contained"))
        draft.sort = ()
    if draft.elements and draft.summary in ("true", "text", "data"):
        found.append(_dropped(draft, "_elements", "_summary"))
        draft.elements = ()
    if draft.includes or draft.revincludes:
        other = "_contained" if draft.contained != "false" else "_summary=text"
        if draft.contained != "false" or draft.summary == "text":
            found.append(_dropped(draft, "_include", other))
            _dropped(draft, "_revinclude", other)
            draft.includes, draft.revincludes = [], []
    return found


def _dropped(draft: Draft, name: str, other: str) -> Issue:
    draft.applied = [pair for pair in draft.applied if pair[0].partition(":")[0] != name]
    return Issue(
        "error", "not-supported", f"{name} can't be combined with {other}; leave one of them out."
    )


def _has_join(criteria: Sequence[Criterion]) -> bool:
    return any(
        isinstance(each, Chained | ReferredBy)
        or (isinstance(each, And | Or) and _has_join(each.parts))
        or (isinstance(each, Not) and _has_join((each.part,)))
        for each in criteria
    )


def _one_of(value: str, name: str, *allowed: str) -> Any:
    if value not in allowed:
        raise invalid(f"{name} must be one of {', '.join(allowed)}.")
    return value
