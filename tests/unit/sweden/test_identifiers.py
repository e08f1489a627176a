"""Swedish identifiers: R122, id-1, DOMAIN 2.1, 2.2 and the test numbers of DOMAIN 6."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_server.sweden import codes, identifiers

PERSONNUMMER = [
    "189002029800",
    "196101182803",
    "201305142398",
    "198406072382",
    "198602152392",
    "200001252386",
    "189602029812",
    "191212121212",
    "199002222397",
    "200302022389",
]

days = st.dates(min_value=date(1800, 1, 1), max_value=date(2100, 12, 31))
serials = st.integers(min_value=1, max_value=999).map("{:03d}".format)


def severities(system: str, value: str) -> list[str]:
    return [issue.severity for issue in identifiers.check(system, value)]


def number(day: date, serial: str, offset: int = 0) -> str:
    digits = f"{day:%Y%m}{day.day + offset:02d}{serial}"
    return digits + str(identifiers.luhn_digit(digits[2:]))


@pytest.mark.parametrize("value", PERSONNUMMER)
def test_known_test_numbers_are_personnummer(value: str) -> None:
    assert identifiers.check(codes.PERSONNUMMER, value) == []
    assert identifiers.classify(value) == codes.PERSONNUMMER


@given(days, serials)
def test_a_personnummer_with_its_check_digit_passes(day: date, serial: str) -> None:
    assert identifiers.check_personnummer(number(day, serial)) == []


@given(days, serials, st.integers(min_value=2, max_value=11), st.integers(1, 9))
def test_any_single_mistyped_digit_is_noticed(
    day: date, serial: str, position: int, change: int
) -> None:
    """Luhn's promise; positions 0 and 1, the century, are outside the check digit."""
    value = number(day, serial)
    wrong = str((int(value[position]) + change) % 10)
    mistyped = value[:position] + wrong + value[position + 1 :]
    assert "error" in severities(codes.PERSONNUMMER, mistyped)


@given(days, serials)
def test_a_samordningsnummer_is_a_day_with_sixty_added(day: date, serial: str) -> None:
    value = number(day, serial, 60)
    assert identifiers.check_samordningsnummer(value) == []
    assert "error" in severities(codes.PERSONNUMMER, value)


def test_a_personnummer_is_no_samordningsnummer() -> None:
    assert "error" in severities(codes.SAMORDNINGSNUMMER, "196101182803")


def test_the_published_samordningsnummer_pass() -> None:
    """DOMAIN 2.2, and SKV 707's example 701063-2391."""
    assert identifiers.check(codes.SAMORDNINGSNUMMER, "196109732393") == []
    assert identifiers.check(codes.SAMORDNINGSNUMMER, "197010632391") == []
    assert identifiers.classify("196109732393") == codes.SAMORDNINGSNUMMER


@pytest.mark.parametrize(
    "value",
    ["19610118-2803", "6101182803", "610118+2803", "", "19610118280A", "196101182803 "],
)
def test_other_ways_to_write_a_personnummer_are_refused(value: str) -> None:
    assert severities(codes.PERSONNUMMER, value) == ["error"]


@pytest.mark.parametrize("start", ["20230229", "20231301", "20230431", "20230600", "17991231"])
def test_a_day_that_never_was_is_refused(start: str) -> None:
    digits = start + "238"
    value = digits + str(identifiers.luhn_digit(digits[2:]))
    assert severities(codes.PERSONNUMMER, value) == ["error"]


def test_the_leap_day_of_2024_passes() -> None:
    assert identifiers.check_personnummer(number(date(2024, 2, 29), "238")) == []


@pytest.mark.parametrize("start", ["19700060", "19701060", "19700073", "18000060"])
def test_a_samordningsnummer_without_full_date_is_only_doubted(start: str) -> None:
    digits = start + "239"
    value = digits + str(identifiers.luhn_digit(digits[2:]))
    assert severities(codes.SAMORDNINGSNUMMER, value) == ["warning"]


@pytest.mark.parametrize(
    "value", ["98240301AA06", "22610118BC12", "00992059ZZ31", "22610118BCD2", "21610131BC12"]
)
def test_national_reserve_numbers_pass(value: str) -> None:
    """DOMAIN 6 and Inera's specification: known date, unknown date (00), unknown sex."""
    assert identifiers.check(codes.RESERVNUMMER, value) == []
    assert identifiers.classify(value) == codes.RESERVNUMMER


