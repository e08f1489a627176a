"""UCUM units: https://ucum.org/ucum"""

from __future__ import annotations

from decimal import Decimal

import pytest

from fhir_server.fhir import units


@pytest.mark.parametrize(
    ("code", "value", "unit", "expected"),
    [
        ("mg", "5.4", "g", "0.0054"),
        ("mg/dL", "5.4", "g.m-3", "54"),
        ("10*3/uL", "7", "m-3", "7000000000000"),
        ("m[IU]/mL", "2", "[iU].m-3", "2000"),
        ("/min", "72", "s-1", "1.2"),
        ("{beats}/min", "72", "s-1", "1.2"),
        ("Cel", "37", "K", "310.15"),
        ("[degF]", "98.6", "K", "310.15"),
        ("mm[Hg]", "120", "g.m-1.s-2", "15998640"),
        ("L/(24.h)", "86.4", "m3.s-1", "0.000001"),
        ("[lb_av]", "1", "g", "453.59237"),
        ("%", "5", "1", "0.05"),
        ("kg/m2", "25", "g.m-2", "25000"),
    ],
)
def test_a_value_is_reduced_to_base_units_exactly(
    code: str, value: str, unit: str, expected: str
) -> None:
    scale = units.scale(code)
    assert scale is not None
    assert (scale.unit, scale.convert(Decimal(value))) == (unit, Decimal(expected))


@pytest.mark.parametrize(
    "code",
    ["", "xyz", "[pH]", "dB", "{score}", "(", "mg mg", "10*999999", "m" * 65, "[hp'_X]", "m/0"],
)
def test_what_cannot_be_reduced_is_left_as_it_is(code: str) -> None:
    assert units.scale(code) is None


def test_a_value_beyond_all_measure_is_left_as_it_is() -> None:
    scale = units.scale("mg")
    assert scale is not None
    assert scale.convert(Decimal("1e999999")) is None
    assert scale.convert(Decimal("1" * 401)) is None


def test_a_third_is_rounded_to_the_same_digits_however_it_is_written() -> None:
    minutes, hours = units.scale("/min"), units.scale("/h")
    assert minutes is not None
    assert hours is not None
    assert minutes.convert(Decimal(70)) == hours.convert(Decimal(4200))


@pytest.mark.parametrize("code", ["mg", "[pH]", "dB", "{score}", "10*3/uL", "%", "1", "/min"])
def test_what_the_grammar_of_ucum_knows_is_a_unit(code: str) -> None:
    assert units.is_unit(code)


@pytest.mark.parametrize("code", ["", "foo", "kr", "mg/", "{a b}", "m" * 65])
def test_other_texts_are_no_unit(code: str) -> None:
    assert not units.is_unit(code)
