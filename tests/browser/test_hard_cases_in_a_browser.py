"""Every page, with people and plans that are hard to show: axe, widths, schemes, print, keyboard.

See test_card_in_a_browser.py for what it needs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from tests.browser import hard_cases
from tests.browser.pages import NEEDED, axe, opened, served
from tests.conftest import Fhir
from tests.domain.clinic import Clinic

pytestmark = NEEDED

WIDTHS, SCHEMES = (320, 360, 1280), ("light", "dark")
AT = "?at=2026-03-10T12:00:00%2B01:00"
PEOPLE = ("albertina-hammar", "maria-ljungberg", "lo-testsson", "utan-allt", "langa-ord")
PAGES = {
    "blank form": "CarePlan/$meeting-form",
    "summary": "Encounter/albertina-avd108/$discharge-summary",
    "summary of a stay that goes on": "Encounter/nyss-inskriven/$discharge-summary",
    **{f"plan {name}": f"{url}/$document" for name, url in hard_cases.PLANS.items()},
    **{
        f"form {name}": f"{hard_cases.PLANS[name]}/$meeting-form"
        for name in ("child", "many", "protected", "language")
    },
    **{f"kontrakt {who}": f"Patient/{who}/$patientkontrakt" for who in PEOPLE},
    **{f"card {who}": f"Patient/{who}/$named-contacts" for who in PEOPLE},
    **{f"stay {n}": f"{url}/$discharge-timeline{AT}" for n, url in hard_cases.STAYS.items()},
    **{f"unit {n}": f"{url}/$discharge-timeline{AT}" for n, url in hard_cases.UNITS.items()},
    **{f"answers {n}": f"{url}/$meeting-answers" for n, url in hard_cases.MEETINGS.items()},
}
# Where the focus is, and whether a person sees that it is there.
FOCUSED = """() => {
  const it = document.activeElement, box = it.getBoundingClientRect(), how = getComputedStyle(it);
  if (it === document.body) return null;
  return {
    text: it.textContent.trim(),
    seen: box.width > 0 && box.right > 0 && box.bottom > 0 && how.outlineStyle !== "none",
  };
}"""
STOPS = "document.querySelectorAll('a[href], summary').length"


@pytest.fixture(scope="module")
def base(app: Flask) -> Iterator[str]:
    """The address of a server with the hard cases."""
    hard_cases.stored(Clinic(Fhir(app.test_client())))
    with served(app) as address:
        yield address


def violations(page: Any) -> Any:
    """Give what axe finds, and what it could not decide."""
    found = axe.Axe().run(page, options={"resultTypes": ["violations", "incomplete"]})
    undecided = [each for each in found.response["incomplete"] if not _drawn(each)]
    return [*found.response["violations"], *undecided]


def _drawn(finding: Any) -> bool:
    """Tell whether axe could not decide on the days of a drawing, which stand on drawn shades."""
    return finding["id"] == "color-contrast" and all(
        each["html"].startswith("<text") for each in finding["nodes"]
    )


@pytest.mark.parametrize("name", PAGES)
def test_every_page_is_accessible_at_every_width_in_either_scheme_and_on_paper(
    browser: Any, base: str, name: str
) -> None:
    """R11, R64, R81, R97: nothing is cut off, and axe finds nothing."""
    with opened(browser, f"{base}/{PAGES[name]}") as page:
        assert page.locator("h1").count() == 1
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 740})
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            for scheme in SCHEMES:
                page.emulate_media(color_scheme=scheme)
                assert violations(page) == [], (width, scheme)
        page.emulate_media(media="print", color_scheme="dark")
        colour = "getComputedStyle(document.body).backgroundColor"
        assert page.evaluate(colour) == "rgb(255, 255, 255)"
        assert violations(page) == [], "print"
        assert not any(each.is_visible() for each in page.locator(".screen, .skip").all())


@pytest.mark.parametrize("name", PAGES)
def test_every_page_can_be_walked_through_by_keyboard(browser: Any, base: str, name: str) -> None:
    """R11: the first stop leads past the head, every stop is visible, and the walk comes to an end."""
    with opened(browser, f"{base}/{PAGES[name]}") as page:
        walked = []
        for _ in range(page.evaluate(STOPS) + 1):
            page.keyboard.press("Tab")
            at = page.evaluate(FOCUSED)
            if at is None:
                break
            walked.append(at)
        assert walked[0]["text"] == "Hoppa till innehållet"
        assert [each for each in walked if not each["seen"]] == []
        assert page.evaluate(FOCUSED) is None


def test_the_pages_of_a_person_lead_to_each_other(browser: Any, base: str) -> None:
    """R81, R97: from the plan to patientkontrakt and card, from there to the plan and the card."""
    with opened(browser, f"{base}/CarePlan/albertina-sip/$document") as page:
        page.get_by_role("link", name="Mitt patientkontrakt").click()
        assert page.locator("h1").text_content() == "Mitt patientkontrakt"
        page.get_by_role("link", name="Läs hela planen").first.click()
        assert "Samordnad individuell plan" in page.locator("h1").text_content()
        page.get_by_role("link", name="Mina kontakter i vården").click()
        assert page.locator("h1").text_content() == "Mina kontakter i vården"


def test_the_unit_leads_to_the_stay_and_the_stay_to_what_the_patient_gets(
    browser: Any, base: str
) -> None:
    """R64, R73."""
    with opened(browser, f"{base}/{PAGES['unit many']}") as page:
        page.get_by_role("link", name="Patient 3 Testsson").first.click(timeout=5000)
        assert page.locator("h1").text_content() == "Utskrivning"
        page.get_by_role("link", name="Skriftlig information till patienten").click()
        assert page.locator("h1").text_content() == "När du lämnar sjukhuset"