@pytest.mark.parametrize(
    "value",
    [
        "20210325K069",  # a region's own format, HL7 Sweden's example
        "22610118IO12",  # letters that are not used
        "19610118BC12",  # a century that would be taken for a personnummer
        "00121259ZZ31",  # unknown date without a serial number
        "22611318BC12",  # no month 13
        "22610132BC12",  # no day 32
        "20610118BC12",
        "00992039ZZ31",
        "00992060ZZ31",
        "00991959ZZ31",
        "abc",
    ],
)
def test_an_unexpected_reserve_number_is_only_doubted(value: str) -> None:
    assert severities(codes.RESERVNUMMER, value) == ["warning"]


@pytest.mark.parametrize("system", codes.HSA_ID_SYSTEMS)
def test_hsa_ids_pass_under_both_systems(system: str) -> None:
    """DOMAIN 0.10; twelve digits are Inera's own ids."""
    for value in ("SE2321000214-TEST00", "SE2321000131-P000000123456", "SE165565594230-1000"):
        assert identifiers.check(system, value) == []
        assert identifiers.classify(value) == codes.HSA_ID


@pytest.mark.parametrize(
    "value",
    [
        "SE2321000214",
        "SE2321000214-",
        "SE2321000214-TÄST",
        "SE2321000214-A@B",
        "SE232100214-TEST",
        "SE2321000214-" + "A" * 19,
        "NO2321000214-TEST",
    ],
)
def test_malformed_hsa_ids_are_refused(value: str) -> None:
    assert severities(codes.HSA_ID, value) == ["error"]


def test_an_hsa_id_may_have_31_characters() -> None:
    assert identifiers.check_hsa_id("SE2321000214-" + "A" * 18) == []


def test_test_prefixes_of_hsa_ids_are_a_setting() -> None:
    value = "TSTNMT2321000156-1003"
    assert identifiers.check_hsa_id(value) == []
    assert [issue.severity for issue in identifiers.check_hsa_id(value, ())] == ["error"]


@pytest.mark.parametrize("value", ["2321000214", "2120002528", "5565594230"])
def test_organisation_numbers_pass(value: str) -> None:
    assert identifiers.check(codes.ORGANISATIONSNUMMER, value) == []
    assert identifiers.classify(value) == codes.ORGANISATIONSNUMMER


@pytest.mark.parametrize("value", ["232100-0214", "2321000215", "6101182803", "23210002", ""])
def test_other_organisation_numbers_are_refused(value: str) -> None:
    """With hyphen, wrong check digit, a person's number, too short."""
    assert severities(codes.ORGANISATIONSNUMMER, value) == ["error"]


@given(st.integers(min_value=0, max_value=10**9 - 1).map("{:09d}".format))
def test_a_check_digit_completes_any_organisation_number(digits: str) -> None:
    value = digits + str(identifiers.luhn_digit(digits))
    assert (identifiers.check_organisationsnummer(value) == []) == (value[2] >= "2")


@given(st.text(max_size=20))
def test_no_text_makes_the_checks_fail_or_repeats_the_value(value: str) -> None:
    for system in (
        codes.PERSONNUMMER,
        codes.SAMORDNINGSNUMMER,
        codes.RESERVNUMMER,
        codes.HSA_ID,
        codes.ORGANISATIONSNUMMER,
    ):
        for issue in identifiers.check(system, f"19{value}99"):
            assert f"19{value}99" not in issue.text
    identifiers.classify(value)


def test_a_samordningsnummer_of_another_age_is_refused() -> None:
    digits = "17990060239"
    value = digits + str(identifiers.luhn_digit(digits[2:]))
    assert severities(codes.SAMORDNINGSNUMMER, value) == ["error"]


def test_values_of_no_known_form_are_not_classified() -> None:
    assert identifiers.classify("6101182803") is None
    assert identifiers.classify("12345") is None
    assert identifiers.classify("999999999999") is None


def test_a_number_sent_under_its_oid_is_checked_too() -> None:
    """DOMAIN 2.1."""
    for system in ("urn:oid:1.2.752.129.2.1.3.1", "urn:oid:1.2.752.129.2.1.3.3"):
        assert severities(system, "196101182804") != []
