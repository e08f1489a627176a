"""load, demo and export, on a real database, as the commands do it."""

from __future__ import annotations

import bz2
import gzip
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from fhir_server.app import create_app, create_context
from fhir_server.bulk.load import Loader, Tally
from fhir_server.bulk.sources import find_sources
from fhir_server.cli import main
from fhir_server.commands.demo import PAGES, REQUESTS, data_folder
from fhir_server.interactions.context import Server
from fhir_server.settings import Settings
from fhir_server.storage.checks import Check, Follow
from fhir_server.storage.mongo import MongoStore
from fhir_server.storage.records import Change, StoreUnavailable
from tests import http
from tests.conftest import Fhir, ServerProcess

Json = dict[str, Any]
Command = Callable[..., Result]


@pytest.fixture
def command(mongo_uri: str, database: str, store: MongoStore) -> Command:
    """Runs `fhir-server` on the tests' database."""

    def run(*arguments: str | Path, stdin: bytes | None = None, on: str = database) -> Result:
        given = [*map(str, arguments), "--mongodb-uri", mongo_uri]
        variables = {
            "FHIR_SERVER_MONGODB_DATABASE": on,
            "FHIR_SERVER_BASE_URL": "http://localhost/fhir",
        }
        return CliRunner().invoke(main, given, input=stdin, env=variables)

    return run


class _Silent:
    """Hears nothing, and counts how often the database was waited for."""

    waits = 0

    def begin(self, what: str) -> None: ...

    def done(self, consumed: float, resources: int) -> None: ...

    def waiting(self) -> None:
        self.waits += 1


def load(server: Server, store: MongoStore, *paths: Path, again: bool = False) -> Tally:
    return Loader(create_context(server, store), _Silent(), again=again).load(find_sources(paths))


def counts(tally: Tally) -> tuple[int, int, int]:
    return tally.stored, tally.unchanged, tally.failed


def bundle(type_: str, *entries: Json) -> Json:
    return {"resourceType": "Bundle", "type": type_, "entry": list(entries)}


def post(resource: Json, full_url: str | None = None, **request: str) -> Json:
    entry = {
        "resource": resource,
        "request": {"method": "POST", "url": resource["resourceType"], **request},
    }
    return {**entry, "fullUrl": full_url} if full_url else entry


def write(path: Path, *documents: Json | str) -> Path:
    """Write documents, one on each line."""
    lines = (each if isinstance(each, str) else json.dumps(each) for each in documents)
    path.write_text("\n".join(lines))
    return path


def with_digits(data: str | bytes) -> Any:
    """Parse JSON so that numbers compare by how they are written."""
    return json.loads(
        data, parse_float=lambda text: ("number", text), parse_int=lambda text: ("number", text)
    )


def found(fhir: Fhir, search: str) -> list[Json]:
    response = fhir.get(search)
    assert response.status_code == 200, response.text
    return [entry["resource"] for entry in response.json.get("entry", [])]


ORGANISATION = "urn:synthea|organisation-1"
SYNTHEA_INFORMATION = bundle(
    "batch",
    post(
        {
            "resourceType": "Organization",
            "identifier": [{"system": "urn:synthea", "value": "organisation-1"}],
            "name": "Hälsocentralen",
        },
        "urn:uuid:00000000-0000-4000-8000-000000000001",
        ifNoneExist=f"identifier={ORGANISATION}",
    ),
)
# As text, because Python's own numbers would lose the digits.
SYNTHEA_PATIENT = """{"resourceType": "Bundle", "type": "transaction", "entry": [
 {"fullUrl": "urn:uuid:00000000-0000-4000-8000-00000000000a", "request": {"method": "POST", "url": "Patient"},
  "resource": {"resourceType": "Patient", "id": "theirs", "identifier": [{"system": "urn:synthea", "value": "p"}],
   "meta": {"profile": ["http://example.org/profile"], "tag": [{"code": "t"}]},
   "extension": [{"url": "http://example.org/qaly", "valueDecimal": 1.10},
    {"url": "http://example.org/daly", "valueDecimal": 0.000},
    {"url": "http://example.org/big", "valueDecimal": 1E+2},
    {"url": "http://example.org/long", "valueDecimal": 12345678901234567890.12345678901234567890}],
   "multipleBirthInteger": 2, "birthDate": "1950-02-03",
   "_birthDate": {"extension": [{"url": "http://example.org/t", "valueDateTime": "1950-02-03T04:05:06.70+01:00"}]}}},
 {"fullUrl": "urn:uuid:00000000-0000-4000-8000-00000000000b", "request": {"method": "POST", "url": "Observation"},
  "resource": {"resourceType": "Observation", "status": "final", "code": {"text": "vikt å ä ö \\u2028"},
   "subject": {"reference": "urn:uuid:00000000-0000-4000-8000-00000000000a"},
   "performer": [{"reference": "Organization?identifier=urn:synthea|organisation-1"}],
   "identifier": [{"system": "urn:ietf:rfc:3986", "value": "urn:uuid:00000000-0000-4000-8000-00000000000a"}],
   "valueQuantity": {"value": 70.0, "unit": "kg"}}}
]}"""


