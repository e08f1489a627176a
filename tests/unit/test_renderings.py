"""Which of an operation's own media types a client asks for."""

from __future__ import annotations

import pytest

from fhir_server.api.formats import rendering

OFFERED = ("text/html", "application/pdf", "application/fhir+json; fhirVersion=5.0")


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ("text/html", "text/html"),
        ("html", "text/html"),
        ("pdf", "application/pdf"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html"),
        ("application/pdf;q=0.5, text/html;q=0.9", "text/html"),
        ("application/fhir+json; fhirVersion=5.0", "application/fhir+json; fhirVersion=5.0"),
        ("application/fhir+json", ""),
        ("application/fhir+json; fhirVersion=4.0", ""),
        ("application/fhir+json, text/html;q=0.5", ""),
        ("*/*", ""),
        ("text/*", ""),
        ("", ""),
        ("text/html;q=0", ""),
    ],
)
def test_only_what_is_named_and_wanted_no_less_than_fhir_is_rendered(
    accept: str, wanted: str
) -> None:
    assert rendering(accept, OFFERED) == wanted
