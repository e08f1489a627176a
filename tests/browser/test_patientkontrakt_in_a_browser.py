"""The patientkontrakt in a real browser: axe, phones, print.

See test_card_in_a_browser.py for what it needs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from tests.browser.pages import LONG, NEEDED, opened, require_accessible, served
from tests.conftest import Fhir
from tests.domain.clinic import Clinic

pytestmark = NEEDED

PAGES = {
    "full": "Patient/maria-ljungberg/$patientkontrakt?at=2026-03-10",
    "empty": "Patient/nobody-yet/$patientkontrakt",
    "long": "Patient/long-words/$patientkontrakt",
}


@pytest.fixture(scope="module")
def base(app: Flask) -> Iterator[str]:
    """The address of a server with a full patientkontrakt, an empty one, and one of long words."""
    clinic = Clinic(Fhir(app.test_client()))
    clinic.load_demo("0-organisations", "b-als")
    clinic.patient(id="nobody-yet", name=[{"text": "Åsa Test"}])
    patient = clinic.patient(id="long-words", name=[{"text": LONG}])
    clinic.put(
        {
            "resourceType": "CarePlan",
            "status": "active",
            "intent": "plan",
            "title": LONG,
            "description": LONG,
            "subject": {"reference": patient},
            "period": {"start": "2026-01-01"},
        }
    )
    with served(app) as address:
        yield address


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 360, 1280])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_no_violation_and_nothing_is_cut_off(
    browser: Any,
    base: str,
    name: str,
    width: int,
    scheme: str,
) -> None:
    """R97, R98: accessible and readable on a phone, in either scheme."""
    require_accessible(browser, f"{base}/{PAGES[name]}", width, scheme)


def test_text_is_large(browser: Any, base: str) -> None:
    sizes = "[...document.querySelectorAll('main *')].map(e => parseFloat(getComputedStyle(e).fontSize))"
    with opened(browser, f"{base}/{PAGES['full']}", 320) as page:
        assert min(page.evaluate(sizes)) >= 20


def test_it_prints_in_black_without_what_is_for_the_screen(
    browser: Any,
    base: str,
) -> None:
    with opened(browser, f"{base}/{PAGES['full']}", 1280, "dark") as page:
        page.emulate_media(media="print")
        colour = "getComputedStyle(document.body).backgroundColor"
        assert page.evaluate(colour) == "rgb(255, 255, 255)"
        assert not page.locator("nav").is_visible()
        assert not page.locator(".screen").first.is_visible()
