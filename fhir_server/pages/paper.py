"""Documents in PDF, made by Typst: tagged for screen readers, PDF/UA-1.

Data reaches a template as JSON in ``sys.inputs``, never as Typst's own language: what is in a name
is shown, whatever it is.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    import typst

MEDIA_TYPE = "application/pdf"
# Stands for a character that no font here has; the template says so.
REPLACEMENT = "\u25a1"
_TEMPLATES = Path(__file__).parent / "templates"
# All but what the fonts that come with the server draw: Latin, Greek and Cyrillic, punctuation.
_UNDRAWN = re.compile(
    r"[^\n\x20-\x7e\xa0-\u024f\u0370-\u0377\u037a-\u037f\u0384-\u038a\u038c\u038e-\u03a1"
    r"\u03a3-\u03e1\u03f0-\u03ff\u0400-\u052f\u1e00-\u1eff\u2010-\u2027\u202f-\u203a\u20ac\u25a1]"
)


def document(template: str, content: Mapping[str, Any]) -> bytes:
    """Give a PDF.

    A character that neither the server's fonts nor the machine's can draw becomes `REPLACEMENT`;
    the template is told by ``replaced`` and says it.

    Args:
        template: its name in ``templates``.
        content: what it shows, for JSON.
    """
    import typst

    text = orjson.dumps({**content, "replaced": False}).decode()
    try:
        return _compiled(template, text)
    except typst.TypstError:
        # PDF/UA refuses what can't be drawn. If that was not the reason, it fails again.
        drawable = orjson.dumps({**_drawable(dict(content)), "replaced": True}).decode()
        return _compiled(template, drawable)


def headers(name: str) -> tuple[tuple[str, str], ...]:
    """Give the headers of a document.

    Args:
        name: of the file; it tells nothing about a person.
    """
    return (("Content-Disposition", f'inline; filename="{name}.pdf"'),)


def _compiled(template: str, data: str) -> bytes:
    import typst

    return typst.compile(
        str(_TEMPLATES / template),
        root=str(_TEMPLATES),
        font_paths=_fonts(),
        sys_inputs={"data": data},
        format="pdf",
        pdf_standards="ua-1",
    )


@cache
def _fonts() -> typst.Fonts:
    import typst

    return typst.Fonts(font_paths=[Path(__file__).parent / "fonts"])


def _drawable(value: Any) -> Any:
    match value:
        case str():
            return _UNDRAWN.sub(REPLACEMENT, unicodedata.normalize("NFC", value))
        case dict():
            return {name: _drawable(each) for name, each in value.items()}
        case list() | tuple():
            return [_drawable(each) for each in value]
        case _:
            return value
