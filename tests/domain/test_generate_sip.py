"""$generate-sip over the whole application: what the plan is made of, and what is stored."""

from __future__ import annotations

from fhir_server.interactions.context import Server
from fhir_server.sweden import codes
from tests.domain.clinic import (
    Clinic,
    Json,
    advice,
    category,
    clinical,
    code,
    days,
    ended,
    extension,
    fast_kontakt,
    participant,
    reference,
    result,
    string,
)
from tests.domain.sip_calls import (
    SIP_CATEGORY,
    YES,
    activity,
    complete,
    consent_to_sip,
    follow_up,
    generate,
    goal,
    ready,
    responsible,
)


def references(plan: Json, name: str) -> set[str]:
    return {each["reference"] for each in plan.get(name, [])}


def goals_of(clinic: Clinic, plan: Json) -> list[Json]:
    return [clinic.read(each["reference"]) for each in plan.get("goal", [])]


# ---- from the call ----------------------------------------------------------------------------


def test_a_complete_active_plan_needs_no_outcome(clinic: Clinic, app_server: Server) -> None:
    """R75-R77, R89, R92: the law has nothing more to ask for."""
    patient = ready(clinic)
    response = generate(clinic, patient, "active", *complete())
    plan = result(response)
    assert advice(response) == []
    assert "outcome" not in {p["name"] for p in response.json["parameter"]}
    assert response.headers["Location"].endswith(f"CarePlan/{plan['id']}/_history/1")
    assert clinic.read(f"CarePlan/{plan['id']}") == plan
    assert (plan["status"], plan["intent"]) == ("active", "plan")
    assert plan["category"] == [category(codes.CARE_PLAN_CATEGORY, codes.SIP)]
    assert plan["subject"] == {"reference": patient}
    assert plan["period"] == {"start": days(0)}
    assert plan["title"] == "Samordnad individuell plan"
    for stored in (plan, *goals_of(clinic, plan)):
        assert [i for i in app_server.validator.validate(stored) if i.severity == "error"] == []


def test_goals_are_stored_beside_the_plan_and_linked(clinic: Clinic) -> None:
    """R89: each goal is a Goal, whose it is, when, how important."""
    patient = ready(clinic)
    daughter = clinic.put({"resourceType": "RelatedPerson", "patient": {"reference": patient}})
    before = clinic.count("Goal")
    wish = goal(
        "Träffa vänner",
        expressedBy=reference(daughter),
        due={"valueDate": "2027-06-01"},
        priority=code("high-priority"),
    )
    plan = result(generate(clinic, patient, "draft", goal(), wish))
    assert clinic.count("Goal") == [before[0] + 2]
    first, second = goals_of(clinic, plan)
    assert first["description"] == {"text": "Gå till brevlådan"}
    assert first["expressedBy"] == {"reference": patient}, "the person's own, unless told"
    assert first["subject"] == second["subject"] == {"reference": patient}
    assert first["lifecycleStatus"] == "proposed"
    assert "target" not in first
    assert second["description"] == {"text": "Träffa vänner"}
    assert second["expressedBy"] == {"reference": daughter}
    assert second["target"] == [{"dueDate": "2027-06-01"}]
    assert second["priority"]["coding"][0]["code"] == "high-priority"
    assert first["meta"]["profile"] == [codes.structure("sip-goal")]


def test_the_goals_of_an_active_plan_are_active(clinic: Clinic) -> None:
    """R89."""
    plan = result(generate(clinic, ready(clinic), "active", *complete()))
    assert [each["lifecycleStatus"] for each in goals_of(clinic, plan)] == ["active"]


def test_activities_name_goals_by_label_or_number(clinic: Clinic) -> None:
    """R89: goals for planned measures."""
    patient = ready(clinic)
    plan = result(
        generate(
            clinic,
            patient,
            "draft",
            goal("Ett", label=string("brevlådan")),
            goal("Två"),
            activity(codes.REGION, goal=[string("brevlådan"), string("2")]),
            activity(codes.KOMMUN, goal=string("1")),
            activity(codes.ANNAN),
        )
    )
    one, two = (each["reference"] for each in plan["goal"])
    linked = [
        [each["reference"] for each in activity_["detail"].get("goal", [])]
        for activity_ in plan["activity"]
    ]
    assert linked == [[one, two], [one], []]


def test_a_label_comes_before_a_number(clinic: Clinic) -> None:
    """A goal labelled 2 is meant by 2, also where another is the second."""
    plan = result(
        generate(
            clinic,
            ready(clinic),
            "draft",
            goal("Ett", label=string("2")),
            goal("Två"),
            activity(codes.REGION, goal=string("2")),
        )
    )
    assert plan["activity"][0]["detail"]["goal"] == [plan["goal"][0]]


