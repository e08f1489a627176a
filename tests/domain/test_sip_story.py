"""Scenario 6a, from the meeting on: a plan drafted, in force, copied, followed up, revised, closed."""

from __future__ import annotations

from collections.abc import Callable

from fhir_server.sweden import codes
from tests.domain.clinic import Clinic, code, part, reference, refusals, result, string
from tests.domain.life_cycle import moment, named, part_of
from tests.domain.plan_calls import (
    call,
    evaluated,
    followed_up,
    goal_of,
    ids_of,
    outcome_of,
    tasks,
)
from tests.domain.sip_calls import activity, follow_up, generate, goal, responsible

ALBERTINA = "Patient/albertina-hammar"
DOTTER = "RelatedPerson/albertina-dotter"
EVA, SARA = "PractitionerRole/eva-test-hc", "PractitionerRole/sara-test-hemsjukvard"


def test_from_the_meeting_to_the_end(demo: Callable[..., Clinic]) -> None:
    """R76, R81, R85-R87, R89, R92, R93: 12 March to September, every step on its day."""
    clinic = demo("a-elderly-discharge")
    by = reference(SARA)
    draft = result(
        generate(
            clinic,
            ALBERTINA,
            "draft",
            goal("Gå till brevlådan", label=string("brevlådan")),
            goal("Färre besök på akuten", expressedBy=reference(SARA)),
            activity(codes.REGION, "Väger varje vecka", owner=reference(EVA)),
            activity(codes.KOMMUN, "Hemtjänst", kind=code("sol"), goal=string("brevlådan")),
            activity(codes.ANNAN, "Dottern handlar", owner=reference(DOTTER)),
            follow_up("2026-04-16", responsible=reference(SARA)),
            meeting=reference("Appointment/albertina-sip-mote"),
        )
    )
    [lacking] = refusals(call(clinic, draft, "activate-sip", by=by))
    assert lacking[1:] == (["HSL-16-4", "SOL-10-8"], "CarePlan.extension")
    answered = responsible(organization=reference("Organization/ostersunds-kommun"))
    call(clinic, draft, "revise-sip", by=by, overallResponsible={"part": answered["part"]})

    at = moment("2026-03-12T14:00:00+01:00")
    plan = named(call(clinic, draft, "activate-sip", by=by, at=at))["return"]
    assert plan["period"] == {"start": "2026-03-12"}
    [task] = tasks(clinic, plan)
    assert task["authoredOn"] == "2026-03-12T14:00:00+01:00"
    assert task["restriction"]["period"]["end"] == "2026-04-16"

    sent = {"to": reference(ALBERTINA), "channel": code("brev"), "at": moment("2026-03-13")}
    plan = named(call(clinic, plan, "record-plan-copy", by=by, **sent))["return"]
    assert part_of(plan, codes.COPY_GIVEN, "at") == "2026-03-13"

    plan = named(
        followed_up(
            clinic,
            plan,
            "andras",
            by=by,
            at=moment("2026-04-16T10:00:00+02:00"),
            next={"valueDate": "2026-06-15"},
            text=string("Jag orkar gå till grinden. Hemtjänsten kommer för tidigt."),
            goal=evaluated(plan["goal"][0]["reference"], "improving"),
            activity=outcome_of(ids_of(plan)[0], status=code("in-progress")),
        )
    )["return"]
    assert {each["status"] for each in tasks(clinic, plan)} == {"completed", "requested"}

    later = part(
        activity=string(ids_of(plan)[1]), description=string("Hemtjänst efter klockan nio")
    )
    day = {"at": moment("2026-04-20"), "status": code("active")}
    response = call(clinic, plan, "revise-sip", by=by, activity=later, **day)
    second = named(response)["return"]
    assert ids_of(second) == ids_of(plan)
    assert second["goal"] == plan["goal"]
    assert clinic.read(f"CarePlan/{plan['id']}")["status"] == "completed"

    reached = [evaluated(each["reference"], "achieved") for each in second["goal"]]
    end = followed_up(clinic, second, "avslutas", by=by, at=moment("2026-06-15"), goal=reached)
    closed = named(end)["return"]
    assert (closed["status"], closed["period"]["end"]) == ("completed", "2026-06-15")
    assert part_of(closed, codes.PLAN_END, "reason") == codes.MAL_UPPNADDA
    assert goal_of(clinic, second)["lifecycleStatus"] == "completed"
    history = clinic.fhir.get(f"CarePlan?replaces=CarePlan/{plan['id']}").json
    assert [entry["resource"]["id"] for entry in history["entry"]] == [second["id"]]
