"""Pages in HTML: one layout, one style sheet, no script.

The style sheet stands in the page itself and is the only thing the page may use
(Content-Security-Policy). What every answer says to browsers and caches is in
`fhir_server.api.security_headers`.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

MEDIA_TYPE = "text/html"
CONTENT_TYPE = f"{MEDIA_TYPE}; charset=utf-8"
FOLDER = Path(__file__).parent / "templates"


def page(template: str, /, *, sheet: str = "", **values: Any) -> bytes:
    """Give a page.

    Args:
        template: its name in ``templates``; what is put into it is escaped.
        sheet: a style sheet in ``templates`` beside the common one; give `headers` the same.
        values: what it shows; one it names and does not get is an error.
    """
    sheets = Markup(style(sheet))  # noqa: S704 - our own files, nobody's data
    return _environment().get_template(template).render({"style": sheets, **values}).encode()


def fragment(template: str, /, **values: Any) -> str:
    """Give a piece of HTML without a page around it, such as the narrative of a resource.

    Args:
        template: its name in ``templates``; what is put into it is escaped.
        values: what it shows; one it names and does not get is an error.
    """
    return _environment().get_template(template).render(values)


@cache
def headers(sheet: str = "") -> tuple[tuple[str, str], ...]:
    """Give the headers of a page.

    Args:
        sheet: the style sheet that the page has beside the common one.
    """
    digest = base64.b64encode(hashlib.sha256(style(sheet).encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )
    return (("Content-Security-Policy", policy),)


@cache
def style(sheet: str = "") -> str:
    """Give what stands between the style tags: the common sheet, and another beside it."""
    names = ("style.css", sheet) if sheet else ("style.css",)
    return "".join((FOLDER / name).read_text("utf-8") for name in names)


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
