"""$export-sip and $receive-sip: a plan on two servers, changed on both."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from fhir_server.sweden import codes
from fhir_server.sweden.sharing import ALL_CLASSES
from tests.conftest import Fhir
from tests.domain.exchange_partners import (
    Partner,
    activity,
    conflicts,
    partner,
    personnummer,
    said,
    says,
    server,
    set_aside,
    stored_plan,
)


@pytest.fixture(scope="module")
def region_server(mongo_uri: str) -> Iterator[Fhir]:
    yield from server(mongo_uri, "region.example")


@pytest.fixture(scope="module")
def kommun_server(mongo_uri: str) -> Iterator[Fhir]:
    yield from server(mongo_uri, "kommun.example")


@pytest.fixture(scope="module")
def region(region_server: Fhir) -> Partner:
    return partner(region_server, region_server.create)


@pytest.fixture(scope="module")
def kommun(kommun_server: Fhir) -> Partner:
    return partner(kommun_server, kommun_server.create)


@pytest.fixture
def plan(region: Partner) -> str:
    return stored_plan(region, region.fhir.create, personnummer())


def _shared(region: Partner, kommun: Partner, plan: str) -> str:
    answer = kommun.receive(region.export(plan, sender="region"), receiver="kommun")
    return f"CarePlan/{answer['return'][0]['id']}"


def test_a_plan_arrives_whole_with_goal_consent_and_the_same_people(
    region: Partner, kommun: Partner, plan: str
) -> None:
    """R93: the plan is there with its identity, goals and consent; units are found by HSA-id."""
    copy = kommun.read(_shared(region, kommun, plan))
    assert copy["status"] == "active"
    assert said(copy) == said(region.read(plan))
    assert copy["author"]["reference"] == kommun.organizations["region"]
    assert {"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{plan[9:]}"} in copy["identifier"]
    goal = kommun.read(copy["goal"][0]["reference"])
    assert goal["description"]["text"] == "Gå till brevlådan"
    assert kommun.read(copy["supportingInfo"][0]["reference"])["status"] == "active"
    assert kommun.read(copy["subject"]["reference"])["name"][0]["family"] == "Testsson"
    assert kommun.count("Organization") == 2


def test_the_same_bundle_twice_changes_nothing(region: Partner, kommun: Partner, plan: str) -> None:
    """R93: nothing is duplicated when a Bundle comes again."""
    bundle = region.export(plan)
    first = kommun.receive(bundle)["return"][0]
    before = {kind: kommun.count(kind) for kind in ("CarePlan", "Goal", "Consent", "Patient")}
    again = kommun.receive(bundle)
    assert again["return"][0] == first
    assert "provenance" not in again
    assert {kind: kommun.count(kind) for kind in before} == before


def test_each_changes_its_own_activity_and_both_changes_are_on_both_servers(
    region: Partner, kommun: Partner, plan: str
) -> None:
    """R76, R93: changes of different activities at the same time are joined without a conflict."""
    copy = _shared(region, kommun, plan)
    region.change(plan, says("vikt", "Vikt två gånger i veckan"))
    kommun.change(copy, says("hemtjanst", "Hemtjänst fyra gånger om dagen"))
    there = kommun.receive(region.export(plan, sender="region"), receiver="kommun")
    assert conflicts(there) == {}
    back = region.receive(kommun.export(copy, sender="kommun"), receiver="region")
    assert conflicts(back) == {}
    both = {"vikt": "Vikt två gånger i veckan", "hemtjanst": "Hemtjänst fyra gånger om dagen"}
    assert said(region.read(plan)) == both
    assert said(kommun.read(copy)) == both


def test_new_and_removed_activities_travel(region: Partner, kommun: Partner, plan: str) -> None:
    """R76, R93: an activity added on one server is added on the other, one removed is removed."""
    copy = _shared(region, kommun, plan)
    kommun.change(
        copy, lambda p: p["activity"].append(activity(kommun, "kommun", "larm", "Trygghetslarm"))
    )
    region.receive(kommun.export(copy, sender="kommun"))
    assert "larm" in said(region.read(plan))
    kommun.change(
        copy,
        lambda p: p.update(activity=[a for a in p["activity"] if a["id"] != "hemtjanst"]),
    )
    region.receive(kommun.export(copy, sender="kommun"))
    assert set(said(region.read(plan))) == {"vikt", "larm"}


def test_both_changed_the_same_activity_the_owner_s_stands_and_the_other_is_kept(
    region: Partner, kommun: Partner, plan: str
) -> None:
    """R76, R93: the municipality's insats is the municipality's; what the region wrote is kept."""
    copy = _shared(region, kommun, plan)
    region.change(plan, says("hemtjanst", "Regionens ord"))
    kommun.change(copy, says("hemtjanst", "Kommunens ord"))
    there = kommun.receive(region.export(plan, sender="region"), receiver="kommun")
    assert conflicts(there) == {"activity:hemtjanst": "own"}
    assert said(kommun.read(copy))["hemtjanst"] == "Kommunens ord"
    [aside] = set_aside(there["provenance"][0])
    assert aside["detail"]["description"] == "Regionens ord"
    back = region.receive(kommun.export(copy, sender="kommun"), receiver="region")
    assert conflicts(back) == {"activity:hemtjanst": "received"}
    assert said(region.read(plan))["hemtjanst"] == "Kommunens ord"
    [aside] = set_aside(back["provenance"][0])
    assert aside["detail"]["description"] == "Regionens ord"
    # From now on they agree, and the next change is no conflict.
    kommun.change(copy, says("hemtjanst", "Nya ord"))
    assert conflicts(region.receive(kommun.export(copy, sender="kommun"))) == {}
    assert said(region.read(plan))["hemtjanst"] == "Nya ord"


def test_both_send_before_either_receives_and_both_choose_the_same(
    region: Partner, kommun: Partner, plan: str
) -> None:
    """R93: whoever receives first, the servers end with the same plan."""
    copy = _shared(region, kommun, plan)
    region.change(plan, lambda p: p.update(title="Regionens titel"))
    kommun.change(copy, lambda p: p.update(title="Kommunens titel"))
    from_region = region.export(plan, sender="region")
    from_kommun = kommun.export(copy, sender="kommun")
    there = kommun.receive(from_region, receiver="kommun")
    back = region.receive(from_kommun, receiver="region")
    assert conflicts(there) == {"element:title": "own"}
    assert conflicts(back) == {"element:title": "received"}
    assert region.read(plan)["title"] == kommun.read(copy)["title"] == "Kommunens titel"
    assert conflicts(region.receive(kommun.export(copy, sender="kommun"))) == {}
    assert conflicts(kommun.receive(region.export(plan, sender="region"))) == {}


def test_a_change_of_what_another_answers_for_is_a_proposal(
    region: Partner, kommun: Partner, plan: str
) -> None:
    """R76: the region's change of the municipality's insats does not overwrite it."""
    copy = _shared(region, kommun, plan)
    region.change(plan, says("hemtjanst", "Hemtjänst en gång om dagen"))
    there = kommun.receive(region.export(plan, sender="region"), receiver="kommun")
    assert conflicts(there) == {"activity:hemtjanst": "own"}
    assert said(kommun.read(copy))["hemtjanst"] == "Hemtjänst tre gånger om dagen"
    assert "proposal" in there["outcome"][0]["issue"][0]["details"]["text"]
    # What the municipality answers is what the region has, too.
    region.receive(kommun.export(copy, sender="kommun"), receiver="region")
    assert said(region.read(plan))["hemtjanst"] == "Hemtjänst tre gånger om dagen"


def test_a_change_and_its_undoing_are_no_conflict(
    region: Partner, kommun: Partner, plan: str
) -> None:
    """R93: who says again what was said before is still the newer."""
    copy = _shared(region, kommun, plan)
    region.change(plan, says("vikt", "Annat"))
    kommun.receive(region.export(plan, sender="region"))
    region.change(plan, says("vikt", "Vikt en gång i veckan"))
    assert conflicts(kommun.receive(region.export(plan, sender="region"))) == {}
    assert said(kommun.read(copy))["vikt"] == "Vikt en gång i veckan"


def test_provenance_tells_who_wrote_what(region: Partner, kommun: Partner, plan: str) -> None:
    """R93, R112: the receipt names caregiver and unit, the version, the activities, who made each."""
    copy = _shared(region, kommun, plan)
    region.change(plan, says("vikt", "Vikt varje dag"))
    kommun.receive(region.export(plan, sender="region"), receiver="kommun")
    found = kommun.fhir.get(f"Provenance?target={copy}&_sort=-_lastUpdated").json["entry"]
    record = found[0]["resource"]
    version = kommun.read(copy)["meta"]["versionId"]
    assert record["target"][0]["reference"] == f"{copy}/_history/{version}"
    assert [e["valueUri"] for e in record["target"][0]["extension"]] == ["vikt"]
    who = {a["type"]["coding"][0]["code"]: a["who"] for a in record["agent"]}
    assert who["author"]["reference"] == kommun.organizations["region"]
    assert who["custodian"]["reference"] == kommun.organizations["region"]
    assert who["assembler"]["identifier"]["value"] == "http://region.example/fhir"
    source = record["entity"][0]["what"]["identifier"]["value"]
    assert source == f"http://region.example/fhir/{plan}/_history/2"
    [unit] = [u for u in _units(record) if u["unit"]["valueString"] == "activity:vikt"]
    assert unit["origin"]["valueUri"] == "http://region.example/fhir"
    assert unit["by"]["valueReference"]["reference"] == kommun.organizations["region"]


def _units(record: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {part["url"]: part for part in extension["extension"]}
        for extension in record["extension"]
        if extension["url"] == codes.EXCHANGE_UNIT
    ]


def test_what_others_wrote_about_the_plan_comes_with_it_once(
    region: Partner, kommun: Partner, plan: str
) -> None:
    """R112: a Provenance that a client stored travels, and is not stored twice."""
    region.fhir.create(
        {
            "resourceType": "Provenance",
            "target": [{"reference": plan}],
            "recorded": "2026-03-12T10:00:00Z",
            "agent": [{"who": {"reference": region.organizations["region"]}}],
        }
    )
    copy = _shared(region, kommun, plan)
    region.change(plan, says("vikt", "Annat"))
    kommun.receive(region.export(plan))
    found = kommun.fhir.get(f"Provenance?target={copy}").json["entry"]
    told = [e["resource"] for e in found if e["resource"]["recorded"].startswith("2026-03-12T10")]
    assert [each["agent"][0]["who"]["reference"] for each in told] == [
        kommun.organizations["region"]
    ]


def test_a_goal_and_a_withdrawn_consent_travel(region: Partner, kommun: Partner, plan: str) -> None:
    """R78, R92: how a goal went is told; a withdrawal counts whatever the other side wrote."""
    copy = _shared(region, kommun, plan)
    goal = region.read(plan)["goal"][0]["reference"]
    region.change(goal, lambda g: g.update(lifecycleStatus="completed"))
    kommun.receive(region.export(plan, sender="region"))
    there = kommun.read(copy)
    assert kommun.read(there["goal"][0]["reference"])["lifecycleStatus"] == "completed"
    consent = there["supportingInfo"][0]["reference"]
    kommun.change(consent, lambda c: c.update(dateTime="2026-01-02"))
    region.change(plan, lambda p: p.update(status="on-hold"))
    here = region.read(plan)["supportingInfo"][0]["reference"]
    region.change(here, lambda c: c.update(status="inactive"))
    answer = kommun.receive(region.export(plan, sender="region"), receiver="kommun")
    assert kommun.read(consent)["status"] == "inactive"
    assert list(conflicts(answer).values()) == ["received"]


def test_what_stays_behind_is_referred_to_there_and_is_the_same_when_it_comes_back(
    region: Partner, kommun: Partner, plan: str
) -> None:
    """R85, R93: other plans and teams are not copied; the references to them lead to their server."""
    person = region.read(plan)["subject"]
    linked = region.fhir.create(
        {"resourceType": "CarePlan", "status": "active", "intent": "plan", "subject": person}
    )
    team = region.fhir.create({"resourceType": "CareTeam", "status": "active", "subject": person})
    reference = {"reference": f"CarePlan/{linked['id']}"}

    def link(resource: dict[str, Any]) -> None:
        resource["supportingInfo"].append(reference)
        resource["careTeam"] = [{"reference": f"CareTeam/{team['id']}"}]

    region.change(plan, link)
    copy = _shared(region, kommun, plan)
    there = kommun.read(copy)
    at_home = f"http://region.example/fhir/{reference['reference']}"
    assert there["supportingInfo"][1]["reference"] == at_home
    kommun.change(copy, says("hemtjanst", "Ändrad"))
    region.receive(kommun.export(copy, sender="kommun"), receiver="region")
    here = region.read(plan)
    assert here["supportingInfo"][1] == reference
    assert len(here["careTeam"]) == 1
    assert said(here)["hemtjanst"] == "Ändrad"


def test_a_third_server_joins_and_changes_go_round(
    region: Partner, kommun: Partner, mongo_uri: str, plan: str
) -> None:
    """R93: a plan is shared by more than two, each change told by whoever has it."""
    copy = _shared(region, kommun, plan)
    servers = server(mongo_uri, "other.example")
    fhir = next(servers)
    other = partner(fhir, fhir.create)
    third = _shared(kommun, other, copy)
    other.change(third, says("vikt", "Tredje serverns ord"))
    region.receive(other.export(third, sender="region"), receiver="region")
    kommun.receive(region.export(plan, sender="region"), receiver="kommun")
    assert said(kommun.read(copy))["vikt"] == "Tredje serverns ord"
    assert conflicts(other.receive(kommun.export(copy))) == {}
    assert kommun.count("CarePlan", subject=kommun.read(copy)["subject"]["reference"]) == 1
    next(servers, None)


def test_the_recipient_gets_what_the_consent_lets_it_see_and_loses_nothing_of_ours(
    region: Partner, kommun: Partner, plan: str
) -> None:
    """R78, R94, R100: what is left out is neither sent nor lost when the rest comes back."""
    region.change(plan, lambda p: p.update(description="Adas egna ord"))
    here = region.read(plan)["supportingInfo"][0]["reference"]
    region.change(here, lambda c: c.update(provision=_all_but("beskrivning", region)))
    bundle = region.export(plan, sender="region", recipient="kommun")
    answer = kommun.receive(bundle, receiver="kommun")
    copy = answer["return"][0]
    assert "description" not in copy
    assert codes.SUBSETTED in copy["meta"]["tag"]
    kommun.change(f"CarePlan/{copy['id']}", says("hemtjanst", "Ändrad"))
    region.receive(kommun.export(f"CarePlan/{copy['id']}", sender="kommun"))
    plan_here = region.read(plan)
    assert plan_here["description"] == "Adas egna ord"
    assert said(plan_here)["hemtjanst"] == "Ändrad"
    assert "tag" not in plan_here["meta"]


def test_a_goal_leaves_without_what_the_consent_hides_and_comes_back_whole(
    region: Partner, kommun: Partner, plan: str
) -> None:
    """R78, R93, R94: how it went and whose address stay here; the other's change is merged in."""
    stored = region.read(plan)
    goal, consent = stored["goal"][0]["reference"], stored["supportingInfo"][0]["reference"]
    home = [{"city": "Hemort"}]
    region.change(stored["subject"]["reference"], lambda p: p.update(address=home))
    region.change(goal, lambda g: g.update(note=[{"text": "Dolt om hur det gick"}]))
    region.change(consent, lambda c: c.update(provision=_all_but("uppfoljning", region)))
    bundle = region.export(plan, sender="region", recipient="kommun")
    assert "Dolt om hur" not in str(bundle)
    assert "Hemort" not in str(bundle)
    answer = kommun.receive(bundle, receiver="kommun")
    copy = f"CarePlan/{answer['return'][0]['id']}"
    there = kommun.read(copy)["goal"][0]["reference"]
    assert codes.SUBSETTED in kommun.read(there)["meta"]["tag"]
    words = {"text": "Gå till affären"}
    kommun.change(there, lambda g: g.update(description=words))
    answer = region.receive(kommun.export(copy, sender="kommun"), receiver="region")
    assert conflicts(answer) == {}
    whole = region.read(goal)
    assert whole["description"] == words
    assert whole["note"] == [{"text": "Dolt om hur det gick"}]
    assert "tag" not in whole["meta"]


