"""Issue 7, acceptance 1, over HTTP with tokens: what only HTTP has, and the law as it is.

Nothing in the store gives the nurse a care relation or a consent: of the matrix she sees what her
own unit answers for and what was sent to it, and all else is answered as what is not there, in
status, headers and body, by each way that only HTTP has.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from fhir_server.app import create_app
from fhir_server.security.authentication import local_tokens
from fhir_server.settings import Settings
from fhir_server.storage.mongo import MongoStore
from tests.conftest import Fhir
from tests.security.matrix_routes import TWIN
from tests.security.matrix_world import ALL_KINDS, KINDS, OWNERS, RELATIONS, MatrixWorld, mark
from tests.security.worlds import hsa

PERSON = "SE2321000131-P000000000009"
FRESH = ("Date", "X-Request-Id", "Content-Length", "Last-Modified")
FORM = "application/x-www-form-urlencoded"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def app(database: str, mongo_uri: str, store: MongoStore, folder: Path) -> Iterator[Flask]:
    settings = Settings(
        mongodb_database=database, base_url="http://localhost/fhir", log_level="error",
        local_tokens=True, data_dir=folder, rate_limit="off",
    )  # fmt: skip
    app = create_app(settings, mongo_uri)
    # With security on there is a trail, which has a collection of its own.
    app.extensions["fhir"].store.prepare()
    yield app
    app.extensions["fhir"].store.close()


@pytest.fixture(scope="module")
def world(app: Flask) -> MatrixWorld:
    return MatrixWorld(app)


@pytest.fixture(scope="module")
def tokens(folder: Path, world: MatrixWorld) -> dict[str, str]:
    nurse = {"role": "coordinator", "unit": hsa("hc"), "scope": "user/*.cruds", "purpose": "TREAT",
             "client_id": "local", "sub": PERSON, "person": PERSON}  # fmt: skip
    patient = {"role": "patient", "patient": "own", "scope": "patient/*.cruds",
               "client_id": "local", "sub": "own"}  # fmt: skip
    made = {"nurse": nurse, "patient": patient}
    return {name: local_tokens.issue(folder, claims, 30) for name, claims in made.items()}


def asked(fhir: Fhir, token: str, method: str, path: str, body: Any = None, **more: str) -> Any:
    data = json.dumps(body) if isinstance(body, dict) else body
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/fhir+json"}
    headers |= {name.replace("_", "-"): value for name, value in more.items()}
    return fhir.client.open(f"/fhir/{path}", method=method, data=data, headers=headers)


def requests(type_: str, id_: str, person: str) -> Iterator[tuple[str, str, Any, dict[str, str]]]:
    """Give what HTTP alone has: forms of answers, headers, forms, GraphQL by POST."""
    at = f"{type_}/{id_}"
    for form in ("json", "xml", "html", "application/fhir%2Bxml"):
        yield "GET", f"{at}?_format={form}", None, {}
    yield "GET", at, None, {"Accept": "text/plain"}
    yield "GET", at, None, {"Accept": "application/fhir+json", "Accept_Encoding": "gzip"}
    yield "HEAD", at, None, {}
    yield "GET", at, None, {"If_None_Match": 'W/"2"'}
    yield "GET", at, None, {"If_Modified_Since": "Fri, 01 Jan 2100 00:00:00 GMT"}
    yield "GET", f"{at}/_history/1", None, {"Accept": "text/plain"}
    yield "GET", f"{at}?_summary=true", None, {}
    yield "GET", f"{at}?_elements=id", None, {}
    yield "POST", f"{type_}/_search", f"_id={id_}", {"Content_Type": FORM}
    yield "POST", "_search", f"_id={id_}&_type={type_}", {"Content_Type": FORM}
    yield "GET", f"{type_}?_id={id_}&_format=xml", None, {}
    query = {"query": f'{{ {type_}(id: "{id_}") {{ id }} }}'}
    yield "POST", "$graphql", query, {"Content_Type": "application/json"}
    yield "POST", f"{at}/$graphql", {"query": "{ id }"}, {"Content_Type": "application/json"}
    yield "PUT", at, {"resourceType": type_, "id": id_}, {"If_Match": 'W/"2"'}
    patch = json.dumps([{"op": "add", "path": "/language", "value": "sv"}])
    yield "PATCH", at, patch, {"Content_Type": "application/json-patch+json"}
    yield "DELETE", at, None, {}
    yield "OPTIONS", at, None, {}


def said(response: Any, id_: str) -> str:
    """Give all of an answer that does not change from one moment to the next."""
    kept = [f"{n}: {v}" for n, v in response.headers.items() if n not in FRESH]
    text = "\n".join([str(response.status_code), *sorted(kept), response.text])
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)", "TIME", text)
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "ID", text)
    return text.replace(id_, TWIN)


HIDDEN = [
    (kind, relation)
    for kind in KINDS
    for relation in RELATIONS
    if kind != "patient"
    and (OWNERS[relation] not in ("hc", "hc-lab") or kind == "without-owner")
    and not (kind in ("encounter", "task") and relation in ("sent", "shared"))
]


@pytest.mark.timeout(600)
def test_what_the_nurse_may_not_see_is_not_there(
    world: MatrixWorld, tokens: dict[str, str], app: Flask
) -> None:
    """R111: no relation and no consent is stored, and none is guessed."""
    fhir, wrong, count = Fhir(app.test_client()), [], 0
    twins: dict[tuple[str, int], str] = {}
    for kind, relation in HIDDEN:
        type_, id_ = ALL_KINDS[kind], world.ids[kind, relation]
        for number, request in enumerate(requests(type_, id_, relation)):
            count += 1
            method, path, body, more = request
            answer = asked(fhir, tokens["nurse"], method, path, body, **more)
            if (type_, number) not in twins:
                method, path, body, more = list(requests(type_, TWIN, relation))[number]
                twin = asked(fhir, tokens["nurse"], method, path, body, **more)
                twins[type_, number] = said(twin, TWIN)
            if mark(kind, relation) in answer.text or said(answer, id_) != twins[type_, number]:
                wrong.append((kind, relation, request[:2], said(answer, id_)[:500],
                              twins[type_, number][:500]))  # fmt: skip
    print(f"\n{count} requests over HTTP")
    assert not wrong, f"{len(wrong)}\n" + "\n\n".join(map(str, wrong[:10]))


def test_what_is_ones_own_is_there(world: MatrixWorld, tokens: dict[str, str], app: Flask) -> None:
    """R111: the test before would pass for who sees nothing at all."""
    fhir = Fhir(app.test_client())
    for kind in ("encounter", "care-plan", "task", "named-contact", "observation"):
        at = f"{ALL_KINDS[kind]}/{world.ids[kind, 'own']}"
        for who in ("nurse", "patient"):
            answer = asked(fhir, tokens[who], "GET", at)
            assert answer.status_code == 200, (who, at, answer.text)
        assert asked(fhir, tokens["patient"], "GET", at.replace("own", "sent")).status_code == 404


def test_a_page_of_another_is_no_way_in(
    world: MatrixWorld, tokens: dict[str, str], app: Flask
) -> None:
    """R111: the link to a next page gives who follows it what they may see, and no more."""
    fhir = Fhir(app.test_client())
    page = asked(fhir, tokens["nurse"], "GET", "Encounter?_count=1&_sort=_lastUpdated")
    link = next(i["url"] for i in page.json["link"] if i["relation"] == "next")
    path = link.removeprefix("http://localhost/fhir/")
    followed = asked(fhir, tokens["patient"], "GET", path)
    found = [each["resource"] for each in followed.json.get("entry", ()) if "resource" in each]
    assert all(
        each.get("subject", {}).get("reference", "Patient/own") == "Patient/own" for each in found
    )


def test_who_sends_no_token_takes_no_place_among_the_jobs(app: Flask) -> None:
    """Nobody could ask what came of it, and the jobs of others would have to wait."""
    told = app.test_client().get("/fhir/metadata", headers={"Prefer": "respond-async"})
    assert told.status_code == 200
    assert told.get_json()["resourceType"] == "CapabilityStatement"
