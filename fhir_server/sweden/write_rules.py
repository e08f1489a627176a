"""Where Swedish law meets a write: which resources it looks at, what it must see, what it says.

A plain POST of a CareTeam or CarePlan obeys the same law as the operations, because both end in
`check`. Nothing here does I/O: the storage side hands in a `Reader` that sees the transaction's
own state, and takes `lock_keys` so that writers about one person take turns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Protocol

from fhir_server.fhir.outcome import Issue
from fhir_server.sweden import (
    assignments,
    blocks,
    call_wishes,
    codes,
    consents,
    discharge,
    fast_vardkontakt,
    patient_information,
    plan_calls,
    plans,
    refusals,
    sip,
    sip_need,
    stay_order,
    stranding,
    succession,
)
from fhir_server.sweden import consequences as what_follows
from fhir_server.sweden.assignments import Assignment
from fhir_server.sweden.consequences import Pair
from fhir_server.sweden.elements import Json, Target, child, extension, items, target, text


class Reader(Protocol):
    """Current resources, as the writing transaction sees them."""

    def read(self, reference: str) -> dict[str, Any] | None:
        """Give the current resource at ``Type/id``, or None where there is none."""
        ...

    def search(self, resource_type: str, **tokens: str) -> Iterable[dict[str, Any]]:
        """Give every current resource of a type that matches all search parameters.

        Args:
            resource_type: CareTeam, CarePlan, Condition, Consent, PractitionerRole or
                RelatedPerson; Task and Appointment for consequences.
            tokens: search parameters by name: ``patient="Patient/1"``,
                ``category="system|code"``, ``status="active"``,
                ``participant="PractitionerRole/1"``, ``practitioner="Practitioner/1"``.
        """
        ...

    def ids(self, resource_type: str, **tokens: str) -> Iterable[str]:
        """Give the logical ids of what `search` finds."""
        ...


# What the rules are about, by type: most resources of a bundle are of other types.
_GOVERNED: dict[str, tuple[Callable[[Json], bool], ...]] = {
    "Appointment": (plan_calls.is_sip_meeting,),
    "CarePlan": (plans.is_sip,),
    "CareTeam": (assignments.is_named_contact,),
    "Communication": (patient_information.is_about_contacts,),
    "Consent": (consents.is_consent_to_sip, blocks.is_block),
    "Encounter": (discharge.has_step,),
    "Practitioner": (stranding.says_who_leaves,),
    "PractitionerRole": (stranding.says_who_leaves,),
    "Task": (discharge.is_kallelse, sip_need.is_need),
}


def applies(resource: Json) -> bool:
    """Tell whether `check` has anything to look at in a resource about to be written.

    That is: a CareTeam of category ``fast-kontakt``, a CarePlan of category ``SIP``, the
    Communication that somebody was told about named contacts, a PractitionerRole or
    Practitioner who leaves, a stay in the discharge process, a kallelse, the need of a SIP, the
    consent to it and its meeting, and a spärr.
    """
    type_ = resource.get("resourceType")
    asked = _GOVERNED.get(type_, ()) if isinstance(type_, str) else ()
    return any(governed(resource) for governed in asked)


def lock_keys(resource: Json) -> list[str]:
    """Give the keys on which writers of such a resource must take turns.

    Rules such as "one coordinator a patient" (R32) look at several resources; two writers that
    each see the state before the other would both be let through. A Consent shares the key of
    its person's plans and kallelser, so that a withdrawal and an activation, or a call, can't miss
    each other (R78).

    Returns:
        Keys such as ``named-contacts/Patient/123``; empty where no turn is needed.
    """
    if assignments.is_named_contact(resource):
        return _keys("named-contacts", child(resource, "subject"))
    if plans.is_sip(resource):
        return _keys("sip", child(resource, "subject"))
    if consents.is_consent_to_sip(resource):
        keys = _keys("sip", child(resource, "patient"))
        keys += [f"sip/{each}" for each in what_follows.persons_of(resource)]
        return list(dict.fromkeys(keys))
    if discharge.is_kallelse(resource):
        return _keys("sip", child(resource, "for"))
    if plan_calls.is_sip_meeting(resource):
        return [f"sip/{each}" for each in call_wishes.persons_at(resource)]
    return []


# Types whose writes may change other resources.
consequential_types = frozenset({"Consent"})


def consequences(changes: Sequence[Pair], reader: Reader, now: datetime) -> list[dict[str, Any]]:
    """Give the resources that change because those written did, as they become (R78).

    Args:
        changes: resources of `consequential_types` types before and after the write.
        reader: sees the store with the write in it.
        now: an aware datetime.
    """
    return what_follows.consequences(changes, reader, now)


def may_lapse(reader: Reader) -> Iterator[str]:
    """Give the persons whom `lapsed` is to be asked about, as ``Patient/[id]``; some repeatedly."""
    return what_follows.may_lapse(reader)


def lapsed(person: str, reader: Reader, now: datetime) -> list[dict[str, Any]]:
    """Give the resources that change because a consent of a person has run out (R78).

    Args:
        person: ``Patient/[id]``.
        reader: sees the store.
        now: an aware datetime.
    """
    return what_follows.lapsed(person, reader, now)


def lapse_locks(person: str) -> list[str]:
    """Give the keys on which `lapsed` takes turns with writers of plans, kallelser and consents."""
    return [f"sip/{person}"]


def follows(resource: Json) -> list[str]:
    """Give the references that `check` follows from a resource it comes upon.

    They are read beforehand for many resources at once. One that is missing here is read all the
    same, when a rule asks for it.
    """
    return [aim.literal for aim in map(target, _followed(resource)) if aim.local]


def searches(resource: Json) -> list[tuple[str, dict[str, str]]]:
    """Give the searches about its patient that `check` may make for a resource.

    They are made for many resources at once, as soon as one of them needs it.
    """
    patient = target(child(resource, "subject"))
    if not assignments.is_named_contact(resource) or patient.resource_type != "Patient":
        return []
    about = {"patient": patient.literal}
    return [("CareTeam", _named_contacts_of(patient.literal)), ("Condition", about)]


def at_once(resource: Json) -> tuple[list[str], list[tuple[str, dict[str, str]]]]:
    """Give what `check` reads in any case about a resource to be written: of a SIP, of a contact.

    Returns:
        References, as ``Type/id``, and searches about its patient; of a CarePlan that is found,
        `check` asks for no more than its id.
    """
    if assignments.is_named_contact(resource):
        return [], _about_contacts(resource)
    if not plans.is_sip(resource):
        return [], []
    patient = target(child(resource, "subject"))
    named = [child(resource, "subject")]
    named += [reference for _, reference in items(resource, "supportingInfo")]
    named += plans.responsible_organizations(resource)
    references = [aim.literal for aim in map(target, named) if aim.local]
    if not _is_judged(resource, patient):
        return references, []
    return references, [
        ("Consent", _consents_of(patient.literal)),
        ("CarePlan", _sips_of(patient.literal)),
    ]


def _about_contacts(care_team: Json) -> list[tuple[str, dict[str, str]]]:
    """Give the searches for a contact in force; conditions only for those who may need them."""
    made = searches(care_team) if care_team.get("status") in ("active", "proposed") else []
    kinds = assignments.kinds_of(care_team)
    if any(kind in codes.VARDKONTAKTER for kind in kinds):
        return made
    return [each for each in made if each[0] != "Condition"]


def check(resource: Json, reader: Reader, now: datetime) -> list[Issue]:
    """List what Swedish law has against a resource about to be written.

    Args:
        resource: the resource as it will be stored; without an id, or with the one it will have.
        reader: sees the state that the resource will join: an assignment that the same
            transaction ends is seen as ended. For the resource's own id it gives the version
            before this write, or None.
        now: an aware datetime.
    """
    if assignments.is_named_contact(resource):
        return _check_named_contact(resource, reader, now)
    if plans.is_sip(resource):
        return _check_sip(resource, reader, now)
    if patient_information.is_about_contacts(resource):
        return patient_information.check(resource, cache(reader.read), now)
    if stranding.says_who_leaves(resource):
        return _check_who_leaves(resource, reader, now)
    return _check_step(resource, reader, now)


def _check_step(resource: Json, reader: Reader, now: datetime) -> list[Issue]:
    """List what the law has against a step on the way from hospital to a SIP."""
    if discharge.has_step(resource):
        return [*stay_order.check(resource, now), *_notice_in_time(resource)]
    if discharge.is_kallelse(resource):
        return _check_kallelse(resource, reader, now)
    if sip_need.is_need(resource):
        return _check_need(resource, reader, now)
    if consents.is_consent_to_sip(resource):
        return list(call_wishes.consent_is_somebodys(resource))
    if blocks.is_block(resource):
        return _check_block(resource, reader, now)
    if plan_calls.is_sip_meeting(resource):
        return list(call_wishes.participants_are_wanted(resource, reader, now))
    return []


def _check_named_contact(care_team: Json, reader: Reader, now: datetime) -> list[Issue]:
    read = cache(reader.read)
    identity = text(care_team, "id")
    stored = read(f"CareTeam/{identity}") if identity else None
    assignment = assignments.facts_from(care_team, read, now, stored=stored)
    in_force = assignment.status in ("active", "proposed")
    known = assignment.patient.resource_type == "Patient"
    found: list[Json] = []
    if known and (in_force or succession.moves_end(care_team, stored)):
        found = list(reader.search("CareTeam", **_named_contacts_of(assignment.patient.literal)))
    issues = succession.check(care_team, assignment, stored=stored, read=read, successors=found)
    if not in_force or not known:
        return [*fast_vardkontakt.check(assignment, [], [], now), *issues]
    active = (other for other in found if other.get("status") == "active")
    others = [assignments.facts_from(other, read, now) for other in active]
    conditions: Iterable[Json] = ()
    if _looks_at_conditions(assignment):
        conditions = reader.search("Condition", patient=assignment.patient.literal)
    return [
        *fast_vardkontakt.check(assignment, others, conditions, now),
        *issues,
        *refusals.standing_refusal(care_team, found),
    ]


def _named_contacts_of(patient: str) -> dict[str, str]:
    """Search for all of a patient's named contacts, those that ended and refusals among them."""
    return {"patient": patient, "category": codes.NAMED_CONTACTS}


