"""What a List names, as a history may be confined to it.

https://hl7.org/fhir/R4/http.html#history (``_list``)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fhir_server.fhir import json
from fhir_server.fhir.ids import is_id, version_number
from fhir_server.fhir.outcome import FhirError, Issue, invalid
from fhir_server.fhir.reference import local
from fhir_server.interactions.context import Context


def listed_versions(context: Context, value: str) -> Mapping[str, Sequence[int]]:
    """Give the resources of a List; where it names versions, their numbers.

    Args:
        context: the request.
        value: the id of the List, with or without its type in front.

    Raises:
        FhirError: 400 where there is no such List.
    """
    id_ = value.removeprefix("List/")
    if id_.startswith("$"):
        text = "_list takes the id of a List; functional lists ($current-…) are not known."
        raise FhirError(Issue("error", "not-supported", text), status=400)
    stored = context.store.read("List", id_) if is_id(id_) else None
    if stored is None or stored.body is None:
        raise invalid("_list must be the id of a List on this server.", code="value")
    named: dict[str, set[int]] = {}
    whole: set[str] = set()
    for entry in json.plain(stored.body).get("entry", []):
        found = local(entry["item"].get("reference", ""), context.base)
        if found is None:
            continue
        numbers = named.setdefault(str(found), set())
        if found.version is None:
            whole.add(str(found))
        else:
            numbers.add(version_number(found.version))
    return {each: () if each in whole else sorted(numbers) for each, numbers in named.items()}
