"""The narrative of a FHIR resource, from the blocks of a written document.

Source: https://hl7.org/fhir/R4/narrative.html
"""

from __future__ import annotations

from collections.abc import Sequence

from fhir_server.pages import web
from fhir_server.pages.writing import Block


def narrative(blocks: Sequence[Block]) -> dict[str, str]:
    """Give ``text`` of a resource, or of a section of a Composition."""
    div = web.fragment("narrative.html", blocks=blocks)
    return {"status": "generated", "div": "".join(line.strip() for line in div.splitlines())}
