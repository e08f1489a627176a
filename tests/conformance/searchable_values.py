"""What a URL may say to find a value, written from the tables of search.html alone.

Independent of the indexer: it walks the same places, but spells each value by itself.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from fhir_server.profiles.definitions import Definitions, SearchParameter
from fhir_server.search.paths import Location, follow, locations, locations_within
from fhir_server.search.syntax import escape

Json = dict[str, Any]
Asked = tuple[str, str]  # (the parameter with its modifier, the value)

# A string is searched by its beginning.
BEGINNING = 60


def searchable(
    definitions: Definitions, resource: Json, parameter: SearchParameter
) -> Iterator[Asked]:
    """Give searches that must find the resource by a parameter, one for each value it has."""
    if parameter.code in ("_text", "_content"):
        yield from _words(parameter.code, resource)
        return
    if not parameter.expression:
        return
    type_ = resource["resourceType"]
    for at in locations(definitions, type_, parameter.expression):
        for value in follow(at.steps, resource, resource):
            if parameter.type == "composite":
                yield from _composite(definitions, parameter, resource, at, value)
            else:
                for modifier, text in spellings(parameter.type, at.type, value):
                    if parameter.code != "phonetic" or (not modifier and len(text) < BEGINNING):
                        yield f"{parameter.code}{modifier}", text


def spellings(parameter_type: str, value_type: str, value: Any) -> Iterator[Asked]:
    """Give the modifiers and texts that a value may be asked for by."""
    spell = SPELLINGS.get(parameter_type, {}).get(value_type)
    if spell is not None:
        yield from spell(value)


def _composite(
    definitions: Definitions, parameter: SearchParameter, resource: Json, at: Location, value: Any
) -> Iterator[Asked]:
    type_ = resource["resourceType"]
    published = {p.url: p for p in definitions.search_parameters(type_).values()}
    parts: list[str] = []
    for component in parameter.components:
        found = locations_within(definitions, type_, at, component.expression)
        kind = _kind(published[component.definition].type, found)
        texts = [
            text
            for place in found
            for each in follow(place.steps, value, resource)
            for modifier, text in spellings(kind, place.type, each)
            if not modifier and not text.endswith("|")
        ]
        if not texts:
            return
        parts.append(texts[0])
    yield parameter.code, "$".join(parts)


def _kind(declared: str, found: list[Location]) -> str:
    """Give the type of a part; R4 has those of DocumentReference's relationship swapped."""
    kinds = (declared, "token", "reference")
    return next(kind for kind in kinds if any(at.type in SPELLINGS[kind] for at in found))


