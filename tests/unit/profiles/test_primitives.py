"""Which JSON values are right for each primitive type."""

from __future__ import annotations

import pytest

RIGHT = {
    "boolean": [True, False],
    "decimal": [0, 1.5, -3, 1e10],
    "integer": [0, -2147483648, 2147483647],
    "unsignedInt": [0, 2147483647],
    "positiveInt": [1, 2147483647],
    "string": ["a", " padded ", "two\nlines", "tab\t", "å🙂", "nb\u00a0sp"],
    "markdown": ["# Title\n\n* item"],
    "code": ["a", "a b", "å"],
    "id": ["a", "A-1.b", "x" * 64],
    "uri": ["http://a", "urn:oid:1.2", "relative"],
    "url": ["mailto:a@b.se"],
    "canonical": ["http://a/b|1.0"],
    "oid": ["urn:oid:1.2.752.0"],
    "uuid": ["urn:uuid:c757873d-ec9a-4326-a141-556f43239520"],
    "date": ["2024", "2024-02", "2024-02-29", "2000-02-29", "0001-01-01"],
    "dateTime": [
        "2024",
        "2024-12-31",
        "2024-12-31T23:59:60Z",
        "2024-06-30T00:00:00.123456+14:00",
        "2024-06-30T00:00:00-05:30",
    ],
    "instant": ["2024-06-30T10:00:00Z", "2024-06-30T10:00:00.001+02:00"],
    "time": ["00:00:00", "23:59:59.5"],
    "base64Binary": ["SGVq", "SGU=", "SA==", "SGVq\nSGVq"],
}
WRONG = {
    "boolean": ["true", 1, None, []],
    "decimal": ["1.5", True, None, {}],
    "integer": [1.0, 1.5, 2147483648, -2147483649, "1", True],
    "unsignedInt": [-1, 2147483648],
    "positiveInt": [0, -1],
    "string": ["", " ", "\u00a0", "nul\x00", "bell\x07", 1, None, ["a"], {"a": 1}],
    "markdown": ["", "\n"],
    "code": ["", " a", "a ", "a  b", "a\tb", "a\n"],
    "id": ["", "a b", "å", "x" * 65, "a_b", "a\n"],
    "uri": ["", "a b", "a\x00b", " a"],
    "url": ["a b"],
    "canonical": [""],
    "oid": ["1.2.3", "urn:oid:3.1", "urn:oid:1.02"],
    "uuid": [
        "c757873d-ec9a-4326-a141-556f43239520",
        "urn:uuid:C757873D-EC9A-4326-A141-556F43239520",
    ],
    "date": [
        "2023-02-29",
        "1900-02-29",
        "2024-13",
        "2024-04-31",
        "24-01-01",
        "0000",
        "2024-1-1",
        "2024-01-01T00:00:00Z",
        20240101,
    ],
    "dateTime": [
        "2024-12-31T23:59",
        "2024-12-31T23:59:00",
        "2024-12-31T24:00:00Z",
        "2024-12-31 10:00:00Z",
        "2024-12T10:00:00Z",
        "2024-02-30T10:00:00Z",
        "2024-12-31T10:00:00+15:00",
    ],
    "instant": ["2024-06-30", "2024-06-30T10:00:00"],
    "time": ["24:00:00", "10:00", "10:00:00Z"],
    "base64Binary": ["", "a", "SGV", "S===", "å==="],
}


def extended(type_name: str, value: object) -> dict:
    """Make a resource that carries a value of the type."""
    name = f"value{type_name[0].upper()}{type_name[1:]}"
    return {
        "resourceType": "Basic",
        "code": {"text": "x"},
        "extension": [{"url": "urn:u", name: value}],
    }


@pytest.mark.parametrize(
    ("type_name", "value"), [(name, value) for name in RIGHT for value in RIGHT[name]]
)
def test_a_right_value_is_accepted(issues, type_name, value):
    assert issues(extended(type_name, value)) == []


@pytest.mark.parametrize(
    ("type_name", "value"), [(name, value) for name in WRONG for value in WRONG[name]]
)
def test_a_wrong_value_is_refused_where_it_is(issues, type_name, value):
    [(code, expression)] = issues(extended(type_name, value))
    assert expression == "Basic.extension[0].value"
    assert code in ("structure", "value")


def test_a_wrong_format_shows_a_right_one_and_not_the_value_sent(validator):
    resource = {"resourceType": "Patient", "birthDate": "19121212-1212"}
    [issue] = validator.validate(resource)
    assert issue.text == (
        'birthDate (date) must be a date as YYYY, YYYY-MM or YYYY-MM-DD. Example: "2026-03-01"'
    )


def test_a_string_longer_than_a_megabyte_is_refused(issues):
    assert issues(extended("string", "x" * (1024 * 1024))) == []
    assert issues(extended("string", "x" * (1024 * 1024 + 1))) == [
        ("value", "Basic.extension[0].value")
    ]


@pytest.mark.parametrize(
    ("div", "right"),
    [
        ('<div xmlns="http://www.w3.org/1999/xhtml">Hej</div>', True),
        ("\n<div lang='sv' xmlns='http://www.w3.org/1999/xhtml'>Hej</div>", True),
        ("<div>Hej</div>", False),
        ('<div xmlns="http://www.w3.org/1999/xhtml">Hej', False),
        ('<div xmlns="http://www.w3.org/1999/xhtml">Hej</div> och hå', False),
        ('<div xmlns="http://www.w3.org/1999/xhtml">\x00</div>', False),
        ('<p xmlns="http://www.w3.org/1999/xhtml">Hej</p>', False),
        ("Hej", False),
        ("", False),
    ],
)
def test_a_narrative_is_one_xhtml_div(issues, div, right):
    resource = {"resourceType": "Patient", "text": {"status": "generated", "div": div}}
    assert issues(resource) == ([] if right else [("value", "Patient.text.div")])
