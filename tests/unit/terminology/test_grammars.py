"""Code systems whose codes follow a grammar: languages, media types, units, countries."""

from __future__ import annotations

import pytest

from fhir_server.profiles.code_checks import Coded
from fhir_server.terminology.terminology import Terminology

LANGUAGES, MEDIA = "urn:ietf:bcp:47", "urn:ietf:bcp:13"
UCUM, URIS = "http://unitsofmeasure.org", "urn:ietf:rfc:3986"
COUNTRIES, CURRENCIES = "urn:iso:std:iso:3166", "urn:iso:std:iso:4217"
ZONES = "https://www.iana.org/time-zones"


@pytest.mark.parametrize(
    ("system", "codes"),
    [
        (LANGUAGES, ["sv", "sv-SE", "SV-se", "zh-Hans-CN", "en-x-own", "de-CH-1996", "i-klingon"]),
        (MEDIA, ["text/plain", "application/fhir+json", "text/plain; charset=utf-8", "json"]),
        (UCUM, ["mg", "mm[Hg]", "[pH]", "{score}", "10*3/uL"]),
        (URIS, ["urn:oid:1.2.752", "https://inera.se/x"]),
        (COUNTRIES, ["SE", "SWE", "752"]),
        (f"{COUNTRIES}:-2", ["SE-AB"]),
        (CURRENCIES, ["SEK"]),
        (ZONES, ["Europe/Stockholm", "UTC"]),
    ],
)
def test_what_keeps_to_the_grammar_is_a_code(
    r4: Terminology, system: str, codes: list[str]
) -> None:
    assert [r4.in_code_system(Coded(code, system)).holds for code in codes] == [True] * len(codes)


@pytest.mark.parametrize(
    ("system", "codes"),
    [
        (LANGUAGES, ["", "s", "sv_SE", "svenska språket", "sv-", "a" * 300]),
        (MEDIA, ["text", "text/", "/plain", "text/plain;", "text plain", "image/*"]),
        (UCUM, ["", "kr", "mg/", "milligram per liter"]),
        (URIS, ["inera.se", "urn: x", ":x"]),
        (COUNTRIES, ["XX", "se", "Sweden"]),
        (f"{COUNTRIES}:-2", ["SE", "SE-ABCD"]),
        (CURRENCIES, ["kr", "sek"]),
        (ZONES, ["Europe/Uppsala", "CEST+1"]),
    ],
)
def test_what_does_not_is_none(r4: Terminology, system: str, codes: list[str]) -> None:
    assert [r4.in_code_system(Coded(code, system)).holds for code in codes] == [False] * len(codes)


def test_a_country_has_a_name(r4: Terminology) -> None:
    found = r4.concept(COUNTRIES, "SE")
    assert found
    assert found.display == "Sweden"


@pytest.mark.parametrize(
    ("value_set", "code", "expected"),
    [
        ("all-time-units", "wk", True),
        ("all-time-units", "m", False),
        ("all-distance-units", "km", True),
        ("all-distance-units", "h", False),
        ("iso3166-1-3", "SWE", True),
        ("iso3166-1-3", "SE", False),
        ("all-languages", "sv", True),
        ("mimetypes", "text/plain", True),
        ("mimetypes", "plain", False),
        ("ucum-units", "mg", True),
        ("currencies", "SEK", True),
    ],
)
def test_value_sets_take_codes_by_what_the_grammar_tells(
    r4: Terminology, value_set: str, code: str, expected: bool
) -> None:
    found = r4.in_value_set(f"http://hl7.org/fhir/ValueSet/{value_set}", Coded(code))
    assert found.holds is expected
