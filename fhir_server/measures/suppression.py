"""Small numbers are held back, and enough others that they can't be computed (R109).

A number from 1 to the threshold less one points at few people. What is held back follows from
three numbers of each stratum, which are the cells: who fulfils the measure, who does not, and who
is excluded.

- Included is held back where it is small.
- Hits are held back where they are small, and where those who don't fulfil it are: "all but two".
- Excluded is held back where it is small, and with it everybody (included and excluded).

Strata of one stratifier add up to the group, which readers see. So where any is held back, there
are at least two, and together they are no small number: the smallest others are held back too
(complementary suppression). What remains open: readers who compare reports of nearly the same
people - two periods, two filters - see the difference. No single report can prevent that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from fhir_server.measures.result import Figures, Group, Result, Scoring

# The numbers whose sum over the strata held back must not be small.
_Cells = Callable[[Figures], tuple[int, ...]]


def suppressed(result: Result, threshold: int) -> Result:
    """Give a result that can be shown to anybody.

    Args:
        result: with all its numbers.
        threshold: the least number of people that is shown; 0 and 1 hold nothing back.
    """
    if threshold <= 1:
        return result
    notes = {
        name: None if _is_small(count, threshold) else count for name, count in result.notes.items()
    }
    baseline = suppressed(result.baseline, threshold) if result.baseline else None
    groups = {code: _group(group, threshold) for code, group in result.groups.items()}
    return replace(result, groups=groups, baseline=baseline, notes=notes)


def held_back(counts: Mapping[str, tuple[int, ...]], small: set[str], threshold: int) -> set[str]:
    """Give the strata to hold back, so that none of them follows from the sum of all.

    Args:
        counts: the cells of each stratum; the first says which others are taken, smallest first.
        small: those that must be held back.
        threshold: the least number that is shown.
    """
    hidden = set(small)
    others = sorted((cells[0] == 0, cells[0], name) for name, cells in counts.items())
    waiting = [name for _, _, name in others if name not in hidden]
    while hidden and waiting and _is_open(counts, hidden, threshold):
        hidden.add(waiting.pop(0))
    return hidden


def _is_open(counts: Mapping[str, tuple[int, ...]], hidden: set[str], threshold: int) -> bool:
    sums = [sum(column) for column in zip(*(counts[name] for name in hidden), strict=True)]
    return len(hidden) == 1 or any(_is_small(each, threshold) for each in sums)


def _is_small(count: int | None, threshold: int) -> bool:
    return count is not None and 0 < count < threshold


@dataclass(frozen=True, slots=True)
class _Hidden:
    included: bool
    hits: bool
    excluded: bool

    def applied(self, figures: Figures, scoring: Scoring) -> Figures:
        by_hits = scoring is Scoring.PROPORTION
        unknown = self.hits or self.included if by_hits else self.included
        return replace(
            figures,
            included=None if self.included else figures.included,
            hits=None if self.hits or self.included else figures.hits,
            excluded=None if self.excluded else figures.excluded,
            score=None if unknown else figures.score,
            distribution=None if self.included else figures.distribution,
            hidden=self.included or self.hits or self.excluded,
        )


def _group(group: Group, threshold: int) -> Group:
    total = _small(group, group.figures, threshold)
    reasons = _reasons(group, threshold, hidden=total.excluded)
    strata = {
        name: _strata(group, figures, total, threshold) for name, figures in group.strata.items()
    }
    figures = total.applied(group.figures, group.scoring)
    return replace(group, figures=figures, reasons=reasons, strata=strata)


def _small(group: Group, figures: Figures, threshold: int) -> _Hidden:
    hits = any(_is_small(count, threshold) for count in _hit_cells(figures, group.scoring))
    return _Hidden(
        _is_small(figures.included, threshold), hits, _is_small(figures.excluded, threshold)
    )


def _hit_cells(figures: Figures, scoring: Scoring) -> tuple[int, ...]:
    included, hits = figures.included or 0, figures.hits or 0
    # In a cohort everybody who is included is a hit.
    return (hits,) if scoring is Scoring.COHORT else (hits, included - hits)


def _strata(
    group: Group, strata: Mapping[str, Figures], total: _Hidden, threshold: int
) -> dict[str, Figures]:
    small = {value: _small(group, figures, threshold) for value, figures in strata.items()}
    every = set(strata)

    def column(cells: _Cells, chosen: set[str], *, all_hidden: bool) -> set[str]:
        # A total that is held back must not follow from strata that are shown.
        if all_hidden:
            return every
        counts = {value: cells(figures) for value, figures in strata.items()}
        return held_back(counts, chosen, threshold)

    included = column(
        lambda each: (each.included or 0,),
        {value for value, each in small.items() if each.included},
        all_hidden=total.included,
    )
    hits = column(
        lambda each: _hit_cells(each, group.scoring),
        {value for value, each in small.items() if each.hits} | included,
        all_hidden=total.hits or total.included,
    )
    excluded = column(
        lambda each: (each.excluded or 0,),
        {value for value, each in small.items() if each.excluded},
        all_hidden=total.excluded,
    )
    return {
        value: _Hidden(value in included, value in hits, value in excluded).applied(
            figures, group.scoring
        )
        for value, figures in strata.items()
    }


def _reasons(group: Group, threshold: int, *, hidden: bool) -> dict[str, int | None]:
    counts = {name: (count or 0,) for name, count in group.reasons.items()}
    small = {name for name, (count,) in counts.items() if _is_small(count, threshold)}
    chosen = set(counts) if hidden else held_back(counts, small, threshold)
    return {name: None if name in chosen else count for name, count in group.reasons.items()}