def _followed(resource: Json) -> Iterator[Json]:
    """Give the Reference elements that rules follow, by the type of the resource."""
    match resource.get("resourceType"):
        case "CareTeam":
            for _, participant in items(resource, "participant"):
                yield child(participant, "member")
                yield child(extension(participant, codes.CONTACT_VIA_TEAM), "valueReference")
                for _, found in items(participant, "extension"):
                    yield child(extension(found, "member"), "valueReference")
            for url in (codes.MEDICALLY_RESPONSIBLE, codes.REPLACES_CONTACT):
                yield child(extension(resource, url), "valueReference")
            for name in ("managingOrganization", "reasonReference"):
                yield from (each for _, each in items(resource, name))
        case "PractitionerRole":
            yield child(resource, "practitioner")
            yield child(resource, "organization")
        case "Organization":
            yield child(resource, "partOf")
        case "Appointment":
            for _, participant in items(resource, "participant"):
                yield child(participant, "actor")
            yield from (each for _, each in items(resource, "supportingInformation"))
        case "Task" if sip_need.is_need(resource):
            yield child(resource, "requester")
            yield child(resource, "owner")


def _looks_at_conditions(assignment: Assignment) -> bool:
    return (
        assignment.kind in codes.VARDKONTAKTER
        and not assignment.person.qualifications.licensed_physician
    )


