"""What a search must find, by the oracle."""

from __future__ import annotations

from benchmarks.oracle import Oracle, at

PEOPLE = [
    {"resourceType": "Patient", "id": "a", "name": [{"family": "Åberg"}, {"family": "Ek"}]},
    {"resourceType": "Patient", "id": "b", "name": [{"family": "Öman"}]},
    {
        "resourceType": "Observation", "id": "o", "subject": {"reference": "Patient/a"},
        "component": [{"code": "x", "value": 1}, {"code": "y", "value": 9}],
        "effectiveDateTime": "2020-01-01T01:00:00+01:00",
    },
]  # fmt: skip


def ids(type_: str, condition: object, value: object = None) -> list[str]:
    return [each["id"] for each in Oracle(PEOPLE).found(type_, [condition], value)]  # type: ignore[list-item]


def test_paths_go_through_lists() -> None:
    assert list(at(PEOPLE[0], "name.family")) == ["Åberg", "Ek"]
    assert list(at(PEOPLE[0], "name.given")) == []


def test_strings_without_accents() -> None:
    assert ids("Patient", {"at": ["name.family"], "is": "starts"}, "aber") == ["a"]


def test_times_are_compared_as_moments() -> None:
    condition = {"at": ["effectiveDateTime"], "is": "from"}
    assert ids("Observation", condition, "2020-01-01T00:00:00Z") == ["o"]
    assert ids("Observation", condition, "2020-01-01T00:00:01Z") == []


def test_chains_and_has() -> None:
    chain = {
        "refers": "subject.reference", "type": "Patient",
        "to": [{"at": ["name.family"], "is": "starts"}],
    }  # fmt: skip
    assert ids("Observation", chain, "ek") == ["o"]
    assert ids("Observation", chain, "öm") == []
    has = {"has": "Observation", "by": "subject.reference", "where": []}
    assert ids("Patient", has) == ["a"]


def test_a_composite_is_of_one_element() -> None:
    def both(code: str, over: int) -> dict[str, object]:
        where = [
            {"at": ["code"], "is": "code", "value": code},
            {"at": ["value"], "is": "over", "value": over},
        ]
        return {"each": "component", "where": where}

    assert ids("Observation", both("y", 5)) == ["o"]
    assert ids("Observation", both("x", 5)) == []
