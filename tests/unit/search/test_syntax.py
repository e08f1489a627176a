"""Escapes in values: https://hl7.org/fhir/R4/search.html#escaping"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_server.search.syntax import escape, split, unescape

values = st.lists(st.text(alphabet="ab,|$\\ å"), min_size=1)


@settings(deadline=None)
@given(values, st.sampled_from(",|$"))
def test_what_was_escaped_and_joined_is_split_and_read_back(
    parts: list[str], separator: str
) -> None:
    joined = separator.join(escape(part) for part in parts)
    assert [unescape(part) for part in split(joined, separator)] == parts


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a,b", ["a", "b"]),
        (r"a\,b", [r"a\,b"]),
        (r"a\\,b", [r"a\\", "b"]),
        (",", ["", ""]),
        ("a\\", ["a\\"]),
    ],
)
def test_only_a_separator_without_an_escape_separates(text: str, parts: list[str]) -> None:
    assert split(text, ",") == parts
