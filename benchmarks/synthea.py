"""Patients made by Synthea, as they come and as resources with ids that every server gets.

The archive holds 24 patients and the hospitals and practitioners they refer to (Apache-2.0, no
real person). To compare answers with the data, all servers are given the same ids; to measure
transactions, the bundles are sent as Synthea wrote them.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import orjson

Json = dict[str, Any]

ARCHIVE = Path(__file__).with_name("synthea.tar.xz")
PROVIDER = "bench-provider"
PROVIDER_HSA = "SE5560000001-0001"
_HSA = "urn:oid:1.2.752.29.4.19"
_NUMBER = "urn:oid:2.5.4.97"


@cache
def files() -> tuple[tuple[str, bytes], ...]:
    """Give the bundles as they are in the archive, those that others refer to first."""
    with tarfile.open(ARCHIVE) as archive:
        read = [(each.name, archive.extractfile(each)) for each in archive.getmembers()]
        return tuple(sorted((name, file.read()) for name, file in read if file is not None))


def patients() -> Iterator[tuple[str, bytes, int]]:
    """Give each patient's transaction: the id that stands for the person, text, entries."""
    for name, text in files():
        bundle = orjson.loads(text)
        if bundle["type"] == "transaction":
            yield name.removesuffix(".json"), text, len(bundle["entry"])


@cache
def portions() -> tuple[tuple[Json, ...], ...]:
    """Give all resources with ids and plain references, those of one file together."""
    named: dict[str, str] = {}
    found: list[tuple[Json, ...]] = [(provider(),)]
    for _, text in files():
        bundle = orjson.loads(text)
        resources = [entry["resource"] for entry in bundle["entry"]]
        for entry in bundle["entry"]:
            _name(named, entry)
        found.append(tuple(_owned(_linked(each, named)) for each in resources))
    return tuple(found)


def resources() -> Iterator[Json]:
    """Give all resources, as they are loaded."""
    for portion in portions():
        yield from portion


def provider() -> Json:
    """Give the vårdgivare that all hospitals are part of, so that one principal sees them all."""
    return {
        "resourceType": "Organization",
        "id": PROVIDER,
        "name": "Bench Provider",
        "identifier": [
            {"system": _HSA, "value": PROVIDER_HSA},
            {"system": _NUMBER, "value": "5560000001"},
        ],
    }


def transaction(portion: Sequence[Json]) -> bytes:
    """Give a transaction that stores resources under their ids."""
    entries = [
        {
            "resource": each,
            "request": {"method": "PUT", "url": f"{each['resourceType']}/{each['id']}"},
        }
        for each in portion
    ]
    return orjson.dumps({"resourceType": "Bundle", "type": "transaction", "entry": entries})


def _name(named: dict[str, str], entry: Json) -> None:
    """Keep by which links others refer to a resource."""
    resource = entry["resource"]
    type_, id_ = resource["resourceType"], resource["id"]
    named[entry.get("fullUrl", f"urn:uuid:{id_}")] = f"{type_}/{id_}"
    for each in resource.get("identifier", ()):
        if "system" in each:
            named[f"{type_}?identifier={each['system']}|{each['value']}"] = f"{type_}/{id_}"


def _linked(value: Any, named: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {
            key: named.get(each, each)
            if key == "reference" and isinstance(each, str)
            else _linked(each, named)
            for key, each in value.items()
        }
    if isinstance(value, list):
        return [_linked(each, named) for each in value]
    return value


def _owned(resource: Json) -> Json:
    if resource["resourceType"] != "Organization":
        return resource
    return {**resource, "partOf": {"reference": f"Organization/{PROVIDER}"}}