def test_the_huvudman_of_each_activity_is_kept(clinic: Clinic) -> None:
    """R76, R87: what each answers for, and measures by others."""
    patient, unit = ready(clinic), clinic.unit(codes.KOMMUN)
    period = {"start": "2026-03-01", "end": "2026-06-01"}
    plan = result(
        generate(
            clinic,
            patient,
            "draft",
            activity(codes.REGION, "Väger varje vecka"),
            activity(
                codes.KOMMUN, "Hemtjänst", owner=reference(unit), period={"valuePeriod": period}
            ),
            activity(codes.ANNAN, "Dottern handlar", owner=reference(patient)),
        )
    )
    assert [extension(each, codes.HUVUDMAN)["valueCode"] for each in plan["activity"]] == [
        codes.REGION,
        codes.KOMMUN,
        codes.ANNAN,
    ]
    assert [each["detail"]["description"] for each in plan["activity"]] == [
        "Väger varje vecka",
        "Hemtjänst",
        "Dottern handlar",
    ]
    home = plan["activity"][1]["detail"]
    assert home["performer"] == [{"reference": unit}]
    assert home["scheduledPeriod"] == period
    assert references(plan, "contributor") == {unit, patient}


def test_all_else_the_call_says_has_its_place(clinic: Clinic, app_server: Server) -> None:
    """R76, R77, R91, R92, R96."""
    patient, nurse, unit = ready(clinic), clinic.nurse(), clinic.unit(codes.KOMMUN)
    meeting = clinic.put(
        {
            "resourceType": "Appointment",
            "status": "proposed",
            "participant": [{"actor": {"reference": patient}, "status": "accepted"}],
        }
    )
    plan = result(
        generate(
            clinic,
            patient,
            "draft",
            responsible(codes.KOMMUN, organization=reference(unit)),
            follow_up("2027-04-16", responsible=reference(nurse)),
            title=string("Plan för Albertina"),
            description=string("Vill bo hemma."),
            need=[string("Trygghet"), string("Hjälp på morgonen")],
            meeting=reference(meeting),
            author=reference(nurse),
        )
    )
    assert plan["title"] == "Plan för Albertina"
    assert plan["description"] == "Vill bo hemma."
    assert plan["author"] == {"reference": nurse}
    overall = extension(plan, codes.OVERALL_RESPONSIBLE)["extension"]
    assert overall == [
        {"url": "huvudman", "valueCode": codes.KOMMUN},
        {"url": "organization", "valueReference": {"reference": unit}},
    ]
    assert extension(plan, codes.FOLLOW_UP)["extension"] == [
        {"url": "date", "valueDate": "2027-04-16"},
        {"url": "responsible", "valueReference": {"reference": nurse}},
    ]
    assert extension(plan, codes.structure("sip-meeting"))["valueReference"] == {
        "reference": meeting
    }
    needs = [e for e in plan["extension"] if e["url"] == codes.structure("sip-need")]
    assert [need["valueString"] for need in needs] == ["Trygghet", "Hjälp på morgonen"]
    basis = [e for e in plan["extension"] if e["url"] == codes.structure("legal-basis")]
    assert {"HSL-16-4", "SOL-10-8"} <= {each["valueCoding"]["code"] for each in basis}
    assert [i for i in app_server.validator.validate(plan) if i.severity == "error"] == []


# ---- from the store ---------------------------------------------------------------------------


def test_contacts_and_teams_are_gathered(clinic: Clinic) -> None:
    """R86, R92: those in force or to come; what is over, proposed or another's is not."""
    patient = clinic.patient()
    team = clinic.put(
        {"resourceType": "CareTeam", "status": "active", "subject": {"reference": patient}}
    )
    contact = clinic.fhir.create(fast_kontakt(patient, clinic.nurse()))
    coming = clinic.fhir.create(
        fast_kontakt(patient, clinic.nurse(), "1", period={"start": days(30)})
    )
    over = fast_kontakt(patient, clinic.nurse(), "4", period={"start": "2024-01-01"})
    left = clinic.fhir.create(over | {"period": {"start": "2024-01-01", "end": "2024-02-01"}})
    old = clinic.fhir.create(ended(over, "2024-03-01"))
    clinic.fhir.create(fast_kontakt(patient, clinic.nurse(), status="proposed"))
    clinic.fhir.create(fast_kontakt(clinic.patient(), clinic.nurse()))
    plan = result(generate(clinic, patient, "draft"))
    assert references(plan, "careTeam") == {
        team,
        f"CareTeam/{contact['id']}",
        f"CareTeam/{coming['id']}",
    }
    assert not {f"CareTeam/{left['id']}", f"CareTeam/{old['id']}"} & references(plan, "careTeam")


def test_teams_in_the_call_stand_beside_those_found(clinic: Clinic) -> None:
    """Each once, those of the call first."""
    patient = clinic.patient()
    team = clinic.put(
        {"resourceType": "CareTeam", "status": "active", "subject": {"reference": patient}}
    )
    other = clinic.put({"resourceType": "CareTeam", "status": "active"})
    given = [reference(other), reference(team), reference(team)]
    plan = result(generate(clinic, patient, "draft", careTeam=given))
    assert [each["reference"] for each in plan["careTeam"]] == [other, team]


