"""Slices: how they are told apart, counted and ordered, and what holds inside them."""

from __future__ import annotations

import pytest

from tests.unit.profiles.conftest import CANONICAL
from tests.unit.profiles.plans.conftest import CORE, DEFINITION, SYSTEM, concept, profile

HSA, OTHER = {"system": "urn:hsa", "value": "1"}, {"system": "urn:x"}
MEMBER = {"display": "N"}


def slicing(kind, path, *more, **rules):
    discriminators = [{"type": kind, "path": path}, *more]
    return {"slicing": {"discriminator": discriminators, "rules": "open", **rules}}


def sliced(**rules):
    return profile(
        "PractitionerRole",
        {"id": "PractitionerRole.identifier", **slicing("value", "system", **rules)},
        {"id": "PractitionerRole.identifier:hsa", "min": 1, "max": "1"},
        {"id": "PractitionerRole.identifier:hsa.system", "min": 1, "patternUri": "urn:hsa"},
        {"id": "PractitionerRole.identifier:hsa.value", "min": 1, "max": "1"},
        {"id": "PractitionerRole.identifier:no"},
        {"id": "PractitionerRole.identifier:no.system", "min": 1, "fixedUri": "urn:no"},
    )


def role(*identifiers):
    given = {"identifier": list(identifiers)} if identifiers else {}
    return {"resourceType": "PractitionerRole", **given}


def team(*participants, **more):
    return {"resourceType": "CareTeam", "participant": list(participants), **more}


AT = "PractitionerRole.identifier"


def test_slices_told_apart_by_a_value(check):
    assert check(role(OTHER, HSA), sliced()) == []
    assert check(role(OTHER), sliced()) == [("slice-min", AT)]
    assert check(role(), sliced()) == [("slice-min", AT)]
    assert check(role(HSA, HSA), sliced()) == [("slice-max", AT)]


def test_a_missing_slice_is_named(issues):
    [issue] = issues(role(OTHER), sliced())
    assert issue.text.startswith("identifier must have the part 'hsa' at least once.")


def test_rules_inside_a_slice_hold_for_its_items_only(check):
    assert check(role(OTHER, {"system": "urn:hsa"}), sliced()) == [("min", f"{AT}[1].value")]


def test_a_closed_slicing_refuses_other_items(check):
    assert check(role(HSA, OTHER), sliced()) == []
    assert check(role(HSA, OTHER), sliced(rules="closed")) == [("closed", f"{AT}[1]")]


def test_other_items_come_last_where_a_slicing_is_open_at_the_end(check):
    assert check(role(HSA, OTHER), sliced(rules="openAtEnd")) == []
    assert check(role(OTHER, HSA), sliced(rules="openAtEnd")) == [("order", f"{AT}[0]")]


def test_items_of_an_ordered_slicing_come_in_the_order_of_the_slices(check):
    no = {"system": "urn:no"}
    assert check(role(HSA, no, no), sliced(ordered=True)) == []
    assert check(role(no, HSA), sliced(ordered=False)) == []
    assert check(role(no, HSA, no), sliced(ordered=True)) == [("order", f"{AT}[1]")]


def test_a_slice_that_is_prohibited(check, issues):
    prohibited = profile(
        "PractitionerRole",
        {"id": AT, **slicing("value", "system")},
        {"id": f"{AT}:hsa", "max": "0"},
        {"id": f"{AT}:hsa.system", "fixedUri": "urn:hsa"},
    )
    assert check(role(OTHER), prohibited) == []
    [issue] = issues(role(HSA), prohibited)
    assert (issue.rule, issue.expression) == ("slice-max", AT)
    assert issue.text.startswith("identifier may not have the part 'hsa'.")


def test_what_is_in_no_slice_is_checked_by_the_default_slice(check):
    default = profile(
        "PractitionerRole",
        {"id": AT, **slicing("value", "system", rules="closed")},
        {"id": f"{AT}:hsa"},
        {"id": f"{AT}:hsa.system", "fixedUri": "urn:hsa"},
        {"id": f"{AT}:@default"},
        {"id": f"{AT}:@default.value", "min": 1, "max": "1"},
    )
    assert check(role({"system": "urn:hsa"}, {"value": "1"}), default) == []
    assert check(role({"system": "urn:hsa"}, OTHER), default) == [("min", f"{AT}[1].value")]


