"""What an operation is: the code that carries out an OperationDefinition."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fhir_server.fhir.parameters import Arguments
from fhir_server.interactions.answer import Answer
from fhir_server.interactions.context import Context


@dataclass(frozen=True, slots=True)
class Call:
    """One call of an operation.

    Args:
        context: the request.
        resource_type: the type in the URL; None at system level.
        id: the logical id in the URL; None at type and system level.
        arguments: checked against the OperationDefinition.
    """

    context: Context
    resource_type: str | None
    id: str | None
    arguments: Arguments


@dataclass(frozen=True, slots=True)
class Operation:
    """The code behind one OperationDefinition; ``code`` is its code, without ``$``."""

    code: str
    run: Callable[[Call], Answer]
