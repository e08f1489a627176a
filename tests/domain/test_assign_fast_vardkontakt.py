"""$assign-fast-vardkontakt over the whole application: what it stores and whom it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from fhir_server.interactions.context import Server
from fhir_server.sweden import codes
from tests.domain.clinic import (
    LATER,
    PHONE,
    Clinic,
    Json,
    advice,
    category,
    certificate,
    code,
    days,
    extension,
    parameters,
    reference,
    refusals,
    refused_by,
    result,
    string,
)

ROLE = {"name": "practitionerRole", **reference("PractitionerRole/x")}


def test_one_call_makes_one_assignment_in_ineras_shape(clinic: Clinic) -> None:
    """R1, R3, R5, R31: one CareTeam, one participant, the unit from the person's role."""
    patient, unit = clinic.patient(), clinic.unit()
    nurse = clinic.nurse(unit)
    before = clinic.count("CareTeam")
    response = clinic.assign(patient, nurse)
    care_team = result(response)
    assert clinic.count("CareTeam") == [before[0] + 1]
    assert response.headers["Location"].endswith(f"CareTeam/{care_team['id']}/_history/1")
    assert clinic.read(f"CareTeam/{care_team['id']}") == care_team
    assert care_team.pop("meta")["profile"] == [codes.structure("fast-kontakt-careteam")]
    care_team.pop("id")
    assert care_team == {
        "resourceType": "CareTeam",
        "status": "active",
        "category": [category(codes.CARE_TEAM_CATEGORY, "fast-kontakt")],
        "subject": {"reference": patient},
        "period": {"start": days(0)},
        "participant": [
            {
                "role": [
                    {
                        "coding": [
                            {
                                "system": codes.CONTACT_TYPE,
                                "code": "1",
                                "display": "fast vårdkontakt",
                            }
                        ]
                    }
                ],
                "member": {"reference": nurse},
            }
        ],
        "managingOrganization": [{"reference": unit}],
    }
    assert advice(response) == []


def test_what_the_call_says_lands_in_the_care_team(clinic: Clinic, app_server: Server) -> None:
    """R2-R4, R10, R15, R40, R43, R60, R114: every optional parameter has its element."""
    patient, chief, nurse = clinic.patient(), clinic.nurse(), clinic.nurse()
    stay = clinic.put(
        {
            "resourceType": "Encounter",
            "status": "in-progress",
            "class": {"code": "IMP"},
            "subject": {"reference": patient},
        }
    )
    condition = clinic.put({"resourceType": "Condition", "subject": {"reference": patient}})
    team = clinic.put({"resourceType": "CareTeam", "status": "active", "telecom": [PHONE]})
    needs = [
        category(codes.code_system("appointment-grounds"), "trygghet"),
        {"text": "Bor ensam"},
    ]
    direct = [{"system": "phone", "value": "063-1", "rank": 1}, {"system": "email", "value": "a@b"}]
    response = clinic.assign(
        patient,
        nurse,
        basis=code("utskrivning"),
        reason=[{"valueCodeableConcept": need} for need in needs],
        reasonReference=reference(condition),
        appointedBy=reference(chief),
        encounter=reference(stay),
        period={"valuePeriod": {"start": "2026-01-02", "end": LATER}},
        telecom=[{"valueContactPoint": each} for each in direct],
        viaTeam=reference(team),
        note=string("Ring i första hand före tio."),
    )
    care_team = result(response)
    assert advice(response) == []
    basis = extension(care_team, codes.APPOINTMENT_BASIS)["valueCodeableConcept"]
    assert basis == category(codes.APPOINTMENT_BASIS_SYSTEM, "utskrivning")
    appointed = extension(care_team, codes.structure("appointed-by"))["extension"]
    assert {part["url"]: part for part in appointed} == {
        "by": {"url": "by", **reference(chief)},
        "at": {"url": "at", "valueDateTime": days(0)},
    }
    assert care_team["reasonCode"] == needs
    assert care_team["reasonReference"] == [{"reference": condition}]
    assert care_team["encounter"] == {"reference": stay}
    assert care_team["period"] == {"start": "2026-01-02", "end": LATER}
    assert care_team["telecom"] == direct
    via = extension(care_team["participant"][0], codes.CONTACT_VIA_TEAM)
    assert via["valueReference"] == {"reference": team}
    assert care_team["note"] == [{"text": "Ring i första hand före tio."}]
    assert [i for i in app_server.validator.validate(care_team) if i.severity == "error"] == []


