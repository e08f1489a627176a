"""R15-R17 and ct-5: SOSFS 2011:7 2 kap. 3 §, step by step through scenario 6b of DOMAIN."""

from typing import Any

import pytest

from fhir_server.sweden import codes


@pytest.fixture
def nurse(world: Any, cases: Any) -> str:
    """Nils, nurse at the neurology clinic."""
    return str(world.person("nils", cases.licence("SJ")))


@pytest.fixture
def physician(world: Any, cases: Any) -> str:
    """Lena, överläkare with licence."""
    return str(world.person("lena", cases.licence("LK"), befattning="201010"))


def store(world: Any, identity: str, member: str, kind: str = "1", **more: Any) -> Any:
    return world.put(world.contact(member, kind, id=identity, **more))


def livshotande() -> list[dict[str, Any]]:
    coding = {"system": codes.APPOINTMENT_BASIS_SYSTEM, "code": codes.LIVSHOTANDE}
    return [{"url": codes.APPOINTMENT_BASIS, "valueCodeableConcept": {"coding": [coding]}}]


def test_scenario_6b(world: Any, cases: Any, nurse: str, physician: str) -> None:
    """Steps 1-3 of scenario 6b: R15, R16, R17, R28, R31, R32."""
    world.now = cases.at("2025-09-01T10:00")
    first = world.contact(nurse, period={"start": "2025-09-01"})
    assert world.check(first) == []
    world.put(first | {"id": "nils"})

    world.now = cases.at("2026-02-10T14:00")
    world.life_in_danger()
    by_nurse = world.contact(nurse, "4", extension=livshotande())
    assert cases.severities(cases.errors(world.check(by_nurse))) == [("error", "SOSFS-2011-7-2-3")]

    by_physician = world.contact(
        physician, "4", unit="annan", period={"start": "2026-02-10"}, extension=livshotande()
    )
    assert world.check(by_physician) == []
    world.put(by_physician | {"id": "lena"})

    kept = first | {"id": "nils", "telecom": [{"value": "063-000 00 11"}]}
    assert world.check(kept) == []

    candidate = world.person("at", befattning="204010")
    [error] = cases.errors(world.check(world.contact(candidate, unit="", extension=livshotande())))
    assert "204xxx" in error.text


def test_a_municipal_nurse_alone_is_allowed_with_a_reminder(world: Any, cases: Any) -> None:
    """R17, SOSFS 2011:7 1 kap. 1 §: the region must still appoint a physician."""
    world.life_in_danger()
    sara = world.person("sara", cases.licence("SJ"), unit="kommun")
    [issue] = world.check(world.contact(sara, "4", unit="kommun", extension=livshotande()))
    assert issue.severity == "warning"
    assert [coding.code for coding in issue.details] == ["SOSFS-2011-7-2-3", "SOSFS-2011-7-1-1"]


def test_the_reminder_falls_silent_once_the_region_has_a_physician(
    world: Any, cases: Any, physician: str
) -> None:
    """R17."""
    world.life_in_danger()
    store(world, "lena", physician)
    sara = world.person("sara", cases.licence("SJ"), unit="kommun")
    assert world.check(world.contact(sara, "4", unit="kommun")) == []


def test_a_nurse_at_a_regional_unit_is_refused_while_no_physician_is_contact(
    world: Any, cases: Any, nurse: str
) -> None:
    """R15: also where the assignment names another ground."""
    assert world.check(world.contact(nurse)) == []
    world.life_in_danger()
    [error] = world.check(world.contact(nurse))
    assert error.severity == "error"
    assert error.details[0].display == "SOSFS 2011:7 2 kap. 3 §"
    assert error.expression == "CareTeam.participant[0].member"


def test_a_nurse_beside_a_physician_passes_unless_life_is_the_ground(
    world: Any, cases: Any, nurse: str, physician: str
) -> None:
    """R15, R31."""
    world.life_in_danger()
    store(world, "lena", physician, "4", unit="annan")
    assert world.check(world.contact(nurse)) == []
    assert cases.errors(world.check(world.contact(nurse, extension=livshotande())))


@pytest.mark.parametrize("kind", ["2", "3"])
def test_another_kind_of_contact_is_no_fast_vardkontakt(
    world: Any, cases: Any, nurse: str, physician: str, kind: str
) -> None:
    """R15, R34: a fast läkarkontakt is another thing."""
    world.life_in_danger()
    store(world, "other", physician, kind)
    assert cases.errors(world.check(world.contact(nurse)))


def test_the_rule_does_not_ask_about_lakarkontakt_or_omsorgskontakt(world: Any, cases: Any) -> None:
    world.life_in_danger()
    ali = world.person("ali", cases.certificate(), unit="kommun")
    assert world.check(world.contact(ali, "3", unit="kommun")) == []


