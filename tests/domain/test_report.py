"""`fhir-server report`, as sentences: R101-R109. A region at random, and what was made of it."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from lxml import etree, html

from fhir_server.app import create_context
from fhir_server.cli import main
from fhir_server.commands.report import periods
from fhir_server.fhir.csv_table import csv_table
from fhir_server.interactions.context import Server
from fhir_server.measures.age_bands import BANDS
from fhir_server.measures.catalogue import MEASURES
from fhir_server.measures.evaluate import Evaluation
from fhir_server.measures.question import Filters
from fhir_server.measures.result import MISSING, Figures
from fhir_server.measures.suppression import suppressed
from fhir_server.measures.window import Window
from fhir_server.reports import html as page
from fhir_server.reports import numbers, tables, words
from fhir_server.reports.contents import Asked, Report, gather
from fhir_server.reports.workbook import workbook
from fhir_server.storage.mongo import MongoStore
from tests.measures.world import NOW, Region, store_all

NOW_WINDOW = Window.of("2026-01-01", "2026-06-30", NOW)
BEFORE = Window.of("2025-07-01", "2025-12-31", NOW)
LEAST = 5
EVIL = '=HYPERLINK("http://evil.example") <script>alert(1)</script>'
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def made(app_server: Server, store: MongoStore, filters: Filters, threshold: int = LEAST) -> Report:
    asked = Asked((NOW_WINDOW, BEFORE), filters, threshold, NOW)
    return gather(create_context(app_server, store), asked, lambda measure: None)


@pytest.fixture(scope="module")
def report(app_server: Server, store: MongoStore) -> Report:
    """A report of a region in which one unit has a name that means harm."""
    region = Region(seed=7, patients=150)
    for resource in region.resources:
        if resource["resourceType"] == "Organization" and resource["id"] == "u3":
            resource["name"] = EVIL
    store_all(app_server, store, region.resources)
    return made(app_server, store, Filters())


@pytest.fixture(scope="module")
def document(report: Report) -> Any:
    return html.fromstring(page.html(report).decode())


@pytest.fixture(scope="module")
def book(report: Report) -> dict[str, list[list[Any]]]:
    return sheets(workbook(report))


def sheets(content: bytes) -> dict[str, list[list[Any]]]:
    """Read a workbook: rows of cells by the name of the sheet; numbers are numbers."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        shared = [
            "".join(each.itertext())
            for each in etree.fromstring(archive.read("xl/sharedStrings.xml"))
        ]
        listed = etree.fromstring(archive.read("xl/workbook.xml")).iter(f"{MAIN}sheet")
        return {
            str(sheet.get("name")): rows(archive.read(f"xl/worksheets/sheet{number}.xml"), shared)
            for number, sheet in enumerate(listed, 1)
        }


def rows(content: bytes, shared: Sequence[str]) -> list[list[Any]]:
    root = etree.fromstring(content)
    assert not list(root.iter(f"{MAIN}f")), "a formula"
    found: list[list[Any]] = []
    for row in root.iter(f"{MAIN}row"):
        found += [[] for _ in range(int(str(row.get("r"))) - 1 - len(found))]
        cells: dict[int, Any] = {}
        for cell in row.iter(f"{MAIN}c"):
            value = cell.find(f"{MAIN}v")
            if value is not None:
                column = re.sub(r"\d", "", str(cell.get("r")))
                index = sum((ord(c) - 64) * 26**p for p, c in enumerate(reversed(column))) - 1
                text = cell.get("t") == "s"
                cells[index] = shared[int(str(value.text))] if text else float(str(value.text))
        found.append([cells.get(index) for index in range(max(cells, default=-1) + 1)])
    return found