def without_identity(resource: Json) -> Json:
    meta = {
        key: value
        for key, value in resource.get("meta", {}).items()
        if key not in ("versionId", "lastUpdated")
    }
    rest = {key: value for key, value in resource.items() if key not in ("id", "meta")}
    return {**rest, "meta": meta} if meta else rest


def test_what_is_loaded_reads_back_as_it_was_digit_for_digit(
    app_server: Server, store: MongoStore, fhir: Fhir, tmp_path: Path
) -> None:
    write(tmp_path / "patient.json", SYNTHEA_PATIENT)
    write(tmp_path / "hospitalInformation1.json", SYNTHEA_INFORMATION)
    assert counts(load(app_server, store, tmp_path)) == (3, 0, 0)

    patient_id = found(fhir, "Patient?identifier=urn:synthea|p")[0]["id"]
    observation_id = found(fhir, f"Observation?subject=Patient/{patient_id}")[0]["id"]
    organisation_id = found(fhir, f"Organization?identifier={ORGANISATION}")[0]["id"]
    expected = [entry["resource"] for entry in with_digits(SYNTHEA_PATIENT)["entry"]]
    expected[1]["subject"]["reference"] = f"Patient/{patient_id}"
    expected[1]["performer"][0]["reference"] = f"Organization/{organisation_id}"
    read = [
        with_digits(fhir.get(f"Patient/{patient_id}").data),
        with_digits(fhir.get(f"Observation/{observation_id}").data),
    ]
    assert patient_id != "theirs"
    assert [without_identity(each) for each in read] == [without_identity(e) for e in expected]


def test_loading_again_changes_nothing(
    app_server: Server, store: MongoStore, fhir: Fhir, tmp_path: Path
) -> None:
    person = {"resourceType": "Person", "id": "again", "gender": "female"}
    write(
        tmp_path / "x.ndjson",
        person,
        {"resourceType": "Person", "gender": "male"},
        bundle("transaction", post({"resourceType": "Person", "gender": "other"})),
    )
    assert counts(load(app_server, store, tmp_path)) == (3, 0, 0)
    before = {(p["id"], p["meta"]["versionId"]) for p in found(fhir, "Person")}

    # The same content otherwise written and packed is the same.
    as_is = json.loads((tmp_path / "x.ndjson").read_text().splitlines()[2])
    (tmp_path / "y.json.gz").write_bytes(gzip.compress(json.dumps(as_is, indent=3).encode()))
    assert counts(load(app_server, store, tmp_path)) == (0, 4, 0)
    assert {(p["id"], p["meta"]["versionId"]) for p in found(fhir, "Person")} == before


def test_again_carries_out_what_was_loaded_before_once_more(
    app_server: Server, store: MongoStore, fhir: Fhir, tmp_path: Path
) -> None:
    known = {"resourceType": "Group", "type": "person", "actual": True,
             "identifier": [{"system": "urn:group", "value": "1"}]}  # fmt: skip
    new = {"resourceType": "Group", "type": "animal", "actual": True}
    file = write(
        tmp_path / "x.json",
        bundle("transaction", post(known, ifNoneExist="identifier=urn:group|1"), post(new)),
    )
    assert counts(load(app_server, store, file)) == (2, 0, 0)
    assert counts(load(app_server, store, file, again=True)) == (1, 1, 0)
    assert counts(load(app_server, store, file, again=True)) == (1, 1, 0)
    assert len(found(fhir, "Group?type=person")) == 1
    assert len(found(fhir, "Group?type=animal")) == 3


