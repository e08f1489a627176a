"""The law on named contacts, by R-number and ct-invariant (DOMAIN 1.1, 1.2, 5.3)."""

from typing import Any

import pytest

from fhir_server.sweden import assignments, codes, fast_vardkontakt


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
