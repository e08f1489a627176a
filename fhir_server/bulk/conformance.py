"""Lets take effect what an older version stored: profiles, value sets, code systems, maps.

It may run in several processes at once, and beside writers: each portion is a transaction that
reads the resources anew.
"""

from __future__ import annotations

from collections.abc import Callable

from fhir_server.interactions.context import Context
from fhir_server.interactions.derivation import made_anew
from fhir_server.interactions.stored_concepts import remove_orphans
from fhir_server.profiles.taking_effect import TYPES
from fhir_server.storage.mongo_conformance import ConformanceStore
from fhir_server.storage.mongo_indexes import CONFORMANCE_LAYOUT

PORTION = 50


def is_due(store: ConformanceStore) -> bool:
    """Tell whether an older version filled the database."""
    return store.layout() < CONFORMANCE_LAYOUT


def let_take_effect(context: Context, done: Callable[[int], None] = lambda _: None) -> int:
    """Make anew what takes effect of every stored conformance resource.

    Args:
        context: on whose behalf.
        done: told how many more are done.

    Returns:
        How many there are.
    """
    store = ConformanceStore(context.store.collections)
    total = 0
    for type_ in TYPES:
        after = ""
        while keys := store.stored_keys(type_, after, PORTION):
            made_anew(context, keys)
            after = keys[-1]
            total += len(keys)
            done(len(keys))
    remove_orphans(context.store.collections)
    store.made_anew()
    return total
