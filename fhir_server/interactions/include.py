"""What ``_include`` and ``_revinclude`` add to a page of results.

References are followed by the index entries, so no body is parsed. Each resource is added once and
none that is a result already, which also ends every cycle.

Source: https://hl7.org/fhir/R4/search.html#include
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from fhir_server.fhir.reference import local
from fhir_server.interactions.context import Context
from fhir_server.search import tokens
from fhir_server.search.include_parameters import EVERY
from fhir_server.search.parameters import Parameter
from fhir_server.search.query import (
    And,
    Criterion,
    HasToken,
    Include,
    Query,
    either,
    every,
)
from fhir_server.storage.records import SearchPage, StoredResource

Indexed = Mapping[str, Sequence[str]]  # tokens by Type/id

_CANONICAL = frozenset({"canonical", "uri"})
_AT_ONCE = 200


@dataclass(slots=True)
class Included:
    """What was added.

    Args:
        limit: how many resources at most.
        max_bytes: their size, after which no more are added.
        resources: by ``Type/id``, in the order found.
        cut: whether there was more than fits.
    """

    limit: int
    max_bytes: int
    resources: dict[str, StoredResource] = field(default_factory=dict)
    cut: bool = False
    size: int = 0

    @property
    def room(self) -> int:
        """How many more there is room for."""
        return self.limit - len(self.resources) if self.size <= self.max_bytes else 0

    def add(self, stored: StoredResource) -> None:
        """Add a resource."""
        self.resources[stored.reference] = stored
        self.size += len(stored.body or b"")


def included(
    context: Context, query: Query, page: SearchPage, *, leave_out: Collection[str] = ()
) -> Included:
    """Give what a search's includes add to one of its pages.

    Args:
        context: the request.
        query: with at least one include.
        page: the results, with their tokens.
        leave_out: types that are not added, whatever refers to them.
    """
    return _Inclusion(context, query, page, frozenset(leave_out)).run()


class _Inclusion:
    def __init__(
        self, context: Context, query: Query, page: SearchPage, leave_out: frozenset[str]
    ) -> None:
        self._context = context
        self._query = query
        self._page = page
        self._leave_out = leave_out
        self._seen = {stored.reference for stored in page.resources}
        settings = context.server.settings
        self._found = Included(settings.max_includes, int(settings.max_page_mb * 1_000_000))

    def run(self) -> Included:
        iterated = [
            include.iterate for include in (*self._query.includes, *self._query.revincludes)
        ]
        frontier = self._round(self._page.tokens, first=True)
        while frontier and any(iterated) and not self._found.cut:
            frontier = self._round(frontier, first=False)
        return self._found

    def _round(self, frontier: Indexed, *, first: bool) -> dict[str, Sequence[str]]:
        """Follow the references from and to some resources; give what that added."""
        added: dict[str, Sequence[str]] = {}
        for include in self._query.includes:
            if first or include.iterate:
                added |= self._forward(include, frontier)
        for include in self._query.revincludes:
            if first or include.iterate:
                added |= self._backward(include, frontier)
        return added

    def _forward(self, include: Include, frontier: Indexed) -> dict[str, Sequence[str]]:
        literal: dict[str, None] = {}
        canonical: dict[Criterion, None] = {}
        types: set[str] = set()
        for reference, own in frontier.items():
            source = reference.partition("/")[0]
            if include.source in ("", source):
                literal |= dict.fromkeys(self._targets(include, own))
                for parameter in self._canonicals(include, source):
                    allowed = [t for t in parameter.targets if include.target in ("", t)]
                    named = [self._named(t, url) for t in allowed for url in _urls(parameter, own)]
                    types.update(allowed)
                    canonical |= dict.fromkeys(each for each in named if each)
        added = self._read([each for each in literal if each not in self._seen])
        if canonical:
            added |= self._search(tuple(sorted(types)), either(*canonical), lambda _: True)
        return added

    def _targets(self, include: Include, own: Sequence[str]) -> Iterable[str]:
        for spelled in _references(include, own):
            target = local(spelled)
            if target is None or target.resource_type in self._leave_out:
                continue
            if include.target in ("", target.resource_type):
                yield str(target)

    def _canonicals(self, include: Include, source: str) -> list[Parameter]:
        """Give the parameters to follow whose values are URLs of definitions."""
        supported = self._context.server.parser.supported_parameters(source).values()
        return [
            parameter
            for parameter in supported
            if parameter.type == "reference"
            and parameter.value_types & _CANONICAL
            and (include.names == (EVERY,) or parameter.name in include.names)
        ]

    def _named(self, type_: str, canonical: str) -> Criterion | None:
        """Say which definitions have a canonical URL."""
        supported = self._context.server.parser.supported_parameters(type_)
        url, _, version = canonical.partition("|")
        if "url" not in supported or local(canonical):
            return None
        named = HasToken(f"{type_}.url={tokens.bounded(url)}")
        if not version or "version" not in supported:
            return named
        return every(named, HasToken(f"{type_}.version={tokens.code(version)}"))

    def _backward(self, include: Include, frontier: Indexed) -> dict[str, Sequence[str]]:
        wanted = {
            token
            for reference in frontier
            if include.target in ("", reference.partition("/")[0])
            for token in _referring(include, reference)
        }
        unversioned: set[str] = set()
        for parameter in self._canonicals(include, include.source) if include.source else ():
            for reference, own in frontier.items():
                type_ = reference.partition("/")[0]
                if type_ in parameter.targets and include.target in ("", type_):
                    prefix = parameter.name + tokens.REFERENCE
                    urls = [prefix + url for url in _values(own, f"{type_}.url=")]
                    versions = _values(own, f"{type_}.version=")
                    wanted.update(f"{url}|{version}" for url in urls for version in versions)
                    unversioned.update(urls)
        types = (include.source,) if include.source else ()
        where = either(*map(HasToken, sorted(wanted | unversioned)))
        return self._search(types, where, lambda own: _refers(own, wanted, unversioned))

    def _search(
        self, types: tuple[str, ...], where: Criterion, accept: Callable[[Sequence[str]], bool]
    ) -> dict[str, Sequence[str]]:
        if self._found.cut:
            return {}
        # What is there already may come again, and must not use up the room.
        count = self._found.room + len(self._seen) + 1
        page = self._context.store.search(
            Query(
                types,
                And((where,)),
                count=count,
                includes=WITH_TOKENS,
                max_bytes=self._found.max_bytes,
            )
        )
        found = ((stored, page.tokens[stored.reference]) for stored in page.resources)
        added = self._add((stored, own) for stored, own in found if accept(own))
        self._found.cut |= page.next_cursor is not None
        return added

    def _read(self, references: Sequence[str]) -> dict[str, Sequence[str]]:
        added: dict[str, Sequence[str]] = {}
        for start in range(0, len(references), _AT_ONCE):
            if self._found.cut:
                break
            part = references[start : start + _AT_ONCE]
            found = self._context.store.read_indexed(part)
            added |= self._add(found[each] for each in part if each in found)
        return added

    def _add(
        self, found: Iterable[tuple[StoredResource, Sequence[str]]]
    ) -> dict[str, Sequence[str]]:
        added: dict[str, Sequence[str]] = {}
        for stored, own in found:
            if stored.reference in self._seen or stored.resource_type in self._leave_out:
                continue
            if self._found.room <= 0:
                self._found.cut = True
                break
            self._seen.add(stored.reference)
            self._found.add(stored)
            added[stored.reference] = own
        return added


# Makes the store give the tokens of what it finds.
WITH_TOKENS = (Include((EVERY,)),)


def _references(include: Include, own: Sequence[str]) -> Iterable[str]:
    """Give what tokens say that the references to follow lead to."""
    if include.names == (EVERY,):
        return tokens.referred(own)
    starts = [name + tokens.REFERENCE for name in include.names]
    return (token[len(start) :] for start in starts for token in own if token.startswith(start))


def _referring(include: Include, reference: str) -> Sequence[str]:
    """Give the tokens of what refers to a resource by the references to follow."""
    if include.names == (EVERY,):
        return tokens.referring(reference)
    return [f"{name}{tokens.REFERENCE}{reference}" for name in include.names]


def _urls(parameter: Parameter, own: Sequence[str]) -> list[str]:
    """Give the canonical URLs among a resource's tokens, with their versions."""
    prefix = parameter.name + tokens.REFERENCE
    found = [token[len(prefix) :] for token in own if token.startswith(prefix)]
    versioned = {url.partition("|")[0] for url in found if "|" in url}
    # A URL with a version is indexed without it, too, to be found by either.
    return [url for url in found if url not in versioned]


def _refers(own: Sequence[str], wanted: set[str], unversioned: set[str]) -> bool:
    """Tell whether tokens refer to what is wanted, or to a URL in any version."""
    if not wanted.isdisjoint(own):
        return True
    urls = unversioned.intersection(own)
    return any(not any(token.startswith(f"{url}|") for token in own) for url in urls)


def _values(own: Sequence[str], prefix: str) -> list[str]:
    return [token[len(prefix) :] for token in own if token.startswith(prefix)]
