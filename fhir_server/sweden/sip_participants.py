"""Whom to call to the meeting about a SIP: a proposal from what is known of the person.

The person comes first, a child's guardians with it; then who coordinates, who does something, who
noted the need. It is a proposal: who is called is decided by the person and the one who calls, and
an actor that the consent leaves out is left out here too. Words are Swedish, for those who read it.

Source: R65, R75, R79, R80, R82, R84, R91; SoL (2025:400) 10 kap. 9 §, HSL 16 kap. 4 §,
patientlagen 4 kap. 3 §, föräldrabalken 6 kap. 11 §.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from fhir_server.sweden import codes
from fhir_server.sweden.assignments import is_named_contact
from fhir_server.sweden.codes import LawParagraph
from fhir_server.sweden.elements import (
    Json,
    child,
    concept_codes,
    extension,
    items,
    target,
    text,
)
from fhir_server.sweden.guardians import is_child, is_guardian
from fhir_server.sweden.plan_life import in_use

_HUVUDMAN_ROLES = {
    codes.REGION: "Utför insats för regionen",
    codes.KOMMUN: "Utför insats för kommunen",
    codes.ANNAN: "Bidrar med en åtgärd",
}
_CALLED_OFF = ("cancelled", "entered-in-error", "stopped")
# What an Appointment can have as a participant, or a Task as its owner.
_CALLED = (
    "Patient/",
    "RelatedPerson/",
    "PractitionerRole/",
    "Practitioner/",
    "Organization/",
    "CareTeam/",
    "HealthcareService/",
)


_ANSWERS = ("PractitionerRole", "Practitioner", "Organization", "RelatedPerson")


@dataclass(frozen=True, slots=True)
class Proposal:
    """Somebody to call.

    Args:
        actor: a Reference.
        role: what they are to the person, in Swedish.
        why: why they are proposed, in Swedish.
        law: the paragraphs that say so.
    """

    actor: Json
    role: str
    why: str
    law: tuple[LawParagraph, ...] = ()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is known around a person.

    Args:
        patient: the Patient.
        plan: the SIP, as far as it has come.
        relatives: RelatedPersons.
        teams: CareTeams in force, named contacts among them.
        other_plans: the person's other active CarePlans.
        needs: Tasks by which somebody noted that a plan is needed.
        stay: the inpatient Encounter; empty for none.
    """

    patient: Json
    plan: Json
    relatives: Sequence[Json] = ()
    teams: Sequence[Json] = ()
    other_plans: Sequence[Json] = ()
    needs: Sequence[Json] = ()
    stay: Json | None = None


def propose(known: Surroundings, now: datetime) -> list[Proposal]:
    """Give whom to call, each once, the person first; the consent is to be weighed for each.

    Args:
        known: what is known around the person.
        now: an aware datetime.
    """
    found = (
        *_person(known.patient, now),
        *_relatives(known, now),
        *_contacts(known.teams),
        *_named_by(known.plan),
        *_who_noted(known.needs),
        *_notified(known.stay or {}),
        *_of_other_plans(known.other_plans),
    )
    distinct: dict[str, Proposal] = {}
    for each in found:
        literal = target(each.actor).literal
        if literal.startswith(_CALLED):
            distinct.setdefault(literal, each)
    return list(distinct.values())


def named(plan: Json, contacts: Iterable[Json]) -> list[Json]:
    """Give whom a plan itself names, beside the person: who is called where the call says nobody.

    R90, R91. A team has no answer to give, and is called by its members.

    Args:
        plan: the CarePlan.
        contacts: the CareTeams of named contacts that the plan names.
    """
    found = [each.actor for each in (*_named_by(plan), *_contacts(contacts))]
    distinct = {target(each).key: each for each in found}
    return [each for each in distinct.values() if target(each).resource_type in _ANSWERS]


def _named_by(plan: Json) -> Iterator[Proposal]:
    yield from _doers(plan)
    yield from _participants(plan)
    if started := child(extension(plan, codes.SIP_INITIATOR), "valueReference"):
        yield Proposal(started, "Initiativtagare", "Har föreslagit planen.")


def _person(patient: Json, now: datetime) -> Iterator[Proposal]:
    actor = {"reference": f"Patient/{patient.get('id')}"}
    if is_child(patient, now):
        why = "Barnet informeras, tillfrågas och deltar efter ålder och mognad."
        yield Proposal(actor, "Barnet", why, (codes.PL_4_3, codes.SOL_10_9))
    else:
        why = "Planen görs tillsammans med personen när det är möjligt."
        yield Proposal(actor, "Personen själv", why, (codes.SOL_10_9, codes.HSL_16_4))