def test_slices_told_apart_by_a_pattern_of_the_item_itself(check):
    pattern = profile(
        "CareTeam",
        {"id": "CareTeam.category", **slicing("pattern", "$this")},
        {"id": "CareTeam.category:kind", "min": 1, "patternCodeableConcept": concept("a")},
    )
    assert check(team(category=[{"text": "x"}, concept("b", "a")]), pattern) == []
    assert check(team(category=[{"text": "x"}]), pattern) == [("slice-min", "CareTeam.category")]


def test_slices_told_apart_by_what_is_fixed_inside_the_item(check):
    inside = profile(
        "CareTeam",
        {"id": "CareTeam.category", **slicing("value", "$this")},
        {"id": "CareTeam.category:kind", "min": 1},
        {"id": "CareTeam.category:kind.coding.system", "fixedUri": SYSTEM},
        {"id": "CareTeam.category:kind.coding.code", "fixedCode": "a"},
    )
    assert check(team(category=[concept("a")]), inside) == []
    assert check(team(category=[concept("b")]), inside) == [("slice-min", "CareTeam.category")]


def nurses(*path_elements, kind="value", path="role.coding.code"):
    return profile(
        "CareTeam",
        {"id": "CareTeam.participant", **slicing(kind, path)},
        {"id": "CareTeam.participant:nurse", "max": "1"},
        *path_elements,
        {"id": "CareTeam.participant:nurse.member", "min": 1, "max": "1"},
    )


CODE = "CareTeam.participant:nurse.role.coding"


@pytest.mark.parametrize(
    "fixed",
    [
        [{"id": f"{CODE}.code", "fixedCode": "nurse"}],
        [{"id": "CareTeam.participant:nurse.role", "patternCodeableConcept": concept("nurse")}],
        [
            {"id": CODE, **slicing("value", "system")},
            {"id": f"{CODE}:s.system", "patternUri": SYSTEM},
            {"id": f"{CODE}:s.code", "patternCode": "nurse"},
        ],
    ],
)
def test_slices_told_apart_by_a_path_through_arrays(check, fixed):
    nurse = {"role": [concept("nurse")], "member": MEMBER}
    assert check(team(nurse, {"role": [concept("x")]}), nurses(*fixed)) == []
    assert check(team(nurse, nurse), nurses(*fixed)) == [("slice-max", "CareTeam.participant")]
    assert check(team({"role": [concept("nurse")]}), nurses(*fixed)) == [
        ("min", "CareTeam.participant[0].member")
    ]


def test_slices_told_apart_by_a_required_value_set(check):
    codes = f"{CANONICAL}/ValueSet/nurses"
    include = [{"system": SYSTEM, "concept": [{"code": "nurse"}]}]
    value_set = {"resourceType": "ValueSet", "url": codes, "compose": {"include": include}}
    binding = {"strength": "required", "valueSet": codes}
    bound = nurses({"id": "CareTeam.participant:nurse.role", "binding": binding}, path="role")
    assert check(team({"role": [concept("x")]}), bound, value_set) == []
    assert check(team({"role": [concept("nurse")]}), bound, value_set) == [
        ("min", "CareTeam.participant[0].member")
    ]


def test_codings_told_apart_by_the_systems_of_the_value_sets_they_are_bound_to(check):
    codes = f"{CANONICAL}/ValueSet/nurses"
    include = [{"system": SYSTEM, "concept": [{"code": "nurse"}]}]
    value_set = {"resourceType": "ValueSet", "url": codes, "compose": {"include": include}}
    binding = {"strength": "required", "valueSet": codes}
    bound = profile(
        "CareTeam",
        {"id": "CareTeam.category"},
        {"id": "CareTeam.category.coding", **slicing("value", "system")},
        {"id": "CareTeam.category.coding:national", "max": "1", "binding": binding},
    )
    own, other = concept("nurse"), concept("x", system="urn:own")
    assert check(team(category=[own, other]), bound, value_set) == []
    assert check(team(category=[concept("x")]), bound, value_set) == [
        ("binding", "CareTeam.category[0].coding[0].code")
    ]
    assert check(team(category=[concept("nurse", "nurse")]), bound, value_set) == [
        ("slice-max", "CareTeam.category[0].coding")
    ]


