"""What a withdrawn consent to a SIP ends, whichever way it is written (R78, R80, R84)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from pymongo import MongoClient

from fhir_server.sweden import codes
from tests.domain.clinic import (
    Clinic,
    Json,
    days,
    errors,
    extension,
    paragraphs,
    refusals,
    transaction,
)
from tests.domain.consent_calls import (
    ENDED,
    GOES_ON,
    Planned,
    active,
    call,
    guardian,
    meeting_of,
    planned,
    sip,
    statuses,
)
from tests.domain.sip_calls import consent_to_sip

Way = Callable[[Clinic, Planned], Any]


def by_put(clinic: Clinic, sip_: Planned) -> Any:
    return clinic.fhir.put(sip_.consent, clinic.read(sip_.consent) | {"status": "inactive"})


def by_json_patch(clinic: Clinic, sip_: Planned) -> Any:
    patch = [{"op": "replace", "path": "/status", "value": "inactive"}]
    return patched(clinic, sip_.consent, patch, "application/json-patch+json")


def by_merge_patch(clinic: Clinic, sip_: Planned) -> Any:
    patch = {"status": "rejected"}
    return patched(clinic, sip_.consent, patch, "application/merge-patch+json")


def by_end(clinic: Clinic, sip_: Planned) -> Any:
    over = {"type": "permit", "period": {"end": days(-1)}}
    return clinic.fhir.put(sip_.consent, clinic.read(sip_.consent) | {"provision": over})


def by_transaction(clinic: Clinic, sip_: Planned) -> Any:
    gone = clinic.read(sip_.consent) | {"status": "inactive"}
    return clinic.fhir.post("", transaction(("PUT", sip_.consent, gone)))


def by_batch(clinic: Clinic, sip_: Planned) -> Any:
    gone = clinic.read(sip_.consent) | {"status": "entered-in-error"}
    return clinic.fhir.post("", transaction(("PUT", sip_.consent, gone), kind="batch"))


def by_conditional_update(clinic: Clinic, sip_: Planned) -> Any:
    gone = clinic.read(sip_.consent) | {"status": "inactive"}
    return clinic.fhir.put(f"Consent?patient={sip_.patient}", gone)


def by_a_new_no(clinic: Clinic, sip_: Planned) -> Any:
    return clinic.fhir.post("Consent", consent_to_sip(sip_.patient, "deny"))


def by_a_no_spelled_otherwise(clinic: Clinic, sip_: Planned) -> Any:
    spelled = {"reference": f"http://localhost/fhir/{sip_.patient}/_history/1"}
    return clinic.fhir.post("Consent", consent_to_sip(sip_.patient, "deny") | {"patient": spelled})


def by_turning_it(clinic: Clinic, sip_: Planned) -> Any:
    return clinic.fhir.put(
        sip_.consent, clinic.read(sip_.consent) | {"provision": {"type": "deny"}}
    )


def by_giving_it_to_another(clinic: Clinic, sip_: Planned) -> Any:
    other = {"reference": clinic.patient()}
    return clinic.fhir.put(sip_.consent, clinic.read(sip_.consent) | {"patient": other})


def by_another_category(clinic: Clinic, sip_: Planned) -> Any:
    other = [{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}]
    return clinic.fhir.put(sip_.consent, clinic.read(sip_.consent) | {"category": other})


def by_delete(clinic: Clinic, sip_: Planned) -> Any:
    assert clinic.unchecked
    return clinic.unchecked().delete(sip_.consent)


def patched(clinic: Clinic, url: str, patch: Any, type_: str) -> Any:
    return clinic.fhir.client.patch(f"/fhir/{url}", data=json.dumps(patch), content_type=type_)


WAYS = [
    by_put, by_json_patch, by_merge_patch, by_end, by_transaction, by_batch, by_conditional_update,
    by_a_new_no, by_a_no_spelled_otherwise, by_turning_it, by_giving_it_to_another, by_another_category, by_delete,
]  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_withdraw_ends_the_plan_and_what_was_called_for_it(
    clinic: Clinic, way: Way
) -> None:
    """R78: in the same moment."""
    sip_ = planned(clinic)
    assert statuses(clinic, sip_) == GOES_ON
    response = way(clinic, sip_)
    assert response.status_code in (200, 201, 204), response.text
    assert statuses(clinic, sip_) == ENDED


def test_the_plan_says_why_it_ended_and_passes_validation(clinic: Clinic) -> None:
    """R78, R93: the version before is kept."""
    sip_ = planned(clinic)
    by_put(clinic, sip_)
    plan = clinic.read(sip_.plan)
    end = {part["url"]: part for part in extension(plan, codes.PLAN_END)["extension"]}
    assert end["reason"]["valueCode"] == codes.SAMTYCKE_ATERKALLAT
    assert plan["period"]["end"] == end["at"]["valueDateTime"]
    assert clinic.read(f"{sip_.plan}/_history/1")["status"] == "active"
    for each in (sip_.plan, sip_.meeting, *sip_.calls.values(), sip_.follow_up):
        kind = each.split("/")[0]
        response = clinic.fhir.post(f"{kind}/$validate", clinic.read(each))
        assert errors(response) == []


def test_who_withdraws_is_told_what_it_changed(clinic: Clinic) -> None:
    """R78: the answer names the resources."""
    sip_ = planned(clinic)
    gone = clinic.read(sip_.consent) | {"status": "inactive"}
    response = clinic.fhir.put(sip_.consent, gone, Prefer="return=OperationOutcome")
    told = " ".join(i["diagnostics"] for i in response.json["issue"])
    assert f"{sip_.plan} (revoked)" in told
    assert f"{sip_.meeting} (cancelled)" in told


def test_a_withdrawal_for_one_actor_calls_that_one_off(clinic: Clinic) -> None:
    """R78, R84: the plan goes on, and the meeting without them."""
    sip_ = planned(clinic)
    without = {
        "type": "permit",
        "provision": [{"type": "deny", "actor": [recipient(sip_.kommun)]}],
    }
    clinic.put(clinic.read(sip_.consent) | {"provision": without})
    assert statuses(clinic, sip_) == GOES_ON | {"kommun": "cancelled"}
    called = [p["actor"]["reference"] for p in clinic.read(sip_.meeting)["participant"]]
    assert called == [sip_.patient, sip_.nurse]
    without["provision"] += [{"type": "deny", "actor": [recipient(sip_.region)]}]
    clinic.put(clinic.read(sip_.consent) | {"provision": without})
    assert statuses(clinic, sip_) == GOES_ON | {
        "region": "cancelled", "kommun": "cancelled", "meeting": "cancelled",
    }  # fmt: skip


def test_a_no_for_one_actor_ends_no_plan(clinic: Clinic) -> None:
    """R78: it is a no to that actor."""
    sip_ = planned(clinic)
    no = {"type": "deny", "actor": [recipient(sip_.kommun)]}
    clinic.put(consent_to_sip(sip_.patient, provision=no))
    assert statuses(clinic, sip_) == GOES_ON | {"kommun": "cancelled"}


def test_what_takes_nothing_away_changes_nothing(clinic: Clinic) -> None:
    """R78: a further permission, another person's no, a note on the consent."""
    sip_ = planned(clinic)
    clinic.put(consent_to_sip(sip_.patient))
    clinic.put(consent_to_sip(clinic.patient(), "deny"))
    clinic.put(clinic.read(sip_.consent) | {"language": "sv"})
    assert statuses(clinic, sip_) == GOES_ON


