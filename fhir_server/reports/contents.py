"""What a report holds: every measure, for a period and those it is compared with (R101-R109).

Numbers that point at few people are held back before anything else sees them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from fhir_server.interactions.context import Context
from fhir_server.measures.catalogue import MEASURES, Spec
from fhir_server.measures.evaluate import Evaluation
from fhir_server.measures.question import Filters
from fhir_server.measures.result import Figures, Group, Result, Scoring, relative_change
from fhir_server.measures.suppression import suppressed
from fhir_server.measures.window import Window

ALL = ""
# What the database is asked for each measure and period, told before it is asked.
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a report is to be about.

    Args:
        windows: the period first, then those it is compared with.
        filters: whom.
        threshold: the least number of people that is shown.
        now: when it is made.
    """

    windows: Sequence[Window]
    filters: Filters
    threshold: int
    now: dt.datetime


@dataclass(frozen=True, slots=True)
class Line:
    """Figures about everybody, or about a part of them, in one period.

    Args:
        period: position among the report's periods.
        stratifier: what they are divided by; empty for everybody.
        value: which part; empty for everybody.
        figures: the numbers.
    """

    period: int
    stratifier: str
    value: str
    figures: Figures


@dataclass(frozen=True, slots=True)
class Entry:
    """One measure, or one index of it, in all periods.

    Args:
        spec: the measure.
        group: which of its groups.
        results: by period.
    """

    spec: Spec
    group: str
    results: Sequence[Result]

    @property
    def name(self) -> str:
        """What tells it from others: ``flk-andel``, ``kont-total-coc``."""
        return self.spec.id if self.group == "all" else f"{self.spec.id}-{self.group}"

    @property
    def groups(self) -> list[Group]:
        """The group's numbers by period."""
        return [result.groups[self.group] for result in self.results]

    @property
    def scoring(self) -> Scoring:
        """How the outcome is made."""
        return self.spec.scoring

    def outcome(self, figures: Figures) -> float | None:
        """Give the number a reader looks for first: the score, or how many."""
        return figures.included if self.scoring is Scoring.COHORT else figures.score

    def change(self, period: int) -> float | None:
        """Give the change of the outcome since another period; 0.2 is 20 % more."""
        now, before = (self._all(each) for each in (0, period))
        return relative_change(before, now)

    def reached(self) -> bool | None:
        """Tell whether the target is reached; None where there is none, or nothing to tell by.

        A target of change is held against the first period compared with.
        """
        score = self.outcome(self.groups[0].figures)
        if self.spec.target is not None:
            return None if score is None else score >= self.spec.target
        if self.spec.change is not None and len(self.results) > 1:
            change = self.change(1)
            return None if change is None else change >= self.spec.change
        return None

    def stratifiers(self) -> list[str]:
        """Give what the numbers are divided by, in the order of the measure."""
        return list(dict.fromkeys(name for group in self.groups for name in group.strata))

    def lines(self) -> Iterator[Line]:
        """Give all numbers: of everybody first, then by each stratifier."""
        for period, group in enumerate(self.groups):
            yield Line(period, ALL, ALL, group.figures)
            for stratifier in group.strata:
                yield from self.strata(stratifier, period)

    def strata(self, stratifier: str, period: int) -> Iterator[Line]:
        """Give the numbers of the parts in a period."""
        for value, figures in self.groups[period].strata.get(stratifier, {}).items():
            yield Line(period, stratifier, value, figures)

    def unit_name(self, reference: str) -> str:
        """Give what a unit is called; its reference where nobody says."""
        names = (result.names.get(reference) for result in self.results)
        return next((name for name in names if name), reference)

    def _all(self, period: int) -> Figures:
        figures = self.groups[period].figures
        return Figures(figures.included, figures.hits, figures.excluded, self.outcome(figures))


@dataclass(frozen=True, slots=True)
class Report:
    """A report.

    Args:
        asked: what it is about.
        about: the name of the unit; empty for all.
        entries: the measures.
    """

    asked: Asked
    about: str
    entries: Sequence[Entry]


def gather(context: Context, asked: Asked, progress: Progress) -> Report:
    """Compute every measure for every period.

    Args:
        context: whose store.
        asked: what the report is to be about.
        progress: told the measure before each computation.
    """
    evaluation = Evaluation(context)
    entries = []
    for spec in MEASURES.values():
        results = []
        for window in asked.windows:
            progress(spec.id)
            found = evaluation.result(spec.id, window, asked.filters)
            results.append(suppressed(found, asked.threshold))
        entries += [Entry(spec, group.code, results) for group in spec.groups]
    about = evaluation.units.name(asked.filters.unit) if asked.filters.unit else ""
    return Report(asked, about, entries)
