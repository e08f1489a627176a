"""What an entry of a batch or transaction may ask for: every interaction, and how it is answered."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from tests.conftest import Fhir

Json = dict[str, Any]


def entry(method: str, url: str, resource: Json | None = None, **more: str) -> Json:
    """Give an entry; ``fullUrl`` beside the request, conditions in it."""
    full_url = more.pop("fullUrl", None)
    made: Json = {"request": {"method": method, "url": url, **more}}
    if resource is not None:
        made["resource"] = resource
    return {"fullUrl": full_url, **made} if full_url else made


def bundle(type_: str, *entries: Json) -> Json:
    return {"resourceType": "Bundle", "type": type_, "entry": list(entries)}


def send(fhir: Fhir, type_: str, *entries: Json, **headers: str) -> list[Json]:
    """Carry out a bundle, which must succeed, and give its entries."""
    response = fhir.post("", bundle(type_, *entries), **headers)
    assert response.status_code == 200, response.text
    return list(response.json.get("entry", []))


def statuses(entries: list[Json]) -> list[str]:
    return [each["response"]["status"] for each in entries]


def patient(id_: str, value: str = "", **more: Any) -> Json:
    made: Json = {"resourceType": "Patient", "id": id_, **more}
    return made | ({"identifier": [{"system": "urn:be", "value": value}]} if value else {})


def nameless(value: str, **more: Any) -> Json:
    """Give a patient without an id."""
    made = patient("", value, **more)
    return {name: content for name, content in made.items() if name != "id"}


def stored(fhir: Fhir, resource: Json) -> Json:
    response = fhir.put(f"{resource['resourceType']}/{resource['id']}", resource)
    assert response.status_code in (200, 201), response.text
    return resource


@pytest.mark.parametrize("type_", ["batch", "transaction"])
def test_every_read_may_stand_in_a_bundle(fhir: Fhir, type_: str) -> None:
    id_ = f"reads-{type_}"
    stored(fhir, patient(id_, id_))
    stored(fhir, patient(id_, id_, active=True))
    urls = (
        f"Patient/{id_}",
        f"Patient/{id_}/_history/1",
        f"Patient/{id_}/_history",
        "Patient/_history?_count=1",
        "_history?_count=1",
        f"Patient?identifier=urn:be|{id_}",
        f"?_type=Patient&_id={id_}",
        f"Patient/{id_}/Observation",
        f"Patient/{id_}/*",
        f"http://localhost/fhir/Patient/{id_}",
        f"Patient/{id_}/$named-contacts",
        "metadata",
    )
    answers = send(fhir, type_, *(entry("GET", url) for url in urls))
    assert statuses(answers) == ["200"] * len(urls), answers
    types = [answer["resource"]["resourceType"] for answer in answers]
    assert types == [
        *("Patient", "Patient", "Bundle", "Bundle", "Bundle", "Bundle", "Bundle", "Bundle"),
        *("Bundle", "Patient", "Bundle", "CapabilityStatement"),
    ]
    assert answers[0]["response"]["etag"] == 'W/"2"'
    assert answers[0]["response"]["lastModified"] == answers[0]["resource"]["meta"]["lastUpdated"]
    assert answers[1]["resource"]["meta"]["versionId"] == "1"
    assert [e["resource"]["id"] for e in answers[6]["resource"]["entry"]] == [id_]


@pytest.mark.parametrize("type_", ["batch", "transaction"])
def test_reads_are_conditional_and_head_has_no_resource(fhir: Fhir, type_: str) -> None:
    id_ = f"known-{type_}"
    stored(fhir, patient(id_))
    answers = send(
        fhir,
        type_,
        entry("GET", f"Patient/{id_}", ifNoneMatch='W/"1"'),
        entry("GET", f"Patient/{id_}", ifNoneMatch='W/"7"'),
        entry("GET", f"Patient/{id_}", ifModifiedSince="2000-01-01T00:00:00Z"),
        entry("GET", f"Patient/{id_}", ifModifiedSince="2999-01-01T00:00:00Z"),
        entry("HEAD", f"Patient/{id_}"),
    )
    assert statuses(answers) == ["304", "200", "200", "304", "200"]
    assert ["resource" in answer for answer in answers] == [False, True, True, False, False]
    assert answers[4]["response"]["etag"] == 'W/"1"'


@pytest.mark.parametrize("type_", ["batch", "transaction"])
def test_an_operation_that_only_reads_may_be_posted(fhir: Fhir, type_: str) -> None:
    id_ = f"asked-{type_}"
    stored(fhir, patient(id_))
    asked = {"resourceType": "Parameters"}
    answers = send(fhir, type_, entry("POST", f"Patient/{id_}/$named-contacts", asked))
    assert answers[0]["resource"]["type"] == "searchset"


def test_an_operation_that_writes_is_for_a_batch_and_not_for_a_transaction(fhir: Fhir) -> None:
    stored(fhir, patient("operated"))
    call = entry(
        "POST", "Patient/operated/$assign-fast-vardkontakt", {"resourceType": "Parameters"}
    )
    refused = fhir.post("", bundle("transaction", call))
    assert refused.status_code == 400
    assert refused.json["issue"][0]["expression"] == ["Bundle.entry[0].request.url"]
    [answer] = send(fhir, "batch", call)
    assert answer["response"]["status"] == "400"  # carried out: its parameters are missing
    assert "practitionerRole" in json.dumps(answer)


@pytest.mark.parametrize("type_", ["batch", "transaction"])
@pytest.mark.parametrize("kind", ["json", "fhirpath"])
def test_a_patch_may_stand_in_a_bundle(fhir: Fhir, type_: str, kind: str) -> None:
    id_ = f"patched-{type_}-{kind}"
    stored(fhir, patient(id_, id_))
    patches: dict[str, Json] = {
        "json": {
            "resourceType": "Binary",
            "contentType": "application/json-patch+json",
            "data": base64.b64encode(b'[{"op": "add", "path": "/active", "value": true}]').decode(),
        },
        "fhirpath": {
            "resourceType": "Parameters",
            "parameter": [
                {
                    "name": "operation",
                    "part": [
                        {"name": "type", "valueCode": "add"},
                        {"name": "path", "valueString": "Patient"},
                        {"name": "name", "valueString": "active"},
                        {"name": "value", "valueBoolean": True},
                    ],
                }
            ],
        },
    }
    by_criteria = entry("PATCH", f"Patient?identifier=urn:be|{id_}", patches[kind])
    [answer] = send(fhir, type_, by_criteria, Prefer="return=representation")
    assert answer["response"]["status"] == "200"
    assert answer["response"]["etag"] == 'W/"2"'
    assert answer["resource"]["active"] is True
    stale = fhir.post(
        "", bundle("transaction", entry("PATCH", f"Patient/{id_}", patches[kind], ifMatch='W/"1"'))
    )
    assert stale.status_code == 412
    nobody = fhir.post("", bundle("transaction", entry("PATCH", "Patient/absent", patches[kind])))
    assert nobody.status_code == 404


@pytest.mark.parametrize("type_", ["batch", "transaction"])
def test_writes_by_criteria_may_stand_in_a_bundle(fhir: Fhir, type_: str) -> None:
    a, b, c = (f"{letter}-{type_}" for letter in "abc")
    stored(fhir, patient(a, a))
    stored(fhir, patient(b, b))
    answers = send(
        fhir,
        type_,
        entry("PUT", f"Patient?identifier=urn:be|{a}", nameless(a, active=True)),
        entry("DELETE", f"Patient?identifier=urn:be|{b}"),
        entry("PUT", f"Patient?identifier=urn:be|{c}", nameless(c)),
    )
    assert statuses(answers) == ["200", "204", "201"]
    assert answers[0]["response"]["location"].endswith(f"Patient/{a}/_history/2")
    assert fhir.get(f"Patient/{b}").status_code == 410
    assert fhir.get(f"Patient?identifier=urn:be|{c}").json["total"] == 1


@pytest.mark.parametrize("type_", ["batch", "transaction"])
def test_if_none_match_in_a_bundle_only_creates(fhir: Fhir, type_: str) -> None:
    id_ = f"only-{type_}"
    put = entry("PUT", f"Patient/{id_}", patient(id_), ifNoneMatch="*")
    assert statuses(send(fhir, type_, put)) == ["201"]
    again = fhir.post("", bundle(type_, put))
    status = (
        again.json["entry"][0]["response"]["status"] if type_ == "batch" else str(again.status_code)
    )
    assert status == "412"


def test_links_lead_to_what_criteria_find_or_make(fhir: Fhir) -> None:
    stored(fhir, patient("linked-to", "linked"))
    basic = {"resourceType": "Basic", "code": {"text": "x"}}
    answers = send(
        fhir,
        "transaction",
        entry("PUT", "Patient?identifier=urn:be|linked", nameless("linked", active=True), fullUrl="urn:uuid:1"),
        entry("PUT", "Patient?identifier=urn:be|new", nameless("new"), fullUrl="urn:oid:1.2"),
        entry("POST", "Basic", basic | {"subject": {"reference": "urn:uuid:1"}}),
        entry("POST", "Basic", basic | {"subject": {"reference": "urn:oid:1.2"}}),
        Prefer="return=representation",
    )  # fmt: skip
    made = answers[1]["resource"]["id"]
    subjects = [answer["resource"]["subject"]["reference"] for answer in answers[2:]]
    assert subjects == ["Patient/linked-to", f"Patient/{made}"]


def test_references_are_relative_to_the_full_url(fhir: Fhir) -> None:
    """bundle.html#references: Patient/7 beside https://elsewhere/Patient/7 is that one."""
    observation = {
        "resourceType": "Basic",
        "code": {"text": "x"},
        "subject": {"reference": "Patient/7"},
    }
    answers = send(
        fhir,
        "transaction",
        entry("POST", "Patient", patient("7"), fullUrl="https://elsewhere.example/r4/Patient/7"),
        entry("POST", "Basic", observation, fullUrl="https://elsewhere.example/r4/Basic/9"),
        Prefer="return=representation",
    )
    made = answers[0]["resource"]["id"]
    assert answers[1]["resource"]["subject"]["reference"] == f"Patient/{made}"