def test_a_resource_with_an_id_is_updated_only_where_it_differs(
    app_server: Server, store: MongoStore, fhir: Fhir, tmp_path: Path
) -> None:
    same = {"resourceType": "Location", "id": "same", "name": "A"}
    other = {"resourceType": "Location", "id": "other", "name": "A"}
    file = write(tmp_path / "x.ndjson", same, other)
    load(app_server, store, file)
    write(file, same, {**other, "name": "B"})
    assert counts(load(app_server, store, file)) == (1, 1, 0)
    assert fhir.get("Location/same").json["meta"]["versionId"] == "1"
    assert fhir.get("Location/other").json["meta"]["versionId"] == "2"


def test_a_resource_given_twice_in_a_file_gets_two_versions(
    app_server: Server, store: MongoStore, fhir: Fhir, tmp_path: Path
) -> None:
    first = {"resourceType": "Location", "id": "twice", "name": "A"}
    file = write(tmp_path / "x.ndjson", first, {**first, "name": "B"})
    assert counts(load(app_server, store, file)) == (2, 0, 0)
    stored = fhir.get("Location/twice").json
    assert (stored["name"], stored["meta"]["versionId"]) == ("B", "2")


def test_only_the_bad_ones_of_many_fail(
    app_server: Server, store: MongoStore, fhir: Fhir, tmp_path: Path
) -> None:
    beds = [{"resourceType": "Device", "id": f"bed-{n}", "status": "active"} for n in range(300)]
    beds[7]["status"] = beds[280]["status"] = "bogus"
    tally = load(app_server, store, write(tmp_path / "x.ndjson", *beds))
    assert counts(tally) == (298, 0, 2)
    assert [failure.place.line for failure in tally.failures] == [8, 281]
    assert fhir.get("Device/bed-8").status_code == 200
    assert fhir.get("Device/bed-7").status_code == 404


def test_what_needs_a_later_file_is_tried_again(
    app_server: Server, store: MongoStore, fhir: Fhir, tmp_path: Path
) -> None:
    def refers(to: str, **more: Any) -> Json:
        reference = {"reference": f"Location?identifier=urn:l|{to}"}
        return {"resourceType": "Location", **more, "partOf": reference}

    def identified(value: str) -> Json:
        return {"identifier": [{"system": "urn:l", "value": value}]}

    write(tmp_path / "a.json", bundle("transaction", post(refers("b", **identified("a")))))
    write(tmp_path / "b.json", bundle("transaction", post(refers("c", **identified("b")))))
    write(tmp_path / "c.ndjson", {"resourceType": "Location", "id": "loc-c", **identified("c")})
    write(tmp_path / "d.json", bundle("transaction", post(refers("nowhere"))))
    tally = load(app_server, store, tmp_path)
    assert counts(tally) == (3, 0, 1)
    assert [failure.place.file for failure in tally.failures] == [str(tmp_path / "d.json")]
    (c,) = found(fhir, "Location?identifier=urn:l|c")
    (b,) = found(fhir, f"Location?partof=Location/{c['id']}")
    assert len(found(fhir, f"Location?partof=Location/{b['id']}")) == 1


def test_a_transaction_is_stored_whole_or_not_at_all(
    app_server: Server, store: MongoStore, fhir: Fhir, tmp_path: Path
) -> None:
    good = {"resourceType": "Substance", "identifier": [{"value": "half"}], "code": {"text": "x"}}
    file = write(tmp_path / "x.json", bundle("transaction", post(good), post({**good, "code": 7})))
    tally = load(app_server, store, file)
    assert counts(tally) == (0, 0, 2)
    assert tally.failures[0].error.issues[0].expression == "Bundle.entry[1].resource.code"
    assert found(fhir, "Substance?identifier=half") == []