def _all_but(hidden: str, region: Partner) -> dict[str, Any]:
    kinds = ALL_CLASSES - {hidden}
    return {
        "type": "permit",
        "actor": [
            {
                "role": {"text": "Tar emot planen"},
                "reference": {"reference": region.organizations["kommun"]},
            }
        ],
        "class": [
            {"system": codes.INFORMATION_CLASS_SYSTEM, "code": kind} for kind in sorted(kinds)
        ],
    }


def test_a_recipient_whom_the_consent_does_not_name_gets_nothing(
    region: Partner, plan: str
) -> None:
    """R78, R100: without consent the plan does not leave; the paragraph is named."""
    school = region.fhir.create({"resourceType": "Organization", "name": "Testskolan"})
    others = replace(region, organizations={"school": f"Organization/{school['id']}"})
    answer = others.try_export(plan, recipient="school")
    assert answer.status_code == 403
    assert answer.json["issue"][0]["details"]["coding"][0]["code"].startswith("OSL")


def test_who_has_a_copy_learns_that_the_consent_is_withdrawn_and_nothing_more(
    region: Partner, kommun: Partner, plan: str
) -> None:
    """R78, R100: the withdrawal reaches the other server; what the plan says does not."""
    copy = _shared(region, kommun, plan)
    consent = region.read(plan)["supportingInfo"][0]["reference"]
    region.change(plan, says("vikt", "Sagt efter återkallandet"))
    region.change(plan, lambda p: p.update(status="revoked"))
    region.change(consent, lambda c: c.update(status="inactive"))
    bundle = region.export(plan, sender="region", recipient="kommun")
    assert "Sagt efter" not in str(bundle)
    assert "brevlådan" not in str(bundle)
    kommun.receive(bundle, receiver="kommun")
    there = kommun.read(copy)
    assert there["status"] == "revoked"
    assert set(said(there)) == {"vikt", "hemtjanst"}
    assert kommun.read(there["supportingInfo"][0]["reference"])["status"] == "inactive"


