"""JSON in and out without loss."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fhir_server.fhir import json
from fhir_server.fhir.outcome import FhirError

numbers = st.from_regex(
    r"-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?", fullmatch=True
)
values = st.recursive(
    st.none() | st.booleans() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner)
    ),
    max_leaves=20,
)


@given(numbers)
def test_the_text_of_every_number_survives(text: str) -> None:
    assert json.dump(json.parse(f'{{"value":{text}}}'.encode())) == f'{{"value":{text}}}'.encode()


@given(values)
def test_a_negative_zero_survives_beside_any_text(value: object) -> None:
    text = b'[-0,{"-0 ":-0},%s, -0 ,-0.0,1e-0]' % json.dump(value)
    read = json.parse(text)
    assert read[2] == value
    assert json.dump(read) == text.replace(b" ,", b",").replace(b", -0,", b",-0,")


def test_a_text_of_many_megabytes_beside_a_negative_zero_takes_no_time() -> None:
    text = b'{"a":"%s","b":-0}' % (rb"\n" * 4_000_000)
    assert bytes(json.parse(text)["b"]) == b"-0"


@given(values)
def test_every_document_survives(value: object) -> None:
    assert json.parse(json.dump(value)) == value
    assert json.copy(value) == value


def test_pretty_keeps_digits() -> None:
    assert json.pretty(b'{"a":1.10}') == b'{\n  "a": 1.10\n}'


@pytest.mark.parametrize(
    "text", [b"", b"{", b'{"a":1,"a":2}', b"[1]x", b"NaN", b"[" * 300 + b"]" * 300]
)
def test_what_is_not_json_is_refused_with_400(text: bytes) -> None:
    with pytest.raises(FhirError) as refused:
        json.parse(text)
    assert refused.value.status == 400
    assert refused.value.issues[0].code == "structure"


def test_decimals_are_told_of_when_written() -> None:
    assert json.dump_with_decimals(json.parse(b'{"a":1.5}')) == (b'{"a":1.5}', True)
    assert json.dump_with_decimals(json.parse(b'{"a":1}')) == (b'{"a":1}', False)
