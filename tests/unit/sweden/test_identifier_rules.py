"""Swedish identifiers wherever they stand, how strictly, and test numbers: R122, id-1."""

from typing import Any

import pytest

from fhir_server.sweden import codes
from fhir_server.sweden.identifier_rules import IdentifierRules, read_test_numbers

WRONG = {"system": codes.PERSONNUMMER, "value": "196101182804"}
RIGHT = {"system": codes.PERSONNUMMER, "value": "196101182803"}
STRICT = IdentifierRules()
REAL_DATA = IdentifierRules(test_mode=False)


def patient(*identifiers: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "identifier": list(identifiers)}


def test_a_resource_names_the_identifier_at_fault() -> None:
    resource = patient({"system": "urn:other", "value": "1"}, WRONG, RIGHT)
    [issue] = STRICT(resource)
    assert (issue.severity, issue.rule) == ("error", "id-1")
    assert issue.expression == "Patient.identifier[1].value"


@pytest.mark.parametrize(
    ("resource", "place"),
    [
        (
            {"resourceType": "CareTeam", "subject": {"identifier": WRONG}},
            "CareTeam.subject.identifier.value",
        ),
        (
            {"resourceType": "Practitioner", "qualification": [{"identifier": [RIGHT, WRONG]}]},
            "Practitioner.qualification[0].identifier[1].value",
        ),
        (
            {"resourceType": "Appointment", "contained": [patient(WRONG)]},
            "Appointment.contained[0].identifier[0].value",
        ),
        (
            {
                "resourceType": "Patient",
                "contact": [{"organization": {"identifier": WRONG}}],
            },
            "Patient.contact[0].organization.identifier.value",
        ),
        (
            {"resourceType": "Basic", "extension": [{"url": "urn:x", "valueIdentifier": WRONG}]},
            "Basic.extension[0].valueIdentifier.value",
        ),
        (
            {"resourceType": "Bundle", "entry": [{"resource": patient(WRONG)}]},
            "Bundle.entry[0].resource.identifier[0].value",
        ),
    ],
)
def test_an_identifier_is_checked_wherever_it_stands(resource: dict[str, Any], place: str) -> None:
    assert [issue.expression for issue in STRICT(resource)] == [place]


def test_all_wrong_identifiers_are_named_in_their_order() -> None:
    places = [issue.expression for issue in STRICT(patient(WRONG, RIGHT, WRONG))]
    assert places == ["Patient.identifier[0].value", "Patient.identifier[2].value"]


def test_a_wrong_identifier_is_a_warning_where_the_operator_wants_that() -> None:
    [issue] = IdentifierRules(severity="warning")(patient(WRONG))
    assert issue.severity == "warning"


def test_what_is_only_doubtful_stays_a_warning() -> None:
    local = {"system": codes.RESERVNUMMER, "value": "20210325K069"}
    assert [issue.severity for issue in STRICT(patient(local))] == ["warning"]


def test_the_text_does_not_repeat_the_number() -> None:
    wrong = {"system": codes.HSA_ID, "value": "SE12-SECRET"}
    for issue in REAL_DATA(patient(WRONG, RIGHT, wrong)):
        assert not any(each["value"] in str(issue.as_json()) for each in (WRONG, RIGHT, wrong))


def test_an_identifier_without_system_or_value_is_not_judged() -> None:
    odd: list[Any] = [
        {"value": "1"},
        {"system": [], "value": {}},
        {"system": codes.PERSONNUMMER, "value": 1},
        {"system": codes.PERSONNUMMER},
        {"system": 1, "value": "1"},
        "no identifier",
    ]
    assert STRICT(patient(*odd)) == []


@pytest.mark.parametrize(
    ("system", "value"),
    [
        (codes.PERSONNUMMER, "196101182803"),
        (codes.SAMORDNINGSNUMMER, "196109732393"),
        (codes.HSA_ID, "TSTNMT2321000156-1003"),
    ],
)
def test_identifiers_for_tests_are_allowed_in_test_mode_only(system: str, value: str) -> None:
    resource = patient({"system": system, "value": value})
    assert STRICT(resource) == []
    [issue] = REAL_DATA(resource)
    assert (issue.severity, issue.code, issue.rule) == ("error", "business-rule", "id-1")
    assert "FHIR_SERVER_TEST_MODE" in issue.text


def test_a_number_of_the_form_of_a_test_number_may_be_a_persons() -> None:
    """DOMAIN 6: the form is not verified, and a refusal would keep a patient out."""
    resource = patient({"system": codes.PERSONNUMMER, "value": "197001012382"})
    [issue] = [each for each in REAL_DATA(resource) if each.code == "business-rule"]
    assert issue.severity == "warning"


def test_the_prefixes_of_test_environments_are_a_setting() -> None:
    resource = patient({"system": codes.HSA_ID, "value": "DEV-1"})
    assert [issue.severity for issue in STRICT(resource)] == ["error"]
    assert IdentifierRules(hsa_test_prefixes=("DEV",))(resource) == []


def test_a_list_of_test_numbers_adds_to_those_known() -> None:
    numbers = read_test_numbers(
        ["Testpersonnummer", "197001012382", '"19700101-2390";x', "19800101 1234", ""]
    )
    assert {"197001012382", "197001012390", "191212121212"} <= numbers
    assert len(numbers) == len(read_test_numbers([])) + 2
