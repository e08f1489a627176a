"""Resources that refer to each other, and searches about them at random."""

from __future__ import annotations

from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from bson.binary import Binary

from fhir_server.search.indexing import IndexEntries, Indexer
from fhir_server.search.matching import Indexed
from fhir_server.search.query import (
    And,
    Chained,
    Compared,
    Criterion,
    HasId,
    HasKey,
    HasToken,
    HasWord,
    InRange,
    Near,
    Not,
    Or,
    Paired,
    Query,
    ReferredBy,
    Sort,
    TextContains,
    TextStart,
    TokenRange,
    Unit,
    Updated,
    every,
)
from fhir_server.search.ranges import date_range, implied, number, point

STOCKHOLM = ZoneInfo("Europe/Stockholm")
BASE = "https://clinic.example/fhir"
NAMES = ("Åsa", "Asa", "Berg", "Bo", "Öberg", "Li", "Lind", "Zoë")
WORDS = ("fall", "fallrisk", "oro", "sår")
SIZES = {"Patient": 60, "Practitioner": 25, "CareTeam": 170, "Encounter": 200, "Observation": 150}

Json = dict[str, Any]
Document = dict[str, Any]


def document(resource: Indexed) -> Document:
    """Give what the store keeps of a resource."""
    entries = resource.entries
    found: Document = {
        "_id": resource.reference,
        "y": resource.reference.partition("/")[0],
        "v": 1,
        "u": resource.last_updated,
        "b": Binary(b"{}"),
        "t": entries.tokens,
        "k": entries.keys,
        "d": entries.ranges,
    }
    if entries.words:
        found["w"] = entries.words
    if entries.position is not None:
        found["g"] = {"type": "Point", "coordinates": list(entries.position)}
    return found


def world(indexer: Indexer, seed: int) -> dict[str, Indexed]:
    """Give resources by reference."""
    random = Random(seed)
    found = {}
    for type_, size in SIZES.items():
        for number_ in range(size):
            made = _resource(random, type_, f"{type_[0].lower()}{number_:03d}")
            name = f"{type_}/{made['id']}"
            at = 1_750_000_000_000_000 + random.randint(0, 300)
            found[name] = Indexed(name, at, _extended(random, type_, indexer.index(made, name)))
    return found


def _resource(random: Random, type_: str, id_: str) -> Json:
    body = {name: value for name, value in _MAKERS[type_](random).items() if value not in ([], {})}
    return {"resourceType": type_, "id": id_, **body}


def _extended(random: Random, type_: str, entries: IndexEntries) -> IndexEntries:
    """Add words, places and pairs, as the layout of the index says."""
    kinds = random.sample(WORDS, random.randint(0, 2))
    words = [f"{random.choice('nc')}:{word}" for word in kinds]
    place = None
    if random.random() < 0.3:
        place = (random.uniform(10, 20), random.uniform(55, 65))
    tokens, ranges = list(entries.tokens), dict(entries.ranges)
    tokens = [token for token in tokens if "code-value" not in token]
    pairs = [_pair(random) for _ in range(random.randint(0, 3))] if type_ == "Observation" else []
    ranges.pop("Observation:code-value-quantity", None)
    if pairs:
        ranges["Observation:code-value-quantity"] = sorted(pairs)
        for pair in pairs:
            sign = "@" if pair[1].rstrip("!") == pair[0] else "%"
            tokens += [f"Observation.code-value-quantity{t}{sign}{pair[0]}" for t in pair[7:]]
    return IndexEntries(list(dict.fromkeys(tokens)), entries.keys, ranges, words, place)


def _pair(random: Random) -> list[str]:
    low, high = point(number(str(random.randint(1, 9)))).spelled()
    if random.random() < 0.3:
        high = point(number(str(random.randint(9, 12)))).spelled()[1]
    unit = random.choice((("urn:u|mg", "mg", "mg"), ("|", "", "")))
    code = random.choice("ab")
    second = random.choice((("", ""), point(number("5")).spelled()))
    return [low, high, *unit, *second, f"={code}", f";urn:s|{code}"]


def _reference(random: Random, *types: str) -> Json:
    type_ = random.choice(types)
    # Some of those referred to never were.
    id_ = f"{type_[0].lower()}{random.randint(0, SIZES[type_] + 2):03d}"
    version = random.choice(("", "", "/_history/1"))
    return {"reference": f"{type_}/{id_}{version}"}


