"""Where references lead: contained resources, entries of the bundle, then the store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from fhir_server.profiles.code_checks import Coded, Verdict
from fhir_server.profiles.scope import Scope, environment_of

ANNA = {"resourceType": "Patient", "id": "anna"}
TEAM = {"resourceType": "CareTeam", "contained": [{"resourceType": "Group", "id": "g"}, ANNA]}


def bundle(*entries: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    """A collection of resources by fullUrl."""
    listed = [{"fullUrl": url, "resource": resource} for url, resource in entries]
    return {"resourceType": "Bundle", "type": "collection", "entry": listed}


def entry_scope(whole: dict[str, Any], number: int) -> Scope:
    """The scope of one entry's resource."""
    entry = whole["entry"][number]
    return Scope(whole, whole).of_bundle().of_entry(entry["resource"], entry["fullUrl"])


def test_a_fragment_leads_to_a_contained_resource_of_the_root() -> None:
    scope = Scope(TEAM, TEAM)
    assert scope.target("#anna") is ANNA
    assert scope.target("#nobody") is None
    assert scope.of_contained(ANNA).target("#g") is TEAM["contained"][0]


def test_a_lone_hash_leads_from_a_contained_resource_to_its_container() -> None:
    assert Scope(ANNA, TEAM).target("#") is TEAM


def test_a_relative_reference_is_read_below_the_root_of_the_entry() -> None:
    base = "https://a.example/fhir"
    whole = bundle((f"{base}/CareTeam/1", TEAM), (f"{base}/Patient/anna", ANNA))
    assert entry_scope(whole, 0).target("Patient/anna") is ANNA
    assert entry_scope(whole, 0).target(f"{base}/Patient/anna") is ANNA
    assert entry_scope(whole, 0).target("https://b.example/fhir/Patient/anna") is None


def test_a_relative_reference_in_an_entry_named_by_uuid_leads_out_of_the_bundle() -> None:
    whole = bundle(("urn:uuid:1", TEAM), ("https://a.example/fhir/Patient/anna", ANNA))
    assert entry_scope(whole, 0).target("Patient/anna") is None
    assert entry_scope(whole, 0).in_bundle("Patient/anna") is None


def test_a_uuid_leads_to_the_entry_of_that_full_url() -> None:
    whole = bundle(("urn:uuid:1", TEAM), ("urn:uuid:2", ANNA))
    assert entry_scope(whole, 0).target("urn:uuid:2") is ANNA
    assert entry_scope(whole, 0).in_bundle("urn:uuid:2") is True
    assert entry_scope(whole, 0).in_bundle("urn:uuid:3") is False


def test_a_reference_to_a_version_takes_the_entry_of_that_version() -> None:
    url = "https://a.example/fhir/Patient/anna"
    first = {**ANNA, "meta": {"versionId": "1"}}
    second = {**ANNA, "meta": {"versionId": "2"}}
    whole = bundle(("https://a.example/fhir/CareTeam/1", TEAM), (url, first), (url, second))
    assert entry_scope(whole, 0).target(f"{url}/_history/2") is second
    assert entry_scope(whole, 0).target("Patient/anna/_history/2") is second
    assert entry_scope(whole, 0).target("Patient/anna/_history/3") is None


def test_what_is_not_at_hand_is_asked_of_the_store() -> None:
    scope = Scope(TEAM, TEAM, resolve={"Patient/anna": ANNA}.get)
    assert scope.target("Patient/anna") is ANNA
    assert scope.target("Patient/bo") is None


@pytest.mark.parametrize("junk", [None, 5, "x", [5, None, {"id": 7}], {"resource": 5}])
def test_what_has_not_the_structure_of_r4_leads_nowhere(junk: Any) -> None:
    container = {"resourceType": "CareTeam", "contained": junk}
    assert Scope(container, container).target("#anna") is None
    whole = {"resourceType": "Bundle", "entry": junk}
    scope = Scope(whole, whole).of_bundle().of_entry(container, None)
    assert scope.target("urn:uuid:1") is None


class Codes:
    """Knows one value set."""

    def in_value_set(self, value_set: str, coded: Coded) -> Verdict:
        if value_set != "http://example.org/vs":
            return Verdict(None)
        return Verdict(coded.code == "a" and coded.system in (None, "http://example.org/cs"))

    def in_code_system(self, coded: Coded) -> Verdict:
        return Verdict(None)

    def subsumes(self, system: str, above: str, below: str) -> bool | None:
        return None


def concept(codes: Sequence[str]) -> dict[str, Any]:
    """A CodeableConcept."""
    return {"coding": [{"system": "http://example.org/cs", "code": code} for code in codes]}


def test_an_environment_answers_member_of_for_every_form_of_a_code() -> None:
    member_of = environment_of(Scope(TEAM, TEAM), Codes()).member_of
    url = "http://example.org/vs"
    assert member_of(url, "a") is True
    assert member_of(url, "b") is False
    assert member_of(url, {"system": "http://example.org/cs", "code": "a"}) is True
    assert member_of(url, {"system": "http://example.org/other", "code": "a"}) is False
    assert member_of(url, concept(["b", "a"])) is True
    assert member_of(url, concept(["b"])) is False
    assert member_of(url, {"text": "a"}) is False
    assert member_of("http://example.org/unknown", "a") is None


def test_an_environment_knows_its_resources_and_what_html_is_safe() -> None:
    environment = environment_of(Scope(ANNA, TEAM), Codes())
    assert (environment.resource, environment.root) == (ANNA, TEAM)
    assert environment.resolve("#g") is TEAM["contained"][0]
    assert environment.html_is_safe('<div xmlns="http://www.w3.org/1999/xhtml">a</div>')
    assert not environment.html_is_safe('<div xmlns="http://www.w3.org/1999/xhtml"><a></div>')