@pytest.mark.parametrize(
    "more",
    [
        {"status": "inactive"},
        {"period": {"end": "2026-03-02"}},
        {"subject": {"reference": "Patient/other"}},
        {"unit": "kommun"},
    ],
)
def test_a_physician_who_is_not_the_region_s_contact_does_not_count(
    world: Any, cases: Any, nurse: str, physician: str, more: dict[str, Any]
) -> None:
    world.life_in_danger()
    store(world, "lena", physician, **more)
    assert cases.errors(world.check(world.contact(nurse)))


def test_details_of_a_contact_from_before_may_change_meanwhile(
    world: Any, cases: Any, nurse: str
) -> None:
    """R15: the physician comes as soon as possible; until then the nurse's number may change."""
    before = store(world, "nils", nurse, period={"start": "2025-09-01"})
    world.life_in_danger()
    issues = world.check(before | {"telecom": [{"value": "063-000 00 12"}]})
    assert cases.severities(issues) == [("warning", "SOSFS-2011-7-2-3")]


@pytest.mark.parametrize("change", ["person", "kind", "patient", "status", "ground"])
def test_a_changed_assignment_is_judged_anew(
    world: Any, cases: Any, nurse: str, change: str
) -> None:
    world.life_in_danger()
    world.life_in_danger(id="other", subject={"reference": "Patient/other"})
    before = store(world, "nils", nurse, status="inactive" if change == "status" else "active")
    changed = {
        "person": world.contact(world.person("eva", cases.licence("SJ"))),
        "kind": world.contact(nurse, "4"),
        "patient": world.contact(nurse, subject={"reference": "Patient/other"}),
        "status": before | {"status": "active"},
        "ground": world.contact(nurse, extension=livshotande()),
    }[change]
    assert cases.errors(world.check(changed | {"id": "nils"}))


def test_a_reader_that_shows_the_write_itself_proves_nothing(
    world: Any, cases: Any, nurse: str
) -> None:
    world.life_in_danger()
    team = store(world, "nils", nurse)
    world.resources["CareTeam/nils"] = team | {"meta": {"versionId": "1"}}
    assert cases.errors(world.check(team))


@pytest.mark.parametrize("huvudman", ["", codes.ANNAN])
def test_only_a_municipal_unit_is_exempt(world: Any, cases: Any, nurse: str, huvudman: str) -> None:
    """R17: a private unit and one that does not say are not."""
    world.life_in_danger()
    world.unit("vem", huvudman)
    [error] = cases.errors(world.check(world.contact(nurse, unit="vem")))
    assert ("huvudman is not stated" in error.text) is (huvudman == "")


def test_the_huvudman_is_found_above_the_unit(world: Any, cases: Any, nurse: str) -> None:
    """R76, DOMAIN 5.1: partOf from unit to caregiver; a ring ends."""
    world.life_in_danger()
    world.unit("hemsjukvard", partOf={"reference": "Organization/kommun"})
    assert not cases.errors(world.check(world.contact(nurse, unit="hemsjukvard")))
    world.unit("ring", partOf={"reference": "Organization/ring"})
    assert cases.errors(world.check(world.contact(nurse, unit="ring")))


@pytest.mark.parametrize(
    ("condition", "counts"),
    [
        ({}, True),
        ({"clinicalStatus": "active"}, True),
        ({"clinicalStatus": "resolved"}, False),
        ({"clinicalStatus": "remission"}, False),
        ({"verificationStatus": "refuted"}, False),
        ({"verificationStatus": "entered-in-error"}, False),
        ({"verificationStatus": "provisional"}, True),
        ({"abatementDateTime": "2026-03-02"}, False),
        ({"abatementDateTime": "2026-03-03"}, True),
        ({"subject": {"reference": "Patient/other"}}, False),
    ],
)
def test_which_conditions_count(
    world: Any, cases: Any, nurse: str, condition: dict[str, Any], counts: bool
) -> None:
    systems = {
        "clinicalStatus": "http://terminology.hl7.org/CodeSystem/condition-clinical",
        "verificationStatus": "http://terminology.hl7.org/CodeSystem/condition-ver-status",
    }
    written = {
        name: {"coding": [{"system": systems[name], "code": value}]} if name in systems else value
        for name, value in condition.items()
    }
    world.life_in_danger(**written)
    assert bool(cases.errors(world.check(world.contact(nurse)))) is counts


