"""What the references of a resource lead to while it is checked: what is written with it, then what
is stored, as the one who asks may see it.

Source: https://hl7.org/fhir/R4/fhirpath.html#functions (resolve), record 10
"""

from __future__ import annotations

from collections.abc import Callable

from fhir_server.fhir import json
from fhir_server.fhir.ids import version_number
from fhir_server.fhir.reference import LocalReference, local
from fhir_server.interactions.context import Context
from fhir_server.profiles.scope import Resolve, Resource, nowhere
from fhir_server.storage.records import StoredResource

_KEPT = 256
# Gives a current version by its type and id, as the one who asks may see it.
Current = Callable[[str, str], StoredResource | None]
# Gives what the same transaction writes, by ``Type/id``: its JSON where that is made already.
WithIt = Callable[[str], Resource | bytes | None]


def resolver(
    context: Context, written: WithIt = nowhere, current: Current | None = None
) -> Resolve:
    """Give what leads from a literal reference to its resource; None for other servers'.

    Args:
        context: the request; its store decides what may be seen.
        written: gives what the same transaction writes, by ``Type/id``.
        current: gives current versions; None to read them from the store one by one.
    """
    return _Resolver(context, written, current or context.store.read)


class _Resolver:
    """Leads from references to resources, and remembers where; one is made for each write."""

    __slots__ = ("_context", "_found", "_read", "_written")

    def __init__(self, context: Context, written: WithIt, read: Current) -> None:
        self._context = context
        self._written = written
        self._read = read
        self._found: dict[str, Resource | None] = {}

    def __call__(self, reference: str) -> Resource | None:
        if reference not in self._found:
            if len(self._found) >= _KEPT:
                self._found.clear()
            self._found[reference] = self._resolved(reference)
        return self._found[reference]

    def _resolved(self, reference: str) -> Resource | None:
        named = local(reference, self._context.base)
        if named is None:
            return None
        with_it = self._written(str(named))
        if with_it is not None:
            body = with_it if isinstance(with_it, bytes) else json.dump(with_it)
            plain: Resource = json.plain(body)
            return plain
        return _stored(self._context, named, self._read)


def _stored(context: Context, named: LocalReference, read: Current) -> Resource | None:
    if named.version is None:
        found = read(named.resource_type, named.id)
    else:
        version = version_number(named.version)
        found = context.store.read_version(named.resource_type, named.id, version)
    if found is None or found.body is None:
        return None
    resource: Resource = json.plain(found.body)
    return resource
