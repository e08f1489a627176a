"""Index entries of what is looked up by equality or beginning: one function for each data type.

Source: https://hl7.org/fhir/R4/search.html#token, #reference, #uri, #string
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache, partial
from typing import Any

import jellyfish

from fhir_server.fhir.folding import fold
from fhir_server.fhir.reference import normal, split_canonical
from fhir_server.search import tokens
from fhir_server.search.collecting import Collector, Emit, Value
from fhir_server.search.ranges import decimal

TELEPHONES = ("phone", "fax", "pager", "sms")
HUMAN_NAME = ("family", "given", "prefix", "suffix", "text")
_SOUNDS = (
    *((spelled, "sh") for spelled in ("sch", "skj", "stj", "sj")),
    ("dt", "t"),
    ("th", "t"),
    ("tz", "ts"),
    ("w", "v"),
    ("qv", "kv"),
)
# What is worth remembering.
_SHORT = 100
ADDRESS = ("text", "line", "city", "district", "state", "postalCode", "country")


def _code(name: str, value: Value, into: Collector) -> None:
    if isinstance(value, str):
        into.code(name, f"={tokens.code(value)}")


def _boolean(name: str, value: Value, into: Collector) -> None:
    if isinstance(value, bool):
        into.code(name, "=true" if value else "=false")


def _coding(name: str, value: Value, into: Collector) -> None:
    if isinstance(value, dict):
        _system_and_code(name, value.get("system"), value.get("code"), into)
        _named(name, value.get("display"), into)


def _named(name: str, value: Value, into: Collector) -> None:
    """Index what stands beside a code for people to read; composites have no use for it."""
    if isinstance(value, str) and into.codes is None:
        into.tokens[f"{name}{tokens.NAMED}{tokens.label(value)}"] = None


def _system_and_code(name: str, system: Value, code: Value, into: Collector) -> None:
    known = system if isinstance(system, str) else ""
    if len(known) > tokens.LONGEST:
        known = tokens.bounded(known)
    if isinstance(code, str):
        folded = tokens.code(code)
        if into.codes is not None:
            into.code(name, f"={folded}", f";{known}|{folded}")
        else:
            into.tokens[f"{name}={folded}"] = None
            into.tokens[f"{name};{known}|{folded}"] = None
    elif known:
        into.tokens[f"{name};{known}|"] = None
    else:
        into.tokens[f"{name}?"] = None


def _codeable_concept(name: str, value: Value, into: Collector) -> None:
    codings = _codings(value)
    for coding in codings:
        _system_and_code(name, coding.get("system"), coding.get("code"), into)
        if "display" in coding:
            _named(name, coding["display"], into)
    if not codings:
        into.tokens[f"{name}?"] = None
    if isinstance(value, dict) and "text" in value:
        _named(name, value["text"], into)


def _codings(concept: Value) -> list[dict[str, Any]]:
    codings = concept.get("coding") if isinstance(concept, dict) else None
    return [c for c in codings if isinstance(c, dict)] if isinstance(codings, list) else []


def _identifier(name: str, value: Value, into: Collector) -> None:
    if not isinstance(value, dict):
        return
    number = value.get("value")
    _system_and_code(name, value.get("system"), number, into)
    if isinstance(number, str):
        for coding in _codings(value.get("type")):
            kind = tokens.coded(str(coding.get("system", "")), str(coding.get("code", "")))
            into.add(f"{name}{tokens.OF_TYPE}{kind}|{tokens.code(number)}")
    if isinstance(value.get("type"), dict):
        _named(name, value["type"].get("text"), into)


def _contact_point(name: str, value: Value, into: Collector) -> None:
    if not isinstance(value, dict):
        return
    system, number = value.get("system"), value.get("value")
    _system_and_code(name, system, number, into)
    if system in TELEPHONES and isinstance(number, str):
        digits = tokens.telephone(number)
        into.add(f"{name}={tokens.bounded(digits)}", f"{name};{system}|{tokens.bounded(digits)}")


def _uri(name: str, value: Value, into: Collector) -> None:
    if isinstance(value, str):
        into.tokens[f"{name}={tokens.bounded(value)}"] = None


def _canonical_uri(name: str, value: Value, into: Collector) -> None:
    if isinstance(value, str):
        for spelled in _with_and_without_version(value):
            into.tokens[f"{name}={tokens.bounded(spelled)}"] = None


def _canonical_reference(name: str, value: Value, into: Collector) -> None:
    if isinstance(value, str) and not value.startswith("#"):
        for spelled in _with_and_without_version(normal(value, into.base_url)):
            into.tokens[f"{name}>{tokens.bounded(spelled)}"] = None


def _with_and_without_version(canonical: str) -> tuple[str, ...]:
    url, version = split_canonical(canonical)
    return (canonical, url) if version else (url,)


def _reference(name: str, value: Value, into: Collector) -> None:
    if not isinstance(value, dict):
        return
    reference, identifier = value.get("reference"), value.get("identifier")
    if isinstance(reference, str) and reference[:1] != "#":
        into.tokens[name + tokens.reference(reference, into.base_url)] = None
    elif not isinstance(identifier, dict):
        into.tokens[f"{name}?"] = None
    if isinstance(identifier, dict):
        system, number = identifier.get("system"), identifier.get("value")
        _system_and_code(f"{name}{tokens.IDENTIFIER}", system, number, into)


def _resource(name: str, value: Value, into: Collector) -> None:
    """Index a resource inside a Bundle as if it were referred to."""
    if isinstance(value, dict) and isinstance(value.get("id"), str):
        into.tokens[f"{name}>{value.get('resourceType')}/{value['id']}"] = None


def _string(name: str, value: Value, into: Collector) -> None:
    if isinstance(value, str):
        into.text(name, tokens.label(value))


def _parts(names: Iterable[str], name: str, value: Value, into: Collector) -> None:
    if isinstance(value, dict):
        for part in names:
            found = value.get(part)
            for text in found if isinstance(found, list) else (found,):
                _string(name, text, into)


def _phonetic(name: str, value: Value, into: Collector) -> None:
    """Index how the words of a name sound."""
    if isinstance(value, str):
        sounds = sounding(value)
        if sounds:
            into.add(*(f"{name}{tokens.CODE}{sound}" for sound in sounds))
            into.text(name, tokens.text_entry(" ".join(sounds)))
    elif isinstance(value, dict):
        for part in HUMAN_NAME:
            found = value.get(part)
            for text in found if isinstance(found, list) else (found,):
                _phonetic(name, text, into)


def sounding(text: str) -> tuple[str, ...]:
    """Give the sound of each word by Metaphone; of a word that has none, the word itself."""
    return tuple(map(_sound, fold(text).split()))


def _sound(word: str) -> str:
    return _remembered(word) if len(word) <= _SHORT else _metaphone(word)


def _metaphone(word: str) -> str:
    return jellyfish.metaphone(_anglicised(word)) or word


# The same names come again and again.
_remembered = lru_cache(maxsize=1024)(_metaphone)


def _anglicised(word: str) -> str:
    """Spell as in English what Swedish and German names spell otherwise: Metaphone is English."""
    for written, sounded in _SOUNDS:
        word = word.replace(written, sounded)
    return word


def _position(name: str, value: Value, into: Collector) -> None:
    """Index where a Location is, if it is on Earth."""
    if not isinstance(value, dict):
        return
    longitude, latitude = (decimal(value.get(axis)) for axis in ("longitude", "latitude"))
    if longitude is None or latitude is None or abs(longitude) > 180 or abs(latitude) > 90:
        return
    into.position = (float(longitude), float(latitude))
    into.add(f"{name}{tokens.PRESENT}")


EMITTERS: Mapping[str, Mapping[str, Emit]] = {
    "token": {
        **dict.fromkeys(("code", "string", "id", "markdown"), _code),
        **dict.fromkeys(("uri", "url", "canonical", "oid", "uuid"), _code),
        "boolean": _boolean,
        "Coding": _coding,
        "CodeableConcept": _codeable_concept,
        "Identifier": _identifier,
        "ContactPoint": _contact_point,
    },
    "reference": {
        "Reference": _reference,
        "canonical": _canonical_reference,
        "uri": _canonical_reference,
        "Resource": _resource,
    },
    "uri": {
        **dict.fromkeys(("uri", "url", "oid", "uuid"), _uri),
        "canonical": _canonical_uri,
    },
    "string": {
        **dict.fromkeys(("string", "markdown", "code", "id"), _string),
        "HumanName": partial(_parts, HUMAN_NAME),
        "Address": partial(_parts, ADDRESS),
    },
    "special": {"BackboneElement": _position},
    "phonetic": dict.fromkeys(("string", "HumanName"), _phonetic),
}
