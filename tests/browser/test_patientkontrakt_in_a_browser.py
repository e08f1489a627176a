"""The patientkontrakt in a real browser: axe, phones, print.

See test_card_in_a_browser.py for what it needs.
"""

from __future__ import annotations

from collections.abc import Iterator
from threading import Thread
from typing import Any

import pytest
from flask import Flask
from werkzeug.serving import make_server

from tests.browser import chromium
from tests.conftest import Fhir
from tests.domain.clinic import Clinic

playwright = pytest.importorskip("playwright.sync_api")
axe = pytest.importorskip("axe_playwright_python.sync_playwright")

from tests.browser.test_card_in_a_browser import LONG, browser, opened  # noqa: E402, F401

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(chromium.executable() is None, reason="there is no Chromium here"),
]

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
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.port}/fhir"
    server.shutdown()
    thread.join(10)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 360, 1280])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_no_violation_and_nothing_is_cut_off(
    browser: Any,  # noqa: F811
    base: str,
    name: str,
    width: int,
    scheme: str,
) -> None:
    """R97, R98: accessible and readable on a phone, in either scheme."""
    with opened(browser, f"{base}/{PAGES[name]}", width, scheme) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        found = axe.Axe().run(page, options={"resultTypes": ["violations", "incomplete"]})
    assert found.response["violations"] == [], found.generate_report()
    assert found.response["incomplete"] == []


def test_text_is_large(browser: Any, base: str) -> None:  # noqa: F811
    sizes = "[...document.querySelectorAll('main *')].map(e => parseFloat(getComputedStyle(e).fontSize))"
    with opened(browser, f"{base}/{PAGES['full']}", 320) as page:
        assert min(page.evaluate(sizes)) >= 20


def test_it_prints_in_black_without_what_is_for_the_screen(
    browser: Any,  # noqa: F811
    base: str,
) -> None:
    with opened(browser, f"{base}/{PAGES['full']}", 1280, "dark") as page:
        page.emulate_media(media="print")
        colour = "getComputedStyle(document.body).backgroundColor"
        assert page.evaluate(colour) == "rgb(255, 255, 255)"
        assert not page.locator("nav").is_visible()
        assert not page.locator(".screen").first.is_visible()
