"""docs/settings.md names every setting, with its variable, option and default, and no other."""

from __future__ import annotations

import re
from dataclasses import Field, fields
from typing import Any

from fhir_server.cli import main
from fhir_server.settings import PREFIX, Settings, is_secret_file
from tests.architecture.source_tree import DOCS, documents, table_rows

PAGE = DOCS / "settings.md"
ROW = re.compile(r"FHIR_SERVER_[A-Z_]+")


def documented(page: str) -> dict[str, tuple[str, str]]:
    """Give option and default by variable, from the page's table."""
    rows = [row for row in table_rows(page) if ROW.fullmatch(row[0])]
    return {row[0]: (row[1], row[2]) for row in rows}


def declared() -> dict[str, tuple[str, str]]:
    """Give option and default by variable, from the code."""
    options = {parameter.name: parameter.opts[0] for parameter in main.commands["serve"].params}
    return {
        PREFIX + setting.name.upper(): (options.get(setting.name, ""), default(setting))
        for setting in fields(Settings)
    }


def default(setting: Field[Any]) -> str:
    if isinstance(setting.default, bool):
        return str(setting.default).lower()
    return "" if setting.default is None else str(setting.default)


def findings(page: str) -> list[str]:
    """Tell how a page differs from the code."""
    written, real = documented(page), declared()
    found = [f"{name} is not documented" for name in real if name not in written]
    found += [f"{name} does not exist" for name in written if name not in real]
    found += [
        f"{name}: the page says {written[name]}, the code {real[name]}"
        for name in real
        if name in written and written[name] != real[name]
    ]
    return found


def test_every_setting_is_documented_with_its_option_and_default() -> None:
    assert findings(PAGE.read_text("utf-8")) == []


def test_a_missing_a_misspelt_and_an_outdated_setting_are_found() -> None:
    page = PAGE.read_text("utf-8")
    without = "\n".join(line for line in page.splitlines() if "FHIR_SERVER_MAX_COUNT" not in line)
    assert findings(without) == ["FHIR_SERVER_MAX_COUNT is not documented"]
    assert "FHIR_SERVER_PORTT does not exist" in findings(
        page.replace("`FHIR_SERVER_PORT`", "`FHIR_SERVER_PORTT`")
    )
    assert findings(page.replace("| `8000` |", "| `8080` |")) == [
        "FHIR_SERVER_PORT: the page says ('--port', '8080'), the code ('--port', '8000')"
    ]


def test_no_document_names_a_variable_that_does_not_exist() -> None:
    known = declared()
    unknown = {
        f"{path.name}: {name}"
        for path in documents()
        for name in ROW.findall(path.read_text("utf-8"))
        if name not in known
        and not name.endswith("_")
        and not is_secret_file(name.removeprefix(PREFIX).lower())
    }
    assert unknown == set()