def _day(random: Random) -> str:
    year = random.choice((2019, 2020, 2021))
    return random.choice(
        (f"{year}", f"{year}-0{random.randint(1, 9)}", f"{year}-05-1{random.randint(0, 9)}")
    )


def _period(random: Random) -> Json:
    start, end = sorted((_day(random), _day(random)))
    return random.choice(({}, {"start": start}, {"start": start, "end": end}, {"end": end}))


def _names(random: Random) -> list[Json]:
    return [{"family": random.choice(NAMES)} for _ in range(random.randint(0, 3))]


def _patient(random: Random) -> Json:
    several = range(random.randint(0, 2))
    return {
        "gender": random.choice(("female", "male", "other")),
        "birthDate": f"19{random.randint(4, 6)}0-05-0{random.randint(1, 3)}",
        "name": _names(random),
        "generalPractitioner": [_reference(random, "Practitioner") for _ in several],
    }


def _practitioner(random: Random) -> Json:
    return {"active": random.random() < 0.7, "name": _names(random)}


def _care_team(random: Random) -> Json:
    several = range(random.randint(0, 3))
    return {
        "status": random.choice(("active", "inactive", "proposed")),
        "subject": _reference(random, "Patient"),
        "period": _period(random),
        "participant": [{"member": _reference(random, "Practitioner", "Patient")} for _ in several],
    }


def _encounter(random: Random) -> Json:
    return {
        "status": random.choice(("planned", "finished")),
        "class": {"code": random.choice(("IMP", "AMB"))},
        "subject": _reference(random, "Patient"),
        "period": _period(random),
    }


def _observation(random: Random) -> Json:
    several = range(random.randint(0, 2))
    return {
        "status": "final",
        "code": {"coding": [{"system": "urn:s", "code": c} for c in random.sample("abc", 2)]},
        "subject": _reference(random, "Patient"),
        "encounter": _reference(random, "Encounter"),
        "hasMember": [_reference(random, "Observation") for _ in several],
        "component": [{"code": {"coding": [{"code": "bd"[number_]}]}} for number_ in several],
        "effectiveDateTime": _day(random),
    }


_MAKERS = {
    "Patient": _patient,
    "Practitioner": _practitioner,
    "CareTeam": _care_team,
    "Encounter": _encounter,
    "Observation": _observation,
}

TOKENS = {
    "Patient": ("Patient.gender=female", "Patient.gender=male"),
    "Practitioner": ("Practitioner.active=true", "Practitioner.active=false"),
    "CareTeam": ("CareTeam.status=active", "CareTeam.status=proposed"),
    "Encounter": ("Encounter.status=planned", "Encounter.class=imp"),
    "Observation": ("Observation.code;urn:s|a", "Observation.code=b"),
}
REFERENCES = {
    "Patient.general-practitioner": ("Practitioner",),
    "CareTeam.subject": ("Patient",),
    "CareTeam.participant": ("Practitioner", "Patient"),
    "Encounter.subject": ("Patient",),
    "Observation.subject": ("Patient",),
    "Observation.encounter": ("Encounter",),
    "Observation.has-member": ("Observation",),
}
DATES = {
    "Patient": "Patient.birthdate",
    "CareTeam": "CareTeam.date",
    "Encounter": "Encounter.date",
    "Observation": "Observation.date",
}
TEXTS = {"Patient": "Patient.family", "Practitioner": "Practitioner.name"}
COMPARATORS = ("eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap")
SORTS = {
    "Patient": (("gender", "token"), ("birthdate", "date"), ("family", "string"),
                ("general-practitioner", "reference")),
    "Practitioner": (("active", "token"), ("name", "string")),
    "CareTeam": (("status", "token"), ("date", "date"), ("subject", "reference"),
                 ("participant", "reference")),
    "Encounter": (("status", "token"), ("class", "token"), ("date", "date"),
                  ("subject", "reference")),
    "Observation": (("code", "token"), ("date", "date"), ("has-member", "reference"),
                    ("subject", "reference"), ("combo-code", "token")),
}  # fmt: skip
# Those whose entries are those of others.
SAID_BY = {"combo-code": ("Observation.code", "Observation.component-code")}


def plain(random: Random, type_: str) -> Criterion:
    """Give a criterion about the resource itself."""
    makers = [_token, _token, _updated, _word, _near, _ids, _present]
    makers += [_dated] * 2 if type_ in DATES else []
    makers += [_named] * 2 if type_ in TEXTS else []
    makers += [_paired] * 3 if type_ == "Observation" else []
    return random.choice(makers)(random, type_)


