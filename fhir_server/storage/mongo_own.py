"""Searches among what is a unit's own: led by the entries that are kept for the unit alone.

Of a search that is restricted to a unit's own, the order of dates, names or changes would lead
through what others wrote as well. `fhir_server.search.unit_entries` keeps such an order for each
unit. It only leads: all criteria of the search are checked as ever.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from fhir_server.search import labels, tokens
from fhir_server.search.query import (
    Criterion,
    HasKey,
    HasToken,
    InRange,
    Or,
    Query,
    TextContains,
    TextStart,
    Updated,
)
from fhir_server.search.unit_entries import SENT, kept, moment, named, updated
from fhir_server.storage.mongo_branches import Scans, beside_window, updated_window
from fhir_server.storage.mongo_filters import Filter, start_key
from fhir_server.storage.mongo_scans import KeyScan, MergedScan

# More units than these, and each page would begin with as many queries.
MOST_UNITS = 8
Ordered = KeyScan | MergedScan
_NAMED = (InRange, TextStart, TextContains, HasKey)


@dataclass(frozen=True, slots=True)
class Own:
    """Whose own a search is among.

    Args:
        resource_type: what is searched.
        units: ``Organization/[id]`` of each.
        criterion: the part of the search that says so.
    """

    resource_type: str
    units: tuple[str, ...]
    criterion: Criterion

    def keeps(self, criterion: Criterion) -> bool:
        """Tell whether an order is kept that a criterion can lead by."""
        if isinstance(criterion, Or):
            return bool(criterion.parts) and all(self._keeps(part) for part in criterion.parts)
        return self._keeps(criterion) or isinstance(criterion, Updated)

    def _keeps(self, criterion: Criterion) -> bool:
        return isinstance(criterion, _NAMED) and criterion.name in kept(self.resource_type)

    def keeps_order(self, name: str) -> bool:
        """Tell whether the order of a parameter is kept."""
        return name in kept(self.resource_type)

    def others(self, number: int) -> list[Filter]:
        """Leave out what is also an earlier unit's: it has been found among theirs."""
        spelled = [
            labels.refers(self.resource_type, label, unit)
            for unit in self.units[:number]
            for label in _labels(self.resource_type)
        ]
        return [{"t": {"$nin": spelled}}] if spelled else []

    def led(self, make: Callable[[str], Scans]) -> Scans:
        """Give scans for each unit, one after the other; ``make`` gives those of one unit."""
        return [
            scan.within(*self.others(number))
            for number, unit in enumerate(self.units)
            for scan in make(unit)
        ]

    def merged(self, name: str, make: Callable[[str], Sequence[Ordered]]) -> list[Ordered]:
        """Give the scans of an order, each among all units.

        Args:
            name: the parameter that orders.
            make: gives the scans for a name of its entries.
        """
        plain = make(name)
        each = [
            [scan.within(*self.others(number)) for scan in make(named(name, unit))]
            for number, unit in enumerate(self.units)
        ]
        return [
            _merged(stage, whole)
            for stage, whole in zip(zip(*each, strict=True), plain, strict=True)
        ]

    def updates(self, query: Query, unit: str, *, descending: bool = False) -> KeyScan:
        """Give the scan in the order of last updates of one unit's own."""
        low, high = updated_window(query.where.parts)
        return KeyScan(
            start_key(updated(self.resource_type, unit)),
            None if low is None else moment(low),
            None if high is None else moment(high),
            beside_window(query.where.parts),
            descending,
        )


def _merged(stage: Sequence[Ordered], plain: Ordered) -> Ordered:
    """Merge the same scan of several units; where one stands is told by the key that all have."""
    scans = [each for scan in stage for each in _plain_scans(scan)]
    bases = [each.base or each.field for each in _plain_scans(plain)]
    if len(scans) == 1:
        return scans[0]
    return MergedScan(tuple(replace(scan, base=bases[0]) for scan in scans))


def _plain_scans(scan: Ordered) -> tuple[KeyScan, ...]:
    return scan.scans if isinstance(scan, MergedScan) else (scan,)


def own_of(query: Query) -> Own | None:
    """Tell whose own a search is restricted to; None where it is not, or to many units'."""
    if len(query.types) != 1:
        return None
    resource_type = query.types[0]
    starts = tuple(labels.refers(resource_type, each, "") for each in _labels(resource_type))
    for part in query.where.parts:
        spelled = _tokens(part)
        if spelled and all(token.startswith(starts) for token in spelled):
            units = tuple(dict.fromkeys(t.partition(tokens.REFERENCE)[2] for t in spelled))
            return Own(resource_type, units, part) if len(units) <= MOST_UNITS else None
    return None


def _labels(resource_type: str) -> tuple[str, ...]:
    both = (labels.OWNER, labels.ADDRESSED)
    return both if resource_type in SENT else both[:1]


def _tokens(criterion: Criterion) -> list[str]:
    parts = criterion.parts if isinstance(criterion, Or) else (criterion,)
    found = [part.token for part in parts if isinstance(part, HasToken)]
    return found if len(found) == len(parts) else []


def of_unit(criterion: Criterion, unit: str) -> Criterion:
    """Give a criterion on a parameter as one on what is kept of it for a unit."""
    match criterion:
        case Or(parts):
            return Or(tuple(of_unit(part, unit) for part in parts))
        case InRange() | TextStart() | TextContains() | HasKey():
            return replace(criterion, name=named(criterion.name, unit))
        case _:
            return criterion
