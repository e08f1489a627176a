"""The report's numbers as one long table, for spreadsheets and statistics programs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from fhir_server.fhir.csv_table import Cell, csv_table
from fhir_server.fhir.dates import interval
from fhir_server.measures.result import Scoring
from fhir_server.measures.window import Window
from fhir_server.reports.contents import Entry, Line, Report
from fhir_server.reports.words import ENTRIES, STRATIFIERS, reason_words, value_words
from fhir_server.sweden.periods import STOCKHOLM

# Of one measure, without its name.
LINE_COLUMNS = (
    "från", "till", "indelning", "kod", "benämning", "ingår", "uppfyller", "utan uppgift",
    "utfall", "enhet", "minst", "median", "90 procent", "mest", "medel", "mål", "undertryckt",
)  # fmt: skip
MEASURE_COLUMNS = ("mått", "måttets namn", *LINE_COLUMNS)
REASON_COLUMNS = ("mått", "måttets namn", "från", "till", "orsak", "förklaring", "antal")
UNITS = {"share": "andel", "patients": "patienter", "days": "dagar", "index": "index"}


def measures_csv(report: Report) -> bytes:
    """Give every number of every measure."""
    return csv_table(
        MEASURE_COLUMNS,
        (
            [entry.name, ENTRIES[entry.name].title, *cells(entry, line)]
            for entry in report.entries
            for line in entry.lines()
        ),
    )


def reasons_csv(report: Report) -> bytes:
    """Give who could not be counted, and why."""
    return csv_table(REASON_COLUMNS, (row for entry in report.entries for row in reasons(entry)))


def cells(entry: Entry, line: Line) -> list[Cell]:
    """Give a row of `LINE_COLUMNS`."""
    figures, window = line.figures, entry.results[line.period].window
    spread = figures.distribution
    every = not line.stratifier
    return [
        *bounds(window),
        STRATIFIERS.get(line.stratifier, line.stratifier),
        line.value or None,
        None if every else part_name(entry, line),
        figures.included,
        figures.hits if has_hits(entry) else None,
        figures.excluded,
        entry.outcome(figures),
        UNITS[entry.spec.unit],
        *(
            [spread.least, spread.median, spread.p90, spread.most, spread.mean]
            if spread
            else [None] * 5
        ),
        entry.spec.target,
        "ja" if figures.hidden else "nej",
    ]


def reasons(entry: Entry) -> Iterator[list[Cell]]:
    """Give rows of `REASON_COLUMNS`; a number that is held back is empty."""
    title = ENTRIES[entry.name].title
    for result in entry.results:
        first, last = bounds(result.window)
        for reason, number in result.groups[entry.group].reasons.items():
            yield [entry.name, title, first, last, reason, reason_words(reason), number]
        for reason, number in result.notes.items():
            yield [entry.name, title, first, last, reason, reason_words(reason), number]


def part_name(entry: Entry, line: Line) -> str:
    """Give what a part is called."""
    if line.stratifier == "unit" and "/" in line.value:
        return entry.unit_name(line.value)
    return value_words(line.stratifier, line.value)


def has_hits(entry: Entry) -> bool:
    """Tell whether how many fulfil a measure says something beside how many there are."""
    return entry.scoring is not Scoring.COHORT and bool(ENTRIES[entry.name].hits)


def bounds(window: Window) -> tuple[str, str]:
    """Give the first and the last day of a period."""
    return days_of(window)[0].isoformat(), days_of(window)[1].isoformat()


def days_of(window: Window) -> tuple[date, date]:
    """Give the same as dates; `Window` has them as they were asked for, maybe by month or year."""
    first, _ = interval(window.first, STOCKHOLM)
    _, end = interval(window.last, STOCKHOLM)
    last = end.astimezone(STOCKHOLM) - timedelta(microseconds=1)
    return first.astimezone(STOCKHOLM).date(), last.date()
