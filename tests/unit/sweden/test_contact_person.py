"""Who may be a named contact, by R-number and ct-invariant (DOMAIN 1.1-1.3, 5.3)."""

from typing import Any

import pytest

from fhir_server.sweden import codes

MEMBER = "CareTeam.participant[0].member"


def stored(world: Any, identity: str, member: str, kind: str = "1", **more: Any) -> Any:
    return world.put(world.contact(member, kind, id=identity, **more))


# R5, ct-3


@pytest.mark.parametrize(
    "member",
    [
        {},
        {"reference": "PractitionerRole/nobody"},
        {"reference": "Organization/region"},
        {"reference": "Patient/maria"},
        {"reference": "https://other.example/fhir/PractitionerRole/1"},
        {"reference": "urn:uuid:0b8b1c7e-8d3f-4c6f-9d5e-3a2f1b0c9d8e"},
        {"reference": "#nobody"},
        {"reference": "#"},
        {"identifier": {"system": codes.HSA_ID, "value": "SE2321000214-TEST"}, "display": "Eva"},
    ],
)
def test_an_unnamed_contact_is_refused(world: Any, cases: Any, member: Any) -> None:
    """R5: reject who is not a clearly identified, named person."""
    [error] = cases.errors(world.check(world.contact(member, telecom=[{"value": "1"}])))
    assert error.expression == MEMBER
    assert error.details[0].code == "PL-6-2"
    assert "named person that this server knows" in error.text


@pytest.mark.parametrize(
    "name",
    [
        [],
        [{}],
        [{"family": " "}],
        [{"use": "anonymous", "text": "Personal"}],
        [{"given": []}],
        [{"given": [None], "_given": [{"id": "1"}]}],
    ],
)
def test_a_role_without_a_named_person_is_refused(world: Any, cases: Any, name: Any) -> None:
    """R5."""
    member = world.person("eva")
    world.resources["Practitioner/eva-person"]["name"] = name
    [error] = cases.errors(world.check(world.contact(member)))
    assert error.expression == MEMBER
    assert "must refer to a Practitioner" in error.text


@pytest.mark.parametrize("name", [{"text": "Eva"}, {"family": "Test"}, {"given": ["Eva"]}])
def test_any_part_of_a_name_names(world: Any, name: Any) -> None:
    member = world.person("eva")
    world.resources["Practitioner/eva-person"]["name"] = [name]
    assert world.check(world.contact(member)) == []


def test_a_role_whose_person_is_gone_is_refused(world: Any, cases: Any) -> None:
    member = world.person("eva")
    del world.resources["Practitioner/eva-person"]
    assert len(cases.errors(world.check(world.contact(member)))) == 1


def test_a_person_without_a_role_is_refused(world: Any, cases: Any) -> None:
    """ct-3: member resolves to a PractitionerRole."""
    world.person("eva")
    team = world.contact("Practitioner/eva-person", telecom=[{"value": "063-1"}])
    [error] = cases.errors(world.check(team))
    assert "without the unit" in error.text


def test_a_versioned_reference_means_the_current_role(world: Any, cases: Any) -> None:
    world.person("eva")
    assert world.check(world.contact("PractitionerRole/eva/_history/3")) == []
    world.resources["PractitionerRole/eva"]["active"] = False
    assert cases.errors(world.check(world.contact("PractitionerRole/eva/_history/3")))


def test_a_contained_role_with_a_contained_person_names(world: Any) -> None:
    contained = [
        {
            "resourceType": "PractitionerRole",
            "id": "role",
            "practitioner": {"reference": "#person"},
            "organization": {"reference": "Organization/region"},
            "telecom": [{"value": "063-1"}],
        },
        {"resourceType": "Practitioner", "id": "person", "name": [{"text": "Eva"}]},
    ]
    assert world.check(world.contact("#role", contained=contained)) == []


def test_an_inactive_role_or_person_is_refused(world: Any, cases: Any) -> None:
    """ct-3."""
    role = world.contact(world.person("eva", active=False))
    person = world.contact(world.person("sara"))
    world.resources["Practitioner/sara-person"]["active"] = False
    assert "PractitionerRole is inactive" in cases.errors(world.check(role))[0].text
    assert "Practitioner is inactive" in cases.errors(world.check(person))[0].text


