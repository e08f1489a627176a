"""A server for a browser, and pages opened in it as a person does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

import pytest
from flask import Flask
from werkzeug.serving import make_server

from tests.browser import chromium

axe = pytest.importorskip("axe_playwright_python.sync_playwright")

NEEDED = [
    pytest.mark.browser,
    pytest.mark.skipif(chromium.executable() is None, reason="there is no Chromium here"),
]
LONG = "Wilhelmina-Konstantinopolitanska Överstelöjtnantsdotter-Sörgårdshammarström"


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """Give the address of the application, while it listens."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.port}/fhir"
    server.shutdown()
    thread.join(10)


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


def require_accessible(browser: Any, url: str, width: int, scheme: str) -> None:
    """Let axe look at a page, of which nothing may be cut off."""
    with opened(browser, url, width, scheme) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        found = axe.Axe().run(page, options={"resultTypes": ["violations", "incomplete"]})
    assert found.response["violations"] == [], found.generate_report()
    assert found.response["incomplete"] == []
