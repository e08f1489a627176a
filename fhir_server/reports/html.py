"""The report as a page in Swedish: readable, printable, with every chart's numbers in a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

from markupsafe import Markup

from fhir_server import swedish
from fhir_server.measures.result import Figures
from fhir_server.pages import web
from fhir_server.reports import numbers
from fhir_server.reports.charts import Bars, svg
from fhir_server.reports.contents import Entry, Line, Report
from fhir_server.reports.tables import days_of, has_hits, part_name
from fhir_server.reports.words import ENTRIES, STRATIFIERS, reason_words
from fhir_server.sweden.periods import STOCKHOLM

UNIT = "unit"
# More bars than this nobody reads; the table has them all.
MOST_BARS = 20


@dataclass(frozen=True, slots=True)
class Table:
    """A table.

    Args:
        caption: what it shows.
        columns: heads; the first is that of the rows' heads.
        rows: head and cells.
    """

    caption: str
    columns: Sequence[str]
    rows: Sequence[tuple[str, Sequence[str]]]


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart and the table with its numbers; the chart is empty where there is nothing to draw."""

    svg: Markup
    note: str
    table: Table


@dataclass(frozen=True, slots=True)
class Section:
    """A measure on the page."""

    name: str
    title: str
    question: str
    included: str
    hits: str
    target: str
    reached: str
    periods: Chart
    units: Chart | None
    parts: Sequence[Table]
    reasons: Sequence[tuple[str, str]]


def html(report: Report) -> bytes:
    """Give the page."""
    periods = [short_period(*days_of(window)) for window in report.asked.windows]
    return web.page(
        "report.html",
        sheet="report.css",
        about=report.about or "Alla enheter",
        municipality=report.asked.filters.municipality,
        periods=period_names(report),
        made=swedish.day(report.asked.now.astimezone(STOCKHOLM).date()),
        threshold=report.asked.threshold,
        summary=_summary(report, periods),
        sections=[_section(entry, periods) for entry in report.entries],
    )


def period_names(report: Report) -> list[str]:
    """Give the periods in words: 1 januari–30 juni 2026."""
    return [swedish.days(*days_of(window)) for window in report.asked.windows]


def short_period(first: date, last: date) -> str:
    """Give a period as a table's head has room for it: 2026, jan–juni 2026, 3 jan–9 feb 2026."""
    if (first.month, first.day, last.month, last.day) == (1, 1, 12, 31):
        years = (first.year, last.year)
        return str(first.year) if years[0] == years[1] else f"{years[0]}–{years[1]}"
    whole = first.day == 1 and (last + timedelta(days=1)).day == 1
    begin, end = (_short_day(each, whole_month=whole) for each in (first, last))
    if first.year != last.year:
        return f"{begin} {first.year}–{end} {last.year}"
    return f"{end} {last.year}" if begin == end else f"{begin}–{end} {last.year}"


# Myndigheternas skrivregler: short names of months have no full stop; of four letters none is cut.
_MONTHS = "jan feb mars april maj juni juli aug sep okt nov dec".split()


def _short_day(day: date, *, whole_month: bool) -> str:
    month = _MONTHS[day.month - 1]
    return month if whole_month else f"{day.day} {month}"


def _summary(report: Report, periods: Sequence[str]) -> Table:
    columns = ["Mått", *periods, *(f"Sedan {name}" for name in periods[1:]), "Mål", "Nått"]
    rows = []
    for entry in report.entries:
        cells = [numbers.outcome(entry, group.figures) for group in entry.groups]
        cells += [numbers.change(entry.change(period)) for period in range(1, len(periods))]
        cells += [numbers.target(entry) or numbers.NOTHING, _reached(entry)]
        rows.append((ENTRIES[entry.name].title, cells))
    return Table("Alla mått i korthet", columns, rows)


def _section(entry: Entry, periods: Sequence[str]) -> Section:
    words = ENTRIES[entry.name]
    others = [name for name in entry.stratifiers() if name != UNIT]
    return Section(
        name=entry.name,
        title=words.title,
        question=words.question,
        included=words.included,
        hits=words.hits if has_hits(entry) else "",
        target=numbers.target(entry),
        reached=_reached(entry),
        periods=_periods(entry, periods),
        units=_units(entry, periods),
        parts=[_parts(entry, name, periods) for name in others if any(entry.strata(name, 0))],
        reasons=list(_reasons(entry)),
    )


def _reached(entry: Entry) -> str:
    reached = entry.reached()
    return numbers.NOTHING if reached is None else "ja" if reached else "nej"


