"""The measures there are. Each has a Measure in profiles/se and a page in docs/measures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType

from fhir_server.measures import assignments, discharges, plans, shares, visits, workload
from fhir_server.measures.question import Question
from fhir_server.measures.result import Scoring
from fhir_server.measures.tally import (
    AGE_BAND,
    CONTACT_TYPE,
    HUVUDMAN,
    MUNICIPALITY,
    REASON,
    REQUESTER,
    SEX,
    TARGET_GROUP,
    UNIT,
    Tally,
)
from fhir_server.sweden import codes

# Counts into the tallies of the groups, in their order; may say what could not be counted.
Count = Callable[[Question, Sequence[Tally]], Counter[str] | None]

WHOSE = (UNIT, HUVUDMAN, MUNICIPALITY, SEX, AGE_BAND)
_LAKAR = (codes.FAST_LAKARKONTAKT,)
_OMSORG = (codes.FAST_OMSORGSKONTAKT,)


@dataclass(frozen=True, slots=True)
class GroupSpec:
    """One group of a measure: see `Tally`."""

    code: str = "all"
    stratifiers: tuple[str, ...] = (*WHOSE, CONTACT_TYPE)
    of_hits: MappingProxyType[str, tuple[str, ...]] = field(
        default_factory=lambda: MappingProxyType({})
    )
    score_of: str = "mean"


@dataclass(frozen=True, slots=True)
class Spec:
    """A measure.

    Args:
        id: of the Measure.
        scoring: how its score is made.
        count: counts it.
        groups: its groups.
        unit: of the score: ``share``, ``patients``, ``days``, ``index``.
        target: what the score should reach.
        rises: whether more is better; None where neither is.
        change: the relative change against a baseline that is the target.
    """

    id: str
    scoring: Scoring
    count: Count
    groups: tuple[GroupSpec, ...]
    unit: str = "share"
    target: float | None = None
    rises: bool | None = None
    change: float | None = None


def _one(count: Callable[[Question, Tally, Sequence[str]], None], kinds: Sequence[str]) -> Count:
    def run(question: Question, tallies: Sequence[Tally]) -> None:
        count(question, tallies[0], kinds)

    return run


def _enrolled(form: str, kinds: Sequence[str]) -> Count:
    def run(question: Question, tallies: Sequence[Tally]) -> None:
        shares.share_of_enrolled(question, tallies[0], kinds, form)

    return run


def _workload(question: Question, tallies: Sequence[Tally]) -> None:
    workload.spread_of_workload(question, tallies, codes.CONTACT_TYPES)


def _of_hits(kinds: Sequence[str]) -> tuple[GroupSpec, ...]:
    return (GroupSpec("all", WHOSE, MappingProxyType({CONTACT_TYPE: tuple(kinds)})),)


def _alone(count: Callable[[Question, Tally], None]) -> Count:
    def run(question: Question, tallies: Sequence[Tally]) -> None:
        count(question, tallies[0])

    return run


_BY_CONTACT = (GroupSpec(),)
_BY_PERSON = (GroupSpec("all", WHOSE),)
_CHANGES = (
    GroupSpec(
        of_hits=MappingProxyType(
            {
                REASON: (*assignments.CHANGES, assignments.DECIDED),
                REQUESTER: (
                    assignments.PATIENT_ASKED,
                    assignments.STAFF_ASKED,
                    assignments.NOBODY_ASKED,
                ),
            }
        )
    ),
)
_CONTINUITY = tuple(GroupSpec(index, WHOSE) for index in visits.INDICES)
_P, _C = Scoring.PROPORTION, Scoring.CONTINUOUS

_ALL = (
    Spec(
        "fvk-antal",
        Scoring.COHORT,
        _one(shares.count_with_contact, codes.VARDKONTAKTER),
        _BY_CONTACT,
        unit="patients",
        rises=True,
    ),
    Spec(
        "fvk-andel",
        _P,
        _one(shares.share_of_listed, codes.VARDKONTAKTER),
        _of_hits(codes.VARDKONTAKTER),
        rises=True,
    ),
    Spec(
        "flk-andel",
        _P,
        _one(shares.share_of_listed, _LAKAR),
        _of_hits(_LAKAR),
        target=0.55,
        rises=True,
    ),
    Spec("flk-sabo", _P, _enrolled(shares.SABO, _LAKAR), _of_hits(_LAKAR), target=0.8, rises=True),
    Spec("fok-andel", _P, _enrolled(shares.HEMTJANST, _OMSORG), _of_hits(_OMSORG), rises=True),
    Spec(
        "fvk-fore-utskrivning",
        _P,
        _one(discharges.share_before_discharge, codes.VARDKONTAKTER),
        _of_hits(codes.VARDKONTAKTER),
        target=1,
        rises=True,
    ),
    Spec("ism-24h", _P, _alone(discharges.share_noticed_in_time), _BY_PERSON, target=1, rises=True),
    Spec(
        "kallelse-3d", _P, _alone(discharges.share_called_in_time), _BY_PERSON, target=1, rises=True
    ),
    Spec(
        "klar-till-hem",
        _C,
        _alone(discharges.days_from_ready_to_home),
        _BY_PERSON,
        unit="days",
        rises=False,
    ),
    Spec(
        "sip-innehall", _P, _alone(plans.share_with_four_contents), _BY_PERSON, target=1, rises=True
    ),
    Spec("sip-uppfoljning", _P, _alone(plans.share_followed_up), _BY_PERSON, rises=True),
    Spec(
        "sip-malgrupp",
        Scoring.COHORT,
        _alone(plans.count_with_plan),
        (GroupSpec("all", (*WHOSE, TARGET_GROUP)),),
        unit="patients",
    ),
    Spec(
        "informerade",
        _P,
        _one(shares.share_informed, codes.CONTACT_TYPES),
        _BY_CONTACT,
        rises=True,
    ),
    Spec(
        "tid-till-kontakt",
        _C,
        _one(assignments.days_to_contact, codes.CONTACT_TYPES),
        (GroupSpec(score_of="median"),),
        unit="days",
        rises=False,
    ),
    Spec("byten", _P, _one(assignments.share_changed, codes.CONTACT_TYPES), _CHANGES),
    Spec(
        "avbojda",
        _P,
        _one(shares.share_of_refusals, codes.CONTACT_TYPES),
        _of_hits(codes.CONTACT_TYPES),
    ),
    Spec(
        "belastning",
        _C,
        _workload,
        (
            GroupSpec("all", (UNIT, HUVUDMAN), score_of="median"),
            GroupSpec("by-type", (CONTACT_TYPE,), score_of="median"),
        ),
        unit="patients",
    ),
    Spec(
        "kont-lakare",
        _C,
        partial(visits.spread_of_continuity, physicians=True),
        _CONTINUITY,
        unit="index",
        rises=True,
        change=0.2,
    ),
    Spec(
        "kont-total",
        _C,
        partial(visits.spread_of_continuity, physicians=False),
        _CONTINUITY,
        unit="index",
        rises=True,
        change=0.2,
    ),
)

MEASURES: MappingProxyType[str, Spec] = MappingProxyType({spec.id: spec for spec in _ALL})
