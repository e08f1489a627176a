"""What a resource refers to, read at once as soon as its validation asks for some of it.

A profile may ask of a SIP's goals that they conform to another profile. To read them is a round
trip, and in the same one comes what the write will ask of all that the resource refers to.
"""

from __future__ import annotations

from typing import Any

from fhir_server.interactions.context import Context
from fhir_server.interactions.integrity import mentioned
from fhir_server.security.referring import NOTHING, Ahead
from fhir_server.storage.records import StoredResource


class LookingAhead:
    """Gives what validation follows references to, and notes what the write need not read again.

    Args:
        context: the request.
        resource: the one to be written, by itself.
    """

    def __init__(self, context: Context, resource: dict[str, Any]) -> None:
        self._context = context
        self._resource = resource
        self._type: str | None = None
        self._versions: dict[str, StoredResource] = {}
        self.ahead: Ahead = NOTHING

    def current(self, resource_type: str, id_: str) -> StoredResource | None:
        """Give a current version, as the one who asks may see it."""
        store = self._context.store
        reference = f"{resource_type}/{id_}"
        if self._type is None:
            self._type = resource_type
            wanted = mentioned(self._resource, self._context.base)
            self._versions, self.ahead = store.look_into(resource_type, wanted)
        if resource_type != self._type or reference not in self.ahead.asked:
            return store.read(resource_type, id_)
        found = self._versions.get(reference)
        return None if found is None else store.as_seen(found)
