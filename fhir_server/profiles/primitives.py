"""JSON Schema for FHIR's primitive types, with an example of each for whoever got one wrong.

Source: https://hl7.org/fhir/R4/datatypes.html#primitive. The patterns are the specification's own,
narrowed where its prose asks for more: a date must exist in the calendar, a string holds no
control characters and more than white space. They are written for Rust's regex crate: linear in
the length of the text, no look-around.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fhir_server.fhir.ids import ID

INTEGER_URI = "urn:fhir-server:integer"
# Draft 4 alone tells 1.0 from 1; FHIR's integers have no fraction (datatypes.html#integer).
INTEGER_SCHEMA = {"$schema": "http://json-schema.org/draft-04/schema#", "type": "integer"}

# R4 forbids the control characters; U+FFFE and U+FFFF besides have no place in XML 1.0.
_CONTROL = "\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\ufffe\uffff"
_TEXT = f"[^{_CONTROL}]"
_STRING = rf"^{_TEXT}*[^\s{_CONTROL}]{_TEXT}*$"
_TOKEN = rf"[^\s{_CONTROL}]+"

_YEAR = "(?:[1-9][0-9]{3}|0[0-9]{2}[1-9]|0[0-9][1-9]0|0[1-9]00)"
_MONTH = "(?:0[1-9]|1[0-2])"
_DAY = (
    "(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
    "|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    "|02-(?:0[1-9]|1[0-9]|2[0-8]))"
)
_LEAP_YEAR = "(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:0[48]|[2468][048]|[13579][26])00)"
_FULL_DATE = f"(?:{_YEAR}-{_DAY}|{_LEAP_YEAR}-02-29)"
_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)(?:\.[0-9]+)?"
_ZONE = r"(?:Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))"
_BASE64 = "[0-9A-Za-z+/]"
_SPACE = r"[ \t\r\n]*"
_IN_TAG = f"[^>{_CONTROL}]*"
_XHTML_NAMESPACE = r"xmlns=[\"']http://www\.w3\.org/1999/xhtml[\"']"

MAX_STRING = 1024 * 1024
MAX_INTEGER = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Primitive:
    """A primitive type's schema.

    Args:
        description: what a right value looks like, to follow "must be".
        example: a right value, as JSON.
    """

    schema: dict[str, Any]
    description: str
    example: str


def _pattern(pattern: str, description: str, example: str) -> Primitive:
    return Primitive({"type": "string", "pattern": pattern}, description, f'"{example}"')


def _integer(minimum: int, description: str) -> Primitive:
    limits = {"minimum": minimum, "maximum": MAX_INTEGER}
    return Primitive({"$ref": INTEGER_URI, **limits}, description, "3")


def _text(description: str) -> Primitive:
    schema = {"type": "string", "pattern": _STRING, "maxLength": MAX_STRING}
    return Primitive(schema, description, '"text"')


_ANY_URI = f"^{_TOKEN}$"

PRIMITIVES: dict[str, Primitive] = {
    "boolean": Primitive({"type": "boolean"}, "true or false, without quotes", "true"),
    "decimal": Primitive({"type": "number"}, "a number, without quotes", "1.50"),
    "integer": _integer(-(2**31), "a whole number from -2147483648 to 2147483647"),
    "unsignedInt": _integer(0, "a whole number from 0 to 2147483647"),
    "positiveInt": _integer(1, "a whole number from 1 to 2147483647"),
    "string": _text("text with more than white space in it and without control characters"),
    "markdown": _text("text with more than white space in it and without control characters"),
    "code": _pattern(
        f"^{_TOKEN}(?: {_TOKEN})*$", "a code without leading, trailing or double spaces", "active"
    ),
    "id": _pattern(f"^{ID}$", "1 to 64 of the characters A-Z a-z 0-9 - .", "team-1"),
    "uri": _pattern(_ANY_URI, "a URI without white space", "http://example.org/system"),
    "url": _pattern(_ANY_URI, "a URL without white space", "http://example.org/page"),
    "canonical": _pattern(
        _ANY_URI, "a canonical URL without white space", "http://example.org/fhir/ValueSet/x|1.0"
    ),
    "oid": _pattern(
        r"^urn:oid:[0-2](?:\.(?:0|[1-9][0-9]*))+$", "an OID as a URN", "urn:oid:1.2.752.129.2.1.3.1"
    ),
    "uuid": _pattern(
        "^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
        "a UUID as a URN in lower case",
        "urn:uuid:c757873d-ec9a-4326-a141-556f43239520",
    ),
    "date": _pattern(
        f"^(?:{_YEAR}(?:-{_MONTH})?|{_FULL_DATE})$",
        "a date as YYYY, YYYY-MM or YYYY-MM-DD",
        "2026-03-01",
    ),
    "dateTime": _pattern(
        f"^(?:{_YEAR}(?:-{_MONTH})?|{_FULL_DATE}(?:T{_TIME}{_ZONE})?)$",
        "a date, or a date and time with seconds and a time zone",
        "2026-03-01T09:30:00+01:00",
    ),
    "instant": _pattern(
        f"^{_FULL_DATE}T{_TIME}{_ZONE}$",
        "a date and time with seconds and a time zone",
        "2026-03-01T09:30:00.000+01:00",
    ),
    "time": _pattern(f"^{_TIME}$", "a time as hh:mm:ss", "09:30:00"),
    "base64Binary": _pattern(
        rf"^(?:{_SPACE}{_BASE64}{{4}})*{_SPACE}"
        rf"(?:{_BASE64}{{4}}|{_BASE64}{{3}}=|{_BASE64}{{2}}==){_SPACE}$",
        "base64",
        "SGVq",
    ),
    "xhtml": _pattern(
        rf"^{_SPACE}<div\s(?:{_IN_TAG}\s)?{_XHTML_NAMESPACE}{_IN_TAG}(?:/>|>{_TEXT}*</div>){_SPACE}$",
        "XHTML in one div with the XHTML namespace",
        "<div xmlns='http://www.w3.org/1999/xhtml'>…</div>",
    ),
}
