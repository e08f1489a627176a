"""$record-plan-copy: who got the plan in writing, when and how."""

from __future__ import annotations

import base64
from typing import Any

from fhir_server.sweden import codes
from tests.domain.clinic import (
    Clinic,
    Json,
    category,
    code,
    days,
    outcome_issues,
    paragraphs,
    reference,
    refusals,
)
from tests.domain.life_cycle import moment, named, part_of
from tests.domain.plan_calls import active_plan, call, draft_plan
from tests.domain.sip_calls import consent_to_sip, ready

GUARDIAN = [category("http://terminology.hl7.org/CodeSystem/v3-RoleCode", "GUARD")]


def copied(clinic: Clinic, plan: Json, to: str, /, **more: Json) -> Any:
    given = {"to": reference(to), "channel": code("brev"), **more}
    return call(clinic, plan, "record-plan-copy", **given)


def relative(clinic: Clinic, patient: str, **more: Any) -> str:
    return clinic.put({"resourceType": "RelatedPerson", "patient": {"reference": patient}} | more)


def test_the_copy_stands_in_the_plan_and_in_a_communication(clinic: Clinic) -> None:
    """R81: to whom, how, when, and by whom."""
    patient = ready(clinic)
    plan = active_plan(clinic, patient)
    response = copied(clinic, plan, patient, at=moment(days(0)))
    after, sent = named(response)["return"], named(response)["communication"]
    assert part_of(after, codes.COPY_GIVEN, "to") == {"reference": patient}
    assert part_of(after, codes.COPY_GIVEN, "channel") == "brev"
    assert part_of(after, codes.COPY_GIVEN, "at") == days(0)
    assert sent["category"] == [category(codes.COMMUNICATION_CATEGORY_SYSTEM, codes.PLANKOPIA)]
    assert sent["about"] == [{"reference": f"CarePlan/{plan['id']}"}]
    assert (sent["recipient"], sent["sender"]) == ([{"reference": patient}], plan["author"])
    assert "outcome" not in named(response)


def test_every_copy_is_kept(clinic: Clinic) -> None:
    """R81: none takes another's place."""
    patient = ready(clinic)
    plan = active_plan(clinic, patient)
    copied(clinic, plan, patient)
    after = named(copied(clinic, plan, patient, channel=code("1177")))["return"]
    assert len([e for e in after["extension"] if e["url"] == codes.COPY_GIVEN]) == 2


def test_the_document_is_kept_as_it_was_given(clinic: Clinic) -> None:
    """R81, R93: of that version of the plan."""
    patient = ready(clinic)
    plan = active_plan(clinic, patient)
    page = base64.b64encode(b"<html/>").decode()
    attachment = {"contentType": "text/html", "data": page, "title": "SIP"}
    response = copied(clinic, plan, patient, document={"valueAttachment": attachment})
    document, sent = named(response)["document"], named(response)["communication"]
    assert document["content"] == [{"attachment": attachment}]
    assert document["context"]["related"] == [{"reference": f"CarePlan/{plan['id']}"}]
    url = f"DocumentReference/{document['id']}"
    assert sent["payload"] == [{"contentReference": {"reference": url}}]
    assert clinic.read(url) == document


def test_a_document_is_there_or_somewhere(clinic: Clinic) -> None:
    """R81."""
    patient = ready(clinic)
    empty = {"valueAttachment": {"title": "SIP"}}
    response = copied(clinic, active_plan(clinic, patient), patient, document=empty)
    assert [where for *_, where in refusals(response, 400)] == ["document"]


def test_a_guardian_gets_the_childs_and_a_relative_where_the_person_agrees(
    clinic: Clinic,
) -> None:
    """R80, R81: secrecy asks for the person's consent (OSL 12 kap. 2 §)."""
    child = clinic.patient(birthDate="2015-05-14")
    mother = relative(clinic, child, relationship=GUARDIAN)
    clinic.put(consent_to_sip(child, performer=[{"reference": mother}]))
    clinic.assign(child, clinic.nurse())
    plan = active_plan(clinic, child)
    told = outcome_issues(copied(clinic, plan, mother))
    assert [i for i in told if i["code"] == "business-rule"] == []
    [issue] = outcome_issues(copied(clinic, plan, relative(clinic, child)))
    assert (issue["severity"], paragraphs(issue)) == ("warning", ["OSL-12-2"])
    grown = clinic.patient(birthDate="1961-01-18")
    clinic.put(consent_to_sip(grown))
    clinic.assign(grown, clinic.nurse())
    guardian = relative(clinic, grown, relationship=GUARDIAN)
    [issue] = outcome_issues(copied(clinic, active_plan(clinic, grown), guardian))
    assert paragraphs(issue) == ["OSL-12-2"]


def test_nobody_elses_relative_gets_it(clinic: Clinic) -> None:
    """R100: secrecy (OSL 25 kap. 1 §, 26 kap. 1 §)."""
    patient = ready(clinic)
    plan = active_plan(clinic, patient)
    former = relative(clinic, patient, active=False)
    for to in (clinic.patient(), relative(clinic, clinic.patient()), former):
        with clinic.nothing_stored("CarePlan", "Communication"):
            found = refusals(copied(clinic, plan, to))
            assert found == [("business-rule", ["OSL-25-1", "OSL-26-1"], "to")]


def test_a_draft_is_nothing_to_keep(clinic: Clinic) -> None:
    """R81, R90: the plan is, once it is in force; and what was in force may be asked for later."""
    patient = ready(clinic)
    draft = draft_plan(clinic, patient)
    assert refusals(copied(clinic, draft, patient), 409) == [("conflict", [], "CarePlan.status")]
    call(clinic, draft, "activate-sip")
    call(clinic, draft, "close-sip", reason=code("annat"))
    assert copied(clinic, draft, patient).status_code == 200


def test_it_is_not_recorded_before_it_was_given(clinic: Clinic) -> None:
    """R81."""
    patient = ready(clinic)
    response = copied(clinic, active_plan(clinic, patient), patient, at=moment(days(1)))
    assert [where for *_, where in refusals(response)] == ["at"]
