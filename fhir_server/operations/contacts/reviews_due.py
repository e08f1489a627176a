"""$reviews-due: the contacts whose need is to be assessed again, the longest overdue first.

A page costs what it shows: the order by review-date is read from the index. R20.
"""

from __future__ import annotations

import datetime as dt
from typing import Any
from urllib.parse import urlencode

from fhir_server.fhir import json
from fhir_server.fhir.bundle import bundle, raw, search_entry
from fhir_server.fhir.outcome import invalid
from fhir_server.fhir.reference import local
from fhir_server.interactions.answer import Answer
from fhir_server.interactions.finder import Finder
from fhir_server.operations.moments import now_of
from fhir_server.operations.operation import Call
from fhir_server.storage.records import StoredResource
from fhir_server.sweden import codes
from fhir_server.sweden.elements import child, extension, items, target
from fhir_server.sweden.periods import bounds, local_date

Resource = dict[str, Any]


def run(call: Call) -> Answer:
    """Give a page of the active assignments due for review.

    Returns:
        A searchset Bundle: the CareTeams as matches, each with the extension overdue-days; beside
        them their patients, roles and persons, as included.

    Raises:
        FhirError: 400, ``unit`` is no reference to an Organization.
    """
    today = now_of(call.context).date()
    asked = [*_asked(call, today), ("_sort", "review-date")]
    if call.cursor:
        asked.append(("_cursor", call.cursor))
    page = call.context.store.search(call.context.server.parser.parse("CareTeam", asked))
    teams = [(stored, json.parse(stored.body or b"{}")) for stored in page.resources]
    entries = [_due(call, stored, team, today) for stored, team in teams]
    entries += _around(call, [team for _, team in teams])
    links = [("self", _url(call, call.cursor))]
    if page.next_cursor:
        links.append(("next", _url(call, page.next_cursor)))
    whole = call.cursor is None and page.next_cursor is None
    total = len(teams) if whole else None
    return Answer(200, body=bundle("searchset", entries, links=links, total=total))


def _asked(call: Call, today: dt.date) -> list[tuple[str, str]]:
    arguments = call.arguments
    settings = call.context.server.settings
    count = arguments.get("_count", settings.default_count)
    if count < 1:
        raise invalid("_count must be a whole number greater than 0.", "_count", "value")
    asked = [
        ("status", "active"),
        ("category", codes.NAMED_CONTACTS),
        ("review-date", f"le{arguments.get('before', today.isoformat())}"),
        ("_count", str(min(count, settings.max_count))),
    ]
    units = [_unit(each) for each in arguments.get("unit", [])]
    if units:
        asked.append(("managing-organization", ",".join(units)))
    kinds = [f"{codes.CONTACT_TYPE}|{kind}" for kind in arguments.get("type", [])]
    if kinds:
        asked.append(("role", ",".join(kinds)))
    return asked


def _unit(text: str) -> str:
    found = local(text)
    if found is None or not str(found).startswith("Organization/"):
        raise invalid("unit must be a reference of the form Organization/[id].", "unit", "value")
    return str(found)


def _due(call: Call, stored: StoredResource, team: Resource, today: dt.date) -> Resource:
    entry = search_entry(
        f"{call.context.base}/{stored.reference}", raw(stored.body or b"{}"), "match"
    )
    due = bounds(extension(team, codes.REVIEW_DATE).get("valueDate"))
    days = (today - local_date(due[0])).days if due else 0
    overdue = {"url": codes.OVERDUE_DAYS, "valueInteger": days}
    entry["search"] = {"extension": [overdue], **entry["search"]}
    return entry


def _around(call: Call, teams: list[Resource]) -> list[Resource]:
    """Give patients and roles, and then the persons, in two round trips whatever their number."""
    finder = Finder(call.context.server, call.context.store)
    found: dict[str, Resource] = {}
    wanted = [reference for team in teams for reference in _leads(team)]
    for _ in range(2):
        read = finder.read_many([each for each in wanted if each not in found])
        found.update(read)
        wanted = [
            reference
            for role in read.values()
            if role["resourceType"] == "PractitionerRole"
            if (reference := target(child(role, "practitioner")).literal)
        ]
    base = call.context.base
    return [
        search_entry(f"{base}/{reference}", raw(json.dump(resource)), "include")
        for reference, resource in found.items()
    ]


def _leads(team: Resource) -> list[str]:
    parts = [child(each, "member") for _, each in items(team, "participant")]
    aims = [target(part) for part in (child(team, "subject"), *parts)]
    return [aim.literal for aim in aims if aim.local]


def _url(call: Call, cursor: str | None) -> str:
    names = ("unit", "before", "type", "_count")
    pairs: list[tuple[str, str]] = []
    for name in names:
        value = call.arguments.get(name, [])
        pairs += [(name, str(each)) for each in (value if isinstance(value, list) else [value])]
    pairs += [*call.context.form, *([("_cursor", cursor)] if cursor else [])]
    url = f"{call.context.base}/CareTeam/$reviews-due"
    return f"{url}?{urlencode(pairs)}" if pairs else url