def test_a_link_to_a_version_leads_to_the_version_that_is_stored(fhir: Fhir) -> None:
    stored(fhir, patient("versioned"))
    note = {"resourceType": "Basic", "code": {"text": "x"}}
    answers = send(
        fhir,
        "transaction",
        entry("PUT", "Patient/versioned", patient("versioned"), fullUrl="urn:uuid:v"),
        entry("POST", "Basic", note | {"subject": {"reference": "urn:uuid:v/_history/9"}}),
        entry("POST", "Patient", patient("w"), fullUrl="urn:uuid:w"),
        entry("POST", "Basic", note | {"subject": {"reference": "urn:uuid:w/_history/9"}}),
        Prefer="return=representation",
    )
    assert answers[1]["resource"]["subject"]["reference"] == "Patient/versioned/_history/2"
    reference = answers[3]["resource"]["subject"]["reference"]
    assert reference == f"Patient/{answers[2]['resource']['id']}/_history/1"
    for each in (answers[1], answers[3]):
        assert fhir.get(each["resource"]["subject"]["reference"]).status_code == 200


def test_a_conditional_reference_finds_what_the_transaction_creates(fhir: Fhir) -> None:
    """R4 resolves conditional references last (http.html#trules)."""
    about = {
        "resourceType": "Basic",
        "code": {"text": "x"},
        "subject": {"reference": "Patient?identifier=urn:be|within"},
    }
    answers = send(
        fhir,
        "transaction",
        entry("POST", "Basic", about),
        entry("POST", "Patient", nameless("within")),
        Prefer="return=representation",
    )
    made = answers[1]["resource"]["id"]
    assert answers[0]["resource"]["subject"]["reference"] == f"Patient/{made}"
    # Now there is one stored, and one more would make two.
    refused = fhir.post(
        "",
        bundle(
            "transaction",
            entry("POST", "Basic", about),
            entry("POST", "Patient", nameless("within")),
        ),
    )
    assert refused.status_code == 412
    assert refused.json["issue"][0]["expression"] == ["Bundle.entry[0].resource.subject.reference"]
    # The transaction takes the identifier away: nothing is left to find.
    renamed = entry("PUT", f"Patient/{made}", patient(made, "elsewhere"))
    assert (
        fhir.post("", bundle("transaction", entry("POST", "Basic", about), renamed)).status_code
        == 412
    )


