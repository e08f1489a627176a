"""$named-contacts: who are this patient's named contacts, in which role, reachable how.

R10, R31, R43, R53, R122; the fields of the national service contract GetCareManagers are in the
resources of the answer.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Any
from urllib.parse import quote

from fhir_server.fhir import json
from fhir_server.fhir.bundle import bundle, raw, search_entry
from fhir_server.fhir.outcome import FhirError, Issue, invalid
from fhir_server.fhir.reference import local
from fhir_server.interactions.answer import Answer
from fhir_server.interactions.conditional import criteria, one_match
from fhir_server.interactions.context import Context
from fhir_server.interactions.finder import Finder
from fhir_server.operations.operation import Call, Operation
from fhir_server.operations.subject import require_patient
from fhir_server.sweden import codes
from fhir_server.sweden.elements import concept_codes, items
from fhir_server.sweden.periods import Period, bounds, read


def run(call: Call) -> Answer:
    """Give the assignments in force and, beside them, what says who that is and how to reach them.

    Returns:
        A searchset Bundle: the CareTeams as matches; the PractitionerRoles, Practitioners,
        Organizations and teams they lead to as included.

    Raises:
        FhirError: 404 for no such patient, 412 for several with the identifier.
    """
    finder = Finder(call.context.server, call.context.store)
    patient = _patient(call, finder)
    asked = _asked(call.arguments.get("date"))
    kinds = call.arguments.get("type") or list(codes.CONTACT_TYPES)
    teams = [
        team
        for team in finder.search(
            "CareTeam",
            patient=patient,
            category=f"{codes.CARE_TEAM_CATEGORY}|{codes.FAST_KONTAKT}",
        )
        if _in_force(team, asked, past="date" in call.arguments) and kind_of(team) in kinds
    ]
    teams.sort(key=lambda team: (kind_of(team), team.get("period", {}).get("start", "")))
    return Answer(200, body=_bundle(call.context, teams, _around(finder, teams)))


def kind_of(care_team: dict[str, Any]) -> str:
    """Give the code of kv_typ_av_fast_kontakt; empty where there is none."""
    kinds = (
        kind
        for _, participant in items(care_team, "participant")
        for kind in concept_codes(participant, "role", *codes.CONTACT_TYPE_SYSTEMS)
    )
    return next(kinds, "")


def _patient(call: Call, finder: Finder) -> str:
    if call.id is not None:
        if "identifier" in call.arguments:
            raise invalid("The URL names the patient already; leave identifier out.", "identifier")
        require_patient(finder, f"Patient/{call.id}")
        return f"Patient/{call.id}"
    identifier = call.arguments.get("identifier")
    if not identifier:
        raise invalid(
            "Give identifier=[system]|[value], or ask at Patient/[id]/$named-contacts.",
            "identifier",
            code="required",
        )
    found = one_match(
        call.context.store,
        criteria(call.context.server, "Patient", f"identifier={_token(str(identifier))}"),
    )
    if found is None:
        raise FhirError(
            Issue("error", "not-found", "No patient has that identifier.", "identifier")
        )
    return found.reference


def _token(identifier: str) -> str:
    """Spell ``system|value``, or a value alone, as a search parameter: nothing in it is syntax."""
    system, bar, value = identifier.rpartition("|")
    if not value:
        raise invalid("identifier must have a value: [system]|[value].", "identifier", code="value")
    escaped = [re.sub(r"([\\,$|])", r"\\\1", part) for part in (system, value)]
    return quote(bar.join(escaped), safe="")


def _asked(date: str | None) -> Period:
    """Give the time asked about: a whole day, or this moment."""
    if date is None:
        now = dt.datetime.now(dt.UTC)
        return Period(now, now + dt.timedelta(microseconds=1))
    asked = bounds(date)
    if asked is None:
        raise invalid("date must be a date such as 2026-03-12.", "date", code="value")
    return Period(*asked)


def _in_force(care_team: dict[str, Any], asked: Period, *, past: bool) -> bool:
    """Tell whether an assignment was in force; one that has ended since still was at its time."""
    statuses = ("active", "inactive") if past else ("active",)
    return care_team.get("status") in statuses and read(care_team).overlaps(asked)


def _around(finder: Finder, teams: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give what the assignments lead to, nearest first, in three round trips whatever their number.

    PractitionerRole, unit and team; then the person and the unit's own organization; then the
    vårdgivare above.
    """
    found: dict[str, dict[str, Any]] = {}
    wanted = [reference for team in teams for reference in _leads(team)]
    for _ in range(3):
        new = [reference for reference in wanted if reference not in found]
        read = finder.read_many(new)
        found.update(read)
        wanted = [reference for resource in read.values() for reference in _leads(resource)]
    return list(found.values())


def _leads(resource: dict[str, Any]) -> list[str]:
    """Give the references to follow from a resource, and from those contained in it."""
    match resource["resourceType"]:
        case "CareTeam":
            parts = resource.get("participant", [])
            references = [p.get("member") for p in parts if kind_of(resource)]
            references += [
                reference
                for part in parts
                for extension in part.get("extension", [])
                for reference in _stand_ins(extension)
            ]
            references += resource.get("managingOrganization", [])
        case "PractitionerRole":
            references = [resource.get("practitioner"), resource.get("organization")]
        case "Organization":
            references = [resource.get("partOf")]
        case _:
            references = []
    targets = (local(r.get("reference", "")) for r in references if isinstance(r, dict))
    contained = [each for inner in resource.get("contained", []) for each in _leads(inner)]
    return [str(target) for target in targets if target] + contained


def _stand_ins(extension: dict[str, Any]) -> list[Any]:
    """Give the team a contact is reached through (R40), and the deputy (R45)."""
    if extension.get("url") == codes.CONTACT_VIA_TEAM:
        return [extension.get("valueReference")]
    if extension.get("url") == codes.DEPUTY:
        parts = extension.get("extension", [])
        return [part.get("valueReference") for part in parts if part.get("url") == "member"]
    return []


def _bundle(context: Context, teams: list[dict[str, Any]], around: list[dict[str, Any]]) -> bytes:
    def entry(resource: dict[str, Any], mode: str) -> dict[str, Any]:
        address = f"{context.base}/{resource['resourceType']}/{resource['id']}"
        return search_entry(address, raw(json.dump(resource)), mode)

    entries = [entry(team, "match") for team in teams]
    entries += [entry(resource, "include") for resource in around]
    return bundle("searchset", entries, total=len(teams))


NAMED_CONTACTS = Operation("named-contacts", run)
