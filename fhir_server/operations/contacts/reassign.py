"""$reassign: all assignments of one contact to others, all or none (R46-R48).

Each old assignment ends exactly where the new one begins, and the new one names it. The law is
checked for each, where every write is checked.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fhir_server.fhir import json
from fhir_server.fhir.outcome import FhirError, Issue, invalid, operation_outcome
from fhir_server.fhir.parameters import Arguments
from fhir_server.fhir.reference import local
from fhir_server.interactions.answer import Answer
from fhir_server.interactions.finder import Finder
from fhir_server.interactions.prepare import new_id
from fhir_server.interactions.together import Draft, Written, write_together
from fhir_server.operations.contacts.assignments_of import assignments_of
from fhir_server.operations.operation import Call
from fhir_server.storage.records import StoredResource
from fhir_server.sweden import codes, reassigning
from fhir_server.sweden.assignments import kind_of
from fhir_server.sweden.boundaries import start_text
from fhir_server.sweden.elements import target
from fhir_server.sweden.periods import STOCKHOLM, bounds
from fhir_server.sweden.reassigning import Move
from fhir_server.sweden.rulings import refusal

Resource = dict[str, Any]

OVER, NOT_ASKED = "over", "not-asked-for"
REASONS = {
    OVER: "The assignment is over before the new contact would begin: end it with its reason.",
    NOT_ASKED: "The call is not about this assignment.",
}
SLUTAT = "slutat"
# Two resources are written for each, and MongoDB ends a transaction after a minute.
MOST = 1000


@dataclass(frozen=True, slots=True)
class Moved:
    """An assignment and who takes it over; ``id`` is the new assignment's, or its own."""

    care_team: Resource
    to: Resource
    id: str


def run(call: Call) -> Answer:
    """Move the assignments.

    Returns:
        Parameters: how many, each with its successor, and those that were left and why.

    Raises:
        FhirError: 404 for no such person, 400 for wrong parameters, 403 for too many assignments,
            422 where the law refuses any, by assignment and with the paragraph.
    """
    move = _move(call)
    ids: dict[str, str] = {}
    moved: list[Moved] = []
    left: list[tuple[Resource, str]] = []

    def draft() -> list[Draft]:
        finder = Finder(call.context.server, call.context.store)
        found = assignments_of(finder, "PractitionerRole", str(call.id))
        wanted, left[:] = _sorted_out(call.arguments, found, move)
        if len(wanted) > MOST:
            text = f"These are {len(wanted)} assignments; move at most {MOST} in one call, by type."
            raise FhirError(Issue("error", "too-costly", text))
        moved[:] = _moved(call.arguments, wanted, move, ids)
        return list(_drafts(call, finder, moved, move))

    written = write_together(call.context, draft, dry_run=call.arguments.get("dryRun", False))
    return _answer(moved, left, written)


def _move(call: Call) -> Move:
    now = dt.datetime.now(STOCKHOLM)
    today = now.date().isoformat()
    start = call.arguments.get("start", today)
    begins = bounds(start)
    if begins is None:
        raise invalid("start must be a date or a time.", "start", code="value")
    decision = call.arguments.get("decision", {})
    return Move(
        start=start if _has_day(start) else start_text(begins[0]),
        begins=begins[0],
        now=now,
        reason=call.arguments.get("reason", SLUTAT),
        appointed_by=call.arguments.get("appointedBy", decision.get("decidedBy")),
        decision=list(_decision(decision, today)),
        handover=list(_handover(call)),
    )


def _has_day(text: str) -> bool:
    """Tell whether a date or dateTime is no whole month or year."""
    return len(text) > len("2026-05")


def _decision(decision: Arguments, today: str) -> Iterator[Resource]:
    if not decision:
        return
    yield {"url": "requestedBy", "valueReference": decision["requestedBy"]}
    yield {"url": "reason", "valueString": decision["reason"]}
    yield {"url": "decision", "valueCode": "beviljat"}
    yield {"url": "at", "valueDateTime": decision.get("at", today)}
    yield {"url": "decidedBy", "valueReference": decision["decidedBy"]}
    if "physician" in decision:
        yield {"url": "physician", "valueReference": decision["physician"]}


def _handover(call: Call) -> Iterator[Resource]:
    handover = call.arguments.get("handover")
    if not handover:
        return
    yield {"url": "at", "valueDateTime": handover["at"]}
    yield {"url": "how", "valueCode": handover["how"]}
    yield {"url": "by", "valueReference": {"reference": f"PractitionerRole/{call.id}"}}
    if "place" in handover:
        yield {"url": "place", "valueString": handover["place"]}


def _sorted_out(
    arguments: Arguments, found: list[Resource], move: Move
) -> tuple[list[Resource], list[tuple[Resource, str]]]:
    """Tell the assignments to move from those to leave, with the reason."""
    listed = _listed(arguments)
    unknown = listed.keys() - {f"CareTeam/{team['id']}" for team in found}
    if unknown:
        raise FhirError(
            *(
                Issue(
                    "error", "not-found", f"{each} is no active assignment of the person.", "move"
                )
                for each in sorted(unknown)
            ),
            status=422,
        )
    wanted, left = [], []
    for team in found:
        over = reassigning.is_over(team, move.begins)
        if not _asked_for(team, arguments, listed):
            left.append((team, NOT_ASKED))
        elif over and listed:
            raise FhirError(refusal(REASONS[OVER], _at(team), codes.PL_6_2), status=422)
        elif over:
            left.append((team, OVER))
        else:
            wanted.append(team)
    return wanted, left


