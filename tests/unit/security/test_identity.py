"""From claims to a principal: an issuer is believed as far as the file lets it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fhir_server.security.authentication.identity import principal_of
from fhir_server.security.authentication.issuers import Client, Issuer
from fhir_server.security.authentication.local_tokens import principal_for
from fhir_server.security.refusal import Refused
from fhir_server.security.scopes import Scope
from tests.access_tokens import NURSE, UNIT

IDP = Issuer(
    "https://idp", "a", frozenset({"coordinator", "reader", "patient", "guardian"}),
    clients={"sys": Client("sys", "system", UNIT, purpose="TREAT", rights=frozenset({"r1"}))},
)  # fmt: skip


def test_a_nurse_has_unit_assignment_and_purpose() -> None:
    """R117: behörighet follows from uppdrag, vårdenhet and purpose (HSLF-FS 2016:40 4 kap.)."""
    who = principal_of(NURSE, IDP)
    assert (who.id, who.person, who.unit) == (NURSE["employeeHsaId"], who.id, UNIT)
    assert (who.purpose, who.client, who.patient) == ("TREAT", "journal", "")
    assert who.scopes == (Scope("user", "*", "cruds"),)


def test_a_purpose_that_nobody_knows_is_none() -> None:
    assert principal_of({**NURSE, "commissionPurpose": "nyfikenhet"}, IDP).purpose == ""


def test_a_patient_asks_for_themselves() -> None:
    """R117: the patient of the launch is the patient who asks."""
    who = principal_of({"patient": "p1", "scope": "patient/*.rs user/*.rs system/*.rs"}, IDP)
    assert (who.id, who.role, who.patient) == ("Patient/p1", "patient", "Patient/p1")
    assert {scope.context for scope in who.scopes or ()} == {"patient", "user"}


def test_a_guardian_asks_for_wards_and_is_known_by_a_digest() -> None:
    claims = {"sub": "191212121212", "wards": ["p1", "Patient/p2"], "patient": "p2"}
    who = principal_of(claims, IDP)
    assert (who.role, who.wards) == ("guardian", ("Patient/p1", "Patient/p2"))
    assert who.id.startswith("guardian:")
    assert "1912" not in who.id
    with pytest.raises(Refused, match="none of the guardian's wards"):
        principal_of({**claims, "patient": "p3"}, IDP)


def test_a_nurses_launch_has_a_patient_and_does_not_make_her_one() -> None:
    who = principal_of({**NURSE, "patient": "p1", "scope": "patient/*.rs"}, IDP)
    assert (who.role, who.patient) == ("coordinator", "Patient/p1")
    assert who.scopes == (Scope("patient", "*", "rs"),)


def test_scopes_of_another_context_are_left_out() -> None:
    """A person's token with a system scope gives nothing, and a system's with a user scope."""
    assert principal_of({**NURSE, "scope": "system/*.cruds patient/*.r"}, IDP).scopes == ()
    system = {"client_id": "sys", "scope": "user/*.cruds patient/*.r system/Patient.r"}
    assert principal_of(system, IDP).scopes == (Scope("system", "Patient", "r"),)


def test_a_token_without_scopes_allows_nothing_unless_the_file_says_what() -> None:
    silent = {**NURSE, "scope": "openid profile"}
    assert principal_of(silent, IDP).scopes == ()
    generous = replace(IDP, default_scopes="user/*.rs")
    assert principal_of(silent, generous).scopes == (Scope("user", "*", "rs"),)


def test_a_scope_that_can_not_be_read_is_not_replaced_by_the_wider_default() -> None:
    """SMART: a scope narrows; where it is misspelled the token must not be given more."""
    generous = replace(IDP, default_scopes="user/*.cruds")
    for misspelled in ("user/CarePlan.rs?category", "openid user/CarePlan.sr", "user/care.rs"):
        assert principal_of({**NURSE, "scope": misspelled}, generous).scopes == ()
    launched = {**NURSE, "scope": "launch/patient openid"}
    assert principal_of(launched, generous).scopes == (Scope("user", "*", "cruds"),)


def test_a_registered_client_is_who_the_file_says() -> None:
    who = principal_of({"client_id": "sys", "scope": "system/*.rs", "rights": ["r2"]}, IDP)
    assert (who.id, who.role, who.unit, who.purpose) == ("sys", "system", UNIT, "TREAT")
    assert who.rights == {"r1"}
    assert who.person == ""


@pytest.mark.parametrize(
    "claims",
    [
        {"client_id": "sys", "role": "administrator"},
        {"client_id": "sys", "healthcareUnitHsaId": "SE2321000016-9"},
        {"client_id": "sys", "employeeHsaId": "SE2321000016-9"},
        {"client_id": "sys", "patient": "p1"},
        {"client_id": "other", "role": "coordinator"},
        {"client_id": "other"},
        {"client_id": ["sys"]},
        {**NURSE, "role": "administrator"},
        {**NURSE, "role": ""},
        {**NURSE, "rights": "protected-persons"},
        {**NURSE, "patient": "../x"},
        {**NURSE, "patient": "https://other/Patient/1"},
        {"patient": "p1", "role": "guardian"},
        {"wards": ["p1"], "role": "patient", "sub": "x"},
        {"wards": ["p1"]},
        {"wards": [["p1"]], "sub": "x"},
        {"wards": [f"p{n}" for n in range(51)], "sub": "x"},
        {},
    ],
)
def test_a_token_that_says_more_than_it_may_or_too_little_is_refused(
    claims: dict[str, Any],
) -> None:
    with pytest.raises(Refused) as refused:
        principal_of(claims, IDP)
    assert refused.value.status == 401


def test_a_weak_login_is_refused_where_the_file_asks_for_a_strong_one() -> None:
    """R117: strong authentication, by the level that the issuer says the person logged in with."""
    strict = replace(IDP, acr=frozenset({"http://id.sambi.se/loa/loa3"}))
    who = principal_of({**NURSE, "acr": "http://id.sambi.se/loa/loa3"}, strict)
    assert who.person == NURSE["employeeHsaId"]
    for weak in (None, "http://id.sambi.se/loa/loa2", ["http://id.sambi.se/loa/loa3"]):
        with pytest.raises(Refused) as refused:
            principal_of({**NURSE, "acr": weak}, strict)
        assert "insufficient_user_authentication" in refused.value.challenge
    assert principal_of({"client_id": "sys"}, strict).role == "system"


def test_staff_without_an_assignment_are_refused_where_the_file_asks_for_one() -> None:
    """R117: the medarbetaruppdrag is chosen at login."""
    strict = replace(IDP, assignment_required=True)
    assert principal_of(NURSE, strict).assignment
    with pytest.raises(Refused, match="medarbetaruppdrag"):
        principal_of({**NURSE, "commissionHsaId": ""}, strict)
    assert principal_of({"patient": "p1"}, strict).role == "patient"


def test_roles_may_have_other_names_and_a_default() -> None:
    named = replace(IDP, role_names={"Samordnare": "coordinator"}, default_role="reader")
    assert principal_of({**NURSE, "role": "Samordnare"}, named).role == "coordinator"
    assert principal_of({**NURSE, "role": ["Samordnare"]}, named).role == "coordinator"
    assert principal_of({**NURSE, "role": ""}, named).role == "reader"


@pytest.mark.parametrize("role", ["open", "anonymous"])
def test_no_token_has_the_role_of_an_open_server(role: str) -> None:
    """R117: not even a local token makes anybody one whom nothing is kept from."""
    for claims in ({"role": role, "client_id": "x"}, {"role": role, "person": "SE1"}):
        with pytest.raises(Refused):
            principal_for(claims)
