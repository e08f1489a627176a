"""One assignment of a named contact as a CareTeam."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from fhir_server.sweden import codes
from fhir_server.synthetic.elements import (
    Json,
    concept,
    day,
    extension,
    moment,
    parts,
    phone,
    reference,
)
from fhir_server.synthetic.elements import resource as begin
from fhir_server.synthetic.needs import Need
from fhir_server.synthetic.patients import Patient
from fhir_server.synthetic.places import Kind
from fhir_server.synthetic.staff import Team, Worker

_KINDS = {
    codes.FAST_VARDKONTAKT: ("fast vårdkontakt", codes.PL_6_2),
    codes.FAST_LAKARKONTAKT: ("fast läkarkontakt i primärvård", codes.PL_6_3),
    codes.FAST_OMSORGSKONTAKT: ("fast omsorgskontakt i hemtjänsten", codes.SOL_10_7),
    codes.SAMORDNANDE_VARDKONTAKT: (
        "fast vårdkontakt med övergripande samordningsansvar", codes.PL_6_2,
    ),
}  # fmt: skip
_GROUNDS = ("trygghet", "kontinuitet", "samordning", "sakerhet")
_CHANNELS = (("besok", 4.0), ("telefon", 3.0), ("brev", 2.0), ("1177", 1.0))
_WHY = {
    "byte-patient": "Personkemin fungerar inte.",
    "byte-verksamhet": "Patienten behöver en kontakt med annan kompetens.",
}


@dataclass(frozen=True, slots=True)
class Contact:
    """An assignment.

    Args:
        id: logical id.
        need: what it answers.
        worker: who.
        start: first day.
        end: last day; None for one in force.
        reason: why it ended (end-reason).
        declined: the patient said no.
        replaces: id of the assignment before.
        before: who had that.
    """

    id: str
    need: Need
    worker: Worker
    start: dt.date
    end: dt.date | None = None
    reason: str = ""
    declined: bool = False
    replaces: str = ""
    before: Worker | None = None


def care_team(who: Patient, contact: Contact, team: Team, end: dt.date) -> Json:
    """Give the CareTeam of an assignment.

    Args:
        who: the patient.
        contact: the assignment.
        team: the unit's staff.
        end: the day it is.
    """
    need = contact.need
    found: Json = {
        **begin("CareTeam", contact.id, "fast-kontakt-careteam"),
        "extension": list(_extensions(who, contact, team, end)),
        "status": "active" if contact.end is None else "inactive",
        "category": [concept(codes.CARE_TEAM_CATEGORY, codes.FAST_KONTAKT)],
        "subject": reference(who.reference),
        "period": {"start": day(contact.start)},
        "participant": [_participant(who, contact, team)],
        "reasonCode": list(_grounds(who, need)),
        "managingOrganization": [reference(need.unit.reference)],
        "telecom": [{**phone(contact.worker.telephone, hours=True), "rank": 1}],
    }
    if contact.end is not None:
        found["period"]["end"] = day(contact.end)
    if need.stay is not None and not contact.replaces:
        found["encounter"] = reference(f"Encounter/{need.stay.id}")
    if need.basis == "livshotande" and need.illness is not None:
        found["reasonReference"] = [reference(f"Condition/{who.id}-{need.illness.key}")]
    return found


def _extensions(who: Patient, contact: Contact, team: Team, end: dt.date) -> Iterator[Json]:
    need, fate = contact.need, who.fate
    _, law = _KINDS[need.kind]
    begun = day(contact.start)
    chief = reference(team.chief.reference)
    yield parts(codes.APPOINTED_BY, by=("Reference", chief), at=("DateTime", begun))
    basis = concept(codes.APPOINTMENT_BASIS_SYSTEM, need.basis)
    yield extension(codes.APPOINTMENT_BASIS, valueCodeableConcept=basis)
    yield extension(codes.structure("legal-basis"),
                    valueCoding={"system": codes.LAW_SYSTEM, "code": law.code})  # fmt: skip
    yield from _need(who, contact)
    yield from _patients_will(who, contact)
    if not contact.declined and fate.happens("informed", 0.6):
        yield _information(who, contact, end)
    if need.kind == codes.SAMORDNANDE_VARDKONTAKT:
        at_home = need.unit.kind in (Kind.SABO, Kind.HEMSJUKVARD)
        why = "vistelse" if at_home else "grundsjukdom"
        yield extension(codes.structure("coordination-reason"), valueCode=why)
    if contact.end is None:
        if fate.happens("review", 0.5):
            review = end + dt.timedelta(days=fate.between(-40, 300))
            yield extension(codes.REVIEW_DATE, valueDate=day(max(review, contact.start)))
    else:
        reason = concept(codes.END_REASON_SYSTEM, contact.reason)
        yield extension(codes.END_REASON, valueCodeableConcept=reason)
    yield from _changes(who, contact, team)


def _need(who: Patient, contact: Contact) -> Iterator[Json]:
    """Tell when the need was found: unknown for one of seven, as in real records."""
    found = contact.need.found
    if found is None:
        # Not found again when a contact is replaced.
        if contact.replaces or who.fate.share() < 0.15:
            return
        found = contact.start - dt.timedelta(days=who.fate.count(9, 60))
    found = max(found, who.person.identity.born)
    if not contact.replaces:
        yield extension(codes.NEED_IDENTIFIED, valueDateTime=day(min(found, contact.start)))


def _patients_will(who: Patient, contact: Contact) -> Iterator[Json]:
    """Tell what the patient wished and said (R6, R7)."""
    by = ("Reference", reference(who.reference))
    at = ("DateTime", day(contact.start))
    if contact.declined:
        yield parts(codes.PATIENT_DECISION, decision=("Code", "declined"), at=at, by=by)
        return
    if who.fate.share() < 0.5:
        yield parts(codes.PATIENT_DECISION, decision=("Code", "accepted"), at=at, by=by)
    if contact.need.basis in ("vald", "begard"):
        met = ("Boolean", who.fate.share() < 0.85)
        wish = ("String", "Jag vill ha någon som jag redan känner.")
        yield parts(codes.PATIENT_PREFERENCE, wish=wish, met=met)


def _information(who: Patient, contact: Contact, end: dt.date) -> Json:
    fate = who.fate
    told = min(contact.start + dt.timedelta(days=fate.count(5, 60)), contact.end or end)
    relative = who.age < 15 or any(each.key == "demens" for each in who.illnesses)
    return parts(
        codes.INFORMATION_GIVEN,
        at=("DateTime", moment(told, fate.between(96, 192) * 5) if told < end else day(told)),
        by=("Reference", reference(contact.worker.reference)),
        channel=("Code", fate.weighted(_CHANNELS)),
        recipient=("Code", "narstaende" if relative else "patient"),
    )


def _changes(who: Patient, contact: Contact, team: Team) -> Iterator[Json]:
    if contact.replaces:
        yield extension(codes.REPLACES_CONTACT,
                        valueReference=reference(f"CareTeam/{contact.replaces}"))  # fmt: skip
    if contact.before is not None and who.fate.share() < 0.8:
        how = who.fate.weighted([("samtal", 5), ("skriftligt", 3), ("hembesok", 2)])
        by = ("Reference", reference(contact.before.reference))
        yield parts(codes.HANDOVER, at=("DateTime", day(contact.start)),
                    how=("Code", how), by=by)  # fmt: skip
    if contact.reason in _WHY and contact.end is not None:
        yield _decision(who, contact, team)


def _decision(who: Patient, contact: Contact, team: Team) -> Json:
    asked = who.reference if contact.reason == "byte-patient" else contact.worker.reference
    decision: dict[str, tuple[str, object]] = {
        "requestedBy": ("Reference", reference(asked)),
        "reason": ("String", _WHY[contact.reason]),
        "decision": ("Code", "beviljat"),
        "at": ("DateTime", day(contact.end or contact.start)),
        "decidedBy": ("Reference", reference(team.chief.reference)),
    }
    physician = next(iter(team.physicians), None)
    if physician is not None:
        decision["physician"] = ("Reference", reference(physician.reference))
    return parts(codes.CHANGE_DECISION, **decision)


def _participant(who: Patient, contact: Contact, team: Team) -> Json:
    need, worker = contact.need, contact.worker
    display, _ = _KINDS[need.kind]
    role = concept(codes.CONTACT_TYPE, need.kind, display)
    if need.title:
        role["coding"].append({"system": codes.code_system("contact-title"), "code": need.title})
    title = f"{' '.join(worker.name)}, {worker.profession.title.lower()}"
    found: Json = {"role": [role], "member": reference(worker.reference, title)}
    deputies = list(_deputies(who, contact, team))
    return {"extension": deputies, **found} if deputies else found


def _deputies(who: Patient, contact: Contact, team: Team) -> Iterator[Json]:
    """Give who stands in: in the holiday, or always (R45); for two of three who are away."""
    colleagues = [each for each in team.of(*contact.need.professions) if each != contact.worker]
    if contact.end is not None or not colleagues:
        return
    away = contact.worker.away
    given: dict[str, tuple[str, object]] = {}
    if away is not None and away[0] >= contact.start and who.fate.share() < 0.66:
        given["period"] = ("Period", {"start": day(away[0]), "end": day(away[1])})
    elif not who.fate.happens("deputy", 0.08):
        return
    deputy = who.fate.one_of(colleagues)
    telecom = ("ContactPoint", phone(deputy.telephone))
    yield parts(codes.DEPUTY, member=("Reference", reference(deputy.reference)), **given,
                telecom=telecom)  # fmt: skip


def _grounds(who: Patient, need: Need) -> Iterator[Json]:
    for ground in who.fate.some_of(_GROUNDS, who.fate.between(1, 3)):
        yield concept(codes.code_system("appointment-grounds"), ground)
    if need.illness is not None:
        yield concept(codes.code_system("need-criteria"), need.illness.criterion)
