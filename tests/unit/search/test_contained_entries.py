"""What a contained resource adds to the entries of its container."""

from __future__ import annotations

from tests.unit.search.conftest import Entries

TEAM = {
    "resourceType": "CareTeam",
    "participant": [{"member": {"reference": "#p"}}],
    "contained": [
        {
            "resourceType": "Practitioner",
            "id": "p",
            "gender": "female",
            "name": [{"family": "Inneborg"}],
            "birthDate": "1970-01-01",
        },
        {
            "resourceType": "Observation",
            "code": {"coding": [{"code": "x"}]},
            "valueQuantity": {"value": 5},
        },
    ],
}


def test_tokens_of_contained_resources_stand_apart(entries: Entries) -> None:
    found = entries(TEAM)
    assert {"#Practitioner", "#Practitioner.gender=female", "#Observation.code=x"} <= set(
        found.tokens
    )
    assert "Practitioner.gender=female" not in found.tokens


def test_strings_ranges_and_pairs_of_contained_resources_are_tokens(entries: Entries) -> None:
    found = entries(TEAM)
    assert "#Practitioner.family<inneborg\x1fInneborg" in found.tokens
    assert "#Observation.value-quantity@p500005" in found.tokens
    assert "#Observation.code-value-quantity=x@p500005" in found.tokens
    assert not [key for key in found.keys if key.startswith(("#", "Practitioner", "Observation"))]
    assert not [name for name in found.ranges if "Observation" in name]


def test_a_reference_to_a_contained_resource_is_present(entries: Entries) -> None:
    assert "CareTeam.participant?" in entries(TEAM).tokens


def test_a_contained_resource_may_be_indexed_by_itself(entries: Entries) -> None:
    own = entries(TEAM["contained"][0])  # type: ignore[index, arg-type]
    assert own.keys["Practitioner:family<"].startswith("inneborg")
