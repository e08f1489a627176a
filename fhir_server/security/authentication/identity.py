"""From the claims of a verified token to a principal, as far as its issuer is believed.

Who a system client is stands in the file of issuers. A token says who a person is, but only roles
and rights that the file lets its issuer give. What goes further is refused and not left out: a
token that says more than it may is a mistake that somebody should hear of.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from fhir_server.security.authentication.issuers import RESERVED_ROLES, Client, Issuer
from fhir_server.security.principal import Principal
from fhir_server.security.refusal import invalid_token, weak_login
from fhir_server.security.scopes import Scopes, parse

Claims = Mapping[str, Any]

PATIENT, GUARDIAN = "patient", "guardian"
_HSA_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
_RESOURCE_ID = re.compile(r"(?:Patient/)?([A-Za-z0-9.-]{1,64})")
_CODE = re.compile(r"[A-Z]{3,12}")
_OF_SMART = re.compile(r"(?:^| )(?:patient|user|system)/")
_WORD = re.compile(r"[\x21-\x7e]{1,200}")
MAX_WARDS = 50


def principal_of(claims: Claims, issuer: Issuer) -> Principal:
    """Give the principal that a token stands for.

    Args:
        claims: of a token that is verified.
        issuer: its issuer.

    Raises:
        Refused: 401, the token says of somebody what its issuer may not, or too little.
    """
    client_id = _client_id(claims)
    client = issuer.clients.get(client_id)
    if client is None and issuer.systems_by_claim:
        client = _claimed(claims, issuer, client_id)
    if client is not None:
        return _system(claims, issuer, client)
    return _person(claims, issuer, client_id)


def _client_id(claims: Claims) -> str:
    for name in ("client_id", "azp"):
        if name in claims:
            return _text(claims, name, _WORD)
    return ""


def _claimed(claims: Claims, issuer: Issuer, client_id: str) -> Client | None:
    """Give the system client that a token describes; None where it is about a person."""
    names = issuer.claims
    if not client_id or any(claims.get(n) for n in (names.person, names.patient, names.wards)):
        return None
    role = _role_name(claims, issuer)
    if not role or role in (*RESERVED_ROLES, PATIENT, GUARDIAN):
        return None
    unit, provider = (_text(claims, name, _HSA_ID) for name in (names.unit, names.provider))
    return Client(client_id, role, unit, provider, _rights(claims, issuer))


def _system(claims: Claims, issuer: Issuer, client: Client) -> Principal:
    names = issuer.claims
    said = {
        client.role: _role_name(claims, issuer),
        client.unit: _text(claims, names.unit, _HSA_ID),
        client.provider: _text(claims, names.provider, _HSA_ID),
    }
    if any(claim and claim != registered for registered, claim in said.items()):
        raise invalid_token(
            "The access token gives this client another role or unit than it is registered with."
        )
    if _text(claims, names.person, _HSA_ID) or claims.get(names.patient):
        raise invalid_token("This client is registered as a system; it can not stand for a person.")
    return Principal(
        id=client.id,
        role=client.role,
        client=client.id,
        provider=client.provider,
        unit=client.unit,
        purpose=client.purpose,
        rights=client.rights,
        scopes=_scopes(claims, issuer, {"system"}),
        token=_token_id(claims),
    )


def _person(claims: Claims, issuer: Issuer, client_id: str) -> Principal:
    names = issuer.claims
    if issuer.acr and not (isinstance(claims.get("acr"), str) and claims["acr"] in issuer.acr):
        raise weak_login()
    person = _text(claims, names.person, _HSA_ID).upper()
    patient = _patient(claims, names.patient)
    wards = _wards(claims, names.wards)
    role = _role(claims, issuer, person=person, patient=patient, wards=wards)
    if role == GUARDIAN:
        # What the launch says to look at is one of the wards; a guardian is nobody's patient here.
        if patient and patient not in wards:
            raise invalid_token("The patient of the launch is none of the guardian's wards.")
    elif wards:
        raise invalid_token("Only a guardian has wards.")
    assignment = _text(claims, names.assignment, _HSA_ID).upper()
    if person and issuer.assignment_required and not assignment:
        raise invalid_token("No medarbetaruppdrag was chosen at login; choose one.", code="login")
    itself = person or (patient if role == PATIENT else f"guardian:{_subject(claims)}")
    return Principal(
        id=itself,
        role=role,
        client=client_id,
        person=person,
        provider=_text(claims, names.provider, _HSA_ID).upper(),
        unit=_text(claims, names.unit, _HSA_ID).upper(),
        assignment=assignment,
        purpose=_purpose(claims, issuer),
        patient=patient,
        wards=wards,
        rights=_rights(claims, issuer),
        scopes=_scopes(claims, issuer, {"user", "patient"} if patient else {"user"}),
        token=_token_id(claims),
    )


def _role(
    claims: Claims, issuer: Issuer, *, person: str, patient: str, wards: tuple[str, ...]
) -> str:
    role = _role_name(claims, issuer)
    if not role:
        if person:
            role = issuer.default_role
        elif wards:
            role = GUARDIAN
        elif patient:
            role = PATIENT
    if not role:
        raise invalid_token(
            "The access token names neither a person with a role, nor a patient, nor a client that "
            "is registered here."
        )
    if role in RESERVED_ROLES or (issuer.roles is not None and role not in issuer.roles):
        raise invalid_token("The issuer of the access token may not give this role.")
    if role == PATIENT and (person or not patient):
        raise invalid_token("The role patient needs a patient and no member of staff.")
    if role == GUARDIAN and (person or not wards):
        raise invalid_token("The role guardian needs wards and no member of staff.")
    if role not in (PATIENT, GUARDIAN) and not person:
        raise invalid_token("The access token does not say which person has the role.")
    return role


def _role_name(claims: Claims, issuer: Issuer) -> str:
    said = claims.get(issuer.claims.role, "")
    # Some issuers write a list; which of several to act as is not for this server to choose.
    if isinstance(said, list):
        said = said[0] if len(said) == 1 else None if said else ""
    if not isinstance(said, str) or len(said) > 200:
        raise invalid_token("The role in the access token must be one text.")
    return issuer.role_names.get(said, said)


def _text(claims: Claims, name: str, form: re.Pattern[str]) -> str:
    said = claims.get(name)
    if said is None or said == "":
        return ""
    if not isinstance(said, str) or not form.fullmatch(said):
        raise invalid_token(f"The claim {name} of the access token can not be used.")
    return said


def _patient(claims: Claims, name: str) -> str:
    said = _text(claims, name, _RESOURCE_ID)
    return f"Patient/{said.removeprefix('Patient/')}" if said else ""


def _wards(claims: Claims, name: str) -> tuple[str, ...]:
    said = claims.get(name) or []
    listed = said.split() if isinstance(said, str) else said
    if not isinstance(listed, list) or len(listed) > MAX_WARDS:
        raise invalid_token(f"The claim {name} of the access token can not be used.")
    found = [_patient({name: each}, name) for each in listed]
    return tuple(dict.fromkeys(ward for ward in found if ward))


def _purpose(claims: Claims, issuer: Issuer) -> str:
    said = claims.get(issuer.claims.purpose, "")
    if not isinstance(said, str):
        raise invalid_token("The purpose in the access token must be one text.")
    found = issuer.purposes.get(said, said)
    # A purpose that nobody knows here is no purpose: it gives nothing.
    return found if _CODE.fullmatch(found) else ""


def _rights(claims: Claims, issuer: Issuer) -> frozenset[str]:
    said = claims.get(issuer.claims.rights) or []
    listed = said.split() if isinstance(said, str) else said
    if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
        raise invalid_token("The rights in the access token can not be read.")
    if issuer.rights is not None and not issuer.rights.issuperset(listed):
        raise invalid_token("The issuer of the access token may not give these rights.")
    return frozenset(listed)


def _scopes(claims: Claims, issuer: Issuer, contexts: set[str]) -> Scopes:
    said = claims.get("scope", claims.get("scp", ""))
    text = " ".join(map(str, said)) if isinstance(said, list) else said
    if not isinstance(text, str):
        raise invalid_token("The scopes in the access token can not be read.")
    # One of SMART's that can't be read allows nothing: it is not as if there were none.
    found = parse(text if _OF_SMART.search(text) else issuer.default_scopes)
    # A person's token with a system scope does not make a system of the person, nor the reverse.
    return tuple(scope for scope in found if scope.context in contexts)


def _token_id(claims: Claims) -> str:
    said = claims.get("jti", "")
    return said if isinstance(said, str) and len(said) <= 200 else ""


def _subject(claims: Claims) -> str:
    """Stand for a guardian in logs: who that is may be a personal identity number, so a digest."""
    import hashlib

    said = claims.get("sub")
    if not isinstance(said, str) or not said:
        raise invalid_token("The access token does not say who asks (sub).")
    return hashlib.sha256(f"{claims.get('iss')} {said}".encode()).hexdigest()[:32]
