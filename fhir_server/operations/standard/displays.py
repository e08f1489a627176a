"""What a concept is called, in which language.

Source: https://hl7.org/fhir/R4/codesystem.html, https://www.rfc-editor.org/rfc/rfc4647#section-3.4
"""

from __future__ import annotations

from fhir_server.terminology.concepts import Concept
from fhir_server.terminology.verdicts import display_key


def speaks(tag: str | None, wanted: str) -> bool:
    """Tell whether a language tag is the wanted one or a narrower one, ``sv-SE`` for ``sv``."""
    given, asked = (tag or "").lower(), wanted.lower()
    return given == asked or given.startswith(f"{asked}-")


def shown(concept: Concept, language: str | None) -> str | None:
    """Give the display in a language; the preferred one where there is none in it."""
    if language:
        for designation in concept.designations:
            if speaks(designation.language, language):
                return designation.value
    return concept.display


def is_called(concept: Concept, display: str, language: str | None) -> bool:
    """Tell whether a display is one of a concept's; case and spaces don't count.

    Args:
        concept: the concept.
        display: what it is called somewhere.
        language: then only the preferred display and designations in this language count.
    """
    names = [concept.display or ""]
    names += [d.value for d in concept.designations if not language or speaks(d.language, language)]
    wanted = display_key(display)
    return any(display_key(name) == wanted for name in names)