def test_slices_told_apart_by_existence(check):
    existence = profile(
        "CareTeam",
        {"id": "CareTeam.participant", **slicing("exists", "member")},
        {"id": "CareTeam.participant:named", "min": 1},
        {"id": "CareTeam.participant:named.member", "min": 1, "max": "1"},
        {"id": "CareTeam.participant:other"},
        {"id": "CareTeam.participant:other.member", "max": "0"},
        {"id": "CareTeam.participant:other.role", "min": 1},
    )
    assert check(team({"member": MEMBER}, {"role": [concept("x")]}), existence) == []
    assert check(team({"role": [concept("x")]}), existence) == [
        ("slice-min", "CareTeam.participant")
    ]
    assert check(team({"member": MEMBER}, {"id": "p"}), existence) == [
        ("min", "CareTeam.participant[1].role")
    ]


def test_slices_of_a_choice_inside_told_apart_by_type(check):
    by_type = profile(
        "Observation",
        {"id": "Observation.component", **slicing("type", "value")},
        {"id": "Observation.component:text", "max": "1"},
        {"id": "Observation.component:text.value[x]", "type": [{"code": "string"}]},
        {"id": "Observation.component:text.interpretation", "min": 1},
    )
    text = {"valueString": "x", "interpretation": [{"text": "x"}]}
    right = {"resourceType": "Observation", "component": [text, {"valueInteger": 1}]}
    assert check(right, by_type) == []
    wrong = {
        "resourceType": "Observation",
        "component": [{"valueInteger": 1}, {"valueString": "x"}],
    }
    assert check(wrong, by_type) == [("min", "Observation.component[1].interpretation")]


def test_entries_told_apart_by_the_type_of_their_resource(check):
    by_type = profile(
        "Bundle",
        {"id": "Bundle.entry", **slicing("type", "resource", rules="closed")},
        {"id": "Bundle.entry:patient", "min": 1, "max": "1"},
        {
            "id": "Bundle.entry:patient.resource",
            "min": 1,
            "max": "1",
            "type": [{"code": "Patient"}],
        },
        {"id": "Bundle.entry:patient.resource.birthDate", "min": 1, "max": "1"},
    )
    patient = {"resource": {"resourceType": "Patient", "birthDate": "2000"}}
    assert check({"resourceType": "Bundle", "entry": [patient]}, by_type) == []
    entries = [{"resource": {"resourceType": "Patient"}}, {"resource": {"resourceType": "Group"}}]
    assert check({"resourceType": "Bundle", "entry": entries}, by_type) == [
        ("min", "Bundle.entry[0].resource.birthDate"),
        ("closed", "Bundle.entry[1]"),
    ]


ROLE = profile("PractitionerRole", {"id": "PractitionerRole.code", "min": 1}, name="role")
NURSE_MEMBER = {
    "id": "CareTeam.participant:nurse.member",
    "min": 1,
    "max": "1",
    "type": [{"code": "Reference", "targetProfile": [ROLE["url"]]}],
}


def test_slices_told_apart_by_the_type_that_a_reference_leads_to(check):
    by_type = profile(
        "CareTeam",
        {"id": "CareTeam.participant", **slicing("type", "member.resolve()")},
        {"id": "CareTeam.participant:nurse", "min": 1},
        NURSE_MEMBER,
    )
    assert check(team({"member": {"reference": "PractitionerRole/1"}}), by_type, ROLE) == []
    assert (
        check(team({"member": {"type": "PractitionerRole", "identifier": {}}}), by_type, ROLE) == []
    )
    assert check(team({"member": {"reference": "Patient/1"}}), by_type, ROLE) == [
        ("slice-min", "CareTeam.participant")
    ]


