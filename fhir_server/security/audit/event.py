"""A record of the trail as a FHIR AuditEvent: who did what, when, from where, about whom.

R115: HSLF-FS 2016:40, 4 kap. 9 §. Source: https://hl7.org/fhir/R4/auditevent.html; the request's
id is the name of an entity, so that ``AuditEvent?entity-name=`` leads from the log to the record.
Every element that a search parameter reads costs entries of the index: there are few.
"""

from __future__ import annotations

import base64
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from fhir_server.fhir.dates import instant_text
from fhir_server.fhir.ids import is_id
from fhir_server.fhir.locations import canonical
from fhir_server.security.principal import PURPOSES, Principal

Json = dict[str, Any]

TYPE = "AuditEvent"
PROFILE = f"{canonical()}/StructureDefinition/se-auditevent"
ACTING_UNIT = f"{canonical()}/StructureDefinition/acting-unit"

EVENT_TYPE = "http://terminology.hl7.org/CodeSystem/audit-event-type"
INTERACTIONS = "http://hl7.org/fhir/restful-interaction"
OPERATIONS = f"{canonical()}/OperationDefinition"
OBJECT_ROLE = "http://terminology.hl7.org/CodeSystem/object-role"
PARTICIPATION = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
SOURCE_TYPE = "http://terminology.hl7.org/CodeSystem/security-source-type"
DICOM = "http://dicom.nema.org/resources/ontology/DCM"
# Says which medarbetaruppdrag gave the right, as `AuditEvent.agent.policy` wants it.
ASSIGNMENT = "urn:x-hsa-id:"

PATIENT, RESOURCE, QUERY, JOB = (
    {"system": OBJECT_ROLE, "code": code} for code in ("1", "4", "24", "20")
)
CUSTODIAN = {"coding": [{"system": PARTICIPATION, "code": "CST"}]}
APPLICATION = {"coding": [{"system": DICOM, "code": "110150"}]}
EMERGENCIES = ("ETREAT", "BTG")
EMERGENCY = "ETREAT"
WEB_SERVER = {"system": SOURCE_TYPE, "code": "3"}

# What was given, beside the patients: so many are named, of the rest the number.
MOST_NAMED = 20
# Kinds of details.
REST, DIGEST, ENTRIES = "not-named", "sha256", "entries"


@dataclass(frozen=True, slots=True)
class Interaction:
    """What kind of thing was done.

    Args:
        code: of FHIR's restful interactions; empty where the address answers to none.
        action: ``C``, ``R``, ``U``, ``D`` or ``E``.
        operation: its code, without ``$``; empty for none.
    """

    code: str
    action: str
    operation: str = ""


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One interaction as it went.

    Args:
        interaction: what kind of thing.
        status: of the HTTP answer.
        principal: who asked.
        patients: ``Patient/[id]`` of all those about whom something was given or changed.
        given: ``Type/id`` of what was given.
        changed: ``Type/id/_history/version`` of what was written.
        emergency: whether anything was given because of emergency access.
        target: ``Type/id`` that the address names; empty for none.
        query: what was asked: method, path and parameters; empty for none.
        entries: of a batch or transaction, method, address and status each, as JSON.
        digests: sha256 of what was written, by its reference, where the record vouches for it.
        request_id: as in the server's log.
        address: of the client.
    """

    interaction: Interaction
    status: int
    principal: Principal
    patients: Collection[str] = ()
    given: Collection[str] = ()
    changed: Sequence[str] = ()
    emergency: bool = False
    target: str = ""
    query: str = ""
    entries: bytes = b""
    digests: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    request_id: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """What all records of a server have in common.

    Args:
        identifiers: the system of the ids of persons, units and caregivers (HSA-id).
        observer: the server's address.
    """

    identifiers: str
    observer: str


def audit_event(occurrence: Occurrence, id_: str, moment: int, form: Form) -> Json:
    """Give the AuditEvent that tells of an interaction.

    Args:
        occurrence: what happened.
        id_: the logical id of the AuditEvent.
        moment: when, in microseconds since 1970.
        form: what all have in common.
    """
    at = instant_text(moment // 1000 * 1000)
    meta: Json = {"versionId": "1", "lastUpdated": at}
    # The profile is for what is about a patient, and asks for the unit of staff.
    asked = occurrence.principal
    if occurrence.patients and (asked.unit or not asked.person):
        meta["profile"] = [PROFILE]
    event: Json = {
        "resourceType": TYPE,
        "id": id_,
        "meta": meta,
        "type": {"system": EVENT_TYPE, "code": "rest"},
    }
    if subtype := list(_subtype(occurrence.interaction)):
        event["subtype"] = subtype
    event |= {
        "action": occurrence.interaction.action,
        "recorded": at,
        "outcome": outcome(occurrence.status),
        "outcomeDesc": f"HTTP {occurrence.status}",
    }
    if purposes := _purposes(occurrence):
        event["purposeOfEvent"] = [
            {"coding": [{"system": PURPOSES, "code": code}]} for code in purposes
        ]
    event["agent"] = list(_agents(occurrence, form))
    event["source"] = {"observer": {"display": form.observer}, "type": [WEB_SERVER]}
    if entities := list(_entities(occurrence)):
        event["entity"] = entities
    return event


def outcome(status: int) -> str:
    """Give the code of R4's audit-event-outcome for an HTTP status."""
    if status < 400:
        return "0"
    return "4" if status < 500 else "8"


