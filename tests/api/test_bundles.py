"""batch and transaction."""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask

from fhir_server.sweden import codes
from tests.conftest import Fhir

PRACTITIONER = {
    "resourceType": "Practitioner",
    "identifier": [{"system": "urn:hsa", "value": "SE-1"}],
    "name": [{"family": "Test", "given": ["Eva"]}],
}


def post(resource: dict[str, Any], full_url: str | None = None, **request: str) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "resource": resource,
        "request": {"method": "POST", "url": resource["resourceType"], **request},
    }
    return {"fullUrl": full_url, **entry} if full_url else entry


def put(resource: dict[str, Any], **request: str) -> dict[str, Any]:
    url = f"{resource['resourceType']}/{resource['id']}"
    return {"resource": resource, "request": {"method": "PUT", "url": url, **request}}


def bundle(type_: str, *entries: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": type_, "entry": list(entries)}


def patient(id_: str, **more: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": id_, **more}


def test_a_transaction_links_its_entries(fhir: Fhir) -> None:
    role = {
        "resourceType": "PractitionerRole",
        "practitioner": {"reference": "urn:uuid:11111111-1111-4111-8111-111111111111"},
        "text": {
            "status": "generated",
            "div": '<div xmlns="http://www.w3.org/1999/xhtml">'
            '<a href="urn:uuid:11111111-1111-4111-8111-111111111111">Eva</a></div>',
        },
    }
    response = fhir.post(
        "",
        bundle(
            "transaction",
            post(role),
            post(PRACTITIONER, "urn:uuid:11111111-1111-4111-8111-111111111111"),
        ),
    )
    assert response.status_code == 200, response.text
    assert response.json["type"] == "transaction-response"
    locations = [entry["response"]["location"] for entry in response.json["entry"]]
    stored = fhir.get(locations[0].removeprefix("http://localhost/fhir/")).json
    practitioner = "/".join(locations[1].split("/")[-4:-2])
    assert stored["practitioner"]["reference"] == practitioner
    assert f'href="{practitioner}"' in stored["text"]["div"]


def test_links_are_replaced_in_uris_and_left_alone_in_strings(fhir: Fhir) -> None:
    urn = "urn:uuid:22222222-2222-4222-8222-222222222222"
    provenance = {
        "resourceType": "Provenance",
        "target": [{"reference": urn}],
        "recorded": "2026-03-02T08:10:00+01:00",
        "policy": [urn],
        "agent": [{"who": {"reference": urn, "identifier": {"value": urn}}}],
    }
    response = fhir.post("", bundle("transaction", post(PRACTITIONER, urn), post(provenance)))
    assert response.status_code == 200, response.text
    place = response.json["entry"][1]["response"]["location"]
    stored = fhir.get(place.removeprefix("http://localhost/fhir/")).json
    reference = stored["target"][0]["reference"]
    assert reference.startswith("Practitioner/")
    assert stored["policy"] == [reference]
    assert stored["agent"][0]["who"]["identifier"]["value"] == urn


def test_a_conditional_reference_finds_its_resource(fhir: Fhir) -> None:
    identifier = [{"system": "urn:cond", "value": "1"}]
    target = fhir.create({**PRACTITIONER, "identifier": identifier})
    role = {
        "resourceType": "PractitionerRole",
        "practitioner": {"reference": "Practitioner?identifier=urn:cond|1"},
    }
    response = fhir.post("", bundle("transaction", post(role)), Prefer="return=representation")
    assert response.status_code == 200, response.text
    stored = response.json["entry"][0]["resource"]
    assert stored["practitioner"]["reference"] == f"Practitioner/{target['id']}"
    role["practitioner"] = {"reference": "Practitioner?identifier=urn:cond|none"}
    missing = fhir.post("", bundle("transaction", post(role)))
    assert missing.status_code == 412
    assert "Bundle.entry[0].resource.practitioner.reference" in missing.text


def named(value: str) -> dict[str, Any]:
    """Give a practitioner who is known by an identifier."""
    return {**PRACTITIONER, "identifier": [{"system": "urn:several", "value": value}]}


def team(*criteria: str) -> dict[str, Any]:
    """Give a team whose members are named by criteria."""
    members = [{"member": {"reference": f"Practitioner?{each}"}} for each in criteria]
    return {"resourceType": "CareTeam", "participant": members}


def test_several_conditional_references_in_a_resource_find_each_its_own(fhir: Fhir) -> None:
    stored = [fhir.create(named(value))["id"] for value in ("a", "b")]
    several = team(
        "identifier=urn:several|b", "identifier=urn:several|a", "identifier=urn:several|new",
        "identifier=urn:several|b", f"_id={stored[0]}", "identifier=b&identifier=urn:several|b",
    )  # fmt: skip
    sent = bundle("transaction", post(several), post(named("new")))
    answer = fhir.post("", sent, Prefer="return=representation")
    assert answer.status_code == 200, answer.text
    team_, new = (entry["resource"] for entry in answer.json["entry"])
    found = [each["member"]["reference"] for each in team_["participant"]]
    ids = [stored[1], stored[0], new["id"], stored[1], stored[0], stored[1]]
    assert found == [f"Practitioner/{each}" for each in ids]


def test_what_one_of_several_conditional_references_lacks_is_said_where_it_stands(
    fhir: Fhir,
) -> None:
    for value in ("c", "d", *["twice"] * 9):
        fhir.create(named(value))
    for wrong, status, code in (
        ("identifier=urn:several|none", 412, "not-found"),
        ("identifier=urn:several|twice", 412, "multiple-matches"),
        ("identifier=urn:several|c&colour=red", 400, "not-supported"),
    ):
        several = team("identifier=urn:several|c", wrong, "identifier=urn:several|d")
        refused = fhir.post("", bundle("transaction", post(several)))
        assert refused.status_code == status, refused.text
        (issue,) = refused.json["issue"]
        assert issue["code"] == code
        assert issue["expression"] == ["Bundle.entry[0].resource.participant[1].member.reference"]
    changed = fhir.create(named("e"))
    renamed = {**named("f"), "id": changed["id"]}
    gone = team("identifier=urn:several|e", "identifier=urn:several|c")
    refused = fhir.post("", bundle("transaction", post(gone), put(renamed)))
    assert refused.status_code == 412  # what the same transaction changes is found as it will be


def test_a_conditional_create_in_a_transaction_is_linked_to_what_is_there(fhir: Fhir) -> None:
    practitioner = {**PRACTITIONER, "identifier": [{"system": "urn:ine", "value": "1"}]}
    role = {"resourceType": "PractitionerRole", "practitioner": {"reference": "urn:uuid:a"}}
    entry = post(practitioner, "urn:uuid:a", ifNoneExist="identifier=urn:ine|1")
    answers = [fhir.post("", bundle("transaction", entry, post(role))) for _ in range(2)]
    statuses = [[e["response"]["status"] for e in answer.json["entry"]] for answer in answers]
    assert statuses == [["201", "201"], ["200", "201"]]
    found = fhir.get("Practitioner?identifier=urn:ine|1").json
    assert found["total"] == 1
    roles = fhir.get(
        f"PractitionerRole?practitioner=Practitioner/{found['entry'][0]['resource']['id']}"
    )
    assert roles.json["total"] == 2


def test_a_transaction_with_one_bad_entry_leaves_no_trace(fhir: Fhir) -> None:
    bad = {"resourceType": "Patient", "id": "tx-bad", "gender": "nonsense"}
    response = fhir.post("", bundle("transaction", put(patient("tx-good")), put(bad)))
    assert response.status_code in (400, 422)
    assert response.json["issue"][0]["expression"] == ["Bundle.entry[1].resource.gender"]
    assert fhir.get("Patient/tx-good").status_code == 404


def test_a_transaction_for_a_stale_version_is_refused_whole(fhir: Fhir) -> None:
    fhir.put("Patient/tx-a", patient("tx-a"))
    fhir.put("Patient/tx-a", patient("tx-a", active=True))
    response = fhir.post(
        "",
        bundle(
            "transaction",
            put(patient("tx-new")),
            put(patient("tx-a", active=False), ifMatch='W/"1"'),
        ),
    )
    assert response.status_code == 412
    assert fhir.get("Patient/tx-new").status_code == 404
    assert fhir.get("Patient/tx-a").json["active"] is True


def test_a_transaction_reads_what_it_wrote_and_fails_with_its_reads(fhir: Fhir) -> None:
    read = {"request": {"method": "GET", "url": "Patient/tx-read"}}
    missing = {"request": {"method": "GET", "url": "Patient/tx-missing"}}
    good = fhir.post("", bundle("transaction", read, put(patient("tx-read"))))
    assert good.json["entry"][0]["resource"]["id"] == "tx-read"
    bad = fhir.post("", bundle("transaction", missing, put(patient("tx-undone"))))
    assert bad.status_code == 404
    assert fhir.get("Patient/tx-undone").status_code == 404


def test_a_transaction_deletes_updates_and_creates_at_once(fhir: Fhir) -> None:
    fhir.put("Patient/tx-del", patient("tx-del"))
    fhir.put("Patient/tx-upd", patient("tx-upd"))
    response = fhir.post(
        "",
        bundle(
            "transaction",
            {"request": {"method": "DELETE", "url": "Patient/tx-del"}},
            put(patient("tx-upd", active=True)),
            put(patient("tx-crt")),
        ),
    )
    assert [e["response"]["status"] for e in response.json["entry"]] == ["204", "200", "201"]
    assert fhir.get("Patient/tx-del").status_code == 410
    assert fhir.get("Patient/tx-upd/_history/1").status_code == 200


def test_two_entries_for_one_resource_are_refused(fhir: Fhir) -> None:
    twice = bundle("transaction", put(patient("dup")), put(patient("dup", active=True)))
    response = fhir.post("", twice)
    assert response.status_code == 400
    assert len(response.json["issue"]) == 2
    same_url = bundle(
        "transaction", post(PRACTITIONER, "urn:uuid:b"), post(PRACTITIONER, "urn:uuid:b")
    )
    assert fhir.post("", same_url).status_code == 400


def test_a_batch_answers_each_entry_for_itself(fhir: Fhir) -> None:
    response = fhir.post(
        "",
        bundle(
            "batch",
            {"request": {"method": "GET", "url": "Patient/b-1"}},
            put(patient("b-1")),
            put(patient("b-2", gender="nonsense")),
            {"request": {"method": "GET", "url": "Patient?_id=b-1"}},
            {"request": {"method": "GET", "url": "Patient/nobody"}},
            {"request": {"method": "DELETE", "url": "Patient/never-was"}},
        ),
    )
    assert response.status_code == 200
    entries = response.json["entry"]
    statuses = [entry["response"]["status"][:2] for entry in entries]
    assert statuses == ["20", "20", "42", "20", "40", "20"]
    failed_read = entries[4]["response"]["outcome"]
    assert failed_read["issue"][0]["expression"] == ["Bundle.entry[4].request"]
    assert entries[0]["resource"]["id"] == "b-1"
    assert entries[3]["resource"]["total"] == 1
    outcome = entries[2]["response"]["outcome"]
    assert outcome["issue"][0]["expression"] == ["Bundle.entry[2].resource.gender"]


@pytest.mark.parametrize(
    ("body", "expression"),
    [
        ({"resourceType": "Patient"}, None),
        (bundle("collection"), "Bundle.type"),
        ({**bundle("transaction"), "entry": {}}, "Bundle.entry"),
        (bundle("transaction", {"resource": patient("x")}), "Bundle.entry[0].request"),
        (bundle("history"), "Bundle.type"),
        ({"resourceType": "Bundle"}, "Bundle.type"),
    ],
)
def test_a_bundle_that_cannot_be_read_is_refused_with_the_place(
    fhir: Fhir, body: Any, expression: str | None
) -> None:
    response = fhir.post("", body)
    assert response.status_code == 400
    assert response.json["issue"][0].get("expression") == ([expression] if expression else None)


def test_an_empty_bundle_is_answered(fhir: Fhir) -> None:
    for type_ in ("batch", "transaction"):
        response = fhir.post("", {"resourceType": "Bundle", "type": type_})
        assert response.status_code == 200
        assert "entry" not in response.json


def test_a_refusal_by_the_law_names_the_entry_and_an_advice_stands_in_its_response(
    fhir: Fhir,
) -> None:
    """R5, PL 6 kap. 2 §: as for a resource that comes alone."""
    contact = {
        "resourceType": "CareTeam",
        "id": "tx-contact",
        "status": "active",
        "category": [
            {"coding": [{"system": codes.CARE_TEAM_CATEGORY, "code": codes.FAST_KONTAKT}]}
        ],
        "subject": {"reference": "Patient/tx-person"},
        "participant": [
            {
                "role": [{"coding": [{"system": codes.CONTACT_TYPE, "code": "1"}]}],
                "member": {"reference": "PractitionerRole/tx-nobody"},
            }
        ],
    }
    fhir.put("PractitionerRole/tx-nobody", {"resourceType": "PractitionerRole", "id": "tx-nobody"})
    refused = fhir.post("", bundle("transaction", put(patient("tx-person")), put(contact)))
    assert refused.status_code == 422
    places = [issue["expression"][0] for issue in refused.json["issue"]]
    assert all(place.startswith("Bundle.entry[1].resource") for place in places)
    proposed = {**contact, "status": "proposed"}
    stored = fhir.post("", bundle("transaction", put(patient("tx-person")), put(proposed)))
    assert stored.status_code == 200, stored.text
    first, second = stored.json["entry"]
    assert "outcome" not in first["response"]
    assert second["response"]["outcome"]["issue"][0]["severity"] == "warning"


def test_a_transaction_that_others_overtook_is_read_once_more_and_stored_whole(app: Flask) -> None:
    """It let go of what it had read; after another's write it is planned anew."""
    shared, kind = secrets.token_hex(8), {"text": "x"}

    def send(writer: int) -> tuple[int, list[str]]:
        own = f"urn:uuid:{uuid4()}"
        sent = bundle(
            "transaction",
            post({"resourceType": "Basic", "code": {"text": f"own {writer}"}}, own),
            put({"resourceType": "Basic", "id": shared, "code": {"text": f"by {writer}"}}),
            post({"resourceType": "Basic", "code": kind, "subject": {"reference": own}}),
        )
        answer = Fhir(app.test_client()).post("", sent)
        listed = answer.json.get("entry", [])
        locations = [each["response"]["location"].partition("/fhir/")[2] for each in listed]
        return answer.status_code, [each.partition("/_history")[0] for each in locations]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, range(40)))
    assert {status for status, _ in answers} <= {200, 409}, "only too many writers may refuse"
    fhir = Fhir(app.test_client())
    stored = [located for status, located in answers if status == 200]
    assert fhir.get(f"Basic/{shared}").json["meta"]["versionId"] == str(len(stored))
    for own, _, other in stored:
        assert fhir.get(own).json["code"]["text"].startswith("own ")
        assert fhir.get(other).json["subject"] == {"reference": own}
