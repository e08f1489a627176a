"""What value sets contain: https://hl7.org/fhir/R4/valueset.html#expansion"""

from __future__ import annotations

from typing import Any

import pytest

from fhir_server.terminology.concepts import ExpansionRequest, TerminologyError
from fhir_server.terminology.terminology import Terminology
from tests.unit.terminology.conftest import Published
from tests.unit.terminology.samples import CARE, EVERY, SYSTEM, every_filter, every_text

SNOMED = "http://snomed.info/sct"
LEVELS = [{"property": "concept", "op": "is-a", "value": "inpatient"}]


def value_set(name: str, *include: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Give a ValueSet."""
    return {
        "resourceType": "ValueSet",
        "id": name,
        "url": f"https://example.org/ValueSet/{name}",
        "status": "active",
        "compose": {"include": list(include), **more},
    }


def codes(terminology: Terminology, wanted: Any, **request: Any) -> list[str]:
    """Give the codes of a value set, by url or inline."""
    resource = terminology.value_set(wanted) if isinstance(wanted, str) else wanted
    found = terminology.expand(resource, ExpansionRequest(**request))
    return [item.code for item in found.contains]


@pytest.fixture
def care(published: Published) -> Terminology:
    return published(
        CARE,
        value_set("ward", {"system": SYSTEM, "concept": [{"code": "ward"}, {"code": "day"}]}),
        value_set("levels", {"system": SYSTEM, "filter": LEVELS}),
        value_set("circle", {"valueSet": ["https://example.org/ValueSet/back"]}),
        value_set("back", {"valueSet": ["https://example.org/ValueSet/circle"]}),
        max_expansion=1000,
    )


WARD, LEVELED = "https://example.org/ValueSet/ward", "https://example.org/ValueSet/levels"


def test_a_whole_code_system_comes_in_its_order(care: Terminology) -> None:
    assert codes(care, value_set("x", {"system": SYSTEM})) == EVERY


@every_filter
def test_filters_compose_value_sets(
    care: Terminology, name: str, op: str, value: str, found: list[str]
) -> None:
    filter_ = [{"property": name, "op": op, "value": value}]
    assert codes(care, value_set("x", {"system": SYSTEM, "filter": filter_})) == found


@every_text
def test_a_text_narrows_an_expansion(care: Terminology, text: str, found: list[str]) -> None:
    assert codes(care, value_set("x", {"system": SYSTEM}), filter=text) == found
    listed = {"system": SYSTEM, "concept": [{"code": code} for code in EVERY]}
    assert codes(care, value_set("x", listed), filter=text) == found


@pytest.mark.parametrize(
    ("composition", "found"),
    [
        ({"include": [{"valueSet": [WARD]}]}, ["ward", "day"]),
        ({"include": [{"valueSet": [WARD, LEVELED]}]}, ["ward", "day"]),
        ({"include": [{"valueSet": [LEVELED, WARD]}]}, ["ward", "day"]),
        ({"include": [{"system": SYSTEM, "valueSet": [WARD]}]}, ["ward", "day"]),
        (
            {
                "include": [
                    {"system": SYSTEM, "concept": [{"code": "icu"}, {"code": "day"}]},
                    {"valueSet": [WARD]},
                ]
            },
            ["icu", "day", "ward"],
        ),
        (
            {
                "include": [{"valueSet": [LEVELED]}],
                "exclude": [{"system": SYSTEM, "concept": [{"code": "icu"}]}],
            },
            ["inpatient", "ward", "day"],
        ),
        (
            {"include": [{"valueSet": [LEVELED]}], "exclude": [{"valueSet": [WARD]}]},
            ["inpatient", "icu"],
        ),
        (
            {
                "include": [{"system": SYSTEM}],
                "exclude": [{"system": SYSTEM, "filter": LEVELS}],
            },
            ["care", "outpatient", "asylum"],
        ),
        ({"inactive": False, "include": [{"system": SYSTEM}]}, EVERY[:-1]),
        ({"inactive": True, "include": [{"system": SYSTEM}]}, EVERY),
        ({"lockedDate": "2012-06-13", "include": [{"valueSet": [WARD]}]}, ["ward", "day"]),
        ({"include": [{"system": SYSTEM, "version": "2", "filter": LEVELS}]}, [*EVERY[1:4], "day"]),
    ],
)
def test_compositions_include_exclude_and_import(
    care: Terminology, composition: dict[str, Any], found: list[str]
) -> None:
    inline = {"resourceType": "ValueSet", "status": "active", "compose": composition}
    assert codes(care, inline) == found


def test_listed_concepts_of_an_unknown_system_are_given_as_they_are(care: Terminology) -> None:
    listed = {"system": SNOMED, "concept": [{"code": "22298006", "display": "Hjärtinfarkt"}]}
    found = care.expand(value_set("x", listed), ExpansionRequest())
    assert [(i.system, i.code, i.display) for i in found.contains] == [
        (SNOMED, "22298006", "Hjärtinfarkt")
    ]


@pytest.mark.parametrize(
    ("composition", "code", "text"),
    [
        ({"include": [{"system": SNOMED}]}, "not-found", SNOMED),
        ({"include": [{"system": SYSTEM, "version": "9"}]}, "not-found", "version 9"),
        ({"include": [{"valueSet": ["urn:none"]}]}, "not-found", "urn:none"),
        (
            {"include": [{"system": SYSTEM}], "exclude": [{"valueSet": ["urn:none"]}]},
            "not-found",
            "urn:none",
        ),
        (
            {"include": [{"valueSet": ["https://example.org/ValueSet/circle"]}]},
            "processing",
            "imports itself",
        ),
        ({"include": [{"system": "http://unitsofmeasure.org"}]}, "too-costly", "can't be"),
        (
            {
                "include": [
                    {"system": SYSTEM, "filter": [{"property": "x", "op": "=", "value": ""}]}
                ]
            },
            "not-supported",
            "'x ='",
        ),
    ],
)
def test_what_cannot_be_expanded_says_why(
    care: Terminology, composition: dict[str, Any], code: str, text: str
) -> None:
    with pytest.raises(TerminologyError, match=text) as refused:
        codes(care, {"resourceType": "ValueSet", "compose": composition})
    assert refused.value.code == code


def test_a_value_set_that_says_nothing_is_refused(care: Terminology) -> None:
    with pytest.raises(TerminologyError, match="neither"):
        codes(care, {"resourceType": "ValueSet"})


def test_an_expansion_stands_in_for_a_composition(care: Terminology) -> None:
    contains = [
        {"abstract": True, "display": "Group", "contains": [{"system": "urn:a", "code": "1"}]},
        {"system": "urn:a", "code": "2", "display": "Två"},
    ]
    fixed = {"resourceType": "ValueSet", "expansion": {"contains": contains}}
    assert codes(care, fixed) == ["1", "2"]
    assert codes(care, fixed, filter="tva") == ["2"]


@pytest.mark.parametrize("inline", [True, False])
@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_pages_are_stable_and_lose_nothing(care: Terminology, size: int, inline: bool) -> None:
    whole = {"system": SYSTEM} if inline else {"system": SYSTEM, "valueSet": [LEVELED]}
    wanted = value_set("x", whole)
    every = codes(care, wanted)
    pages: list[str] = []
    for offset in range(0, len(every) + size, size):
        page = care.expand(wanted, ExpansionRequest(offset=offset, count=size))
        assert page.total == len(every)
        assert page.offset == offset
        pages += [item.code for item in page.contains]
    assert pages == every


def test_no_concept_at_all_still_gives_the_number(care: Terminology) -> None:
    found = care.expand(value_set("x", {"system": SYSTEM}), ExpansionRequest(count=0))
    assert (list(found.contains), found.total) == ([], len(EVERY))


def test_too_many_concepts_are_given_in_pages_only(published: Published) -> None:
    many = published(CARE, max_expansion=5)
    whole = value_set("x", {"system": SYSTEM})
    joined = value_set("y", {"system": SYSTEM, "concept": [{"code": "x"}]}, {"system": SYSTEM})
    for wanted in (whole, joined):
        with pytest.raises(TerminologyError, match="more than 5") as refused:
            codes(many, wanted)
        assert refused.value.code == "too-costly"
    assert codes(many, whole, count=100) == EVERY[:5]
    assert codes(many, whole, filter="vard") == ["care", "ward"]


def test_a_nested_expansion_puts_each_concept_below_another(care: Terminology) -> None:
    request = ExpansionRequest(exclude_nested=False)
    found = care.expand(value_set("x", {"system": SYSTEM}), request)
    top = {item.code: [below.code for below in item.contains] for item in found.contains}
    assert top == {"care": ["inpatient", "outpatient"], "asylum": []}
    inpatient = found.contains[0].contains[0]
    assert [item.code for item in inpatient.contains] == ["ward", "icu", "day"]
    assert found.total == len(EVERY)


def test_levels_in_circles_nest_without_end_nowhere(published: Published) -> None:
    concepts = [
        {"code": "a", "property": [{"code": "parent", "valueCode": "b"}]},
        {"code": "b", "property": [{"code": "parent", "valueCode": "a"}]},
    ]
    circle = {**CARE, "url": "urn:circle", "concept": concepts}
    wanted = value_set("x", {"system": "urn:circle"})
    found = published(circle).expand(wanted, ExpansionRequest(exclude_nested=False))
    assert [(i.code, [b.code for b in i.contains]) for i in found.contains] == [("b", ["a"])]


def test_concepts_tell_what_they_are(care: Terminology) -> None:
    found = care.expand(
        value_set("x", {"system": SYSTEM}), ExpansionRequest(include_designations=True)
    )
    by_code = {item.code: item for item in found.contains}
    assert by_code["care"].abstract
    assert by_code["asylum"].inactive
    assert by_code["ward"].version == "2"
    assert [d.value for d in by_code["inpatient"].designations] == [
        "Inpatient care",
        "Care in hospital",
    ]
    assert found.used == (f"{SYSTEM}|2",)


@pytest.mark.parametrize(
    ("language", "display"),
    [(None, "Slutenvård"), ("en", "Inpatient care"), ("en-GB", "Care in hospital"), ("fi", "Slutenvård")],
)  # fmt: skip
def test_displays_come_in_the_language_that_is_asked_for(
    care: Terminology, language: str | None, display: str
) -> None:
    wanted = value_set("x", {"system": SYSTEM, "concept": [{"code": "inpatient"}]})
    found = care.expand(wanted, ExpansionRequest(display_language=language))
    assert found.contains[0].display == display


def test_a_fragment_is_expanded_with_a_warning(published: Published) -> None:
    terminology = published({**CARE, "content": "fragment"})
    found = terminology.expand(value_set("x", {"system": SYSTEM}), ExpansionRequest())
    assert len(found.contains) == len(EVERY)
    assert "only in part" in found.warnings[0]


def test_supplements_add_words_and_properties(published: Published) -> None:
    supplement = {
        "resourceType": "CodeSystem",
        "id": "finnish",
        "url": "https://example.org/CodeSystem/finnish",
        "status": "active",
        "content": "supplement",
        "supplements": SYSTEM,
        "property": [{"code": "colour", "type": "code"}],
        "concept": [
            {
                "code": "ward",
                "designation": [{"language": "fi", "value": "Osasto"}],
                "property": [{"code": "colour", "valueCode": "green"}],
            }
        ],
    }
    terminology = published(CARE, supplement)
    whole = value_set("x", {"system": SYSTEM})
    assert codes(terminology, whole, filter="osas") == ["ward"]
    assert codes(terminology, whole) == EVERY
    green = [{"property": "colour", "op": "=", "value": "green"}]
    assert codes(terminology, value_set("x", {"system": SYSTEM, "filter": green})) == ["ward"]
    found = terminology.concept(SYSTEM, "ward")
    assert found
    assert found.designations[0].value == "Osasto"
    assert (SYSTEM, "2") in terminology.systems()
    assert not any("finnish" in url for url, _ in terminology.systems())


def test_the_value_set_of_a_whole_code_system_is_implied(published: Published) -> None:
    terminology = published({**CARE, "valueSet": "https://example.org/ValueSet/all-care"})
    assert codes(terminology, "https://example.org/ValueSet/all-care") == EVERY
