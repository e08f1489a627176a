"""Numbers as people in Sweden write them, and those that are not there.

Source: Myndigheternas skrivregler: decimal comma, a space between thousands and before %.
"""

from __future__ import annotations

from fhir_server.measures.result import Figures, Scoring
from fhir_server.reports.contents import Entry

HIDDEN = "undertryckt"
NOTHING = "–"
_SPACE = "\u00a0"
_MINUS = "\u2212"


def count(number: float | None, *, hidden: bool) -> str:
    """Give a whole number."""
    if number is None:
        return HIDDEN if hidden else NOTHING
    return _grouped(number, 0)


def outcome(entry: Entry, figures: Figures) -> str:
    """Give the outcome of a measure with its unit."""
    number = entry.outcome(figures)
    if number is None:
        return HIDDEN if figures.hidden else NOTHING
    return value(number, entry)


def value(number: float, entry: Entry) -> str:
    """Give a number of a measure's own kind."""
    if entry.scoring is Scoring.COHORT:
        return _grouped(number, 0)
    match entry.spec.unit:
        case "share":
            return f"{_grouped(number * 100, 1)}{_SPACE}%"
        case "index":
            return _grouped(number, 3)
        case "days":
            return f"{_grouped(number, 1)}{_SPACE}dagar"
        case _:
            return _grouped(number, 0 if number == int(number) else 1)


def change(relative: float | None) -> str:
    """Give a relative change: +20,0 %."""
    if relative is None:
        return NOTHING
    sign = "+" if relative > 0 else ""
    return f"{sign}{_grouped(relative * 100, 1)}{_SPACE}%"


def target(entry: Entry) -> str:
    """Give the target of a measure; empty where it has none."""
    if entry.spec.target is not None:
        return f"minst {_grouped(entry.spec.target * 100, 0)}{_SPACE}%"
    if entry.spec.change is not None:
        return f"minst +{_grouped(entry.spec.change * 100, 0)}{_SPACE}%"
    return ""


def _grouped(number: float, decimals: int) -> str:
    text = f"{abs(number):,.{decimals}f}".replace(",", _SPACE).replace(".", ",")
    return f"{_MINUS}{text}" if number < 0 and text.strip("0,") else text
