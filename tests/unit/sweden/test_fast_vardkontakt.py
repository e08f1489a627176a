"""The law on named contacts, by R-number and ct-invariant (DOMAIN 1.1, 1.2, 5.3)."""

from typing import Any

import pytest

from fhir_server.sweden import assignments, codes, fast_vardkontakt

MEMBER = "CareTeam.participant[0].member"


def coding(code: str, system: str = codes.CONTACT_TYPE) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}


def with_role(world: Any, member: str, *roles: dict[str, Any]) -> Any:
    return world.contact(
        member, participant=[{"role": list(roles), "member": {"reference": member}}]
    )


def stored(world: Any, identity: str, member: str, kind: str = "1", **more: Any) -> Any:
    return world.put(world.contact(member, kind, id=identity, **more))


def test_a_complete_assignment_passes(world: Any) -> None:
    """R3-R5, R43: named, in service, reachable."""
    assert world.check(world.contact(world.person("eva"))) == []


def test_every_issue_has_a_paragraph_an_expression_and_no_name(world: Any, cases: Any) -> None:
    world.person("eva", active=False, telecom=[])
    world.life_in_danger()
    for issue in world.check(world.contact("PractitionerRole/eva", "9")):
        assert issue.details[0].system == codes.LAW_SYSTEM
        assert issue.details[0].display
        assert issue.expression.startswith("CareTeam")
        assert "eva" not in issue.text


# ct-1, ct-2


@pytest.mark.parametrize("count", [0, 2])
def test_an_assignment_has_one_participant(world: Any, cases: Any, count: int) -> None:
    """ct-1."""
    team = world.contact(world.person("eva"))
    team["participant"] = team["participant"] * count
    errors = cases.errors(world.check(team))
    assert "CareTeam.participant" in [issue.expression for issue in errors]


def test_the_type_may_be_written_in_inera_s_system_by_url_or_oid(world: Any) -> None:
    """ct-2, DOMAIN 0.2."""
    member = world.person("eva")
    for system in codes.CONTACT_TYPE_SYSTEMS:
        assert world.check(with_role(world, member, coding("1", system))) == []


def test_a_local_title_beside_the_type_passes(world: Any) -> None:
    """R28: kontaktsjuksköterska and the national type in one concept."""
    role = coding("1")
    role["coding"].append(
        {"system": codes.code_system("contact-title"), "code": "kontaktsjukskoterska"}
    )
    assert world.check(with_role(world, world.person("nils"), role)) == []


@pytest.mark.parametrize(
    "roles",
    [
        [],
        [coding("9")],
        [coding("1", "urn:other")],
        [coding("1"), coding("4")],
        [{"coding": coding("1")["coding"] + coding("2")["coding"]}],
    ],
)
def test_no_two_or_unknown_types_are_refused(world: Any, cases: Any, roles: Any) -> None:
    """ct-2."""
    errors = cases.errors(world.check(with_role(world, world.person("eva"), *roles)))
    assert [issue.expression for issue in errors] == ["CareTeam.participant[0].role"]


def test_one_type_in_both_systems_is_one_type(world: Any) -> None:
    role = {
        "coding": [{"system": system, "code": "1"} for system in codes.CONTACT_TYPE_SYSTEMS],
    }
    assert world.check(with_role(world, world.person("eva"), role)) == []


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


# R32, ct-6


def test_a_second_coordinator_is_refused(world: Any, cases: Any) -> None:
    """R32, ct-6."""
    stored(world, "old", world.person("sara"), "4", unit="kommun")
    [error] = cases.errors(world.check(world.contact(world.person("eva"), "4")))
    assert error.details[0].code == "PL-6-2"
    assert "overall coordination" in error.text


def test_another_patient_s_coordinator_is_no_hindrance(world: Any) -> None:
    other = {"reference": "Patient/other"}
    stored(world, "old", world.person("sara"), "4", subject=other)
    assert world.check(world.contact(world.person("eva"), "4")) == []


