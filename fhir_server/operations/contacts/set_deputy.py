"""$set-deputy: who stands in for a named contact, in one assignment or in all of one person (R45).

Hälso- och sjukvårdsförordningen (2017:80) 4 kap. 1 §; the rules on deputies hold for every write
(`sweden.fast_vardkontakt.deputies`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from fhir_server.fhir import json
from fhir_server.fhir.bundle import raw
from fhir_server.fhir.outcome import FhirError, Issue, invalid, operation_outcome
from fhir_server.fhir.parameters import Arguments
from fhir_server.fhir.reference import local
from fhir_server.interactions.answer import Answer
from fhir_server.interactions.finder import Finder
from fhir_server.interactions.together import Draft, Written, write_together
from fhir_server.operations.at_hand import living
from fhir_server.operations.contacts.assignments_of import assignments_of
from fhir_server.operations.operation import Call
from fhir_server.sweden import codes, deputies, periods
from fhir_server.sweden.assignments import is_named_contact
from fhir_server.sweden.boundaries import spelled
from fhir_server.sweden.deputies import Wish
from fhir_server.sweden.periods import ALWAYS, Period
from fhir_server.sweden.rulings import refusal

Resource = dict[str, Any]

OUTSIDE, TAKEN, NONE = "outside-period", "has-deputy", "no-such-deputy"
REASONS = {
    OUTSIDE: "The assignment does not hold within the period.",
    TAKEN: "Another deputy stands in within the period; replace says to take their place.",
    NONE: "The person is no deputy within the period.",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of one assignment: changed with a deputy in a period, or left for a reason."""

    care_team: Resource
    changed: Resource | None = None
    period: Period = ALWAYS
    reason: str = ""


def run(call: Call) -> Answer:
    """Set, shorten, replace or remove a deputy.

    Returns:
        At a CareTeam Parameters with ``return``; at a PractitionerRole what was changed and left.

    Raises:
        FhirError: 404 or 410 for no such assignment or person; 400 for wrong parameters; 422 where
            the law refuses, with the paragraph.
    """
    _require_role(call.arguments["deputy"])
    wish = _wish(call.arguments)
    if call.resource_type == "CareTeam":
        return _one(call, wish)
    return _all(call, wish)


def _one(call: Call, wish: Wish) -> Answer:
    def draft() -> list[Draft]:
        stored, care_team = living(call.context, "CareTeam", call.id)
        _require_assignment(care_team)
        return [Draft(_changed(care_team, wish, call.arguments), stored.id, stored)]

    written = write_together(call.context, draft)
    [new] = written.stored
    parameter: list[Resource] = [{"name": "return", "resource": raw(new.body or b"{}")}]
    return _answer(parameter, written.issues)


def _all(call: Call, wish: Wish) -> Answer:
    kinds = call.arguments.get("type", ())
    outcomes: list[Outcome] = []

    def draft() -> list[Draft]:
        finder = Finder(call.context.server, call.context.store)
        found = assignments_of(finder, "PractitionerRole", str(call.id), kinds)
        outcomes[:] = [_outcome(team, wish, call.arguments) for team in found]
        changed = [each for each in outcomes if each.changed is not None]
        return _drafts(call, changed)

    dry_run = call.arguments.get("dryRun", False)
    written = write_together(call.context, draft, dry_run=dry_run)
    return _list(outcomes, written)


def _drafts(call: Call, changed: list[Outcome]) -> list[Draft]:
    references = [f"CareTeam/{each.care_team['id']}" for each in changed]
    stored = call.context.store.read_many(references)
    return [
        Draft(
            each.changed or {},
            each.care_team["id"],
            stored[reference],
            at=f"CareTeam.where(id = '{each.care_team['id']}')",
        )
        for each, reference in zip(changed, references, strict=True)
        if reference in stored
    ]


def _outcome(care_team: Resource, wish: Wish, arguments: Arguments) -> Outcome:
    """Tell what becomes of one of a person's assignments."""
    period = periods.common(wish.period, periods.read(care_team))
    if period is None:
        return Outcome(care_team, reason=OUTSIDE)
    standing = [
        each
        for each in deputies.deputies_of(care_team)
        if deputies.period_of(each).overlaps(period)
    ]
    own = [each for each in standing if deputies.is_of(each, wish.deputy)]
    if arguments.get("remove"):
        if not own:
            return Outcome(care_team, reason=NONE)
        return Outcome(care_team, _changed(care_team, wish, arguments), period)
    if len(own) < len(standing) and not wish.replace:
        return Outcome(care_team, reason=TAKEN)
    # The whole period, as the client spelled it, or what the assignment leaves of it.
    spelling = wish.spelling if period == wish.period else spelled(period)
    cut = replace(wish, period=period, spelling=spelling)
    return Outcome(care_team, _changed(care_team, cut, arguments), period)


def _changed(care_team: Resource, wish: Wish, arguments: Arguments) -> Resource:
    if arguments.get("remove"):
        return deputies.without_deputy(care_team, wish.deputy, wish.period)
    return deputies.with_deputy(care_team, wish)


def _wish(arguments: Arguments) -> Wish:
    spelling = arguments.get("period")
    period = periods.read({"period": spelling or {}})
    if period.start and period.end and period.end <= period.start:
        raise invalid("The period ends before it begins.", "period", code="value")
    return Wish(
        arguments["deputy"],
        period,
        spelling,
        tuple(arguments.get("telecom", ())),
        arguments.get("replace", False),
    )


def _require_role(reference: Resource) -> None:
    aim = local(str(reference.get("reference", "")))
    if aim is None or aim.resource_type != "PractitionerRole":
        raise invalid(
            "deputy must be a reference of the form PractitionerRole/[id]: a named person in a "
            "position at a unit.",
            "deputy",
            code="value",
        )


def _require_assignment(care_team: Resource) -> None:
    if not is_named_contact(care_team) or not care_team.get("participant"):
        text = "This CareTeam is no assignment of a named contact, so nobody stands in for one."
        raise FhirError(Issue("error", "business-rule", text, "CareTeam.category"), status=422)
    if care_team.get("status") in ("inactive", "entered-in-error"):
        text = "The assignment has ended, so nobody stands in. Choose one that is in force."
        raise FhirError(refusal(text, "CareTeam.status", codes.HSF_4_1), status=422)


def _list(outcomes: list[Outcome], written: Written) -> Answer:
    changed = [each for each in outcomes if each.changed is not None]
    parameter: list[Resource] = [{"name": "count", "valueInteger": len(changed)}]
    parameter += [
        _group("changed", each, {"name": "period", "valuePeriod": spelled(each.period)})
        for each in changed
    ]
    parameter += [
        _group(
            "left",
            each,
            {"name": "reason", "valueCode": each.reason},
            {"name": "text", "valueString": REASONS[each.reason]},
        )
        for each in outcomes
        if each.reason
    ]
    return _answer(parameter, written.issues)


def _group(name: str, outcome: Outcome, *parts: Resource) -> Resource:
    reference = {"reference": f"CareTeam/{outcome.care_team['id']}"}
    return {"name": name, "part": [{"name": "assignment", "valueReference": reference}, *parts]}


def _answer(parameter: list[Resource], issues: tuple[Issue, ...]) -> Answer:
    if issues:
        parameter.append({"name": "outcome", "resource": operation_outcome(issues)})
    return Answer(200, body=json.dump({"resourceType": "Parameters", "parameter": parameter}))
