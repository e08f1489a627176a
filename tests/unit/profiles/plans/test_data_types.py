"""Profiles on data types and extensions."""

from __future__ import annotations

from tests.unit.profiles.plans.conftest import DEFINITION, profile, rule

REVIEW = profile(
    "Extension",
    {"id": "Extension.extension", "max": "0"},
    {"id": "Extension.url", "min": 1, "max": "1", "fixedUri": f"{DEFINITION}/review"},
    {"id": "Extension.value[x]", "min": 1, "max": "1", "type": [{"code": "date"}]},
    name="review",
)
GIVEN = profile(
    "Extension",
    {"id": "Extension.extension", "min": 1},
    {"id": "Extension.extension:at", "min": 1, "max": "1"},
    {"id": "Extension.extension:at.url", "min": 1, "max": "1", "fixedUri": "at"},
    {
        "id": "Extension.extension:at.value[x]",
        "min": 1,
        "max": "1",
        "type": [{"code": "dateTime"}],
    },
    {"id": "Extension.url", "min": 1, "max": "1", "fixedUri": f"{DEFINITION}/given"},
    {"id": "Extension.value[x]", "max": "0", "type": [{"code": "string"}, {"code": "date"}]},
    name="given",
)
REVIEWED = {"url": REVIEW["url"], "valueDate": "2026-05-01"}


def family(**more):
    return profile("HumanName", {"id": "HumanName.family", "min": 1, "max": "1"}, **more)


def patient(*profiles):
    type_ = {"code": "HumanName", "profile": [each["url"] for each in profiles]}
    return profile("Patient", {"id": "Patient.name", "type": [type_]})


def named(*names):
    return {"resourceType": "Patient", "name": list(names)}


def test_the_profile_of_a_data_type_holds_where_it_is_asked_for(issues):
    name = family(name="name")
    assert issues(named({"family": "x"}), patient(name), name) == []
    [issue] = issues(named({"text": "x"}), patient(name), name)
    assert (issue.rule, issue.expression) == ("min", "Patient.name[0].family")
    assert issue.profile == name["url"]


def test_one_of_several_profiles_of_a_data_type_is_enough(check):
    text = profile("HumanName", {"id": "HumanName.text", "min": 1, "max": "1"}, name="text")
    name = family(name="name")
    assert check(named({"family": "x"}, {"text": "x"}), patient(name, text), name, text) == []
    assert check(named({"use": "old"}), patient(name, text), name, text) == [
        ("type", "Patient.name[0]")
    ]


def test_a_profile_of_a_data_type_that_is_not_known_is_a_warning(issues, problems):
    gone = {**family(name="name"), "url": "urn:gone"}
    [issue] = issues(named({"text": "x"}, {"text": "y"}), patient(gone))
    assert (issue.severity, issue.code, issue.rule) == ("warning", "not-supported", "type")
    assert "urn:gone" in issue.text
    [problem] = problems(patient(gone))
    assert problem.severity == "warning"


def test_a_data_type_may_be_checked_by_itself(check):
    assert check({"text": "x"}, family()) == [("min", "HumanName.family")]


def test_a_primitive_may_be_checked_by_itself(checks):
    short = profile(
        "string",
        {"id": "string.extension", "max": "0"},
        {"id": "string.value", "max": "1", "maxLength": 3},
        constraint=[rule("s", "$this != 'abc'")],
    )
    check = checks(short).check(short)

    def found(value, extension=None):
        from fhir_server.profiles.scope import Scope

        scope = Scope({}, {})
        return [(i.rule, i.expression) for i in check.issues(value, "X.y", scope, extension)]

    assert found("ab") == []
    assert found("abcd") == [("max-length", "X.y")]
    assert found("abc") == [("s", "X.y")]
    assert found("ab", {"extension": [REVIEWED]}) == [("max", "X.y.extension")]


def test_profiles_of_a_type_inside_itself_end(check):
    recursive = profile(
        "Extension",
        {
            "id": "Extension.extension",
            "type": [{"code": "Extension", "profile": ["urn:self"]}],
        },
        {"id": "Extension.url", "fixedUri": "urn:other"},
        {"id": "Extension.id", "min": 1, "max": "1"},
    )
    recursive["url"] = "urn:self"
    nested = {"url": "urn:other", "id": "1", "extension": [{"url": "urn:other"}]}
    assert check(nested, recursive) == [("min", "Extension.extension[0].id")]


def test_an_extension_has_the_value_that_its_definition_says(check, issues):
    assert check(REVIEWED, REVIEW) == []
    [issue] = issues({"url": REVIEW["url"], "valueString": "2026-05-01"}, REVIEW)
    assert (issue.rule, issue.expression, issue.code) == ("type", "Extension.value", "extension")
    assert check({"url": REVIEW["url"]}, REVIEW) == [("min", "Extension.value")]
    assert check({**REVIEWED, "url": "urn:x"}, REVIEW) == [("fixed", "Extension.url")]


def test_a_complex_extension_has_the_parts_that_its_definition_says(check):
    at = {"url": "at", "valueDateTime": "2026-05-01"}
    assert check({"url": GIVEN["url"], "extension": [at]}, GIVEN) == []
    by = {"url": "by", "valueString": "x"}
    assert check({"url": GIVEN["url"], "extension": [by]}, GIVEN) == [
        ("slice-min", "Extension.extension")
    ]
    wrong = {"url": "at", "valueDate": "2026-05-01"}
    assert check({"url": GIVEN["url"], "extension": [wrong]}, GIVEN) == [
        ("type", "Extension.extension[0].value")
    ]
    assert ("max", "Extension.value") in check(
        {"url": GIVEN["url"], "valueDate": "2026-05-01"}, GIVEN
    )


def test_the_number_of_an_extension_is_limited_by_the_profile(check):
    team = profile(
        "CareTeam",
        {"id": "CareTeam.extension"},
        {
            "id": "CareTeam.extension:review",
            "min": 1,
            "max": "1",
            "type": [{"code": "Extension", "profile": [REVIEW["url"]]}],
        },
    )

    def extended(*extensions):
        return {"resourceType": "CareTeam", "extension": list(extensions)}

    other = {"url": "urn:x", "valueCode": "c"}
    assert check(extended(other, REVIEWED), team, REVIEW) == []
    assert check(extended(REVIEWED, REVIEWED), team, REVIEW) == [
        ("slice-max", "CareTeam.extension")
    ]
    assert check({"resourceType": "CareTeam"}, team, REVIEW) == [
        ("slice-min", "CareTeam.extension")
    ]
    # It is told by its url also where its definition is not known.
    assert check(extended(REVIEWED, REVIEWED), team) == [("slice-max", "CareTeam.extension")]


def test_the_extensions_of_a_primitive_are_limited_by_the_profile(check):
    team = profile(
        "CareTeam",
        {"id": "CareTeam.name", "max": "1"},
        {"id": "CareTeam.name.extension"},
        {
            "id": "CareTeam.name.extension:review",
            "min": 1,
            "max": "1",
            "type": [{"code": "Extension", "profile": [REVIEW["url"]]}],
        },
    )

    def of_name(*extensions):
        return {"resourceType": "CareTeam", "name": "x", "_name": {"extension": list(extensions)}}

    assert check(of_name(REVIEWED), team, REVIEW) == []
    assert check(of_name(REVIEWED, REVIEWED), team, REVIEW) == [
        ("slice-max", "CareTeam.name.extension")
    ]
    assert check({"resourceType": "CareTeam", "name": "x"}, team, REVIEW) == [
        ("slice-min", "CareTeam.name.extension")
    ]