def test_entries_of_a_batch_fail_alone(
    app_server: Server, store: MongoStore, fhir: Fhir, tmp_path: Path
) -> None:
    good = {"resourceType": "Substance", "id": "batch-1", "code": {"text": "x"}}
    put = {"method": "PUT", "url": "Substance/batch-1"}
    file = write(
        tmp_path / "x.json",
        bundle(
            "batch",
            {"resource": good, "request": put},
            {"resource": good},
            post({**good, "code": 7}),
        ),
    )
    tally = load(app_server, store, file)
    assert counts(tally) == (1, 0, 2)
    assert [(f.place.entry, f.error.issues[0].expression) for f in tally.failures] == [
        (1, None),
        (2, "Substance.code"),
    ]
    assert fhir.get("Substance/batch-1").status_code == 200


def test_a_history_ends_with_the_newest_version(
    app_server: Server, store: MongoStore, fhir: Fhir, tmp_path: Path
) -> None:
    def version(number: int) -> Json:
        resource = {"resourceType": "Endpoint", "id": "h", "meta": {"versionId": str(number)}}
        return {"resource": {**resource, **ENDPOINT, "name": f"v{number}"}}

    delete = {"request": {"method": "DELETE", "url": "Endpoint/h"}}
    file = write(tmp_path / "x.json", bundle("history", delete, version(2), version(1)))
    assert counts(load(app_server, store, file)) == (3, 0, 0)
    assert fhir.get("Endpoint/h").status_code == 410
    assert fhir.get("Endpoint/h/_history/2").json["name"] == "v2"
    assert counts(load(app_server, store, file)) == (0, 3, 0)


ENDPOINT = {
    "status": "active",
    "connectionType": {"code": "hl7-fhir-rest"},
    "payloadType": [{"text": "x"}],
    "address": "https://example.org",
}


class _LosesAnswers(MongoStore):
    """A store on which answers to the first commits get lost on the way."""

    lost = 0

    def transact(
        self, changes: Sequence[Change], *, locks: Sequence[str] = (), before: Check | None = None,
        follow: Follow | None = None, after: Check | None = None, once: str | None = None,
    ) -> None:  # fmt: skip
        super().transact(changes, locks=locks, before=before, follow=follow, after=after, once=once)
        if changes and self.lost < 2:
            self.lost += 1
            raise StoreUnavailable("the connection was lost")


def test_a_commit_whose_answer_was_lost_is_not_made_twice(
    app_server: Server, mongo_uri: str, database: str, fhir: Fhir, tmp_path: Path
) -> None:
    write(tmp_path / "a.json", bundle("transaction", post({"resourceType": "Media", **MEDIA})))
    write(tmp_path / "b.ndjson", {"resourceType": "Media", "id": "m", **MEDIA})
    flaky = _LosesAnswers(mongo_uri, database)
    watcher = _Silent()
    try:
        loader = Loader(create_context(app_server, flaky), watcher)
        tally = loader.load(find_sources([tmp_path]))
    finally:
        flaky.close()
    assert watcher.waits == 2
    assert tally.failed == 0
    assert sorted(m["meta"]["versionId"] for m in found(fhir, "Media")) == ["1", "1"]


class _FailsOnOne(MongoStore):
    """A store that meets a fault of its own on one resource."""

    def transact(
        self, changes: Sequence[Change], *, locks: Sequence[str] = (), before: Check | None = None,
        follow: Follow | None = None, after: Check | None = None, once: str | None = None,
    ) -> None:  # fmt: skip
        if any(change.new.id == "cursed" for change in changes):
            raise RuntimeError("cursed, born 19500203-0000")
        super().transact(changes, locks=locks, before=before, follow=follow, after=after, once=once)


def test_a_fault_of_the_server_fails_one_resource_and_quotes_none(
    app_server: Server, mongo_uri: str, database: str, tmp_path: Path
) -> None:
    ids = ("good", "cursed", "fine")
    file = write(tmp_path / "x.ndjson", *({"resourceType": "Media", "id": i, **MEDIA} for i in ids))
    faulty = _FailsOnOne(mongo_uri, database)
    try:
        tally = load(app_server, faulty, file)
    finally:
        faulty.close()
    assert counts(tally) == (2, 0, 1)
    (issue,) = tally.failures[0].error.issues
    assert "RuntimeError at guarded_store.py" in issue.text
    assert "born" not in issue.text


MEDIA = {"status": "completed", "content": {"title": "x"}}


