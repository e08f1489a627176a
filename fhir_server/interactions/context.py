"""What every interaction works with: the server's parts, and the one who asks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from fhir_server.fhir.outcome import Issue
from fhir_server.interactions.answer import Answer
from fhir_server.interactions.live_conformance import LiveConformance, Settling
from fhir_server.interactions.live_search import LiveSearch
from fhir_server.profiles.definitions import Definitions
from fhir_server.profiles.taking_effect import Judgement
from fhir_server.profiles.validator import Validator
from fhir_server.resources.registry import Registry
from fhir_server.search.indexing import Indexer
from fhir_server.search.parse import QueryParser
from fhir_server.security.guarded_store import GuardedStore
from fhir_server.settings import Settings
from fhir_server.storage.snapshot import Snapshot
from fhir_server.terminology.terminology import Terminology


class RuleReader(Protocol):
    """What a write rule may ask of the store, inside the transaction that writes."""

    def read(self, reference: str) -> dict[str, Any] | None:
        """Give a resource by ``Type/id``; for the one being written, the version before."""

    def search(self, resource_type: str, **parameters: str) -> Iterable[dict[str, Any]]:
        """Give the resources that match search parameters (``_`` in a name stands for ``-``)."""

    def ids(self, resource_type: str, **parameters: str) -> Iterable[str]:
        """Give the logical ids of what `search` finds."""


class WriteRules(Protocol):
    """Rules over more than one resource, which hold for every way of writing."""

    def applies(self, resource: dict[str, Any]) -> bool:
        """Tell whether there are rules for this resource."""

    def lock_keys(self, resource: dict[str, Any]) -> list[str]:
        """Name what must not change while the rules are checked."""

    def follows(self, resource: Mapping[str, Any]) -> list[str]:
        """Name the references, as ``Type/id``, that `check` reads where it comes upon a resource.

        What it names is read beforehand, for many resources at once; what it does not name is
        read when it is asked for.
        """

    def searches(self, resource: Mapping[str, Any]) -> list[tuple[str, dict[str, str]]]:
        """Name the searches that `check` may make about a resource to be written.

        Each is about one patient (``patient``), and is made for all resources of a commit at once
        as soon as one needs it.
        """

    def at_once(
        self, resource: Mapping[str, Any]
    ) -> tuple[list[str], list[tuple[str, dict[str, str]]]]:
        """Name what `check` reads in any case: references, as ``Type/id``, and such searches.

        Of a CarePlan that a search finds it asks for the id only.
        """

    def check(self, resource: dict[str, Any], reader: RuleReader, now: datetime) -> list[Issue]:
        """Give what the rules say about the resource as it is to be stored."""

    @property
    def consequential_types(self) -> Collection[str]:
        """Types whose writes may change other resources."""

    def consequences(
        self,
        changes: Sequence[tuple[Mapping[str, Any] | None, Mapping[str, Any] | None]],
        reader: RuleReader,
        now: datetime,
    ) -> list[dict[str, Any]]:
        """Give the resources that change because those written did, as they become.

        Args:
            changes: resources of `consequential_types` types before and after the write; None where
                there is none.
            reader: sees the store with the write in it.
            now: an aware datetime.
        """

    def may_lapse(self, reader: RuleReader) -> Iterable[str]:
        """Give the persons whom `lapsed` is to be asked about, as ``Patient/[id]``."""

    def lapsed(self, person: str, reader: RuleReader, now: datetime) -> list[dict[str, Any]]:
        """Give the resources about a person that change because time has passed, as they become."""

    def lapse_locks(self, person: str) -> list[str]:
        """Give the names that `lapsed` takes turns on with other writers."""


@dataclass(frozen=True, slots=True)
class OperationRequest:
    """A call of an operation, as it came by HTTP or inside a bundle.

    Args:
        code: of the operation, without ``$``.
        resource_type: the type in the URL; None at system level.
        id: the logical id in the URL; None at type and system level.
        method: GET or POST.
        pairs: parameters in the URL.
        resource: the body; None for none.
        media_type: what the client wants of those that the operation renders; else empty.
    """

    code: str
    resource_type: str | None
    id: str | None
    method: str
    pairs: Sequence[tuple[str, str]] = ()
    resource: Any = None
    media_type: str = ""


class Operations(Protocol):
    """The operations, which know the interactions and not the other way round."""

    def invoke(self, context: Context, request: OperationRequest) -> Answer:
        """Carry out an operation."""

    def renders(self, code: str) -> tuple[str, ...]:
        """Give the media types that an operation can answer in beside FHIR R4's."""


@dataclass(frozen=True, slots=True, eq=False)
class Server:
    """The parts of a running server, joined in `fhir_server.app`.

    ``definitions`` are the published ones, which searches and routes follow; what is stored comes
    to them in ``conformance``.
    """

    settings: Settings
    definitions: Definitions
    registry: Registry
    conformance: LiveConformance
    search: LiveSearch
    write_rules: WriteRules
    operations: Operations

    @property
    def validator(self) -> Validator:
        """Checks resources by what is in effect."""
        return self.conformance.current().validator

    @property
    def terminology(self) -> Terminology:
        """Answers about codes by what is in effect."""
        return self.conformance.current().terminology

    @property
    def indexer(self) -> Indexer:
        """Makes index entries by the rules in force."""
        return self.search.current().indexer

    @property
    def parser(self) -> QueryParser:
        """Reads searches by the rules in force."""
        return self.search.current().parser


@dataclass(frozen=True, slots=True)
class Brought:
    """What a package brings: it takes effect all at once, later than it is stored.

    Args:
        package: ``name#version``.
        judgements: what becomes of each conformance resource, by ``Type/id``; made with the whole
            package in view.
    """

    package: str
    judgements: Mapping[str, Judgement]


# Takes what is told of how far something long is, such as "checking 120 of 500".
Progress = Callable[[str], None]


def untold(_: str) -> None:
    """Take a report of progress that nobody waits for."""


@dataclass(frozen=True, slots=True)
class Context:
    """One request.

    Args:
        server: the server's parts.
        store: the store as the one who asks may use it.
        base: address of the FHIR interface as the client sees it, without a trailing slash.
        lenient: ignore unknown search parameters with a warning instead of refusing them.
        promised: references, as ``Type/id``, to what will be stored though it is not yet.
        brought: the package that what is written belongs to; None for none.
        settling: notes changes that every worker must have seen before the answer is given; None
            for a request that waits after each.
        form: the ``_format`` and ``_pretty`` of the URL, which links to pages must keep.
        provenance: what the client says of where its writes come from (X-Provenance): a Provenance
            without targets; None for nothing.
        progress: told how far the request is; whoever waits for an asynchronous one sees it. No
            personal data in it.
    """

    server: Server
    store: GuardedStore
    base: str
    lenient: bool = False
    promised: Container[str] = ()
    brought: Brought | None = None
    settling: Settling | None = None
    form: tuple[tuple[str, str], ...] = ()
    provenance: dict[str, Any] | None = None
    progress: Progress = untold

    def require(self, letter: str, resource_type: str) -> None:
        """Refuse what who asks may not do to a type at all; letters of ``cruds``.

        Raises:
            FhirError: 403.
        """
        self.store.access.require(letter, resource_type)

    def inside(self, snapshot: Snapshot) -> Context:
        """Give the same request, reading inside a transaction."""
        return replace(self, store=self.store.inside(snapshot))
