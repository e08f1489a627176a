"""A Composition for a CarePlan, so that a plan can be given away as a document.

Source: https://hl7.org/fhir/R4/composition.html; R87 (what a SIP states) in Swedish headings.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from html import escape
from typing import Any

from fhir_server.sweden import codes
from fhir_server.sweden.elements import concept_codes

Resource = dict[str, Any]

PLAN_OF_CARE = {"system": "http://loinc.org", "code": "18776-5", "display": "Plan of care note"}
SECTIONS = (
    ("Behov och hälsotillstånd", "addresses"),
    ("Mål", "goal"),
    ("Team", "careTeam"),
    ("Underlag", "supportingInfo"),
)
# Who may be the author of a Composition; the one of a plan may be a team besides.
AUTHORS = ("Practitioner/", "PractitionerRole/", "Patient/", "RelatedPerson/", "Organization/")


def composition_of(plan: Resource) -> Resource:
    """Give a Composition with the plan and what it refers to, in sections.

    Args:
        plan: a CarePlan as stored.
    """
    parts = [("Plan", [{"reference": f"CarePlan/{plan['id']}", "display": _title(plan)}])]
    parts += [(title, plan.get(name, [])) for title, name in SECTIONS]
    parts.append(("Insatser", list(_activities(plan))))
    sections = [_section(title, references) for title, references in parts]
    return {
        "resourceType": "Composition",
        "language": "sv",
        "status": "final",
        "type": {"coding": [PLAN_OF_CARE], "text": "Vårdplan"},
        "subject": plan["subject"],
        "date": dt.datetime.now(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "author": [_author(plan)],
        "title": _title(plan),
        # A section has text or entries (cmp-1).
        "section": [s for s in sections if "text" in s or "entry" in s],
    }


def _title(plan: Resource) -> str:
    if plan.get("title"):
        return str(plan["title"])
    sip = codes.SIP in concept_codes(plan, "category", codes.CARE_PLAN_CATEGORY)
    return "Samordnad individuell plan" if sip else "Vårdplan"


def _author(plan: Resource) -> Resource:
    author = plan.get("author", {})
    if str(author.get("reference", "")).startswith(AUTHORS):
        return dict(author)
    return {"display": author.get("display") or "Okänd"}


def _activities(plan: Resource) -> Iterator[Resource]:
    for activity in plan.get("activity", ()):
        if "reference" in activity:
            yield activity["reference"]


def _section(title: str, references: list[Resource]) -> Resource:
    section: Resource = {"title": title}
    named = [str(r["display"]) for r in references if r.get("display")]
    if named:
        items = "".join(f"<li>{escape(each)}</li>" for each in named)
        div = f'<div xmlns="http://www.w3.org/1999/xhtml" lang="sv"><ul>{items}</ul></div>'
        section["text"] = {"status": "generated", "div": div}
    # What the plan contains goes with the plan.
    literal = [r for r in references if not str(r.get("reference", "#")).startswith("#")]
    if literal:
        section["entry"] = literal
    return section
