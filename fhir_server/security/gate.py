"""Makes the store that one principal sees: the one place where a `GuardedStore` is made."""

from __future__ import annotations

from fhir_server.security.access import Access
from fhir_server.security.guarded_store import GuardedStore
from fhir_server.security.labelling import Labeller
from fhir_server.security.masking import Masks
from fhir_server.security.organizations import Organizations, Units
from fhir_server.security.principal import LOCAL, Principal
from fhir_server.security.rights import Rules
from fhir_server.security.trace import Trace
from fhir_server.storage.mongo import MongoStore


class Gate:
    """The way to one store.

    Args:
        store: the whole store.
        rules: what decisions rest on.
        masks: what is left out of what may be seen.
    """

    def __init__(self, store: MongoStore, rules: Rules, masks: Masks) -> None:
        self._store = store
        self._rules = rules
        self._masks = masks
        self._organizations = Organizations(store, rules.marks)

    def open(self, principal: Principal = LOCAL, trace: Trace | None = None) -> GuardedStore:
        """Give the store as a principal may use it, for one request."""
        units = Units() if principal.unrestricted else self._organizations.units()
        access = Access(principal, self._rules, units, self._store)
        own = "" if principal.unrestricted else access.own_unit
        labeller = Labeller(self._organizations, own)
        return GuardedStore(self._store, access, labeller, self._masks, trace or Trace())
