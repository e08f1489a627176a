"""What a document asks to have stored, in pieces that succeed or fail on their own.

Each piece is one or more entries of a transaction bundle, so that everything loaded takes the same
way as what a client posts: validation, rules, links, one commit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from fhir_server.bulk.sources import Document, Place
from fhir_server.fhir import json
from fhir_server.fhir.outcome import FhirError, invalid

Entry = dict[str, Any]

METHOD_ORDER = {"DELETE": 0, "POST": 1, "PUT": 2, "PATCH": 3}
READS = ("GET", "HEAD")


@dataclass(frozen=True, slots=True)
class Unit:
    """Entries to be carried out together, all or none.

    Args:
        place: where they stand.
        entries: of a transaction bundle.
        once: names the content, where storing it twice would make duplicates.
        group: units of the same group may share a transaction; None is for one of its own.
        length: bytes of JSON, about.
        consumed: the share of the file's bytes, packed.
        whole: the entries are those of a bundle in the file, not made for one resource.
    """

    place: Place
    entries: tuple[Entry, ...]
    once: str | None = None
    group: str | None = None
    length: float = 0
    consumed: float = 0
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """What can't even be tried, and why."""

    place: Place
    error: FhirError


def units(document: Document) -> list[Unit | Refused]:
    """Divide a document.

    A transaction stays whole. A batch falls into its entries; reads in it are left out. Any other
    Bundle falls into its resources, unless they refer to each other by ``urn:uuid:…``. On a line
    of an NDJSON file, a Bundle that asks for nothing is a resource like others.
    """
    try:
        found = list(_divided(document))
    except FhirError as error:
        found = [Refused(document.place, error)]
    share = max(1, len(found))
    return [
        unit
        if isinstance(unit, Refused)
        else replace(unit, length=document.length / share, consumed=document.consumed / share)
        for unit in found
    ]


def _divided(document: Document) -> Iterator[Unit | Refused]:
    content, place = document.content, document.place
    if isinstance(content, FhirError):
        raise content
    if not isinstance(content, dict):
        raise invalid("This is not a FHIR resource: a JSON object was expected.", code="structure")
    type_ = content.get("type")
    asks = type_ in ("transaction", "batch")
    if content.get("resourceType") != "Bundle" or (document.listed and not asks):
        yield _of_resource(content, place)
        return
    entries = _entries(content)
    if type_ == "transaction":
        yield Unit(place, tuple(entries), once=_name(content), whole=True)
    elif type_ == "batch":
        yield from _of_batch(entries, place)
    else:
        yield from _of_collection(entries, place, is_history=type_ == "history")


def _entries(bundle: dict[str, Any]) -> list[Entry]:
    entries = bundle.get("entry", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise invalid("Bundle.entry must be an array of objects.", "Bundle.entry", "structure")
    return entries


def _of_batch(entries: list[Entry], place: Place) -> Iterator[Unit]:
    """Give the entries in R4's order, those of one type together so that they can share commits.

    R4 lets no entry of a batch depend on another, but Synthea's do: a type that comes first in the
    bundle stays first.
    """
    keyed: list[tuple[int, str, int, Entry]] = []
    for index, entry in enumerate(entries):
        request = entry.get("request")
        method, url = (
            (request.get("method"), str(request.get("url")))
            if isinstance(request, dict)
            else ("", "")
        )
        if method not in READS:
            keyed.append((METHOD_ORDER.get(str(method), 4), url.split("/")[0], index, entry))
    seen = {type_: rank for rank, type_ in enumerate(dict.fromkeys(k[1] for k in keyed))}
    keyed.sort(key=lambda k: (k[0], seen[k[1]], k[2]))
    for rank, type_, index, entry in keyed:
        creates = rank == METHOD_ORDER["POST"] and "ifNoneExist" not in entry["request"]
        yield Unit(
            replace(place, entry=index),
            (entry,),
            once=_name(entry) if creates else None,
            group=None if creates else f"batch {rank} {type_}",
        )


def _of_collection(
    entries: list[Entry], place: Place, *, is_history: bool
) -> Iterator[Unit | Refused]:
    wanted = [(i, e) for i, e in enumerate(entries) if not _is_about_the_search(e)]
    if any(str(entry.get("fullUrl", "")).startswith("urn:") for _, entry in wanted):
        linked = [
            {**_request_for(entry.get("resource")), "fullUrl": entry.get("fullUrl")}
            for _, entry in wanted
        ]
        yield Unit(place, tuple(linked), once=_name(entries), whole=True)
        return
    # A history bundle has the newest version first.
    for index, entry in reversed(wanted) if is_history else wanted:
        at = replace(place, entry=index)
        try:
            yield _of_version(entry, at) if is_history else _of_resource(entry.get("resource"), at)
        except FhirError as error:
            yield Refused(at, error)


def _of_version(entry: Entry, place: Place) -> Unit:
    request = entry.get("request")
    if not isinstance(request, dict) or request.get("method") != "DELETE":
        request = None
    wanted = {"request": request} if request else _request_for(entry.get("resource"))
    # Once each: an old version stored again would become the newest.
    return Unit(place, (wanted,), once=_name(entry))


def _is_about_the_search(entry: Entry) -> bool:
    search = entry.get("search")
    return isinstance(search, dict) and search.get("mode") == "outcome"


def _of_resource(resource: Any, place: Place) -> Unit:
    entry = _request_for(resource)
    if entry["request"]["method"] == "POST":
        return Unit(place, (entry,), once=_name(resource))
    return Unit(place, (entry,), group="resources")


def _request_for(resource: Any) -> Entry:
    """Give the entry that stores a resource under its id, or under a new one if it has none."""
    if not isinstance(resource, dict):
        raise invalid("There is no resource here.", code="structure")
    type_, id_ = resource.get("resourceType"), resource.get("id")
    if not isinstance(type_, str):
        raise invalid(
            'resourceType is missing: a resource names its type, e.g. "resourceType": "Patient".',
            code="structure",
        )
    if id_ is None:
        request = {"method": "POST", "url": quote(type_, safe="")}
    elif isinstance(id_, str):
        request = {"method": "PUT", "url": f"{quote(type_, safe='')}/{quote(id_, safe='')}"}
    else:
        raise invalid("The id must be a string.", f"{type_}.id", code="structure")
    return {"resource": resource, "request": request}


def _name(content: Any) -> str:
    """Name a content, so that the same is known again however it is indented or packed."""
    return f"load:{hashlib.sha256(json.dump(content)).hexdigest()}"
