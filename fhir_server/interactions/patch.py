"""patch and conditional patch. https://hl7.org/fhir/R4/http.html#patch"""

from __future__ import annotations

from typing import Any

from fhir_server.fhir.outcome import FhirError, Issue
from fhir_server.interactions.amend import Current, amend, living
from fhir_server.interactions.answer import Answer
from fhir_server.interactions.conditional import Expected, criteria, find, the_one, unchanged
from fhir_server.interactions.context import Context
from fhir_server.interactions.patches.content import equal
from fhir_server.interactions.patches.document import PatchDocument

# What the server answers for, or the URL names.
FIXED = ("resourceType", "id", "_id")
FIXED_IN_META = ("versionId", "lastUpdated", "_versionId", "_lastUpdated")
# Changes to these leave a narrative as true as it was.
BESIDE_NARRATIVE = ("text", "meta")


def patch(
    context: Context,
    resource_type: str,
    id_: str,
    document: PatchDocument,
    if_match: str | None = None,
) -> Answer:
    """Store what a patch makes of a resource, as an update would.

    Args:
        context: the request.
        resource_type: from the URL.
        id_: from the URL.
        document: the patch.
        if_match: the If-Match header; without it the patch is applied anew to what another
            writer stored meanwhile.

    Raises:
        FhirError: 404 or 410 for no such resource, 412 for ``if_match``, 422 for a patch that
            does not fit; and what an update raises.
    """

    context.require("u", resource_type)

    def current() -> Current:
        return living(context, resource_type, id_)

    return amend(context, current, lambda resource: patched(document, resource), if_match)


def patch_matching(
    context: Context,
    resource_type: str,
    query: str,
    document: PatchDocument,
    if_match: str | None = None,
) -> Answer:
    """Patch the one resource that matches a search.

    Args:
        context: the request.
        resource_type: from the URL.
        query: the search, as in a URL.
        document: the patch.
        if_match: the If-Match header.

    Raises:
        FhirError: 404 for no match, 412 for several; and as `patch`.
    """
    context.require("u", resource_type)
    wanted = criteria(context.server, resource_type, query)

    def current() -> Current:
        found = find(context.store, wanted, 2)
        match = the_one(found)
        if match is None:
            text = f"No {resource_type} matches the criteria."
            raise FhirError(Issue("error", "not-found", text))
        return Current(match, (wanted.lock,), unchanged(Expected.of(wanted, found)))

    return amend(context, current, lambda resource: patched(document, resource), if_match)


def patched(
    document: PatchDocument, resource: dict[str, Any]
) -> tuple[dict[str, Any], tuple[Issue, ...]]:
    """Give a resource with a patch applied, and what the client should know.

    Raises:
        FhirError: 422, the patch does not fit, changes what identifies the resource, or would
            leave a narrative that is no longer true.
    """
    after = document.apply(resource)
    _require_identity(resource, after)
    return _with_true_narrative(resource, after)


def _require_identity(before: dict[str, Any], after: Any) -> None:
    if not isinstance(after, dict):
        raise _unchangeable("The result of the patch is no resource.")
    for name in FIXED:
        if after.get(name) != before.get(name):
            raise _unchangeable(f"A patch can't change {name}.", name)
    meta, old = after.get("meta"), before.get("meta", {})
    given = meta if isinstance(meta, dict) else {}
    for name in FIXED_IN_META:
        # Left out is not changed: the server sets them anyway.
        if name in given and not equal(given[name], old.get(name)):
            raise _unchangeable(f"A patch can't change meta.{name}.", f"meta.{name}")


def _unchangeable(text: str, expression: str | None = None) -> FhirError:
    return FhirError(Issue("error", "business-rule", text, expression), status=422)


def _with_true_narrative(
    before: dict[str, Any], after: dict[str, Any]
) -> tuple[dict[str, Any], tuple[Issue, ...]]:
    """See to it that no narrative says what the data no longer do (http.html#patch)."""
    text = after.get("text")
    if not isinstance(text, dict) or not equal(text, before.get("text"), exact=True):
        return after, ()
    if equal(_data(before), _data(after), exact=True):
        return after, ()
    match text.get("status"):
        case "generated" | "extensions":
            without = {key: value for key, value in after.items() if key != "text"}
            said = "The narrative was generated from what the patch changed, and was removed."
            return without, (Issue("information", "informational", said, "text"),)
        case "additional":
            said = (
                "The narrative says more than the data (status additional), and the patch "
                "changes the data alone: change text in the same patch, or remove it."
            )
            raise FhirError(Issue("error", "business-rule", said, "text"), status=422)
    return after, ()


def _data(resource: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in resource.items() if key not in BESIDE_NARRATIVE}


__all__ = ["PatchDocument", "patch", "patch_matching", "patched"]
