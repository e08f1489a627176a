"""What no order of calls may break in the SIP process, read from what is stored.

Nothing here is shared with the rules under test: it is the law once more, in other words.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Any

from fhir_server.sweden import codes
from tests.domain.clinic import Json

_OWN = codes.structure("").rstrip("/")
_OUT = ("cancelled", "entered-in-error")


def violations(plans: Iterable[Json], consents: list[Json], guardians: set[str]) -> list[str]:
    """List what active plans lack, at a moment when all of this was stored together.

    Args:
        plans: the person's SIPs.
        consents: the person's consents to a SIP.
        guardians: of a child; each must have consented.
    """
    return [
        f"{plan['id']}: {what}"
        for plan in plans
        if plan["status"] == "active"
        for what in _violations(plan, consents, guardians)
    ]


def _violations(plan: Json, consents: list[Json], guardians: set[str]) -> Iterator[str]:
    carrying = carried_by(plan, consents)
    if not carrying:
        yield "no consent in force"
    if not guardians <= {giver for each in carrying for giver in givers(each)}:
        yield "a guardian has not consented"
    if any(is_no(each) for each in consents):
        yield "the person has said no"
    counted = [a for a in plan.get("activity", []) if a.get("detail", {}).get("status") not in _OUT]
    answers = {
        e["valueCode"] for a in counted for e in a["extension"] if e["url"].endswith("/huvudman")
    }
    if not {"region", "kommun"} <= answers:
        yield f"activities of {answers} only"
    extensions = plan.get("extension", [])
    overall = [e for e in extensions if e["url"] == f"{_OWN}/overall-responsible"]
    if len(overall) != 1:
        yield f"{len(overall)} overall-responsible"


def carried_by(plan: Json, consents: list[Json]) -> list[Json]:
    """Give the consents in force that permit and that the plan names."""
    named = {each.get("reference") for each in plan.get("supportingInfo", [])}
    return [c for c in consents if f"Consent/{c['id']}" in named and permits(c)]


def permits(consent: Json) -> bool:
    """Tell whether a consent is in force and says yes."""
    return in_force(consent) and consent.get("provision", {}).get("type") == "permit"


def is_no(consent: Json) -> bool:
    """Tell whether a consent is in force and says no, to everybody."""
    rule = consent.get("provision", {})
    return in_force(consent) and rule.get("type") == "deny" and not rule.get("actor")


def in_force(consent: Json) -> bool:
    """Tell whether it was given, is not withdrawn, and has not ended."""
    end = consent.get("provision", {}).get("period", {}).get("end")
    return consent["status"] == "active" and (end is None or not _over(end))


def givers(consent: Json) -> set[str]:
    """Give who gave it."""
    return {each["reference"] for each in consent["performer"]}


def excluded(consent: Json, unit: str) -> bool:
    """Tell whether a consent leaves a unit out: by an exception, or because it names others."""
    rule: dict[str, Any] = consent.get("provision", {})
    named = [each["reference"]["reference"] for each in rule.get("actor", [])]
    out = [
        each["reference"]["reference"]
        for exception in rule.get("provision", [])
        if exception["type"] == "deny" and not exception.get("class")
        for each in exception.get("actor", [])
    ]
    return unit in out or (bool(named) and unit not in named)


def may_not_see(plan: Json, consents: list[Json], unit: str) -> bool:
    """Tell whether a unit certainly may not see a plan; it says nothing of who may."""
    rests = {e.get("reference") for e in plan.get("supportingInfo", [])}
    on_any = any(f"Consent/{each['id']}" in rests for each in consents)
    usable = carried_by(plan, consents) if on_any else [c for c in consents if permits(c)]
    return all(excluded(each, unit) for each in usable) or any(is_no(each) for each in consents)


def unwanted(tasks: Iterable[Json], consents: list[Json], people: set[str]) -> list[str]:
    """List open kallelser to units that the person does not want to be called.

    Args:
        tasks: the person's kallelser.
        consents: the person's consents to a SIP.
        people: who is always welcome.
    """
    yes = [each for each in consents if permits(each)]
    refused = any(is_no(each) for each in consents) or (
        not yes and any(_was_yes(c) for c in consents)
    )
    return [
        f"{task['id']} is open for {owner}"
        for task in tasks
        if task["status"] in ("requested", "accepted")
        and (owner := task["owner"]["reference"]) not in people
        and (refused or (yes and all(_excepts(each, owner) for each in yes)))
    ]


def _was_yes(consent: Json) -> bool:
    said = consent.get("provision", {}).get("type") == "permit"
    return said and consent["status"] in ("active", "inactive", "rejected")


def _excepts(consent: Json, unit: str) -> bool:
    nested = consent.get("provision", {}).get("provision", [])
    return any(
        each["reference"]["reference"] == unit
        for exception in nested
        if exception["type"] == "deny" and not exception.get("class")
        for each in exception.get("actor", [])
    )


def _over(end: str) -> bool:
    if "T" not in end:
        return end < dt.datetime.now().date().isoformat()
    return dt.datetime.fromisoformat(end) < dt.datetime.now(dt.UTC)