@pytest.mark.parametrize("status", ["inactive", "proposed", "suspended", "entered-in-error"])
def test_only_active_coordinators_count(world: Any, status: str) -> None:
    stored(world, "old", world.person("sara"), "4", status=status)
    assert world.check(world.contact(world.person("eva"), "4")) == []


@pytest.mark.parametrize(
    ("old", "new", "refused"),
    [
        ({"start": "2025-01-01", "end": "2026-03-02"}, {"start": "2026-03-03"}, False),
        ({"start": "2025-01-01", "end": "2026-04-19"}, {"start": "2026-04-20"}, False),
        ({"start": "2025-01-01", "end": "2026-04-20"}, {"start": "2026-04-20"}, True),
        ({"start": "2026-09-01"}, {"start": "2026-03-03"}, True),
        ({"start": "2026-09-01"}, {"start": "2026-03-03", "end": "2026-08-31"}, False),
        ({}, {}, True),
        ({"end": "2026-03-02"}, {"start": "2025-01-01"}, False),
    ],
)
def test_coordinators_may_follow_each_other(
    world: Any, cases: Any, old: Any, new: Any, refused: bool
) -> None:
    """R32, R48: whole days, open ends; a period that is over by now counts no more."""
    stored(world, "old", world.person("sara"), "4", period=old)
    team = world.contact(world.person("eva"), "4", period=new)
    assert bool(cases.errors(world.check(team))) is refused


def test_an_update_does_not_compete_with_its_own_stored_version(world: Any) -> None:
    team = stored(world, "mine", world.person("sara"), "4")
    assert world.check(team | {"note": [{"text": "ringer tisdagar"}]}) == []


def test_several_contacts_without_coordination_draw_a_warning(world: Any, cases: Any) -> None:
    """R31, R32, ct-6."""
    stored(world, "old", world.person("sara"), unit="kommun")
    issues = world.check(world.contact(world.person("eva")))
    assert cases.severities(issues) == [("warning", "PL-6-2")]


@pytest.mark.parametrize(("old", "new"), [("4", "1"), ("1", "4"), ("2", "1"), ("1", "3")])
def test_no_warning_where_one_coordinates_or_only_one_is_vardkontakt(
    world: Any, cases: Any, old: str, new: str
) -> None:
    stored(world, "old", world.person("sara", cases.licence("LK")), old, unit="annan")
    member = world.person("eva", cases.certificate(), unit="kommun")
    assert world.check(world.contact(member, new, unit="kommun")) == []


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


# ct-11


def test_a_second_contact_of_one_type_at_one_unit_is_refused(world: Any, cases: Any) -> None:
    """ct-11; two identical calls leave one assignment."""
    member = world.person("eva")
    stored(world, "old", member)
    errors = cases.errors(world.check(world.contact(member)))
    assert [e.expression for e in errors] == ["CareTeam"]
    colleague = world.contact(world.person("ola"))
    assert [e.expression for e in cases.errors(world.check(colleague))] == ["CareTeam"]


def test_the_same_person_twice_is_refused_whatever_the_unit(world: Any, cases: Any) -> None:
    """ct-11, R31."""
    member = world.person("eva")
    stored(world, "old", member, unit="annan")
    errors = cases.errors(world.check(world.contact(member)))
    assert [e.expression for e in errors] == ["CareTeam"]


def test_the_rules_leave_out_others_not_in_force_and_the_assignment_itself(world: Any) -> None:
    """R32: whatever the caller hands in; two that are both new do compete."""

    def facts(**more: Any) -> Any:
        team = world.contact(world.person("eva"), "4", **more)
        return assignments.facts_from(team, world.read, world.now)

    def said(one: Any, other: Any) -> int:
        return len(fast_vardkontakt.check(one, [other], [], world.now))

    assert said(facts(), facts()) == 1
    assert said(facts(id="a"), facts(id="b")) == 1
    assert said(facts(id="a"), facts(id="a")) == 0
    assert said(facts(id="a"), facts(id="b", status="inactive")) == 0
    assert said(facts(id="a"), facts(id="b", period={"end": "2026-03-02"})) == 0