@pytest.mark.parametrize(
    ("role_period", "start", "refused"),
    [
        ({"end": "2026-03-02"}, "2026-03-03", True),
        ({"end": "2026-03-03"}, "2026-03-03", False),
        ({"start": "2026-03-03"}, "2026-03-03", False),
        ({"start": "2026-03-04"}, "2026-03-03", True),
        ({"start": "2026-04-01"}, "2026-04-01", False),
        ({"start": "2026-04-01"}, "2026-03-31", True),
        ({"end": "2026-03-31"}, "2026-04-01", True),
        ({"start": "2026-03-03T09:00:00+01:00"}, "2026-03-03T09:00:00+01:00", False),
        ({"end": "2026-03-03T07:59:58Z"}, "2026-03-03", True),
    ],
)
def test_the_role_covers_now_or_the_coming_start(
    world: Any, cases: Any, role_period: Any, start: str, refused: bool
) -> None:
    """ct-3: at 2026-03-03 09:00 in Sweden."""
    team = world.contact(world.person("eva", period=role_period), period={"start": start})
    assert bool(cases.errors(world.check(team))) is refused


def test_a_period_that_is_over_is_judged_by_its_last_moment(world: Any, cases: Any) -> None:
    """R48: the contact left together with the assignment."""
    period = {"start": "2026-01-01", "end": "2026-02-28"}
    team = world.contact(world.person("eva", period=period), period=period)
    assert [issue.expression for issue in world.check(team)] == ["CareTeam.period.end"]


def test_a_start_before_the_role_is_doubted(world: Any, cases: Any) -> None:
    member = world.person("eva", period={"start": "2026-01-01"})
    issues = world.check(world.contact(member, period={"start": "2025-12-31"}))
    assert cases.severities(issues) == [("warning", "PL-6-2")]
    assert issues[0].expression == "CareTeam.period.start"
    assert world.check(world.contact(member, period={})) == []


def test_the_subject_must_be_a_patient_of_this_server(world: Any, cases: Any) -> None:
    """R31, R32: other contacts can't be seen otherwise."""
    team = world.contact(world.person("eva"), subject={"identifier": {"value": "1"}})
    assert [e.expression for e in cases.errors(world.check(team))] == ["CareTeam.subject"]


# R10, R43, ct-8


def unreachable(world: Any, **more: Any) -> Any:
    return world.contact(world.person("eva", telecom=[]), **more)


@pytest.mark.parametrize(
    ("now", "severity"),
    [
        ("2026-06-30T23:59:59", "warning"),
        ("2026-07-01T00:00", "error"),
        ("2027-01-01T00:00", "error"),
    ],
)
def test_no_way_to_reach_is_refused_from_july_2026(
    world: Any, cases: Any, now: str, severity: str
) -> None:
    """R10, R43, ct-8; the day turns at Swedish midnight (22:00 UTC)."""
    world.now = cases.at(now)
    assert cases.severities(world.check(unreachable(world))) == [(severity, "PL-3-2")]


def test_an_assignment_that_begins_after_july_2026_obeys_the_coming_rule(
    world: Any, cases: Any
) -> None:
    for start, severity in (("2026-06-30", "warning"), ("2026-07-01", "error")):
        issues = world.check(unreachable(world, period={"start": start}))
        assert cases.severities(issues) == [(severity, "PL-3-2")]


@pytest.mark.parametrize(
    "telecom",
    [
        [{"system": "phone"}],
        [{"value": " "}],
        [{"value": "063-1", "use": "old"}],
        [{"value": "063-1", "period": {"end": "2026-03-02"}}],
    ],
)
def test_an_empty_or_former_number_reaches_nobody(world: Any, telecom: Any) -> None:
    assert len(world.check(unreachable(world, telecom=telecom))) == 1


def test_a_number_on_the_assignment_suffices(world: Any) -> None:
    assert world.check(unreachable(world, telecom=[{"system": "phone", "value": "063-1"}])) == []


