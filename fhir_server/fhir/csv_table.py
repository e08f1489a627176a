"""Tables as CSV that spreadsheets read: and in which nothing that was typed in becomes a formula.

RFC 4180 (comma, CRLF), UTF-8 with a byte order mark, without which Excel takes å for Ã¥. Numbers
have a decimal point; a value that is not there is an empty cell.

Source: https://www.rfc-editor.org/rfc/rfc4180, https://owasp.org/www-community/attacks/CSV_Injection
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from decimal import Decimal

MEDIA_TYPE = "text/csv"
CONTENT_TYPE = "text/csv; charset=utf-8"
Cell = str | int | float | Decimal | bool | None
# What a spreadsheet may take for the beginning of a formula, and what hides one from the eye.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def csv_table(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """Give a table as CSV.

    Args:
        columns: names, for the first line.
        rows: a cell for each column.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(columns)
    writer.writerows([_text(cell) for cell in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")


def safe_text(text: str) -> str:
    """Give a text that a spreadsheet shows as it is; an apostrophe marks it as text."""
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text


def _text(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return safe_text(cell) if isinstance(cell, str) else str(cell)
