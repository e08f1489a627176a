"""The browser that the tests here share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser import chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A Chromium without a window."""
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as running:
        options = ["--no-sandbox"]  # as root, and in many containers, there is none
        started = running.chromium.launch(executable_path=chromium.executable(), args=options)
        yield started
        started.close()