def _words(code: str, resource: Json) -> Iterator[Asked]:
    div = resource.get("text", {}).get("div", "")
    words = re.findall(r"[^\W_]+", html.unescape(re.sub(r"<[^>]*>", " ", div)))
    chosen = [word for word in words if 3 <= len(word) <= 50 and word.lower() not in ("and", "not")]
    if chosen:
        yield code, chosen[len(chosen) // 2]


def _plain(value: Any) -> Iterator[Asked]:
    yield "", escape(value if isinstance(value, str) else str(value).lower())


def _coding(value: Json) -> Iterator[Asked]:
    system, code = value.get("system"), value.get("code")
    if code:
        yield "", escape(code)
        yield "", f"{escape(system or '')}|{escape(code)}"
    elif system:
        yield "", f"{escape(system)}|"
    if re.search(r"[^\W_]", value.get("display", "")):
        yield ":text", escape(value["display"][:BEGINNING])


def _concept(value: Json) -> Iterator[Asked]:
    for coding in value.get("coding", ()):
        yield from _coding(coding)
    if re.search(r"[^\W_]", value.get("text", "")):
        yield ":text", escape(value["text"][:BEGINNING])


def _identifier(value: Json) -> Iterator[Asked]:
    system, number = value.get("system", ""), value.get("value")
    if number:
        yield "", escape(number)
        yield "", f"{escape(system)}|{escape(number)}"
        for coding in value.get("type", {}).get("coding", ()):
            if "system" in coding and "code" in coding:
                kind = f"{escape(coding['system'])}|{escape(coding['code'])}"
                yield ":of-type", f"{kind}|{escape(number)}"


def _contact_point(value: Json) -> Iterator[Asked]:
    if "value" in value:
        yield "", escape(value["value"])


def _reference(value: Json) -> Iterator[Asked]:
    reference = value.get("reference", "#")
    if not reference.startswith("#"):
        yield "", escape(reference)
    if "value" in value.get("identifier", {}):
        identifier = value["identifier"]
        yield ":identifier", f"{escape(identifier.get('system', ''))}|{escape(identifier['value'])}"


def _canonical(value: str) -> Iterator[Asked]:
    if not value.startswith("#"):
        yield "", escape(value)
        yield "", escape(value.partition("|")[0])


def _resource(value: Json) -> Iterator[Asked]:
    if "id" in value:
        yield "", f"{value['resourceType']}/{value['id']}"


def _string(value: str) -> Iterator[Asked]:
    yield "", escape(value[:BEGINNING])
    if len(value) <= BEGINNING:
        yield ":exact", escape(value)
    if re.search(r"[^\W_]", value[3:30]):
        yield ":contains", escape(value[3:30])


def _parts(*names: str) -> Callable[[Json], Iterator[Asked]]:
    def spell(value: Json) -> Iterator[Asked]:
        for name in names:
            found = value.get(name, ())
            for text in [found] if isinstance(found, str) else found:
                if isinstance(text, str):
                    yield from _string(text)

    return spell


def _date(value: str) -> Iterator[Asked]:
    yield "", value
    yield "", f"ge{value}"
    yield "", value[:4]


def _period(value: Json) -> Iterator[Asked]:
    if "start" in value:
        yield "", f"ge{value['start']}"
    if "end" in value:
        yield "", f"le{value['end']}"


def _timing(value: Json) -> Iterator[Asked]:
    events = [event for event in value.get("event", ()) if event]
    if events:
        yield "", f"ge{min(events)}"
    yield from _period(value.get("repeat", {}).get("boundsPeriod", {}))


def _number(value: Any) -> Iterator[Asked]:
    yield "", str(value)
    yield "", f"ge{value}"


def _unit(value: Json) -> Iterator[str]:
    yield ""
    if "code" in value:
        yield f"||{escape(value['code'])}"
        if "system" in value:
            yield f"|{escape(value['system'])}|{escape(value['code'])}"
    elif "unit" in value:
        yield f"||{escape(value['unit'])}"


def _quantity(value: Json) -> Iterator[Asked]:
    if "value" in value:
        prefix = {"<": "lt", "<=": "le", ">": "gt", ">=": "ge"}.get(value.get("comparator", ""), "")
        for unit in _unit(value):
            yield "", f"{prefix}{value['value']}{unit}"


def _money(value: Json) -> Iterator[Asked]:
    system, code = "urn:iso:std:iso:4217", value.get("currency", "")
    yield from _quantity({**value, "system": system, "code": code})


def _range(value: Json) -> Iterator[Asked]:
    for end, prefix in (("low", "ge"), ("high", "le")):
        if "value" in value.get(end, {}):
            yield "", f"{prefix}{value[end]['value']}"


def _sampled(value: Json) -> Iterator[Asked]:
    numbers = [each for each in value.get("data", "").split() if each not in "ELU"]
    if numbers:
        sample = value["origin"]["value"] + value.get("factor", 1) * Decimal(numbers[0])
        yield "", f"ge{sample}"
        yield "", f"le{sample}"


def _position(value: Json) -> Iterator[Asked]:
    yield "", f"{value['latitude']}|{value['longitude']}|1|km"


_HUMAN_NAME = _parts("family", "given", "prefix", "suffix", "text")
_ADDRESS = _parts("text", "line", "city", "district", "state", "postalCode", "country")

SPELLINGS: dict[str, dict[str, Callable[[Any], Iterator[Asked]]]] = {
    "token": {
        **dict.fromkeys(("code", "string", "id", "uri", "canonical", "boolean"), _plain),
        "Coding": _coding,
        "CodeableConcept": _concept,
        "Identifier": _identifier,
        "ContactPoint": _contact_point,
    },
    "reference": {
        "Reference": _reference,
        "canonical": _canonical,
        "uri": _canonical,
        "Resource": _resource,
    },
    "uri": {"uri": _plain, "url": _plain, "canonical": _plain},
    "string": {
        **dict.fromkeys(("string", "markdown", "code"), _string),
        "HumanName": _HUMAN_NAME,
        "Address": _ADDRESS,
    },
    "date": {
        **dict.fromkeys(("date", "dateTime", "instant"), _date),
        "Period": _period,
        "Timing": _timing,
    },
    "number": {
        **dict.fromkeys(("decimal", "integer", "positiveInt", "unsignedInt"), _number),
        "Range": _range,
    },
    "quantity": {
        **dict.fromkeys(("Quantity", "Age", "Duration", "SimpleQuantity"), _quantity),
        "Money": _money,
        "Range": _range,
        "SampledData": _sampled,
    },
    "special": {"BackboneElement": _position},
}