def test_deletions_come_before_creates_on_condition(fhir: Fhir) -> None:
    stored(fhir, patient("old", "replaced"))
    answers = send(
        fhir,
        "transaction",
        entry("POST", "Patient", nameless("replaced"), ifNoneExist="identifier=urn:be|replaced"),
        entry("DELETE", "Patient/old"),
    )
    assert statuses(answers) == ["201", "204"]
    found = fhir.get("Patient?identifier=urn:be|replaced").json
    assert [e["resource"]["id"] for e in found["entry"]] != ["old"]


@pytest.mark.parametrize(
    "entries",
    [
        [("PUT", "Patient/lap", patient("lap")), ("DELETE", "Patient/lap", None)],
        [("PUT", "Patient/lap", patient("lap")), ("DELETE", "Patient?identifier=urn:be|lap", None)],
        [
            ("PUT", "Patient/lap", patient("lap", "lap", active=True)),
            ("PUT", "Patient?identifier=urn:be|lap", nameless("lap", active=False)),
        ],
        [
            ("PUT", "Patient?identifier=urn:be|none", nameless("none")),
            ("PUT", "Patient?identifier=urn:be|none", nameless("none", active=True)),
        ],
        [("DELETE", "Patient/lap", None), ("DELETE", "Patient?identifier=urn:be|lap", None)],
    ],
)
def test_entries_about_one_resource_are_refused_however_they_name_it(
    fhir: Fhir, entries: list[tuple[str, str, Json | None]]
) -> None:
    stored(fhir, patient("lap", "lap"))
    before = fhir.get("Patient/lap").json
    refused = fhir.post("", bundle("transaction", *(entry(*each) for each in entries)))
    assert refused.status_code == 400, refused.text
    assert {issue["code"] for issue in refused.json["issue"]} == {"duplicate"}
    assert fhir.get("Patient/lap").json == before
    assert fhir.get("Patient?identifier=urn:be|none").json["total"] == 0


