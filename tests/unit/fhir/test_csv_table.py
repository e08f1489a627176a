"""Tables as CSV, for programs and for spreadsheets."""

from __future__ import annotations

import csv
import io
from decimal import Decimal

import pytest

from fhir_server.fhir.csv_table import csv_table


def read(table: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(table.decode("utf-8-sig"), newline="")))


def test_a_table_begins_with_a_byte_order_mark_and_the_names_of_its_columns() -> None:
    assert csv_table(["enhet", "antal"], [["Åre", 1]]) == "\ufeffenhet,antal\r\nÅre,1\r\n".encode()


def test_what_is_not_there_is_an_empty_cell_and_numbers_have_a_point() -> None:
    cells = [None, 1.5, Decimal("7.50"), True, 0]
    assert read(csv_table(list("abcde"), [cells])) == [
        list("abcde"),
        ["", "1.5", "7.50", "true", "0"],
    ]


@pytest.mark.parametrize(
    "typed",
    [
        "=1+1",
        "+46 63",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "  =1",
        "\n=1",
        "＝1",
        '=HYPERLINK("http://x")',
    ],
)
def test_what_somebody_typed_in_never_becomes_a_formula(typed: str) -> None:
    [_, [cell]] = read(csv_table(["namn"], [[typed]]))
    assert cell == f"'{typed}"


@pytest.mark.parametrize("typed", ["Åre, norra", 'Enhet "Söder"', "två\nrader", "a=b", "1177"])
def test_other_text_comes_back_as_it_was(typed: str) -> None:
    [_, [cell]] = read(csv_table(["namn"], [[typed]]))
    assert cell == typed


def test_a_number_is_no_formula_because_it_is_negative() -> None:
    assert read(csv_table(["a"], [[-1]])) == [["a"], ["-1"]]
