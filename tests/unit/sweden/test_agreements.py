"""Agreements on payment liability, and how the calculation is told."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, time
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import pytest

from fhir_server.sweden.agreements import Agreement, Agreements, AgreementsError, read_agreements
from fhir_server.sweden.discharge import Timeline
from fhir_server.sweden.payment import liability


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+01:00")


STAY = Timeline(
    admitted=at("2026-12-20T08:10"),
    notices=(at("2026-12-20T15:40"),),
    ready=(at("2026-12-26T13:00"),),
    needs=frozenset({"kommun"}),
)


def read(content: Any) -> Agreements:
    return read_agreements(json.dumps(content))


def test_without_an_agreement_the_defaults_hold() -> None:
    """R68, R70, R71, R74: three calendar days, noon, nothing moved."""
    terms = Agreements().of("2380")
    assert (terms.id, terms.days, terms.kind) == ("lagen", 3, "calendar")
    assert (terms.cut_off, terms.move, terms.full_days) == (time(12), False, False)
    assert dict(terms.amounts) == {}


def test_an_agreement_holds_for_its_municipalities_and_takes_the_rest_from_the_default() -> None:
    """R68, R72: the parties agree on time and amounts."""
    found = read(
        {
            "default": {"amounts": {"2026": 9800.5}, "cutOff": None},
            "agreements": [
                {"id": "JH", "municipalities": ["2380", "2361"], "days": 5, "kind": "weekday"},
                {"id": "X", "municipalities": ["2305"], "cutOff": "15:00", "amounts": {"2026": 1}},
            ],
        }
    )
    assert found.of("2361") == found.of("2380")
    assert (found.of("2380").id, found.of("2380").days) == ("JH", 5)
    assert found.of("2380").cut_off is None
    assert found.of("2380").amounts[2026] == Decimal("9800.5")
    assert (found.of("2305").cut_off, found.of("2305").amounts[2026]) == (time(15), 1)
    assert found.of("0180").id == "lagen"


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ({"agreements": [{"id": "X"}]}, "municipalities"),
        ({"agreements": [{"id": "X", "municipalities": ["Berg"]}]}, "agreements/0/municipalities"),
        ({"default": {"days": -1}}, "default/days"),
        ({"default": {"cutOff": "25:00"}}, "default/cutOff"),
        ({"default": {"kind": "bankdag"}}, "default/kind"),
        ({"default": {"amounts": {"i år": 1}}}, "default/amounts"),
        ({"terms": {}}, "terms"),
        (
            {"agreements": [{"id": i, "municipalities": ["2380"]} for i in "XY"]},
            "municipality 2380 has two agreements",
        ),
    ],
)
def test_a_file_that_does_not_fit_is_refused_with_the_place(content: Any, place: str) -> None:
    """R68: a misspelt term must not become the default in silence."""
    with pytest.raises(AgreementsError, match=place):
        read(content)


def test_what_is_no_json_is_refused() -> None:
    """R68."""
    with pytest.raises(AgreementsError):
        read_agreements("{")


def test_the_calculation_says_each_of_its_steps() -> None:
    """R70, R71, R72: day 0, the first day, the days of each year and what they cost."""
    amounts = MappingProxyType({2026: Decimal(9800), 2027: Decimal("10100.50")})
    left = at("2027-01-02T10:00")
    found = liability(replace(STAY, discharged=left), None, Agreement(amounts=amounts), left)
    assert found.days == 3
    assert found.amount == Decimal("29700.50")
    assert found.explanation == (
        "Ingen överenskommelse är inlagd för kommunen. Förvalda villkor gäller: 3 kalenderdagar "
        "efter underrättelsen.",
        "Underrättelsen om utskrivningsklar skickades lördag 26 december 2026 klockan 13.00.",
        "Den kom klockan 12.00 eller senare, så dag 0 är söndag 27 december 2026.",
        "Betalningsansvaret inträder tidigast onsdag 30 december 2026.",
        "Patienten skrevs ut lördag 2 januari 2027 klockan 10.00: 3 vårddygn att betala för, "
        "onsdag 30 december 2026–fredag 1 januari 2027.",
        "2026: 2 vårddygn à 9\u00a0800 kronor = 19\u00a0600 kronor.",
        "2027: 1 vårddygn à 10\u00a0100,50 kronor = 10\u00a0100,50 kronor.",
        "Att betala: 29\u00a0700,50 kronor.",
    )


def test_an_unknown_amount_is_said_and_not_guessed() -> None:
    """R72: the amount of a year is a setting, and none is known by itself."""
    amounts = MappingProxyType({2026: Decimal(9800)})
    found = liability(STAY, None, Agreement(amounts=amounts), at("2027-01-03T10:00"))
    assert (found.status, found.days, found.amount) == ("lopande", 4, None)
    assert found.explanation[-1] == "Beloppet per vårddygn för 2027 är inte inlagt."


def test_a_moved_day_and_weekdays_are_explained() -> None:
    """R70, R74: why the day is another than three days later."""
    moved = liability(STAY, None, Agreement(id="X", days=5, move=True), at("2027-01-10T10:00"))
    said = " ".join(moved.explanation)
    assert "Överenskommelsen X gäller: 5 kalenderdagar" in said
    assert "tidigast fredag 1 januari 2027" in said
    assert "flyttas till nästa vardag: måndag 4 januari 2027 (lagen 1930:173)" in said
    weekdays = liability(STAY, None, Agreement(kind="weekday"), at("2027-01-10T10:00"))
    assert "och bara vardagar räknas, så dag 0 är måndag 28 december 2026" in " ".join(
        weekdays.explanation
    )


def test_what_is_missing_is_said() -> None:
    """R69: both notices, and the kallelse where a SIP is needed."""
    nothing = liability(
        Timeline(admitted=at("2026-12-20T08:10")), None, Agreement(), at("2027-01-10T10:00")
    )
    assert "Ingen har bedömt" in nothing.explanation[-1]
    bare = Timeline(admitted=at("2026-12-20T08:10"), needs=frozenset({"kommun"}))
    both = liability(bare, None, Agreement(), at("2027-01-10T10:00"))
    notice, ready = both.explanation[1:]
    assert notice.startswith("Inget inskrivningsmeddelande är skickat.")
    assert ready.startswith("Ingen underrättelse om att patienten är utskrivningsklar är skickad.")
    sip = replace(STAY, needs=frozenset())
    waiting = liability(sip, None, Agreement(), at("2027-01-10T10:00"))
    assert waiting.explanation[-1].startswith("Ingen kallelse till SIP-möte")
    compulsory = replace(sip, compulsory="lpt")
    assert liability(compulsory, None, Agreement(), at("2027-01-10T10:00")).status == "lopande"