def test_a_plan_that_rests_on_two_consents_goes_on_with_one(clinic: Clinic) -> None:
    """R78."""
    sip_ = planned(clinic)
    other = clinic.put(consent_to_sip(sip_.patient))
    plan = clinic.read(sip_.plan)
    clinic.put(plan | {"supportingInfo": [*plan["supportingInfo"], {"reference": other}]})
    by_put(clinic, sip_)
    assert statuses(clinic, sip_) == GOES_ON


def test_what_is_over_or_answered_stays_as_it_is(clinic: Clinic) -> None:
    """R93: a meeting that was held, a call that was declined, a plan that was closed."""
    sip_ = planned(clinic)
    held = meeting_of(sip_.patient, sip_.plan, sip_.nurse, start=f"{days(-3)}T13:00:00+01:00")
    held["end"] = f"{days(-3)}T14:00:00+01:00"
    past = clinic.put(held)
    reason = {"text": "Kan inte"}
    said = call(sip_.patient, sip_.plan, sip_.kommun, sip_.nurse)
    declined = clinic.put(said | {"status": "rejected", "statusReason": reason})
    draft = sip(clinic, sip_.patient, sip_.consent, sip_.region, sip_.kommun, sip_.nurse)
    kept = clinic.put(draft | {"status": "draft"})
    by_put(clinic, sip_)
    assert clinic.read(past)["status"] == "booked"
    assert clinic.read(declined)["status"] == "rejected"
    assert clinic.read(kept)["status"] == "draft"


