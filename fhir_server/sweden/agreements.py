"""Agreements between region and municipality on payment liability, as they are written down.

R68, R70–R72, R74; lagen (2017:612) 5 kap.: the parties may agree on days and amounts, otherwise
the statutory ones hold. How days are counted could not be verified in the text of the law
(DOMAIN 7), so everything that sources disagree on is a property of the agreement.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from decimal import Decimal
from functools import cache
from types import MappingProxyType
from typing import Any

import jsonschema_rs

CALENDAR, WEEKDAY = "calendar", "weekday"
STATUTORY = "lagen"
# R70: the default of both sources that name one.
DAYS = 3
_DAYS = {"type": "integer", "minimum": 0, "maximum": 60}
_TERMS: dict[str, Any] = {
    "days": _DAYS,
    "kind": {"enum": [CALENDAR, WEEKDAY]},
    "cutOff": {"type": ["string", "null"], "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"},
    "fullDays": {"type": "boolean"},
    "moveFromHolidays": {"type": "boolean"},
    "amounts": {
        "type": "object",
        "propertyNames": {"pattern": "^20[0-9]{2}$"},
        "additionalProperties": {"type": "number", "minimum": 0},
    },
}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "default": {"type": "object", "additionalProperties": False, "properties": _TERMS},
        "agreements": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["id", "municipalities"],
                "properties": {
                    **_TERMS,
                    "id": {"type": "string", "minLength": 1},
                    "municipalities": {
                        "type": "array",
                        "minItems": 1,
                        "items": {"type": "string", "pattern": "^[0-9]{4}$"},
                    },
                },
            },
        },
    },
}


class AgreementsError(ValueError):
    """The file of agreements can't be used; the text says where and why."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """What a region and its municipalities agreed; without arguments the statutory default.

    Args:
        id: its name in answers; ``lagen`` where nothing was agreed.
        days: days after utskrivningsklar until the liability enters (R70).
        kind: ``calendar`` or ``weekday``: which days count (R70; sources disagree).
        cut_off: a notice at this hour or later counts as given the next day (R71); None for
            none.
        full_days: whether that many whole days must have passed, so that the liability enters the
            day after the last of them.
        move: whether an entry on a Saturday, Sunday or holiday waits for the next working day
            (R74; lagen 1930:173).
        amounts: SEK per vårddygn, by year (R72).
    """

    id: str = STATUTORY
    days: int = DAYS
    kind: str = CALENDAR
    cut_off: time | None = time(12)
    full_days: bool = False
    move: bool = False
    amounts: Mapping[int, Decimal] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Agreements:
    """All agreements of a server.

    Args:
        default: what holds where a municipality has none.
        by_municipality: by kommunkod.
    """

    default: Agreement = Agreement()
    by_municipality: Mapping[str, Agreement] = field(default_factory=lambda: MappingProxyType({}))

    def of(self, municipality: str) -> Agreement:
        """Give the agreement of a municipality, by its kommunkod; the default for an unknown."""
        return self.by_municipality.get(municipality, self.default)


def read_agreements(text: str) -> Agreements:
    """Read a file of agreements.

    Args:
        text: JSON as docs/settings.md describes it.

    Raises:
        AgreementsError: it is no JSON, does not fit, or names a municipality twice.
    """
    try:
        content = json.loads(text, parse_float=Decimal)
        _schema().validate(json.loads(text))
    except ValueError as wrong:
        place = "/".join(str(part) for part in getattr(wrong, "instance_path", ()))
        reason = getattr(wrong, "message", str(wrong))
        raise AgreementsError(f"at {place}: {reason}" if place else reason) from None
    default = _agreement({"id": STATUTORY, **content.get("default", {})})
    found: dict[str, Agreement] = {}
    for each in content.get("agreements", []):
        for municipality in each["municipalities"]:
            if municipality in found:
                raise AgreementsError(f"municipality {municipality} has two agreements")
            found[municipality] = _agreement({**content.get("default", {}), **each})
    return Agreements(default, MappingProxyType(found))


def _agreement(terms: Mapping[str, Any]) -> Agreement:
    cut_off = terms.get("cutOff", "12:00")
    amounts = {int(year): Decimal(sum_) for year, sum_ in terms.get("amounts", {}).items()}
    return Agreement(
        id=terms["id"],
        days=terms.get("days", DAYS),
        kind=terms.get("kind", CALENDAR),
        cut_off=time.fromisoformat(cut_off) if cut_off else None,
        full_days=terms.get("fullDays", False),
        move=terms.get("moveFromHolidays", False),
        amounts=MappingProxyType(amounts),
    )


@cache
def _schema() -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(SCHEMA)
