"""Checks narratives: their XHTML must stand in XML as it is, and hold only what R4 allows.

Source: https://hl7.org/fhir/R4/narrative.html, constraints txt-1 and txt-2
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fhir_server.fhir.outcome import Issue
from fhir_server.profiles.xhtml import problem_of

_PROFILE = "http://hl7.org/fhir/StructureDefinition/Narrative"


def narrative_issues(resource: Mapping[str, Any], root: str) -> Iterator[Issue]:
    """Find what is wrong with the narratives of a resource, not of those inside it.

    What does not have the structure of R4 is passed over.

    Args:
        root: FHIRPath of the resource.
    """
    for place, div in _divs(resource, root):
        problem = problem_of(div)
        if problem:
            text = f"The XHTML of the narrative can't be used: {problem.text}."
            at, rule = f"{place}.div", problem.rule
            yield Issue("error", problem.code, text, at, rule=rule, profile=_PROFILE)


def _divs(holder: Mapping[str, Any], place: str) -> Iterator[tuple[str, str]]:
    text = holder.get("text")
    if isinstance(text, dict) and isinstance(text.get("div"), str):
        yield f"{place}.text", text["div"]
    sections = holder.get("section")  # of a Composition, and of its sections
    if isinstance(sections, list):
        for position, section in enumerate(sections):
            if isinstance(section, dict):
                yield from _divs(section, f"{place}.section[{position}]")
