"""Continuity indices (R104, R105; DOMAIN 4.3)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_server.measures.continuity import continuity

visits = st.lists(st.sampled_from("ABCDE"), min_size=2, max_size=30)


@pytest.mark.parametrize(
    ("met", "coc", "upc", "secon"),
    [
        ("AABAC", 0.30, 0.60, 0.25),
        ("AAA", 1, 1, 1),
        ("ABC", 0, 1 / 3, 0),
        ("AB", 0, 0.5, 0),
        ("AA", 1, 1, 1),
    ],
)
def test_the_indices_are_those_of_the_vectors(
    met: str, coc: float, upc: float, secon: float
) -> None:
    """R105: the test vectors of DOMAIN 4.3, and the two pairs of visits there are."""
    assert continuity(met) == pytest.approx((coc, upc, secon))


@pytest.mark.parametrize("met", ["", "A"])
def test_fewer_than_two_visits_have_no_index(met: str) -> None:
    """R105: COC and SECON would divide by zero."""
    assert continuity(met) is None


@given(visits)
def test_every_index_lies_between_0_and_1(met: list[str]) -> None:
    """R105."""
    found = continuity(met)
    assert found is not None
    assert all(0 <= index <= 1 for index in found)


@given(visits, st.randoms())
def test_coc_and_upc_do_not_ask_for_the_order_of_visits(met: list[str], random: object) -> None:
    """R105."""
    shuffled = list(met)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = continuity(met), continuity(shuffled)
    assert one is not None
    assert other is not None
    assert (one.coc, one.upc) == (other.coc, other.upc)


@given(visits)
def test_names_of_people_do_not_matter_and_neither_does_looking_backwards(met: list[str]) -> None:
    """R105."""
    renamed = [{"A": 9, "B": 8, "C": 7, "D": 6, "E": 5}[who] for who in reversed(met)]
    assert continuity(renamed) == continuity(met)


@given(st.lists(st.just("A"), min_size=2, max_size=20))
def test_one_and_the_same_person_is_full_continuity(met: list[str]) -> None:
    """R105."""
    assert continuity(met) == (1, 1, 1)
