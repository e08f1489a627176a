"""Reads the parameters of a search into a `Query`.

Nothing is silently ignored: an unknown parameter, modifier or prefix is refused with a list of
what there is, or left out with a warning where the client asked for that
(``Prefer: handling=lenient``). The query knows which parameters took effect.

Source: https://hl7.org/fhir/R4/search.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal
from zoneinfo import ZoneInfo

from fhir_server.fhir.outcome import FhirError, Issue, invalid
from fhir_server.profiles.definitions import Definitions
from fhir_server.search.criteria import Asked, criterion
from fhir_server.search.parameters import ORDERED, Parameter, Parameters
from fhir_server.search.query import (
    Criterion,
    HasId,
    HasToken,
    Not,
    Or,
    Query,
    Sort,
    either,
    every,
)
from fhir_server.search.terminology import Terminology

# About the form of the answer, which is the business of whoever writes it.
FORMAT_PARAMETERS = ("_format", "_pretty")
RESULT_PARAMETERS = ("_count", "_cursor", "_sort", "_summary", "_total", "_type")

_LONGEST_VALUE = 20_000
_MOST_PARAMETERS = 100
# Alternatives that are tokens are looked up together; of the others each is a scan of its own.
_MOST_TOKENS, _MOST_SCANS = 5000, 200


@dataclass(slots=True)
class _Draft:
    """A query in the making."""

    types: tuple[str, ...]
    parameters: Mapping[str, Parameter]
    count: int
    where: list[Criterion] = field(default_factory=list)
    sort: tuple[Sort, ...] = ()
    total: Literal["none", "estimate", "accurate"] | None = None
    cursor: str | None = None
    only_count: bool = False
    applied: list[tuple[str, str]] = field(default_factory=list)
    ignored: list[Issue] = field(default_factory=list)


class QueryParser:
    """Reads search parameters.

    Args:
        definitions: the search parameters and the types they apply to.
        zone: what dates without a zone are local to.
        base_url: the server's own address; references to it are local.
        default_count: results on a page where ``_count`` doesn't say.
        max_count: the largest page; a larger ``_count`` gives this.
        full_text: whether words are indexed, which ``_text`` and ``_content`` need.
    """

    def __init__(
        self,
        definitions: Definitions,
        zone: ZoneInfo,
        base_url: str,
        default_count: int = 20,
        max_count: int = 1000,
        *,
        full_text: bool = True,
    ) -> None:
        self._definitions = definitions
        self._parameters = Parameters(definitions, full_text=full_text)
        self._terminology = Terminology(definitions)
        self._zone = zone
        self._base_url = base_url
        self._default_count = default_count
        self._max_count = max_count

    def supported_parameters(self, resource_type: str) -> Mapping[str, Parameter]:
        """Give the parameters that a type can be searched by, by code."""
        return self._parameters.of(resource_type)

    def parse(
        self,
        resource_type: str | None,
        parameters: Sequence[tuple[str, str]],
        *,
        lenient: bool = False,
    ) -> Query:
        """Read a search.

        Args:
            resource_type: the type to search; None for all, or those that ``_type`` names.
            parameters: decoded names and values, in the order given.
            lenient: leave out, with a warning, what can't be used.

        Raises:
            FhirError: 400 for what can't be used; every such parameter is named.
        """
        if len(parameters) > _MOST_PARAMETERS:
            raise invalid(
                f"A search takes at most {_MOST_PARAMETERS} parameters.", code="too-costly"
            )
        draft = self._draft(resource_type, parameters)
        problems: list[Issue] = []
        for name, value in parameters:
            try:
                self._read(draft, name, value)
            except FhirError as error:
                problems.extend(error.issues)
        if problems and not lenient:
            raise FhirError(*problems, status=400)
        return Query(
            types=draft.types,
            where=every(*draft.where),
            sort=draft.sort,
            count=0 if draft.only_count else draft.count,
            total=draft.total,
            cursor=draft.cursor,
            applied=tuple(draft.applied),
            ignored=tuple(_warning(issue) for issue in problems),
        )

    def _draft(self, resource_type: str | None, parameters: Sequence[tuple[str, str]]) -> _Draft:
        if resource_type is not None:
            return _Draft((resource_type,), self._parameters.of(resource_type), self._default_count)
        named = [value for name, value in parameters if name == "_type"]
        types = tuple(dict.fromkeys(each for value in named for each in value.split(",")))
        if not all(self._definitions.is_resource_type(each) for each in types):
            raise invalid("_type must name resource types of R4, separated by commas.")
        shared = self._parameters.shared(types or self._definitions.resource_types)
        return _Draft(types, shared, self._default_count)

    def _read(self, draft: _Draft, name: str, value: str) -> None:
        _require_readable(name, value)
        if name in FORMAT_PARAMETERS:
            return
        handler = _RESULT_HANDLERS.get(name)
        if handler is None:
            draft.where.append(self._criterion(draft, name, value))
        elif any(name == applied for applied, _ in draft.applied):
            raise invalid(f"{name} may be given once only.")
        else:
            value = handler(self, draft, value)
        if name != "_cursor":
            draft.applied.append((name, value))

    def _criterion(self, draft: _Draft, name: str, value: str) -> Criterion:
        code, _, modifier = name.partition(":")
        if code not in draft.parameters:
            raise self._unknown(draft, code)
        found = []
        for type_ in draft.types or self._definitions.resource_types:
            parameter = self._parameters.of(type_)[code]
            asked = Asked(parameter, modifier, type_, self._zone, self._base_url, self._terminology)
            found.append(criterion(asked, value))
        excluded = [each.part for each in found if isinstance(each, Not)]
        joined = either(*(excluded or found))
        _require_bounded(code, joined)
        return Not(joined) if excluded else joined

    def _unknown(self, draft: _Draft, code: str) -> FhirError:
        what = draft.types[0] if len(draft.types) == 1 else "a search of several types"
        names = ", ".join(sorted([*draft.parameters, *RESULT_PARAMETERS]))
        return FhirError(
            Issue(
                "error",
                "not-supported",
                f"Search parameter '{code[:64]}' is not supported for {what}. Valid: {names}.",
            ),
            status=400,
        )

    def _count(self, draft: _Draft, value: str) -> str:
        if not (value.isascii() and value.isdigit() and len(value) < 10):
            raise invalid("_count must be a whole number, 0 to ask only for the total.")
        draft.count = min(int(value), self._max_count)
        return str(draft.count)

    def _cursor(self, draft: _Draft, value: str) -> str:
        draft.cursor = value
        return value

    def _sort(self, draft: _Draft, value: str) -> str:
        code = value.removeprefix("-")
        if code in ("_id", "_lastUpdated"):
            draft.sort = (Sort(code, value.startswith("-")),)
            return value
        parameter = draft.parameters.get(code)
        if parameter is None or parameter.type not in ORDERED or len(draft.types) != 1:
            one = len(draft.types) == 1
            names = [c for c, p in draft.parameters.items() if one and p.type in ORDERED]
            valid = ", ".join(sorted({*names, "_id", "_lastUpdated"}))
            raise FhirError(
                Issue(
                    "error",
                    "not-supported",
                    "_sort takes one parameter, '-' before it for descending order. "
                    f"Valid: {valid}.",
                ),
                status=400,
            )
        draft.sort = (Sort(parameter.name, value.startswith("-"), parameter.type),)
        return value

    def _summary(self, draft: _Draft, value: str) -> str:
        if value not in ("count", "false"):
            raise FhirError(
                Issue("error", "not-supported", "_summary must be count or false."), status=400
            )
        draft.only_count = value == "count"
        return value

    def _total(self, draft: _Draft, value: str) -> str:
        match value:
            case "none" | "estimate" | "accurate":
                draft.total = value
                return value
            case _:
                raise invalid("_total must be none, estimate or accurate.")

    def _type(self, draft: _Draft, value: str) -> str:
        if draft.types and not set(value.split(",")) <= set(draft.types):
            raise invalid("_type belongs to searches of all types; the URL names one already.")
        return value


_RESULT_HANDLERS: Mapping[str, Callable[[QueryParser, _Draft, str], Any]] = {
    "_count": QueryParser._count,
    "_cursor": QueryParser._cursor,
    "_sort": QueryParser._sort,
    "_summary": QueryParser._summary,
    "_total": QueryParser._total,
    "_type": QueryParser._type,
}


def _require_readable(name: str, value: str) -> None:
    if len(value) > _LONGEST_VALUE:
        raise FhirError(
            Issue("error", "too-long", f"'{name[:64]}': the value is too long."), status=400
        )
    try:
        f"{name}{value}".encode()
    except UnicodeEncodeError:
        raise invalid("A parameter holds what is no Unicode text.") from None


def _require_bounded(code: str, criterion: Criterion) -> None:
    parts = criterion.parts if isinstance(criterion, Or) else ()
    lookups = sum(isinstance(part, HasToken | HasId) for part in parts)
    if lookups > _MOST_TOKENS or len(parts) - lookups > _MOST_SCANS:
        raise invalid(f"'{code}' has too many alternatives; split the search.", code="too-costly")


def _warning(issue: Issue) -> Issue:
    return replace(issue, severity="warning", text=f"Ignored: {issue.text}")
