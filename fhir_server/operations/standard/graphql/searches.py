"""The searches of a query: TypeList and TypeConnection, at the root and inside resources.

All go through the server's own search: the same parameters, indexes and limits.

Source: https://hl7.org/fhir/R4/graphql.html#searching, #reverse
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from fhir_server.fhir import json
from fhir_server.fhir.outcome import invalid
from fhir_server.fhir.reference import local
from fhir_server.interactions.context import Context
from fhir_server.interactions.include import WITH_TOKENS
from fhir_server.operations.standard.graphql.connection import cursor, read_cursor
from fhir_server.operations.standard.graphql.limits import Allowance, too_costly
from fhir_server.operations.standard.graphql.scalars import text
from fhir_server.operations.standard.graphql.schema import argument_codes, argument_name
from fhir_server.search import tokens
from fhir_server.search.query import Query
from fhir_server.search.syntax import split
from fhir_server.storage.records import SearchPage

Resource = dict[str, Any]
Arguments = Mapping[str, Any]
Pairs = list[tuple[str, str]]

REFERENCE, COUNT, CURSOR = "_reference", "_count", "_cursor"
# Not values among which there may be a comma, but a language or a list of their own.
_WHOLE = ("_filter", "_count")
_AT_ONCE = 100


class Searches:
    """Carries out searches.

    Args:
        context: the request.
        allowance: what the query may still do.
    """

    def __init__(self, context: Context, allowance: Allowance) -> None:
        self._context = context
        self._allowance = allowance
        self._most = context.server.settings.max_count

    def listed(self, type_: str, arguments: Arguments, focus: str | None = None) -> list[Resource]:
        """Give all resources that match, or as many as ``_count`` says.

        Args:
            type_: what is searched.
            arguments: of the field.
            focus: the resource that is to be referred to by ``_reference``; None at the root.

        Raises:
            FhirError: 400 for what can't be searched by; 403 where all are more than one page.
        """
        pairs = self._pairs(type_, arguments)
        pairs += self._reverse(type_, arguments, [focus] if focus else [])
        everything = arguments.get(COUNT) is None
        pairs += [(COUNT, str(self._most))] if everything else []
        query = self._query(type_, pairs)
        page = self._page(query)
        if page.next_cursor and (everything or len(page.resources) < query.count):
            raise too_costly(
                f"{type_}List finds more than {self._most} resources, or larger ones than fit on "
                f"a page: ask for the first by _count, or for pages by {type_}Connection."
            )
        return _bodies(page)

    def listed_for(
        self, type_: str, arguments: Arguments, focuses: Sequence[str]
    ) -> dict[str, list[Resource]]:
        """Give what refers to each of several resources, as `listed` does, in few searches."""
        found: dict[str, list[Resource]] = {}
        ordered = list(dict.fromkeys(focuses))
        for start in range(0, len(ordered), _AT_ONCE):
            part = ordered[start : start + _AT_ONCE]
            together = self._together(type_, arguments, part) if len(part) > 1 else None
            if together is None:
                together = {each: self.listed(type_, arguments, each) for each in part}
            found |= together
        return found

    def connection(
        self, type_: str, arguments: Arguments, focus: str | None, *, counted: bool
    ) -> Resource:
        """Give a page as a connection.

        Args:
            type_: what is searched.
            arguments: of the field.
            focus: as for `listed`.
            counted: the number of all matches is asked for.
        """
        query = self._query(type_, self._pairs_of_page(type_, arguments, focus))
        page = self._page(query)
        following = page.next_cursor and cursor(type_, query.applied, page.next_cursor)
        return {
            "count": self._count(query) if counted else None,
            "offset": 0 if query.cursor is None else None,
            "pagesize": query.count,
            "first": cursor(type_, query.applied, None),
            "next": following,
            "edges": [{"mode": "match", "resource": each} for each in _bodies(page)],
        }

    def _pairs_of_page(self, type_: str, arguments: Arguments, focus: str | None) -> Pairs:
        if arguments.get(CURSOR) is None:
            pairs = self._pairs(type_, arguments)
            return pairs + self._reverse(type_, arguments, [focus] if focus else [])
        if any(value is not None for name, value in arguments.items() if name != CURSOR):
            raise invalid("_cursor stands for the whole search: leave the other arguments out.")
        return read_cursor(arguments[CURSOR], type_)

    def _query(self, type_: str, pairs: Pairs) -> Query:
        return self._context.server.parser.parse(type_, pairs)

    def _page(self, query: Query) -> SearchPage:
        self._allowance.take_lookup()
        return self._context.store.search(query) if query.count else SearchPage([], None)

    def _count(self, query: Query) -> int:
        self._allowance.take_lookup()
        return self._context.store.count(query)

    def _together(
        self, type_: str, arguments: Arguments, focuses: Sequence[str]
    ) -> dict[str, list[Resource]] | None:
        """Search for all at once; None where that is more than a page."""
        count = arguments.get(COUNT)
        if count is not None and count < 1:
            return None
        rest = {name: value for name, value in arguments.items() if name != COUNT}
        reverse = self._reverse(type_, arguments, focuses)
        pairs = [*self._pairs(type_, rest), *reverse, (COUNT, str(self._most))]
        page = self._page(replace(self._query(type_, pairs), includes=WITH_TOKENS))
        if page.next_cursor:
            return None
        found: dict[str, list[Resource]] = {each: [] for each in focuses}
        prefix = f"{type_}.{reverse[0][0]}{tokens.REFERENCE}"
        for stored, body in zip(page.resources, _bodies(page), strict=True):
            named = {
                str(local(token[len(prefix) :]))
                for token in page.tokens[stored.reference]
                if token.startswith(prefix)
            }
            for reference in named & found.keys():
                found[reference].append(body)
        return {each: bodies[:count] for each, bodies in found.items()}

    def _pairs(self, type_: str, arguments: Arguments) -> Pairs:
        codes = argument_codes(self._context.server.parser.supported_parameters(type_))
        return [
            (codes.get(name, name), _value(name, value))
            for name, value in arguments.items()
            if value is not None and name not in (REFERENCE, CURSOR)
        ]

    def _reverse(self, type_: str, arguments: Arguments, focuses: Sequence[str]) -> Pairs:
        """Give the parameter that makes the search one for what refers to resources."""
        named = arguments.get(REFERENCE)
        if named is None:
            return []
        supported = self._context.server.parser.supported_parameters(type_)
        references = {
            argument_name(code): code
            for code, parameter in supported.items()
            if parameter.type == "reference"
        }
        code = references.get(argument_name(named))
        if code is None:
            raise invalid(
                f"_reference must be a reference parameter of {type_}: "
                f"{', '.join(sorted(references))}."
            )
        return [(code, ",".join(focuses))]


def _bodies(page: SearchPage) -> list[Resource]:
    return [json.parse(stored.body) for stored in page.resources if stored.body is not None]


def _value(name: str, value: Any) -> str:
    several = value if isinstance(value, list) else [value]
    if name == "_sort" or name in _WHOLE:
        return ",".join(text(each) for each in several)
    return ",".join(_one(text(each)) for each in several if each is not None)


def _one(value: str) -> str:
    """Keep a comma inside a value: alternatives are the items of the list."""
    return "\\,".join(split(value, ","))
