"""The patientkontrakt as a document: a Composition with a section for each part (R95, R98).

Source: https://hl7.org/fhir/R4/documents.html. It is made anew for every reader and not stored.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime
from html import escape
from typing import Any

from fhir_server.fhir import json
from fhir_server.operations.contacts.named_contacts import identified
from fhir_server.operations.patientkontrakt.page import Agreed, Page, Step
from fhir_server.operations.patientkontrakt.reading import Kontrakt
from fhir_server.operations.written.plan_composition import PLAN_OF_CARE
from fhir_server.sweden import codes
from fhir_server.sweden.elements import child, text
from fhir_server.sweden.patientkontrakt import belongs, reference_of

Resource = dict[str, Any]

_AUTHORS = ("Practitioner/", "PractitionerRole/", "Patient/", "RelatedPerson/", "Organization/")
_PARTS = {
    "viktigt": "Vad är viktigt för dig?",
    "overenskommelse": "Överenskommelse",
    "fast-vardkontakt": "Fast vårdkontakt",
    "overenskommen-tid": "Överenskommen tid",
    "sammanhallen-plan": "Sammanhållen plan",
}
TITLE = "Patientkontrakt"


def document(kontrakt: Kontrakt, page: Page, base: str) -> bytes:
    """Give the document Bundle.

    Args:
        kontrakt: what the reader may see.
        page: the same in words, for the narratives.
        base: the server's address.
    """
    composition = _composition(kontrakt, page)
    patient = identified(kontrakt.patient)
    held = [kontrakt.umbrella] if kontrakt.umbrella else []
    resources = (
        patient,
        *held,
        *kontrakt.contacts.teams,
        *kontrakt.appointments,
        *kontrakt.plans,
        *kontrakt.goals.values(),
        *kontrakt.contacts.around,
        *kontrakt.around.values(),
    )
    distinct = {reference_of(each): each for each in resources}
    entries = [{"fullUrl": uuid.uuid4().urn, "resource": composition}]
    entries += [
        {"fullUrl": f"{base}/{reference}", "resource": each} for reference, each in distinct.items()
    ]
    return json.dump(
        {
            "resourceType": "Bundle",
            "identifier": {"system": "urn:ietf:rfc:3986", "value": uuid.uuid4().urn},
            "type": "document",
            "timestamp": _text(kontrakt.moment),
            "entry": entries,
        }
    )


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")


def _composition(kontrakt: Kontrakt, page: Page) -> Resource:
    category = {"system": codes.PLAN_CATEGORY_SYSTEM, "code": codes.PATIENTKONTRAKT}
    composition: Resource = {
        "resourceType": "Composition",
        "language": "sv",
        "status": "final",
        "type": {"coding": [PLAN_OF_CARE], "text": TITLE},
        "category": [{"coding": [category], "text": TITLE}],
        "subject": {"reference": reference_of(kontrakt.patient)},
        "date": _text(kontrakt.moment),
        "author": [_author(kontrakt)],
        "title": text(kontrakt.umbrella or {}, "title") or TITLE,
        "section": _sections(kontrakt, page),
    }
    if page.less:
        # What the person's consent leaves out is not here, and nobody is to take it for the whole.
        composition["meta"] = {"tag": [codes.SUBSETTED]}
    return composition


def _author(kontrakt: Kontrakt) -> Resource:
    """Give who answers for the agreement; a document without one is put together by the server."""
    author = child(kontrakt.umbrella or {}, "author")
    if text(author, "reference").startswith(_AUTHORS):
        return dict(author)
    return {"display": author.get("display") or "Sammanställt ur journal och planer"}


def _sections(kontrakt: Kontrakt, page: Page) -> list[Resource]:
    agreed = page.agreed
    holder = kontrakt.umbrella
    plans = _section("sammanhallen-plan", [p.title for p in (*page.plans, *page.over)])
    belonging = [plan for plan in kontrakt.plans if belongs(plan, holder)]
    others = [plan for plan in kontrakt.plans if not belongs(plan, holder)]
    parts = [("Hör till patientkontraktet", belonging), ("Andra planer", others)]
    under = [{"title": title, "entry": _entries(found)} for title, found in parts if found]
    if under:
        plans["section"] = under
    return [
        _section("viktigt", [said.words for said in page.matters]),
        _section(
            "overenskommelse",
            _agreement(agreed),
            [holder] if holder else [],
        ),
        _section(
            "fast-vardkontakt",
            [f"{each.kind}: {each.name or each.nameless}" for each in page.card.contacts],
            kontrakt.contacts.teams,
        ),
        _section("overenskommen-tid", [_line(step) for step in page.coming], kontrakt.appointments),
        plans,
    ]


def _agreement(agreed: Agreed) -> list[str]:
    lines = [agreed.words] if agreed.words else []
    return lines + [deed.words for deed in (*agreed.mine, *agreed.care)]


def _line(step: Step) -> str:
    said = f"{step.when}: {step.title}"
    return f"{said} ({step.state})" if step.state else said


def _section(code: str, lines: Iterable[str], found: Iterable[Resource] = ()) -> Resource:
    listed = "".join(f"<li>{escape(line)}</li>" for line in lines)
    shown = f"<ul>{listed}</ul>" if listed else "<p>Inget är inskrivet här.</p>"
    div = f'<div xmlns="http://www.w3.org/1999/xhtml" lang="sv">{shown}</div>'
    coding = {"system": codes.PATIENTKONTRAKT_PART_SYSTEM, "code": code}
    section: Resource = {
        "title": _PARTS[code],
        "code": {"coding": [coding]},
        "text": {"status": "generated", "div": div},
    }
    entries = _entries(found)
    return {**section, "entry": entries} if entries else section


def _entries(resources: Iterable[Resource]) -> list[Resource]:
    return [{"reference": reference_of(each)} for each in resources]
