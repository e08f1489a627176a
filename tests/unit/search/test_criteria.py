"""What searches find: prefixes, modifiers and types of https://hl7.org/fhir/R4/search.html"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_server.search.syntax import escape
from tests.unit.search.conftest import Finds
from tests.unit.search.samples import BASE

Json = dict[str, Any]


def encounter(**period: str) -> Json:
    """Give an Encounter in a period."""
    return {"resourceType": "Encounter", "period": period}


def observed(at: str) -> Json:
    """Give an Observation at a time."""
    return {"resourceType": "Observation", "effectiveDateTime": at}


def measured(value: float, **unit: str) -> Json:
    """Give an Observation of a quantity."""
    return {"resourceType": "Observation", "valueQuantity": {"value": value, **unit}}


FROM_15_MARCH = encounter(start="2013-03-15T00:00:00+01:00")
FROM_21_JANUARY = encounter(start="2013-01-21T00:00:00+01:00")
UNTIL_21_JANUARY = encounter(end="2013-01-21T23:59:59+01:00")


# The examples of search.html#prefix, and the ends of each comparison.
@pytest.mark.parametrize(
    ("resource", "value", "found"),
    [
        (observed("2013-01-14T00:00:00+01:00"), "2013-01-14", True),
        (observed("2013-01-14T10:00:00+01:00"), "eq2013-01-14", True),
        (observed("2013-01-15T00:00:00+01:00"), "eq2013-01-14", False),
        (observed("2013-01-15T00:00:00+01:00"), "ne2013-01-14", True),
        (observed("2013-01-14T00:00:00+01:00"), "ne2013-01-14", False),
        (observed("2013-01-14T10:00:00+01:00"), "ne2013-01-14", False),
        (observed("2013-01"), "eq2013-01-14", False),
        (observed("2013-01"), "ne2013-01-14", True),
        (observed("2013-01-14"), "lt2013-01-14T10:00:00+01:00", True),
        (observed("2013-01-14"), "gt2013-01-14T10:00:00+01:00", True),
        (observed("2013-01-14"), "lt2013-01-14", False),
        (observed("2013-01-14"), "gt2013-01-14", False),
        (observed("2013-01-14"), "ge2013-01-14", True),
        (observed("2013-01-14"), "le2013-01-14", True),
        (observed("2013-01-13"), "ge2013-01-14", False),
        (observed("2013-01-15"), "le2013-01-14", False),
        (FROM_15_MARCH, "ge2013-03-14", True),
        (FROM_21_JANUARY, "ge2013-03-14", True),
        (FROM_21_JANUARY, "le2013-03-14", True),
        (FROM_15_MARCH, "le2013-03-14", False),
        (FROM_15_MARCH, "sa2013-03-14", True),
        (FROM_21_JANUARY, "sa2013-03-14", False),
        (UNTIL_21_JANUARY, "sa2013-03-14", False),
        (FROM_15_MARCH, "eb2013-03-14", False),
        (FROM_21_JANUARY, "eb2013-03-14", False),
        (UNTIL_21_JANUARY, "eb2013-03-14", True),
        (observed("2013-03-14"), "ap2013-03-14", True),
        (observed("2013-01-21"), "ap2013-03-14", True),
        (observed("2015-06-15"), "ap2013-03-14", False),
    ],
)
def test_dates_compare_as_ranges(finds: Finds, resource: Json, value: str, found: bool) -> None:
    assert finds(resource, "date", value) is found


def test_a_date_without_a_zone_is_local_to_stockholm(finds: Finds) -> None:
    late = observed("2026-05-01T23:30:00Z")  # half past one on the second, in Stockholm
    assert finds(late, "date", "2026-05-02")
    assert not finds(late, "date", "2026-05-01")
    assert finds(late, "date", "2026-05-02T01:30")


def test_each_of_several_alternatives_may_have_its_prefix(finds: Finds) -> None:
    values = "lt2010,ge2020,2015"
    assert [finds(observed(year), "date", values) for year in ("2009", "2015", "2012", "2020")] == [
        True,
        True,
        False,
        True,
    ]


@pytest.mark.parametrize(
    ("stored", "value", "found"),
    [
        (100, "100", True),
        (100.4, "100", True),
        (99.5, "100", True),
        (100.5, "100", False),
        (100.4, "100.00", False),
        (104, "1e2", True),
        (106, "1e2", False),
        (100.4, "ne100", False),
        (100, "gt100", False),
        (100.1, "gt100", True),
        (100, "ge100", True),
        (100, "lt100", False),
        (100, "le100", True),
        (100, "sa100", False),
        (101, "sa100", True),
        (99, "eb100", True),
        (91, "ap100", True),
        (89, "ap100", False),
        (-3, "lt-2", True),
    ],
)
def test_numbers_compare_as_r4_says(finds: Finds, stored: float, value: str, found: bool) -> None:
    assert finds(measured(stored), "value-quantity", value) is found
    charge = {"resourceType": "ChargeItem", "factorOverride": stored}
    assert finds(charge, "factor-override", value) is found


@pytest.mark.parametrize(
    ("unit", "found"),
    [
        ({"system": "http://unitsofmeasure.org", "code": "mg"}, (True, True)),
        ({"unit": "mg"}, (False, True)),
        ({"system": "urn:other", "code": "mg"}, (False, True)),
        ({"system": "http://unitsofmeasure.org", "code": "g"}, (False, False)),
    ],
)
def test_a_unit_is_compared_by_system_and_code_or_as_written(
    finds: Finds, unit: dict[str, str], found: tuple[bool, bool]
) -> None:
    with_system = finds(measured(5.4, **unit), "value-quantity", "5.4|http://unitsofmeasure.org|mg")
    assert (with_system, finds(measured(5.4, **unit), "value-quantity", "5.4||mg")) == found
    assert finds(measured(5.4, **unit), "value-quantity", "5.4")
    assert finds(measured(5.4, **unit), "value-quantity", "5.4||")


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("family", "öb", True),
        ("family", "OBERG", True),
        ("family", "berg", False),
        ("family:contains", "ber", True),
        ("family:exact", "Öberg", True),
        ("family:exact", "öberg", False),
        ("family:exact", "Öber", False),
        ("name", "anna lena", True),
        ("name", "lena", False),
        ("name:contains", "Lena", True),
        ("name:exact", "Anna-Lena", True),
        ("name:exact", "Anna Lena", False),
        ("name", "x,anna", True),
        ("name", r"anna\,lena", True),
        ("family", "—", False),
    ],
)
def test_strings_start_contain_or_are_exact(
    finds: Finds, name: str, value: str, found: bool
) -> None:
    names = [{"family": "Öberg", "given": ["Anna-Lena", "Åsa"]}]
    assert finds({"resourceType": "Patient", "name": names}, name, value) is found


CATEGORISED = {
    "resourceType": "CareTeam",
    "category": [{"coding": [{"system": "urn:S", "code": "Sip"}, {"code": "a|b"}]}],
    "status": "active",
}


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("category", "SIP", True),
        ("category", "urn:S|sip", True),
        ("category", "urn:s|sip", False),
        ("category", "|sip", False),
        ("category", r"|a\|b", True),
        ("category", "urn:S|", True),
        ("category", "urn:|", False),
        ("category", "x,sip", True),
        ("category:not", "sip", False),
        ("category:not", "x", True),
        ("category:not", "x,sip", False),
        ("category:missing", "true", False),
        ("category:missing", "false", True),
        ("identifier:missing", "true", True),
        ("identifier:not", "x", True),
        ("date:missing", "true", True),
        ("status", "active", True),
        ("status", "http://hl7.org/fhir/care-team-status|active", True),
        ("status", "|active", True),
        ("status", "urn:other|active", False),
        ("status", "http://hl7.org/fhir/care-team-status|", True),
    ],
)
def test_tokens_match_by_code_and_system(finds: Finds, name: str, value: str, found: bool) -> None:
    assert finds(CATEGORISED, name, value) is found


def test_a_boolean_may_be_given_with_its_system(finds: Finds) -> None:
    patient = {"resourceType": "Patient", "active": True}
    assert finds(patient, "active", "true")
    assert finds(patient, "active", "http://hl7.org/fhir/special-values|true")
    assert not finds(patient, "active", "false")


def test_an_identifier_may_be_asked_for_by_its_type(finds: Finds) -> None:
    type_ = {"coding": [{"system": "urn:t", "code": "MR"}]}
    patient = {
        "resourceType": "Patient",
        "identifier": [{"type": type_, "system": "urn:s", "value": "12"}],
    }
    assert finds(patient, "identifier:of-type", "urn:t|MR|12")
    assert not finds(patient, "identifier:of-type", "urn:t|XX|12")


def test_a_telephone_number_is_found_however_it_is_spaced(finds: Finds) -> None:
    telecom = [{"system": "phone", "value": "+46 70-123 45 67"}]
    patient = {"resourceType": "Patient", "telecom": telecom}
    assert finds(patient, "phone", "+46701234567")
    assert finds(patient, "telecom", "phone|+46 701 23 45 67")
    assert not finds(patient, "email", "+46701234567")


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("subject", "Patient/7", True),
        ("subject", "7", True),
        ("subject", "8", False),
        ("subject:Patient", "7", True),
        ("subject:Patient", "Patient/7", True),
        ("subject:Group", "7", False),
        ("subject", f"{BASE}/Patient/7", True),
        ("subject", "Patient/7/_history/1", True),
        ("subject", "https://other.example/fhir/Patient/7", False),
        ("patient", "7", True),
        ("subject:identifier", "urn:s|x", True),
        ("subject:identifier", "X", True),
        ("subject:identifier", "|x", False),
        ("subject:missing", "false", True),
    ],
)
def test_references_match_in_every_spelling(
    finds: Finds, name: str, value: str, found: bool
) -> None:
    subject = {"reference": "Patient/7/_history/2", "identifier": {"system": "urn:s", "value": "X"}}
    assert finds({"resourceType": "Encounter", "subject": subject}, name, value) is found


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("url", "http://p.example/fhir/ValueSet/1", True),
        ("url", "http://p.example/fhir/ValueSet", False),
        ("url", "HTTP://p.example/fhir/ValueSet/1", False),
        ("url:below", "http://p.example/fhir", True),
        ("url:below", "http://p.example/fhir/ValueSet/1", True),
        ("url:below", "http://p.example/fh", False),
        ("url:above", "http://p.example/fhir/ValueSet/1/x/y", True),
        ("url:above", "http://p.example/fhir/ValueSet", False),
    ],
)
def test_uris_are_exact_or_follow_their_path(
    finds: Finds, name: str, value: str, found: bool
) -> None:
    value_set = {"resourceType": "ValueSet", "url": "http://p.example/fhir/ValueSet/1"}
    assert finds(value_set, name, value) is found


def test_a_canonical_is_found_with_and_without_its_version(finds: Finds) -> None:
    plan = {"resourceType": "CarePlan", "instantiatesCanonical": ["http://p.example/a|2"]}
    assert finds(plan, "instantiates-canonical", "http://p.example/a")
    assert finds(plan, "instantiates-canonical", "http://p.example/a|2")
    assert not finds(plan, "instantiates-canonical", "http://p.example/a|3")


def test_ids_are_matched_whole(finds: Finds) -> None:
    assert finds({"resourceType": "Basic"}, "_id", "1")
    assert finds({"resourceType": "Basic"}, "_id", "x,1")
    assert not finds({"resourceType": "Basic"}, "_id", "2")
    assert not finds({"resourceType": "Basic"}, "_id", "1/../1")
    assert finds({"resourceType": "Basic"}, "_id:not", "2")


text = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=12)


@settings(deadline=None)
@given(text)
def test_whatever_string_is_stored_is_found(finds: Finds, value: str) -> None:
    location = {"resourceType": "Location", "name": value}
    assert finds(location, "name", escape(value))
    assert finds(location, "name:exact", escape(value))


@settings(deadline=None)
@given(text, text)
def test_whatever_identifier_is_stored_is_found(finds: Finds, system: str, value: str) -> None:
    patient = {"resourceType": "Patient", "identifier": [{"system": system, "value": value}]}
    assert finds(patient, "identifier", escape(value))
    assert finds(patient, "identifier", f"{escape(system)}|{escape(value)}")
    assert finds(patient, "identifier", f"{escape(system)}|")


@settings(deadline=None)
@given(st.decimals(-1000, 1000, places=3))
def test_whatever_number_is_stored_is_found(finds: Finds, value: Any) -> None:
    assert finds(measured(float(value)), "value-quantity", str(value))


@settings(deadline=None)
@given(st.datetimes(min_value=datetime(1, 1, 2)))
def test_whatever_moment_is_stored_is_found(finds: Finds, value: Any) -> None:
    text = f"{value.isoformat(timespec='milliseconds')}Z"
    assert finds(observed(text), "date", text)
    assert finds(observed(text), "date", f"ge{text}")
    assert finds(observed(text), "date", f"le{text}")
