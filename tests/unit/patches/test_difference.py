"""What difference() finds turns one version into the other, exactly."""

from __future__ import annotations

import itertools
import random
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fhir_server.fhir import json
from fhir_server.interactions.patches.content import equal
from fhir_server.interactions.patches.difference import difference
from fhir_server.interactions.patches.fhirpath_patch import FhirPathPatch
from fhir_server.profiles.definitions import Definitions
from fhir_server.profiles.validator import Validator
from fhir_server.terminology.terminology import Terminology
from tests.unit.patches.operations import operation

ARCHIVE = Path(__file__).parents[2] / "data" / "r4-examples.tar.xz"
# The examples that differ most within each type take the most operations.
LARGEST, OF_A_TYPE = 60_000, 8
Json = dict[str, Any]


@pytest.fixture(scope="module")
def examples() -> dict[str, list[Json]]:
    found: dict[str, list[Json]] = {}
    with tarfile.open(ARCHIVE) as archive:
        for member in archive:
            alike = found.setdefault(member.name.partition("-")[0], [])
            data = archive.extractfile(member)
            if member.size < LARGEST and len(alike) < OF_A_TYPE and data is not None:
                resource = json.parse(data.read())
                meta = {**resource.get("meta", {}), "versionId": "1"}
                alike.append({**resource, "id": "same", "meta": meta})
    return found


def applied(definitions: Definitions, old: Json, new: Json) -> Json:
    """Apply the difference as a client would: sent as JSON and read again."""
    parameters = {"resourceType": "Parameters", "parameter": difference(definitions, old, new)}
    patch = FhirPathPatch(definitions, json.parse(json.dump(parameters)))
    result: Json = json.parse(json.dump(patch.apply(old)))
    return result


def is_same(one: Json, other: Json) -> bool:
    return equal({**one, "meta": _own(one)}, {**other, "meta": _own(other)}, exact=True)


def _own(resource: Json) -> Json:
    meta = resource.get("meta", {})
    return {k: v for k, v in meta.items() if k not in ("versionId", "lastUpdated")}


def test_any_example_becomes_any_other_of_its_type(
    definitions: Definitions, examples: dict[str, list[Json]]
) -> None:
    pairs = [(a, b) for alike in examples.values() for a in alike for b in alike if a is not b]
    assert len(pairs) > 2000
    chosen = random.Random(1).sample(pairs, 600)
    wrong = [
        f"{a['resourceType']}: {json.dump(a)[:200]!r} {json.dump(b)[:200]!r}"
        for a, b in chosen
        if not is_same(applied(definitions, a, b), b)
    ]
    assert wrong == []


def test_the_difference_is_valid_r4(
    definitions: Definitions, examples: dict[str, list[Json]]
) -> None:
    validator = Validator(definitions, Terminology(definitions))
    for alike in examples.values():
        for old, new in itertools.pairwise(alike):
            parameters: Json = {"resourceType": "Parameters"}
            found = difference(definitions, old, new)
            if found:
                parameters["parameter"] = found
            issues = validator.validate(json.plain(json.dump(parameters)))
            wrong = [each for each in issues if each.severity == "error"]
            # A contained resource that is put in refers to its neighbours, which stay behind; and
            # what an example itself has wrong, its difference to another has, too.
            known = {
                "ref-1",
                *(each.rule for each in validator.validate(json.plain(json.dump(new)))),
            }
            assert [each for each in wrong if each.rule not in known] == []


def changes(value: Any, rng: random.Random) -> Iterator[Any]:
    """Give a document with parts left out, repeated, put in another order or changed at random."""
    if isinstance(value, dict):
        changed = {}
        for key, item in value.items():
            kept = key in ("resourceType", "id", "url", "versionId") or rng.random() > 0.1
            if kept:
                changed[key] = item if key.startswith("_") else next(changes(item, rng))
        yield changed if changed else value
    elif isinstance(value, list):
        items = [next(changes(item, rng)) for item in value if rng.random() > 0.2] or value
        items += [rng.choice(items)] * rng.randrange(2)
        rng.shuffle(items)
        yield items
    else:
        yield f"{value}x" if isinstance(value, str) and rng.random() < 0.2 else value


@pytest.mark.parametrize("type_", ["Patient", "CareTeam", "CarePlan", "Observation", "Bundle"])
def test_an_example_becomes_any_variation_of_itself_and_back(
    definitions: Definitions, examples: dict[str, list[Json]], type_: str
) -> None:
    rng = random.Random(type_)
    for old in examples[type_]:
        for _ in range(25):
            new = {**next(changes(old, rng)), "resourceType": type_, "id": "same"}
            assert is_same(applied(definitions, old, new), new)
            assert is_same(applied(definitions, new, old), old)


def test_equal_versions_differ_in_nothing(definitions: Definitions) -> None:
    one = {"resourceType": "Patient", "id": "a", "meta": {"versionId": "1", "lastUpdated": "x"}}
    other = {"resourceType": "Patient", "id": "a", "meta": {"versionId": "2", "lastUpdated": "y"}}
    assert difference(definitions, one, other) == []


def test_a_decimal_with_other_digits_is_another(definitions: Definitions) -> None:
    old, new = (
        json.parse(b'{"resourceType":"Observation","valueQuantity":{"value":%s}}' % digits)
        for digits in (b"1.10", b"1.1")
    )
    (found,) = difference(definitions, old, new)
    assert found["part"][1] == {"name": "path", "valueString": "Observation.value.value"}
    assert b'"valueDecimal":1.1}' in json.dump(found)


def test_what_is_inserted_in_a_list_is_told_alone(definitions: Definitions) -> None:
    names = [{"family": letter} for letter in "ABCDE"]
    old = {"resourceType": "Patient", "name": [names[0], names[2], names[4]]}
    new = {"resourceType": "Patient", "name": [*names, {"family": "F"}]}
    assert difference(definitions, old, new) == [
        operation("insert", "Patient.name", index=1, valueHumanName=names[1]),
        operation("insert", "Patient.name", index=3, valueHumanName=names[3]),
        operation("add", "Patient", name="name", valueHumanName={"family": "F"}),
    ]


def test_a_long_list_without_one_item_differs_in_one_operation(definitions: Definitions) -> None:
    old = {"resourceType": "Patient", "name": [{"text": str(n)} for n in range(5000)]}
    new = {"resourceType": "Patient", "name": [*old["name"][:700], *old["name"][701:]]}
    assert difference(definitions, old, new) == [operation("delete", "Patient.name[700]")]


def test_lists_too_long_to_align_are_compared_item_by_item(
    definitions: Definitions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fhir_server.interactions.patches.difference.MAX_COMPARED", 3)
    old = {"resourceType": "Patient", "name": [{"text": t} for t in "abcd"]}
    new = {"resourceType": "Patient", "name": [{"text": t} for t in "bcdaX"]}
    assert len(difference(definitions, old, new)) == 5
    assert applied(definitions, old, new) == new
