"""Indices of continuity: whether a patient meets the same person (R104, R105).

Source: DOMAIN 4.3; BMC Health Services Research 2022, BMC Primary Care 2020. All lie between 0 and
1, and 1 says that every visit was to the same person. COC is by Bice and Boxerman (1977).
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import NamedTuple

# COC and SECON divide by N - 1: a single visit says nothing about continuity.
FEWEST_VISITS = 2
_NOBODY: Hashable = object()


class Continuity(NamedTuple):
    """The indices of one patient.

    Args:
        coc: continuity of care: how concentrated the visits are.
        upc: usual provider of care: the share of visits to the one who is met most.
        secon: sequential continuity: how often two visits in a row are to the same person.
    """

    coc: float
    upc: float
    secon: float


def continuity(visits: Sequence[Hashable]) -> Continuity | None:
    """Give the indices of visits.

    Args:
        visits: who was met, in the order of the visits.

    Returns:
        None for fewer than two visits, where the indices are not defined.
    """
    count = len(visits)
    if count < FEWEST_VISITS:
        return None
    by_provider: dict[Hashable, int] = {}
    in_a_row, last = 0, _NOBODY
    # Plain loops: this runs for every patient of a region.
    for provider in visits:
        by_provider[provider] = by_provider.get(provider, 0) + 1
        in_a_row += provider == last
        last = provider
    squares = sum([n * n for n in by_provider.values()])
    return Continuity(
        coc=(squares - count) / (count * (count - 1)),
        upc=max(by_provider.values()) / count,
        secon=in_a_row / (count - 1),
    )