@pytest.mark.parametrize(("status", "reaches"), [("active", True), ("inactive", False)])
def test_a_contact_is_reached_via_a_team_in_service(world: Any, status: str, reaches: bool) -> None:
    """R40: the ALS team's number."""
    world.put(
        {
            "resourceType": "CareTeam",
            "id": "als-team",
            "status": status,
            "telecom": [{"system": "phone", "value": "063-000 00 11"}],
        }
    )
    team = unreachable(world)
    team["participant"][0]["extension"] = [
        {"url": codes.CONTACT_VIA_TEAM, "valueReference": {"reference": "CareTeam/als-team"}}
    ]
    assert (world.check(team) == []) is reaches


# R34-R36, ct-4


def test_a_licensed_physician_in_primary_care_is_fast_lakarkontakt(world: Any, cases: Any) -> None:
    """R35: HSA verksamhetskod 15xx is primary care."""
    kind = {"coding": [{"system": codes.VERKSAMHETSKOD, "code": "1502"}]}
    world.unit("hc", codes.REGION, type=[kind])
    member = world.person("karin", cases.licence("LK"), unit="hc")
    assert world.check(world.contact(member, "2", unit="hc")) == []


def test_a_second_fast_lakarkontakt_is_refused(world: Any, cases: Any) -> None:
    """R36, ct-4."""
    stored(world, "old", world.person("karin", cases.licence("LK")), "2")
    [error] = cases.errors(
        world.check(world.contact(world.person("lena", cases.licence("LK")), "2"))
    )
    assert error.details[0].code == "PL-6-3"


def test_a_nurse_is_no_fast_lakarkontakt(world: Any, cases: Any) -> None:
    """R35, ct-4."""
    issues = world.check(world.contact(world.person("eva", cases.licence("SJ")), "2"))
    assert cases.severities(issues) == [("error", "PL-6-3")]
    assert "no licence LK" in issues[0].text


def test_a_physician_before_the_licence_is_no_fast_lakarkontakt(world: Any, cases: Any) -> None:
    """DOMAIN 2.4: befattning 204010."""
    [error] = world.check(world.contact(world.person("at", befattning="204010"), "2"))
    assert "204xxx" in error.text


@pytest.mark.parametrize("unit", ["klinik", "avdelning", "kommun"])
def test_a_fast_lakarkontakt_outside_primary_care_is_refused(
    world: Any, cases: Any, unit: str
) -> None:
    """R35, ct-4: specialised by its own code or the one above, or municipal."""
    kind = {"coding": [{"system": codes.VERKSAMHETSKOD, "code": "1101"}]}
    world.unit("klinik", codes.REGION, type=[kind])
    world.unit("avdelning", partOf={"reference": "Organization/klinik"})
    member = world.person("lena", cases.licence("LK"), unit=unit)
    [error] = world.check(world.contact(member, "2", unit=unit))
    assert error.expression == "CareTeam.managingOrganization[0]"


def test_one_physician_may_be_both_fast_vardkontakt_and_lakarkontakt(
    world: Any, cases: Any
) -> None:
    """R34."""
    member = world.person("karin", cases.licence("LK"))
    stored(world, "old", member, "2")
    assert world.check(world.contact(member, "1")) == []


# R38, ct-7


def test_a_certified_underskoterska_is_fast_omsorgskontakt(world: Any, cases: Any) -> None:
    """R38; the provider may be private."""
    for unit in ("kommun", "annan"):
        member = world.person("ali", cases.certificate(), unit=unit)
        assert world.check(world.contact(member, "3", unit=unit)) == []


def test_a_fast_omsorgskontakt_without_certificate_is_refused(world: Any, cases: Any) -> None:
    """R38, SoL 10:7: not even a nurse."""
    member = world.person("sara", cases.licence("SJ"), unit="kommun")
    issues = world.check(world.contact(member, "3", unit="kommun"))
    assert cases.severities(issues) == [("error", "SOL-10-7")]


def test_a_fast_omsorgskontakt_of_the_region_is_refused(world: Any, cases: Any) -> None:
    """R38, ct-7."""
    [error] = world.check(world.contact(world.person("ali", cases.certificate()), "3"))
    assert error.expression == "CareTeam.managingOrganization[0]"


# R10: the unit