def test_slices_told_apart_by_the_profile_of_the_resource_that_a_reference_leads_to(check):
    by_profile = profile(
        "CareTeam",
        {"id": "CareTeam.participant", **slicing("profile", "member.resolve()")},
        {"id": "CareTeam.participant:nurse", "min": 1},
        NURSE_MEMBER,
    )
    contained = {"resourceType": "PractitionerRole", "id": "r", "code": [concept("x")]}
    to_it = {"member": {"reference": "#r"}}
    assert check(team(to_it, contained=[contained]), by_profile, ROLE) == []
    del contained["code"]
    assert check(team(to_it, contained=[contained]), by_profile, ROLE) == [
        ("slice-min", "CareTeam.participant")
    ]
    # Nobody here can read it: it is in no slice.
    assert check(team({"member": {"reference": "PractitionerRole/1"}}), by_profile, ROLE) == [
        ("slice-min", "CareTeam.participant")
    ]


def test_slices_told_apart_by_a_value_of_the_resource_that_a_reference_leads_to(check):
    fixed = {"id": "PractitionerRole.code", "patternCodeableConcept": concept("nurse")}
    nurse = profile("PractitionerRole", fixed, name="role")
    by_value = profile(
        "CareTeam",
        {"id": "CareTeam.participant", **slicing("value", "member.resolve().code")},
        {"id": "CareTeam.participant:nurse", "min": 1},
        NURSE_MEMBER,
    )
    contained = {"resourceType": "PractitionerRole", "id": "r", "code": [concept("nurse")]}
    to_it = {"member": {"reference": "#r"}}
    assert check(team(to_it, contained=[contained]), by_value, nurse) == []
    contained["code"] = [concept("x")]
    assert check(team(to_it, contained=[contained]), by_value, nurse) == [
        ("slice-min", "CareTeam.participant")
    ]


def test_slices_told_apart_by_the_profile_of_the_item(check):
    name = profile("HumanName", {"id": "HumanName.family", "min": 1, "max": "1"}, name="full")
    by_profile = profile(
        "Patient",
        {"id": "Patient.name", **slicing("profile", "$this")},
        {
            "id": "Patient.name:full",
            "min": 1,
            "type": [{"code": "HumanName", "profile": [name["url"]]}],
        },
    )
    names = [{"text": "x"}, {"family": "x"}]
    assert check({"resourceType": "Patient", "name": names}, by_profile, name) == []
    assert check({"resourceType": "Patient", "name": names[:1]}, by_profile, name) == [
        ("slice-min", "Patient.name")
    ]


def test_slices_told_apart_by_the_value_of_an_extension_and_by_a_type(check):
    level = f"{DEFINITION}/level"
    by_extension = profile(
        "PractitionerRole",
        {"id": AT, **slicing("value", f"extension('{level}').value.ofType(Coding).code")},
        {"id": f"{AT}:high", "min": 1},
        {"id": f"{AT}:high.extension"},
        {"id": f"{AT}:high.extension:level", "type": [{"code": "Extension", "profile": [level]}]},
        {"id": f"{AT}:high.extension:level.value[x]", "type": [{"code": "Coding"}]},
        {"id": f"{AT}:high.extension:level.value[x].code", "fixedCode": "high"},
    )
    high = {"extension": [{"url": level, "valueCoding": {"code": "high"}}]}
    assert check(role(high), by_extension) == []
    for other in ({"valueCoding": {"code": "low"}}, {"valueCode": "high"}):
        item = {"extension": [{"url": level, **other}]}
        assert ("slice-min", AT) in check(role(item), by_extension)


def test_several_discriminators_must_all_agree(check):
    both = profile(
        "PractitionerRole",
        {"id": AT, **slicing("value", "system", {"type": "value", "path": "use"})},
        {"id": f"{AT}:official", "min": 1},
        {"id": f"{AT}:official.system", "fixedUri": "urn:hsa"},
        {"id": f"{AT}:official.use", "fixedCode": "official"},
    )
    assert check(role({**HSA, "use": "official"}), both) == []
    assert check(role({**HSA, "use": "old"}, {"use": "official"}), both) == [("slice-min", AT)]


