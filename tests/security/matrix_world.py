"""The world of the access matrix: one person for each way a unit can stand to them, one record each.

Every resource holds a mark of its own, ``MARK-[kind]-[relation]``, so that an answer shows whatever
of it came out, by whatever route.

    relation     the record's unit      how it stands, seen from the viewer's unit (hc)
    own          hc                     the viewer's own unit
    below        hc-lab (part of hc)    a unit that is part of it
    related      psyk, same region      care relation
    unrelated    psyk, same region      no care relation
    inner        psyk, same region      care relation, and an inner spärr at psyk
    consented    hemsjukvard, kommun    care relation, and consent to sammanhållen dokumentation
    unconsented  hemsjukvard, kommun    care relation alone
    outer        hemsjukvard, kommun    care relation and consent, and an outer spärr at the kommun
    emergency    hemsjukvard, kommun    no consent, an outer spärr, and emergency access
    shared       hemsjukvard, kommun    consent to a SIP that hc takes part in
    sent         hemsjukvard, kommun    nothing but that it was sent to hc
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from flask import Flask

from fhir_server.fhir import json
from fhir_server.fhir.outcome import FhirError
from fhir_server.interactions.context import Context
from fhir_server.interactions.dispatch import carry_out
from fhir_server.interactions.entries import Entry, read_entries
from fhir_server.interactions.update import update
from fhir_server.security.gate import Gate
from fhir_server.security.organizations import Units
from fhir_server.security.patient_state import PatientState, PatientStates, Viewer
from fhir_server.security.principal import Principal
from fhir_server.security.rights import Rules
from fhir_server.security.roles import Roles
from fhir_server.security.trace import Trace
from fhir_server.storage.snapshot import Snapshot
from fhir_server.sweden import codes
from tests.security.worlds import HSA, ORGANIZATIONS, World, hsa, organization, staff

OWNERS = {
    "own": "hc",
    "below": "hc-lab",
    "related": "psyk",
    "unrelated": "psyk",
    "inner": "psyk",
    "consented": "hemsjukvard",
    "unconsented": "hemsjukvard",
    "outer": "hemsjukvard",
    "emergency": "hemsjukvard",
    "shared": "hemsjukvard",
    "sent": "hemsjukvard",
}
RELATIONS = tuple(OWNERS)
# Of these there is one for each relation; of the others one at all.
KINDS = {
    "encounter": "Encounter",
    "observation": "Observation",
    "hidden": "Observation",
    "noted": "CareTeam",
    "named-contact": "CareTeam",
    "care-plan": "CarePlan",
    "task": "Task",
    "consent": "Consent",
    "composition": "Composition",
    "list": "List",
    "bundle": "Bundle",
    "binary": "Binary",
    "document-reference": "DocumentReference",
    "patient": "Patient",
    "two-persons": "Appointment",
    "without-owner": "Observation",
}
SINGLE = {
    "protected-patient": "Patient",
    "practitioner": "Practitioner",
    "protected-practitioner": "Practitioner",
    "organization": "Organization",
    "definition": "ValueSet",
    "audit": "AuditEvent",
}
ALL_KINDS = {**KINDS, **SINGLE}
NONE = "none"
SECURITY = "http://hl7.se/fhir/ig/base/CodeSystem/SecurityLabel"
PROTECTED = {"security": [{"system": SECURITY, "code": "sekretessmarkering"}]}
NOPATIENT = {
    "security": [
        {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "NOPATIENT"}
    ]
}
LOADER = "loader"
# What a Binary holds is not to be read as it stands.
_DATA = re.compile(rb'"data":"([^"]+)"')


def mark(kind: str, relation: str) -> str:
    """Give the word that only one resource holds."""
    return f"Mark{kind}{relation}".replace("-", "")


def secret(kind: str, relation: str) -> str:
    """Give the word in the part of a resource that not all who see it may see."""
    return f"Secret{kind}{relation}".replace("-", "")


class States(PatientStates):
    """How it stands with the persons of the matrix, as a table: what the law says of it is tested
    with real Consents elsewhere (tests/security/test_consent…)."""

    def of(
        self,
        snapshot: Snapshot,
        persons: Sequence[str],
        viewer: Viewer,
        units: Units,
        now: datetime,
    ) -> dict[str, PatientState]:
        return {person: self._of(person.removeprefix("Patient/"), viewer) for person in persons}

    def asked_for(self, snapshot: Snapshot, principal: Principal, now: datetime) -> tuple[str, ...]:
        own = (principal.patient,) if principal.role == "patient" else ()
        return (*own, *principal.wards)

    def _of(self, person: str, viewer: Viewer) -> PatientState:
        kommun, psyk = frozenset({"Organization/kommun"}), frozenset({"Organization/psyk"})
        match person:
            case "related" | "two":
                return PatientState(same_provider=True)
            case "inner":
                return PatientState(same_provider=True, blocked_units=psyk)
            case "consented":
                return PatientState(same_provider=True, other_providers=True)
            case "unconsented":
                return PatientState(same_provider=True)
            case "outer":
                return PatientState(
                    same_provider=True, other_providers=True, blocked_providers=kommun
                )
            case "emergency" if viewer.provider:
                return PatientState(same_provider=True, other_providers=True, emergency=True)
            case "shared" if viewer.provider:
                return PatientState(shared=True)
        return PatientState()


PRINCIPALS: dict[str, Principal] = {
    "open": Principal("local"),
    "reader": staff("hc", "reader"),
    "coordinator": staff("hc", "coordinator"),
    "sip-coordinator": staff("hc", "sip-coordinator"),
    "manager": staff("hc", "manager"),
    "no-purpose": replace(staff("hc", "coordinator"), purpose="HRESCH"),
    "system-unit": Principal("s1", role="system", unit=hsa("hc")),
    "system-provider": Principal("s2", role="system", unit=hsa("region")),
    "national-service": Principal("npo", role="national-service"),
    "analyst": Principal("analyst", role="analyst"),
    "administrator": Principal("admin", role="administrator"),
    "patient": Principal("Patient/own", role="patient", patient="Patient/own"),
    "guardian": Principal("Patient/adult", role="guardian", wards=("Patient/own",)),
    "unknown": Principal("x", role="no-such-role", unit=hsa("hc"), purpose="TREAT"),
}


@dataclass(frozen=True)
class Told:
    """What somebody was answered.

    Args:
        status: of HTTP.
        text: everything said: body, issues, ETag and Location.
    """

    status: int
    text: str
    body: Any = None


class MatrixWorld(World):
    """The stored world, and requests to it."""

    def __init__(self, app: Flask, *, fill: bool = True) -> None:
        super().__init__(app)
        known = self.parts.gate
        rules = replace(known._rules, states=States(), roles=_with_loader(known._rules))
        self.gate = Gate(self.parts.store, rules, known._masks, known._recorder._terms)
        self.ids: dict[tuple[str, str], str] = {}
        self.turn = 0
        if fill:
            self.fill()

    def context(self, principal: Principal = PRINCIPALS["open"]) -> Context:
        return Context(self.parts.server, self.gate.open(principal, Trace()), self.base)

    def ask(
        self, who: Principal | Context, method: str, url: str, resource: Any = None, **more: str
    ) -> Told:
        """Make one request, as an entry of a batch is one.

        Args:
            who: asks.
            method: of HTTP.
            url: relative to the base.
            resource: the body.
            more: ``ifMatch`` and its like.
        """
        context = who if isinstance(who, Context) else self.context(who)
        entry: dict[str, Any] = {"request": {"method": method, "url": url, **more}}
        if resource is not None:
            entry["resource"] = resource
        return told(context, entry)

    def tell(self, who: Principal, method: str, url: str, resource: Any = None) -> Told:
        """Make a request that must be carried out."""
        told = self.ask(who, method, url, resource)
        assert told.status < 300, (method, url, told.text)
        return told

    def reference(self, kind: str, relation: str) -> str:
        """Give ``Type/id`` of a resource of the matrix."""
        return f"{ALL_KINDS[kind]}/{self.ids[kind, relation]}"

    def writer(self, unit: str) -> Principal:
        """Give a system that writes for a unit, what says nothing of its unit."""
        return Principal(f"w-{unit}", role=LOADER, unit=hsa(unit), purpose="TREAT")

    def fill(self) -> None:
        phone = {"telecom": [{"system": "phone", "value": "063-000 00 00"}]}
        self.put(*(organization(each) | phone for each in ORGANIZATIONS))
        self.put(*(each for unit in ORGANIZATIONS for each in _staff(unit)))
        self.put({"resourceType": "Patient", "id": "adult", "name": [{"family": "Vuxen"}]})
        self.put({"resourceType": "Patient", "id": "two", "name": [{"family": "Två"}]})
        for relation in RELATIONS:
            self.put(_patient(relation))
            self.ids["patient", relation] = relation
        for kind in SINGLE:
            made = single(kind)
            self.put(made)
            self.ids[kind, NONE] = made["id"]
        for relation, unit in OWNERS.items():
            for kind in KINDS:
                if kind != "patient":
                    self._store(kind, relation, unit)
        for (kind, relation), id_ in list(self.ids.items()):
            pointer = _pointer(kind, relation, f"{ALL_KINDS[kind]}/{id_}")
            self.put(pointer)
            self.ids[f"pointer-{kind}", relation] = pointer["id"]

    def _store(self, kind: str, relation: str, unit: str) -> None:
        resource = {**record(kind, relation, unit), "id": f"{kind}-{relation}"}
        nobody = kind == "without-owner"
        context = self.context(PRINCIPALS["open"] if nobody else self.writer(unit))
        self.ids[kind, relation] = resource["id"]
        # Two versions: the first is what a history could give away.
        for language in ({}, {"language": "sv"}):
            update(context, resource["resourceType"], resource["id"], {**resource, **language})


def _with_loader(rules: Rules) -> Roles:
    """Give the roles, and one of a system that chooses ids: the same in several databases."""
    roles = rules.roles
    loader = replace(roles.by_name["system"], name=LOADER, chooses_ids=True)
    return replace(roles, by_name={**roles.by_name, LOADER: loader})


def told(context: Context, entry: Mapping[str, Any]) -> Told:
    """Carry out an entry and give all that is said."""
    read = read_entries(context, {"entry": [entry]})[0]
    if not isinstance(read, Entry):
        return _failed(read)
    try:
        answer = carry_out(context, read)
    except FhirError as error:
        return _failed(error)
    parts = [str(answer.status), answer.location or "", *(i.text for i in answer.issues)]
    if answer.stored is not None:
        parts.append(f'W/"{answer.stored.version}"')
    content = answer.content or b""
    parts += decoded(content)
    body = json.parse(content) if content and not answer.media_type else None
    return Told(answer.status, "\n".join([*parts, content.decode("utf-8", "replace")]), body)


def decoded(content: bytes) -> list[str]:
    """Give what the Binaries in an answer hold."""
    return [base64.b64decode(each).decode("utf-8", "replace") for each in _DATA.findall(content)]


def _failed(error: FhirError) -> Told:
    said = [f"{i.severity} {i.code} {i.text} {i.expression} {i.diagnostics}" for i in error.issues]
    return Told(error.status, "\n".join([str(error.status), *said]))


def _pointer(kind: str, relation: str, reference: str) -> dict[str, Any]:
    """Give a document of hc about the person "own" that refers to a resource."""
    return {
        "resourceType": "DocumentReference",
        "id": f"pointer-{kind}-{relation}",
        "status": "current",
        "subject": {"reference": "Patient/own"},
        "custodian": {"reference": "Organization/hc"},
        "content": [{"attachment": {"title": "x"}}],
        "context": {"related": [{"reference": reference}]},
    }


def _patient(relation: str) -> dict[str, Any]:
    return {
        "resourceType": "Patient",
        "id": relation,
        "identifier": [{"system": "urn:example:number", "value": f"n-{relation}"}],
        "name": [{"family": mark("patient", relation)}],
        "managingOrganization": {"reference": f"Organization/{OWNERS[relation]}"},
    }


def single(kind: str) -> dict[str, Any]:
    """Give a resource that is about no person's care, or a protected person's."""
    base: dict[str, Any] = {"resourceType": SINGLE[kind], "id": f"x-{kind}"}
    said, kept = mark(kind, NONE), secret(kind, NONE)
    match kind:
        case "protected-patient":
            return {
                **base,
                "meta": PROTECTED,
                "identifier": [{"system": "urn:example:number", "value": "n-protected"}],
                "birthDate": "1980-01-01",
                "name": [{"family": said}],
                "address": [{"city": kept}],
                "telecom": [{"system": "phone", "value": kept}],
                "managingOrganization": {"reference": "Organization/psyk"},
                "generalPractitioner": [{"reference": "Organization/hemsjukvard"}],
            }
        case "practitioner":
            return {**base, "name": [{"family": said}]}
        case "protected-practitioner":
            return {
                **base,
                "meta": PROTECTED,
                "name": [{"family": kept}],
                "identifier": [{"system": HSA, "value": "SE2321000131-P000000000001"}],
                "qualification": [{"code": {"text": said}}],
                "telecom": [{"system": "phone", "value": kept}],
            }
        case "organization":
            return {**base, "name": said}
        case "definition":
            return {
                **base,
                "url": "http://example.org/vs/x",
                "status": "active",
                "title": said,
                "compose": {"include": [{"system": "http://example.org/cs"}]},
            }
        case "audit":
            return {
                **base,
                "type": {"code": "rest"},
                "recorded": "2026-01-01T00:00:00Z",
                "outcomeDesc": said,
                "agent": [{"requestor": True, "name": "x"}],
                "source": {"observer": {"display": "x"}},
            }
    raise KeyError(kind)


def record(kind: str, relation: str, unit: str) -> dict[str, Any]:  # noqa: C901, PLR0911
    """Give what a unit keeps of a person; it says whose it is where its type can."""
    said = mark(kind, relation)
    person = {"reference": f"Patient/{relation}"}
    owner = {"reference": f"Organization/{unit}"}
    ours = {"reference": "Organization/hc"}
    sent = relation in ("sent", "shared")
    base: dict[str, Any] = {"resourceType": KINDS[kind]}
    match kind:
        case "encounter":
            moment = {"valueDateTime": "2026-11-01T10:00:00+01:00"}
            expected = {
                "url": codes.EXPECTED_DISCHARGE,
                "extension": [
                    {"url": "time", "valueDateTime": "2026-12-24T10:00:00+01:00"},
                    {"url": "recorded", **moment},
                ],
            }
            notice = {
                "url": codes.ADMISSION_NOTICE_SENT,
                "extension": [
                    {"url": "at", **moment},
                    {"url": "by", "valueReference": owner},
                    {"url": "to", "valueReference": ours},
                ],
            }
            return {
                **base,
                **({"extension": [expected, notice]} if sent else {}),
                "status": "in-progress",
                "class": {
                    "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
                    "code": "IMP",
                },
                "period": {"start": "2026-11-01T09:00:00+01:00"},
                "subject": person,
                "serviceProvider": owner,
                "reasonCode": [{"text": said}],
            }
        case "observation" | "hidden" | "without-owner":
            return {
                **base,
                **({"meta": NOPATIENT} if kind == "hidden" else {}),
                "status": "final",
                "code": {"text": said},
                "subject": person,
            }
        case "noted":
            note = {"url": codes.INTERNAL_NOTE, "valueAnnotation": _note(kind, relation)}
            return {
                **base,
                "extension": [note],
                "status": "active",
                "name": said,
                "subject": person,
                "managingOrganization": [owner],
                **({"participant": [{"member": ours}]} if sent else {}),
            }
        case "named-contact":
            return _named_contact(unit) | {"name": said, "subject": person}
        case "care-plan":
            return {
                **base,
                "status": "active",
                "intent": "plan",
                "title": said,
                "subject": person,
                "author": owner,
                **({"contributor": [ours]} if sent else {}),
            }
        case "task":
            return {
                **base,
                "status": "requested",
                "intent": "order",
                "description": said,
                "for": person,
                "requester": owner,
                **({"owner": ours} if sent else {}),
            }
        case "consent":
            return {
                **base,
                "status": "active",
                "scope": {"text": "test"},
                "category": [{"text": said}],
                "patient": person,
                "organization": [owner],
                "policyRule": {"text": "test"},
                **(
                    {"provision": {"actor": [{"role": {"text": "x"}, "reference": ours}]}}
                    if sent
                    else {}
                ),
            }
        case "composition":
            return {
                **base,
                "status": "final",
                "type": {"text": "x"},
                "date": "2026-01-01",
                "author": [owner],
                "custodian": owner,
                "subject": person,
                "title": said,
            }
        case "list":
            return {
                **base,
                "status": "current",
                "mode": "working",
                "title": said,
                "subject": person,
            }
        case "bundle":
            inner = {
                "resourceType": "Observation",
                "status": "final",
                "code": {"text": said},
                "subject": person,
            }
            return {
                **base,
                "type": "collection",
                "entry": [{"fullUrl": "urn:uuid:" + _uuid(relation), "resource": inner}],
            }
        case "binary":
            return {
                **base,
                "contentType": "text/plain",
                "securityContext": person,
                "data": base64.b64encode(said.encode()).decode(),
            }
        case "document-reference":
            return {
                **base,
                "status": "current",
                "description": said,
                "subject": person,
                "custodian": owner,
                "content": [{"attachment": {"title": said, "contentType": "text/plain"}}],
            }
        case "two-persons":
            return {
                **base,
                "status": "booked",
                "start": "2026-12-01T09:00:00Z",
                "end": "2026-12-01T10:00:00Z",
                "description": said,
                "participant": [
                    {"actor": person, "status": "accepted"},
                    {"actor": {"reference": "Patient/two"}, "status": "accepted"},
                ],
            }
    raise KeyError(kind)


def _named_contact(unit: str) -> dict[str, Any]:
    kind = {"system": codes.CONTACT_TYPE_SYSTEMS[0], "code": "1"}
    contact = {"reference": f"PractitionerRole/role-{unit}"}
    appointed = [
        {"url": "by", "valueReference": contact},
        {"url": "at", "valueDateTime": "2026-10-01T09:00:00+01:00"},
    ]
    participant: dict[str, Any] = {"role": [{"coding": [kind]}], "member": contact}
    return {
        "resourceType": "CareTeam",
        "extension": [{"url": codes.APPOINTED_BY, "extension": appointed}],
        "status": "active",
        "category": [
            {"coding": [{"system": codes.CARE_TEAM_CATEGORY, "code": codes.FAST_KONTAKT}]}
        ],
        "period": {"start": "2026-10-01T09:00:00+01:00"},
        "participant": [participant],
        "managingOrganization": [{"reference": f"Organization/{unit}"}],
    }


def _staff(unit: str) -> list[dict[str, Any]]:
    return [
        {
            "resourceType": "Practitioner",
            "id": f"person-{unit}",
            "name": [{"family": "Test", "given": ["Eva"]}],
        },
        {
            "resourceType": "PractitionerRole",
            "id": f"role-{unit}",
            "active": True,
            "practitioner": {"reference": f"Practitioner/person-{unit}"},
            "organization": {"reference": f"Organization/{unit}"},
            "telecom": [{"system": "phone", "value": "063-000 00 01"}],
        },
    ]


def _note(kind: str, relation: str) -> dict[str, Any]:
    return {"text": secret(kind, relation), "authorReference": {"reference": "Organization/psyk"}}


def _uuid(relation: str) -> str:
    import uuid

    return str(uuid.uuid5(uuid.NAMESPACE_DNS, relation))
