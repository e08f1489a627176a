"""Which writes the law looks at, on which keys they take turns, and how little is read."""

from typing import Any

import pytest

from fhir_server.sweden import codes, write_rules

MARIA = "Patient/maria"


def test_named_contacts_and_plans_are_looked_at(world: Any) -> None:
    assert write_rules.applies(world.contact("PractitionerRole/eva"))
    assert write_rules.applies(world.sip())


@pytest.mark.parametrize(
    "resource",
    [
        {"resourceType": "Patient"},
        {"resourceType": "CareTeam"},
        {"resourceType": "CareTeam", "category": [{"coding": [{"code": "fast-kontakt"}]}]},
        {
            "resourceType": "CareTeam",
            "category": [{"coding": [{"system": codes.CARE_TEAM_CATEGORY, "code": codes.TEAM}]}],
        },
        {
            "resourceType": "CarePlan",
            "category": [{"coding": [{"system": codes.CARE_PLAN_CATEGORY, "code": "VP"}]}],
        },
        {
            "resourceType": "CarePlan",
            "category": [
                {"coding": [{"system": codes.CARE_TEAM_CATEGORY, "code": codes.FAST_KONTAKT}]}
            ],
        },
        {
            "resourceType": "CareTeam",
            "category": [{"coding": [{"system": codes.CARE_PLAN_CATEGORY, "code": codes.SIP}]}],
        },
        {
            "resourceType": "CareTeam",
            "category": [
                {
                    "coding": [
                        {"system": codes.CONSENT_CATEGORY_SYSTEM, "code": codes.CONSENT_TO_SIP}
                    ]
                }
            ],
            "patient": {"reference": MARIA},
        },
        {"resourceType": "CareTeam", "category": "fast-kontakt"},
        {"resourceType": ["CareTeam"], "category": [7, {"coding": [None]}]},
        {},
    ],
)
def test_everything_else_passes_untouched(world: Any, resource: dict[str, Any]) -> None:
    assert not write_rules.applies(resource)
    assert write_rules.lock_keys(resource) == []
    assert write_rules.check(resource, world, world.now) == []
    assert world.reads == []


def test_writers_about_one_person_share_a_key(world: Any) -> None:
    """R32, R36: two coordinators written at once must see each other."""
    first, second = world.contact("PractitionerRole/eva"), world.contact("#x", "4")
    assert write_rules.lock_keys(first) == write_rules.lock_keys(second)
    assert write_rules.lock_keys(first) == ["named-contacts/Patient/maria"]
    other = world.contact("#x", subject={"reference": "Patient/maria/_history/2"})
    assert write_rules.lock_keys(other) == ["named-contacts/Patient/maria"]


def test_a_plan_and_a_withdrawal_of_consent_share_a_key(world: Any) -> None:
    """R78."""
    assert write_rules.lock_keys(world.sip()) == ["sip/Patient/maria"]
    assert write_rules.lock_keys(world.consent(status="inactive")) == ["sip/Patient/maria"]


def test_a_patient_known_by_number_only_still_has_a_key(world: Any) -> None:
    number = {"identifier": {"system": codes.PERSONNUMMER, "value": "196101182803"}}
    keys = write_rules.lock_keys(world.contact("#x", subject=number))
    assert keys == [f"named-contacts/{codes.PERSONNUMMER}|196101182803"]
    assert write_rules.lock_keys(world.contact("#x", subject={})) == []


def test_nothing_is_read_twice(world: Any, cases: Any) -> None:
    for name in ("ola", "sara", "eva"):
        member = world.person(name, cases.licence("SJ"))
        world.put(world.contact(member, id=name, telecom=[{"value": "063-1"}]))
    world.reads.clear()
    world.check(world.contact(world.person("nils")))
    assert len(world.reads) == len(set(world.reads))


def test_a_plan_with_units_above_units_reads_each_once(world: Any, cases: Any) -> None:
    world.unit("a", partOf={"reference": "Organization/b"})
    world.unit("b", partOf={"reference": "Organization/a"})
    world.consent()
    extension = [cases.responsible("kommun", "Organization/a"), cases.follow_up()]
    world.check(world.sip("Consent/ja", extension=extension))
    once = ["Consent/ja", "Organization/a", "Organization/b", "Patient/maria"]
    assert sorted(world.reads) == once


