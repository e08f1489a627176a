"""The report as a workbook (XLSX): a summary, and a sheet for each measure."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Sequence
from typing import Any

import xlsxwriter

from fhir_server.fhir.csv_table import Cell
from fhir_server.measures.result import Scoring
from fhir_server.reports.contents import Entry, Line, Report
from fhir_server.reports.numbers import HIDDEN
from fhir_server.reports.tables import (
    LINE_COLUMNS,
    REASON_COLUMNS,
    UNITS,
    cells,
    days_of,
    has_hits,
    reasons,
)
from fhir_server.reports.words import ENTRIES

SUMMARY = "Sammanfattning"
MISSING = "Utan uppgift"
_NUMBER_FORMATS = {"share": "0.0%", "index": "0.000", "days": "0.0", "patients": "#,##0.0"}
_WIDTHS = (12, 12, 20, 24, 34, 10, 11, 13, 11, 11, 10, 10, 12, 10, 10, 9, 13)
_LONGEST_NAME = 31  # of a sheet, by Excel


def workbook(report: Report) -> bytes:
    """Give the file; nothing in it is a formula, whatever a unit is called."""
    out = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(out, options) as book:
        book.set_properties({"title": "Fasta vårdkontakter", "created": report.asked.now})
        sheets = _Sheets(book)
        sheets.summary(report)
        for entry in report.entries:
            sheets.measure(entry)
        sheets.reasons(report)
    return out.getvalue()


class _Sheets:
    def __init__(self, book: Any) -> None:
        self._book = book
        self._head = book.add_format(
            {"bold": True, "bottom": 1, "text_wrap": True, "valign": "top", "bg_color": "#E8EEF4"}
        )
        self._title = book.add_format({"bold": True, "font_size": 14})
        self._hidden = book.add_format({"italic": True, "align": "right", "font_color": "#555555"})
        self._date = book.add_format({"num_format": "yyyy-mm-dd", "align": "left"})
        self._formats = {
            form: book.add_format({"num_format": form})
            for form in (*_NUMBER_FORMATS.values(), "#,##0", "+0.0%;-0.0%;0.0%")
        }

    def summary(self, report: Report) -> None:
        sheet = self._book.add_worksheet(SUMMARY)
        sheet.write_string(0, 0, "Fasta vårdkontakter", self._title)
        about = report.about or "Alla enheter"
        if report.asked.filters.municipality:
            about += f", kommun {report.asked.filters.municipality}"
        sheet.write_string(1, 0, about)
        periods = [" – ".join(map(str, days_of(w))) for w in report.asked.windows]
        columns = ["Mått", *periods, "Enhet"]
        columns += [f"Förändring sedan {period}" for period in periods[1:]]
        columns += ["Mål", "Nått målet", "Ingår", "Utan uppgift"]
        self._header(sheet, 3, columns)
        for number, entry in enumerate(report.entries, 4):
            self._summary_row(sheet, number, entry)
        sheet.set_column(0, 0, 38)
        sheet.set_column(1, len(columns) - 1, 15)
        sheet.freeze_panes(4, 1)
        self._paper(sheet)

    def measure(self, entry: Entry) -> None:
        words = ENTRIES[entry.name]
        sheet = self._book.add_worksheet(entry.name[:_LONGEST_NAME])
        sheet.write_string(0, 0, words.title, self._title)
        sheet.write_string(1, 0, words.question)
        included = f"Ingår: {words.included}."
        hits = f" Uppfyller: {words.hits}." if has_hits(entry) else ""
        sheet.write_string(2, 0, included + hits)
        self._header(sheet, 4, LINE_COLUMNS)
        row = 4
        for row, line in enumerate(entry.lines(), 5):
            self._line(sheet, row, entry, line)
        for column, width in enumerate(_WIDTHS):
            sheet.set_column(column, column, width)
        sheet.freeze_panes(5, 0)
        sheet.autofilter(4, 0, row, len(LINE_COLUMNS) - 1)
        self._paper(sheet)

    def reasons(self, report: Report) -> None:
        sheet = self._book.add_worksheet(MISSING)
        self._header(sheet, 0, REASON_COLUMNS)
        rows = [row for entry in report.entries for row in reasons(entry)]
        for number, row in enumerate(rows, 1):
            for column, cell in enumerate(row):
                hidden = REASON_COLUMNS[column] == "antal" and cell is None
                self._cell(sheet, number, column, cell, "#,##0", hidden=hidden)
        for column, width in enumerate((22, 34, 12, 12, 24, 44, 13)):
            sheet.set_column(column, column, width)
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, max(len(rows), 1), len(REASON_COLUMNS) - 1)
        self._paper(sheet)

    def _summary_row(self, sheet: Any, row: int, entry: Entry) -> None:
        form = _format(entry)
        sheet.write_string(row, 0, ENTRIES[entry.name].title)
        figures = [group.figures for group in entry.groups]
        for column, each in enumerate(figures, 1):
            self._cell(sheet, row, column, entry.outcome(each), form, hidden=each.hidden)
        column = 1 + len(figures)
        sheet.write_string(row, column, UNITS[entry.spec.unit])
        for period in range(1, len(figures)):
            column += 1
            self._cell(sheet, row, column, entry.change(period), "+0.0%;-0.0%;0.0%")
        change = entry.spec.target is None and entry.spec.change is not None
        target = entry.spec.change if change else entry.spec.target
        self._cell(sheet, row, column + 1, target, "+0.0%;-0.0%;0.0%" if change else form)
        reached = entry.reached()
        said = None if reached is None else "ja" if reached else "nej"
        self._cell(sheet, row, column + 2, said, form)
        for offset, number in enumerate((figures[0].included, figures[0].excluded), 3):
            self._cell(sheet, row, column + offset, number, "#,##0", hidden=figures[0].hidden)

    def _line(self, sheet: Any, row: int, entry: Entry, line: Line) -> None:
        form = _format(entry)
        for column, (name, cell) in enumerate(zip(LINE_COLUMNS, cells(entry, line), strict=True)):
            count = name in ("ingår", "uppfyller", "utan uppgift")
            hidden = line.figures.hidden and (count or name == "utfall")
            if name == "uppfyller" and not has_hits(entry):
                hidden = False
            shown = dt.date.fromisoformat(str(cell)) if name in ("från", "till") else cell
            self._cell(sheet, row, column, shown, "#,##0" if count else form, hidden=hidden)

    def _cell(
        self, sheet: Any, row: int, column: int, cell: Cell | dt.date, form: str, *,
        hidden: bool = False,
    ) -> None:  # fmt: skip
        if cell is None:
            if hidden:
                sheet.write_string(row, column, HIDDEN, self._hidden)
        elif isinstance(cell, dt.date):
            sheet.write_datetime(row, column, dt.datetime.combine(cell, dt.time()), self._date)
        elif isinstance(cell, str):
            sheet.write_string(row, column, cell)
        else:
            sheet.write_number(row, column, float(cell), self._formats[form])

    def _header(self, sheet: Any, row: int, columns: Sequence[str]) -> None:
        for column, name in enumerate(columns):
            sheet.write_string(row, column, name[:1].upper() + name[1:], self._head)

    def _paper(self, sheet: Any) -> None:
        sheet.set_landscape()
        sheet.set_paper(9)  # A4
        sheet.fit_to_pages(1, 0)


def _format(entry: Entry) -> str:
    return "#,##0" if entry.scoring is Scoring.COHORT else _NUMBER_FORMATS[entry.spec.unit]
