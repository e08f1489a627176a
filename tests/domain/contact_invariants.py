"""The invariants of a patient's named contacts, read from the stored JSON by code of its own.

Nothing here is taken from the rules under test: not their codes, not their dates, not how they
follow references. DOMAIN 5.3 (ct-1 … ct-11), and R48: a history without gaps.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Any

from fhir_server.fhir.locations import canonical
from tests.domain.life_cycle import interval

Json = dict[str, Any]
Read = Callable[[str], Json | None]

PROJECT = canonical()
KIND = (
    "https://terminologitjansten.inera.se/inera-kodverksforvaltning/kodverk/kv_typ_av_fast_kontakt"
)
HOSP = "urn:oid:1.2.752.116.3.1.3"
ALWAYS = dt.datetime.max.replace(tzinfo=dt.UTC)


def violations(teams: list[Json], read: Read, since: dt.datetime) -> list[str]:
    """List what a patient's contacts break.

    Args:
        teams: all of the patient's CareTeams of category fast-kontakt.
        read: gives the current resource at ``Type/id``.
        since: contacts that are not to meet are looked at from here on, which is now: what was
            registered afterwards may overlap in the past.
    """
    found = [text for team in teams for text in _of_one(team, read)]
    return [*found, *_of_several(teams, since), *_chains(teams)]


def _of_one(team: Json, read: Read) -> Iterator[str]:
    if team["status"] == "entered-in-error":
        return
    name, participants = team["id"], team.get("participant", [])
    if len(participants) != 1:
        yield f"ct-1 {name}"
        return
    if len(kinds(team)) != 1:
        yield f"ct-2 {name}"
    if team["status"] == "inactive" and ("end" not in team["period"] or not reason(team)):
        yield f"ct-10 {name}"
    if team["status"] == "active":
        yield from (f"{rule} {name}" for rule in _of_active(team, participants[0], read))


def _of_active(team: Json, participant: Json, read: Read) -> Iterator[str]:
    role = read(participant.get("member", {}).get("reference", "")) or {}
    person = read(role.get("practitioner", {}).get("reference", "")) or {}
    unit = read(team.get("managingOrganization", [{}])[0].get("reference", "")) or {}
    in_service = role.get("active") is not False and person.get("active") is not False
    if role.get("resourceType") != "PractitionerRole" or not person.get("name") or not in_service:
        yield "ct-3"
    physician = coded(person, "LK")
    [kind] = kinds(team)
    primary = [c["code"] for t in unit.get("type", []) for c in t["coding"]]
    if kind == "2" and not (physician and any(code.startswith("15") for code in primary)):
        yield "ct-4"
    basis = part(team, "appointment-basis").get("valueCodeableConcept", {}).get("coding", [{}])
    if basis[0].get("code") == "livshotande" and huvudman(unit) == "region" and not physician:
        yield "ct-5"
    if kind == "3" and (not coded(person, "underskoterska") or huvudman(unit) != "kommun"):
        yield "ct-7"
    via = next((e for e in participant.get("extension", []) if "contact-via-team" in e["url"]), {})
    team_via = read(via.get("valueReference", {}).get("reference", "")) or {}
    if not any(each.get("telecom") for each in (team, role, team_via)):
        yield "ct-8"
    if not all(_stands_in(each, team, participant) for each in deputies(participant)):
        yield "ct-9"


def _of_several(teams: list[Json], since: dt.datetime) -> Iterator[str]:
    active = [team for team in teams if team["status"] == "active"]
    for one, other in combinations(active, 2):
        alike = kinds(one)[:1] == kinds(other)[:1]
        if not alike or not _meet(one, other, since):
            continue
        both = f"{one['id']} {other['id']}"
        kind = kinds(one)[0]
        same = unit_of(one) == unit_of(other) or member_of(one) == member_of(other)
        rule = {"2": "ct-4", "4": "ct-6"}.get(kind, "ct-11" if same else "")
        if rule:
            yield f"{rule} {both}"


def _chains(teams: list[Json]) -> Iterator[str]:
    """R48: each contact that takes over begins the moment that the one before ends."""
    by_url = {f"CareTeam/{team['id']}": team for team in teams}
    followed: dict[str, str] = {}
    for team in teams:
        before = part(team, "replaces-contact").get("valueReference", {}).get("reference")
        if before is None or team["status"] in ("entered-in-error", "proposed"):
            continue
        if before not in by_url:
            yield f"R48 {team['id']} replaces nobody of the patient's"
            continue
        if by_url[before]["status"] == "entered-in-error":
            continue
        if before in followed:
            yield f"R48 {before} is followed twice"
        followed[before] = team["id"]
        end = interval(by_url[before]["period"])[1]
        if end is None or end != interval(team["period"])[0]:
            yield f"R48 a gap or an overlap between {before} and {team['id']}"


def kinds(team: Json) -> list[str]:
    """Give the codes for type of contact."""
    return [
        coding["code"]
        for participant in team.get("participant", [])
        for role in participant.get("role", [])
        for coding in role.get("coding", [])
        if coding.get("system") == KIND
    ]


def part(resource: Json, name: str) -> Json:
    """Give the first extension of the project's with a name; an empty one for none."""
    url = f"{PROJECT}/StructureDefinition/{name}"
    return next((e for e in resource.get("extension", []) if e["url"] == url), {})


def reason(team: Json) -> str:
    """Give why an assignment ended."""
    coding = part(team, "end-reason").get("valueCodeableConcept", {}).get("coding", [{}])
    return str(coding[0].get("code", ""))


def coded(person: Json, code: str) -> bool:
    """Tell whether a Practitioner has a licence or certificate."""
    return any(
        coding.get("code") == code
        for qualification in person.get("qualification", [])
        for coding in qualification["code"]["coding"]
    )


def huvudman(unit: Json) -> str:
    """Give the huvudman of a unit that says so itself."""
    return str(part(unit, "huvudman").get("valueCode", ""))


def unit_of(team: Json) -> str:
    """Give the unit that answers."""
    return str(team.get("managingOrganization", [{"reference": team["id"]}])[0].get("reference"))


def member_of(team: Json) -> str:
    """Give who it is."""
    return str(team["participant"][0].get("member", {}).get("reference", team["id"]))


def deputies(participant: Json) -> list[Json]:
    """Give who stands in, by part of the extension."""
    url = f"{PROJECT}/StructureDefinition/deputy"
    return [
        {p["url"]: next(v for k, v in p.items() if k.startswith("value")) for p in e["extension"]}
        for e in participant.get("extension", [])
        if e["url"] == url
    ]


def _stands_in(deputy: Json, team: Json, participant: Json) -> bool:
    if deputy["member"] == participant["member"]:
        return False
    period = deputy.get("period", {})
    start, end = interval({"start": team["period"]["start"], **team["period"]})
    inside = "start" not in period or start <= interval(period)[0]
    if "end" in period:
        last = interval({"start": team["period"]["start"], "end": period["end"]})[1]
        inside = inside and last is not None and last <= (end or ALWAYS)
    return inside


def _meet(one: Json, other: Json, since: dt.datetime) -> bool:
    (start, end), (begin, stop) = interval(one["period"]), interval(other["period"])
    return max(start, begin, since) < min(end or ALWAYS, stop or ALWAYS)
