"""Turns XML text of the encodings that FHIR servers meet into UTF-8.

Source: https://www.w3.org/TR/xml/#charencoding, https://hl7.org/fhir/R4/http.html#mime-type
"""

from __future__ import annotations

import codecs
import re

from fhir_server.fhir.outcome import FhirError, Issue

_DECLARED = re.compile(rb"""\s*<\?xml\s[^>]*?encoding\s*=\s*["']([A-Za-z0-9._\-]{1,40})["']""")
_UTF_8 = ("utf-8", "utf8", "us-ascii", "ascii")


def as_utf8(data: bytes) -> bytes:
    """Give the document in UTF-8, without a byte order mark.

    Raises:
        FhirError: 400 for another encoding than UTF-8 and UTF-16, or bytes that are not of it.
    """
    encoding = _utf_16(data)
    if encoding:
        try:
            return data.decode(encoding).removeprefix("\ufeff").encode()
        except UnicodeDecodeError:
            raise _refused("The body is not valid UTF-16.") from None
    declared = _DECLARED.match(data.removeprefix(codecs.BOM_UTF8))
    if declared and declared[1].decode().lower() not in _UTF_8:
        raise _refused("Send XML in UTF-8, or in UTF-16 with a byte order mark.")
    return data.removeprefix(codecs.BOM_UTF8)


def _utf_16(data: bytes) -> str:
    """Name the kind of UTF-16 that a document begins in; empty for none."""
    if data.startswith((codecs.BOM_UTF16_LE, b"<\x00")):
        return "utf-16-le"
    return "utf-16-be" if data.startswith((codecs.BOM_UTF16_BE, b"\x00<")) else ""


def _refused(text: str) -> FhirError:
    return FhirError(Issue("error", "structure", text), status=400)