def test_the_same_unit_by_another_version_or_hsa_system_is_the_same(world: Any, cases: Any) -> None:
    """DOMAIN 0.10: both systems of HSA-id name one unit."""
    here = [{"reference": "Organization/region/_history/2"}]
    stored(world, "old", world.person("ola"), managingOrganization=here)
    assert cases.errors(world.check(world.contact(world.person("eva"))))
    first, second = (
        [{"identifier": {"system": system, "value": "SE2321000214-TEST20"}}]
        for system in codes.HSA_ID_SYSTEMS
    )
    stored(world, "old", world.person("ola"), managingOrganization=first)
    assert cases.errors(
        world.check(world.contact(world.person("eva"), managingOrganization=second))
    )


def test_the_role_s_unit_counts_where_none_is_given(world: Any, cases: Any) -> None:
    stored(world, "old", world.person("ola"), managingOrganization=[])
    team = world.contact(world.person("eva"), managingOrganization=[])
    assert cases.errors(world.check(team))


def test_contacts_at_different_units_pass(world: Any, cases: Any) -> None:
    """R31."""
    stored(world, "old", world.person("ola", unit="kommun"), unit="kommun")
    assert not cases.errors(world.check(world.contact(world.person("eva"))))


def test_the_next_contact_at_the_unit_begins_after_the_first_ends(world: Any, cases: Any) -> None:
    """R46, R48."""
    stored(world, "old", world.person("ola"), period={"end": "2026-04-19"})
    team = world.contact(world.person("eva"), period={"start": "2026-04-20"})
    assert world.check(team) == []


# R45, ct-9


def deputy(member: str, start: str = "", end: str = "") -> dict[str, Any]:
    bounds = {name: value for name, value in (("start", start), ("end", end)) if value}
    parts: list[dict[str, Any]] = [{"url": "member", "valueReference": {"reference": member}}]
    if bounds:
        parts.append({"url": "period", "valuePeriod": bounds})
    return {"url": codes.DEPUTY, "extension": parts}


def with_deputy(world: Any, *deputies: dict[str, Any], **more: Any) -> Any:
    period = {"start": "2026-03-03", "end": "2026-03-31"}
    team = world.contact(world.person("eva"), **({"period": period} | more))
    team["participant"][0]["extension"] = [{"url": "urn:other", "valueString": "x"}, *deputies]
    return team


@pytest.mark.parametrize(
    "period", [("", ""), ("2026-03-09", "2026-03-13"), ("2026-03-03", "2026-03-31")]
)
def test_a_colleague_inside_the_period_may_be_deputy(world: Any, period: tuple[str, str]) -> None:
    """R45: Ola 9-13 March."""
    assert world.check(with_deputy(world, deputy(world.person("ola"), *period))) == []


@pytest.mark.parametrize("period", [("2026-03-02", "2026-03-13"), ("2026-03-09", "2026-04-01")])
def test_a_deputy_outside_the_period_is_refused(
    world: Any, cases: Any, period: tuple[str, str]
) -> None:
    """ct-9."""
    [error] = world.check(with_deputy(world, deputy(world.person("ola"), *period)))
    assert (error.severity, error.expression) == (
        "error",
        "CareTeam.participant[0].extension[1]",
    )


def test_the_contact_is_not_their_own_deputy_in_any_role(world: Any, cases: Any) -> None:
    """ct-9: nor through another role of the same person."""
    assert len(cases.errors(world.check(with_deputy(world, deputy("PractitionerRole/eva"))))) == 1
    world.person("eva-natt")
    world.resources["PractitionerRole/eva-natt"]["practitioner"] = {
        "reference": "Practitioner/eva-person"
    }
    team = with_deputy(world, deputy("PractitionerRole/eva-natt"))
    assert len(cases.errors(world.check(team))) == 1