def test_no_plan_is_made_of_the_news_that_a_consent_ended(
    region: Partner, kommun: Partner, plan: str
) -> None:
    """R78, R100: who never had the plan does not get an empty one."""
    consent = region.read(plan)["supportingInfo"][0]["reference"]
    region.change(plan, lambda p: p.update(status="revoked"))
    region.change(consent, lambda c: c.update(status="inactive"))
    answer = kommun.try_receive(region.export(plan, recipient="kommun"))
    assert answer.status_code == 422
    assert "OSL-25-1" in answer.text


def test_a_narrative_that_says_more_than_the_data_is_kept(
    region: Partner, kommun: Partner, plan: str
) -> None:
    """R93: nothing that somebody wrote is lost in a merge."""
    div = '<div xmlns="http://www.w3.org/1999/xhtml">Mer</div>'
    region.change(plan, lambda p: p.update(text={"status": "additional", "div": div}))
    copy = _shared(region, kommun, plan)
    kommun.change(copy, says("hemtjanst", "Ändrad"))
    region.receive(kommun.export(copy, sender="kommun"), receiver="region")
    assert region.read(plan)["text"]["div"] == div


def test_a_protected_person_s_address_stays_at_home(region: Partner, plan: str) -> None:
    """R118: the address of a person with protected identity is not sent."""

    def protect(patient: dict[str, Any]) -> None:
        system = "http://hl7.se/fhir/ig/base/CodeSystem/SecurityLabel"
        patient["meta"]["security"] = [{"system": system, "code": "sekretessmarkering"}]
        patient["address"] = [{"city": "Hemlig"}]

    region.change(region.read(plan)["subject"]["reference"], protect)
    assert "Hemlig" not in str(region.export(plan))