@pytest.mark.parametrize(
    "shape",
    [
        {"participant": {"role": 1}},
        {"participant": [1, "x", None]},
        {"participant": [{"role": [1], "member": "Eva", "extension": [{"url": codes.DEPUTY}]}]},
        {"subject": "Patient/maria"},
        {"subject": {"reference": 7}},
        {"period": "2026"},
        {"period": {"start": 2026, "end": []}},
        {"status": ["active"]},
        {"extension": {"url": codes.END_REASON}},
        {"managingOrganization": "region"},
        {"telecom": [{"value": 63}]},
        {"reasonReference": [None]},
        {"contained": [{"id": "x"}]},
        {"id": 7},
    ],
)
def test_odd_shapes_are_answered_and_never_crash(world: Any, shape: Any) -> None:
    """The validator refuses them; the rules must not fall over first."""
    world.check(world.contact("#x") | shape)
    world.check(world.sip("Consent/x") | shape)
    world.put(world.contact(world.person("ola"), id="odd") | {"period": None, "participant": 1})
    world.check(world.contact(world.person("eva")))


def test_other_contacts_are_asked_for_by_patient_and_category(world: Any) -> None:
    """What the storage side must be able to search by; refusals have no status of their own."""
    world.check(world.contact(world.person("eva")))
    world.check(world.sip())
    assert world.searches == [
        (
            "CareTeam",
            {"patient": MARIA, "category": f"{codes.CARE_TEAM_CATEGORY}|fast-kontakt"},
        ),
        ("Condition", {"patient": MARIA}),
        (
            "Consent",
            {"patient": MARIA, "category": f"{codes.CONSENT_CATEGORY_SYSTEM}|sip"},
        ),
        (
            "CarePlan",
            {"patient": MARIA, "category": f"{codes.CARE_PLAN_CATEGORY}|SIP", "status": "active"},
        ),
    ]


def test_nothing_is_searched_where_no_rule_looks(world: Any) -> None:
    """No patient to search by, or a status that no rule on others concerns."""
    unknown = {"subject": {"reference": "Group/1"}}
    for more in (unknown, {"status": "inactive"}, {"status": "suspended"}):
        world.check(world.contact(world.person("eva"), **more))
    for more in (unknown, {"status": "completed"}, {"status": "on-hold"}):
        world.check(world.sip(**more))
    assert world.searches == []


@pytest.mark.parametrize(("kind", "licence"), [("1", "LK"), ("2", "SJ"), ("3", "SJ")])
def test_conditions_are_read_only_where_life_threatening_ones_matter(
    world: Any, cases: Any, kind: str, licence: str
) -> None:
    """R15, and no more of the journal than the rule needs."""
    world.check(world.contact(world.person("eva", cases.licence(licence)), kind))
    assert [resource_type for resource_type, _ in world.searches] == ["CareTeam"]


@pytest.mark.parametrize(
    ("before", "after", "searched"),
    [
        ({}, {"availabilityExceptions": "x"}, False),
        ({}, {"active": False}, True),
        ({"active": False}, {"active": False}, False),
        ({"active": False}, {"active": True}, False),
        ({}, {"period": {"end": "2026-04-01"}}, True),
        ({"period": {"end": "2026-04-01"}}, {"period": {"end": "2026-04-01"}}, False),
        ({"period": {"end": "2026-04-01"}}, {"period": {"end": "2026-05-01"}}, False),
        ({"period": {"end": "2026-04-01"}}, {"period": {"end": "2026-03-01"}}, True),
        ({"period": {"end": "2026-04-01"}}, {"active": False}, True),
    ],
)
def test_patients_are_looked_for_only_where_a_role_ends_anew(
    world: Any, before: dict[str, Any], after: dict[str, Any], searched: bool
) -> None:
    """R45: what it costs to write a PractitionerRole."""
    world.person("eva", **before)
    new = {k: v for k, v in world.resources["PractitionerRole/eva"].items() if k not in before}
    world.searches.clear()
    world.check(new | after)
    assert bool(world.searches) == searched


def test_a_role_that_is_new_has_no_patients_to_look_for(world: Any) -> None:
    """R45: so loading old roles costs nothing."""
    world.check({"resourceType": "PractitionerRole", "id": "new", "active": False})
    assert world.searches == []
    assert not write_rules.applies({"resourceType": "PractitionerRole", "id": "new"})


def test_patients_of_every_role_of_a_person_are_counted_once(world: Any) -> None:
    """R45, R48: those whose assignment is over by then are not."""
    eva = world.person("eva")
    world.put(world.contact(eva, id="one"))
    world.put(world.contact(eva, "4", id="two"))
    world.put(world.contact(eva, id="over", period={"end": "2026-03-02"}) | {
        "subject": {"reference": "Patient/lo"}
    })  # fmt: skip
    person = world.resources["Practitioner/eva-person"] | {"active": False}
    [issue] = world.check(person)
    assert issue.severity == "warning"
    assert issue.text.startswith("1 patient now has a contact who has left")
    assert issue.expression == "Practitioner.active"
