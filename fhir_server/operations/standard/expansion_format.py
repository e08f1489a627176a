"""An expansion as ValueSet.expansion has it.

Source: https://hl7.org/fhir/R4/valueset.html#expansion
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Iterator
from typing import Any

from fhir_server.fhir.parameters import Arguments
from fhir_server.operations.standard.displays import speaks
from fhir_server.terminology.concepts import Designation, Expansion, ExpansionItem, ExpansionRequest

Json = dict[str, Any]

# What an expansion tells that it was made with, and as which type.
TOLD = {
    "filter": "String",
    "activeOnly": "Boolean",
    "excludeNested": "Boolean",
    "excludeNotForUI": "Boolean",
    "excludePostCoordinated": "Boolean",
    "includeDesignations": "Boolean",
    "designation": "String",
    "displayLanguage": "Code",
    "offset": "Integer",
    "count": "Integer",
    "exclude-system": "Uri",
    "system-version": "Uri",
    "check-system-version": "Uri",
    "force-system-version": "Uri",
}


def expansion_json(expansion: Expansion, arguments: Arguments, wanted: ExpansionRequest) -> Json:
    """Give ``ValueSet.expansion``.

    Args:
        expansion: what was found.
        arguments: of $expand, which the expansion tells of.
        wanted: what was asked for.
    """
    now = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
    found: Json = {
        "identifier": uuid.uuid4().urn,
        "timestamp": now.replace("+00:00", "Z"),
        "total": expansion.total,
    }
    if wanted.is_paged:
        found["offset"] = expansion.offset
    parameters = [*_told(arguments), *_used(expansion)]
    if parameters:
        found["parameter"] = parameters
    contains = [_item(item, arguments) for item in expansion.contains]
    if contains:
        found["contains"] = contains
    return found


def _told(arguments: Arguments) -> Iterator[Json]:
    for name, type_ in TOLD.items():
        given = arguments.get(name)
        for value in given if isinstance(given, list) else [given]:
            if value is not None:
                yield {"name": name, f"value{type_}": value}


def _used(expansion: Expansion) -> Iterator[Json]:
    for canonical in expansion.used:
        yield {"name": "version", "valueUri": canonical}
    for canonical in expansion.used_value_sets:
        yield {"name": "used-valueset", "valueUri": canonical}
    for text in expansion.warnings:
        yield {"name": "warning", "valueString": text}


def _item(item: ExpansionItem, arguments: Arguments) -> Json:
    entry: Json = {"system": item.system}
    if item.abstract:
        entry["abstract"] = True
    if item.inactive:
        entry["inactive"] = True
    if item.version:
        entry["version"] = item.version
    entry["code"] = item.code
    if item.display:
        entry["display"] = item.display
    designations = [d.as_json() for d in _wanted(item.designations, arguments)]
    if designations:
        entry["designation"] = designations
    if item.contains:
        entry["contains"] = [_item(inner, arguments) for inner in item.contains]
    return entry


def _wanted(designations: Iterable[Designation], arguments: Arguments) -> Iterator[Designation]:
    tokens = arguments.get("designation")
    for designation in designations:
        if tokens is None or any(_is(designation, token) for token in tokens):
            yield designation


def _is(designation: Designation, token: str) -> bool:
    """Compare with ``system|code``: of the use, or of the language."""
    system, bar, code = token.rpartition("|")
    if system in ("", "urn:ietf:bcp:47") and speaks(designation.language, code):
        return True
    use = designation.use or {}
    return use.get("code") == code and (not bar or use.get("system", "") == system)
