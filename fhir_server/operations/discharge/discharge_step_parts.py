"""A step of the discharge process as FHIR: parts of a parameter, or an extension of an entry."""

from __future__ import annotations

import datetime as dt
from typing import Any

from fhir_server.sweden import codes
from fhir_server.sweden.codes import LawParagraph
from fhir_server.sweden.discharge_steps import Step

Resource = dict[str, Any]


def step_parts(step: Step, zone: dt.tzinfo) -> list[Resource]:
    """Give a step as parts of a parameter; `as_extension` has the same under other names."""
    parts: list[Resource] = [
        {"name": "code", "valueCode": step.code},
        {"name": "title", "valueString": step.title},
        {"name": "status", "valueCode": step.status},
        {"name": "responsible", "valueString": step.responsible},
    ]
    for name, moment in (("since", step.since), ("deadline", step.deadline), ("at", step.at)):
        if moment is not None:
            parts.append({"name": name, "valueDateTime": told(moment, zone)})
    parts.append({"name": "paragraph", "valueCoding": coding(step.paragraph)})
    parts.append({"name": "text", "valueString": step.text})
    return parts


def as_extension(step: Step, zone: dt.tzinfo) -> Resource:
    """Give the extension discharge-step: the same parts, named by url."""
    parts = ({"url" if k == "name" else k: v for k, v in p.items()} for p in step_parts(step, zone))
    return {"url": codes.DISCHARGE_STEP, "extension": list(parts)}


def coding(paragraph: LawParagraph) -> Resource:
    """Give a paragraph as a Coding."""
    law = paragraph.coding
    return {"system": law.system, "code": law.code, "display": law.display}


def told(moment: dt.datetime, zone: dt.tzinfo) -> str:
    """Spell a moment to the second, in the zone of the server."""
    return moment.astimezone(zone).isoformat(timespec="seconds")
