"""Reads and writes on condition: ETags, dates, and criteria in place of an id."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from fhir_server.app import create_app
from fhir_server.settings import Settings
from fhir_server.storage.mongo import MongoStore
from tests.conftest import Fhir

Json = dict[str, Any]


def basic(value: str = "", id_: str = "", **more: Any) -> Json:
    made: Json = {"resourceType": "Basic", "code": {"text": "x"}, **more}
    if id_:
        made["id"] = id_
    return made | ({"identifier": [{"system": "urn:cw", "value": value}]} if value else {})


def by(value: str) -> str:
    return f"Basic?identifier=urn:cw|{value}"


def found(fhir: Fhir, value: str) -> list[str]:
    """Give the ids of what has an identifier."""
    return [e["resource"]["id"] for e in fhir.get(by(value)).json.get("entry", [])]


def code(response: Any, status: int) -> str:
    """Give the code of the one issue of a refusal."""
    assert response.status_code == status, response.text
    [issue] = response.json["issue"]
    return str(issue["code"])


@contextmanager
def server(settings: Settings, mongo_uri: str, **changed: Any) -> Iterator[Fhir]:
    """Give a client of the same data under other settings."""
    yield Fhir(create_app(replace(settings, **changed), mongo_uri).test_client())


@pytest.fixture(scope="module")
def other(settings: Settings, mongo_uri: str, store: MongoStore) -> Callable[..., Any]:
    return lambda **changed: server(settings, mongo_uri, **changed)


def test_a_reader_who_has_the_version_is_told_so(fhir: Fhir) -> None:
    made = fhir.create(basic())
    url = f"Basic/{made['id']}"
    for known in ('W/"1"', '"1"', 'W/"7", W/"1"', '"a,b","1"', "*", "1"):
        response = fhir.get(url, If_None_Match=known)
        assert (response.status_code, response.data) == (304, b""), known
        assert response.headers["ETag"] == 'W/"1"'
    for other in ('W/"2"', 'W/"11", "x"'):
        assert fhir.get(url, If_None_Match=other).status_code == 200
    for broken in ("one", 'W/1, "1"', '"1', 'w"1"'):
        assert fhir.get(url, If_None_Match=broken).status_code == 400, broken


def test_a_reader_is_told_what_was_not_modified_since(fhir: Fhir) -> None:
    made = fhir.create(basic())
    url = f"Basic/{made['id']}"
    stamp = fhir.get(url).headers["Last-Modified"]
    assert fhir.get(url, If_Modified_Since=stamp).status_code == 304
    long_ago = "Sat, 01 Jan 2000 00:00:00 GMT"
    assert fhir.get(url, If_Modified_Since=long_ago).status_code == 200
    # RFC 9110: the ETag decides where both are given.
    both = fhir.get(url, If_None_Match='W/"2"', If_Modified_Since=stamp)
    assert both.status_code == 200
    gone = fhir.delete(url)
    assert gone.status_code == 204
    assert fhir.get(url, If_None_Match="*").status_code == 410
    assert fhir.get("Basic/never-was", If_None_Match="*").status_code == 404


def test_an_update_with_if_none_match_only_creates(fhir: Fhir) -> None:
    first = fhir.put("Basic/once", basic(id_="once"), If_None_Match="*")
    assert first.status_code == 201
    changed = basic(id_="once", language="sv")
    assert code(fhir.put("Basic/once", changed, If_None_Match="*"), 412) == "duplicate"
    assert fhir.get("Basic/once").headers["ETag"] == 'W/"1"'
    assert fhir.put("Basic/once", changed, If_None_Match='W/"1"').status_code == 412
    assert fhir.put("Basic/once", changed, If_None_Match='W/"9"').status_code == 200
    fhir.delete("Basic/once")
    assert fhir.put("Basic/once", changed, If_None_Match="*").status_code == 201
    assert fhir.put("Basic/once", changed, If_None_Match="nonsense").status_code == 400
    assert fhir.put("Basic/once", changed, If_Match="4").status_code == 400


def test_where_only_the_server_chooses_ids_a_put_creates_nothing(
    fhir: Fhir, other: Callable[..., Any]
) -> None:
    made = fhir.create(basic("chosen"))
    with other(update_create=False) as strict:
        assert code(strict.put("Basic/mine", basic(id_="mine")), 405) == "not-supported"
        assert code(strict.put(by("mine"), basic("mine", "mine")), 405) == "not-supported"
        assert fhir.get("Basic/mine").status_code == 404
        entry = {
            "resource": basic(id_="mine"),
            "request": {"method": "PUT", "url": "Basic/mine"},
        }
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
        assert strict.post("", bundle).status_code == 405
        assert strict.put(by("servers"), basic("servers")).status_code == 201
        url = f"Basic/{made['id']}"
        assert strict.put(url, basic("chosen", made["id"], language="sv")).status_code == 200
        strict.delete(url)
        assert strict.put(url, basic("chosen", made["id"])).status_code == 201


def test_a_conditional_update_creates_updates_or_refuses(fhir: Fhir) -> None:
    created = fhir.put(by("cu"), basic("cu"))
    assert created.status_code == 201
    id_ = created.json["id"]
    assert created.headers["Location"].endswith(f"Basic/{id_}/_history/1")
    assert fhir.put(by("cu"), basic("cu")).status_code == 200
    changed = fhir.put(by("cu"), basic("cu", language="sv"))
    assert (changed.status_code, changed.headers["ETag"]) == (200, 'W/"2"')
    named = fhir.put(by("cu"), basic("cu", id_, language="en"))
    assert (named.status_code, named.json["id"]) == (200, id_)
    assert code(fhir.put(by("cu"), basic("cu", "another")), 400) == "value"
    fhir.create(basic("cu"))
    assert code(fhir.put(by("cu"), basic("cu")), 412) == "multiple-matches"


def test_a_conditional_update_takes_the_id_of_the_body_where_it_is_free(fhir: Fhir) -> None:
    assert fhir.put(by("free"), basic("free", "free-id")).json["id"] == "free-id"
    taken = fhir.put(by("not-there"), basic("not-there", "free-id"))
    assert code(taken, 409) == "conflict"
    assert found(fhir, "not-there") == []
    fhir.delete("Basic/free-id")
    back = fhir.put(by("not-there"), basic("not-there", "free-id"))
    assert (back.status_code, back.headers["ETag"]) == (201, 'W/"3"')
    for bad in (7, "a b", ""):
        assert fhir.put(by("bad"), {**basic("bad"), "id": bad}).status_code == 400


def test_a_conditional_update_honours_etags(fhir: Fhir) -> None:
    assert fhir.put(by("etag"), basic("etag"), If_Match='W/"1"').status_code == 412
    assert fhir.put(by("etag"), basic("etag"), If_None_Match="*").status_code == 201
    changed = basic("etag", language="sv")
    assert fhir.put(by("etag"), changed, If_None_Match="*").status_code == 412
    assert fhir.put(by("etag"), changed, If_Match='W/"2"').status_code == 412
    assert fhir.put(by("etag"), changed, If_Match='W/"1"').status_code == 200


@pytest.mark.parametrize(
    "criteria",
    [
        "",
        "?",
        "?_format=json",
        "?identifier=",
        "?identifier=urn:cw|a&code=",
        "?_count=1",
        "?identifier=urn:cw|a&_sort=code",
        "?identifier=urn:cw|a&_include=Basic:subject",
        "?unknown=1",
    ],
)
def test_criteria_must_select(fhir: Fhir, criteria: str) -> None:
    fhir.put(by("a"), basic("a"))
    before = fhir.get("Basic?_summary=count").json["total"]
    lenient = {"Prefer": "handling=lenient"}
    if criteria.startswith("?"):
        asked = fhir.post("Basic", basic("a"), If_None_Exist=criteria[1:], **lenient)
        assert asked.status_code == 400
    for refused in (
        fhir.put(f"Basic{criteria}", basic("a"), **lenient),
        fhir.delete(f"Basic{criteria}", **lenient),
    ):
        assert refused.status_code in (400, 405), refused.text
    assert fhir.get("Basic?_summary=count").json["total"] == before


def test_how_the_answer_looks_is_no_criterion(fhir: Fhir) -> None:
    made = fhir.put(f"{by('pretty')}&_pretty=true&_format=json", basic("pretty"))
    assert made.status_code == 201
    assert fhir.put(by("pretty"), basic("pretty")).status_code == 200


def test_a_conditional_delete_deletes_the_one_match(fhir: Fhir) -> None:
    assert fhir.delete(by("cd")).status_code == 204
    made = fhir.put(by("cd"), basic("cd"))
    deleted = fhir.delete(by("cd"))
    assert (deleted.status_code, deleted.headers["ETag"]) == (204, 'W/"2"')
    assert fhir.get(f"Basic/{made.json['id']}").status_code == 410
    for _ in range(2):
        fhir.create(basic("cd"))
    assert code(fhir.delete(by("cd")), 412) == "multiple-matches"
    assert len(found(fhir, "cd")) == 2


def test_a_conditional_delete_of_many_tells_how_many(fhir: Fhir, other: Callable[..., Any]) -> None:
    with other(conditional_delete="multiple", max_bundle_entries=3) as many:
        none = many.delete(by("cdm"))
        assert none.status_code == 200
        assert none.json["issue"][0]["details"]["text"] == "0 resources were deleted."
        for _ in range(4):
            fhir.create(basic("cdm"))
        assert code(many.delete(by("cdm")), 413) == "too-costly"
        assert len(found(fhir, "cdm")) == 4
        fhir.delete(f"Basic/{found(fhir, 'cdm')[0]}")
        entry = {"request": {"method": "DELETE", "url": by("cdm")}}
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
        answer = many.post("", bundle).json["entry"][0]["response"]
        assert answer["status"] == "200"
        assert answer["outcome"]["issue"][0]["details"]["text"] == "3 resources were deleted."
    assert found(fhir, "cdm") == []


def test_a_server_may_delete_by_id_only(fhir: Fhir, other: Callable[..., Any]) -> None:
    fhir.put(by("off"), basic("off"))
    with other(conditional_delete="off") as strict:
        assert code(strict.delete(by("off")), 400) == "not-supported"
    assert len(found(fhir, "off")) == 1


ACTIONS: dict[str, Callable[[Fhir, str, int], Any]] = {
    "create": lambda fhir, value, n: fhir.post(
        "Basic", basic(value, language=f"sv-x-{n}"), If_None_Exist=f"identifier=urn:cw|{value}"
    ),
    "update": lambda fhir, value, n: fhir.put(by(value), basic(value, language=f"sv-x-{n}")),
    "transaction": lambda fhir, value, n: fhir.post(
        "",
        {
            "resourceType": "Bundle",
            "type": "transaction",
            "entry": [
                {
                    "resource": basic(value, language=f"sv-x-{n}"),
                    "request": {"method": "PUT", "url": by(value)},
                }
            ],
        },
    ),
    "conditional create in a transaction": lambda fhir, value, n: fhir.post(
        "",
        {
            "resourceType": "Bundle",
            "type": "transaction",
            "entry": [
                {
                    "resource": basic(value, language=f"sv-x-{n}"),
                    "request": {
                        "method": "POST",
                        "url": "Basic",
                        "ifNoneExist": f"identifier=urn:cw|{value}",
                    },
                }
            ],
        },
    ),
}


@hypothesis_settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(names=st.lists(st.sampled_from(sorted(ACTIONS)), min_size=2, max_size=8))
def test_any_writers_with_the_same_criteria_make_one_resource(app: Flask, names: list[str]) -> None:
    value = secrets.token_hex(6)  # each run its own, a repeated one too

    def act(numbered: tuple[int, str]) -> int:
        number, name = numbered
        response = ACTIONS[name](Fhir(app.test_client()), value, number)
        return int(response.status_code)

    with ThreadPoolExecutor(len(names)) as pool:
        answers = Counter(pool.map(act, enumerate(names)))
    assert set(answers) <= {200, 201}, answers
    fhir = Fhir(app.test_client())
    [id_] = found(fhir, value)
    history = fhir.get(f"Basic/{id_}/_history").json["entry"]
    versions = [int(e["resource"]["meta"]["versionId"]) for e in history]
    assert versions == list(range(len(versions), 0, -1))
    changing = sum(name in ("update", "transaction") for name in names)
    assert len(versions) <= changing + 1


def test_conditional_updates_and_deletes_at_one_moment_leave_one_or_none(app: Flask) -> None:
    def act(number: int) -> int:
        fhir = Fhir(app.test_client())
        if number % 3 == 0:
            return int(fhir.delete(by("race")).status_code)
        return int(fhir.put(by("race"), basic("race", language=f"sv-x-{number}")).status_code)

    with ThreadPoolExecutor(6) as pool:
        answers = Counter(pool.map(act, range(24)))
    assert set(answers) <= {200, 201, 204, 409}, answers
    assert len(found(Fhir(app.test_client()), "race")) <= 1
