"""Numbers for made-up people: personnummer by the pattern of Skatteverket's test numbers.

Skatteverket's test numbers have the birth numbers 238, 239, 980 and 981 (DOMAIN 6; not verified):
two a day for each sex. Where a region has more people born in a year than that, the rest get
samordningsnummer of the same pattern (60 added to the day), and then national reserve numbers,
which have room for any number of people. A few people have such numbers anyway, as people do
who are not in folkbokföringen (R122).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from fhir_server.sweden import codes
from fhir_server.sweden.identifiers import luhn_digit
from fhir_server.synthetic.chance import Shuffle

FEMALE, MALE = "female", "male"
# The third digit of a birth number is even for women, odd for men.
_BIRTH_NUMBERS = {FEMALE: ("238", "980"), MALE: ("239", "981")}
# Letters of a reserve number: no I, O, Q, V, W (R122).
_LETTERS = "ABCDEFGHJKLMNPRSTUXYZ"
# Of the people born in a year, every hundredth is not in folkbokföringen.
_HUNDRED, _FOREIGN, _UNKNOWN = 100, 37, 537


@dataclass(frozen=True, slots=True)
class Identity:
    """Who somebody is: birth date, and a number under the system it belongs to."""

    born: dt.date
    system: str
    number: str


class BirthYear:
    """The numbers there are for people of one sex born in one year.

    Args:
        year: of birth.
        sex: `FEMALE` or `MALE`.
        last: no one is born after this day.
        seed: what the order of birthdays follows from.
    """

    def __init__(self, year: int, sex: str, last: dt.date, seed: str) -> None:
        self._first = dt.date(year, 1, 1)
        days = (min(dt.date(year, 12, 31), last) - self._first).days + 1
        self._birth_numbers = _BIRTH_NUMBERS[sex]
        self._slots = days * len(self._birth_numbers)
        self._order = Shuffle(self._slots, f"{seed}/born/{year}/{sex}")
        self._sex_digit = "0" if sex == FEMALE else "1"

    @property
    def personnummer(self) -> int:
        """How many people can have a number of the pattern of test personnummer."""
        return self._slots

    def __getitem__(self, index: int) -> Identity:
        """Give the identity of the next, by a number from 0."""
        turn, index = divmod(index, self._slots)
        slot = self._order[index]
        days, which = divmod(slot, len(self._birth_numbers))
        born = self._first + dt.timedelta(days=days)
        birth_number = self._birth_numbers[which]
        if turn == 0 and slot % (10 * _HUNDRED) == _UNKNOWN:
            return self._reserve(born, turn, which)
        foreign = slot % _HUNDRED == _FOREIGN
        if turn == 0 and not foreign:
            return Identity(born, codes.PERSONNUMMER, _number(born, 0, birth_number))
        if turn == 0 or (turn == 1 and not foreign):
            return Identity(born, codes.SAMORDNINGSNUMMER, _number(born, 60, birth_number))
        return self._reserve(born, turn, which)

    def _reserve(self, born: dt.date, turn: int, which: int) -> Identity:
        first, second = divmod(turn * len(self._birth_numbers) + which, len(_LETTERS))
        letters = _LETTERS[first % len(_LETTERS)] + _LETTERS[second]
        # In place of the century stands another, which no personnummer has: 98 for 19, 99 for 20.
        century = born.year // 100 + 79
        number = f"{century}{born:%y%m%d}{letters}{self._sex_digit}0"
        return Identity(born, codes.RESERVNUMMER, number)


def _number(born: dt.date, added: int, birth_number: str) -> str:
    digits = f"{born.year:04}{born.month:02}{born.day + added:02}{birth_number}"
    return f"{digits}{luhn_digit(digits[2:])}"
