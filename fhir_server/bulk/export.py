"""Writes resources out, one on each line (NDJSON), byte for byte as they are served.

Source: https://hl7.org/fhir/uv/bulkdata/export.html (the format of the files). The store is read in
pages by key, so memory stays small; what changes meanwhile is written as it was when its page was
read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO

from fhir_server.search.query import Query, Sort, every
from fhir_server.storage.snapshot import Snapshot

FIRST_PAGE = 50
LARGEST_PAGE = 1000
PAGE_BYTES = 8_000_000


def count(store: Snapshot, resource_type: str) -> int:
    """Count the current resources of a type."""
    return store.count(Query((resource_type,), every()))


def write_ndjson(
    store: Snapshot, resource_type: str, out: BinaryIO, on_page: Callable[[int], None]
) -> int:
    """Write the current resources of a type, in the order of their ids.

    Args:
        store: as the one who asks may read it.
        resource_type: the type.
        out: where to.
        on_page: told after each page how many resources it had.

    Returns:
        How many were written.
    """
    written, size, cursor = 0, FIRST_PAGE, None
    while True:
        page = store.search(
            Query((resource_type,), every(), sort=(Sort("_id"),), count=size, cursor=cursor)
        )
        lines = [resource.body + b"\n" for resource in page.resources if resource.body]
        out.writelines(lines)
        written += len(lines)
        on_page(len(lines))
        cursor = page.next_cursor
        if cursor is None:
            return written
        # A page of many large resources would not fit in memory.
        average = sum(map(len, lines)) // max(1, len(lines)) + 1
        size = max(1, min(LARGEST_PAGE, PAGE_BYTES // average))
