"""What is counted about a resource: the measures and workloads are computed from these facts alone.

They are kept beside each resource and indexed together, so that counting a region reads no
resource (docs/adr/0011-facts-beside-the-resource.md). A fact is one value, never a list:

=============  ==========================================================================
fact           meaning
=============  ==========================================================================
``patient``    ``Patient/[id]``; of a Patient its own
``kind``       named contact: its type, 1 to 4 · Encounter: its class, ``IMP`` … ·
               plan: ``SIP`` · kallelse: ``kallelse`` ·
               EpisodeOfCare: form of care (``sabo``, ``hemsjukvard``, ``hemtjanst``) ·
               Patient: ``gender`` · Practitioner: ``LK`` for a licensed physician, else its
               first licence, ``usk`` for an undersköterska
``status``     ``status``; of those that have ``active``, ``active`` or ``inactive``; of a
               dead patient ``deceased``
``start``      first moment, µs since 1970; of a Patient absent · kallelse: when it was sent
``end``        first moment after, µs; of a Patient when they died
``member``     named contact, Encounter: who (``PractitionerRole/[id]`` or
               ``Practitioner/[id]``) · PractitionerRole: whose (``Practitioner/[id]``)
``unit``       the unit that answers (``Organization/[id]``); of a Patient where listed
``place``      Patient: kommunkod of the home · named contact: ``Encounter/[id]`` it was
               appointed in · kallelse: the stay it follows from
``born``       Patient: birth date as a number, 20130514; absent where not a full date
``need``       named contact: when the need was found, µs · Encounter: 1 where the discharge
               process (2017:612) runs
``appointed``  named contact: when it was appointed, µs · SIP: when it was made
``informed``   named contact: when patient or relative was first told who it is, µs
``declined``   named contact: when the patient said no, µs; absent where withdrawn
``reason``     named contact: why it ended (CodeSystem end-reason)
``asked``      named contact: who asked for the change that ended it, ``patient`` or ``staff``
``named``      Practitioner: true where it has a name
``basis``      named contact: why it was appointed (CodeSystem appointment-basis) ·
               Encounter: the law of compulsory care (CodeSystem compulsory-care)
``own``        PractitionerRole, Practitioner, Encounter: its own reference, which the index has not
``noticed``    Encounter: when the first inskrivningsmeddelande was sent, µs
``due``        Encounter: last moment for it, µs · SIP: first moment after the day of the
               follow-up, µs
``ready``      Encounter: the notice of utskrivningsklar that holds, µs
``call_due``   Encounter: first moment too late for the kallelse to a SIP meeting, µs
``needs``      Encounter: whose insatser are needed: ``region``, ``kommun``, ``both`` · SIP:
               target groups, with a space between
``evaluated``  SIP: when it was followed up last, µs
``whole``      SIP: 1 where it has the four contents that the law asks for
=============  ==========================================================================

Source: R49, R76, R101-R107; DOMAIN 4.2-4.3.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from fhir_server.sweden import codes, discharge, periods
from fhir_server.sweden.assignments import is_named_contact
from fhir_server.sweden.elements import (
    Json,
    child,
    codings,
    concept_codes,
    extension,
    items,
    target,
    text,
)
from fhir_server.sweden.people import has_name
from fhir_server.sweden.periods import Period, bounds
from fhir_server.sweden.plans import facts_from, is_sip
from fhir_server.sweden.sip import four_contents

Facts = dict[str, Any]

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)
# Who performed an encounter: the one the visit was to, before others who took part.
_PERFORMERS = ("PPRF", "ATND", "")


def facts_of(resource: Json) -> Facts:
    """Give what is counted about a resource; empty where nothing is.

    Args:
        resource: valid R4, of any type.
    """
    read = _READERS.get(str(resource.get("resourceType")))
    found = read(resource) if read else {}
    return {name: value for name, value in found.items() if value is not None and value != ""}


def microseconds(moment: dt.datetime) -> int:
    """Give a moment as facts have it."""
    return (moment - _EPOCH) // _MICROSECOND


def _named_contact(team: Json) -> Facts:
    if not is_named_contact(team):
        return {}
    participant = next((each for _, each in items(team, "participant")), {})
    kinds = concept_codes(participant, "role", *codes.CONTACT_TYPE_SYSTEMS)
    decision = _parts(team, codes.PATIENT_DECISION)
    change = extension(team, codes.CHANGE_DECISION)
    basis = child(extension(team, codes.APPOINTMENT_BASIS), "valueCodeableConcept")
    ended = child(extension(team, codes.END_REASON), "valueCodeableConcept")
    return {
        "patient": _reference(team, "subject"),
        "kind": kinds[0] if kinds else None,
        "status": text(team, "status"),
        **_bounds(periods.read(team)),
        "member": _reference(participant, "member"),
        "unit": _first_reference(team, "managingOrganization"),
        "place": _reference(team, "encounter"),
        "need": _moment(extension(team, codes.NEED_IDENTIFIED).get("valueDateTime")),
        "appointed": _moment(_part(team, codes.APPOINTED_BY, "at", "valueDateTime")),
        "informed": _informed(team),
        "declined": _moment(decision.get("at")) if decision.get("decision") == "declined" else None,
        "reason": next(iter(codings(ended, codes.END_REASON_SYSTEM)), None),
        "asked": _asked(change),
        "basis": next(iter(codings(basis, codes.APPOINTMENT_BASIS_SYSTEM)), None),
    }


def _encounter(encounter: Json) -> Facts:
    stay = discharge.timeline(encounter)
    return {
        "patient": _reference(encounter, "subject"),
        "kind": text(child(encounter, "class"), "code"),
        "status": text(encounter, "status"),
        **_bounds(periods.read(encounter)),
        "member": _performer(encounter),
        "unit": _reference(encounter, "serviceProvider"),
        "need": 1 if discharge.has_notice(encounter) else None,
        "own": f"Encounter/{text(encounter, 'id')}",
        "noticed": _microseconds(min(stay.notices, default=None)),
        "due": _microseconds(stay.notice_deadline),
        "ready": _microseconds(stay.ready_since),
        "call_due": _microseconds(stay.call_deadline),
        "needs": "both" if len(stay.needs) > 1 else next(iter(stay.needs), None),
        "basis": stay.compulsory,
    }


def _sip(plan: Json) -> Facts:
    if not is_sip(plan):
        return {}
    responsible = child(
        extension(extension(plan, codes.OVERALL_RESPONSIBLE), "organization"), "valueReference"
    )
    aim = target(responsible)
    due = bounds(_part(plan, codes.FOLLOW_UP, "date", "valueDate"))
    held = (
        _moment(extension(each, "at").get("valueDateTime"))
        for _, each in items(plan, "extension")
        if each.get("url") == codes.PLAN_EVALUATION
    )
    groups = {
        text(each, "valueCode")
        for _, each in items(plan, "extension")
        if each.get("url") == codes.SIP_TARGET_GROUP
    }
    return {
        "patient": _reference(plan, "subject"),
        "kind": codes.SIP,
        "status": text(plan, "status"),
        **_bounds(periods.read(plan)),
        "appointed": _moment(plan.get("created")),
        "unit": aim.literal if aim.local else None,
        "due": microseconds(due[1]) if due else None,
        "evaluated": max((each for each in held if each is not None), default=None),
        "needs": " ".join(sorted(groups)),
        "whole": 1 if _whole(plan) else None,
    }


def _whole(plan: Json) -> bool:
    """Tell whether the four contents stand in what is not called off."""
    said = facts_from(plan, _alone)
    planned = tuple(each for each in said.activities if not each.called_off)
    return four_contents(replace(said, activities=planned))


def _alone(reference: str) -> None:
    """Read nothing: facts are of a resource by itself."""


def _kallelse(task: Json) -> Facts:
    if not discharge.is_kallelse(task):
        return {}
    return {
        "patient": _reference(task, "for"),
        "kind": codes.KALLELSE,
        "status": text(task, "status"),
        "start": _moment(task.get("authoredOn")),
        "place": _reference(task, "encounter"),
    }


def _episode(episode: Json) -> Facts:
    forms = concept_codes(episode, "type", codes.CARE_FORM_SYSTEM)
    if not forms:
        return {}
    return {
        "patient": _reference(episode, "patient"),
        "kind": forms[0],
        "status": text(episode, "status"),
        **_bounds(periods.read(episode)),
        "unit": _reference(episode, "managingOrganization"),
    }


def _patient(patient: Json) -> Facts:
    died = bounds(patient.get("deceasedDateTime"))
    dead = died is not None or patient.get("deceasedBoolean") is True
    born = text(patient, "birthDate")
    listed = (target(each).literal for _, each in items(patient, "generalPractitioner"))
    return {
        "patient": f"Patient/{text(patient, 'id')}",
        "kind": text(patient, "gender"),
        "status": "deceased" if dead else _active(patient),
        "end": microseconds(died[0]) if died else None,
        "unit": next((each for each in listed if each.startswith("Organization/")), None),
        "place": _municipality(patient),
        "born": int(born.replace("-", "")) if len(born) == 10 else None,
    }


def _role(role: Json) -> Facts:
    return {
        "own": f"PractitionerRole/{text(role, 'id')}",
        "member": _reference(role, "practitioner"),
        "unit": _reference(role, "organization"),
        "status": _active(role),
        **_bounds(periods.read(role)),
    }


def _practitioner(practitioner: Json) -> Facts:
    concepts = [child(each, "code") for _, each in items(practitioner, "qualification")]
    licences = [code for concept in concepts for code in codings(concept, *codes.HOSP_SYSTEMS)]
    certified = any(
        codes.UNDERSKOTERSKA in codings(each, codes.CERTIFICATE_SYSTEM) for each in concepts
    )
    profession = codes.LAKARE if codes.LAKARE in licences else next(iter(licences), None)
    return {
        "own": f"Practitioner/{text(practitioner, 'id')}",
        "kind": profession or ("usk" if certified else None),
        "status": _active(practitioner),
        "named": True if has_name(practitioner) else None,
    }


def _performer(encounter: Json) -> str | None:
    found: dict[str, str] = {}
    for _, participant in items(encounter, "participant"):
        who = _reference(participant, "individual")
        if who and who.startswith(("PractitionerRole/", "Practitioner/")):
            types = [
                text(coding, "code")
                for _, concept in items(participant, "type")
                for _, coding in items(concept, "coding")
            ]
            rank = next((each for each in types if each in _PERFORMERS), "")
            found.setdefault(rank, who)
    return next((found[rank] for rank in _PERFORMERS if rank in found), None)


def _municipality(patient: Json) -> str | None:
    for _, address in items(patient, "address"):
        code = text(child(extension(address, codes.MUNICIPALITY), "valueCoding"), "code")
        if code and address.get("use") not in ("old", "temp", "work", "billing"):
            return code
    return None


def _informed(team: Json) -> int | None:
    given = (
        _moment(extension(each, "at").get("valueDateTime"))
        for _, each in items(team, "extension")
        if each.get("url") == codes.INFORMATION_GIVEN
    )
    return min((moment for moment in given if moment is not None), default=None)


def _asked(change: Json) -> str | None:
    if not change:
        return None
    by = target(child(extension(change, "requestedBy"), "valueReference")).resource_type
    return "patient" if by in ("Patient", "RelatedPerson") else "staff"


def _parts(resource: Json, url: str) -> dict[str, Any]:
    return {
        text(part, "url"): next((v for k, v in part.items() if k.startswith("value")), None)
        for _, part in items(extension(resource, url), "extension")
    }


def _part(resource: Json, url: str, name: str, value: str) -> Any:
    return extension(extension(resource, url), name).get(value)


def _active(resource: Json) -> str:
    return "inactive" if resource.get("active") is False else "active"


def _bounds(period: Period) -> dict[str, int | None]:
    return {
        "start": microseconds(period.start) if period.start else None,
        "end": microseconds(period.end) if period.end else None,
    }


def _moment(value: Any) -> int | None:
    found = bounds(value)
    return microseconds(found[0]) if found else None


def _microseconds(moment: dt.datetime | None) -> int | None:
    return None if moment is None else microseconds(moment)


def _reference(resource: Json, name: str) -> str | None:
    aim = target(child(resource, name))
    return aim.literal if aim.local else None


def _first_reference(resource: Json, name: str) -> str | None:
    found = (target(each) for _, each in items(resource, name))
    return next((each.literal for each in found if each.local), None)


_READERS: dict[str, Callable[[Json], Facts]] = {
    "CarePlan": _sip,
    "CareTeam": _named_contact,
    "Encounter": _encounter,
    "EpisodeOfCare": _episode,
    "Patient": _patient,
    "PractitionerRole": _role,
    "Practitioner": _practitioner,
    "Task": _kallelse,
}