def test_a_childs_plan_ends_when_one_guardian_takes_the_consent_back(clinic: Clinic) -> None:
    """R80: föräldrabalken 6 kap. 11 §; also where each gave one of their own."""
    child = clinic.patient(birthDate=days(-12 * 365))
    mum, dad = guardian(clinic, child), guardian(clinic, child)
    sip_ = planned(clinic, {"performer": [{"reference": mum}, {"reference": dad}]}, patient=child)
    clinic.put(clinic.read(sip_.consent) | {"performer": [{"reference": mum}]})
    assert statuses(clinic, sip_) == ENDED
    his = clinic.put(consent_to_sip(child, performer=[{"reference": dad}]))
    both = [{"reference": sip_.consent}, {"reference": his}]
    plan = sip(clinic, child, sip_.consent, sip_.region, sip_.kommun, sip_.nurse)
    response = clinic.fhir.post("CarePlan", plan)
    assert [paragraphs(issue)[0] for issue in errors(response)] == ["FB-6-11"]
    url = f"CarePlan/{clinic.fhir.create(plan | {'supportingInfo': both})['id']}"
    clinic.put(clinic.read(his) | {"status": "inactive"})
    assert clinic.read(url)["status"] == "revoked"


def test_a_plan_in_the_same_bundle_is_judged_as_it_is_sent(clinic: Clinic) -> None:
    """R78: consent withdrawn and the plan left active is refused; closed by the client is kept."""
    sip_ = planned(clinic)
    gone = clinic.read(sip_.consent) | {"status": "inactive"}
    plan = clinic.read(sip_.plan)
    response = clinic.fhir.post(
        "", transaction(("PUT", sip_.consent, gone), ("PUT", sip_.plan, plan | {"title": "Ny"}))
    )
    assert response.status_code == 422
    assert statuses(clinic, sip_) == GOES_ON
    closed = plan | {"status": "completed"}
    response = clinic.fhir.post(
        "", transaction(("PUT", sip_.consent, gone), ("PUT", sip_.plan, closed))
    )
    assert response.status_code == 200, response.text
    assert clinic.read(sip_.plan)["status"] == "completed"


def test_a_plan_with_defects_of_old_ends_all_the_same(
    clinic: Clinic, mongo_uri: str, database: str
) -> None:
    """R78: nothing stands in the way of a withdrawal."""
    sip_ = planned(clinic)
    with MongoClient[Json](mongo_uri) as client:
        found = client[database]["resources"]
        body = found.find_one({"_id": sip_.plan})
        assert body
        spoiled = bytes(body["b"]).replace(b'"intent":"plan"', b'"intent":"guess"')
        found.update_one({"_id": sip_.plan}, {"$set": {"b": spoiled}})
    by_put(clinic, sip_)
    assert clinic.read(sip_.plan)["status"] == "revoked"


def test_a_generated_narrative_goes_with_what_it_tells(clinic: Clinic) -> None:
    """R93: what was written for the plan in force would contradict it."""
    sip_ = planned(clinic)
    div = '<div xmlns="http://www.w3.org/1999/xhtml">Planen gäller.</div>'
    clinic.put(clinic.read(sip_.plan) | {"text": {"status": "generated", "div": div}})
    by_put(clinic, sip_)
    assert "text" not in clinic.read(sip_.plan)


def test_nobody_is_called_whom_the_person_does_not_want(clinic: Clinic) -> None:
    """R78, R84: after a withdrawal, or for the actor that was left out; relatives as others."""
    sip_ = planned(clinic)
    without = {"type": "permit", "provision": [{"type": "deny", "actor": [recipient(sip_.kommun)]}]}
    clinic.put(clinic.read(sip_.consent) | {"provision": without})
    refused = clinic.fhir.post("Task", call(sip_.patient, sip_.plan, sip_.kommun, sip_.nurse))
    assert refusals(refused) == [("business-rule", ["HSL-16-4", "SOL-10-8"], "Task.owner")]
    clinic.put(call(sip_.patient, sip_.plan, sip_.region, sip_.nurse))
    by_put(clinic, sip_)
    for called in (sip_.region, guardian(clinic, sip_.patient)):
        again = call(sip_.patient, sip_.plan, called, sip_.nurse)
        assert len(refusals(clinic.fhir.post("Task", again))) == 1
    clinic.put(call(sip_.patient, sip_.plan, sip_.patient, sip_.nurse))
    closed = call(sip_.patient, sip_.plan, sip_.region, sip_.nurse) | {"status": "completed"}
    clinic.put(closed)


def test_a_plan_may_be_made_again_once_the_person_has_changed_their_mind(clinic: Clinic) -> None:
    """R78."""
    sip_ = planned(clinic)
    by_put(clinic, sip_)
    anew = clinic.put(consent_to_sip(sip_.patient))
    plan = active(clinic, sip_.patient, anew, sip_.region, sip_.kommun, sip_.nurse)
    assert clinic.read(plan)["status"] == "active"


def recipient(unit: str) -> Json:
    role = {"system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "code": "IRCP"}
    return {"role": {"coding": [role]}, "reference": {"reference": unit}}
