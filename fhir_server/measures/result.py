"""What a measure comes to: numbers, apart from FHIR."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from fhir_server.measures.percentiles import Distribution
from fhir_server.measures.window import Window


class Scoring(Enum):
    """How numbers become a score, by FHIR's names (ValueSet measure-scoring)."""

    COHORT = "cohort"
    PROPORTION = "proportion"
    CONTINUOUS = "continuous-variable"


# Strata: the value of what is not known. It is a stratum like the others and never left out.
MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Figures:
    """Numbers about a population, or a part of it. None is a number that is held back.

    Args:
        included: of whom the question can be answered.
        hits: of those, who fulfil it.
        excluded: about whom it can't be answered; `Group.reasons` says why.
        score: share or mean; None for nobody included.
        distribution: of a continuous variable.
        hidden: whether any number here is held back (R109).
    """

    included: int | None
    hits: int | None
    excluded: int | None
    score: float | None = None
    distribution: Distribution | None = None
    hidden: bool = False

    @property
    def population(self) -> int | None:
        """Everybody: included and excluded."""
        if self.included is None or self.excluded is None:
            return None
        return self.included + self.excluded


@dataclass(frozen=True, slots=True)
class Group:
    """One answer of a measure.

    Args:
        code: which, within the measure.
        scoring: how the score is made.
        figures: of all.
        reasons: why some are excluded, and how many for each reason.
        strata: the same by stratifier, then by value (`MISSING` where it is not known).
        score_of: what of a continuous variable's distribution is the score.
        subjects: patients by ``hit``, ``miss`` and reason; only where asked for.
    """

    code: str
    scoring: Scoring
    figures: Figures
    reasons: Mapping[str, int | None] = field(default_factory=dict)
    strata: Mapping[str, Mapping[str, Figures]] = field(default_factory=dict)
    score_of: str = "mean"
    subjects: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Result:
    """What a measure comes to in a period.

    Args:
        measure: its id, such as ``flk-andel``.
        window: the period.
        groups: the answers, by code.
        target: what the score should reach; None for none.
        unit: of the score: ``share``, ``patients``, ``days`` or ``index``.
        rises: whether more is better; None where neither is.
        baseline: the same of an earlier period.
        names: of units, for readers, by reference.
        notes: what was met and could not be counted, and how often.
    """

    measure: str
    window: Window
    groups: Mapping[str, Group]
    target: float | None = None
    unit: str = "share"
    rises: bool | None = None
    baseline: Result | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, int | None] = field(default_factory=dict)

    def change(self, code: str) -> float | None:
        """Give the relative change of a group's score since the baseline; 0.2 is 20 % more."""
        if self.baseline is None or code not in self.baseline.groups:
            return None
        return relative_change(self.baseline.groups[code].figures, self.groups[code].figures)


def relative_change(before: Figures, after: Figures) -> float | None:
    """Give how a score changed, relative to what it was; None where that says nothing."""
    if before.score is None or after.score is None or before.score == 0:
        return None
    return (after.score - before.score) / before.score