def test_a_server_without_the_operation_stores_the_bundle_as_a_transaction(
    region: Partner, mongo_uri: str, plan: str
) -> None:
    """R93: the Bundle is a transaction; twice it makes one plan."""
    servers = server(mongo_uri, "plain.example")
    fhir = next(servers)
    bundle = region.export(plan, sender="region")
    for _ in range(2):
        answer = fhir.post("", bundle)
        assert answer.status_code == 200, answer.text
    assert fhir.get("CarePlan?_summary=count").json["total"] == 1
    assert fhir.get("Goal?_summary=count").json["total"] == 1
    assert fhir.get("Provenance?_summary=count").json["total"] == 1
    next(servers, None)


def test_activities_without_an_id_are_refused_all_at_once(region: Partner, plan: str) -> None:
    """R76: without an id nobody can tell whose change is of what."""

    def forget(resource: dict[str, Any]) -> None:
        for each in resource["activity"]:
            del each["id"]

    region.change(plan, forget)
    answer = region.try_export(plan)
    assert answer.status_code == 422
    places = [issue["expression"][0] for issue in answer.json["issue"]]
    assert places == ["CarePlan.activity[0].id", "CarePlan.activity[1].id"]


def test_another_bundle_is_refused_in_a_sentence(kommun: Partner) -> None:
    """R93: what is no exchange is told from it."""
    answer = kommun.try_receive({"resourceType": "Bundle", "type": "transaction"})
    assert answer.status_code == 422
    assert "$export-sip" in answer.json["issue"][0]["details"]["text"]


