"""The card and its error page in a real browser: axe, phones, print.

Needs `pip install -e '.[browser]'` and a Chromium; see tests/browser/chromium.py for where it is
looked for. Without, these tests skip themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

import pytest
from flask import Flask
from werkzeug.serving import make_server

from tests.browser import chromium
from tests.conftest import Fhir
from tests.domain.clinic import PHONE, Clinic, fast_kontakt

playwright = pytest.importorskip("playwright.sync_api")
axe = pytest.importorskip("axe_playwright_python.sync_playwright")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(chromium.executable() is None, reason="there is no Chromium here"),
]

LONG = "Wilhelmina-Konstantinopolitanska Överstelöjtnantsdotter-Sörgårdshammarström"
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
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.port}/fhir"
    server.shutdown()
    thread.join(10)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as running:
        options = ["--no-sandbox"]  # as root, and in many containers, there is none
        started = running.chromium.launch(executable_path=chromium.executable(), args=options)
        yield started
        started.close()


@contextmanager
def opened(browser: Any, url: str, width: int = 360, scheme: str = "light") -> Iterator[Any]:
    """Open a page as a person does; its policy is in force, and breaking it is an error."""
    page = browser.new_page(
        viewport={"width": width, "height": 740},
        color_scheme=scheme,
        extra_http_headers={"Accept": "text/html"},
    )
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(url)
    yield page
    refused = [text for text in complaints if "Content Security Policy" in text]
    page.close()
    assert refused == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 360, 1280])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_no_violation_and_nothing_is_cut_off(
    browser: Any, base: str, name: str, width: int, scheme: str
) -> None:
    """R10, R11: accessible and readable on a phone, in either scheme."""
    with opened(browser, f"{base}/{PAGES[name]}", width, scheme) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        found = axe.Axe().run(page, options={"resultTypes": ["violations", "incomplete"]})
    assert found.response["violations"] == [], found.generate_report()
    assert found.response["incomplete"] == []


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
