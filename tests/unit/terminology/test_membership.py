"""Whether a code is in a value set or a code system, and what is said about it."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from fhir_server.profiles.code_checks import Coded
from fhir_server.terminology.connection import Connection
from fhir_server.terminology.remote import RemoteTerminology
from fhir_server.terminology.terminology import Terminology
from tests.unit.terminology.conftest import Published
from tests.unit.terminology.elsewhere import answers, elsewhere
from tests.unit.terminology.samples import CARE, EVERY, SYSTEM, every_filter
from tests.unit.terminology.test_expansion import LEVELS, SNOMED, value_set

GENDER = "http://hl7.org/fhir/ValueSet/administrative-gender"
GENDERS = "http://hl7.org/fhir/administrative-gender"


@pytest.fixture
def care(published: Published) -> Terminology:
    return published(
        CARE,
        value_set("ward", {"system": SYSTEM, "concept": [{"code": "ward"}, {"code": "day"}]}),
        value_set("levels", {"system": SYSTEM, "filter": LEVELS}),
        value_set("both", {"valueSet": ["https://example.org/ValueSet/ward|1"]}),
        value_set("circle", {"valueSet": ["https://example.org/ValueSet/circle"]}),
        value_set("active", {"system": SYSTEM}, inactive=False),
        value_set("less", {"system": SYSTEM}, exclude=[{"system": SYSTEM, "filter": LEVELS}]),
        value_set("unsure", {"system": SYSTEM}, exclude=[{"valueSet": ["urn:none"]}]),
        value_set(
            "mixed",
            {"system": SNOMED, "filter": [{"property": "concept", "op": "is-a", "value": "1"}]},
            {"system": SYSTEM, "concept": [{"code": "ward", "display": "Avdelning"}]},
        ),
    )


def holds(terminology: Terminology, name: str, code: str, system: str | None = SYSTEM) -> Any:
    return terminology.in_value_set(
        f"https://example.org/ValueSet/{name}", Coded(code, system)
    ).holds


@every_filter
def test_a_code_is_in_a_value_set_exactly_if_its_expansion_has_it(
    care: Terminology, name: str, op: str, value: str, found: list[str]
) -> None:
    filter_ = [{"property": name, "op": op, "value": value}]
    wanted = value_set("x", {"system": SYSTEM, "filter": filter_})
    inside = [c for c in EVERY if care.in_value_set_resource(wanted, Coded(c, SYSTEM)).holds]
    assert inside == found


@pytest.mark.parametrize(
    ("name", "code", "system", "expected"),
    [
        ("ward", "ward", SYSTEM, True),
        ("ward", "icu", SYSTEM, False),
        ("ward", "ward", "urn:other", False),
        ("ward", "ward", None, True),
        ("ward", "icu", None, False),
        ("levels", "day", SYSTEM, True),
        ("levels", "outpatient", SYSTEM, False),
        ("levels", "no such code", SYSTEM, False),
        ("active", "asylum", SYSTEM, False),
        ("active", "ward", SYSTEM, True),
        ("less", "ward", SYSTEM, False),
        ("less", "outpatient", SYSTEM, True),
        ("unsure", "ward", SYSTEM, None),
        ("unsure", "no such code", SYSTEM, False),
        ("mixed", "ward", SYSTEM, True),
        ("mixed", "icu", SYSTEM, False),
        ("mixed", "22298006", SNOMED, None),
        ("mixed", "22298006", None, None),
        ("mixed", "ward", None, True),
        ("circle", "ward", SYSTEM, None),
        ("no-such-set", "ward", SYSTEM, None),
    ],
)
def test_an_answer_is_yes_no_or_unknown(
    care: Terminology, name: str, code: str, system: str | None, expected: bool | None
) -> None:
    assert holds(care, name, code, system) is expected


def test_a_version_that_is_not_here_is_unknown(care: Terminology) -> None:
    assert holds(care, "both", "ward") is None
    assert care.in_value_set(f"{GENDER}|4.0.1", Coded("male")).holds
    assert care.in_value_set(f"{GENDER}|5.0.0", Coded("male")).holds is None


@pytest.mark.parametrize(
    ("coded", "words"),
    [
        (Coded("man", GENDERS), ["is not in the value set", GENDER, "$expand"]),
        (Coded("male", "urn:other"), ["takes codes from", GENDERS]),
    ],
)
def test_a_refusal_says_what_to_do(r4: Terminology, coded: Coded, words: list[str]) -> None:
    verdict = r4.in_value_set(GENDER, coded)
    assert verdict.holds is False
    assert all(word in verdict.text for word in words)
    assert coded.code not in verdict.text.replace(GENDER, "").replace("gender", "")
    assert "urn:other" not in verdict.text


def test_a_refusal_names_the_codes_of_a_short_list(care: Terminology) -> None:
    verdict = care.in_value_set("https://example.org/ValueSet/ward", Coded("icu", SYSTEM))
    assert verdict.text.endswith("Use one of: ward, day.")


@pytest.mark.parametrize(
    ("display", "wrong"),
    [
        ("Slutenvård", False),
        ("slutenvård", False),
        ("  Slutenvård ", False),
        ("inpatient  CARE", False),
        ("Öppenvård", True),
    ],
)
def test_a_display_is_compared_to_all_that_a_concept_is_called(
    care: Terminology, display: str, wrong: bool
) -> None:
    coded = Coded("inpatient", SYSTEM, display=display)
    for verdict in (
        care.in_value_set("https://example.org/ValueSet/levels", coded),
        care.in_value_set_resource(value_set("x", {"system": SYSTEM}), coded),
        care.in_code_system(coded),
    ):
        assert verdict.holds
        assert verdict.wrong_display is wrong
        assert verdict.display == "Slutenvård"
        assert display not in verdict.text
        assert ("correct it" in verdict.text) is wrong


def test_a_value_set_may_call_a_concept_otherwise(care: Terminology) -> None:
    mixed = "https://example.org/ValueSet/mixed"
    for display in ("Avdelning", "Vårdavdelning"):
        assert not care.in_value_set(mixed, Coded("ward", SYSTEM, display=display)).wrong_display
    assert care.in_value_set(mixed, Coded("ward", SYSTEM, display="Hus")).wrong_display


def test_inactive_and_abstract_codes_hold_and_are_flagged(care: Terminology) -> None:
    retired = care.in_code_system(Coded("asylum", SYSTEM))
    assert (retired.holds, retired.inactive) == (True, True)
    assert "inactive" in retired.text
    group = care.in_code_system(Coded("care", SYSTEM, display="Wrong"))
    assert (group.holds, group.abstract, group.wrong_display) == (True, True, True)


@pytest.mark.parametrize(
    ("coded", "expected"),
    [
        (Coded("ward", SYSTEM), True),
        (Coded("none", SYSTEM), False),
        (Coded("ward", SYSTEM, version="2"), True),
        (Coded("ward", SYSTEM, version="1"), True),
        (Coded("none", SYSTEM, version="1"), None),
        (Coded("22298006", SNOMED), None),
        (Coded("ward"), None),
    ],
)
def test_a_code_is_in_its_system_or_nobody_knows(
    care: Terminology, coded: Coded, expected: bool | None
) -> None:
    assert care.in_code_system(coded).holds is expected


def test_a_part_of_a_system_knows_what_it_has_and_not_what_it_lacks(published: Published) -> None:
    terminology = published({**CARE, "content": "fragment"}, value_set("x", {"system": SYSTEM}))
    assert holds(terminology, "x", "ward") is True
    assert holds(terminology, "x", "other") is None
    assert terminology.in_code_system(Coded("other", SYSTEM)).holds is None


@pytest.mark.parametrize(
    ("above", "below", "expected"),
    [
        ("care", "day", True),
        ("day", "care", False),
        ("ward", "ward", True),
        ("ward", "icu", False),
        ("none", "ward", None),
    ],
)
def test_a_code_subsumes_what_is_below_it(
    care: Terminology, above: str, below: str, expected: bool | None
) -> None:
    assert care.subsumes(SYSTEM, above, below) is expected
    assert care.subsumes(SNOMED, above, below) is None


def test_another_server_is_asked_only_about_what_is_unknown_here(published: Published) -> None:
    with elsewhere() as server:
        server.behaviour = answers(
            {"name": "result", "valueBoolean": True}, systems=("http://snomed.info/sct",)
        )
        remote = RemoteTerminology(Connection(server.base, 2.0, ""))
        terminology = published(CARE, value_set("x", {"system": SNOMED}), external=remote)
        set_ = "https://example.org/ValueSet/x"
        assert terminology.in_value_set(set_, Coded("ward", SYSTEM)).holds is False
        assert terminology.in_code_system(Coded("ward", SYSTEM)).holds is True
        assert terminology.subsumes(SYSTEM, "care", "ward") is True
        assert terminology.concept(SYSTEM, "none") is None
        assert not server.asked
        assert terminology.in_value_set(set_, Coded("22298006", SNOMED)).holds is True
        assert terminology.in_code_system(Coded("22298006", SNOMED)).holds is True
        assert server.asked


def test_other_definitions_give_other_answers(published: Published) -> None:
    before = published(CARE)
    set_ = "https://example.org/ValueSet/new"
    assert before.in_value_set(set_, Coded("ward", SYSTEM)).holds is None
    after = published(CARE, value_set("new", {"system": SYSTEM}))
    assert after.in_value_set(set_, Coded("ward", SYSTEM)).holds is True


def test_many_threads_get_the_same_answers(published: Published) -> None:
    terminology = published(CARE, value_set("x", {"system": SYSTEM, "filter": LEVELS}))
    answers: list[list[bool | None]] = []

    def ask() -> None:
        answers.append([holds(terminology, "x", code) for code in EVERY])

    threads = [threading.Thread(target=ask) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [[False, True, True, True, False, True, False]] * 16
