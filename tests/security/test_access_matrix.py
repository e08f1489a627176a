"""Issue 7, acceptance 1: every cell of the access matrix, through every route that could leak.

tests/data/access/matrix.csv says what the law says. `FHIR_TEST_ACCESS_MATRIX=all` tries every
route for every role; without it the roles that differ in what they see try every route, and the
others the main ones.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from fhir_server.fhir.outcome import FhirError
from fhir_server.interactions.batch import process
from tests.security.matrix_routes import (
    BUNDLES,
    CORE,
    COUNTS,
    FULL,
    LISTS,
    PINNED,
    TWIN,
    Route,
    filled,
)  # fmt: skip
from tests.security.matrix_world import (
    ALL_KINDS,
    KINDS,
    NONE,
    OWNERS,
    PRINCIPALS,
    RELATIONS,
    SINGLE,
    MatrixWorld,
    Told,
    _patient,
    decoded,
    mark,
    record,
    secret,
    single,
)  # fmt: skip

MATRIX = Path(__file__).parent.parent / "data/access/matrix.csv"
ALL = os.environ.get("FHIR_TEST_ACCESS_MATRIX") == "all"
# Of every other route a share for each cell, so that each kind is tried by all of them.
SHARE = 1 if ALL else 12
EVERY_ROUTE = frozenset(
    {"coordinator", "system-provider", "national-service", "administrator", "patient"}
)
INTERACTIONS = ("named", "unnamed", "create", "update", "delete")
ROLES = tuple(PRINCIPALS)
tried: dict[str, int] = {}


def _cells() -> Iterator[tuple[str, str]]:
    for kind in ALL_KINDS:
        for relation in RELATIONS if kind in KINDS else (NONE,):
            yield kind, relation


@cache
def expectations() -> dict[tuple[str, str, str, str], list[str]]:
    found: dict[tuple[str, str, str, str], list[str]] = {}
    lines = [line for line in MATRIX.read_text().splitlines() if not line.startswith("#")]
    for row in csv.DictReader(lines):
        for role in ROLES if row["roles"] == "*" else row["roles"].split("|"):
            kinds = ALL_KINDS if row["kinds"] == "*" else row["kinds"].split("|")
            for kind in kinds:
                own = RELATIONS if kind in KINDS else (NONE,)
                for relation in own if row["relations"] == "*" else row["relations"].split("|"):
                    if relation not in own:
                        continue
                    for each in row["interactions"].split("|"):
                        found.setdefault((role, kind, relation, each), []).append(row["expected"])
    return found


def expected(role: str, kind: str, relation: str, interaction: str) -> str:
    return expectations()[role, kind, relation, interaction][0]


@pytest.fixture(scope="module")
def world(app: Flask) -> MatrixWorld:
    return MatrixWorld(app)


def test_the_matrix_says_one_thing_about_every_cell() -> None:
    """R111: nothing is left open, and nothing said twice."""
    wrong = [
        (role, kind, relation, each, len(expectations().get((role, kind, relation, each), ())))
        for role in ROLES
        for kind, relation in _cells()
        for each in INTERACTIONS
        if len(expectations().get((role, kind, relation, each), ())) != 1
    ]
    assert not wrong, wrong[:20]


def _values(world: MatrixWorld, kind: str, relation: str) -> dict[str, str]:
    type_ = ALL_KINDS[kind]
    person = relation if kind in KINDS else "x-protected-patient"
    return {
        "type": type_,
        "id": world.ids[kind, relation],
        "person": person,
        "mark": mark(kind, relation),
        "pin": person if type_ == "Patient" else f"Patient/{person}",
        "pinned": PINNED.get(type_, "_id"),
        "pointer": world.ids[f"pointer-{kind}", relation],
    }


def _asked(world: MatrixWorld, role: str, route: Route, values: dict[str, str]) -> Told:
    method, url, body, more = route.made(values)
    return world.ask(PRINCIPALS[role], method, url, body, **more)


class Judge:
    """Compares what was answered with what the matrix says."""

    def __init__(self, world: MatrixWorld, role: str) -> None:
        self.world = world
        self.role = role
        self.wrong: list[str] = []
        self.tried = 0
        self._twins: dict[tuple[str, str, str], str] = {}

    def note(self, told: Told | None, *what: str) -> None:
        said = told.text[:300] if told else ""
        self.wrong.append(" | ".join((self.role, *what, said)))

    def route(self, route: Route, kind: str, relation: str) -> None:
        values = _values(self.world, kind, relation)
        if route.only and values["type"] not in route.only:
            return
        self.tried += 1
        told = _asked(self.world, self.role, route, values)
        want = expected(self.role, kind, relation, "named")
        shown = "{mark}" not in route.url and values["mark"] in told.text
        hidden = secret(kind, relation) in told.text
        if told.status >= 500:
            self.note(told, route.name, kind, relation, "broke")
        if want in ("hidden", "refused"):
            if shown or hidden:
                self.note(told, route.name, kind, relation, "LEAKS")
            elif "{id}" in str((route.url, route.body, route.more)):
                twin = self._twin(route, values, relation)
                said = told.text.replace(values["id"], TWIN).replace(values["mark"], "MarkNothing")
                if _plain(said) != _plain(twin):
                    self.note(told, route.name, kind, relation, "DIFFERS FROM TWIN: " + twin[:300])
        elif want == "masked" and hidden:
            self.note(told, route.name, kind, relation, "LEAKS what is masked")
        elif want == "seen" and route.shows and not shown:
            self.note(told, route.name, kind, relation, "hides what may be seen")

    def _twin(self, route: Route, values: dict[str, str], relation: str) -> str:
        key = (route.name, values["type"], values["person"] + values["pointer"])
        if key not in self._twins:
            twin = {**values, "id": TWIN, "mark": "MarkNothing"}
            self._twins[key] = _asked(self.world, self.role, route, twin).text
        return self._twins[key]


def _plain(text: str) -> str:
    """Leave out what the server makes anew each time."""
    try:
        status, *_, body = text.split("\n")
        parsed = json.loads(body)
    except ValueError:
        return text
    return status + json.dumps(_normal(parsed), sort_keys=True)


def _normal(value: Any) -> Any:
    if isinstance(value, dict):
        fresh = ("id", "lastUpdated", "fullUrl", "lastModified", "timestamp", "location")
        return {k: _normal(v) for k, v in value.items() if k not in fresh}
    return [_normal(each) for each in value] if isinstance(value, list) else value


@pytest.mark.timeout(900)
@pytest.mark.parametrize("role", ROLES)
def test_each_resource_comes_out_as_the_matrix_says(world: MatrixWorld, role: str) -> None:
    """R111: read, vread, history, search, include, chain, has, GraphQL, documents, conditions."""
    judge = Judge(world, role)
    routes = FULL if ALL or role in EVERY_ROUTE else CORE
    for number, (kind, relation) in enumerate(_cells()):
        for turn, route in enumerate(routes):
            if (turn + number) % SHARE and route not in CORE:
                continue
            if role == "open" and route.method != "GET":
                continue
            if route.method != "GET" and expected(role, kind, relation, "named") == "seen":
                continue  # writes of what one sees are tried below
            judge.route(route, kind, relation)
    tried[f"routes of {role}"] = judge.tried
    assert not judge.wrong, f"{len(judge.wrong)}\n" + "\n".join(judge.wrong[:60])


@pytest.mark.parametrize("role", [r for r in ROLES if ALL or r in EVERY_ROUTE or r == "reader"])
def test_bundles_give_out_no_more(world: MatrixWorld, role: str) -> None:
    """R111: the entries of a batch or transaction are asked as by themselves."""
    wrong = []
    for kind, relation in _cells():
        values = _values(world, kind, relation)
        for name, body in BUNDLES:
            tried["bundles"] = tried.get("bundles", 0) + 1
            said = _processed(world, role, filled(body, values))
            want = expected(role, kind, relation, "named")
            shown = values["mark"] in said
            if secret(kind, relation) in said and want != "seen":
                wrong.append((name, kind, relation, "LEAKS what is masked"))
            if shown and want in ("hidden", "refused"):
                wrong.append((name, kind, relation, "LEAKS"))
            if want in ("hidden", "refused"):
                twin = _processed(world, role, filled(body, {**values, "id": TWIN}))
                if _plain("200\n" + said.replace(values["id"], TWIN)) != _plain("200\n" + twin):
                    wrong.append((name, kind, relation, said[:300], twin[:300]))
            if want == "seen" and not shown and name != "batch search":
                wrong.append((name, kind, relation, "hides", said[:300]))
    assert not wrong, f"{len(wrong)} " + "\n".join(map(str, wrong[:40]))


def _processed(world: MatrixWorld, role: str, bundle: Any) -> str:
    try:
        answer = process(world.context(PRINCIPALS[role]), bundle, prefer="representation")
    except FhirError as error:
        return f"{error.status} " + " ".join(i.text for i in error.issues)
    content = answer.content or b""
    return content.decode() + "".join(decoded(content))


@pytest.mark.parametrize("role", ROLES)
def test_lists_and_counts_hold_what_the_matrix_says(world: MatrixWorld, role: str) -> None:
    """R111: a search that names nobody, its pages and its counts."""
    wrong = []
    who = PRINCIPALS[role]
    for type_ in dict.fromkeys(ALL_KINDS.values()):
        cells = [(k, r) for k, r in _cells() if ALL_KINDS[k] == type_]
        wants = {cell: expected(role, *cell, "unnamed") for cell in cells}
        for url in LISTS:
            told = world.ask(who, "GET", url.format(type=type_))
            for (kind, relation), want in wants.items():
                tried["lists"] = tried.get("lists", 0) + 1
                shown = mark(kind, relation) in told.text
                if want == "refused" and told.status != 403 and not url.startswith("?"):
                    wrong.append((url, kind, relation, "not refused", told.text[:200]))
                if shown != (want in ("seen", "masked")):
                    wrong.append((url, kind, relation, want, "shown" if shown else "not shown"))
                if secret(kind, relation) in told.text and want != "seen":
                    wrong.append((url, kind, relation, "LEAKS what is masked"))
        listed = _listed(world, role, type_)
        for url in COUNTS:
            tried["counts"] = tried.get("counts", 0) + 1
            told = world.ask(who, "GET", url.format(type=type_))
            if told.status == 200 and told.body["total"] != len(listed):
                wrong.append((url, type_, "total", told.body["total"], "listed", len(listed)))
        if listed != _listed(world, role, type_, count=3):
            wrong.append((type_, "pages", len(listed)))
    assert not wrong, f"{len(wrong)}\n" + "\n".join(map(str, wrong[:60]))


def _listed(world: MatrixWorld, role: str, type_: str, count: int = 500) -> list[str]:
    url, found = f"{type_}?_count={count}&_sort=_id", list[str]()
    while url:
        told = world.ask(PRINCIPALS[role], "GET", url)
        body = told.body or {}
        found += [each["resource"]["id"] for each in body.get("entry", ())]
        url = next((i["url"] for i in body.get("link", ()) if i["relation"] == "next"), "")
    return found


@pytest.mark.parametrize("role", ROLES)
def test_writes_are_allowed_as_the_matrix_says(world: MatrixWorld, role: str) -> None:
    """R112: create, update and delete; what may not be seen is answered as what is not there."""
    wrong = []
    who = PRINCIPALS[role]
    for kind, relation in _cells():
        type_, id_ = ALL_KINDS[kind], world.ids[kind, relation]
        for interaction in ("create", "update", "delete"):
            tried["writes"] = tried.get("writes", 0) + 1
            want = expected(role, kind, relation, interaction)
            told = _written(world, role, interaction, kind, relation)
            refused = told.status in (401, 403, 404, 405, 409) or "does not exist" in told.text
            if refused != (want == "refused"):
                wrong.append((interaction, kind, relation, want, told.text[:250]))
            seen = expected(role, kind, relation, "named") not in ("hidden", "refused")
            if interaction == "update" and not seen:
                body = {**_body(world, kind, relation), "id": TWIN}
                twin = world.ask(who, "PUT", f"{type_}/{TWIN}", body)
                if twin.text != told.text.replace(id_, TWIN):
                    wrong.append((interaction, kind, relation, told.text[:200], twin.text[:200]))
    assert not wrong, f"{len(wrong)}\n" + "\n".join(map(str, wrong[:60]))


def _body(world: MatrixWorld, kind: str, relation: str) -> dict[str, Any]:
    if kind in SINGLE:
        return single(kind)
    if kind == "patient":
        return _patient(relation)
    return record(kind, relation, OWNERS[relation])


def _written(world: MatrixWorld, role: str, interaction: str, kind: str, relation: str) -> Told:
    who, type_, id_ = PRINCIPALS[role], ALL_KINDS[kind], world.ids[kind, relation]
    body = _body(world, kind, relation)
    if interaction == "create":
        body = json.loads(json.dumps(body).replace(mark(kind, relation), "MarkNew"))
        return world.ask(who, "POST", type_, body)
    if interaction == "update":
        world.turn += 1
        return world.ask(who, "PUT", f"{type_}/{id_}", {**body, "id": id_, **_changed(world)})
    if expected(role, kind, relation, "delete") == "refused":
        return world.ask(who, "DELETE", f"{type_}/{id_}")
    copy = {**body, "id": f"copy-{role}-{kind}-{relation}"}
    if kind not in ("named-contact",):
        made = world.ask(PRINCIPALS["open"], "PUT", f"{type_}/{copy['id']}", copy)
        assert made.status in (200, 201), made.text
    return world.ask(who, "DELETE", f"{type_}/{copy['id']}")


def _changed(world: MatrixWorld) -> dict[str, Any]:
    return {"language": f"x-{world.turn}"}


def test_the_number_of_cells_and_routes_is_what_was_built() -> None:
    """Acceptance 1 asks for the number."""
    cells = len(ROLES) * len(list(_cells())) * len(INTERACTIONS)
    print(f"\naccess matrix: {cells} cells, {sum(tried.values())} requests: {tried}")
    assert cells >= 12_700
    if len(tried) >= len(ROLES) + 4:  # all of them ran in this process
        assert sum(tried.values()) >= 44_000