def _relatives(known: Surroundings, now: datetime) -> Iterator[Proposal]:
    child_ = is_child(known.patient, now)
    for relative in known.relatives:
        if not in_use(relative, now):
            continue
        actor = {"reference": f"RelatedPerson/{relative.get('id')}"}
        if child_ and is_guardian(relative):
            why = "Vårdnadshavare samtycker och deltar för barnet."
            yield Proposal(actor, "Vårdnadshavare", why, (codes.FB_6_11, codes.SOL_10_9))
        else:
            why = "Närstående kan delta om det är lämpligt och personen vill det. Fråga först."
            yield Proposal(actor, "Närstående", why, (codes.SOL_10_9,))


def _contacts(teams: Iterable[Json]) -> Iterator[Proposal]:
    for team in teams:
        if not is_named_contact(team):
            yield Proposal(
                _by_id(team), text(team, "name") or "Team", "Teamet arbetar med personen."
            )
            continue
        for _, participant in items(team, "participant"):
            kinds = concept_codes(participant, "role", *codes.CONTACT_TYPE_SYSTEMS)
            kind = next(iter(kinds), "")
            role = codes.CONTACT_TYPE_DISPLAYS.get(kind, "fast kontakt")
            yield Proposal(child(participant, "member"), _capital(role), _why_contact(kind))


def _why_contact(kind: str) -> str:
    if kind in codes.VARDKONTAKTER:
        return "Fast vårdkontakt samordnar och håller planen aktuell."
    if kind == codes.FAST_LAKARKONTAKT:
        return "Fast läkarkontakt ansvarar för den medicinska vården."
    if kind == codes.FAST_OMSORGSKONTAKT:
        return "Fast omsorgskontakt svarar för omsorgen i hemmet."
    return "Är fast kontakt för personen."


def _doers(plan: Json) -> Iterator[Proposal]:
    for _, activity in items(plan, "activity"):
        detail = child(activity, "detail")
        if text(detail, "status") in _CALLED_OFF:
            continue
        role = _HUVUDMAN_ROLES.get(text(extension(activity, codes.HUVUDMAN), "valueCode"))
        for _, performer in items(detail, "performer"):
            yield Proposal(performer, role or "Utför insats", "Har en uppgift i planen.")
    responsible = extension(plan, codes.OVERALL_RESPONSIBLE)
    for name, role in (("person", "Planeringsansvarig"), ("organization", "Huvudansvarig")):
        if found := child(extension(responsible, name), "valueReference"):
            yield Proposal(found, role, "Har huvudansvaret för planen.", (codes.SOL_10_8,))


def _participants(plan: Json) -> Iterator[Proposal]:
    why = "Har skrivit planen och håller den aktuell."
    yield Proposal(child(plan, "author"), "Ansvarig för planen", why)
    responsible = child(
        extension(extension(plan, codes.FOLLOW_UP), "responsible"), "valueReference"
    )
    yield Proposal(responsible, "Ansvarig för uppföljningen", "Ser till att planen följs upp.")
    for _, each in items(plan, "contributor"):
        yield Proposal(each, "Deltagare", "Anges som deltagare i planen.")


def _who_noted(needs: Iterable[Json]) -> Iterator[Proposal]:
    for task in needs:
        why = "Har bedömt eller föreslagit att en plan behövs."
        yield Proposal(child(task, "requester"), "Initiativtagare", why, (codes.HSL_16_4,))
        why = "Ska se till att behovet av en plan tas om hand."
        yield Proposal(child(task, "owner"), "Ansvarig för behovet", why, (codes.HSL_16_4,))


def _notified(stay: Json) -> Iterator[Proposal]:
    for _, sent in items(stay, "extension"):
        if sent.get("url") != codes.ADMISSION_NOTICE_SENT:
            continue
        for _, each in items(sent, "extension"):
            if each.get("url") == "to":
                why = "Har fått inskrivningsmeddelandet och planerar för hemgången."
                yield Proposal(
                    child(each, "valueReference"), "Berörd enhet", why, (codes.SAMVL_4_1,)
                )


def _of_other_plans(plans: Iterable[Json]) -> Iterator[Proposal]:
    for plan in plans:
        why = "Ansvarar för en annan plan som personen har."
        yield Proposal(child(plan, "author"), "Ansvarig för annan plan", why)


def _by_id(resource: Json) -> Json:
    return {"reference": f"{resource.get('resourceType')}/{resource.get('id')}"}


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
