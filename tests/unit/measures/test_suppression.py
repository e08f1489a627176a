"""Small numbers, and what they could be computed from (R109)."""

from __future__ import annotations

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from fhir_server.measures.percentiles import Distribution
from fhir_server.measures.result import Figures, Group, Result, Scoring
from fhir_server.measures.suppression import held_back, suppressed
from fhir_server.measures.window import Window

LEAST = 5
WINDOW = Window.of("2026-01", "2026-01", dt.datetime(2026, 3, 1, tzinfo=dt.UTC))

cells = st.tuples(st.integers(0, 30), st.integers(0, 30), st.integers(0, 8))
tables = st.dictionaries(st.sampled_from("abcdefghij"), cells, min_size=1, max_size=8)


def figures(hits: int, rest: int, excluded: int) -> Figures:
    included = hits + rest
    return Figures(included, hits, excluded, hits / included if included else None)


def a_result(table: dict[str, tuple[int, int, int]]) -> Result:
    total = figures(*(sum(column) for column in zip(*table.values(), strict=True)))
    strata = {"unit": {name: figures(*each) for name, each in table.items()}}
    group = Group("all", Scoring.PROPORTION, total, {"not-listed": total.excluded}, strata)
    return Result("flk-andel", WINDOW, {"all": group})


def shown(table: dict[str, tuple[int, int, int]]) -> tuple[Figures, dict[str, Figures]]:
    group = suppressed(a_result(table), LEAST).groups["all"]
    return group.figures, dict(group.strata["unit"])


def is_small(count: int) -> bool:
    return 0 < count < LEAST


@given(tables)
def test_no_small_number_is_shown(table: dict[str, tuple[int, int, int]]) -> None:
    """R109: neither itself nor as the rest of what is shown."""
    total, strata = shown(table)
    for each in [total, *strata.values()]:
        for count in (each.included, each.hits, each.excluded):
            assert count is None or not is_small(count)
        if each.included is not None and each.hits is not None:
            assert not is_small(each.included - each.hits)
        if each.hits is None:
            assert each.score is None
        if each.population is not None and each.included is not None:
            assert not is_small(each.population - each.included)


@given(tables)
def test_nothing_that_is_held_back_follows_from_the_sum(
    table: dict[str, tuple[int, int, int]],
) -> None:
    """R109: a reader who subtracts what is shown from the total gets no small number."""
    total, strata = shown(table)
    for name in ("included", "hits", "excluded"):
        whole = getattr(total, name)
        known = [getattr(each, name) for each in strata.values()]
        hidden = sum(1 for each in known if each is None)
        if whole is not None and hidden:
            left = whole - sum(each for each in known if each is not None)
            assert hidden > 1
            assert not is_small(left)


@given(tables)
def test_where_the_total_is_held_back_so_are_its_parts(
    table: dict[str, tuple[int, int, int]],
) -> None:
    """R109: or the total would be the sum of what is shown."""
    total, strata = shown(table)
    for name in ("included", "hits", "excluded"):
        if getattr(total, name) is None:
            assert all(getattr(each, name) is None for each in strata.values())


@given(tables)
def test_what_is_shown_is_true(table: dict[str, tuple[int, int, int]]) -> None:
    """R109: numbers are held back, never changed."""
    _, strata = shown(table)
    for name, each in strata.items():
        hits, rest, excluded = table[name]
        assert each.hits in (None, hits)
        assert each.included in (None, hits + rest)
        assert each.excluded in (None, excluded)


def test_large_numbers_are_all_shown() -> None:
    _, strata = shown({"a": (20, 30, 0), "b": (10, 10, 5)})
    assert not any(each.hidden for each in strata.values())


def test_one_small_stratum_takes_the_smallest_other_with_it() -> None:
    """R109: complementary suppression."""
    counts = {"a": (3,), "b": (40,), "c": (20,), "d": (0,)}
    assert held_back(counts, {"a"}, LEAST) == {"a", "c"}


def test_two_small_strata_whose_sum_is_small_take_another_with_them() -> None:
    """R109: two numbers that together are 2 are 1 and 1."""
    assert held_back({"a": (1,), "b": (1,), "c": (9,)}, {"a", "b"}, LEAST) == {"a", "b", "c"}


def test_all_but_two_is_as_telling_as_two() -> None:
    """R109: of 40, 38 have a contact: who are the two without?"""
    _, strata = shown({"a": (38, 2, 0), "b": (20, 20, 0), "c": (30, 20, 0)})
    assert strata["a"].hits is None
    assert strata["a"].included == 40
    assert strata["b"].hits is None
    assert strata["c"].hits == 30


def test_a_threshold_of_one_holds_nothing_back() -> None:
    result = a_result({"a": (1, 1, 1)})
    assert suppressed(result, 1) == result


def test_values_of_few_are_held_back_with_their_number() -> None:
    """R109: the longest wait of three patients is somebody's."""
    spread = Distribution(3, 1, 2, 3, 3, 2)
    group = Group("all", Scoring.CONTINUOUS, Figures(3, 0, 0, 2, spread), {}, {}, score_of="median")
    found = suppressed(Result("tid-till-kontakt", WINDOW, {"all": group}), LEAST).groups["all"]
    assert found.figures.distribution is None
    assert found.figures.score is None
    assert found.figures.included is None
