"""$everything: all there is about a patient, or about an encounter.

Source: https://hl7.org/fhir/R4/patient-operation-everything.html,
https://hl7.org/fhir/R4/encounter-operation-everything.html
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from fhir_server.fhir.bundle import bundle, outcome_entry, raw, search_entry
from fhir_server.fhir.outcome import Issue, invalid
from fhir_server.interactions.answer import Answer
from fhir_server.interactions.context import Context
from fhir_server.interactions.include import Included, included
from fhir_server.interactions.read import read
from fhir_server.operations.operation import Call
from fhir_server.search.query import (
    And,
    Criterion,
    HasKey,
    HasToken,
    Include,
    Not,
    Query,
    either,
    every,
)
from fhir_server.storage.records import SearchPage

# What each type says about when care was given, where it is not ``date``: start and end are about
# that, not about when it was recorded.
CARE_DATES = {
    "Communication": "sent",
    "Condition": "onset-date",
    "Coverage": "",
    "DeviceRequest": "event-date",
    "Goal": "start-date",
    "ImagingStudy": "started",
    "MedicationAdministration": "effective-time",
    "MedicationDispense": "whenhandedover",
    "MedicationRequest": "authoredon",
    "MedicationStatement": "effective",
    "NutritionOrder": "datetime",
    "QuestionnaireResponse": "authored",
    "ServiceRequest": "occurrence",
    "Specimen": "collected",
    "Task": "period",
}
PASSED_ON = ("start", "end", "_since", "_count")

# From a position on to the person and the unit, and from a unit to the one above it.
FOLLOWED = (
    Include(("*",)),
    Include(
        ("PractitionerRole.practitioner", "PractitionerRole.organization"),
        source="PractitionerRole",
        iterate=True,
    ),
    Include(("Organization.partof",), source="Organization", iterate=True),
)


def run(call: Call) -> Answer:
    """Give a page of the compartment, and beside it the persons, units and places it refers to.

    Returns:
        A searchset Bundle: what belongs to the compartment as matches; what that refers to and
        is in nobody's compartment as included.

    Raises:
        FhirError: 404 or 410 for no such patient or encounter, 400 for types that are none.
    """
    name, id_ = call.resource_type or "", call.id or ""
    read(call.context, name, id_)
    wanted = _wanted(call)
    query = _query(call, (name, id_))
    page = call.context.store.search(query)
    around = included(call.context, query, page, leave_out=query.types)
    links = [("self", _url(call, call.cursor))]
    if page.next_cursor:
        links.append(("next", _url(call, page.next_cursor)))
    entries = _entries(call.context, page, around, wanted)
    whole = call.cursor is None and page.next_cursor is None and not wanted
    total = len(page.resources) if whole else None
    return Answer(200, body=bundle("searchset", entries, links=links, total=total))


def _wanted(call: Call) -> frozenset[str]:
    """Give the types that ``_type`` names; it may be repeated, and may hold several."""
    given = [name for text in call.arguments.get("_type", ()) for name in text.split(",")]
    unknown = [name for name in given if name not in call.context.server.registry]
    if unknown:
        raise invalid(f"_type: {unknown[0][:64]!r} is not a resource type of R4.", "_type", "value")
    return frozenset(given)


def _query(call: Call, compartment: tuple[str, str]) -> Query:
    settings, arguments = call.context.server.settings, call.arguments
    query = call.context.server.parser.parse(None, (), compartment=compartment)
    count = arguments.get("_count", settings.max_count)
    if count < 1:
        raise invalid("_count must be a whole number greater than 0.", "_count", code="value")
    where: list[Criterion] = [query.where]
    if "_since" in arguments:
        since = ("_lastUpdated", f"ge{arguments['_since']}")
        where.append(call.context.server.parser.parse(None, [since]).where)
    where += _care_dates(call, query.types)
    return replace(
        query,
        where=every(*where),
        count=min(count, settings.max_count),
        cursor=call.cursor,
        includes=FOLLOWED,
        applied=tuple((name, str(arguments[name])) for name in PASSED_ON if name in arguments),
    )


def _care_dates(call: Call, types: Sequence[str]) -> list[Criterion]:
    """Leave out what has a date of care outside start and end; what has none belongs to any."""
    given = (("ge", call.arguments.get("start")), ("le", call.arguments.get("end")))
    asked = [f"{prefix}{date}" for prefix, date in given if date]
    if not asked:
        return []
    parser = call.context.server.parser
    within: list[Criterion] = []
    for type_ in types:
        code = CARE_DATES.get(type_, "date")
        parameter = parser.supported_parameters(type_).get(code)
        if parameter is None or parameter.type != "date":
            within.append(HasToken(type_))
            continue
        dated: And = parser.parse(type_, [(code, date) for date in asked]).where
        within.append(every(HasToken(type_), either(dated, Not(HasKey(parameter.name)))))
    return [either(*within)]


def _entries(
    context: Context, page: SearchPage, around: Included, wanted: frozenset[str]
) -> list[dict[str, Any]]:
    found = [(stored, "match") for stored in page.resources]
    found += [(stored, "include") for stored in around.resources.values()]
    entries = [
        search_entry(f"{context.base}/{stored.reference}", raw(stored.body), mode)
        for stored, mode in found
        if stored.body is not None and (not wanted or stored.resource_type in wanted)
    ]
    if around.cut:
        text = f"More than {around.limit} resources are referred to; ask for smaller pages."
        entries.append(outcome_entry([Issue("warning", "incomplete", text)]))
    return entries


def _url(call: Call, cursor: str | None) -> str:
    pairs = [(name, str(call.arguments[name])) for name in PASSED_ON if name in call.arguments]
    pairs += [("_type", each) for each in call.arguments.get("_type", ())]
    pairs += [*call.context.form, *([("_cursor", cursor)] if cursor else [])]
    url = f"{call.context.base}/{call.resource_type}/{call.id}/$everything"
    return f"{url}?{urlencode(pairs)}" if pairs else url