def _listed(arguments: Arguments) -> dict[str, Resource | None]:
    """Give the assignments that the call lists, each with who takes it over where it says so."""
    listed: dict[str, Resource | None] = {}
    for each in arguments.get("move", []):
        aim = target(each["assignment"])
        if aim.resource_type != "CareTeam":
            raise invalid("move.assignment must be CareTeam/[id].", "move", code="value")
        if aim.literal in listed:
            raise invalid(f"{aim.literal} is listed twice.", "move", code="duplicate")
        listed[aim.literal] = each.get("to")
    return listed


def _asked_for(team: Resource, arguments: Arguments, listed: dict[str, Resource | None]) -> bool:
    kinds, unit = arguments.get("type"), arguments.get("unit")
    units = [target(each) for each in team.get("managingOrganization", [])]
    return (
        (not listed or f"CareTeam/{team['id']}" in listed)
        and (not kinds or kind_of(team) in kinds)
        and (unit is None or any(target(unit).same(each) for each in units))
    )


def _moved(
    arguments: Arguments, wanted: list[Resource], move: Move, ids: dict[str, str]
) -> list[Moved]:
    """Give who takes over what; the id of each successor stays the same from try to try."""
    listed = _listed(arguments)
    to = arguments.get("to", [])
    for each in (*to, *(each for each in listed.values() if each)):
        _require_role(each)
    open_ = [team for team in wanted if listed.get(f"CareTeam/{team['id']}") is None]
    if open_ and not to:
        text = "Say who takes over: to, for all, or move.to for each."
        raise invalid(text, "to", code="required")
    spread = dict(zip((team["id"] for team in open_), reassigning.spread(open_, to), strict=True))
    return [
        Moved(
            team,
            spread.get(team["id"]) or listed[f"CareTeam/{team['id']}"] or {},
            ids.setdefault(team["id"], new_id())
            if reassigning.has_begun(team, move.begins)
            else team["id"],
        )
        for team in wanted
    ]


def _require_role(reference: Resource) -> None:
    aim = local(str(reference.get("reference", "")))
    if aim is None or aim.resource_type != "PractitionerRole":
        text = "to must be a reference of the form PractitionerRole/[id]."
        raise invalid(text, "to", code="value")


def _drafts(call: Call, finder: Finder, moved: list[Moved], move: Move) -> Iterator[Draft]:
    stored = call.context.store.read_many(f"CareTeam/{each.care_team['id']}" for each in moved)
    leaver = f"PractitionerRole/{call.id}"
    roles = finder.read_many([leaver, *{target(each.to).literal for each in moved}])
    for each in moved:
        before = stored[f"CareTeam/{each.care_team['id']}"]
        role = roles.get(target(each.to).literal, {})
        unit = reassigning.unit_of(role, roles.get(leaver))
        yield from _pair(each, before, unit, move)


def _pair(
    moved: Moved, before: StoredResource, unit: Resource | None, move: Move
) -> Iterator[Draft]:
    """Give the old assignment as it ends and the new one; or the same one with the new contact."""
    team, at = moved.care_team, _at(moved.care_team)
    if moved.id == team["id"]:
        new = reassigning.taken_over(team, moved.to, unit, move)
        yield Draft(new, team["id"], before, at=at)
    else:
        yield Draft(reassigning.ended(team, move), team["id"], before, at=at)
        new = reassigning.successor(team, moved.to, unit, move)
        yield Draft(new, moved.id, at=at)


def _at(team: Resource) -> str:
    return f"CareTeam.where(id = '{team['id']}')"


def _answer(moved: list[Moved], left: list[tuple[Resource, str]], written: Written) -> Answer:
    parameter: list[Resource] = [{"name": "count", "valueInteger": len(moved)}]
    parameter += [{"name": "moved", "part": _moved_parts(each)} for each in moved]
    parameter += [
        {
            "name": "left",
            "part": [
                {"name": "assignment", "valueReference": {"reference": f"CareTeam/{team['id']}"}},
                {"name": "reason", "valueCode": reason},
                {"name": "text", "valueString": REASONS[reason]},
            ],
        }
        for team, reason in left
    ]
    if written.issues:
        parameter.append({"name": "outcome", "resource": operation_outcome(written.issues)})
    return Answer(200, body=json.dump({"resourceType": "Parameters", "parameter": parameter}))


def _moved_parts(moved: Moved) -> list[Resource]:
    references = {
        "assignment": f"CareTeam/{moved.care_team['id']}",
        "successor": f"CareTeam/{moved.id}",
        "patient": moved.care_team.get("subject", {}).get("reference", ""),
        "to": target(moved.to).literal,
    }
    return [
        {"name": name, "valueReference": {"reference": reference}}
        for name, reference in references.items()
    ]