def test_the_coordinator_is_the_author_or_else_the_fast_vardkontakt(clinic: Clinic) -> None:
    """R92: fast vårdkontakt keeps the plan current."""
    patient, nurse, coordinator = clinic.patient(), clinic.nurse(), clinic.nurse()
    assert "author" not in result(generate(clinic, patient, "draft"))
    result(clinic.assign(patient, clinic.physician(), "2"))
    assert "author" not in result(generate(clinic, patient, "draft"))
    result(clinic.assign(patient, nurse))
    assert result(generate(clinic, patient, "draft"))["author"] == {"reference": nurse}
    result(clinic.assign(patient, coordinator, "4"))
    assert result(generate(clinic, patient, "draft"))["author"] == {"reference": coordinator}


def test_one_who_is_no_longer_or_not_yet_contact_is_not_the_author(clinic: Clinic) -> None:
    """R92: nor a member of some team who carries the code."""
    patient = clinic.patient()
    past = {"start": "2024-01-01", "end": "2024-12-31"}
    clinic.fhir.create(fast_kontakt(patient, clinic.nurse(), "4", period=past))
    clinic.fhir.create(fast_kontakt(patient, clinic.nurse(), "4", period={"start": days(9)}))
    unsaid = participant(clinic.nurse(), "4")
    del unsaid["member"]
    clinic.fhir.create(fast_kontakt(patient, "", category=None, participant=[unsaid]))
    assert "author" not in result(generate(clinic, patient, "draft"))


def test_active_conditions_are_addressed_and_others_are_not(clinic: Clinic) -> None:
    """R86: what the plan is about now."""
    patient = clinic.patient()

    def condition(status: str, **more: object) -> str:
        return clinic.put(
            {
                "resourceType": "Condition",
                "subject": {"reference": patient},
                "clinicalStatus": clinical(status),
            }
            | more
        )

    active = {condition(status) for status in ("active", "recurrence", "relapse")}
    for status in ("inactive", "remission", "resolved"):
        condition(status)
    doubt = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
    condition("active", verificationStatus=category(doubt, "refuted"))
    condition("active", subject={"reference": clinic.patient()})
    clinic.put({"resourceType": "Condition", "subject": {"reference": patient}})
    assert references(result(generate(clinic, patient, "draft")), "addresses") == active


def test_the_inpatient_stay_in_progress_is_the_encounter(clinic: Clinic) -> None:
    """R60: the latest one; a visit is no stay, and the call decides where it says so."""
    patient = clinic.patient()

    def encounter(start: str, kind: str = "IMP", status: str = "in-progress") -> str:
        return clinic.put(
            {
                "resourceType": "Encounter",
                "status": status,
                "class": {"code": kind},
                "subject": {"reference": patient},
                "period": {"start": start},
            }
        )

    assert "encounter" not in result(generate(clinic, patient, "draft"))
    encounter("2026-03-09", "AMB")
    encounter("2026-03-08", status="finished")
    encounter("2026-03-01")
    latest = encounter("2026-03-02")
    assert result(generate(clinic, patient, "draft"))["encounter"] == {"reference": latest}
    other = encounter("2025-01-01", status="finished")
    given = result(generate(clinic, patient, "draft", encounter=reference(other)))
    assert given["encounter"] == {"reference": other}


def test_other_active_plans_are_linked_and_other_sips_are_not(clinic: Clinic) -> None:
    """R85, R86: link instead of duplicate."""
    patient = ready(clinic)
    plan = {
        "resourceType": "CarePlan",
        "intent": "plan",
        "status": "active",
        "subject": {"reference": patient},
        "category": [category(codes.CARE_PLAN_CATEGORY, "VP")],
        "author": {"reference": clinic.nurse()},
        "created": days(0),
        "title": "Vårdplan",
    }
    vardplan = clinic.put(plan)
    clinic.put(plan | {"status": "completed"})
    clinic.put(plan | {"subject": {"reference": clinic.patient()}})
    result(generate(clinic, patient, "active", *complete()))
    second = result(generate(clinic, patient, "draft", despiteExisting=YES))
    linked = references(second, "supportingInfo")
    assert {each for each in linked if each.startswith("CarePlan/")} == {vardplan}


def test_what_is_stored_is_found_again(clinic: Clinic) -> None:
    """R93: by patient and category, and by the project's own search parameters."""
    patient = ready(clinic)
    consent = clinic.put(consent_to_sip(patient))
    plan = result(generate(clinic, patient, "active", *complete(), consent=reference(consent)))
    for query in (
        f"patient={patient}&category={SIP_CATEGORY}",
        f"subject={patient}&status=active",
        f"patient={patient}&huvudman=region",
        f"patient={patient}&huvudman=kommun",
        f"consent={consent}",
        f"goal={plan['goal'][0]['reference']}",
    ):
        found = clinic.fhir.get(f"CarePlan?{query}").json
        assert [entry["resource"]["id"] for entry in found["entry"]] == [plan["id"]], query
    assert clinic.fhir.get(f"CarePlan?patient={patient}&huvudman=annan").json["total"] == 0
    assert clinic.fhir.get(f"Goal?patient={patient}").json["total"] == 1
