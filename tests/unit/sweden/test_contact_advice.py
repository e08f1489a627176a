"""What guidance says about an assignment: each by its R-number, with who it speaks to and who not."""

from dataclasses import replace
from typing import Any

import pytest

from fhir_server.sweden import assignments, codes, contact_advice
from fhir_server.sweden.assignments import Assignment
from fhir_server.sweden.caseload import Threshold
from fhir_server.sweden.contact_advice import Situation


def facts(world: Any, member: str, kind: str = "1", **more: Any) -> Assignment:
    return assignments.facts_from(world.contact(member, kind, **more), world.read, world.now)


@pytest.fixture
def calm(world: Any, cases: Any) -> Situation:
    """A nurse of the region's, with all told: nothing to advise."""
    nurse = world.person("eva", cases.licence("SJ"))
    physician = facts(world, world.person("karin", cases.licence("LK")), "2")
    return Situation(facts(world, nurse), [physician], told=True)


def said(situation: Situation) -> list[tuple[str, str, str]]:
    """Give severity, first paragraph and place of all that is said."""
    issues = contact_advice.advise(situation)
    assert all(issue.code == "informational" for issue in issues)
    return [(i.severity, i.details[0].code, str(i.expression)) for i in issues]


MEMBER, UNIT = "CareTeam.participant[0].member", "CareTeam.managingOrganization[0]"
ROLE, EXTENSION = "CareTeam.participant[0].role", "CareTeam.extension"


def test_nothing_is_said_where_all_is_well(calm: Situation) -> None:
    """R10, R18, R26, R29: guidance is silent where there is nothing to do."""
    assert said(calm) == []


@pytest.mark.parametrize(
    ("course", "licence", "advised"),
    [
        ("instabilt", "SJ", True),
        ("instabilt", "LK", False),
        ("stabilt", "LK", True),
        ("stabilt", "SJ", False),
        ("rehabilitering", "SJ", True),
        ("rehabilitering", "AT", False),
        ("rehabilitering", "FT", False),
        ("", "SJ", False),
        ("of-another-kind", "SJ", False),
    ],
)
def test_the_course_advises_on_the_profession(
    world: Any, cases: Any, calm: Situation, course: str, licence: str, advised: bool
) -> None:
    """R18: unstable, a physician; stable, a nurse; rehabilitation, AT or FT."""
    contact = facts(world, world.person("x", cases.licence(licence)))
    expected = [("warning", "HSF-4-1", MEMBER)] if advised else []
    assert said(replace(calm, assignment=contact, course=course)) == expected


def test_the_course_says_nothing_about_a_fast_omsorgskontakt(world: Any, calm: Situation) -> None:
    """R18, R38: that one is an undersköterska, whatever the course."""
    contact = facts(world, world.person("ali"), "3")
    assert said(replace(calm, assignment=contact, course="instabilt")) == []


def municipal(world: Any, *qualifications: Any, befattning: str = "") -> Assignment:
    member = world.person("sara", *qualifications, unit="kommun", befattning=befattning)
    return facts(world, member, unit="kommun")


@pytest.mark.parametrize("form", ["sabo", "hemsjukvard"])
def test_in_municipal_care_the_municipality_has_a_contact_too(
    world: Any, cases: Any, calm: Situation, form: str
) -> None:
    """R23: särskilt boende, hemsjukvård."""
    housed = replace(calm, care_forms=frozenset({form}))
    assert said(housed) == [("warning", "PL-6-2", UNIT)]
    sara = municipal(world, cases.licence("SJ"))
    assert said(replace(housed, others=[*housed.others, sara])) == []


def test_in_sabo_the_municipal_contact_is_a_nurse(world: Any, cases: Any, calm: Situation) -> None:
    """R23: the nurse who is responsible there."""
    form = frozenset({"sabo"})
    helper = municipal(world, cases.certificate())
    assert said(replace(calm, assignment=helper, care_forms=form)) == [
        ("warning", "HSF-4-1", MEMBER)
    ]
    nurse = municipal(world, cases.licence("SJ"))
    assert said(replace(calm, assignment=nurse, care_forms=form)) == []


