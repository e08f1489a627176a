"""What each data type is indexed as: the tables of https://hl7.org/fhir/R4/search.html#ptypes"""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_server.fhir import json
from fhir_server.search import ranges, tokens
from fhir_server.search.indexing import Indexer
from tests.unit.search.conftest import Entries
from tests.unit.search.samples import BASE, resource


def tokens_of(entries: Entries, resource: dict[str, Any], code: str) -> set[str]:
    """Give the tokens of one parameter, without its name."""
    name = f"{resource['resourceType']}.{code}"
    found = entries(resource).tokens
    return {t[len(name) :] for t in found if t.startswith(name) and t[len(name)] in ":;<=>?@"}


@pytest.mark.parametrize(
    ("coding", "tokens"),
    [
        ({"system": "urn:s", "code": "A"}, {"=a", ";urn:s|a"}),
        ({"code": "A"}, {"=a", ";|a"}),
        ({"system": "urn:S"}, {";urn:S|"}),
        ({"display": "x"}, {"?", ":text<x\x1fx"}),
    ],
)
def test_a_coding_is_found_with_and_without_its_system(
    entries: Entries, coding: dict[str, str], tokens: set[str]
) -> None:
    encounter = {"resourceType": "Encounter", "class": coding}
    assert tokens_of(entries, encounter, "class") == tokens
    care_team = {"resourceType": "CareTeam", "category": [{"coding": [coding]}]}
    assert tokens_of(entries, care_team, "category") == tokens


def test_a_concept_with_only_a_text_is_present(entries: Entries) -> None:
    care_team = {"resourceType": "CareTeam", "category": [{"text": "x"}]}
    assert tokens_of(entries, care_team, "category") == {"?", ":text<x\x1fx"}


def test_an_identifier_is_found_by_value_system_and_type(entries: Entries) -> None:
    type_ = {"coding": [{"system": "urn:t", "code": "MR"}]}
    identifier = {"system": "urn:s", "value": "X1", "type": type_}
    patient = {"resourceType": "Patient", "identifier": [identifier]}
    assert tokens_of(entries, patient, "identifier") == {
        "=x1",
        ";urn:s|x1",
        ":of-type=urn:t|mr|x1",
    }


def test_a_telephone_number_is_also_found_by_its_digits(entries: Entries) -> None:
    telecom = [{"system": "phone", "value": "070-12 34"}, {"system": "email", "value": "A@b.se"}]
    patient = {"resourceType": "Patient", "telecom": telecom}
    assert tokens_of(entries, patient, "phone") == {
        "=070-12 34",
        "=0701234",
        ";phone|070-12 34",
        ";phone|0701234",
    }
    assert tokens_of(entries, patient, "email") == {"=a@b.se", ";email|a@b.se"}


def test_codes_and_booleans_are_found_by_their_value(entries: Entries) -> None:
    patient = {"resourceType": "Patient", "gender": "male", "active": True}
    assert tokens_of(entries, patient, "gender") == {"=male"}
    assert tokens_of(entries, patient, "active") == {"=true"}
    assert tokens_of(entries, patient, "deceased") == {"=false"}


@pytest.mark.parametrize(
    ("subject", "tokens"),
    [
        ({"reference": "Patient/7"}, {">Patient/7"}),
        ({"reference": "Patient/7/_history/3"}, {">Patient/7"}),
        ({"reference": f"{BASE}/Patient/7"}, {">Patient/7"}),
        ({"reference": "https://other.example/Patient/7"}, {">https://other.example/Patient/7"}),
        ({"reference": "#p"}, {"?"}),
        (
            {"type": "Patient", "identifier": {"system": "urn:s", "value": "X"}},
            {":identifier=x", ":identifier;urn:s|x"},
        ),
        ({"display": "x"}, {"?"}),
    ],
)
def test_a_reference_is_indexed_as_it_is_searched(
    entries: Entries, subject: dict[str, Any], tokens: set[str]
) -> None:
    encounter = {"resourceType": "Encounter", "subject": subject}
    assert tokens_of(entries, encounter, "subject") == tokens