@pytest.mark.parametrize(
    ("start", "telecom", "warned"),
    [
        ("2026-06-30", [], False),
        ("2026-07-01", [], True),
        ("2026-07-01", [{"system": "phone", "value": "063-1"}], False),
        ("2026-07-01", [{"system": "phone", "value": "063-1", "use": "old"}], True),
    ],
)
def test_from_july_2026_the_unit_can_be_reached_too(
    world: Any, cases: Any, start: str, telecom: Any, warned: bool
) -> None:
    """R10, R43, ct-8, prop. 2025/26:19: a warning, because the unit's record is not the contact's."""
    world.unit("region", codes.REGION, telecom=telecom)
    issues = world.check(world.contact(world.person("eva"), period={"start": start}))
    assert cases.severities(issues) == ([("warning", "PL-3-2")] if warned else [])


def test_of_a_unit_that_is_not_here_nothing_is_said(world: Any) -> None:
    """R10: what this server does not know it does not doubt."""
    world.now = world.now.replace(year=2027)
    elsewhere = [{"identifier": {"system": codes.HSA_ID, "value": "SE2321000214-TEST99"}}]
    eva = world.person("eva", organization={"display": "Enheten"})
    assert world.check(world.contact(eva, managingOrganization=elsewhere)) == []


# R7, R26, R28, R40


@pytest.mark.parametrize(("decision", "refused"), [("declined", True), ("accepted", False)])
def test_a_contact_whom_the_patient_declined_is_not_active(
    world: Any, cases: Any, decision: str, refused: bool
) -> None:
    """R7, ct-14: the contact is voluntary; a declined proposal may stand."""
    said = [
        {"url": "decision", "valueCode": decision},
        {"url": "at", "valueDateTime": "2026-03-03"},
    ]
    extension = [{"url": codes.PATIENT_DECISION, "extension": said}]
    team = world.contact(world.person("eva"), extension=extension)
    expected = [("error", "PL-6-2")] if refused else []
    assert cases.severities(world.check(team)) == expected
    assert world.check(team | {"status": "proposed"}) == []


@pytest.mark.parametrize(
    ("title", "licence", "warned"),
    [
        ("kontaktsjukskoterska", "FT", True),
        ("kontaktsjukskoterska", "SJ", False),
        ("sviktsjukskoterska", "LK", True),
        ("patientansvarig-lakare", "SJ", True),
        ("patientansvarig-lakare", "LK", False),
        ("samordnare", "FT", False),
    ],
)
def test_a_title_of_another_profession_is_doubted(
    world: Any, cases: Any, title: str, licence: str, warned: bool
) -> None:
    """R28: local titles map to the role; whose profession they name, is checked."""
    member = world.person("nils", cases.licence(licence))
    team = world.contact(member)
    team["participant"][0]["role"][0]["coding"].append(
        {"system": codes.CONTACT_TITLE_SYSTEM, "code": title}
    )
    assert cases.severities(world.check(team)) == ([("warning", "PL-6-2")] if warned else [])


def test_the_medically_responsible_is_somebody_by_name(world: Any, cases: Any) -> None:
    """R26: shown, so known; and read only where one is named."""
    eva = world.person("eva")
    for reference, warned in (("PractitionerRole/gone", True), (world.person("karin"), False)):
        named = {"url": codes.MEDICALLY_RESPONSIBLE, "valueReference": {"reference": reference}}
        issues = world.check(world.contact(eva, extension=[named]))
        assert cases.severities(issues) == ([("warning", "PL-6-2")] if warned else [])
    world.reads.clear()
    world.check(world.contact(eva))
    assert sorted(set(world.reads)) == [
        "Organization/region", "Practitioner/eva-person", "PractitionerRole/eva",
    ]  # fmt: skip


def test_a_team_that_has_ended_is_no_way_to_the_contact(world: Any, cases: Any) -> None:
    """R40: also where the contact has a number of their own."""
    team = {"resourceType": "CareTeam", "id": "als", "telecom": [{"value": "063-11"}]}
    via = {"url": codes.CONTACT_VIA_TEAM, "valueReference": {"reference": "CareTeam/als"}}
    contact = world.contact(world.person("nils"))
    contact["participant"][0]["extension"] = [via]
    for status, warned in (("inactive", True), ("active", False)):
        world.put(team | {"status": status})
        expected = [("warning", "PL-3-2")] if warned else []
        assert cases.severities(world.check(contact)) == expected
