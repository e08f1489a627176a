"""What an operation is: the code that carries out an OperationDefinition."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, cast

from fhir_server.fhir.parameters import Arguments
from fhir_server.fhir.reference import local
from fhir_server.interactions.answer import Answer
from fhir_server.interactions.context import Context
from fhir_server.interactions.finder import Finder

# The R5 that Inera's services speak.
INERA_R5 = "application/fhir+json; fhirVersion=5.0"


@dataclass(frozen=True, slots=True)
class Call:
    """One call of an operation.

    Args:
        context: the request.
        resource_type: the type in the URL; None at system level.
        id: the logical id in the URL; None at type and system level.
        arguments: checked against the OperationDefinition.
        cursor: where the page starts, from the ``next`` link of the one before.
        by_get: asked for by GET, which must not store anything.
        media_type: one of the operation's ``renders``, where the client wants that; else empty.
        finder: reads what the call names in one round trip, where some of it is asked for, and each
            once; for what an operation reads before it writes, and what does not change by that.
    """

    context: Context
    resource_type: str | None
    id: str | None
    arguments: Arguments
    cursor: str | None = None
    by_get: bool = False
    media_type: str = ""
    finder: Finder = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Expect what the call names."""
        finder = Finder(self.context.server, self.context.store)
        finder.expect(_named(self.arguments))
        if self.id is not None:
            finder.expect([f"{self.resource_type}/{self.id}"])
        object.__setattr__(self, "finder", finder)


@dataclass(frozen=True, slots=True)
class Deferred:
    """A function of this package that is imported when it is first called.

    Args:
        module: its module, below this package.
        name: its name there.
    """

    module: str
    name: str = "run"

    def __call__(self, call: Call) -> Answer:
        """Import the function where that has not been done, and call it."""
        return self.resolved()(call)

    def resolved(self) -> Callable[[Call], Answer]:
        """Give the function."""
        module = import_module(f"{__package__}.{self.module}")
        return cast("Callable[[Call], Answer]", getattr(module, self.name))


@dataclass(frozen=True, slots=True)
class Operation:
    """The code behind one OperationDefinition.

    Args:
        code: its code, without ``$``.
        run: carries it out.
        paged: it answers page by page; its links carry ``_cursor``.
        about: the name of the parameter that a body may be itself, without Parameters around it;
            the resource is not validated before the operation runs.
        renders: media types that it can answer in beside FHIR R4's, such as ``text/html``; then
            the answer says which (`Answer.media_type`).
    """

    code: str
    run: Callable[[Call], Answer]
    paged: bool = False
    about: str = ""
    renders: tuple[str, ...] = ()


def _named(value: Any) -> Iterator[str]:
    """Give the ``Type/id`` that References among arguments name."""
    if isinstance(value, dict):
        reference = value.get("reference")
        if isinstance(reference, str) and local(reference) is not None:
            yield reference
        for each in value.values():
            yield from _named(each)
    elif isinstance(value, list):
        for each in value:
            yield from _named(each)