@pytest.mark.parametrize(
    ("parts", "counts"),
    [
        ([{"url": "flag", "valueBoolean": True}], True),
        ([{"url": "flag", "valueBoolean": False}], False),
        ([], False),
        (
            [
                {"url": "flag", "valueBoolean": True},
                {"url": "at", "valueDateTime": "2026-03-03T09:00:00+01:00"},
            ],
            True,
        ),
        (
            [{"url": "flag", "valueBoolean": True}, {"url": "at", "valueDateTime": "2026-03-04"}],
            False,
        ),
    ],
)
def test_which_flags_count(
    world: Any, cases: Any, nurse: str, parts: list[dict[str, Any]], counts: bool
) -> None:
    """R15: from the moment the condition is established."""
    world.life_in_danger(extension=[{"url": codes.LIFE_THREATENING, "extension": parts}])
    assert bool(cases.errors(world.check(world.contact(nurse)))) is counts


@pytest.mark.parametrize("where", ["extension", "reasonCode", "reasonReference"])
def test_the_ground_may_stand_in_three_places(
    world: Any, cases: Any, nurse: str, physician: str, where: str
) -> None:
    """R4, R15."""
    world.life_in_danger()
    store(world, "lena", physician, "4", unit="annan")
    coding = {"system": codes.APPOINTMENT_BASIS_SYSTEM, "code": codes.LIVSHOTANDE}
    grounds = {
        "extension": livshotande(),
        "reasonCode": [{"coding": [coding]}],
        "reasonReference": [{"reference": "Condition/als"}],
    }
    assert cases.errors(world.check(world.contact(nurse, **{where: grounds[where]})))


def test_a_claimed_ground_needs_no_flagged_condition(
    world: Any, cases: Any, nurse: str, physician: str
) -> None:
    """R4, R15."""
    assert cases.errors(world.check(world.contact(nurse, extension=livshotande())))
    assert world.check(world.contact(physician, extension=livshotande())) == []


@pytest.mark.parametrize("reference", ["Condition/flu", "Condition/gone", "#flu"])
def test_an_ordinary_reason_claims_nothing(
    world: Any, nurse: str, physician: str, reference: str
) -> None:
    world.life_in_danger()
    world.life_in_danger(id="flu", extension=[])
    store(world, "lena", physician, "4", unit="annan")
    team = world.contact(nurse, reasonReference=[{"reference": reference}])
    assert world.check(team) == []


def test_a_ground_claimed_for_an_omsorgskontakt_asks_for_no_physician(
    world: Any, cases: Any
) -> None:
    ali = world.person("ali", cases.certificate(), unit="kommun")
    team = world.contact(ali, "3", unit="kommun", extension=livshotande())
    assert world.check(team) == []


def test_another_nurse_as_contact_is_no_physician(world: Any, cases: Any, nurse: str) -> None:
    world.life_in_danger()
    store(world, "sara", world.person("sara", cases.licence("SJ")), "4", unit="annan")
    assert cases.errors(world.check(world.contact(nurse)))


def test_a_licence_that_has_run_out_does_not_do(world: Any, cases: Any) -> None:
    world.life_in_danger()
    licence = cases.licence("LK", period={"end": "2026-03-02"})
    assert cases.errors(world.check(world.contact(world.person("lena", licence))))


def tasks(*named: str) -> list[dict[str, Any]]:
    return [
        {
            "url": codes.CONTACT_TASK,
            "valueCodeableConcept": {
                "coding": [{"system": codes.CONTACT_TASK_SYSTEM, "code": name}]
            },
        }
        for name in named
    ]


@pytest.mark.parametrize("task", ["ansvara-planering", "ansvara-uppfoljning"])
def test_the_physician_answers_for_planning_and_follow_up(
    world: Any, cases: Any, nurse: str, physician: str, task: str
) -> None:
    """R16, SOSFS 2011:7 2 kap. 4-5 §§: a nurse beside the physician takes part, no more."""
    world.life_in_danger()
    answers = world.contact(physician, "4", extension=tasks(task))
    assert world.check(answers) == []
    store(world, "lena", physician, "4", unit="annan")
    claims = world.contact(nurse, extension=tasks(task))
    [error] = cases.errors(world.check(claims))
    assert [coding.code for coding in error.details] == ["SOSFS-2011-7-2-4", "SOSFS-2011-7-2-5"]
    assert world.check(world.contact(nurse, extension=tasks("folja-upp"))) == []


def test_a_municipal_contact_who_answers_for_planning_is_warned_of(
    world: Any, cases: Any, physician: str
) -> None:
    """R16, R17: the unit is exempt; the region's physician answers all the same."""
    world.life_in_danger()
    store(world, "lena", physician, "4")
    sara = world.person("sara", cases.licence("SJ"), unit="kommun")
    team = world.contact(sara, unit="kommun", extension=tasks("ansvara-planering"))
    assert cases.severities(world.check(team)) == [("warning", "SOSFS-2011-7-2-4")]


def test_where_no_life_is_in_danger_any_contact_may_answer_for_planning(
    world: Any, nurse: str
) -> None:
    """R16, R25."""
    assert world.check(world.contact(nurse, extension=tasks("ansvara-planering"))) == []