def test_a_slice_that_is_sliced_again(check):
    again = profile(
        "PractitionerRole",
        {"id": AT, **slicing("value", "system")},
        {"id": f"{AT}:hsa", **slicing("value", "use", rules="closed")},
        {"id": f"{AT}:hsa.system", "fixedUri": "urn:hsa"},
        {"id": f"{AT}:hsa/official", "min": 1, "max": "1"},
        {"id": f"{AT}:hsa/official.use", "fixedCode": "official"},
        {"id": f"{AT}:hsa/official.value", "min": 1, "max": "1"},
    )
    official = {**HSA, "use": "official"}
    assert check(role(OTHER, official), again) == []
    assert check(role(OTHER), again) == []
    assert check(role({**HSA, "use": "old"}), again) == [
        ("slice-min", AT),
        ("closed", f"{AT}[0]"),
    ]
    assert check(role(OTHER, {"system": "urn:hsa", "use": "official"}), again) == [
        ("min", f"{AT}[1].value")
    ]


def test_slices_inside_slices(check):
    nested = profile(
        "CareTeam",
        {"id": "CareTeam.participant", **slicing("exists", "member")},
        {"id": "CareTeam.participant:named"},
        {"id": "CareTeam.participant:named.member", "min": 1, "max": "1"},
        {"id": "CareTeam.participant:named.role", **slicing("pattern", "$this")},
        {
            "id": "CareTeam.participant:named.role:a",
            "min": 1,
            "patternCodeableConcept": concept("a"),
        },
    )
    assert check(team({"member": MEMBER, "role": [concept("a")]}), nested) == []
    assert check(team({"role": [concept("b")]}), nested) == []
    assert check(team({"member": MEMBER, "role": [concept("b")]}), nested) == [
        ("slice-min", "CareTeam.participant[0].role")
    ]


@pytest.mark.parametrize(
    ("kind", "path", "said"),
    [
        ("value", "role.where(text = 'x')", "is not one that a discriminator may have"),
        ("value", "nurse", "'nurse' is not an element of"),
        ("value", "onBehalfOf", "nothing is fixed at 'onBehalfOf'"),
        ("exists", "onBehalfOf", "neither required nor prohibited"),
        ("profile", "member.resolve()", "no profile is named"),
        ("position", "$this", "no discriminator of type 'position'"),
    ],
)
def test_a_discriminator_that_tells_nothing_is_a_problem_and_a_warning(
    problems, issues, kind, path, said
):
    strange = profile(
        "CareTeam",
        {"id": "CareTeam.participant", **slicing(kind, path, rules="closed")},
        {"id": "CareTeam.participant:nurse", "min": 1},
        {"id": "CareTeam.participant:nurse.member", "min": 1},
    )
    [problem] = problems(strange)
    assert (problem.severity, problem.expression) == (
        "error",
        "StructureDefinition.snapshot.element[2]",
    )
    assert said in problem.text
    [issue] = issues(team({"role": [concept("x")]}, {"role": [concept("y")]}), strange)
    assert (issue.severity, issue.rule, issue.expression) == (
        "warning",
        "slicing",
        "CareTeam.participant",
    )
    assert said in issue.text


def test_a_profile_that_is_not_known_tells_no_slice(problems):
    by_profile = profile(
        "Patient",
        {"id": "Patient.name", **slicing("profile", "$this")},
        {"id": "Patient.name:x", "type": [{"code": "HumanName", "profile": ["urn:gone"]}]},
    )
    assert any("urn:gone, which would tell the slice" in each.text for each in problems(by_profile))


def test_r4s_own_type_is_a_profile_that_everything_conforms_to(check):
    by_profile = profile(
        "Bundle",
        {"id": "Bundle.entry", **slicing("profile", "resource")},
        {"id": "Bundle.entry:patient", "min": 1},
        {
            "id": "Bundle.entry:patient.resource",
            "max": "1",
            "type": [{"code": "Patient", "profile": [f"{CORE}/Patient"]}],
        },
    )
    patient = {"resource": {"resourceType": "Patient"}}
    assert check({"resourceType": "Bundle", "entry": [patient]}, by_profile) == []
    group = {"resource": {"resourceType": "Group"}}
    assert check({"resourceType": "Bundle", "entry": [group]}, by_profile) == [
        ("slice-min", "Bundle.entry")
    ]
