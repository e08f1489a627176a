"""Counts what a measure finds, and sums it up: of all, and by each stratifier.

What is the same about many is counted together, so that a million patients take the room of the
few thousand combinations of unit, municipality, sex and age that there are.
"""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from fhir_server.measures.percentiles import distribution
from fhir_server.measures.result import MISSING, Figures, Group, Scoring
from fhir_server.measures.units import Units

HIT = "hit"
MISS = "miss"

UNIT = "unit"
HUVUDMAN = "huvudman"
MUNICIPALITY = "municipality"
SEX = "sex"
AGE_BAND = "age-band"
CONTACT_TYPE = "contact-type"
REASON = "reason"
REQUESTER = "requester"
TARGET_GROUP = "target-group"


class Item(NamedTuple):
    """What is counted, as far as figures tell it from others.

    Args:
        units: that it belongs to.
        place: kommunkod.
        sex: male, female, other.
        band: of ages.
        kinds: types of contact that it belongs to.
        outcome: `HIT`, `MISS`, or the reason why it can't be answered.
        tags: stratifier and value of what is said of hits alone.
    """

    units: tuple[str, ...]
    place: str | None
    sex: str | None
    band: str | None
    kinds: tuple[str, ...]
    outcome: str
    tags: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class _Sum:
    included: int = 0
    hits: int = 0
    excluded: int = 0
    values: array[float] = field(default_factory=lambda: array("d"))

    def add(self, item: Item, count: int, values: array[float] | None) -> None:
        if item.outcome == HIT:
            self.hits += count
        if item.outcome in (HIT, MISS):
            self.included += count
        else:
            self.excluded += count
        if values:
            self.values.extend(values)

    def figures(self, scoring: Scoring, score_of: str) -> Figures:
        spread = distribution(self.values)
        score: float | None = None
        if scoring is Scoring.PROPORTION and self.included:
            score = self.hits / self.included
        elif scoring is Scoring.CONTINUOUS and spread is not None:
            score = getattr(spread, score_of)
        return Figures(self.included, self.hits, self.excluded, score, spread)


class Tally:
    """Collects items for one group of a measure.

    Args:
        code: of the group.
        scoring: how its score is made.
        units: says who answers for a unit.
        stratifiers: that items are divided by.
        of_hits: stratifiers of which only hits have a value, with the values there are; their
            other numbers are everybody's.
        score_of: what of the distribution is the score.
        listing: whether to keep whose items they are.
    """

    def __init__(
        self,
        code: str,
        scoring: Scoring,
        units: Units,
        stratifiers: Iterable[str],
        of_hits: Mapping[str, Iterable[str]] | None = None,
        score_of: str = "mean",
        listing: bool = False,
    ) -> None:
        self.code = code
        self._scoring = scoring
        self._units = units
        self._stratifiers = tuple(stratifiers)
        self._of_hits = {name: tuple(values) for name, values in (of_hits or {}).items()}
        self._score_of = score_of
        self._listing = listing
        self._counts: Counter[Item] = Counter()
        self._values: dict[Item, array[float]] = {}
        self._subjects: dict[str, dict[str, None]] = defaultdict(dict)

    def add(self, item: Item | None, patient: str, value: float | None = None) -> None:
        """Count an item; None for one that the filters leave out.

        Args:
            item: what to count.
            patient: whose it is.
            value: of a continuous variable.
        """
        if item is None:
            return
        self._counts[item] += 1
        if value is not None:
            values = self._values.get(item)
            if values is None:
                values = self._values[item] = array("d")
            values.append(value)
        if self._listing and patient:
            self._subjects[item.outcome][patient] = None

    def group(self) -> Group:
        """Sum up."""
        all_ = _Sum()
        reasons: Counter[str] = Counter()
        for item, count in self._counts.items():
            all_.add(item, count, self._values.get(item))
            if item.outcome not in (HIT, MISS):
                reasons[item.outcome] += count
        strata = {name: self._strata(name) for name in self._stratifiers}
        strata |= {name: self._strata_of_hits(name, all_) for name in self._of_hits}
        return Group(
            code=self.code,
            scoring=self._scoring,
            figures=all_.figures(self._scoring, self._score_of),
            reasons=dict(sorted(reasons.items())),
            strata=strata,
            score_of=self._score_of,
            subjects={k: tuple(found) for k, found in sorted(self._subjects.items())},
        )

    def _strata(self, stratifier: str) -> dict[str, Figures]:
        sums: dict[str, _Sum] = defaultdict(_Sum)
        for item, count in self._counts.items():
            for value in self._values_of(item, stratifier):
                sums[value].add(item, count, self._values.get(item))
        return {
            value: found.figures(self._scoring, self._score_of)
            for value, found in sorted(sums.items())
        }

    def _values_of(self, item: Item, stratifier: str) -> Iterable[str]:
        match stratifier:
            case "unit":
                return item.units or (MISSING,)
            case "huvudman":
                return {self._units.huvudman(unit) or MISSING for unit in item.units} or (MISSING,)
            case "municipality":
                return (item.place or MISSING,)
            case "sex":
                return (item.sex or MISSING,)
            case "age-band":
                return (item.band or MISSING,)
            case _:
                return item.kinds or (MISSING,)

    def _strata_of_hits(self, stratifier: str, all_: _Sum) -> dict[str, Figures]:
        hits: Counter[str] = Counter(dict.fromkeys(self._of_hits[stratifier], 0))
        for item, count in self._counts.items():
            if item.outcome == HIT:
                for name, value in item.tags:
                    if name == stratifier:
                        hits[value] += count
        return {
            value: _Sum(all_.included, found, all_.excluded).figures(self._scoring, self._score_of)
            for value, found in sorted(hits.items())
        }
