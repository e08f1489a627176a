"""$meta, $meta-add and $meta-delete: the profiles, tags and security labels of resources.

Source: https://hl7.org/fhir/R4/resource-operation-meta.html,
https://hl7.org/fhir/R4/resource-operation-meta-add.html,
https://hl7.org/fhir/R4/resource-operation-meta-delete.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fhir_server.fhir import json
from fhir_server.fhir.outcome import FhirError, Issue
from fhir_server.interactions.amend import amend, living
from fhir_server.interactions.answer import Answer
from fhir_server.interactions.context import Context
from fhir_server.operations.operation import Call
from fhir_server.search import tokens
from fhir_server.storage.records import StoredResource

Meta = dict[str, Any]
# What the three operations are about; each is a set.
LISTS = ("profile", "security", "tag")
# Of one list, in all types asked about.
MAX_LISTED = 1000


def read(call: Call) -> Answer:
    """Give the meta of one resource, or what is in use in a type or in the whole store.

    Raises:
        FhirError: 404 or 410 for no such resource; 403 for more than can be listed.
    """
    if call.id is not None and call.resource_type is not None:
        stored = living(call.context, call.resource_type, call.id).stored
        return _answer(_meta(stored))
    types = [call.resource_type] if call.resource_type else call.context.store.types_in_use()
    meta = {name: _in_use(call.context, types, name) for name in LISTS}
    return _answer({name: found for name, found in meta.items() if found})


def add(call: Call) -> Answer:
    """Add profiles, tags and security labels to a resource, as a new version of it.

    Raises:
        FhirError: 404 or 410 for no such resource; and what an update raises.
    """
    return _change(call, _joined)


def delete(call: Call) -> Answer:
    """Take profiles, tags and security labels from a resource, as a new version of it.

    Raises:
        FhirError: 404 or 410 for no such resource; and what an update raises.
    """
    return _change(call, _reduced)


def _change(call: Call, changed: Callable[[list[Any], list[Any]], list[Any]]) -> Answer:
    resource_type, id_ = call.resource_type or "", call.id or ""
    asked: Meta = call.arguments["meta"]

    def change(resource: dict[str, Any]) -> tuple[dict[str, Any], tuple[Issue, ...]]:
        meta = dict(resource.get("meta", {}))
        for name in LISTS:
            items = changed(meta.pop(name, []), asked.get(name, []))
            if items:
                meta[name] = items
        return {**resource, "meta": _ordered(resource, meta)}, ()

    answer = amend(call.context, lambda: living(call.context, resource_type, id_), change)
    assert answer.stored is not None  # noqa: S101 - an amendment gives what it stored
    return _answer(_meta(answer.stored))


def _ordered(resource: dict[str, Any], meta: Meta) -> Meta:
    """Keep the order of properties: with the same content, the same JSON makes no new version."""
    before = [name for name in resource.get("meta", {}) if name in meta]
    return {name: meta[name] for name in dict.fromkeys([*before, *meta])}


def _joined(given: list[Any], asked: list[Any]) -> list[Any]:
    joined = list(given)
    for item in asked:
        if all(_key(item) != _key(other) for other in joined):
            joined.append(item)
    return joined


def _reduced(given: list[Any], asked: list[Any]) -> list[Any]:
    unwanted = [_key(item) for item in asked]
    return [item for item in given if _key(item) not in unwanted]


def _key(item: Any) -> Any:
    """Give what a profile, tag or label is told apart by: version and display do not count."""
    return (item.get("system"), item.get("code")) if isinstance(item, dict) else item


def _in_use(context: Context, types: list[str], name: str) -> list[Any]:
    found: dict[Any, Any] = {}
    separator = tokens.CODE if name == "profile" else tokens.CODED
    for type_ in types:
        prefix = f"{type_}._{name}{separator}"
        # The character after a separator ends what begins with it.
        end = prefix[:-1] + chr(ord(separator) + 1)
        for token, stored in context.store.examples(prefix, end, MAX_LISTED + 1):
            item = _spelled(stored, name, token.removeprefix(prefix))
            if item is not None:
                found.setdefault(_key(item), item)
        if len(found) > MAX_LISTED:
            text = (
                f"More than {MAX_LISTED} different values of {name} are in use: too many to list."
            )
            raise FhirError(Issue("error", "too-costly", text))
    return list(found.values())


def _spelled(stored: StoredResource, name: str, token: str) -> Any:
    """Give a value as the resource has it: tokens have lost its case and its display."""
    for item in _meta(stored).get(name, []):
        if name == "profile":
            if tokens.bounded(item) == token:
                return item
        elif tokens.coded(item.get("system", ""), item.get("code", "")) == token:
            return item
    return None


def _meta(stored: StoredResource) -> Meta:
    meta: Meta = json.parse(stored.body or b"{}").get("meta", {})
    return meta


def _answer(meta: Meta) -> Answer:
    # Where nothing is in use there is no value to give: FHIR has no empty objects.
    parameter = {"name": "return", "valueMeta": meta}
    body = {"resourceType": "Parameters", **({"parameter": [parameter]} if meta else {})}
    return Answer(200, body=json.dump(body))
