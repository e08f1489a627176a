"""Numbers of made-up people: valid, unique, and enough of them."""

from __future__ import annotations

import datetime as dt
from collections import Counter

import pytest

from fhir_server.sweden import codes, identifiers
from fhir_server.sweden.identifier_rules import TEST_BIRTH_NUMBERS
from fhir_server.synthetic.identities import FEMALE, MALE, BirthYear
from fhir_server.synthetic.population import Population

END = dt.date(2026, 11, 27)
NUMBERS = (codes.PERSONNUMMER, codes.SAMORDNINGSNUMMER)


@pytest.mark.parametrize(("year", "sex"), [(1924, FEMALE), (1999, MALE), (2026, FEMALE)])
def test_numbers_are_valid_and_nobody_shares_one(year: int, sex: str) -> None:
    """R122, id-1: also where far more people are born in a year than there are personnummer."""
    born = BirthYear(year, sex, END, "1")
    found = [born[index] for index in range(4 * born.personnummer)]

    assert len({each.number for each in found}) == len(found)
    assert [each for each in found if identifiers.check(each.system, each.number)] == []
    assert all(each.born.year == year and each.born <= END for each in found)
    for each in found:
        if each.system in NUMBERS:
            assert each.number[8:11] in TEST_BIRTH_NUMBERS
            assert int(each.number[10]) % 2 == (sex == MALE)


def test_people_born_a_hundred_years_apart_share_no_number() -> None:
    """R122: a reserve number has no century."""
    old, young = (BirthYear(year, FEMALE, END, "1") for year in (1925, 2025))
    numbers = [each[index].number for each in (old, young) for index in range(4 * old.personnummer)]
    assert len(set(numbers)) == len(numbers)


def test_personnummer_are_used_up_before_other_numbers_but_for_a_few() -> None:
    """R122."""
    born = BirthYear(1960, MALE, END, "1")
    first = Counter(born[index].system for index in range(born.personnummer))
    later = Counter(born[born.personnummer + index].system for index in range(born.personnummer))

    assert first[codes.PERSONNUMMER] > 0.98 * born.personnummer
    assert 0 < first[codes.SAMORDNINGSNUMMER] < 0.02 * born.personnummer
    assert later[codes.SAMORDNINGSNUMMER] > 0.98 * born.personnummer
    assert later[codes.PERSONNUMMER] == 0


@pytest.mark.parametrize("size", [1, 7, 60, 5_000])
def test_everybody_in_a_region_is_somebody_else(size: int) -> None:
    people = Population(size, "1", END)
    found = [people[number] for number in range(size)]

    assert len({each.identity.number for each in found}) == size
    assert {each.rank for each in found} == set(range(size))
    by_rank = sorted(found, key=lambda each: each.rank)
    years = [each.identity.born.year for each in by_rank]
    assert years == sorted(years)


def test_ages_and_sexes_are_about_as_in_sweden() -> None:
    """R109: measures are by sex and age, and need people of each."""
    people = Population(20_000, "1", END)
    found = [people[number] for number in range(20_000)]
    old = [each for each in found if END.year - each.identity.born.year >= 80]

    assert 0.49 < sum(each.sex == FEMALE for each in found) / len(found) < 0.51
    assert 0.05 < len(old) / len(found) < 0.08
    assert sum(each.sex == FEMALE for each in old) > 0.55 * len(old)


def test_a_region_says_for_how_many_personnummer_do_not_suffice() -> None:
    """R122: about 100,000 people can have the pattern of a test number."""
    assert Population(20_000, "1", END).beyond_personnummer == 0
    size = 300_000
    beyond = Population(size, "1", END).beyond_personnummer
    assert size / 2 < beyond < size