def _token(random: Random, type_: str) -> Criterion:
    return HasToken(random.choice(TOKENS[type_]))


def _updated(random: Random, _: str) -> Criterion:
    at = 1_750_000_000_000_000 + random.randint(0, 300)
    return Updated(random.choice(COMPARATORS), at, at + random.randint(1, 100))


def _word(random: Random, _: str) -> Criterion:
    return HasWord(random.choice(WORDS), random.random() < 0.5, start=random.random() < 0.4)


def _near(random: Random, _: str) -> Criterion:
    return Near(random.uniform(10, 20), random.uniform(55, 65), random.uniform(50, 600))


def _ids(random: Random, type_: str) -> Criterion:
    chosen = random.sample(range(SIZES[type_]), 12)
    return HasId(tuple(f"{type_}/{type_[0].lower()}{n:03d}" for n in chosen))


def _present(random: Random, type_: str) -> Criterion:
    names = [name for name in REFERENCES if name.startswith(f"{type_}.")]
    if names:
        name = random.choice(names)
        return TokenRange(f"{name}:", f"{name}A")
    return HasKey(TEXTS[type_])


def _dated(random: Random, type_: str) -> Criterion:
    day = f"19{random.randint(4, 6)}0-05" if type_ == "Patient" else _day(random)
    return InRange(DATES[type_], random.choice(COMPARATORS), *date_range(day, STOCKHOLM))


def _named(random: Random, type_: str) -> Criterion:
    if random.random() < 0.3:
        return TextContains(TEXTS[type_], random.choice(("e", "li", "b")))
    return TextStart(TEXTS[type_], random.choice(("a", "b", "li", "o", "asa\x1fAsa")))


def _paired(random: Random, _: str) -> Criterion:
    code = random.choice("ab")
    comparator = random.choice(COMPARATORS)
    unit = random.choice((None, None, Unit("urn:u", "mg"), Unit(None, "mg")))
    value = number(str(random.randint(1, 9)))
    low, high = (implied if comparator in ("eq", "ne", "ap") else point)(value).spelled()
    first = Compared(comparator, low, high, unit)
    second = (Compared("le", *point(number("7")).spelled()),) if random.random() < 0.2 else ()
    token = random.choice((f"={code}", f";urn:s|{code}"))
    return Paired("Observation.code-value-quantity", token, (first, *second))


def join(random: Random, type_: str, depth: int) -> Criterion:
    """Give a condition on other resources."""
    forward = [name for name in REFERENCES if name.startswith(f"{type_}.")]
    back = [name for name, types in REFERENCES.items() if type_ in types]
    name = random.choice([*forward, *back])
    if name in forward and not (name in back and random.random() < 0.5):
        target = random.choice(REFERENCES[name])
        return Chained(name, (target,), tree(random, target, depth - 1))
    return ReferredBy(name, tree(random, name.partition(".")[0], depth - 1))


def tree(random: Random, type_: str, depth: int) -> Criterion:
    """Give any criterion."""
    kind = random.random()
    if depth <= 0 or kind < 0.3:
        return plain(random, type_)
    if kind < 0.75:
        return join(random, type_, depth)
    parts = tuple(tree(random, type_, depth - 1) for _ in range(random.randint(1, 3)))
    if kind < 0.85:
        return Not(tree(random, type_, depth - 1))
    return Or(parts) if kind < 0.93 else And(parts)


def search(random: Random) -> Query:
    """Give any search."""
    type_ = random.choice(list(SIZES))
    parts = [tree(random, type_, random.randint(0, 3)) for _ in range(random.randint(0, 2))]
    return Query(
        (type_,), every(*parts), sort=sorts(random, type_), count=random.choice((3, 7, 20))
    )


def sorts(random: Random, type_: str) -> tuple[Sort, ...]:
    """Give no, one or several keys."""
    named = [
        Sort(f"{type_}.{code}", random.random() < 0.5, kind, SAID_BY.get(code, ()))
        for code, kind in SORTS[type_]
    ]
    keys = [*named, Sort("_id", random.random() < 0.5), Sort("_lastUpdated", random.random() < 0.5)]
    return tuple(random.sample(keys, random.choice((0, 0, 1, 1, 2, 3))))