def test_the_command_goes_on_after_bad_files_and_lists_them(
    command: Command, fhir: Fhir, tmp_path: Path
) -> None:
    write(tmp_path / "a.json", '{"resourceType": "Basic", ')
    write(
        tmp_path / "b.ndjson",
        {"resourceType": "Basic", "id": "good", "code": {"text": "x"}},
        {"resourceType": "Basic", "id": "bad"},
        {"resourceType": "Hest", "id": "h"},
    )
    result = command("load", tmp_path)
    assert result.exit_code == 1
    assert "1 resource stored, 0 there already, 3 failed" in result.stdout
    assert "Not stored: 3 resources." in result.stderr
    assert f"{tmp_path / 'b.ndjson'}, line 2\n    Basic.code: " in result.stderr
    assert "'Hest' is not a resource type of R4." in result.stderr
    order = [result.stderr.index(place) for place in ("a.json", "line 2", "line 3")]
    assert order == sorted(order)
    assert fhir.get("Basic/good").status_code == 200
    assert command("load", "--quiet", tmp_path / "b.ndjson").stdout == ""


def test_a_broken_rule_names_its_paragraph(command: Command, tmp_path: Path) -> None:
    role = "https://terminologitjansten.inera.se/inera-kodverksforvaltning/kodverk/kv_typ_av_fast_kontakt"
    categories = "https://fhir.inera.se/ig/careteam/CodeSystem/typ-av-careteam-cs"
    unnamed = {
        "resourceType": "CareTeam",
        "id": "unnamed",
        "status": "active",
        "category": [{"coding": [{"system": categories, "code": "fast-kontakt"}]}],
        "subject": {"reference": "Patient/somebody"},
        "participant": [{"role": [{"coding": [{"system": role, "code": "1"}]}]}],
    }
    result = command("load", write(tmp_path / "x.json", unnamed))
    assert result.exit_code == 1
    assert "Patientlagen (2014:821) 6 kap." in result.stderr


def test_what_says_nothing_of_its_unit_is_the_named_ones(
    command: Command, store: MongoStore, tmp_path: Path
) -> None:
    """R112: by HSA-id or reference; a unit that is not there is refused."""
    number = {"system": "urn:oid:1.2.752.29.4.19", "value": "SE2321000131-E000000000010"}
    unit = {"resourceType": "Organization", "id": "hc", "name": "hc", "identifier": [number]}
    basic = {"resourceType": "Basic", "code": {"text": "x"}}
    refused = command("load", "--unit", "SE2321000131-X", write(tmp_path / "u.json", unit))
    assert refused.exit_code == 2
    assert "load the Organizations first" in refused.stderr
    command("load", tmp_path / "u.json")
    for id_, named in (("by-hsa-id", number["value"]), ("by-reference", "Organization/hc")):
        file = write(tmp_path / f"{id_}.json", {**basic, "id": id_})
        assert command("load", "--unit", named, file).exit_code == 0
        stored = store.read("Basic", id_)
        assert stored is not None
        assert "Basic._owner>Organization/hc" in stored.labels


def test_standard_input_is_loaded(command: Command, fhir: Fhir) -> None:
    lines = [{"resourceType": "Basic", "id": f"in-{n}", "code": {"text": "x"}} for n in range(3)]
    data = bz2.compress("\n".join(map(json.dumps, lines)).encode())
    result = command("load", "-", stdin=data)
    assert "3 resources stored" in result.stdout, result.output
    assert fhir.get("Basic/in-2").status_code == 200
    result = command("load", "-", stdin=b"{")
    assert "  standard input\n    Not valid JSON" in result.stderr


def test_a_load_reaches_a_running_server(live_server: ServerProcess, tmp_path: Path) -> None:
    file = write(
        tmp_path / "x.json", {"resourceType": "Basic", "id": "live", "code": {"text": "x"}}
    )
    result = CliRunner().invoke(main, ["load", str(file), "--data-dir", str(live_server.data_dir)])
    assert result.exit_code == 0, result.output
    assert http.get(f"{live_server.base}/Basic/live").json()["code"] == {"text": "x"}
    assert http.get(f"{live_server.base}/metadata").status_code == 200


