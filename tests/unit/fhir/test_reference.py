"""References: https://hl7.org/fhir/R4/references.html"""

import pytest

from fhir_server.fhir.reference import (
    LocalReference,
    local,
    normal,
    split_canonical,
    type_named,
)

BASE = "https://clinic.example/fhir"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Patient/7", LocalReference("Patient", "7")),
        ("Patient/7/_history/2", LocalReference("Patient", "7", "2")),
        (f"{BASE}/Patient/7", LocalReference("Patient", "7")),
        (f"{BASE}/Patient/7/_history/2", LocalReference("Patient", "7", "2")),
        (f"{BASE}x/Patient/7", None),
        ("https://other.example/fhir/Patient/7", None),
        ("urn:uuid:0b7a9f6e-7f0c-4a0c-8c0f-1a2b3c4d5e6f", None),
        ("#p1", None),
        ("Patient/", None),
        ("patient/7", None),
        ("Patient/7/8", None),
        ("Patient/7\n", None),
        ("", None),
    ],
)
def test_only_resources_of_this_server_are_local(text: str, found: LocalReference | None) -> None:
    assert local(text, BASE) == found


def test_a_local_reference_is_written_without_its_version() -> None:
    assert str(LocalReference("Patient", "7", "2")) == "Patient/7"


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        (f"{BASE}/Patient/7", "Patient/7"),
        ("Patient/7/_history/2", "Patient/7"),
        ("https://other.example/Patient/7/_history/3", "https://other.example/Patient/7"),
        ("urn:oid:1.2.3", "urn:oid:1.2.3"),
    ],
)
def test_a_reference_has_one_spelling_for_search(text: str, spelled: str) -> None:
    assert normal(text, BASE) == spelled
    assert normal(spelled, BASE) == spelled


@pytest.mark.parametrize(
    ("text", "type_"),
    [
        ("Patient/7", "Patient"),
        ("https://other.example/fhir/Patient/7", "Patient"),
        ("https://other.example/fhir/Patient/7/_history/1", "Patient"),
        ("urn:uuid:0b7a9f6e-7f0c-4a0c-8c0f-1a2b3c4d5e6f", None),
        ("#p1", None),
    ],
)
def test_the_type_is_told_where_the_url_names_it(text: str, type_: str | None) -> None:
    assert type_named(text) == type_


def test_a_canonical_may_carry_a_version() -> None:
    assert split_canonical("http://x.example/a|1.2") == ("http://x.example/a", "1.2")
    assert split_canonical("http://x.example/a") == ("http://x.example/a", None)
