"""Resources and searches made from a seed, small in their choices so that searches find something.

They need not make sense as care; they cover the data types of every kind of parameter.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from fhir_server.search.indexing import Indexer
from fhir_server.search.matching import Indexed
from fhir_server.search.parse import QueryParser

STOCKHOLM = ZoneInfo("Europe/Stockholm")
BASE = "https://clinic.example/fhir"

NAMES = ("Åsa", "Asa", "Anna-Lena", "Anna Lena", "O'Brien", "Obrien", "Öberg", "von Öberg", "Li")
CODES = ("a", "A", "b", "c|d", "e,f", "å")
SYSTEMS = ("urn:one", "urn:two", "http://x.example/s")
TYPES = ("Patient", "Observation", "CarePlan", "Encounter", "RiskAssessment")

Json = dict[str, Any]
Parameters = list[tuple[str, str]]


def date(random: Random) -> str:
    """Give a date of any precision in a few years."""
    year, month = random.choice((2019, 2020, 2021)), random.randint(1, 12)
    day, hour = random.randint(1, 28), random.randint(0, 23)
    return random.choice(
        (
            f"{year}",
            f"{year}-{month:02d}",
            f"{year}-{month:02d}-{day:02d}",
            f"{year}-{month:02d}-{day:02d}T{hour:02d}:30:00Z",
            f"{year}-{month:02d}-{day:02d}T{hour:02d}:30:00.25+02:00",
        )
    )


def period(random: Random) -> Json:
    """Give a period that may be open at either end."""
    start, end = sorted((date(random), date(random)))
    return random.choice(({"start": start, "end": end}, {"start": start}, {"end": end}))


def coding(random: Random) -> Json:
    """Give a coding, now and then without a system or without a code."""
    chosen = {"system": random.choice(SYSTEMS), "code": random.choice(CODES)}
    if random.random() < 0.3:
        del chosen[random.choice(("system", "code"))]
    return chosen


def concept(random: Random) -> Json:
    """Give a concept, now and then only a text."""
    if random.random() < 0.2:
        return {"text": random.choice(NAMES)}
    return {"coding": [coding(random) for _ in range(random.randint(1, 2))]}


def reference(random: Random, *types: str) -> Json:
    """Give a reference of any form."""
    target = f"{random.choice(types)}/{random.randint(1, 4)}"
    return random.choice(
        (
            {"reference": target},
            {"reference": f"{target}/_history/2"},
            {"reference": f"{BASE}/{target}"},
            {"reference": f"http://other.example/fhir/{target}"},
            {"identifier": {"system": "urn:one", "value": str(random.randint(1, 4))}},
            {"reference": "#contained"},
            {"display": "somebody"},
        )
    )


def quantity(random: Random) -> Json:
    """Give a quantity."""
    unit = random.choice(
        ({"system": "http://unitsofmeasure.org", "code": "mg"}, {"unit": "mg"}, {"code": "g"}, {})
    )
    return {"value": random.choice((-2, 0, 5, 54, 55, 100, 540)), **unit}


def _some(random: Random, make: Callable[[Random], Any], most: int = 3) -> list[Any]:
    return [make(random) for _ in range(random.randint(0, most))]


def _patient(random: Random) -> Json:
    return {
        "name": _some(
            random,
            lambda r: {"family": r.choice(NAMES), "given": [r.choice(NAMES), r.choice(NAMES)]},
        ),
        "birthDate": date(random)[:10],
        "gender": random.choice(("male", "female")),
        "identifier": _some(
            random, lambda r: {"system": r.choice(SYSTEMS), "value": str(r.randint(1, 9))}
        ),
        "telecom": _some(random, lambda r: {"system": "phone", "value": "+46 70-123 45 67"}),
        "generalPractitioner": _some(random, lambda r: reference(r, "Practitioner")),
    }


def _observation(random: Random) -> Json:
    value = random.choice(
        (
            {"valueQuantity": quantity(random)},
            {"valueCodeableConcept": concept(random)},
            {"valueString": random.choice(NAMES)},
            {"valuePeriod": period(random)},
            {"dataAbsentReason": concept(random)},
            {},
        )
    )
    effective = random.choice(
        ({"effectiveDateTime": date(random)}, {"effectivePeriod": period(random)}, {})
    )
    return {
        "status": random.choice(("final", "amended")),
        "code": concept(random),
        "subject": reference(random, "Patient", "Group"),
        "component": _some(random, _component),
        **effective,
        **value,
    }


def _component(random: Random) -> Json:
    value = random.choice(
        (
            {"valueQuantity": quantity(random)},
            {"valueCodeableConcept": concept(random)},
            {"dataAbsentReason": concept(random)},
        )
    )
    return {"code": concept(random), **value}


def _care_plan(random: Random) -> Json:
    return {
        "status": "active",
        "intent": "plan",
        "period": period(random),
        "category": _some(random, concept),
        "subject": reference(random, "Patient"),
        "instantiatesCanonical": _some(random, lambda r: r.choice(("http://p.example/a|1", BASE))),
        "activity": _some(random, lambda r: {"detail": {"scheduledPeriod": period(r)}}, 4),
    }


def _encounter(random: Random) -> Json:
    return {
        "status": random.choice(("planned", "finished")),
        "class": coding(random),
        "period": period(random),
        "subject": reference(random, "Patient"),
        "length": quantity(random),
    }


def _risk_assessment(random: Random) -> Json:
    probability = random.choice(
        (
            {"probabilityDecimal": random.choice((0, 1, 5, 10))},
            {"probabilityRange": {"low": {"value": 1}, "high": {"value": random.randint(2, 9)}}},
            {"probabilityRange": {"low": {"value": 5}}},
        )
    )
    return {
        "status": "final",
        "subject": reference(random, "Patient"),
        "prediction": [probability, {"probabilityDecimal": 7}][: random.randint(0, 2)],
        "occurrenceDateTime": date(random),
    }


_MAKERS = {
    "Patient": _patient,
    "Observation": _observation,
    "CarePlan": _care_plan,
    "Encounter": _encounter,
    "RiskAssessment": _risk_assessment,
}


def resource(random: Random, id_: str) -> Json:
    """Give a resource of any of the `TYPES`."""
    type_ = random.choice(TYPES)
    meta: Json = {"lastUpdated": "2026-01-01T00:00:00Z"}
    if random.random() < 0.5:
        meta["profile"] = [random.choice(("http://p.example/fhir/a", "http://p.example/b|2"))]
        meta["tag"] = [coding(random)]
    body = {name: value for name, value in _MAKERS[type_](random).items() if value != []}
    return {"resourceType": type_, "id": id_, "meta": meta, **body}


def indexed(random: Random, indexer: Indexer, number: int) -> Indexed:
    """Give the index entries of a new resource."""
    made = resource(random, f"{number:05d}")
    name = f"{made['resourceType']}/{made['id']}"
    return Indexed(name, 1_750_000_000_000_000 + number * 1000, indexer.index(made, name))


def _token(random: Random) -> str:
    code = random.choice(CODES).replace("|", "\\|").replace(",", "\\,")
    system = random.choice((*SYSTEMS, ""))
    return random.choice((code, f"{system}|{code}", f"{system or 'urn:one'}|"))


def _reference(random: Random) -> str:
    id_ = random.randint(1, 4)
    return random.choice(
        (
            f"Patient/{id_}",
            str(id_),
            f"{BASE}/Patient/{id_}",
            f"http://other.example/fhir/Patient/{id_}",
            f"Practitioner/{id_}",
        )
    )


def _compared(random: Random, value: str) -> str:
    return random.choice(("", "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap")) + value


def _quantity(random: Random) -> str:
    unit = random.choice(("", "||mg", "||g", "|http://unitsofmeasure.org|mg"))
    return _compared(random, random.choice(("5", "54", "54.0", "1e2", "0", "-2"))) + unit


def _paired(random: Random) -> str:
    """Give a token for the first part of a composite, which must have a code."""
    code = random.choice(CODES).replace(",", "\\,").replace("|", "\\|")
    return random.choice((code, f"{random.choice(SYSTEMS)}|{code}"))


def _words(random: Random) -> str:
    words = [random.choice(("ann*", "asa", "lena", "oberg", "von", "li", "x")) for _ in range(3)]
    return " ".join((words[0], random.choice(("AND", "OR", "NOT", "")), words[1]))


_VALUES: dict[str, Callable[[Random], str]] = {
    "token": _token,
    "reference": _reference,
    "date": lambda random: _compared(random, date(random)),
    "string": lambda random: random.choice((*NAMES, "ann", "ö", "b")).replace(",", "\\,"),
    "uri": lambda random: random.choice(("http://p.example/fhir/a", "http://p.example/b", BASE)),
    "quantity": _quantity,
    "number": lambda random: _compared(random, random.choice(("5", "7", "1.0", "10"))),
}
_MODIFIERS: dict[str, tuple[str, ...]] = {
    "token": ("", "", "not"),
    "string": ("", "exact", "contains"),
    "reference": ("", "", "identifier"),
    "uri": ("", "below", "above"),
}
_PAIRED: dict[str, Callable[[Random], str]] = {
    "code-value-quantity": lambda random: f"{_paired(random)}${_quantity(random)}",
    "combo-code-value-quantity": lambda random: f"{_paired(random)}${_quantity(random)}",
    "code-value-concept": lambda random: f"{_paired(random)}${_token(random)}",
    "combo-code-value-concept": lambda random: f"{_paired(random)}${_token(random)}",
    "code-value-date": lambda random: f"{_paired(random)}${_compared(random, date(random))}",
}
SEARCHED = {
    "Patient": ("name", "family", "birthdate", "gender", "identifier", "phone", "deceased"),
    "Observation": ("code", "combo-code", "date", "value-quantity", "combo-value-quantity",
                    "code-value-quantity", "combo-code-value-quantity", "code-value-concept",
                    "combo-value-concept", "combo-code-value-concept", "combo-data-absent-reason",
                    "code-value-date", "_text", "_content", "value-string", "value-date", "value-concept", "patient", "subject", "status"),
    "CarePlan": ("date", "activity-date", "category", "subject", "instantiates-canonical"),
    "Encounter": ("date", "class", "status", "patient", "length"),
    "RiskAssessment": ("probability", "date", "patient"),
}  # fmt: skip
# What is sorted by besides dates; composites can't be.
_KEYS = ("family", "probability", "combo-code", "combo-value-concept")
EVERYWHERE = ("_tag", "_profile", "_lastUpdated", "_id")


def criterion(random: Random, parser: QueryParser, type_: str) -> tuple[str, str]:
    """Give a search parameter and a value, or several alternatives, for it."""
    code = random.choice((*SEARCHED[type_], *EVERYWHERE))
    if code == "_id":
        return "_id", ",".join(f"{random.randint(0, 400):05d}" for _ in range(20))
    if code == "_lastUpdated":
        return code, _compared(random, f"2025-06-15T15:06:{random.randint(40, 41)}Z")
    return criterion_on(random, parser, type_, code)


def criterion_on(random: Random, parser: QueryParser, type_: str, code: str) -> tuple[str, str]:
    """Give a search by one parameter: its name with a modifier or none, and a value."""
    kind = parser.supported_parameters(type_)[code].type
    if random.random() < 0.1:
        return f"{code}:missing", random.choice(("true", "false"))
    modifier = random.choice(_MODIFIERS.get(kind, ("",)))
    make = _token if modifier == "identifier" else _VALUES.get(kind, _words)
    if code in _PAIRED:
        make = _PAIRED[code]
    values = ",".join(make(random) for _ in range(random.choice((1, 1, 1, 2, 3))))
    return (f"{code}:{modifier}" if modifier else code), values


def search(random: Random, parser: QueryParser) -> tuple[str, Parameters]:
    """Give a type and the parameters of a search, perhaps with an order."""
    type_ = random.choice(TYPES)
    parameters = [criterion(random, parser, type_) for _ in range(random.choice((1, 1, 2, 3)))]
    if random.random() < 0.4:
        keyed = [c for c in SEARCHED[type_] if "date" in c or c in _KEYS]
        by = random.choice((*keyed, "_id", "_lastUpdated"))
        parameters.append(("_sort", random.choice(("", "-")) + by))
    return type_, parameters
