"""A spelling of JSON that tells whether two documents say the same, digit for digit."""

from __future__ import annotations

from typing import Any

import orjson

from fhir_server.fhir import json


def canonical(value: Any) -> bytes:
    """Write a parsed document with its properties in alphabetical order."""
    try:
        return orjson.dumps(value, default=_digits, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # an integer of more than 64 bits
        return json.dump(_sorted(value))


def _digits(value: Any) -> orjson.Fragment:
    return orjson.Fragment(bytes(value))


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _sorted(value[name]) for name in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value