def test_a_conditional_create_that_finds_what_another_entry_changes_is_refused(fhir: Fhir) -> None:
    stored(fhir, patient("twice-named", "twice-named"))
    refused = fhir.post(
        "",
        bundle(
            "transaction",
            entry("POST", "Patient", nameless("x"), ifNoneExist="identifier=urn:be|twice-named"),
            entry("PUT", "Patient/twice-named", patient("twice-named", active=True)),
        ),
    )
    assert refused.status_code == 400
    assert len(refused.json["issue"]) == 2


@pytest.mark.parametrize(
    ("made", "expression"),
    [
        ({"resource": patient("x")}, "Bundle.entry[1].request"),
        (entry("MERGE", "Patient/1"), "Bundle.entry[1].request.method"),
        ({"request": {"method": "GET"}}, "Bundle.entry[1].request.url"),
        (entry("GET", "Nonsense/1"), "Bundle.entry[1].request.url"),
        (entry("GET", "https://elsewhere.example/fhir/Patient/1"), "Bundle.entry[1].request.url"),
        (entry("GET", "Patient/1/_history/2/3"), "Bundle.entry[1].request.url"),
        (entry("POST", "Patient/_search", {"resourceType": "Parameters"}), "Bundle.entry[1].request.url"),
        (entry("POST", "Patient/1", patient("1")), "Bundle.entry[1].request.url"),
        (entry("PUT", "Patient", patient("1")), "Bundle.entry[1].request.url"),
        (entry("PUT", "Patient/1?active=true", patient("1")), "Bundle.entry[1].request.url"),
        (entry("PUT", "Patient/1"), "Bundle.entry[1].resource"),
        (entry("DELETE", "Patient"), "Bundle.entry[1].request.url"),
        (entry("PATCH", "Patient/1/_history/1", patient("1")), "Bundle.entry[1].request.url"),
        (entry("PUT", "Patient/1", patient("1"), ifNoneExist="a=b"), "Bundle.entry[1].request.ifNoneExist"),
        (entry("GET", "Patient/1", ifModifiedSince="yesterday"), "Bundle.entry[1].request.ifModifiedSince"),
    ],
)  # fmt: skip
def test_an_entry_that_cannot_be_read_fails_a_transaction_and_nothing_else_in_a_batch(
    fhir: Fhir, made: Json, expression: str
) -> None:
    good = entry("PUT", "Patient/beside", patient("beside"))
    refused = fhir.post("", bundle("transaction", good, made))
    assert refused.status_code == 400, refused.text
    assert refused.json["issue"][0]["expression"] == [expression]
    answers = send(fhir, "batch", good, made)
    assert statuses(answers)[0] in ("200", "201")
    assert statuses(answers)[1] == "400"
    assert answers[1]["response"]["outcome"]["issue"][0]["expression"] == [expression]


def test_prefer_decides_what_is_said_about_writes(fhir: Fhir) -> None:
    put = entry("PUT", "Patient/preferred", patient("preferred"))
    assert set(send(fhir, "batch", put)[0]) == {"fullUrl", "response"}
    [whole] = send(fhir, "batch", put, Prefer="return=representation")
    assert whole["resource"]["id"] == "preferred"
    [told] = send(fhir, "batch", put, Prefer="return=OperationOutcome")
    assert "resource" not in told
    assert told["response"]["outcome"]["resourceType"] == "OperationOutcome"


def test_a_put_that_changes_nothing_makes_no_version(fhir: Fhir) -> None:
    put = entry("PUT", "Patient/same", patient("same", active=True))
    etags = [send(fhir, "transaction", put)[0]["response"]["etag"] for _ in range(2)]
    assert etags == ['W/"1"', 'W/"1"']


def test_what_has_no_meaning_in_a_request_is_ignored(fhir: Fhir) -> None:
    noisy = entry("PUT", "Patient/noisy", patient("noisy")) | {
        "search": {"mode": "match"},
        "response": {"status": "200"},
        "link": [{"relation": "self", "url": "x"}],
    }
    assert statuses(send(fhir, "transaction", noisy)) == ["201"]
