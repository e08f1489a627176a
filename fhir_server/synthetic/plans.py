"""Samordnade individuella planer of people with municipal care, and kallelser after a stay."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from fhir_server.sweden import codes
from fhir_server.sweden.sip import legal_basis
from fhir_server.synthetic.elements import (
    Json,
    concept,
    day,
    extension,
    moment,
    parts,
    reference,
)
from fhir_server.synthetic.elements import resource as begin
from fhir_server.synthetic.patients import Patient
from fhir_server.synthetic.places import Unit
from fhir_server.synthetic.staff import Team, Worker
from fhir_server.synthetic.visits import Stay

# Of people with municipal care and somebody to coordinate it with.
_ODDS = 0.2
_WISHES = (
    "Kunna bo kvar hemma",
    "Gå till brevlådan själv",
    "Slippa åka in akut",
    "Träffa barnbarnen varje vecka",
)


def kallelser(who: Patient, found: Stay, unit: Unit, team: Team) -> Iterator[Json]:
    """Give the call to the SIP meeting after a stay: mostly within three days (R65)."""
    by = who.fate.one_of(team.others or team.working)
    late = who.fate.happens("late-call", 0.15)
    sent = found.end + dt.timedelta(days=who.fate.between(5, 9) if late else 0)
    yield {
        **begin("Task", f"{who.id}-kallelse", "kallelse-task"),
        "status": "completed",
        "intent": "order",
        "code": concept(codes.TASK_CODE_SYSTEM, codes.KALLELSE),
        "description": "Hur ska vardagen fungera efter sjukhuset?",
        "focus": reference(f"CarePlan/{who.id}-sip"),
        "for": reference(who.reference),
        "encounter": reference(f"Encounter/{found.id}"),
        "authoredOn": moment(sent, 960),
        "requester": reference(by.reference),
        "owner": reference(unit.reference),
        "restriction": {"period": {"end": day(sent + dt.timedelta(days=14))}},
    }


def sip(
    who: Patient, care: dict[str, Unit], teams: dict[str, Team], stay: Stay | None, end: dt.date
) -> Iterator[Json]:
    """Give a person's SIP with consent and goal, and the kallelse where a stay led to it.

    Args:
        who: the person.
        care: the unit that would answer for each form of care.
        teams: by unit.
        stay: their stay in hospital, if there was one.
        end: the region's last day.
    """
    if who.listed is None or who.died is not None or not who.care or who.age < 18:
        return
    after = stay if stay is not None and stay.in_process else None
    if not who.fate.happens("sip", 0.6 if after else _ODDS):
        return
    begins = after.end + dt.timedelta(days=6) if after else _any_day(who, end)
    if begins >= end:
        return
    team = teams[who.listed.id]
    by = who.fate.one_of(team.others or team.working)
    unit = care[who.care[0][0]]
    yield _consent(who, who.listed, begins)
    yield _goal(who, begins)
    yield _plan(who, by, unit, begins, end)
    if after:
        yield from kallelser(who, after, unit, team)


def _any_day(who: Patient, end: dt.date) -> dt.date:
    since = max(begun for _, begun in who.care)
    return max(since, end - dt.timedelta(days=who.fate.between(10, 400)))


def _consent(who: Patient, unit: Unit, begins: dt.date) -> Json:
    given = begins - dt.timedelta(days=1)
    return {
        **begin("Consent", f"{who.id}-sip-samtycke", "sip-consent"),
        "extension": [extension(codes.CONSENT_FORM, valueCode="muntligt")],
        "status": "active",
        "scope": concept("http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy"),
        "category": [concept(codes.CONSENT_CATEGORY_SYSTEM, codes.CONSENT_TO_SIP)],
        "patient": reference(who.reference),
        "dateTime": moment(given, 600),
        "performer": [reference(who.reference)],
        "organization": [reference(unit.reference)],
        "policyRule": concept(codes.LAW_SYSTEM, codes.HSL_16_4.code),
        "provision": {"type": "permit", "period": {"start": day(given)}},
    }


def _goal(who: Patient, begins: dt.date) -> Json:
    return {
        **begin("Goal", f"{who.id}-sip-mal", "sip-goal"),
        "lifecycleStatus": "active",
        "description": {"text": who.fate.one_of(_WISHES)},
        "subject": reference(who.reference),
        "startDate": day(begins),
        "expressedBy": reference(who.reference),
    }


def _plan(who: Patient, by: Worker, unit: Unit, begins: dt.date, end: dt.date) -> Json:
    author = reference(by.reference)
    return {
        **begin("CarePlan", f"{who.id}-sip", "sip-careplan"),
        "extension": list(_about(who, by, unit, begins, end)),
        "status": "active",
        "intent": "plan",
        "category": [concept(codes.CARE_PLAN_CATEGORY, codes.SIP)],
        "title": "Samordnad individuell plan",
        "subject": reference(who.reference),
        "period": {"start": day(begins)},
        "created": moment(begins, 600),
        "author": author,
        "supportingInfo": [reference(f"Consent/{who.id}-sip-samtycke")],
        "goal": [reference(f"Goal/{who.id}-sip-mal")],
        "activity": [
            _activity(codes.REGION, "Läkemedelsgenomgång en gång om året", by.reference),
            _activity(codes.KOMMUN, "Hjälp i vardagen enligt beslut", unit.reference),
        ],
    }


def _activity(huvudman: str, words: str, performer: str) -> Json:
    return {
        "extension": [extension(codes.HUVUDMAN, valueCode=huvudman)],
        "detail": {
            "status": "in-progress",
            "performer": [reference(performer)],
            "description": words,
        },
    }


def _about(who: Patient, by: Worker, unit: Unit, begins: dt.date, end: dt.date) -> Iterator[Json]:
    yield parts(
        codes.OVERALL_RESPONSIBLE,
        huvudman=("Code", codes.KOMMUN if unit.municipal else codes.REGION),
        organization=("Reference", reference(unit.reference)),
    )
    held, follow_up = _followed_up(who, begins, end)
    if held:
        yield parts(
            codes.PLAN_EVALUATION,
            at=("DateTime", moment(held, 840)),
            by=("Reference", reference(by.reference)),
            decision=("Code", codes.FORTSATT_PLAN),
            next=("Date", day(follow_up)),
        )
    yield parts(
        codes.FOLLOW_UP,
        date=("Date", day(follow_up)),
        responsible=("Reference", reference(by.reference)),
    )
    demented = any(each.criterion == "demens" for each in who.illnesses)
    group = "demens-somatik" if demented else "multisjuk-aldre" if who.age >= 75 else "annan"
    yield extension(codes.SIP_TARGET_GROUP, valueCode=group)
    for paragraph in legal_basis(begins):
        coding = {
            "system": codes.LAW_SYSTEM,
            "code": paragraph.code,
            "display": paragraph.display,
        }
        yield extension(codes.LEGAL_BASIS, valueCoding=coding)


def _followed_up(who: Patient, begins: dt.date, end: dt.date) -> tuple[dt.date | None, dt.date]:
    """Give when the plan was followed up last, and when it is to be next: some are missed."""
    first = begins + dt.timedelta(days=42)
    if first >= end or who.fate.happens("missed-follow-up", 0.3):
        return None, first
    return first, first + dt.timedelta(days=182)
