"""Bundles: what their entries say of the resources in them.

Source: https://hl7.org/fhir/R4/bundle.html
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from fhir_server.fhir.reference import type_named
from fhir_server.profiles.r4_rules.walk import CORE, Check, Place, Walk
from fhir_server.profiles.scope import Scope

_PROFILE = f"{CORE}Bundle"
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")
_REQUESTS = ("transaction", "batch")
_WITH_BODY = ("POST", "PUT", "PATCH")


def bundle_check(resource_types: Collection[str]) -> Check:
    """Give the check of a Bundle, beside its invariants."""

    def check(value: Mapping[str, Any], place: Place, walk: Walk) -> None:
        entries = value.get("entry")
        if entries.__class__ is not list:
            return
        for position, entry in enumerate(entries):
            if entry.__class__ is dict:
                _check_full_url(entry, (place, "entry", position), walk, resource_types)
        if value.get("type") in _REQUESTS:
            _check_requests(entries, place, walk)
        elif value.get("type") == "document" and entries:
            _check_document(value, entries[0], place, walk)

    return check


def _check_full_url(
    entry: Mapping[str, Any], place: Place, walk: Walk, resource_types: Collection[str]
) -> None:
    url, resource = entry.get("fullUrl"), entry.get("resource")
    if url.__class__ is not str:
        return
    at = (place, "fullUrl", None)
    if not _ABSOLUTE.match(url):
        walk.report(at, "full-url", "fullUrl is an absolute URL or URN.", profile=_PROFILE)
        return
    named = type_named(url)
    if not isinstance(resource, dict) or named not in resource_types or url.startswith("urn:"):
        return
    id_ = resource.get("id")
    if not isinstance(id_, str):
        return
    if resource.get("resourceType") != named or url.rpartition("/")[2] != id_:
        text = "fullUrl names another resource than the one in the entry: it ends in its type and "
        text += "id, or is a urn:uuid."
        walk.report(at, "full-url", text, profile=_PROFILE)


def _check_requests(entries: list[Any], place: Place, walk: Walk) -> None:
    for position, entry in enumerate(entries):
        request = entry.get("request") if entry.__class__ is dict else None
        method = request.get("method") if request.__class__ is dict else None
        at = (place, "entry", position)
        if method in _WITH_BODY and "resource" not in entry:
            text = f"An entry with {method} has the resource to be written."
            walk.report(at, "request", text, profile=_PROFILE)


def _check_document(bundle: Mapping[str, Any], first: Any, place: Place, walk: Walk) -> None:
    """Warn of what the Composition refers to and the document lacks."""
    composition = first.get("resource") if first.__class__ is dict else None
    if composition.__class__ is not dict or composition.get("resourceType") != "Composition":
        return
    scope = Scope(bundle, bundle, resolve=walk.scope.resolve).of_bundle()
    url = first.get("fullUrl")
    inside = scope.of_entry(composition, url if isinstance(url, str) else None)
    at = ((place, "entry", 0), "resource", None)
    for where, reference in _references(composition, at):
        if not reference.startswith("#") and not inside.in_bundle(reference):
            text = "A document has what its Composition refers to in an entry of its own."
            walk.report(where, "document", text, profile=_PROFILE, severity="warning")


def _references(value: Any, place: Place) -> Iterator[tuple[Place, str]]:
    for name, item in value.items():
        if name == "reference" and item.__class__ is str:
            yield (place, "reference", None), item
        elif item.__class__ is dict:
            yield from _references(item, (place, name, None))
        elif item.__class__ is list and name != "contained":
            for position, each in enumerate(item):
                if each.__class__ is dict:
                    yield from _references(each, (place, name, position))