def test_the_law_is_asked_of_what_would_come_of_it(
    region: Partner, kommun: Partner, plan: str
) -> None:
    """R76: a merge that left no insats of the region is refused, and nothing is stored."""
    copy = _shared(region, kommun, plan)
    bundle = region.export(plan, sender="region")
    [sent] = [e["resource"] for e in bundle["entry"] if "/CarePlan/" in e["fullUrl"]]
    sent["identifier"] = [{**sent["identifier"][-1], "value": "urn:uuid:" + str(uuid.uuid4())}]
    for each in sent["activity"]:
        each["extension"][0]["valueCode"] = codes.KOMMUN
    answer = kommun.try_receive(bundle)
    assert answer.status_code == 422, answer.text
    assert "HSL-16-4" in answer.text
    subject = kommun.read(copy)["subject"]["reference"]
    assert kommun.count("CarePlan", subject=subject) == 1


def test_two_at_once_receive_as_one_after_the_other(
    region: Partner, kommun: Partner, plan: str
) -> None:
    """R93: many receipts of the same Bundle at once make one plan."""
    bundle = region.export(plan, sender="region")
    clients = [replace(kommun) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda each: each.try_receive(bundle), clients))
    assert {each.status_code for each in answers} <= {200, 201}
    assert len({each.json["parameter"][0]["resource"]["id"] for each in answers}) == 1
    subject = answers[0].json["parameter"][0]["resource"]["subject"]["reference"]
    assert kommun.count("CarePlan", subject=subject) == 1
    assert kommun.count("Goal", subject=subject) == 1


