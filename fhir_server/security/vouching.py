"""Who answers for what an operator loads: the author in the Provenance that comes with it.

Many types say nowhere which unit answers for them (Goal, Appointment). What a unit writes is its
own; what is loaded for several units says so as shared records do, by a Provenance with the
vårdenhet as author (R112).

Source: https://hl7.org/fhir/R4/provenance.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from fhir_server.fhir import json
from fhir_server.fhir.reference import local
from fhir_server.security.provenance import AGENT_TYPES, PROVENANCE
from fhir_server.storage.records import Change

_AUTHOR = (AGENT_TYPES, "author")


def owners_vouched_for(changes: Iterable[Change]) -> dict[str, str]:
    """Give the unit that answers for each resource, by the Provenances among some changes."""
    found: dict[str, str] = {}
    for change in changes:
        if change.new.resource_type == PROVENANCE and change.new.body is not None:
            written: dict[str, Any] = json.parse(change.new.body)
            author = next(_authors(written), "")
            if author:
                found |= dict.fromkeys([change.new.reference, *_targets(written)], author)
    return found


def _authors(provenance: dict[str, Any]) -> Iterator[str]:
    for agent in provenance.get("agent", ()):
        codings = agent.get("type", {}).get("coding", ())
        if any((each.get("system"), each.get("code")) == _AUTHOR for each in codings):
            aim = local(str(agent.get("who", {}).get("reference", "")))
            if aim is not None and aim.resource_type == "Organization":
                yield f"Organization/{aim.id}"


def _targets(provenance: dict[str, Any]) -> Iterator[str]:
    for each in provenance.get("target", ()):
        aim = local(str(each.get("reference", "")))
        if aim is not None:
            yield f"{aim.resource_type}/{aim.id}"
