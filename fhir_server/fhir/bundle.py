"""Bundles, written from the stored bytes without parsing them again.

Source: https://hl7.org/fhir/R4/bundle.html
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from fhir_server.fhir import json
from fhir_server.fhir.outcome import Issue, operation_outcome

Link = tuple[str, str]


def raw(body: bytes) -> Any:
    """Stand in for a resource whose JSON is known."""
    return orjson.Fragment(body)


def search_entry(full_url: str, resource: Any, mode: str) -> dict[str, Any]:
    """Give an entry of a searchset.

    Args:
        full_url: the resource's address.
        resource: parsed, or `raw`.
        mode: ``match`` or ``include``.
    """
    return {"fullUrl": full_url, "resource": resource, "search": {"mode": mode}}


def outcome_entry(issues: Iterable[Issue]) -> dict[str, Any]:
    """Give the entry of a searchset that says what there is to know about the search."""
    return {"resource": operation_outcome(issues), "search": {"mode": "outcome"}}


def bundle(
    type_: str,
    entries: Iterable[dict[str, Any]],
    *,
    links: Sequence[Link] = (),
    total: int | None = None,
) -> bytes:
    """Give a Bundle as JSON.

    Args:
        type_: e.g. ``searchset``.
        entries: as FHIR wants them; resources may be `raw`.
        links: pairs of relation and URL.
        total: number of matches, where known.
    """
    document: dict[str, Any] = {"resourceType": "Bundle", "type": type_}
    if total is not None:
        document["total"] = total
    if links:
        document["link"] = [{"relation": relation, "url": url} for relation, url in links]
    listed = list(entries)
    if listed:
        document["entry"] = listed  # FHIR allows no empty array
    return json.dump(document)