@pytest.mark.parametrize("kind", ["1", "2", "3", "4"])
def test_every_type_of_contact_can_be_assigned(
    clinic: Clinic, app_server: Server, kind: str
) -> None:
    """R32, R34, R38: the four national codes, each with one who may hold it."""
    home_care = clinic.unit(codes.KOMMUN)
    who = {
        "1": clinic.nurse,
        "2": clinic.physician,
        "3": lambda: clinic.person(certificate(), unit=home_care),
        "4": clinic.nurse,
    }
    care_team = result(clinic.assign(clinic.patient(), who[kind](), kind))
    [coding] = care_team["participant"][0]["role"][0]["coding"]
    assert (coding["system"], coding["code"]) == (codes.CONTACT_TYPE, kind)
    assert [i for i in app_server.validator.validate(care_team) if i.severity == "error"] == []


def test_type_1_is_assigned_when_no_type_is_given(clinic: Clinic) -> None:
    """R1: an ordinary fast vårdkontakt."""
    body = parameters(practitionerRole=reference(clinic.nurse()))
    response = clinic.fhir.post(f"{clinic.patient()}/$assign-fast-vardkontakt", body)
    assert result(response)["participant"][0]["role"][0]["coding"][0]["code"] == "1"


def test_at_care_team_the_patient_is_a_parameter(clinic: Clinic) -> None:
    """The operation at type level."""
    patient = clinic.patient()
    body = parameters(patient=reference(patient), practitionerRole=reference(clinic.nurse()))
    response = clinic.fhir.post("CareTeam/$assign-fast-vardkontakt", body)
    assert result(response)["subject"] == {"reference": patient}
    again = clinic.fhir.post("CareTeam/%24assign-fast-vardkontakt", body)
    refused_by(again, "PL-6-2", "CareTeam")


# name of the test, parameters of the call, code and expression of the refusal
WRONG: dict[str, tuple[list[Json], str, str]] = {
    "unknown": ([ROLE, {"name": "foo", **code("1")}], "invalid", "Parameters.parameter[1]"),
    "of a wrong type": (
        [{"name": "practitionerRole", **string("PractitionerRole/x")}],
        "value",
        "Parameters.parameter[0]",
    ),
    "a resource": (
        [{"name": "practitionerRole", "resource": {"resourceType": "PractitionerRole"}}],
        "value",
        "Parameters.parameter[0]",
    ),
    "missing": ([{"name": "type", **code("1")}], "required", "Parameters.parameter"),
    "repeated": ([ROLE, ROLE], "invalid", "Parameters.parameter"),
    "type 9": ([ROLE, {"name": "type", **code("9")}], "code-invalid", "Parameters.parameter[1]"),
    "type in words": (
        [ROLE, {"name": "type", **code("fast")}],
        "code-invalid",
        "Parameters.parameter[1]",
    ),
    "an unknown basis": (
        [ROLE, {"name": "basis", **code("nonsense")}],
        "code-invalid",
        "Parameters.parameter[1]",
    ),
    "a basis in capitals": (
        [ROLE, {"name": "basis", **code("LIVSHOTANDE")}],
        "code-invalid",
        "Parameters.parameter[1]",
    ),
    "the patient twice": (
        [ROLE, {"name": "patient", **reference("Patient/x")}],
        "invalid",
        "Parameters.parameter[1]",
    ),
}


@pytest.mark.parametrize("case", sorted(WRONG))
def test_a_wrong_parameter_is_named(clinic: Clinic, case: str) -> None:
    """The OperationDefinition decides; each problem says which parameter it is."""
    given, kind, expression = WRONG[case]
    body = {"resourceType": "Parameters", "parameter": given}
    with clinic.nothing_stored():
        response = clinic.fhir.post(f"{clinic.patient()}/$assign-fast-vardkontakt", body)
        assert refusals(response, 400) == [(kind, [], expression)]


def test_a_parameter_without_a_value_is_refused_by_r4(clinic: Clinic) -> None:
    """inv-1 of Parameters."""
    body = {"resourceType": "Parameters", "parameter": [{"name": "practitionerRole"}]}
    with clinic.nothing_stored():
        response = clinic.fhir.post(f"{clinic.patient()}/$assign-fast-vardkontakt", body)
        assert refusals(response) == [("invariant", [], "Parameters.parameter[0]")]


