"""X-Provenance: what a client says of where its writes come from, stored with them.

https://hl7.org/fhir/R4/provenance.html#header
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fhir_server.fhir import json
from fhir_server.fhir.outcome import FhirError, invalid
from fhir_server.interactions.context import Context
from fhir_server.interactions.prepare import Prepared, new_id, prepare

HEADER = "X-Provenance"
PROVENANCE = "Provenance"


def read_header(text: str) -> dict[str, Any]:
    """Read the header.

    Args:
        text: its value.

    Raises:
        FhirError: 400, it is no Provenance in JSON, or names targets itself.
    """
    try:
        found = json.parse(text.encode("latin-1", "replace"))
    except FhirError:
        found = None
    if not isinstance(found, dict) or found.get("resourceType") != PROVENANCE:
        raise invalid(f"{HEADER} must be a Provenance in JSON, on one line.", code="structure")
    if "target" in found:
        text = f"Leave target out of {HEADER}: it becomes what the request stores."
        raise invalid(text, "Provenance.target", code="value")
    return found


def with_provenance(context: Context, prepared: Sequence[Prepared]) -> Sequence[Prepared]:
    """Add the client's Provenance to a write, complete with what the write stores.

    Raises:
        FhirError: 400, with targets it breaks R4 or a profile.
    """
    said = context.provenance
    told = [p.change.new for p in prepared if p.change.new.resource_type != PROVENANCE]
    if said is None or not told:
        return prepared
    targets = [{"reference": each.versioned} for each in told]
    return [*prepared, prepare(context, {**said, "target": targets}, new_id(), None)]
