"""Logical ids and version ids.

Source: https://hl7.org/fhir/R4/datatypes.html#id
"""

from __future__ import annotations

import re

ID = r"[A-Za-z0-9\-.]{1,64}"
_ID = re.compile(ID)


def is_id(text: str) -> bool:
    """Tell whether R4 allows a text as an id."""
    return _ID.fullmatch(text) is not None


def version_number(text: str) -> int:
    """Give the number of a version by its id; 0, which no version has, for no number of ours."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