def _subtype(interaction: Interaction) -> Iterator[Json]:
    if interaction.code:
        yield {"system": INTERACTIONS, "code": interaction.code}
    if interaction.operation:
        yield {"system": OPERATIONS, "code": interaction.operation}


def _purposes(occurrence: Occurrence) -> list[str]:
    said = occurrence.principal.purpose
    found = [said] if said else []
    if occurrence.emergency and said not in EMERGENCIES:
        found.append(EMERGENCY)
    return found


def _agents(occurrence: Occurrence, form: Form) -> Iterator[Json]:
    asked = occurrence.principal
    who: Json = {}
    unit = asked.unit
    if unit:
        named = {"identifier": {"system": form.identifiers, "value": unit}}
        extension = {"url": ACTING_UNIT, "valueReference": {"type": "Organization", **named}}
        who["extension"] = [extension]
    who["role"] = [{"text": asked.role}]
    who["who"] = _who(asked, form)
    who["requestor"] = True
    if asked.assignment:
        who["policy"] = [f"{ASSIGNMENT}{asked.assignment}"]
    if occurrence.address:
        who["network"] = {"address": occurrence.address, "type": "2"}
    yield who
    if asked.client and asked.client != asked.id:
        client = {"type": "Device", "identifier": {"value": asked.client}}
        yield {"type": APPLICATION, "who": client, "requestor": False}
    if asked.provider:
        provider = {"system": form.identifiers, "value": asked.provider}
        owner = {"type": "Organization", "identifier": provider}
        yield {"type": CUSTODIAN, "who": owner, "requestor": False}


def _who(asked: Principal, form: Form) -> Json:
    if asked.person:
        person = {"system": form.identifiers, "value": asked.person}
        return {"type": "Practitioner", "identifier": person}
    if (found := reference_in(asked.id)) == asked.id and found:
        return {"reference": found}
    return {"identifier": {"value": asked.id}}


def reference_in(text: str) -> str:
    """Give ``Type/id`` where a text begins with it; else nothing."""
    parts = text.split("/", 2)
    if len(parts) > 1 and parts[0][:1].isupper() and parts[0].isalpha() and is_id(parts[1]):
        return f"{parts[0]}/{parts[1]}"
    return ""


def _entities(occurrence: Occurrence) -> Iterator[Json]:
    for patient in sorted(occurrence.patients):
        yield {"what": {"reference": patient}, "role": PATIENT}
    named: set[str] = set(occurrence.patients)
    for reference in occurrence.changed:
        entity: Json = {"what": {"reference": reference}, "role": RESOURCE}
        digest = occurrence.digests.get(reference)
        if digest:
            entity["detail"] = [{"type": DIGEST, "valueString": digest}]
        yield entity
        named.add(reference.partition("/_history/")[0])
    given = sorted(reference for reference in occurrence.given if reference not in named)
    for reference in given[:MOST_NAMED]:
        yield {"what": {"reference": reference}, "role": RESOURCE}
    if len(given) > MOST_NAMED:
        rest = str(len(given) - MOST_NAMED)
        detail = [{"type": REST, "valueString": rest}]
        yield {"role": RESOURCE, "detail": detail}
    named.update(given)
    if occurrence.target and occurrence.target not in named:
        yield {"what": {"reference": occurrence.target}, "role": RESOURCE}
    if occurrence.query:
        asked = _base64(occurrence.query.encode())
        yield {"role": QUERY, "query": asked}
    if occurrence.request_id or occurrence.entries:
        yield _job(occurrence)


def _job(occurrence: Occurrence) -> Json:
    job: Json = {"role": JOB}
    if occurrence.request_id:
        job["name"] = occurrence.request_id
    if occurrence.entries:
        detail = {"type": ENTRIES, "valueBase64Binary": _base64(occurrence.entries)}
        job["detail"] = [detail]
    return job


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