def test_every_local_reference_tells_who_refers_to_whom(entries: Entries) -> None:
    care_team = {
        "resourceType": "CareTeam",
        "subject": {"reference": "Patient/7/_history/2"},
        "note": [{"authorReference": {"reference": f"{BASE}/Practitioner/3"}}],
        "contained": [{"resourceType": "Basic", "id": "b", "subject": {"reference": "Location/4"}}],
        "participant": [{"member": {"reference": "#b"}}, {"member": {"reference": "urn:uuid:1"}}],
    }
    found = {token for token in entries(care_team).tokens if token.startswith(">")}
    assert found == {">Patient/7", ">Practitioner/3", ">Location/4"}


def test_what_a_provenance_tells_of_is_said_once(entries: Entries) -> None:
    provenance = {
        "resourceType": "Provenance",
        "target": [
            {"reference": "Patient/7/_history/2"},
            {"reference": f"{BASE}/CarePlan/3"},
            {"reference": "https://other.example/Patient/9"},
            {"reference": "urn:uuid:1"},
        ],
        "entity": [{"what": {"reference": "Patient/7"}}, {"what": {"reference": "Consent/4"}}],
        "agent": [{"who": {"reference": "Practitioner/5"}}],
    }
    found = entries(provenance).tokens
    assert {token for token in found if token.startswith(">")} == {">Consent/4", ">Practitioner/5"}
    here = {"Patient/7", "CarePlan/3", "Consent/4", "Practitioner/5"}
    assert set(tokens.referred(found)) == here
    for reference in here:
        assert not set(tokens.referring(reference)).isdisjoint(found)
    older = [*found, ">Patient/7", ">CarePlan/3"]
    assert set(tokens.referred(older)) == here


def test_a_canonical_is_found_with_and_without_its_version(entries: Entries) -> None:
    plan = {"resourceType": "CarePlan", "instantiatesCanonical": ["http://p.example/a|2"]}
    expected = {">http://p.example/a", ">http://p.example/a|2"}
    assert tokens_of(entries, plan, "instantiates-canonical") == expected
    profiled = {"resourceType": "CarePlan", "meta": {"profile": ["http://p.example/a|2"]}}
    assert tokens_of(entries, profiled, "_profile") == {
        "=http://p.example/a",
        "=http://p.example/a|2",
    }


def test_one_string_is_a_sort_key_and_several_are_tokens_too(entries: Entries) -> None:
    one = entries({"resourceType": "Patient", "name": [{"family": "Öberg"}]})
    assert one.keys["Patient:family<"] == "oberg\x1fÖberg\x1ePatient/1"
    assert not [token for token in one.tokens if "<" in token]
    two = entries({"resourceType": "Patient", "name": [{"given": ["Åsa", "Bo"]}]})
    assert two.keys["Patient:given<"] == "asa\x1fÅsa\x1ebo\x1fBo\x1ePatient/1"
    assert "Patient.given<bo\x1fBo" in two.tokens


def test_what_the_entries_of_a_bundle_are_called_is_kept_once(entries: Entries) -> None:
    plan = {"resourceType": "CarePlan", "title": "a", "period": {"start": "2026-05-01"}}
    one, two = entries(plan), entries({**plan, "period": {"end": "2026-05-01"}})
    assert one.keys.keys() == two.keys.keys() != set()
    for named in ("keys", "ranges"):
        names = map(id, sorted(getattr(one, named)))
        assert list(names) == list(map(id, sorted(getattr(two, named))))


def test_a_period_open_at_the_end_reaches_to_the_end_of_time(entries: Entries) -> None:
    found = entries({"resourceType": "CareTeam", "period": {"start": "2026-05-01"}})
    low = "2026-04-30T22:00:00.000000"
    assert found.ranges == {"CareTeam:date": [(low, ranges.LATEST)]}
    assert found.keys == {
        "CareTeam:date<": f"{low} CareTeam/1",
        "CareTeam:date>": f"{ranges.LATEST} CareTeam/1",
        "CareTeam:date<long": f"{low} CareTeam/1",
    }


def test_of_several_periods_the_keys_give_the_outer_ends(entries: Entries) -> None:
    activity = [
        {"detail": {"scheduledPeriod": {"start": f"2026-05-0{d}", "end": f"2026-05-0{d}"}}}
        for d in (3, 1)
    ]
    found = entries({"resourceType": "CarePlan", "activity": activity})
    key = "CarePlan:activity-date"
    assert found.keys[f"{key}<"] == "2026-04-30T22:00:00.000000 CarePlan/1"
    assert found.keys[f"{key}>"] == "2026-05-03T22:00:00.000000 CarePlan/1"
    assert len(found.ranges[key]) == 2
    assert "CarePlan.activity-date@2026-05-02T22:00:00.000000" in found.tokens