def read_csv(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def all_figures(report: Report) -> list[Figures]:
    return [line.figures for entry in report.entries for line in entry.lines()]


def test_every_measure_is_in_every_form_of_the_report(
    report: Report, document: Any, book: dict[str, Any]
) -> None:
    """R101, R106, R109."""
    names = {entry.name for entry in report.entries}
    assert {entry.spec.id for entry in report.entries} == set(MEASURES)
    assert {each.get("id") for each in document.iter("h2")} >= names
    assert set(book) >= {name[:31] for name in names}
    assert {row["mått"] for row in read_csv(tables.measures_csv(report))} == names


def test_the_numbers_are_those_of_the_measures_with_small_ones_held_back(
    report: Report, app_server: Server, store: MongoStore
) -> None:
    """R109: one CSV row for each number that `suppressed` lets through, and no other number."""
    evaluation = Evaluation(create_context(app_server, store))
    found = {
        (row["mått"], row["från"], row["indelning"], row["kod"]): row
        for row in read_csv(tables.measures_csv(report))
    }
    counted = 0
    for window in (NOW_WINDOW, BEFORE):
        result = suppressed(evaluation.result("flk-andel", window, Filters()), LEAST)
        strata = result.groups["all"].strata["unit"].items()
        for value, figures in [("", result.groups["all"].figures), *strata]:
            row = found["flk-andel", window.first, "Enhet" if value else "Alla", value]
            shown = [row["ingår"], row["uppfyller"], row["utan uppgift"], row["utfall"]]
            wanted = (figures.included, figures.hits, figures.excluded, figures.score)
            assert shown == ["" if each is None else str(each) for each in wanted]
            assert row["undertryckt"] == ("ja" if figures.hidden else "nej")
            counted += 1
    assert counted > 8


def test_no_form_of_the_report_shows_a_number_about_few_people(report: Report) -> None:
    """R109: small cells are held back, and the report says so."""
    assert any(figures.hidden for figures in all_figures(report))
    for row in read_csv(tables.measures_csv(report)):
        for column in ("ingår", "uppfyller", "utan uppgift"):
            assert row[column] in ("", "0") or int(row[column]) >= LEAST
    for row in read_csv(tables.reasons_csv(report)):
        assert row["antal"] in ("", "0") or int(row["antal"]) >= LEAST
    assert "undertryckt" in page.html(report).decode()


def test_nothing_is_held_back_where_the_setting_says_so(
    app_server: Server, store: MongoStore, report: Report
) -> None:
    """R109: a setting; the page then warns."""
    open_ = made(app_server, store, Filters(), threshold=0)
    assert not any(figures.hidden for figures in all_figures(open_))
    assert "Inga små tal är undertryckta" in page.html(open_).decode()
    assert "Inga små tal är undertryckta" not in page.html(report).decode()


def test_who_could_not_be_counted_is_shown_with_the_reason(report: Report, document: Any) -> None:
    """R101: missing is reported, never hidden."""
    reasons = read_csv(tables.reasons_csv(report))
    assert {"not-listed", "too-few-visits"} <= {row["orsak"] for row in reasons}
    assert all(row["förklaring"] != row["orsak"] for row in reasons)
    assert "inte listad på någon enhet" in document.text_content()


def test_targets_stand_in_the_summary_and_as_a_line_in_the_charts(
    report: Report, document: Any
) -> None:
    """R102, R103: 55 % and 80 %."""
    [summary] = [
        t for t in document.iter("table") if t.find("caption").text == "Alla mått i korthet"
    ]
    cells = {row.find("th").text: [c.text for c in row.iter("td")] for row in summary.iter("tr")}
    assert cells["Andel med fast läkarkontakt"][-2].replace("\xa0", " ") == "minst 55 %"
    assert cells["Fast läkarkontakt i särskilt boende"][-2].replace("\xa0", " ") == "minst 80 %"
    assert cells["Kontinuitet till läkare, COC"][-2].replace("\xa0", " ") == "minst +20 %"
    lines = document.xpath("//*[@id='chart-flk-andel-enheter']//*[contains(@class, 'major guide')]")
    assert len(lines) == 1
    [entry] = [each for each in report.entries if each.name == "flk-andel"]
    score = entry.groups[0].figures.score
    assert score is not None
    assert entry.reached() is (score >= 0.55)


def test_every_chart_is_named_and_has_a_table_beside_it(document: Any) -> None:
    """R109: who does not see the chart reads the same numbers."""
    charts = document.xpath("//*[local-name()='svg']")
    assert len(charts) > 20
    for chart in charts:
        assert chart.get("role") == "img"
        titles = chart.xpath("./*[local-name()='title']")
        assert [each.get("id") for each in titles] == [chart.get("aria-labelledby")]
        [table] = chart.getparent().xpath("following-sibling::div[@class='wide'][1]/table")
        assert titles[0].text.startswith(table.find("caption").text)
        box = [float(each) for each in chart.get("viewbox").split()]
        legends = chart.xpath(".//*[contains(@class, 'legends')]")
        assert all(bottom(each) < box[3] for each in legends)
    assert not document.xpath("//script | //*[local-name()='script']")


def bottom(legends: Any) -> float:
    """Give how far down a chart's legend goes."""
    moved = re.search(r"translate\([^,]+,\s*([\d.]+)\)", legends.get("transform"))
    assert moved is not None
    boxes = legends.xpath(".//*[local-name()='rect']")
    return float(moved[1]) + max(float(box.get("y")) + float(box.get("height")) for box in boxes)


def test_tables_have_captions_and_scoped_heads_and_ids_are_unique(document: Any) -> None:
    """R109: WCAG 1.3.1; the page is in Swedish."""
    assert document.get("lang") == "sv"
    for table in document.iter("table"):
        assert table.find("caption").text
        assert {th.get("scope") for th in table.iter("th")} == {"col", "row"}
        widths = {len(row.findall("td")) + len(row.findall("th")) for row in table.iter("tr")}
        assert len(widths) == 1
    ids = [each.get("id") for each in document.iter() if each.get("id")]
    assert len(ids) == len(set(ids))
    assert len(document.xpath("//h1")) == 1


def test_a_name_is_a_name_in_every_form(report: Report, book: dict[str, Any]) -> None:
    """R109: no script on the page, no formula in a spreadsheet."""
    text = page.html(report).decode()
    assert "<script" not in text
    assert "&lt;script&gt;alert(1)" in text
    units = {row["benämning"] for row in read_csv(tables.measures_csv(report))}
    assert f"'{EVIL}" in units
    assert EVIL not in units
    assert EVIL in {cell for sheet in book.values() for row in sheet for cell in row}


def test_the_workbook_has_typed_cells_that_stay_in_sight(report: Report) -> None:
    """R109: numbers are numbers, heads are frozen, columns are wide enough to read."""
    content = workbook(report)
    found = sheets(content)["flk-andel"]
    head, first = found[4], found[5]
    assert first[head.index("Indelning")] == "Alla"
    assert isinstance(first[head.index("Ingår")], float)
    assert first[head.index("Från")] == 46023.0  # 2026-01-01, as a spreadsheet counts days
    [entry] = [each for each in report.entries if each.name == "flk-andel"]
    assert first[head.index("Utfall")] == pytest.approx(entry.groups[0].figures.score)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        styles = archive.read("xl/styles.xml").decode()
        sheets_ = [n for n in archive.namelist() if n.startswith("xl/worksheets/sheet")]
        for name in sheets_:
            sheet = archive.read(name).decode()
            assert 'state="frozen"' in sheet
            assert "<cols>" in sheet
    assert 'formatCode="0.0%"' in styles


def test_an_empty_database_makes_a_report_that_says_so(
    app_server: Server, store: MongoStore, report: Report
) -> None:
    """R101: no division by nobody."""
    empty = made(app_server, store, Filters(municipality="0000"))
    assert all(
        entry.outcome(g.figures) in (None, 0) for entry in empty.entries for g in entry.groups
    )
    text = page.html(empty).decode()
    assert "kommun 0000" in text
    assert "nan" not in text.lower().split()
    assert len(sheets(workbook(empty))) == len(empty.entries) + 2


def test_a_report_about_a_unit_is_about_it_and_those_below(
    app_server: Server, store: MongoStore, report: Report
) -> None:
    """R101: per unit."""
    found = made(app_server, store, Filters(unit="Organization/u3"))
    assert found.about == EVIL
    [entry] = [each for each in found.entries if each.name == "flk-andel"]
    assert set(entry.groups[0].strata["unit"]) <= {"Organization/u3"}


def test_csv_of_nothing_has_its_heads() -> None:
    """R109."""
    assert csv_table(tables.REASON_COLUMNS, []).decode("utf-8-sig").split("\r\n")[1:] == [""]


# The command.

Command = Callable[..., Result]


@pytest.fixture
def command(mongo_uri: str, database: str, store: MongoStore) -> Command:
    """Run `fhir-server report` on the database of this module."""

    def run(*arguments: str | Path) -> Result:
        given = ["report", *map(str, arguments), "--mongodb-uri", mongo_uri]
        return CliRunner(env={"FHIR_SERVER_MONGODB_DATABASE": database}).invoke(main, given)

    return run


PERIOD = ("--from", "2026-01-01", "--to", "2026-06-30", "--compare-with", "before")


def test_the_command_writes_four_whole_files_for_this_user_only(
    command: Command, report: Report, tmp_path: Path
) -> None:
    """R101, R109."""
    result = command(*PERIOD, "--output", tmp_path / "out")
    assert result.exit_code == 0, result.output
    files = {path.name: path for path in (tmp_path / "out").iterdir()}
    assert set(files) == {"report.html", "report.xlsx", "measures.csv", "missing.csv"}
    assert {path.stat().st_mode & 0o777 for path in files.values()} == {0o600}
    assert "1 januari–30 juni 2026" in files["report.html"].read_text()
    assert "1 juli–31 december 2025" in files["report.html"].read_text()
    assert files["measures.csv"].read_bytes() == tables.measures_csv(report)
    again = command(*PERIOD, "--output", tmp_path / "out")
    assert again.exit_code == 2
    assert "--overwrite" in again.output
    assert command(*PERIOD, "--output", tmp_path / "out", "--overwrite", "--quiet").output == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--from", "2026-06-30", "--to", "2026-01-01"), "ends before it begins"),
        (("--from", "x", "--to", "2026-01-01"), "x to 2026-01-01"),
        (("--to", "x"), "x: not a date"),
        (("--from", "2990", "--to", "2990"), "has not begun"),
        (("--compare-with", "hest"), "hest"),
        (("--compare-with", "2020", "--compare-with", "2021", "--compare-with", "2022",
          "--compare-with", "2023"), "At most 3"),
        (("--unit", "none"), "no Organization/none"),
    ],
)  # fmt: skip
def test_wrong_use_is_said_in_a_sentence(
    command: Command, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    """R109."""
    result = command(*arguments, "--output", tmp_path)
    assert result.exit_code == 2
    assert said in result.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("first", "last", "compared", "expected"),
    [
        ("2026-01-01", "2026-06-30", "before", ("2025-07-01", "2025-12-31")),
        ("2026-01-10", "2026-01-19", "before", ("2025-12-31", "2026-01-09")),
        ("2026-03", "2026-03", "before", ("2026-02-01", "2026-02-28")),
        ("2024-02-01", "2024-02-29", "year-before", ("2023-02-01", "2023-02-28")),
        ("2025-02-01", "2025-02-28", "year-before", ("2024-02-01", "2024-02-29")),
        ("2026", "2026", "2019", ("2019-01-01", "2019-12-31")),
        ("2026-01-01", "2026-06-30", "2023-01-01/2023-06-30", ("2023-01-01", "2023-06-30")),
        (None, None, "year-before", ("2024-09-01", "2025-08-31")),
    ],
)
def test_periods_to_compare_with_are_as_long_as_people_mean(
    first: str | None, last: str | None, compared: str, expected: tuple[str, str]
) -> None:
    """R104: this period, the one before, and a baseline year."""
    moment = dt.datetime(2026, 9, 12, 10, tzinfo=dt.UTC)
    if first == "2026":
        moment = dt.datetime(2027, 1, 1, 10, tzinfo=dt.UTC)
    chosen = periods(first, last, [compared], moment)
    assert [tables.bounds(window) for window in chosen[1:]] == [expected]
    if first is None:
        assert tables.bounds(chosen[0]) == ("2025-09-01", "2026-08-31")


