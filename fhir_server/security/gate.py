"""Makes the store that one principal sees: the one place where a `GuardedStore` is made."""

from __future__ import annotations

from fhir_server.security.access import Access
from fhir_server.security.guarded_store import GuardedStore
from fhir_server.security.labelling import Labeller
from fhir_server.security.masking import Masks
from fhir_server.security.organizations import Look, Organizations, Units
from fhir_server.security.principal import LOCAL, Principal
from fhir_server.security.provenance import Recorder, Silence, Terms
from fhir_server.security.rights import Rules
from fhir_server.security.trace import Trace
from fhir_server.storage.mongo import MongoStore


class Gate:
    """The way to one store.

    Args:
        store: the whole store.
        rules: what decisions rest on.
        masks: what is left out of what may be seen.
        terms: of what is told of writes.
    """

    def __init__(self, store: MongoStore, rules: Rules, masks: Masks, terms: Terms) -> None:
        self._store = store
        self._rules = rules
        self._masks = masks
        self._recorder = Recorder(terms)
        self._organizations = Organizations(store, rules.marks)

    def open(
        self, principal: Principal = LOCAL, trace: Trace | None = None, *, unit: str = ""
    ) -> GuardedStore:
        """Give the store as a principal may use it, for one request.

        Args:
            principal: who asks.
            trace: is told what was given and changed.
            unit: ``Organization/[id]`` of who answers for what `LOCAL` writes and says nothing
                of it itself; empty for none.
        """
        free = principal.unrestricted
        units = Units() if free else self._organizations.units()
        look = None if free else Look(self._organizations)
        access = Access(principal, self._rules, units, self._store, look)
        own = unit if free else access.own_unit
        labeller = Labeller(self._organizations, own)
        record = Silence() if free else self._recorder.of(principal, own)
        return GuardedStore(self._store, access, labeller, self._masks, trace or Trace(), record)

    def unit(self, named: str) -> str:
        """Give ``Organization/[id]`` of a unit by that or by its HSA-id; empty for none."""
        units = self._organizations.units(now=True)
        if named in units.parents:
            return named
        return next(iter(units.identified(self._rules.marks.hsa_systems, named)), "")
