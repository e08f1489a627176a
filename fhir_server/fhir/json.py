"""FHIR's JSON format, read and written without losing a digit.

Source: https://hl7.org/fhir/R4/json.html. A decimal keeps the text it was sent with
(``1.10`` stays ``1.10``) because its precision carries meaning
(https://hl7.org/fhir/R4/datatypes.html#decimal). It is represented by `LosslessDecimal`, whose
``as_decimal()`` gives the number.
"""

from __future__ import annotations

import copyreg
import json as stdlib_json
import re
from decimal import Decimal
from typing import Any

import jiter
import orjson

from fhir_server.fhir.outcome import FhirError, Issue

LosslessDecimal = jiter.LosslessFloat
# jiter doesn't say how to copy one, and libraries copy the documents they are given.
copyreg.pickle(LosslessDecimal, lambda value: (LosslessDecimal, (bytes(value),)))

_LOOKS_LIKE_NEGATIVE_ZERO = re.compile(rb"-0(?:[,\]}\s]|\Z)")
# Possessive: a text of many megabytes leaves nothing to go back to.
_NEGATIVE_ZERO = re.compile(rb'"(?:[^"\\]++|\\.)*+"|(?<![eE])(-0(?![0-9.eE]))')


def parse(data: bytes) -> Any:
    """Parse one JSON document.

    Args:
        data: UTF-8 text; a byte order mark is not allowed (RFC 8259).

    Returns:
        dict, list, str, int, bool, None, and `LosslessDecimal` for numbers with a fraction or an
        exponent, and for ``-0``, which an int can't carry.

    Raises:
        FhirError: 400 with code ``structure`` for text that is not JSON, a repeated property
            name (FHIR forbids it, and one of the values would be lost) or nesting deeper than
            200 levels.
    """
    try:
        value = _read(data)
    except ValueError as error:
        raise FhirError(
            Issue("error", "structure", f"The body is not valid JSON: {error}"), status=400
        ) from None
    return _with_negative_zeros(data, value) if b"-0" in data else value


def _read(data: bytes) -> Any:
    return jiter.from_json(
        data, float_mode="lossless-float", catch_duplicate_keys=True, allow_inf_nan=False
    )


def _with_negative_zeros(data: bytes, value: Any) -> Any:
    """Give a document with its ``-0`` kept: read again with a number in its place that is one.

    Dates have ``-0`` too, so that most documents come here; few go further than the search.
    """
    if not _LOOKS_LIKE_NEGATIVE_ZERO.search(data):
        return value
    mark = b"-0e-0"
    while mark in data:
        mark += b"0"
    return _unmarked(_read(_NEGATIVE_ZERO.sub(lambda m: mark if m[1] else m[0], data)), mark)


def _unmarked(value: Any, mark: bytes) -> Any:
    if isinstance(value, dict):
        return {key: _unmarked(item, mark) for key, item in value.items()}
    if isinstance(value, list):
        return [_unmarked(item, mark) for item in value]
    if isinstance(value, LosslessDecimal) and bytes(value) == mark:
        return LosslessDecimal(b"-0")
    return value


def dump(value: Any) -> bytes:
    """Write a parsed document back as compact UTF-8 JSON, decimals as they were given."""
    try:
        return orjson.dumps(value, default=_fragment)
    except TypeError:
        # orjson writes integers of at most 64 bits; FHIR decimals may be longer.
        return orjson.dumps(_with_long_integers(value), default=_fragment)


def dump_with_decimals(value: Any) -> tuple[bytes, bool]:
    """Like `dump`; the second result tells whether the document holds a `LosslessDecimal`.

    A validator that knows only plain numbers needs to read the bytes again in that case
    (`plain`), and saves the work in the other.
    """
    seen = False

    def fragment(item: Any) -> Any:
        nonlocal seen
        seen = True
        return _fragment(item)

    try:
        return orjson.dumps(value, default=fragment), seen
    except TypeError:
        return dump(value), True


def fitted(data: bytes) -> bytes:
    """Give the same bytes in memory of just their size, for those that are kept.

    orjson leaves the buffer that it writes into as large as it had to be: for a resource of 900
    bytes 4 kB.
    """
    return bytes(memoryview(data))


def pretty(data: bytes) -> bytes:
    """Indent JSON text by two spaces for human readers, keeping every digit."""
    return orjson.dumps(
        _with_long_integers(parse(data)), default=_fragment, option=orjson.OPT_INDENT_2
    )


def plain(data: bytes) -> Any:
    """Parse with ordinary numbers, for readers that look at types and not at digits."""
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        # A decimal beyond what a float holds, such as 1e400, is allowed in FHIR.
        return stdlib_json.loads(data, parse_float=Decimal)


def copy(value: Any) -> Any:
    """Copy a parsed document, so that a change to the copy leaves the original alone."""
    if isinstance(value, dict):
        return {key: copy(item) for key, item in value.items()}
    if isinstance(value, list):
        return [copy(item) for item in value]
    return value


def decimal(value: Any) -> Decimal:
    """Give the number that a JSON number stands for, exactly."""
    return value.as_decimal() if isinstance(value, LosslessDecimal) else Decimal(value)


def _fragment(value: Any) -> orjson.Fragment:
    if isinstance(value, LosslessDecimal):
        return orjson.Fragment(bytes(value))
    if isinstance(value, Decimal):
        return orjson.Fragment(str(value))
    raise TypeError(f"{type(value).__name__} is not a JSON value")


def _with_long_integers(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _with_long_integers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_long_integers(item) for item in value]
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return orjson.Fragment(str(value))
    return value