def test_an_unknown_contact_is_not_their_own_deputy_either(world: Any, cases: Any) -> None:
    """ct-9, on an assignment on hold, where nobody needs to be in service."""
    nobody = deputy("PractitionerRole/nobody")
    team = with_deputy(world, nobody, status="suspended")
    team["participant"][0]["member"] = {"reference": "PractitionerRole/nobody"}
    assert len(cases.errors(world.check(team))) == 1


def test_an_unknown_deputy_draws_a_warning(world: Any, cases: Any) -> None:
    """R45: a named replacement."""
    issues = world.check(with_deputy(world, deputy("PractitionerRole/nobody")))
    assert cases.severities(issues) == [("warning", "HSF-4-1")]


def test_an_ended_assignment_may_leave_a_longer_deputy_behind(world: Any) -> None:
    ended = {
        "status": "inactive",
        "period": {"start": "2026-03-03", "end": "2026-03-10"},
        "extension": [{"url": codes.END_REASON, "valueCodeableConcept": {"text": "flyttat"}}],
    }
    team = with_deputy(world, deputy(world.person("ola"), "2026-03-09", "2026-03-13"), **ended)
    assert world.check(team) == []


# R20, ct-10


@pytest.mark.parametrize(
    ("has_end", "has_reason", "missing"),
    [
        (True, True, []),
        (False, True, ["CareTeam.period.end"]),
        (True, False, ["CareTeam.extension"]),
        (False, False, ["CareTeam.period.end", "CareTeam.extension"]),
    ],
)
def test_an_end_has_a_date_and_a_reason(
    world: Any, cases: Any, has_end: bool, has_reason: bool, missing: list[str]
) -> None:
    """R7, R20, R46, ct-10."""
    reason = [{"url": codes.END_REASON, "valueCodeableConcept": {"text": "behov upphört"}}]
    team = world.contact(
        world.person("eva"),
        status="inactive",
        period={"start": "2026-03-03"} | ({"end": "2026-04-20"} if has_end else {}),
        extension=reason if has_reason else [],
    )
    assert [issue.expression for issue in cases.errors(world.check(team))] == missing


def test_an_active_assignment_whose_period_is_over_draws_a_warning(world: Any, cases: Any) -> None:
    """R48: it competes with nobody, and the status is to be set."""
    stored(world, "old", world.person("sara"), "4", period={"start": "2025-01-01"})
    team = world.contact(world.person("eva"), "4", period={"end": "2026-03-02"})
    assert [i.expression for i in world.check(team)] == ["CareTeam.period.end"]


# Statuses


def test_a_proposal_hears_the_same_as_warnings(world: Any, cases: Any) -> None:
    stored(world, "old", world.person("sara"), "4")
    world.now = cases.at("2026-08-01T09:00")
    team = world.contact({}, "4", status="proposed")
    issues = world.check(team)
    assert len(issues) == 3
    assert not cases.errors(issues)


def test_a_proposal_still_has_one_person_of_one_type(world: Any, cases: Any) -> None:
    team = world.contact(world.person("eva"), "9", status="proposed")
    assert cases.errors(world.check(team))


def test_what_was_entered_in_error_is_left_alone(world: Any) -> None:
    assert world.check(world.contact({}, "9", status="entered-in-error")) == []


def test_a_suspended_contact_need_not_be_in_service(world: Any) -> None:
    team = world.contact(world.person("eva", active=False), status="suspended")
    assert world.check(team) == []


# R13, R14


def test_a_lone_coordinator_outside_health_care_draws_a_warning(world: Any, cases: Any) -> None:
    """R13, R14."""
    role = [{"coding": [{"system": codes.SNOMED, "code": codes.CARE_COORDINATOR}]}]
    team = world.contact(world.person("kim", code=role), "4")
    assert cases.severities(world.check(team)) == [("warning", "HSF-4-1")]
    stored(world, "nurse", world.person("sara", cases.licence("SJ")), unit="kommun")
    assert world.check(team) == []
