"""$evaluate-measure: what a measure of named contacts comes to (R101-R109).

Source: https://hl7.org/fhir/R4/measure-operation-evaluate-measure.html
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from fhir_server.fhir import json
from fhir_server.fhir.ids import ID
from fhir_server.fhir.outcome import FhirError, Issue, invalid, not_found
from fhir_server.interactions.answer import Answer
from fhir_server.interactions.finder import Finder
from fhir_server.interactions.read import read
from fhir_server.measures.catalogue import MEASURES
from fhir_server.measures.evaluate import evaluate
from fhir_server.measures.question import Filters, Options
from fhir_server.measures.suppression import suppressed
from fhir_server.measures.window import Window
from fhir_server.operations.operation import Call
from fhir_server.operations.standard.measure_report import MeasureReport

SUBJECT, SUBJECT_LIST, POPULATION = "subject", "subject-list", "population"
# More patients than anybody reads, or than one resource should hold.
MOST_SUBJECTS = 10_000
# It counts contacts: no patient fulfils it.
WITHOUT_SUBJECTS = ("belastning",)


def run(call: Call) -> Answer:
    """Compute a measure for a period.

    Returns:
        A MeasureReport; small numbers are held back in one of a population.

    Raises:
        FhirError: 404 for no such measure, patient or unit; 422 for a Measure that is none of the
            server's; 403 for more patients than can be listed; 400 for parameters that don't fit.
    """
    measure = _measure(call)
    kind = _kind(call, measure["id"])
    now = dt.datetime.now(dt.UTC)
    filters = _filters(call, kind)
    result = evaluate(
        call.context,
        measure["id"],
        _window(call, "periodStart", "periodEnd", now),
        filters,
        _options(call, kind),
        _baseline(call, now),
    )
    if kind == POPULATION:
        result = suppressed(result, call.context.server.settings.small_cells)
    listed = {one for group in result.groups.values() for p in group.subjects.values() for one in p}
    if len(listed) > MOST_SUBJECTS:
        text = (
            f"There are {len(listed)} patients; at most {MOST_SUBJECTS} are listed. Ask for less."
        )
        raise FhirError(Issue("error", "too-costly", text, "reportType"))
    report = MeasureReport(measure, result, filters, kind, now)
    return Answer(200, body=json.dump(report.resource()))


def _measure(call: Call) -> dict[str, Any]:
    """Give the Measure, with the id that the server computes it under."""
    asked = call.arguments.get("measure")
    if call.id is not None:
        if asked:
            raise invalid("The URL names the measure already; leave measure out.", "measure")
        found = json.parse(read(call.context, "Measure", call.id).content or b"{}")
        return _computable(call, found)
    if not asked:
        text = "Give measure=[canonical url or id], or ask at Measure/[id]/$evaluate-measure."
        raise invalid(text, "measure", code="required")
    name = (
        str(asked).partition("|")[0].removeprefix(f"{_canonical(call)}/").removeprefix("Measure/")
    )
    if re.fullmatch(ID, name) is None:
        raise not_found("That Measure")
    found = json.parse(read(call.context, "Measure", name).content or b"{}")
    return _computable(call, found)


def _computable(call: Call, measure: dict[str, Any]) -> dict[str, Any]:
    """Give a Measure under the id that its url has here: what is stored may be a copy of it."""
    prefix = f"{_canonical(call)}/Measure/"
    url = str(measure.get("url", ""))
    id_ = url.removeprefix(prefix)
    if not url.startswith(prefix) or id_ not in MEASURES:
        known = ", ".join(MEASURES)
        text = f"This Measure is not one that the server computes; those are {known}."
        raise FhirError(Issue("error", "not-supported", text, "measure"), status=422)
    return {**measure, "id": id_}


def _canonical(call: Call) -> str:
    return call.context.server.definitions.canonical


def _kind(call: Call, measure: str) -> str:
    subject = call.arguments.get("subject")
    kind: str = call.arguments.get("reportType") or (SUBJECT if subject else POPULATION)
    if kind == SUBJECT and not subject:
        raise invalid("Give the subject that the report is about.", "subject", code="required")
    if kind == POPULATION and subject:
        raise invalid("A report on a population has no subject; leave one of them out.", "subject")
    if kind != POPULATION and measure in WITHOUT_SUBJECTS:
        text = "This measure counts contacts and not patients; ask for reportType=population."
        raise FhirError(Issue("error", "not-supported", text, "reportType"), status=422)
    for name in ("municipality", "practitioner"):
        if measure in WITHOUT_SUBJECTS and name in call.arguments:
            text = f"This measure counts contacts: {name} is about patients. Leave it out."
            raise FhirError(Issue("error", "not-supported", text, name), status=422)
    if "lastReceivedOn" in call.arguments:
        text = "lastReceivedOn is not supported: reports are computed whole. Leave it out."
        raise FhirError(Issue("error", "not-supported", text, "lastReceivedOn"))
    return kind


def _window(call: Call, start: str, end: str, now: dt.datetime) -> Window:
    try:
        return Window.of(call.arguments[start], call.arguments[end], now)
    except ValueError as error:
        raise invalid(f"This can't be measured: {error}.", start, code="value") from None


def _baseline(call: Call, now: dt.datetime) -> Window | None:
    given = [name in call.arguments for name in ("baselineStart", "baselineEnd")]
    if not any(given):
        return None
    if not all(given):
        text = "A baseline needs both baselineStart and baselineEnd."
        raise invalid(text, "baselineStart", code="required")
    return _window(call, "baselineStart", "baselineEnd", now)


def _options(call: Call, kind: str) -> Options:
    fewest = call.arguments.get("minimumVisits")
    return Options(
        within_days=call.arguments.get("withinDays") or Options().within_days,
        minimum_visits=fewest or call.context.server.settings.continuity_visits,
        # Of one patient too: the report says where that one belongs.
        listing=kind == SUBJECT_LIST,
    )


def _filters(call: Call, kind: str) -> Filters:
    given = call.arguments
    filters = Filters(
        unit=_reference(given.get("unit"), "unit", "Organization"),
        huvudman=given.get("huvudman") or "",
        municipality=given.get("municipality") or "",
        subject=_reference(given.get("subject"), "subject", "Patient"),
        practitioner=_reference(
            given.get("practitioner"), "practitioner", "PractitionerRole", "Practitioner"
        ),
    )
    wanted = [each for each in (filters.unit, filters.subject, filters.practitioner) if each]
    found = Finder(call.context.server, call.context.store).read_many(wanted)
    for reference in wanted:
        # A number 0 about what does not exist would read as an answer.
        if reference not in found:
            raise not_found(reference)
    return filters


def _reference(given: str | None, name: str, *types: str) -> str:
    if not given:
        return ""
    if re.fullmatch(rf"(?:{'|'.join(types)})/{ID}", given) is None:
        wanted = " or ".join(f"{type_}/[id]" for type_ in types)
        raise invalid(f"{name} must be a reference of the form {wanted}.", name, code="value")
    return given