def _periods(entry: Entry, periods: Sequence[str]) -> Chart:
    spread = entry.spec.unit != "share" and bool(entry.groups[0].figures.distribution)
    columns = ["Period", "Ingår", *(["Uppfyller"] if has_hits(entry) else []), "Utan uppgift"]
    columns += ["Utfall", *(["Minst", "90 % har högst", "Mest"] if spread else [])]
    columns += ["Förändring till nu"] if len(periods) > 1 else []
    rows = []
    for number, (name, group) in enumerate(zip(periods, entry.groups, strict=True)):
        cells = _counts(entry, group.figures)
        cells += [numbers.outcome(entry, group.figures)]
        cells += _spread(entry, group.figures) if spread else []
        if len(periods) > 1:
            cells.append(numbers.change(entry.change(number)) if number else "")
        rows.append((name, cells))
    title = f"{ENTRIES[entry.name].title}, efter period"
    outcomes = [entry.outcome(group.figures) for group in entry.groups]
    # In the order of time, as everybody reads a development.
    labels = list(reversed(periods))
    drawn = _drawn(entry, "perioder", title, labels, [("Utfall", list(reversed(outcomes)))])
    return Chart(drawn, "", Table(title, columns, rows))


def _counts(entry: Entry, figures: Figures) -> list[str]:
    shown = [figures.included, *([figures.hits] if has_hits(entry) else []), figures.excluded]
    return [numbers.count(each, hidden=figures.hidden) for each in shown]


def _spread(entry: Entry, figures: Figures) -> list[str]:
    spread = figures.distribution
    if spread is None:
        return [numbers.HIDDEN if figures.hidden else numbers.NOTHING] * 3
    return [numbers.value(each, entry) for each in (spread.least, spread.p90, spread.most)]


def _units(entry: Entry, periods: Sequence[str]) -> Chart | None:
    table = _parts(entry, UNIT, periods)
    if not table.rows:
        return None
    lines = list(_by_value(entry, UNIT))
    sizes = sorted((_size(each) for each in lines), reverse=True)
    # Of those as large as the smallest drawn, the first are drawn.
    least = sizes[MOST_BARS - 1] if len(sizes) > MOST_BARS else 0
    chosen = [each for each in lines if _size(each) >= least][:MOST_BARS]
    labels = [part_name(entry, next(line for line in each if line)) for each in chosen]
    series = [
        (name, [entry.outcome(line.figures) if (line := each[number]) else None for each in chosen])
        for number, name in enumerate(periods)
    ]
    note = (
        f"Diagrammet visar de {MOST_BARS} enheter där flest ingår; tabellen visar alla."
        if len(lines) > MOST_BARS
        else ""
    )
    drawn = _drawn(entry, "enheter", table.caption, labels, series)
    return Chart(drawn, note, table)


def _size(lines: Sequence[Line | None]) -> int:
    return (lines[0].figures.included or 0) if lines[0] else 0


def _parts(entry: Entry, stratifier: str, periods: Sequence[str]) -> Table:
    head = STRATIFIERS[stratifier]
    columns = [head, "Ingår", *(["Uppfyller"] if has_hits(entry) else []), "Utan uppgift", "Utfall"]
    columns += [f"Utfall {name}" for name in periods[1:]]
    rows = []
    for lines in _by_value(entry, stratifier):
        known = next(line for line in lines if line)
        now = lines[0].figures if lines[0] else Figures(0, 0, 0)
        cells = [*_counts(entry, now), numbers.outcome(entry, now)]
        cells += [
            numbers.outcome(entry, line.figures) if line else numbers.NOTHING for line in lines[1:]
        ]
        rows.append((part_name(entry, known), cells))
    title = f"{ENTRIES[entry.name].title}, efter {head[:1].lower()}{head[1:]}"
    return Table(title, columns, rows)


def _by_value(entry: Entry, stratifier: str) -> Iterator[list[Line | None]]:
    """Give the lines of each part by period; None for a period without it."""
    lines = [
        line for period in range(len(entry.groups)) for line in entry.strata(stratifier, period)
    ]

    def order(line: Line) -> tuple[bool, str, str]:
        name = part_name(entry, line) if stratifier == UNIT else ""
        return line.value == "missing", swedish_order(name), line.value

    for _, found in groupby(sorted(lines, key=order), key=order):
        by_period = {line.period: line for line in found}
        yield [by_period.get(period) for period in range(len(entry.groups))]


def swedish_order(text: str) -> str:
    """Give what sorts Swedish words: å, ä and ö come last, in that order."""
    return text.casefold().translate(str.maketrans("åäö", "{|}"))


def _drawn(
    entry: Entry,
    kind: str,
    title: str,
    labels: Sequence[str],
    series: Sequence[tuple[str, Sequence[float | None]]],
) -> Markup:
    if all(number is None for _, found in series for number in found):
        return Markup("")
    bars = Bars(
        name=f"{entry.name}-{kind}",
        title=f"{title}. Stapeldiagram; tabellen bredvid har samma tal.",
        labels=labels,
        series=series,
        formatted=lambda number: numbers.value(number, entry),
        target=entry.spec.target,
        top=1.0 if entry.spec.unit in ("share", "index") else None,
    )
    return Markup(svg(bars))  # noqa: S704 - drawn here; lxml has escaped what is in it


def _reasons(entry: Entry) -> Iterator[tuple[str, str]]:
    group = entry.groups[0]
    for reason, number in (*group.reasons.items(), *entry.results[0].notes.items()):
        yield reason_words(reason), numbers.count(number, hidden=True)
