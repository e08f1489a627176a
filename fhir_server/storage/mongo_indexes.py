"""The indexes behind every read and every search.

- ``t_id``: equality and prefix on tokens, in the order of ids.
- ``k_all``: a wildcard index over the sort keys of all search parameters, so a new parameter
  needs no new index.
- ``updated``: ``_lastUpdated``, by type.

``_id`` is ``Type/id``, so the index that MongoDB keeps anyway orders resources by type.
"""

from __future__ import annotations

from typing import Any

from pymongo import ASCENDING, IndexModel
from pymongo.database import Database

TOKENS = "t_id"
KEYS = "k_all"
UPDATED = "updated"
TOKEN_FIELDS = [("t", ASCENDING), ("_id", ASCENDING)]

RESOURCE_INDEXES = (
    IndexModel(TOKEN_FIELDS, name=TOKENS),
    IndexModel([("k.$**", ASCENDING)], name=KEYS),
    IndexModel([("y", ASCENDING), ("u", ASCENDING), ("_id", ASCENDING)], name=UPDATED),
)


def ensure_indexes(database: Database[dict[str, Any]]) -> None:
    """Create the indexes that are missing; existing ones are left alone.

    Args:
        database: the store's; its other collections are found by ``_id`` alone.
    """
    database["resources"].create_indexes(list(RESOURCE_INDEXES))
