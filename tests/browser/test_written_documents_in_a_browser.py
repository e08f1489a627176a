"""The written plan and the information at discharge in a real browser: axe, phones, print.

As for the card: without a Chromium these tests skip themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from tests.browser.pages import NEEDED, opened, require_accessible, served
from tests.conftest import Fhir
from tests.domain import written_plan
from tests.domain.clinic import Clinic

pytestmark = NEEDED

LONG = "Överstelöjtnantsdotter-Sörgårdshammarströmskonstantinopolitanska" * 2
PAGES = {
    "plan": f"{written_plan.PLAN}/$document",
    "signed": f"{written_plan.PLAN}/$document?signatures=true",
    "child": "CarePlan/lo-sip/$document?signatures=true",
    "long": "CarePlan/lang/$document",
    "discharge": f"{written_plan.STAY}/$discharge-summary",
}


@pytest.fixture(scope="module")
def base(app: Flask) -> Iterator[str]:
    """The address of a server with the demo patients, a whole plan and one of long words."""
    clinic = Clinic(Fhir(app.test_client()))
    written_plan.stored(clinic)
    clinic.load_demo("c-child")
    clinic.put(written_plan.plan(id="lang", status="draft", description=LONG))
    with served(app) as address:
        yield address


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 360, 1280])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_no_violation_and_nothing_is_cut_off(
    browser: Any, base: str, name: str, width: int, scheme: str
) -> None:
    """R11, R64, R81: accessible and readable on a phone, in either scheme."""
    require_accessible(browser, f"{base}/{PAGES[name]}", width, scheme)


def test_text_is_large_on_a_small_screen(browser: Any, base: str) -> None:
    """R11: 20 px and up."""
    sizes = "[...document.querySelectorAll('main *')].map(e => parseFloat(getComputedStyle(e).fontSize))"
    with opened(browser, f"{base}/{PAGES['plan']}", 320) as page:
        assert min(page.evaluate(sizes)) >= 20


def test_it_prints_in_black_without_what_is_for_the_screen(browser: Any, base: str) -> None:
    """R81: on paper."""
    with opened(browser, f"{base}/{PAGES['plan']}", 1280, "dark") as page:
        page.emulate_media(media="print")
        colour = "getComputedStyle(document.body).backgroundColor"
        assert page.evaluate(colour) == "rgb(255, 255, 255)"
        assert not any(each.is_visible() for each in page.locator("nav").all())
