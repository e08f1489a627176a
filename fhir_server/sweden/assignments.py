"""A named contact's assignment, read from its CareTeam and what that refers to.

One CareTeam of category ``fast-kontakt`` is one assignment: one patient, one person, one type
(DOMAIN 5, Inera's shape). The rules of `fast_vardkontakt` look at these facts only.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from fhir_server.sweden import codes, periods
from fhir_server.sweden.conditions import life_threatening
from fhir_server.sweden.elements import (
    Json,
    Target,
    child,
    concept_codes,
    extension,
    extension_codes,
    items,
    says,
    target,
    text,
)
from fhir_server.sweden.people import has_name
from fhir_server.sweden.periods import Period
from fhir_server.sweden.professions import Qualifications, qualifications
from fhir_server.sweden.references import Held, Read, alone, follow, huvudman, organization_chain

_ALWAYS = Period()
_NOBODY = Target()
_NONE = Qualifications()


@dataclass(frozen=True, slots=True)
class Person:
    """Who a participant points at, as far as this server can tell.

    Args:
        member: the reference itself.
        role_found: whether it leads to a PractitionerRole.
        role_active: False only where the role says so.
        role_period: when the role is held.
        practitioner: the reference from the role to the person.
        named: whether the Practitioner has a name.
        practitioner_active: False only where the Practitioner says so.
        qualifications: what the person is qualified for when the assignment is in force.
    """

    member: Target
    role_found: bool = False
    role_active: bool = True
    role_period: Period = _ALWAYS
    practitioner: Target = _NOBODY
    named: bool = False
    practitioner_active: bool = True
    qualifications: Qualifications = _NONE


@dataclass(frozen=True, slots=True)
class Deputy:
    """Who stands in, and when (R45).

    Args:
        index: position among the participant's extensions.
        person: who.
        period: when; open where none is given.
    """

    index: int
    person: Person
    period: Period


@dataclass(frozen=True, slots=True)
class Assignment:
    """The facts about one assignment.

    Args:
        id: the CareTeam's logical id; empty before it has one.
        status: ``CareTeam.status``.
        patient: ``CareTeam.subject``.
        period: ``CareTeam.period``.
        moment: when the facts about people are taken: now, or the nearest moment of the period.
        participants: how many participants there are.
        kinds: distinct codes for type of contact, as found.
        person: the participant's member.
        unit: the responsible unit; no target where none is named.
        huvudman: of the unit; empty where unknown.
        primary_care: whether the unit, and the one the person's role belongs to, are primary
            care; None where neither tells.
        reachable: whether there is a number or address on any of the three levels.
        unit_reachable: whether the unit has one; None where no unit is found.
        team_at_work: whether the team that the contact is reached through works; None where there
            is none, or none that this server has.
        titles: local titles beside the type (R28).
        tasks: what the contact does (R25).
        medically_responsible: who is named as that (R26); None for nobody.
        declined: whether the patient has said no (R7).
        claims_life_threatening: whether a life-threatening condition is the stated ground.
        deputies: who stands in.
        has_end: whether ``period.end`` is given.
        has_end_reason: whether the extension ``end-reason`` is given.
        already_held: whether the stored version is the same assignment of the same person, active
            and not over.
    """

    id: str
    status: str
    patient: Target
    period: Period
    moment: datetime
    participants: int
    kinds: tuple[str, ...]
    person: Person
    unit: Target = _NOBODY
    huvudman: str = ""
    primary_care: bool | None = None
    reachable: bool = False
    unit_reachable: bool | None = None
    team_at_work: bool | None = None
    titles: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    medically_responsible: Person | None = None
    declined: bool = False
    claims_life_threatening: bool = False
    deputies: tuple[Deputy, ...] = ()
    has_end: bool = False
    has_end_reason: bool = False
    already_held: bool = False

    @property
    def kind(self) -> str:
        """The type of contact; empty unless there is exactly one, and a known one."""
        only = self.kinds[0] if len(self.kinds) == 1 else ""
        return only if only in codes.CONTACT_TYPES else ""


def is_named_contact(resource: Json) -> bool:
    """Tell whether a resource is a CareTeam of category ``fast-kontakt``."""
    return resource.get("resourceType") == "CareTeam" and says(
        resource, "category", codes.FAST_KONTAKT, codes.CARE_TEAM_CATEGORY
    )


def kinds_of(care_team: Json) -> list[str]:
    """Give the codes of kv_typ_av_fast_kontakt of all participants, as found."""
    return [
        kind
        for _, participant in items(care_team, "participant")
        for kind in concept_codes(participant, "role", *codes.CONTACT_TYPE_SYSTEMS)
    ]


def kind_of(care_team: Json) -> str:
    """Give the type of contact; empty where there is none."""
    return next(iter(kinds_of(care_team)), "")


def facts_from(
    care_team: Json, read: Read, now: datetime, *, stored: Json | None = None
) -> Assignment:
    """Read the facts about an assignment.

    Args:
        care_team: a CareTeam of category ``fast-kontakt``.
        read: gives the current resource at a relative reference.
        now: an aware datetime.
        stored: the version of this CareTeam that is to be replaced, if any.
    """
    held, period = alone(care_team), periods.read(care_team)
    moment = _moment(period, now)
    first = _first_participant(care_team)
    role, person = _person(held, child(first, "member"), read, moment)
    own, own_reference = _unit(role, "organization", read)
    managing, managing_reference = _unit(held, "managingOrganization", read)
    unit = managing or own
    team = follow(held, child(extension(first, codes.CONTACT_VIA_TEAM), "valueReference"), read)
    at_work = _at_work(team)
    return Assignment(
        id=text(care_team, "id"),
        status=text(care_team, "status"),
        patient=_subject(care_team),
        period=period,
        moment=moment,
        participants=sum(1 for _ in items(care_team, "participant")),
        kinds=_kinds(first),
        person=person,
        unit=managing_reference if managing_reference != _NOBODY else own_reference,
        huvudman=huvudman(unit, read),
        primary_care=_primary_care((unit, own), read),
        reachable=_reachable((held, role, team if at_work else None), moment),
        unit_reachable=_has_telecom(unit.resource, moment) if unit else None,
        team_at_work=at_work,
        titles=tuple(concept_codes(first, "role", codes.CONTACT_TITLE_SYSTEM)),
        tasks=_tasks(care_team),
        medically_responsible=_medically_responsible(held, read, moment),
        declined=_declined(care_team),
        claims_life_threatening=_claims_life_threatening(held, read, now),
        deputies=_deputies(held, first, read, moment),
        has_end=bool(text(child(care_team, "period"), "end")),
        has_end_reason=bool(extension(care_team, codes.END_REASON)),
        already_held=stored is not None and _same_assignment(care_team, stored, now),
    )


def _moment(period: Period, now: datetime) -> datetime:
    if period.start is not None and period.start > now:
        return period.start
    if period.end is not None and period.end <= now:
        return period.end - timedelta(microseconds=1)
    return now


def _kinds(participant: Json) -> tuple[str, ...]:
    found = concept_codes(participant, "role", *codes.CONTACT_TYPE_SYSTEMS)
    return tuple(dict.fromkeys(found))


def _person(
    held: Held, reference: Json, read: Read, moment: datetime
) -> tuple[Held | None, Person]:
    member, found = target(reference), follow(held, reference, read)
    if found is not None and found.resource.get("resourceType") == "Practitioner":
        return None, _described(member, None, found, moment)
    if found is None or found.resource.get("resourceType") != "PractitionerRole":
        return None, Person(member)
    practitioner = follow(found, child(found.resource, "practitioner"), read)
    return found, _described(member, found, practitioner, moment)


def _described(
    member: Target, role: Held | None, practitioner: Held | None, moment: datetime
) -> Person:
    by_role: Json = role.resource if role else {}
    person: Json = practitioner.resource if practitioner else {}
    return Person(
        member=member,
        role_found=role is not None,
        role_active=by_role.get("active") is not False,
        role_period=periods.read(by_role),
        practitioner=target(child(by_role, "practitioner")) if role else member,
        named=has_name(person),
        practitioner_active=person.get("active") is not False,
        qualifications=qualifications(person, by_role, moment),
    )


def _unit(held: Held | None, name: str, read: Read) -> tuple[Held | None, Target]:
    """Give the unit that an element names; the first, where it names several."""
    if held is None:
        return None, _NOBODY
    named = [reference for _, reference in items(held.resource, name)]
    reference = named[0] if named else child(held.resource, name)
    return follow(held, reference, read), target(reference)


def _primary_care(units: Iterable[Held | None], read: Read) -> bool | None:
    """Tell whether all units that say what they are, are primary care; None where none says."""
    told = [each for unit in units if (each := _is_primary_care(unit, read)) is not None]
    return all(told) if told else None


def _is_primary_care(unit: Held | None, read: Read) -> bool | None:
    for organization in organization_chain(unit, read):
        if found := concept_codes(organization, "type", codes.VERKSAMHETSKOD):
            return any(code.startswith(codes.PRIMARVARD_PREFIX) for code in found)
    return None


def _at_work(team: Held | None) -> bool | None:
    if team is None:
        return None
    return team.resource.get("status") not in ("inactive", "entered-in-error")


def _reachable(levels: Iterable[Held | None], moment: datetime) -> bool:
    return any(_has_telecom(level.resource, moment) for level in levels if level)


def _has_telecom(resource: Json, moment: datetime) -> bool:
    return any(
        text(telecom, "value")
        and telecom.get("use") != "old"
        and not periods.read(telecom).ended(moment)
        for _, telecom in items(resource, "telecom")
    )


def _claims_life_threatening(held: Held, read: Read, now: datetime) -> bool:
    team = held.resource
    grounds = extension_codes(team, codes.APPOINTMENT_BASIS, codes.APPOINTMENT_BASIS_SYSTEM)
    grounds += concept_codes(team, "reasonCode", codes.APPOINTMENT_BASIS_SYSTEM)
    if codes.LIVSHOTANDE in grounds:
        return True
    reasons = (follow(held, reference, read) for _, reference in items(team, "reasonReference"))
    return any(reason is not None and life_threatening(reason.resource, now) for reason in reasons)


def _tasks(care_team: Json) -> tuple[str, ...]:
    return tuple(extension_codes(care_team, codes.CONTACT_TASK, codes.CONTACT_TASK_SYSTEM))


def _medically_responsible(held: Held, read: Read, moment: datetime) -> Person | None:
    named = child(extension(held.resource, codes.MEDICALLY_RESPONSIBLE), "valueReference")
    return _person(held, named, read, moment)[1] if named else None


def _declined(care_team: Json) -> bool:
    decision = extension(extension(care_team, codes.PATIENT_DECISION), "decision")
    return decision.get("valueCode") == "declined"


def _deputies(held: Held, participant: Json, read: Read, moment: datetime) -> tuple[Deputy, ...]:
    return tuple(_each_deputy(held, participant, read, moment))


def _each_deputy(held: Held, participant: Json, read: Read, moment: datetime) -> Iterable[Deputy]:
    for index, found in items(participant, "extension"):
        if found.get("url") == codes.DEPUTY:
            period = periods.read(extension(found, "period"), "valuePeriod")
            member = child(extension(found, "member"), "valueReference")
            _, person = _person(held, member, read, _moment(period, moment))
            yield Deputy(index, person, period)


def _same_assignment(care_team: Json, stored: Json, now: datetime) -> bool:
    if _without_meta(care_team) == _without_meta(stored):
        # Nothing changes, or the reader already shows the write itself: no proof of an earlier one.
        return False
    first, second = _first_participant(care_team), _first_participant(stored)
    return (
        stored.get("status") == "active"
        and not periods.read(stored).ended(now)
        and _kinds(first) == _kinds(second)
        and target(child(first, "member")).same(target(child(second, "member")))
        and _subject(care_team).same(_subject(stored))
    )


def _subject(care_team: Json) -> Target:
    return target(child(care_team, "subject"))


def _first_participant(care_team: Json) -> Json:
    return next((participant for _, participant in items(care_team, "participant")), {})


def _without_meta(resource: Json) -> Json:
    return {name: value for name, value in resource.items() if name != "meta"}