def test_the_demo_can_be_loaded_twice_and_its_requests_work(command: Command, fhir: Fhir) -> None:
    first = command("demo")
    assert first.exit_code == 0, first.output
    total = sum(len(json.loads(p.read_text())["entry"]) for p in data_folder().glob("*.json"))
    assert f"{total} resources stored, 0 there already" in first.stdout
    for request in REQUESTS:
        assert request.as_curl("http://localhost/fhir") in first.stdout

    for _, page in PAGES:
        assert f"http://localhost/fhir/{page}\n" in first.stdout
        shown = fhir.get(page)
        assert (shown.status_code, shown.mimetype) == (200, "text/html"), page

    assign, contacts, sip = REQUESTS
    assert fhir.post(assign.path, assign.body).status_code == 201
    named = fhir.get(contacts.path).json
    assert "PractitionerRole/eva-test-hc" in json.dumps(named)
    plan = fhir.post(sip.path, sip.body)
    assert plan.status_code == 201, plan.text
    assert plan.json["parameter"][0]["resource"]["status"] == "draft"

    patient = fhir.get("Patient/albertina-hammar").json
    assert fhir.put("Patient/albertina-hammar", {**patient, "active": False}).status_code == 200
    assert f"0 resources stored, {total} there already" in command("demo").stdout
    assert fhir.get("Patient/albertina-hammar").json["active"] is False


def exported(folder: Path) -> dict[str, bytes]:
    lines = [line for path in folder.glob("*.ndjson") for line in path.read_bytes().splitlines()]
    return {f"{r['resourceType']}/{r['id']}": line for line in lines for r in [json.loads(line)]}


def test_an_export_holds_every_resource_as_it_is_served(
    command: Command, fhir: Fhir, tmp_path: Path
) -> None:
    text = '{"resourceType": "Basic", "id": "exp", "code": {"text": "a \\u2028\\n b"}, "extension": ' \
        '[{"url": "urn:x", "valueDecimal": 1.10}]}'  # fmt: skip
    assert fhir.put("Basic/exp", text).status_code == 201
    schedule = {"resourceType": "Schedule", "id": "1", "actor": [{"display": "x"}]}
    many = [{"resourceType": "Slot", "id": f"s{n}", **SLOT} for n in range(120)]
    command("load", write(tmp_path / "many.ndjson", *many, schedule))
    assert fhir.delete("Slot/s7").status_code == 204

    result = command("export", "--output", tmp_path / "out")
    assert result.exit_code == 0, result.output
    lines = exported(tmp_path / "out")
    assert lines["Basic/exp"] == fhir.get("Basic/exp").data
    slots = (tmp_path / "out" / "Slot.ndjson").read_bytes().splitlines()
    ids = [json.loads(line)["id"] for line in slots]
    assert ids == sorted(f"s{n}" for n in range(120) if n != 7)
    assert (tmp_path / "out" / "Slot.ndjson").stat().st_mode & 0o777 == 0o600
    assert not list((tmp_path / "out").glob(".*"))


SLOT = {
    "schedule": {"reference": "Schedule/1"},
    "status": "free",
    "start": "2026-03-02T08:00:00Z",
    "end": "2026-03-02T09:00:00Z",
}


def test_an_export_can_be_loaded_into_another_server(
    command: Command, database: str, tmp_path: Path
) -> None:
    command("demo")
    command("export", "--type", "CareTeam", "--type", "PractitionerRole", "--type", "Practitioner",
            "--type", "Organization", "--type", "Patient", "--type", "Condition",
            "--output", tmp_path / "out")  # fmt: skip
    before = exported(tmp_path / "out")
    assert any(reference.startswith("CareTeam/") for reference in before)
    loaded = command("load", tmp_path / "out", on=f"{database}_b")
    assert loaded.exit_code == 0, loaded.output
    command("export", "--output", tmp_path / "other", on=f"{database}_b")

    def contents(lines: dict[str, bytes]) -> dict[str, Json]:
        return {name: without_identity(with_digits(line)) for name, line in lines.items()}

    assert contents(exported(tmp_path / "other")) == contents(before)


