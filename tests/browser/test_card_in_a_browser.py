"""The card and its error page in a real browser: axe, phones, print.

Needs `pip install -e '.[browser]'` and a Chromium; see tests/browser/chromium.py for where it is
looked for. Without, these tests skip themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from tests.browser.pages import LONG, NEEDED, opened, require_accessible, served
from tests.conftest import Fhir
from tests.domain.clinic import PHONE, Clinic, fast_kontakt

pytestmark = NEEDED

CARD = "Patient/albertina-hammar/$named-contacts"
PAGES = {
    "card": CARD,
    "nobody": "Patient/nobody-yet/$named-contacts",
    "long": "Patient/long-name/$named-contacts",
    "error": "Patient/there-is-none/$named-contacts",
}


@pytest.fixture(scope="module")
def base(app: Flask) -> Iterator[str]:
    """The address of a server with the demo patients and two more."""
    clinic = Clinic(Fhir(app.test_client()))
    clinic.load_demo("0-organisations", "a-elderly-discharge")
    clinic.patient(id="nobody-yet", name=[{"text": "Åsa Test"}])
    long = clinic.patient(id="long-name", name=[{"text": LONG}])
    for kind in ("1", "4"):
        unit = clinic.unit(
            name=LONG, telecom=[PHONE, {"system": "url", "value": f"https://{LONG}.se"}]
        )
        clinic.fhir.create(fast_kontakt(long, clinic.nurse(unit), kind, note=[{"text": LONG * 3}]))
    with served(app) as address:
        yield address


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 360, 1280])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_no_violation_and_nothing_is_cut_off(
    browser: Any, base: str, name: str, width: int, scheme: str
) -> None:
    """R10, R11: accessible and readable on a phone, in either scheme."""
    require_accessible(browser, f"{base}/{PAGES[name]}", width, scheme)


def test_numbers_can_be_reached_and_called_from_the_keyboard(browser: Any, base: str) -> None:
    """R43: the first stop leads past the head; each number is a stop of its own, and visible."""
    with opened(browser, f"{base}/{CARD}") as page:
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Hoppa till innehållet"
        assert page.evaluate("document.activeElement.getBoundingClientRect().top") >= 0
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        focused = "document.activeElement"
        assert page.evaluate(f"{focused}.getAttribute('href')").startswith("tel:+46")
        assert page.evaluate(f"getComputedStyle({focused}).outlineStyle") == "solid"


def test_text_is_large_and_numbers_are_larger(browser: Any, base: str) -> None:
    """R11: 20 px and up, also where a small screen tempts to less."""
    sizes = "[...document.querySelectorAll('main *')].map(e => parseFloat(getComputedStyle(e).fontSize))"
    number = "parseFloat(getComputedStyle(document.querySelector('.number')).fontSize)"
    with opened(browser, f"{base}/{CARD}", 320) as page:
        assert min(page.evaluate(sizes)) >= 20
        assert page.evaluate(number) >= 26


def test_the_card_prints_in_black_without_what_is_for_the_screen(browser: Any, base: str) -> None:
    with opened(browser, f"{base}/{CARD}", 1280, "dark") as page:
        page.emulate_media(media="print")
        colour = "getComputedStyle(document.body).backgroundColor"
        assert page.evaluate(colour) == "rgb(255, 255, 255)"
        assert not page.locator(".screen").is_visible()
        assert not page.locator(".skip").is_visible()
