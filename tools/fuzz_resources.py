"""Makes resources that are nearly right, from examples: what `fuzz_validator` validates."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

from tools.fuzz_mutations import mutated
from tools.fuzz_values import VALUES
from tools.round_trip_examples import examples

Json = dict[str, Any]
ROOT = Path(__file__).resolve().parent.parent
FOLDERS = (ROOT / "profiles" / "examples" / "valid", ROOT / "demo")
_LARGEST = 30_000
_DATES = ("2026", "2026-03", "2026-03-02", "2026-03-02T08:10:00Z", "1890-01-01", "2026-03-02T08:10")
_REFERENCES = ("Patient/1", "Encounter/1", "#inside", "#", "urn:uuid:1", "http://x.example/Group/1")
_TYPES = ("Quantity", "String", "Boolean", "CodeableConcept", "DateTime", "Reference", "Period")
_INSIDE = {"resourceType": "Basic", "id": "inside", "code": {"text": "x"}}


class Resources:
    """Makes resources; each follows from the seed and its number.

    Args:
        seed: of all of them.
        profiles: canonicals that some of them claim.
    """

    def __init__(self, seed: int, profiles: list[str]) -> None:
        self._seed = seed
        self._profiles = profiles
        published = [json.loads(x) for _, x in examples() if len(x) < _LARGEST]
        own = [*_own()]
        # As many of the project's as of R4's: there are few, and they have what R4's lack.
        self._sources = published + own * max(1, len(published) // max(1, len(own)))
        self._by_type: dict[str, list[Json]] = {}
        for resource in self._sources:
            self._by_type.setdefault(resource["resourceType"], []).append(resource)

    def make(self, number: int) -> Json:
        """Give one resource."""
        rng = random.Random(f"{self._seed}-{number}")  # noqa: S311 - repeatable, not secret
        resource: Json = deepcopy(rng.choice(self._sources))
        for _ in range(rng.choice((1, 1, 1, 2, 3, 6))):
            if rng.random() < 0.25:
                resource = mutated(rng, resource, 1)
            else:
                rng.choice(self._changes)(rng, resource)
        return resource

    @property
    def _changes(self) -> tuple[Callable[[random.Random, Json], None], ...]:
        return (
            _leave_out, _leave_out, _repeat, _repeat, _empty, _shuffle, _rename_choice, _contain,
            _extend, _beside, _date, _refer, _text, self._transplant, self._transplant,
            self._claim,
        )  # fmt: skip

    def _transplant(self, rng: random.Random, resource: Json) -> None:
        """Take an element over from another example of the type."""
        other = rng.choice(self._by_type.get(str(resource.get("resourceType")), [resource]))
        name = rng.choice(list(other))
        resource[name] = deepcopy(other[name])

    def _claim(self, rng: random.Random, resource: Json) -> None:
        resource["meta"] = {"profile": rng.sample(self._profiles, min(2, len(self._profiles)))}


def _own() -> Iterator[Json]:
    for folder in FOLDERS:
        for path in sorted(folder.rglob("*.json")):
            content = json.loads(path.read_text("utf-8"))
            yield content
            for entry in content.get("entry", ()):
                if "resource" in entry:
                    yield entry["resource"]


def _objects(resource: Json) -> list[Json]:
    found, waiting = [], [resource]
    while waiting:
        inside: Any = waiting.pop()
        if isinstance(inside, dict):
            found.append(inside)
            waiting += inside.values()
        elif isinstance(inside, list):
            waiting += inside
    return found


def _property(
    rng: random.Random, resource: Json, wanted: Callable[[Any], bool]
) -> tuple[Json, str] | None:
    found = [(each, key) for each in _objects(resource) for key in each if wanted(each[key])]
    return rng.choice(found) if found else None


def _leave_out(rng: random.Random, resource: Json) -> None:
    if found := _property(rng, resource, lambda value: True):
        del found[0][found[1]]


def _repeat(rng: random.Random, resource: Json) -> None:
    if found := _property(rng, resource, lambda value: isinstance(value, list) and len(value) > 0):
        items = found[0][found[1]]
        items.insert(rng.randint(0, len(items)), deepcopy(rng.choice(items)))


def _empty(rng: random.Random, resource: Json) -> None:
    if found := _property(rng, resource, lambda value: isinstance(value, dict | list | str)):
        found[0][found[1]] = type(found[0][found[1]])()


def _shuffle(rng: random.Random, resource: Json) -> None:
    if found := _property(rng, resource, lambda value: isinstance(value, list)):
        rng.shuffle(found[0][found[1]])


def _rename_choice(rng: random.Random, resource: Json) -> None:
    """Give a choice element another type, or a second one."""
    names = [(each, key) for each in _objects(resource) for key in each if key.startswith("value")]
    if names:
        inside, key = rng.choice(names)
        value = inside[key] if rng.random() < 0.3 else inside.pop(key)
        inside[f"value{rng.choice(_TYPES)}"] = deepcopy(value)


def _contain(rng: random.Random, resource: Json) -> None:
    contained = resource.setdefault("contained", [])
    if isinstance(contained, list):
        contained.append(deepcopy(_INSIDE))
    if rng.random() < 0.6:
        value = {"url": "http://x.example/to", "valueReference": {"reference": "#inside"}}
        resource["extension"] = [value]


def _extend(rng: random.Random, resource: Json) -> None:
    """Put an extension of the project's or another's where it may not belong."""
    given = [o["extension"] for o in _objects(resource) if isinstance(o.get("extension"), list)]
    known = [each for listed in given for each in listed if isinstance(each, dict)]
    extension = deepcopy(rng.choice([*known, {"url": "http://x.example/e", "valueCode": "a"}]))
    place = rng.choice(_objects(resource))
    name = rng.choice(("extension", "extension", "modifierExtension"))
    listed = place.setdefault(name, [])
    if isinstance(listed, list):
        listed.append(extension)


def _beside(rng: random.Random, resource: Json) -> None:
    """Put extensions beside a primitive value, of the same length or not."""
    if found := _property(rng, resource, lambda value: isinstance(value, str | bool | int)):
        note = {"extension": [{"url": "http://x.example/e", "valueString": "x"}]}
        found[0][f"_{found[1]}"] = note if rng.random() < 0.7 else [note, None]
        if rng.random() < 0.4:
            del found[0][found[1]]


def _date(rng: random.Random, resource: Json) -> None:
    if found := _property(
        rng, resource, lambda value: isinstance(value, str) and value[:2] in ("19", "20")
    ):
        found[0][found[1]] = rng.choice(_DATES)


def _refer(rng: random.Random, resource: Json) -> None:
    inside = [each for each in _objects(resource) if "reference" in each]
    if inside:
        rng.choice(inside)["reference"] = rng.choice(_REFERENCES)


def _text(rng: random.Random, resource: Json) -> None:
    if found := _property(rng, resource, lambda value: isinstance(value, str)):
        found[0][found[1]] = rng.choice([v for v in VALUES if isinstance(v, str)])
