"""A Composition for a CarePlan, so that a plan can be given away as a document.

Its sections are those of the written plan, in Swedish; their entries are what the plan refers to.
Source: https://hl7.org/fhir/R4/composition.html; R81, R87.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from fhir_server.operations.written import plan_view
from fhir_server.pages.narrative import narrative
from fhir_server.pages.writing import Section
from fhir_server.sweden import codes
from fhir_server.sweden.elements import Json, child, items, target

Resource = dict[str, Any]

PLAN_OF_CARE = {"system": "http://loinc.org", "code": "18776-5", "display": "Plan of care note"}
# Who may be the author of a Composition; the one of a plan may be a team besides.
AUTHORS = ("Practitioner/", "PractitionerRole/", "Patient/", "RelatedPerson/", "Organization/")


def _element(name: str, *types: str) -> Callable[[Json], list[Resource]]:
    """Give a reader of the references in an element, all or those of some types."""

    def read(plan: Json) -> list[Resource]:
        found = [dict(each) for _, each in items(plan, name)]
        return [each for each in found if not types or target(each).resource_type in types]

    return read


def _activities(plan: Json) -> list[Resource]:
    found = [child(each, "reference") for _, each in items(plan, "activity")]
    return [dict(each) for each in found if each]


def _meetings(plan: Json) -> list[Resource]:
    linked = [
        child(each, "valueReference")
        for _, each in items(plan, "extension")
        if each.get("url") == codes.SIP_MEETING_LINK
    ]
    return [dict(each) for each in linked if each]


def _rest(plan: Json) -> list[Resource]:
    found = _element("supportingInfo")(plan)
    return [each for each in found if target(each).resource_type not in ("CarePlan", "Consent")]


# What stands in which section of the written plan, and its heading where that says nothing.
ENTRIES: tuple[tuple[str, str, Callable[[Json], list[Resource]]], ...] = (
    ("mal", "Mål", _element("goal")),
    ("vem-gor-vad", "Vem gör vad", _activities),
    ("moten", "Möten", _meetings),
    ("halsa", "Hälsa", _element("addresses")),
    ("andra-planer", "Andra planer", _element("supportingInfo", "CarePlan")),
    ("samtycke", "Samtycke", _element("supportingInfo", "Consent")),
    ("team", "Team", _element("careTeam")),
    ("underlag", "Underlag", _rest),
)


def composition_of(plan: Resource, sections: Sequence[Section]) -> Resource:
    """Give a Composition with the plan and what it refers to, in sections.

    Args:
        plan: a CarePlan, as far as the reader may see it.
        sections: of the written plan.
    """
    title = plan_view.title_of(plan)
    of_plan = {"title": "Plan", "entry": [{"reference": f"CarePlan/{plan['id']}"}]}
    return {
        "resourceType": "Composition",
        "language": "sv",
        "status": "final",
        "type": {"coding": [PLAN_OF_CARE], "text": "Vårdplan"},
        "subject": plan["subject"],
        "date": now(),
        "author": [_author(plan)],
        "title": title,
        "section": [of_plan, *_sections(plan, sections)],
    }


def now() -> str:
    """Give this moment, as ``Composition.date``."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def section_of(section: Section, entries: Sequence[Resource] = ()) -> Resource:
    """Give a section of a Composition: its words, and what they are about."""
    made: Resource = {"title": section.title}
    if section.blocks:
        made["text"] = narrative(section.blocks)
    # What the plan contains goes with the plan.
    literal = [e for e in entries if not str(e.get("reference", "#")).startswith("#")]
    if literal:
        made["entry"] = literal
    return made


def _sections(plan: Json, sections: Sequence[Section]) -> Iterator[Resource]:
    entries = {key: read(plan) for key, _, read in ENTRIES}
    if codes.SUBSETTED in child(plan, "meta").get("tag", ()):
        entries["samtycke"] = []  # it names the other actors, and what they may see
    written = {section.key for section in sections}
    for section in sections:
        yield section_of(section, entries.get(section.key, []))
    for key, title, _ in ENTRIES:
        made = section_of(Section(key, title, ()), entries[key])
        # A section has text or entries (cmp-1).
        if key not in written and "entry" in made:
            yield made


def _author(plan: Resource) -> Resource:
    author = plan.get("author", {})
    if str(author.get("reference", "")).startswith(AUTHORS):
        return dict(author)
    return {"display": author.get("display") or "Okänd"}
