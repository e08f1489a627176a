"""`fhir-server report`: all measures of a period, for people and for spreadsheets."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fhir_server import settings as settings_module
from fhir_server.commands.options import EPILOG, database_options, quiet_option
from fhir_server.commands.progress import meter

if TYPE_CHECKING:
    from fhir_server.interactions.context import Context
    from fhir_server.measures.question import Filters
    from fhir_server.measures.window import Window
    from fhir_server.reports.contents import Report

BEFORE, YEAR_BEFORE, NOTHING = "before", "year-before", "none"
MOST_PERIODS = 4


@click.command(epilog=EPILOG, short_help="Write all measures of a period, as page and tables.")
@click.option("--from", "first", metavar="DATE", help="First day. Default: a year before --to.")
@click.option("--to", "last", metavar="DATE", help="Last day. Default: the last full month's.")
@click.option(
    "--compare-with",
    "compared",
    metavar="PERIOD",
    multiple=True,
    help=f"{BEFORE}, {YEAR_BEFORE}, a year such as 2024, FIRST/LAST, or {NOTHING}; may be "
    f"repeated. Default: {YEAR_BEFORE}. Targets of change are held against the first.",
)
@click.option("--unit", metavar="ID", help="Only this Organization and the units below it.")
@click.option("--municipality", metavar="CODE", help="Only who lives in this kommun (kommunkod).")
@click.option(
    "--output",
    metavar="FOLDER",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("fhir-report"),
    show_default=True,
    help="Where the files are written.",
)
@click.option("--overwrite", is_flag=True, help="Replace an earlier report in the folder.")
@quiet_option
@database_options
def report(
    first: str | None,
    last: str | None,
    compared: tuple[str, ...],
    unit: str | None,
    municipality: str | None,
    output: Path,
    overwrite: bool,
    quiet: bool,
    **options: Any,
) -> None:
    """Write all measures of named contacts for a period: report.html, report.xlsx, measures.csv and
    missing.csv.

    Numbers about fewer people than FHIR_SERVER_SMALL_CELLS are held back. The page is in Swedish,
    with charts, and needs nothing but itself.

    \b
    Examples:
      fhir-server report
      fhir-server report --from 2026-01-01 --to 2026-06-30 --compare-with before
      fhir-server report --from 2026 --to 2026 --compare-with 2024 --unit halsocentralen-test
    """  # fmt: skip
    from fhir_server.app import create_context, create_server
    from fhir_server.serving import opened_store

    now = dt.datetime.now(dt.UTC)
    windows = periods(first, last, compared or (YEAR_BEFORE,), now)
    _refuse_existing(output, overwrite=overwrite)
    settings = settings_module.load(**options)
    with opened_store(settings) as store:
        context = create_context(create_server(settings), store)
        filters = _filters(context, unit, municipality)
        found = _gather(context, windows, filters, now, quiet=quiet)
    _write(found, output)
    if not quiet:
        click.echo(f"Written to {output}: {', '.join(FILES)}. Open {output / FILES[0]}.", err=True)


FILES = ("report.html", "report.xlsx", "measures.csv", "missing.csv")


def periods(
    first: str | None, last: str | None, compared: Sequence[str], now: dt.datetime
) -> list[Window]:
    """Give the period, and those to compare with.

    Raises:
        UsageError: a period that is none.
    """
    from fhir_server.reports.tables import days_of
    from fhir_server.sweden.periods import local_date

    end = last or (local_date(now).replace(day=1) - dt.timedelta(days=1)).isoformat()
    begin = first or _year_until(end)
    chosen = [_window(begin, end, now)]
    days = days_of(chosen[0])
    for each in compared:
        if each != NOTHING:
            window = _window(*_compared(each, *days), now)
            # The period before a year is the year before.
            chosen += [window] if window not in chosen else []
    if len(chosen) > MOST_PERIODS:
        raise click.UsageError(f"At most {MOST_PERIODS - 1} periods can be compared with.")
    return chosen


def _compared(named: str, first: dt.date, last: dt.date) -> tuple[str, str]:
    if named == BEFORE:
        return _before(first, last)
    if named == YEAR_BEFORE:
        return _year_earlier(first).isoformat(), _year_earlier(last, is_end=True).isoformat()
    begin, slash, end = named.partition("/")
    return (begin, end) if slash else (named, named)


def _before(first: dt.date, last: dt.date) -> tuple[str, str]:
    """Give the period just before: so many whole months where it is of whole months, else days."""
    day = dt.timedelta(days=1)
    whole = first.day == 1 and (last + day).day == 1
    if not whole:
        return (first - (last - first) - day).isoformat(), (first - day).isoformat()
    months = (last.year - first.year) * 12 + last.month - first.month + 1
    year, month = divmod(first.year * 12 + first.month - 1 - months, 12)
    return dt.date(year, month + 1, 1).isoformat(), (first - day).isoformat()


def _year_earlier(day: dt.date, *, is_end: bool = False) -> dt.date:
    """Give the same day a year before; the end of February stays the end of February."""
    month_ends = (day + dt.timedelta(days=1)).day == 1
    if day.month == 2 and (day.day == 29 or (is_end and month_ends)):
        return dt.date(day.year - 1, 3, 1) - dt.timedelta(days=1)
    return day.replace(year=day.year - 1)


def _year_until(last: str) -> str:
    from fhir_server.fhir.dates import interval
    from fhir_server.sweden.periods import STOCKHOLM

    try:
        end = interval(last, STOCKHOLM)[1].astimezone(STOCKHOLM).date()
    except ValueError:
        raise click.UsageError(f"{last}: not a date such as 2026-06-30.") from None
    return _year_earlier(end).isoformat()


def _window(first: str, last: str, now: dt.datetime) -> Window:
    from fhir_server.measures.window import Window

    try:
        return Window.of(first, last, now)
    except (ValueError, OverflowError) as error:
        raise click.UsageError(f"{first} to {last}: {error}.") from None


def _filters(context: Context, unit: str | None, municipality: str | None) -> Filters:
    from fhir_server.measures.question import Filters

    reference = ""
    if unit:
        id_ = unit.removeprefix("Organization/")
        stored = context.store.read("Organization", id_)
        if stored is None or stored.deleted:
            raise click.UsageError(f"There is no Organization/{id_} in this database.")
        reference = f"Organization/{id_}"
    return Filters(unit=reference, municipality=municipality or "")


def _gather(
    context: Context, windows: Sequence[Window], filters: Filters, now: dt.datetime, *, quiet: bool
) -> Report:
    from fhir_server.measures.catalogue import MEASURES
    from fhir_server.reports.contents import Asked, gather

    asked = Asked(windows, filters, context.server.settings.small_cells, now)
    with meter(len(MEASURES) * len(windows), quiet=quiet, counted="measures") as shown:
        begun = False

        def progress(measure: str) -> None:
            nonlocal begun
            if begun:
                shown.done(1, 1)
            begun = True
            shown.begin(measure)

        found = gather(context, asked, progress)
        shown.done(1, 1)
    return found


def _refuse_existing(output: Path, *, overwrite: bool) -> None:
    found = next((output / name for name in FILES if (output / name).exists()), None)
    if found and not overwrite:
        raise click.UsageError(
            f"{found} is there already: choose another --output, or give --overwrite."
        )


def _write(found: Report, output: Path) -> None:
    """Write the files; each appears under its name once it is whole, for this user only."""
    from fhir_server.reports.html import html
    from fhir_server.reports.tables import measures_csv, reasons_csv
    from fhir_server.reports.workbook import workbook

    output.mkdir(parents=True, exist_ok=True)
    makers = (html, workbook, measures_csv, reasons_csv)
    for name, content in zip(FILES, [make(found) for make in makers], strict=True):
        unfinished = output / f".{name}.unfinished"
        unfinished.unlink(missing_ok=True)
        unfinished.touch(mode=0o600)
        unfinished.write_bytes(content)
        unfinished.replace(output / name)
