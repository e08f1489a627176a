"""The indexes behind every read and every search.

- ``t_id``: equality and prefix on tokens, in the order of ids.
- ``k_all``: a wildcard index over the sort keys of all search parameters, so a new parameter
  needs no new index.
- ``updated``: ``_lastUpdated``, by type.
- ``w_id``: words, in the order of ids; only of documents that have some.
- ``place``: points on the earth; only of documents that have one.
- ``facts``: what is counted, all of it, so that counting reads no document.

``_id`` is ``Type/id``, so the index that MongoDB keeps anyway orders resources by type.
"""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from typing import Any

from pymongo import ASCENDING, GEOSPHERE, IndexModel
from pymongo.database import Database
from pymongo.errors import CollectionInvalid, DuplicateKeyError

from fhir_server.search.search_state import LAYOUT

TOKENS = "t_id"
KEYS = "k_all"
UPDATED = "updated"
WORDS = "w_id"
PLACE = "place"
FACTS = "facts"
# Every fact there is, whatever the type; a counted fact is one value, never a list, or the index
# could not answer alone. Their meaning is the business of whoever passes ``facts_of`` in.
FACT_NAMES = (
    "patient", "kind", "status", "start", "end", "member", "unit", "place", "born", "need",
    "appointed", "informed", "declined", "reason", "asked", "named", "basis", "own",
    "noticed", "due", "ready", "call_due", "needs", "evaluated", "whole",
)  # fmt: skip
# Every resource with facts has a status. Not $exists: the index can't answer that alone.
HAS_FACTS = {"f.status": {"$gt": ""}}
TOKEN_FIELDS = [("t", ASCENDING), ("_id", ASCENDING)]

RESOURCE_INDEXES = (
    IndexModel(TOKEN_FIELDS, name=TOKENS),
    IndexModel([("k.$**", ASCENDING)], name=KEYS),
    IndexModel([("y", ASCENDING), ("u", ASCENDING), ("_id", ASCENDING)], name=UPDATED),
    # Partial and not sparse: every document has an _id, so a sparse index would hold them all.
    IndexModel(
        [("w", ASCENDING), ("_id", ASCENDING)],
        name=WORDS,
        partialFilterExpression={"w": {"$exists": True}},
    ),
    IndexModel([("g", GEOSPHERE)], name=PLACE),
    IndexModel(
        [("y", ASCENDING), *((f"f.{name}", ASCENDING) for name in FACT_NAMES)],
        name=FACTS,
        partialFilterExpression=HAS_FACTS,
    ),
)


# A lock that nobody took for so long serialises nobody any more.
LOCK_SECONDS = 3600
PACKAGES = "packages"
# What was destroyed by a decision of law: few, and kept for good.
PURGES = "purges"
FOUND_BY_ID_ALONE = ("once", PACKAGES, PURGES)

SEARCH_STATE = "search_state"
STATE_ID = "state"
REINDEX_ID = "reindex"
# Databases that have no state were filled by the version before it.
LAYOUT_WITHOUT_STATE = 1
JOBS = "jobs"

CONCEPTS = "concepts"
CONCEPT_TOKENS = "k_t_o"
# All that is asked about concepts is a token; see mongo_concepts.py.
CONCEPT_INDEXES = (
    IndexModel([("k", ASCENDING), ("t", ASCENDING), ("o", ASCENDING)], name=CONCEPT_TOKENS),
)

CONFORMANCE = "conformance"
CONFORMANCE_STATE = "conformance_state"
# Raised by whoever changes what the documents hold: those made before must be made anew.
CONFORMANCE_LAYOUT = 1
# What changed since a revision; what waits for a profile; what a package brings, and brought.
CONFORMANCE_INDEXES = (
    IndexModel([("r", ASCENDING)], name="r"),
    IndexModel([("needs", ASCENDING)], name="needs", sparse=True),
    IndexModel([("pending.pkg", ASCENDING)], name="pending", sparse=True),
    IndexModel([("pkg", ASCENDING)], name="package", sparse=True),
)


def ensure_indexes(database: Database[dict[str, Any]]) -> None:
    """Create the collections and indexes that are missing; existing ones are left alone.

    Args:
        database: the store's.
    """
    _drop_older_facts(database)
    database["resources"].create_indexes(list(RESOURCE_INDEXES))
    database["locks"].create_index("at", name="expires", expireAfterSeconds=LOCK_SECONDS)
    database["history"].create_indexes(list(HISTORY_INDEXES))
    # Made here: a collection that a transaction makes conflicts with others that need it.
    for name in FOUND_BY_ID_ALONE:
        with suppress(CollectionInvalid):
            database.create_collection(name)
    _ensure_search_state(database)
    database[CONCEPTS].create_indexes(list(CONCEPT_INDEXES))
    _ensure_conformance(database)
    database[JOBS].create_index("expires", name="expires", expireAfterSeconds=0)


def _drop_older_facts(database: Database[dict[str, Any]]) -> None:
    """Drop the index of facts where it has others than today's; it is made anew at once."""
    known = database["resources"].index_information().get(FACTS)
    today = ["y", *(f"f.{name}" for name in FACT_NAMES)]
    if known is not None and [name for name, _ in known["key"]] != today:
        database["resources"].drop_index(FACTS)


def _ensure_search_state(database: Database[dict[str, Any]]) -> None:
    """Make the search state where there is none, and say which rules indexed what is stored."""
    states = database[SEARCH_STATE]
    nobody = {"owner": None, "beat": dt.datetime.now(dt.UTC)}
    with suppress(DuplicateKeyError):
        states.update_one({"_id": REINDEX_ID}, {"$setOnInsert": nobody}, upsert=True)
    if states.find_one({"_id": STATE_ID}, {"_id": 1}) is not None:
        return
    is_empty = database["resources"].find_one({}, {"_id": 1}) is None
    first = {"revision": 0, "layout": LAYOUT if is_empty else LAYOUT_WITHOUT_STATE}
    with suppress(DuplicateKeyError):
        states.update_one({"_id": STATE_ID}, {"$setOnInsert": first}, upsert=True)


def _ensure_conformance(database: Database[dict[str, Any]]) -> None:
    """Make what is in effect of conformance resources, and say whether there may be older ones."""
    database[CONFORMANCE].create_indexes(list(CONFORMANCE_INDEXES))
    states = database[CONFORMANCE_STATE]
    if states.find_one({"_id": STATE_ID}, {"_id": 1}) is not None:
        return
    is_empty = database["resources"].find_one({}, {"_id": 1}) is None
    first = {"revision": 0, "layout": CONFORMANCE_LAYOUT if is_empty else 0}
    with suppress(DuplicateKeyError):
        states.update_one({"_id": STATE_ID}, {"$setOnInsert": first}, upsert=True)


# The history of types: superseded versions in the order of fhir_server/storage/versions.py.
VERSIONS = "versions"
HISTORY_INDEXES = (
    IndexModel([("y", ASCENDING), ("u", ASCENDING), ("r", ASCENDING)], name=VERSIONS),
)
