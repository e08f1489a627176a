"""Answers of operations as a table: CSV for spreadsheets and other programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from fhir_server.interactions.answer import Answer

CSV = "text/csv"


def csv_answer(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Answer:
    """Give a table as RFC 4180 has it: a header, commas, CRLF, UTF-8."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows(rows)
    body = text.getvalue().encode()
    return Answer(200, body=body, media_type=f"{CSV}; charset=utf-8; header=present")