def test_in_hemsjukvard_the_municipal_contact_is_a_distriktsskoterska(
    world: Any, cases: Any, calm: Situation
) -> None:
    """R23: befattning 206011, with a nurse's licence."""
    form = frozenset({"hemsjukvard"})
    for qualified, befattning in ((True, ""), (False, "206011")):
        held = [cases.licence("SJ")] if qualified else []
        contact = municipal(world, *held, befattning=befattning)
        assert said(replace(calm, assignment=contact, care_forms=form)) == [
            ("warning", "HSF-4-1", MEMBER)
        ]
    dsk = municipal(world, cases.licence("SJ"), befattning="206011")
    assert said(replace(calm, assignment=dsk, care_forms=form)) == []


def test_with_hemtjanst_a_fast_omsorgskontakt_is_offered(
    world: Any, cases: Any, calm: Situation
) -> None:
    """R38: SoL 10 kap. 7 §, unless it is obviously unnecessary."""
    helped = replace(calm, care_forms=frozenset({"hemtjanst"}))
    assert said(helped) == [("information", "SOL-10-7", "CareTeam.subject")]
    ali = facts(world, world.person("ali", cases.certificate(), unit="kommun"), "3", unit="kommun")
    assert said(replace(helped, others=[*helped.others, ali])) == []


def test_the_medically_responsible_is_named_where_no_physician_is(
    world: Any, calm: Situation
) -> None:
    """R26: shown to patient and staff."""
    alone = replace(calm, others=[])
    assert said(alone) == [("information", "PL-6-2", EXTENSION)]
    named = {"url": codes.MEDICALLY_RESPONSIBLE, "valueReference": {"reference": "#x"}}
    contact = facts(world, "PractitionerRole/eva", extension=[named])
    assert said(replace(alone, assignment=contact)) == []


def test_a_cancer_patient_has_a_kontaktsjukskoterska(world: Any, calm: Situation) -> None:
    """R29: a national goal, so a warning."""
    ill = replace(calm, cancer=True)
    assert said(ill) == [("warning", "PL-6-2", ROLE)]
    contact = replace(calm.assignment, titles=("kontaktsjukskoterska",))
    assert said(replace(ill, assignment=contact)) == []
    assert said(replace(ill, others=[*ill.others, contact])) == []


@pytest.mark.parametrize(
    ("patients", "sparse", "severity"),
    [(17, False, ""), (18, False, "warning"), (20, False, "warning"), (21, False, "warning"),
     (17, True, ""), (21, True, "information")],
)  # fmt: skip
def test_a_workload_near_or_over_the_threshold_is_told(
    calm: Situation, patients: int, sparse: bool, severity: str
) -> None:
    """R49, R51: nothing is refused; in a sparsely populated area it is no sign by itself."""
    busy = replace(calm, patients=patients, agreed=Threshold(20, sparse=sparse))
    assert said(busy) == ([(severity, "HSF-4-1", MEMBER)] if severity else [])
    if severity:
        [issue] = contact_advice.advise(busy)
        assert f"{patients} patients" in issue.text


def test_without_a_threshold_no_number_is_too_high(calm: Situation) -> None:
    """R49: there is no national cap."""
    assert said(replace(calm, patients=500)) == []


@pytest.mark.parametrize(("changes", "told"), [(0, False), (2, False), (3, True)])
def test_a_third_change_of_utforare_in_a_year_is_told(
    calm: Situation, changes: int, told: bool
) -> None:
    """R37: prop. 2021/22:72."""
    assert said(replace(calm, changes=changes)) == ([("warning", "PL-6-3", UNIT)] if told else [])


def test_what_is_left_to_record_is_told_as_information(calm: Situation) -> None:
    """R3, R6, R10, R32, R41, R42: and warnings come before."""
    coordinating = replace(calm.assignment, kinds=("4",))
    situation = replace(
        calm, assignment=coordinating, told=False, head_unknown=True, wish_open=True,
        no_sip_support=True, no_physician_routine=True, cancer=True,
    )  # fmt: skip
    assert said(situation) == [
        ("warning", "PL-6-2", ROLE),
        ("information", "PL-3-2", EXTENSION),
        ("information", "HSF-4-6", UNIT),
        ("information", "SAMVL-4-1", UNIT),
        ("information", "PL-6-2", EXTENSION),
        ("information", "HSF-4-1", EXTENSION),
        ("information", "PL-6-2", EXTENSION),
    ]
    assert said(replace(calm, assignment=coordinating, coordination_reason=True)) == []