def test_an_export_goes_where_it_is_asked_to(command: Command, fhir: Fhir, tmp_path: Path) -> None:
    assert fhir.put("Basic/where", BASIC | {"id": "where"}).status_code == 201
    out = command("export", "--type", "Basic", "--output", "-")
    assert fhir.get("Basic/where").data in out.stdout_bytes.splitlines()
    packed = tmp_path / "x" / "basic.ndjson.gz"
    command("export", "--type", "Basic", "--output", packed)
    assert gzip.decompress(packed.read_bytes()) == out.stdout_bytes
    command("export", "--type", "Basic", "--gzip", "--output", tmp_path / "folder")
    in_folder = (tmp_path / "folder" / "Basic.ndjson.gz").read_bytes()
    assert gzip.decompress(in_folder) == out.stdout_bytes
    assert command("export", "--type", "Hest", "--output", "-").exit_code == 2


BASIC = {"resourceType": "Basic", "code": {"text": "x"}}


def test_an_export_replaces_an_earlier_one_only_when_told(
    command: Command, fhir: Fhir, tmp_path: Path
) -> None:
    assert fhir.put("Basic/twice", BASIC | {"id": "twice"}).status_code == 201
    (tmp_path / "Flag.ndjson").write_text("old")
    refused = command("export", "--type", "Basic", "--output", tmp_path)
    assert refused.exit_code == 2
    assert "--overwrite" in refused.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["Flag.ndjson"]
    command("export", "--type", "Basic", "--output", tmp_path, "--overwrite")
    assert [path.name for path in tmp_path.iterdir()] == ["Basic.ndjson"]


def test_resources_may_refer_to_each_other_across_files(
    fhir: Fhir, app_server: Server, store: MongoStore, tmp_path: Path
) -> None:
    """As a bulk export has it: one file for each type, in the order of their names."""
    subject = {"subject": {"reference": "Patient/circle-1"}}
    conditions = [
        {
            "resourceType": "Condition",
            "id": f"circle-{n}",
            "encounter": {"reference": f"Encounter/circle-{n}"},
            **subject,
        }
        for n in range(300)
    ]
    encounters = [
        {
            "resourceType": "Encounter",
            "id": f"circle-{n}",
            "status": "finished",
            "class": {"code": "AMB"},
            "diagnosis": [{"condition": {"reference": f"Condition/circle-{n}"}}],
            **subject,
        }
        for n in range(300)
    ]
    files = [
        write(tmp_path / "Condition.ndjson", *conditions),
        write(tmp_path / "Encounter.ndjson", *encounters),
        write(tmp_path / "Patient.ndjson", {"resourceType": "Patient", "id": "circle-1"}),
    ]
    assert counts(load(app_server, store, *files)) == (601, 0, 0)
    assert len(found(fhir, "Condition?_count=1000&patient=circle-1")) == 300


def test_a_reference_to_what_nobody_stores_is_refused(
    fhir: Fhir, app_server: Server, store: MongoStore, tmp_path: Path
) -> None:
    basic = {"resourceType": "Basic", "code": {"text": "x"}}
    file = write(
        tmp_path / "basics.ndjson",
        {**basic, "id": "load-a", "subject": {"reference": "Patient/load-nobody"}},
        {**basic, "id": "load-b", "subject": {"reference": "Patient/load-bad"}},
        {**basic, "id": "load-c"},
        {"resourceType": "Patient", "id": "load-bad", "gender": "nonsense"},
    )
    tally = load(app_server, store, file)
    assert counts(tally) == (2, 0, 2)
    assert [failure.place.line for failure in tally.failures] == [1, 4]
    assert "load-nobody does not exist" in str(tally.failures[0].error)
    assert "refer to it, and were stored" in str(tally.failures[1].error)
    assert fhir.get("Basic/load-a").status_code == 404
    assert fhir.get("Basic/load-b").status_code == 200


def test_files_may_name_ids_where_clients_may_not(
    fhir: Fhir, settings: Settings, mongo_uri: str, store: MongoStore, tmp_path: Path
) -> None:
    app = create_app(replace(settings, update_create=False), mongo_uri)
    file = write(tmp_path / "p.ndjson", {"resourceType": "Patient", "id": "named-by-file"})
    assert counts(load(app.extensions["fhir"].server, store, file)) == (1, 0, 0)
    assert fhir.get("Patient/named-by-file").status_code == 200