def test_every_wrong_parameter_is_named_at_once(clinic: Clinic) -> None:
    """A caller mends them in one go."""
    body = parameters(type=code("9"), foo=code("1"))
    response = clinic.fhir.post(f"{clinic.patient()}/$assign-fast-vardkontakt", body)
    assert {kind for kind, _, _ in refusals(response, 400)} == {
        "code-invalid",
        "invalid",
        "required",
    }


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"resourceType": "Patient"}', b"null"])
def test_a_body_that_is_no_parameters_is_refused(clinic: Clinic, body: bytes) -> None:
    """Parameters is the one body an operation reads."""
    with clinic.nothing_stored():
        response = clinic.fhir.post(f"{clinic.patient()}/$assign-fast-vardkontakt", body)
        refusals(response, 400)


def test_it_changes_something_so_get_is_refused(clinic: Clinic) -> None:
    """R4, operations.html: an operation that affects state is asked for by POST."""
    response = clinic.fhir.get(f"{clinic.patient()}/$assign-fast-vardkontakt")
    assert response.status_code == 405


def test_an_unknown_patient_is_not_found(clinic: Clinic) -> None:
    """A contact is somebody's."""
    role = clinic.nurse()
    deleted = clinic.patient()
    assert clinic.fhir.delete(deleted).status_code == 204
    with clinic.nothing_stored():
        for patient in ("Patient/is-not-here", deleted):
            assert refusals(clinic.assign(patient, role), 404) == [("not-found", [], "patient")]
            body = parameters(patient=reference(patient), practitionerRole=reference(role))
            response = clinic.fhir.post("CareTeam/$assign-fast-vardkontakt", body)
            assert refusals(response, 404) == [("not-found", [], "patient")]


@pytest.mark.parametrize(
    "patient",
    [
        {"reference": "Group/x"},
        {"identifier": {"system": codes.PERSONNUMMER, "value": "189002029800"}},
        {"display": "Albertina"},
        {"reference": "urn:uuid:00000000-0000-4000-8000-000000000000"},
        {"reference": "https://elsewhere.example/fhir/Patient/1"},
    ],
)
def test_the_patient_must_be_a_literal_reference(clinic: Clinic, patient: Json) -> None:
    """R32: only then can the patient's other contacts be seen."""
    body = parameters(
        patient={"valueReference": patient}, practitionerRole=reference(clinic.nurse())
    )
    with clinic.nothing_stored():
        response = clinic.fhir.post("CareTeam/$assign-fast-vardkontakt", body)
        assert refusals(response, 400) == [("value", [], "patient")]


def a_practitioner(clinic: Clinic) -> Json:
    practitioner = {"resourceType": "Practitioner", "name": [{"family": "Test"}]}
    return {"reference": clinic.put(practitioner)}


def a_deleted_role(clinic: Clinic) -> Json:
    role = clinic.nurse()
    assert clinic.fhir.delete(role).status_code == 204
    return {"reference": role}


@pytest.mark.parametrize(
    "who",
    [
        a_practitioner,
        a_deleted_role,
        lambda clinic: {"reference": clinic.unit()},
        lambda _: {"reference": "PractitionerRole/is-not-here"},
        lambda _: {"reference": "#contained"},
        lambda _: {"identifier": {"system": codes.HSA_ID, "value": "SE2321000214-TESTU002"}},
        lambda _: {"display": "Eva Test"},
    ],
)
def test_practitioner_role_must_lead_to_one_on_this_server(clinic: Clinic, who: Any) -> None:
    """R5: a person in a position at a unit."""
    patient, member = clinic.patient(), who(clinic)
    body = parameters(practitionerRole={"valueReference": member})
    with clinic.nothing_stored():
        response = clinic.fhir.post(f"{patient}/$assign-fast-vardkontakt", body)
        assert refusals(response) == [("not-found", ["PL-6-2"], "practitionerRole")]


@pytest.mark.parametrize("path", ["Patient/$assign-fast-vardkontakt", "$assign-fast-vardkontakt"])
def test_the_operation_has_its_places_and_no_others(clinic: Clinic, path: str) -> None:
    """At Patient/[id] and at CareTeam."""
    response = clinic.fhir.post(path, parameters(practitionerRole=reference(clinic.nurse())))
    assert response.status_code in (404, 405)
