"""Content negotiation: JSON or XML, in and out.

Source: https://hl7.org/fhir/R4/http.html#mime-type, https://hl7.org/fhir/R4/versioning.html#mt-version,
https://www.rfc-editor.org/rfc/rfc9110#field.accept
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from werkzeug.http import parse_options_header

Format = Literal["json", "xml"]

MEDIA_TYPES: Mapping[Format, str] = {"json": "application/fhir+json", "xml": "application/fhir+xml"}
JSON_TYPES = ("application/fhir+json", "application/json", "application/json+fhir", "text/json")
XML_TYPES = ("application/fhir+xml", "application/xml", "application/xml+fhir", "text/xml")
# What names FHIR, and not merely the syntax it is written in.
FHIR_TYPES = (*JSON_TYPES[:1], JSON_TYPES[2], *XML_TYPES[:1], XML_TYPES[2])

_NAMES: Mapping[str, Format] = {
    "json": "json",
    "xml": "xml",
    **dict.fromkeys(JSON_TYPES, "json"),
    **dict.fromkeys(XML_TYPES, "xml"),
}
_VERSIONS = ("4.0", "4.0.1")
_MAX_RANGES = 50


@dataclass(frozen=True, slots=True)
class MediaRange:
    """One entry of an Accept header.

    Args:
        type: in lower case, ``*/*`` included.
        quality: from 0, which refuses, to 1.
    """

    type: str
    quality: float


def format_of(media_type: str, parameters: Mapping[str, str]) -> Format | None:
    """Give the format that a media type, or a value of `_format`, stands for.

    Args:
        media_type: without parameters.
        parameters: by name; another ``fhirVersion`` than this server's is no format of it.
    """
    found = _NAMES.get(media_type.strip().lower())
    return found if _is_our_version(parameters) else None


def format_named(text: str) -> Format | None:
    """Give the format that a value of `_format` asks for."""
    type_, parameters = parse_options_header(with_plus(text))
    return format_of(type_, parameters)


def with_plus(text: str) -> str:
    """Give a value of `_format` as it was meant: a "+" that was not escaped arrives as a space."""
    type_, semicolon, parameters = text.strip().partition(";")
    return type_.replace(" ", "+") + semicolon + parameters


@lru_cache(maxsize=256)
def accepted(header: str) -> tuple[MediaRange, ...]:
    """Read an Accept header; media ranges of another FHIR version are left out."""
    found = []
    for part in header.split(",")[:_MAX_RANGES]:
        type_, parameters = parse_options_header(part.strip())
        if type_ and _is_our_version(parameters):
            found.append(MediaRange(type_.lower(), _quality(parameters.get("q", "1"))))
    return tuple(found)


@lru_cache(maxsize=256)
def preferred(header: str) -> Format | None:
    """Give the format that an Accept header prefers, JSON where it is all the same.

    Returns:
        None where neither is acceptable.
    """
    json, xml = (_best(header, types) for types in (JSON_TYPES, XML_TYPES))
    if not json and not xml:
        return None
    return "xml" if xml > json else "json"


def quality(header: str, media_type: str) -> float:
    """Give how much an Accept header wants a media type: 0 for not at all."""
    return _best(header, (media_type.lower(),))


def names_any(header: str, media_types: tuple[str, ...]) -> float:
    """Give how much an Accept header wants one of the media types it names itself."""
    named = (each.quality for each in accepted(header) if each.type in media_types)
    return max(named, default=0.0)


@lru_cache(maxsize=256)
def rendering(header: str, offered: tuple[str, ...]) -> str:
    """Give the offered media type that an Accept header, or a value of `_format`, asks for.

    It must be named itself, with the FHIR version where the offer has one, and be wanted no less
    than FHIR's own types are: a wildcard, and a client that takes either, get FHIR R4.

    Args:
        header: the header, or one media type; a short name (``html``) stands for the type that
            ends with it.
        offered: in order of preference.

    Returns:
        Empty where it asks for none of them.
    """
    found: dict[str, float] = {}
    fhir = 0.0
    for part in header.split(",")[:_MAX_RANGES]:
        type_, parameters = parse_options_header(part.strip())
        wanted = _quality(parameters.get("q", "1"))
        version = _version(parameters)
        for each in offered:
            offer, its_parameters = parse_options_header(each)
            if version == _version(its_parameters) and _names(type_.lower(), offer):
                found[each] = max(found.get(each, 0.0), wanted)
        if type_.lower() in FHIR_TYPES and _is_our_version(parameters):
            fhir = max(fhir, wanted)
    best = max(found, key=lambda each: found[each], default="")
    return best if best and found[best] and found[best] >= fhir else ""


def _names(given: str, offer: str) -> bool:
    return given == offer or ("/" not in given and offer.endswith(f"/{given}"))


def _version(parameters: Mapping[str, str]) -> str:
    found = (value for name, value in parameters.items() if name.lower() == "fhirversion")
    version = next(found, "")
    return "" if version in _VERSIONS else version


def _best(header: str, types: tuple[str, ...]) -> float:
    """Give the quality of the most specific ranges that match (RFC 9110, 12.5.1)."""
    main = types[0].partition("/")[0]
    for matching in (types, (f"{main}/*",), ("*/*",)):
        found = [each.quality for each in accepted(header) if each.type in matching]
        if found:
            return max(found)
    return 0.0


def _is_our_version(parameters: Mapping[str, str]) -> bool:
    for name, value in parameters.items():
        if name.lower() == "fhirversion" and value not in _VERSIONS:
            return False
    return True


def _quality(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return 0.0
    return value if 0 <= value <= 1 else 0.0
