"""Cursors: where a page begins, as text that only its writer reads, so that nobody remembers it."""

from __future__ import annotations

import base64
import binascii
from typing import Any

import orjson

from fhir_server.fhir.outcome import FhirError, invalid


def written(content: Any) -> str:
    """Give the text for a value: letters, digits, ``-`` and ``_``."""
    return base64.urlsafe_b64encode(orjson.dumps(content)).rstrip(b"=").decode()


def content_of(text: str) -> Any:
    """Give the value of a text; what it holds is the client's word.

    Raises:
        ValueError: it is the text of no value.
    """
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        return orjson.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (UnicodeEncodeError, binascii.Error, orjson.JSONDecodeError) as error:
        raise ValueError from error


def not_from(what: str) -> FhirError:
    """A cursor that another gave (400).

    Args:
        what: is asked for: ``search``, ``history``.
    """
    text = f"_cursor is not from this {what}. Use the 'next' link as it is, or begin without it."
    return invalid(text, code="value")