def test_the_same_period_is_compared_with_once_and_none_with_nothing() -> None:
    """R104: the period before a year is the year before."""
    moment = dt.datetime(2026, 9, 12, 10, tzinfo=dt.UTC)
    assert len(periods(None, None, ["before", "year-before"], moment)) == 2
    assert len(periods(None, None, ["none"], moment)) == 1


def test_everything_that_is_counted_has_words(report: Report) -> None:
    """R109: no code on the page that only programs know."""
    for entry in report.entries:
        assert words.ENTRIES[entry.name].title
        for line in entry.lines():
            assert line.stratifier in words.STRATIFIERS
            if line.stratifier in ("huvudman", "sex", "contact-type", "reason", "requester"):
                assert line.value == MISSING or (line.stratifier, line.value) in words.VALUES
    assert {words.value_words("age-band", band) for band in BANDS} == {
        "0–17 år", "18–44 år", "45–64 år", "65–74 år", "75–84 år", "85 år och äldre",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("first", "last", "short"),
    [
        ("2026-01-01", "2026-12-31", "2026"), ("2024-01-01", "2025-12-31", "2024–2025"),
        ("2026-01-01", "2026-06-30", "jan–juni 2026"), ("2026-03-01", "2026-03-31", "mars 2026"),
        ("2025-11-01", "2026-10-31", "nov 2025–okt 2026"),
        ("2026-01-03", "2026-02-09", "3 jan–9 feb 2026"), ("2026-01-03", "2026-01-03", "3 jan 2026"),
    ],
)  # fmt: skip
def test_a_period_is_short_in_the_head_of_a_table(first: str, last: str, short: str) -> None:
    """R109."""
    days = (dt.date.fromisoformat(first), dt.date.fromisoformat(last))
    assert page.short_period(*days) == short


@pytest.mark.parametrize(
    ("number", "text"),
    [(0.625, "62,5 %"), (0.0, "0,0 %"), (1.0, "100,0 %"), (-0.0, "0,0 %")],
)
def test_numbers_are_written_as_in_sweden(report: Report, number: float, text: str) -> None:
    """R109."""
    entry = next(each for each in report.entries if each.name == "flk-andel")
    assert numbers.value(number, entry).replace("\xa0", " ") == text
    assert numbers.count(1234567, hidden=False).replace("\xa0", " ") == "1 234 567"
    assert numbers.change(-0.125).replace("\xa0", " ") == "−12,5 %"
    assert numbers.change(None) == "–"
    assert numbers.count(None, hidden=True) == "undertryckt"