def test_of_a_timing_the_outer_limits_count(entries: Entries) -> None:
    timing = {"event": ["2026-05-02", "2026-05-01"], "repeat": {"boundsPeriod": {"end": "2026"}}}
    found = entries({"resourceType": "Observation", "effectiveTiming": timing})
    expected = [(ranges.EARLIEST, "2026-12-31T23:00:00.000000")]
    assert found.ranges["Observation:date"] == expected


def test_a_quantity_keeps_every_digit_and_its_unit(entries: Entries) -> None:
    value = {"value": json.parse(b"5.40"), "system": "http://u", "code": "mg", "unit": "milligram"}
    found = entries({"resourceType": "Observation", "valueQuantity": value})
    low, high = ranges.point(Decimal("5.4")).spelled()
    expected = [(low, high, "http://u|mg", "mg", "milligram")]
    assert found.ranges["Observation:value-quantity"] == expected


@pytest.mark.parametrize(
    ("comparator", "low", "high"),
    [
        ("<", ranges.LEAST, ranges.spell(Decimal(5))),
        ("<=", ranges.LEAST, ranges.point(Decimal(5)).spelled()[1]),
        (">", ranges.point(Decimal(5)).spelled()[1], ranges.GREATEST),
        (">=", ranges.spell(Decimal(5)), ranges.GREATEST),
    ],
)
def test_a_quantity_with_a_comparator_is_open(
    entries: Entries, comparator: str, low: str, high: str
) -> None:
    value = {"value": 5, "comparator": comparator}
    found = entries({"resourceType": "Observation", "valueQuantity": value})
    assert found.ranges["Observation:value-quantity"][0][:2] == (low, high)


def test_sampled_data_reach_from_the_least_to_the_greatest_sample(entries: Entries) -> None:
    value = {
        "origin": {"value": 10, "code": "mV"},
        "factor": 2,
        "data": "E 1 -3 4.5 L",
    }
    found = entries({"resourceType": "Observation", "valueSampledData": value})
    low, high = ranges.spell(Decimal(4)), ranges.point(Decimal(19)).spelled()[1]
    assert found.ranges["Observation:value-quantity"] == [(low, high, "|mV", "mV", "")]


def test_money_is_found_by_its_currency(entries: Entries) -> None:
    invoice = {"resourceType": "Invoice", "totalNet": {"value": 5, "currency": "SEK"}}
    found = entries(invoice).ranges["Invoice:totalnet"][0]
    assert found[2:] == ("urn:iso:std:iso:4217|SEK", "SEK", "")


def test_a_resource_inside_a_bundle_is_found_as_if_referred_to(entries: Entries) -> None:
    composition = {"resourceType": "Composition", "id": "c"}
    bundle = {"resourceType": "Bundle", "type": "document", "entry": [{"resource": composition}]}
    assert tokens_of(entries, bundle, "composition") == {">Composition/c"}


def test_every_resource_has_the_token_of_its_type(entries: Entries) -> None:
    assert "Basic" in entries({"resourceType": "Basic"}).tokens


@settings(deadline=None)
@given(st.integers(0, 10_000))
def test_entries_are_unique_and_keys_end_with_the_id(indexer: Indexer, seed: int) -> None:
    made = resource(Random(seed), "7")
    found = indexer.index(made, "X/7")
    assert len(found.tokens) == len(set(found.tokens))
    assert all(key.endswith(("\x1eX/7", " X/7")) for key in found.keys.values())
    assert all("." not in name and "$" not in name for name in [*found.keys, *found.ranges])


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["coding", "code", "system", "value", "reference", "start", "family", "type"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


@settings(deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(
            ["identifier", "name", "telecom", "birthDate", "deceasedDateTime", "link", "meta",
             "generalPractitioner", "address", "communication", "active"]
        ),
        anything,
    )
)  # fmt: skip
def test_a_resource_of_the_wrong_shape_is_indexed_without_an_error(
    indexer: Indexer, content: dict[str, Any]
) -> None:
    found = indexer.index({"resourceType": "Patient", **content}, "Patient/1")
    assert "Patient" in found.tokens