def test_another_plan_does_not_bring_a_withdrawn_consent_back(
    region: Partner, kommun: Partner, plan: str
) -> None:
    """R78: a consent that two plans rest on was withdrawn here; the second plan does not undo it."""
    copy = _shared(region, kommun, plan)
    first = region.read(plan)
    second = {key: value for key, value in first.items() if key not in ("id", "meta")}
    other = region.fhir.create({**second, "status": "draft"})
    kommun.change(copy, lambda p: p.update(status="on-hold"))
    consent = kommun.read(copy)["supportingInfo"][0]["reference"]
    kommun.change(consent, lambda c: c.update(status="inactive"))
    bundle = region.export(f"CarePlan/{other['id']}", sender="region")
    answer = kommun.try_receive(bundle, receiver="kommun")
    # The law refuses a plan that rests on a withdrawn consent, on this server as on the other.
    assert answer.status_code == 422
    assert "HSL-16-4" in answer.text
    assert kommun.read(consent)["status"] == "inactive"


def test_staff_write_while_a_plan_is_received_and_neither_loses_anything(
    region: Partner, kommun: Partner, plan: str
) -> None:
    """R76, R93: a receipt is made anew from what was written meanwhile."""
    copy = _shared(region, kommun, plan)
    bundles = []
    for number in range(6):
        region.change(plan, says("vikt", f"Vikt {number}"))
        bundles.append(region.export(plan, sender="region"))

    def receive() -> None:
        for bundle in bundles:
            assert conflicts(kommun.receive(bundle, receiver="kommun")) == {}

    def write() -> None:
        place = "/activity/1/detail/description"
        for number in range(12):
            patch = [{"op": "replace", "path": place, "value": f"Hemtjänst {number}"}]
            answer = kommun.fhir.client.patch(
                f"/fhir/{copy}", json=patch, content_type="application/json-patch+json"
            )
            assert answer.status_code == 200, answer.text

    with ThreadPoolExecutor(2) as pool:
        for each in [pool.submit(receive), pool.submit(write)]:
            each.result()
    assert said(kommun.read(copy)) == {"vikt": "Vikt 5", "hemtjanst": "Hemtjänst 11"}
    history = kommun.fhir.get(f"{copy}/_history?_count=100").json["entry"]
    versions = [said(entry["resource"]) for entry in reversed(history)]
    for id_, words, count in (("vikt", "Vikt", 6), ("hemtjanst", "Hemtjänst", 12)):
        seen = dict.fromkeys(each[id_] for each in versions)
        assert list(seen)[1:] == [f"{words} {number}" for number in range(count)]
