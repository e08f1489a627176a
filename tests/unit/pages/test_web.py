"""Pages: what every one of them promises."""

from __future__ import annotations

import base64
import hashlib
import re

import html5lib
import pytest
from jinja2 import UndefinedError
from lxml import html

from fhir_server.pages import web

VALUES = {
    "heading": "Sidan finns inte",
    "advice": "Fråga den som gav dig adressen.",
    "request_id": "0190",
    "status": 404,
    "issues": (),
}
# WCAG 2.2, 1.4.6 (AAA) for text; 1.4.11 for what marks a part.
TEXT, PART = 7.0, 3.0


def test_a_page_may_use_its_own_style_sheet_and_nothing_else() -> None:
    page = html.fromstring(web.page("error.html", **VALUES))
    [style] = page.xpath("//style/text()")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = dict(web.headers())["Content-Security-Policy"]
    assert f"style-src 'sha256-{digest}';" in policy
    assert policy.startswith("default-src 'none';")
    assert page.xpath("//script | //img | //link | //iframe | //@style | //@onclick") == []


def test_what_is_put_into_a_page_is_escaped() -> None:
    page = web.page("error.html", **VALUES | {"advice": "<script>alert(1)</script>"})
    assert b"<script" not in page
    assert b"&lt;script&gt;" in page


def test_a_value_that_a_page_does_not_get_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        web.page("error.html", heading="x")


def test_a_page_is_valid_html_in_swedish_with_its_landmarks() -> None:
    text = web.page("error.html", **VALUES)
    html5lib.HTMLParser(strict=True).parse(text)
    page = html.fromstring(text)
    assert page.get("lang") == "sv"
    assert [len(page.xpath(f"//{name}")) for name in ("main", "header", "h1")] == [1] * 3
    [skip] = page.xpath("//body/*[1]/@href")
    assert page.get_element_by_id(skip.removeprefix("#")).tag == "main"


def colours(scheme: str) -> dict[str, str]:
    """Give the colours of a scheme: light, dark or print."""
    blocks = re.findall(r":root \{(.*?)\}", web.style(), re.DOTALL)
    block = blocks[("light", "dark", "print").index(scheme)]
    return dict(re.findall(r"--(\w+): (#\w{6})", block))


def luminance(colour: str) -> float:
    """Give the relative luminance (WCAG 2.2, glossary)."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_computed_as_wcag_says() -> None:
    assert contrast("#ffffff", "#000000") == 21
    assert round(contrast("#ffffff", "#767676"), 2) == 4.54


@pytest.mark.parametrize("scheme", ["light", "dark", "print"])
def test_text_and_frames_stand_out(scheme: str) -> None:
    """R11: text has the contrast of WCAG's highest level, in every scheme."""
    found = colours(scheme)
    for text in ("ink", "quiet", "link"):
        assert contrast(found[text], found["paper"]) >= TEXT, text
        assert contrast(found[text], found["soft"]) >= TEXT, text
    for part in ("line", "mark"):
        assert contrast(found[part], found["paper"]) >= PART, part


@pytest.mark.parametrize("scheme", ["light", "dark", "print"])
def test_the_colours_of_the_timeline_stand_out(scheme: str) -> None:
    """R97: every kind of entry is seen, and text on a tinted ground is as legible as elsewhere."""
    blocks = re.findall(r":root \{(.*?)\}", web.style("patientkontrakt.css"), re.DOTALL)
    own = [block for block in blocks if "--mote" in block]
    block = own[("light", "dark", "print").index(scheme)]
    found = colours(scheme) | dict(re.findall(r"--(\w+): (#\w{6})", block))
    for kind in ("mote", "besok", "uppfoljning", "plan", "mal", "insats", "kontakt"):
        assert contrast(found[kind], found["paper"]) >= PART, kind
    for ground in ("tint", "next"):
        for text in ("ink", "quiet", "link"):
            assert contrast(found[text], found[ground]) >= TEXT, (text, ground)
