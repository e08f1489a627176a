"""$discharge-timeline of a unit: what is due, the most urgent first, also at nights and weekends.

R54–R67, R73. The unit's own stays, and those that it got an inskrivningsmeddelande about.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from fhir_server.fhir import json
from fhir_server.fhir.bundle import bundle, raw, search_entry
from fhir_server.fhir.outcome import FhirError, Issue, invalid, not_found
from fhir_server.interactions.answer import Answer
from fhir_server.interactions.finder import Finder
from fhir_server.operations.discharge import unit_page
from fhir_server.operations.discharge.discharge_cases import BATCH, Case, cases
from fhir_server.operations.discharge.discharge_step_parts import as_extension
from fhir_server.operations.operation import Call
from fhir_server.pages import web
from fhir_server.search.tokens import REFERENCE
from fhir_server.sweden.discharge_steps import DUE, OVERDUE, Step
from fhir_server.sweden.facts import microseconds
from fhir_server.sweden.periods import bounds

Resource = dict[str, Any]

# What one answer is about at most.
MOST = 2000
# So long after discharge there is still something to do: call, meet, send what was forgotten.
AFTER_DISCHARGE = dt.timedelta(days=14)
_OPEN = (OVERDUE, DUE)
# What nobody can make good once the patient has left: told of the stay, not asked of the unit.
_LOST = frozenset({"beraknad-utskrivning", "planering", "utskrivningsklar"})
_RANKS = (OVERDUE, DUE, "upcoming", "late", "met", "not-applicable")
_NEVER = dt.datetime.max.replace(tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class Due:
    """A stay with those of its steps that were asked about."""

    case: Case
    steps: tuple[Step, ...]

    @property
    def urgency(self) -> tuple[int, dt.datetime, str]:
        """What the stays are ordered by: overdue first, then by deadline, then without one."""
        first = min((_urgency(step) for step in self.steps), default=(len(_RANKS), _NEVER))
        return (*first, str(self.case.encounter["id"]))


def answer(call: Call, at: dt.datetime) -> Answer:
    """Give what is due in a unit, as a Bundle page by page, or all of it as a page for people.

    Raises:
        FhirError: 404 for no such unit, 400 for a cursor or a count that is none, 403 for more
            than 2000 stays.
    """
    finder = Finder(call.context.server, call.context.store)
    unit = finder.read(f"Organization/{call.id}")
    if unit is None:
        raise not_found(f"Organization/{call.id}")
    found = sorted(_due(call, finder, at), key=lambda each: each.urgency)
    if call.media_type == web.MEDIA_TYPE:
        rows = [(each.case, step) for each in found for step in each.steps]
        return unit_page.answer(call.context, unit, rows, at)
    return _bundle(call, found, at)


def _due(call: Call, finder: Finder, at: dt.datetime) -> Iterator[Due]:
    wanted = frozenset(call.arguments.get("status") or _OPEN)
    until = bounds(call.arguments.get("until"))
    stays = list(_stays(call, finder, at))
    for case in cases(call.context, stays, at, f"Organization/{call.id}"):
        steps = tuple(
            step
            for step in case.steps
            if step.status in wanted
            and (until is None or step.deadline is None or step.deadline < until[1])
            and (
                case.stay.discharged is None or "status" in call.arguments or step.code not in _LOST
            )
        )
        if steps:
            yield Due(case, steps)


def _stays(call: Call, finder: Finder, at: dt.datetime) -> Iterator[Resource]:
    """Give the stays that had begun, and ended at most a fortnight ago.

    Their facts say which: a stay that ended long ago is not read, nor is one of another unit.
    """
    wanted = _wanted(call.context.server.settings.zone, at)
    found: dict[str, None] = {}
    for name in ("service-provider", "notice-recipient"):
        token = f"Encounter.{name}{REFERENCE}Organization/{call.id}"
        rows = call.context.store.facts_of_referrers("Encounter", token, wanted)
        found.update({row["_id"]: None for row in rows})
        if len(found) > MOST:
            text = f"There are more than {MOST} stays. Ask for a unit that is part of this one."
            raise FhirError(Issue("error", "too-costly", text))
    references = list(found)
    for first in range(0, len(references), BATCH):
        yield from finder.read_many(references[first : first + BATCH]).values()


def _wanted(zone: dt.tzinfo, at: dt.datetime) -> list[dict[str, Any]]:
    since = (
        (at - AFTER_DISCHARGE).astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    )
    still_there = [{"f.end": {"$exists": False}}, {"f.end": {"$gt": microseconds(since)}}]
    begun = [{"f.start": {"$exists": False}}, {"f.start": {"$lte": microseconds(at)}}]
    return [
        {"$match": {"f.kind": "IMP", "$and": [{"$or": still_there}, {"$or": begun}]}},
        {"$project": {"_id": 1}},
        {"$limit": MOST + 1},
    ]


def _urgency(step: Step) -> tuple[int, dt.datetime]:
    return _RANKS.index(step.status), step.deadline or _NEVER


def _bundle(call: Call, found: list[Due], at: dt.datetime) -> Answer:
    settings = call.context.server.settings
    count = call.arguments.get("_count", settings.default_count)
    if count < 1:
        raise invalid("_count must be a whole number greater than 0.", "_count", "value")
    first = _offset(call.cursor)
    last = first + min(count, settings.max_count)
    shown = found[first:last]
    entries = [_entry(call, each) for each in shown]
    patients = {
        f"Patient/{patient['id']}": patient
        for each in shown
        if (patient := each.case.patient) is not None
    }
    base = call.context.base
    entries += [
        search_entry(f"{base}/{reference}", raw(json.dump(patient)), "include")
        for reference, patient in patients.items()
    ]
    links = [("self", _url(call, call.arguments, call.cursor))]
    if last < len(found):
        # Judged at the same moment, or a stay could change its place from page to page.
        pinned = {**call.arguments, "at": call.arguments.get("at") or at.isoformat()}
        links.append(("next", _url(call, pinned, str(last))))
    return Answer(200, body=bundle("searchset", entries, links=links, total=len(found)))


def _entry(call: Call, due: Due) -> Resource:
    encounter = due.case.encounter
    zone = call.context.server.settings.zone
    url = f"{call.context.base}/Encounter/{encounter['id']}"
    entry = search_entry(url, raw(json.dump(encounter)), "match")
    extensions = [as_extension(step, zone) for step in due.steps]
    return {**entry, "search": {"extension": extensions, **entry["search"]}}


def _offset(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not cursor.isdecimal() or len(cursor) > 6:
        raise invalid("_cursor must come from the link next of a page.", "_cursor", "value")
    return int(cursor)


def _url(call: Call, arguments: Mapping[str, Any], cursor: str | None) -> str:
    pairs: list[tuple[str, str]] = []
    for name in ("at", "until", "status", "_count"):
        value = arguments.get(name, [])
        pairs += [(name, str(each)) for each in (value if isinstance(value, list) else [value])]
    pairs += [*call.context.form, *([("_cursor", cursor)] if cursor else [])]
    url = f"{call.context.base}/Organization/{call.id}/$discharge-timeline"
    return f"{url}?{urlencode(pairs)}" if pairs else url