def _check_who_leaves(resource: Json, reader: Reader, now: datetime) -> list[Issue]:
    """Warn of patients who are left without a contact; only where the version before did not."""
    own = f"{text(resource, 'resourceType')}/{text(resource, 'id')}"
    if not stranding.leaves_anew(resource, reader.read(own)):
        return []
    if own.startswith("Practitioner/"):
        held = reader.search("PractitionerRole", practitioner=own)
        roles = [f"PractitionerRole/{role['id']}" for role in held]
    else:
        roles = [own]
    found = (
        team
        for role in roles
        for team in reader.search(
            "CareTeam", participant=role, category=codes.NAMED_CONTACTS, status="active"
        )
    )
    return list(stranding.warn(resource, found, now))


def _check_need(task: Json, reader: Reader, now: datetime) -> list[Issue]:
    read = cache(reader.read)
    identity = text(task, "id")
    stored = read(f"Task/{identity}") if identity else None
    others: Iterable[Json] = ()
    person = target(child(stored or {}, "for"))
    if stored is not None and person.resource_type == "Patient":
        code = f"{codes.TASK_CODE_SYSTEM}|{codes.SIP_BEHOV}"
        others = reader.search("Task", patient=person.literal, code=code)
    return sip_need.check(task, read, now, stored=stored, others=others)


def _notice_in_time(stay: Json) -> Iterator[Issue]:
    if discharge.has_notice(stay):
        yield from discharge.notice_in_time(discharge.timeline(stay))


def _check_kallelse(task: Json, reader: Reader, now: datetime) -> list[Issue]:
    stay = target(child(task, "encounter"))
    encounter = reader.read(stay.literal) if stay.local else None
    timeline = discharge.timeline(encounter or {})
    issues = list(discharge.called_in_time(discharge.authored(task), timeline))
    return [*issues, *call_wishes.call_is_wanted(task, reader, now)]


def _check_block(block: Json, reader: Reader, now: datetime) -> list[Issue]:
    person = target(child(block, "patient")).literal
    patient = reader.read(person) if person.startswith("Patient/") else None
    return list(blocks.check(block, patient or {}, cache(reader.read), now))


def _check_sip(care_plan: Json, reader: Reader, now: datetime) -> list[Issue]:
    read = cache(reader.read)
    person = target(child(care_plan, "subject"))
    if not _is_judged(care_plan, person):
        return sip.check(plans.facts_from(care_plan, read), [], now)
    given = reader.search("Consent", **_consents_of(person.literal))
    custody = what_follows.guardians_of(person.literal, reader, now)
    plan = plans.facts_from(care_plan, read, given, guardians=custody)
    active = reader.ids("CarePlan", **_sips_of(person.literal))
    return sip.check(plan, [plans.Standing(each, "active") for each in active], now)


def _is_judged(care_plan: Json, person: Target) -> bool:
    in_force = care_plan.get("status") in ("draft", "active")
    return in_force and person.resource_type == "Patient"


def _consents_of(patient: str) -> dict[str, str]:
    return {"patient": patient, "category": what_follows.SIP_CONSENTS}


def _sips_of(patient: str) -> dict[str, str]:
    """Search for a patient's active SIPs."""
    return {"patient": patient, "category": what_follows.SIPS, "status": "active"}


def _keys(kind: str, reference: Json) -> list[str]:
    key = target(reference).key
    return [f"{kind}/{key}"] if key else []
