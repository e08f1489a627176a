"""Issue 7, acceptance 3: two stores that differ only in what somebody may not see answer the same.

For each kind of principal a second store gets other data in all that the access matrix hides from
them: records that are changed, deleted and added, with their histories. A random sample of requests
must be answered alike by both: status, body, ETag, Location, links and totals. What requests write
goes into both stores, and is asked about later.

What is not compared: ids and times that the server makes, which are put in the order of their
first appearance; how long an answer takes, and how many documents were examined for it.

`FHIR_TEST_LEAK_REQUESTS` sets how many requests are made for each kind of principal.
"""

from __future__ import annotations

import os
import random
import re
import secrets
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from fhir_server.app import create_app
from fhir_server.fhir import cursors
from fhir_server.operations.registry import OPERATIONS
from fhir_server.settings import Settings
from fhir_server.storage.mongo import MongoStore
from tests.security.matrix_routes import FULL, PINNED, TWIN
from tests.security.matrix_world import (
    ALL_KINDS,
    KINDS,
    NONE,
    OWNERS,
    PRINCIPALS,
    RELATIONS,
    MatrixWorld,
    Told,
    mark,
    record,
    secret,
    single,
)
from tests.security.test_access_matrix import expected

REQUESTS = int(os.environ.get("FHIR_TEST_LEAK_REQUESTS", "500"))
SEED = int(os.environ.get("FHIR_TEST_LEAK_SEED", "7"))
ASKERS = ("coordinator", "system-provider", "national-service", "analyst", "administrator",
          "patient")  # fmt: skip
COLLECTIONS = ("resources", "superseded")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_CURSOR = re.compile(r"_cursor=([^\"&\\]+)")


class Twins:
    """Two stores, filled alike."""

    def __init__(self, mongo_uri: str) -> None:
        self.worlds = [_world(mongo_uri) for _ in range(2)]
        for world in self.worlds:
            world.fill()
        self._pristine = f"test_{secrets.token_hex(6)}"
        self._copy(self.worlds[0], self._pristine)

    def reset(self) -> None:
        """Make both stores what they were."""
        client = self.worlds[0].parts.store.collections.resources.database.client
        for name in COLLECTIONS:
            for world in self.worlds:
                to = world.parts.store.collections.resources.database.name
                client[self._pristine][name].aggregate([{"$out": {"db": to, "coll": name}}])

    def _copy(self, world: MatrixWorld, to: str) -> None:
        database = world.parts.store.collections.resources.database
        for name in COLLECTIONS:
            database[name].aggregate([{"$out": {"db": to, "coll": name}}])

    def close(self) -> None:
        client = self.worlds[0].parts.store.collections.resources.database.client
        client.drop_database(self._pristine)
        for world in self.worlds:
            world.parts.store.close()


def _world(mongo_uri: str) -> MatrixWorld:
    name = f"test_{secrets.token_hex(6)}"
    store = MongoStore(mongo_uri, name)
    store.prepare()
    store.close()
    settings = Settings(
        mongodb_database=name,
        base_url="http://localhost/fhir",
        log_level="error",
        referential_integrity_on_delete=False,
    )
    return MatrixWorld(create_app(settings, mongo_uri), fill=False)


@pytest.fixture(scope="module")
def twins(mongo_uri: str) -> Iterator[Twins]:
    made = Twins(mongo_uri)
    yield made
    made.close()


def _unseen(role: str) -> list[tuple[str, str]]:
    """Give what a principal sees nothing of."""
    cells = [(k, r) for k in KINDS for r in RELATIONS]
    return [
        (kind, relation)
        for kind, relation in cells
        if kind not in ("patient", "named-contact")
        and all(expected(role, kind, relation, i) in ("hidden", "refused")
                for i in ("named", "unnamed"))
    ]  # fmt: skip


def _differ(world: MatrixWorld, role: str, by: random.Random) -> int:
    """Change, delete and add what a principal may not see; also what is masked for them."""
    changed = 0
    for kind, relation in _unseen(role):
        unit, type_, id_ = OWNERS[relation], ALL_KINDS[kind], world.ids[kind, relation]
        other = {**record(kind, relation, unit), "id": id_, "language": "en"}
        text = {mark(kind, relation): f"Other{kind}{relation}".replace("-", "")}
        nobody = kind == "without-owner"
        who = PRINCIPALS["open"] if nobody else world.writer(unit)
        match by.choice(("change", "delete", "add", "all")):
            case "change":
                world.tell(who, "PUT", f"{type_}/{id_}", _said(other, text))
            case "delete":
                world.tell(PRINCIPALS["open"], "DELETE", f"{type_}/{id_}")
            case "add":
                added = {**other, "id": f"added-{kind}-{relation}"}
                world.tell(who, "PUT", f"{type_}/{added['id']}", _said(added, text))
            case "all":
                world.tell(who, "PUT", f"{type_}/{id_}", _said(other, text))
                world.tell(who, "PUT", f"{type_}/{id_}", other)
                added = {**other, "id": f"added-{kind}-{relation}"}
                world.tell(who, "PUT", f"{type_}/{added['id']}", added)
                world.tell(PRINCIPALS["open"], "DELETE", f"{type_}/{added['id']}")
        changed += 1
    return changed


def _said(resource: dict[str, Any], instead: dict[str, str]) -> Any:
    if isinstance(resource, dict):
        return {k: _said(v, instead) for k, v in resource.items()}
    if isinstance(resource, list):
        return [_said(each, instead) for each in resource]
    return instead.get(resource, resource) if isinstance(resource, str) else resource


def _masked_too(worlds: list[MatrixWorld], role: str) -> None:
    """Let what is masked for a principal say one thing in one store and another in the other."""
    for world, word in zip(worlds, ("Zzleft", "Aaright"), strict=True):
        for kind in ("protected-patient", "protected-practitioner"):
            if expected(role, kind, NONE, "named") in ("masked", "hidden", "refused"):
                said = _said(single(kind), {secret(kind, NONE): word})
                reference = f"{said['resourceType']}/{said['id']}"
                world.tell(PRINCIPALS["open"], "PUT", reference, said)
        if expected(role, "noted", "own", "named") == "masked":
            id_ = world.ids["noted", "own"]
            unit = "kommun" if word == "Zzleft" else "hemsjukvard"
            instead = {secret("noted", "own"): word, "Organization/psyk": f"Organization/{unit}"}
            said = _said({**record("noted", "own", "hc"), "id": id_, "language": "sv"}, instead)
            world.tell(world.writer("hc"), "PUT", f"CareTeam/{id_}", said)


class Asker:
    """Makes random requests that anybody could."""

    def __init__(self, world: MatrixWorld, by: random.Random) -> None:
        self.by = by
        self.cells = [(k, r) for k in ALL_KINDS for r in (RELATIONS if k in KINDS else (NONE,))]
        self.parser = world.parts.server.parser
        self.ids = world.ids
        self.types = (*dict.fromkeys(ALL_KINDS.values()), "PractitionerRole", "Provenance")
        definitions = world.parts.server.definitions.operations()
        # A reindex tells the administrator how many resources there are, and is meant to.
        known = OPERATIONS.keys() - {"reindex"}
        self.operations = [o for o in definitions if o["code"] in known]

    def one(self) -> tuple[str, str, Any, dict[str, str]]:
        """Give a request."""
        return self.by.choices(
            (self.search, self.join, self.route, self.operation, self.write), (10, 4, 8, 4, 2)
        )[0]()

    def values(self) -> dict[str, str]:
        kind, relation = self.by.choice(self.cells)
        type_ = ALL_KINDS[kind]
        person = relation if kind in KINDS else "x-protected-patient"
        added = self.by.random() < 0.1
        return {
            "type": type_,
            "id": f"added-{kind}-{relation}" if added else self.ids[kind, relation],
            "person": person,
            "mark": self.by.choice((mark, secret))(kind, relation),
            "pin": person if type_ == "Patient" else f"Patient/{person}",
            "pinned": PINNED.get(type_, "_id"),
            "pointer": self.ids[f"pointer-{kind}", relation],
        }

    def route(self) -> tuple[str, str, Any, dict[str, str]]:
        while True:
            values, route = self.values(), self.by.choice(FULL)
            if not route.only or values["type"] in route.only:
                return route.made(values)

    def search(self) -> tuple[str, str, Any, dict[str, str]]:
        by, values = self.by, self.values()
        type_ = values["type"] if by.random() < 0.8 else by.choice(self.types)
        pairs = [self.parameter(type_, values) for _ in range(by.randrange(4))]
        if by.random() < 0.4:
            pairs.append((PINNED.get(type_, "_id"), by.choice((values["person"], values["pin"]))))
        pairs += [self.result_parameter(type_) for _ in range(by.randrange(4))]
        where = by.choices((type_, f"Patient/{values['person']}/{type_}", ""), (8, 2, 1))[0]
        if not where:
            pairs.append(("_type", ",".join(by.sample(self.types, by.randrange(1, 4)))))
        query = "&".join(f"{quote(n, safe=':$.')}={quote(v, safe='/,|*:')}" for n, v in pairs)
        return "GET", f"{where}?{query}", None, {}

    def join(self) -> tuple[str, str, Any, dict[str, str]]:
        """Give a search through what one sees for what one may not see."""
        by, values = self.by, self.values()
        inner = by.choice(
            (f"_id={values['id']}", "_lastUpdated=gt2020", f"_content={values['mark']}",
             "language=en", "_id:not=nobody")
        )  # fmt: skip
        name, _, value = inner.partition("=")
        pinned = by.choice(("", f"&_id={values['pointer']}", "&patient=own"))
        chain = f"DocumentReference?related:{values['type']}.{name}={value}{pinned}"
        has = f"Patient?_id={values['person']}&_has:{values['type']}:patient:{name}={value}"
        shown = by.choice(("", "&_summary=count", "&_total=accurate", "&_count=2&_sort=-_id"))
        return "GET", by.choice((chain, has)) + shown, None, {}

    def parameter(  # noqa: PLR0911
        self, type_: str, values: dict[str, str]
    ) -> tuple[str, str]:
        by = self.by
        supported = self.parser.supported_parameters(type_)
        code = by.choice(sorted(supported)) if supported else "_id"
        other = by.choice(self.types)
        match by.randrange(12):
            case 0:
                ids = [self.ids[by.choice(self.cells)] for _ in range(by.randrange(1, 14))]
                return "_id", ",".join(ids)
            case 1:
                return "_lastUpdated", by.choice(("gt2020", "lt2099", "ge2026-11-01", "lt2020"))
            case 2:
                return f"{code}:missing", by.choice(("true", "false"))
            case 3:
                return "_content", by.choice((values["mark"], "Mark", "current", "Secret*"))
            case 4:
                return f"_has:{other}:{by.choice(('patient', 'subject'))}:_id", by.choice(
                    (values["id"], "encounter-own", "observation-inner")
                )
            case 5:
                return "patient.identifier", f"urn:example:number|n-{values['person']}"
            case 6:
                return "subject:Patient.family", by.choice(("Mark", values["mark"]))
            case 7:
                return "_filter", by.choice(
                    (f"_id eq {values['id']}", "_lastUpdated gt 2020", "not (_id eq nobody)")
                )
            case 8:
                return "_list", self.ids["list", by.choice(RELATIONS)]
            case 9:
                return "_id:not", values["id"]
            case 10:
                return "_tag", "SUBSETTED"
            case _:
                return code, by.choice(
                    (values["id"], f"{values['type']}/{values['id']}", "Organization/psyk",
                     values["mark"], "active", "final", "gt2000", "1980-01-01", "sekretessmarkering")
                )  # fmt: skip

    def result_parameter(self, type_: str) -> tuple[str, str]:  # noqa: PLR0911
        by = self.by
        codes = sorted(self.parser.supported_parameters(type_)) or ["_id"]
        match by.randrange(10):
            case 0:
                return "_sort", by.choice(("-", "")) + by.choice(codes)
            case 1:
                return "_sort", by.choice(("_lastUpdated", "-_lastUpdated", "_id", "-_id"))
            case 2:
                return "_count", str(by.choice((0, 1, 2, 3, 10, 500)))
            case 3:
                return "_total", by.choice(("accurate", "estimate", "none"))
            case 4:
                return "_summary", by.choice(("count", "true", "text", "data", "false"))
            case 5:
                return "_elements", by.choice(("id", "status,subject", "name"))
            case 6:
                return "_include", by.choice(("*", f"{type_}:{by.choice(codes)}"))
            case 7:
                return "_revinclude", by.choice(
                    ("*", "DocumentReference:related", "Encounter:patient", "Provenance:target")
                )
            case 8:
                return "_include:iterate", "*"
            case _:
                return "_contained", by.choice(("true", "both"))

    def operation(self) -> tuple[str, str, Any, dict[str, str]]:
        by, values = self.by, self.values()
        definition = by.choice(self.operations)
        code, levels = definition["code"], []
        types = definition.get("resource", []) or [values["type"]]
        type_ = by.choice(types)
        type_ = values["type"] if type_ in ("Resource", "DomainResource") else type_
        if definition.get("system"):
            levels.append("")
        if definition.get("type"):
            levels.append(f"{type_}/")
        if definition.get("instance"):
            levels.append(f"{type_}/{self.of_type(type_)}/")
        url = f"{by.choice(levels)}${code}"
        given = self.arguments(definition, values)
        if definition.get("affectsState") or by.random() < 0.2:
            parameters = [{"name": n, **v} for n, v in given]
            return "POST", url, {"resourceType": "Parameters", "parameter": parameters}, {}
        query = "&".join(f"{n}={quote(_bare(v), safe='/|')}" for n, v in given)
        return "GET", f"{url}?{query}", None, {}

    def of_type(self, type_: str) -> str:
        among = [self.ids[cell] for cell in self.cells if ALL_KINDS[cell[0]] == type_]
        among += {"Organization": ["hc", "psyk", "kommun"], "PractitionerRole": ["role-hc",
                  "role-psyk"], "Measure": ["andel-fast-kontakt"]}.get(type_, [])  # fmt: skip
        return self.by.choice(among or [TWIN])

    def arguments(
        self, definition: dict[str, Any], values: dict[str, str]
    ) -> list[tuple[str, dict[str, Any]]]:
        found = []
        for each in definition.get("parameter", ()):
            if each["use"] != "in" or "type" not in each:
                continue
            if each.get("min", 0) == 0 and self.by.random() < 0.6:
                continue
            type_ = each["type"]
            reference = self.by.choice(
                (f"Patient/{values['person']}", "Organization/hc", "Organization/psyk",
                 "PractitionerRole/role-hc", f"{values['type']}/{values['id']}")
            )  # fmt: skip
            match type_:
                case "Reference":
                    found.append((each["name"], {"valueReference": {"reference": reference}}))
                case "date" | "dateTime" | "instant":
                    day = "2026-11-01" if type_ == "date" else "2026-11-01T10:00:00+01:00"
                    found.append((each["name"], {f"value{type_[0].upper()}{type_[1:]}": day}))
                case "boolean":
                    found.append((each["name"], {"valueBoolean": True}))
                case "code" | "string" | "uri" | "id" | "canonical":
                    text = self.by.choice((reference, values["id"], "1", "patient", "update"))
                    found.append((each["name"], {f"value{type_[0].upper()}{type_[1:]}": text}))
        return found

    def write(self) -> tuple[str, str, Any, dict[str, str]]:
        by, values = self.by, self.values()
        kind, relation = by.choice([cell for cell in self.cells if cell[0] in KINDS])
        if kind == "patient":
            kind = "observation"
        body = record(kind, relation, OWNERS[relation]) | {"language": f"x-{by.randrange(9)}"}
        type_, id_ = body["resourceType"], self.ids[kind, relation]
        match by.randrange(6):
            case 0:
                return "POST", type_, body, {}
            case 1:
                return "PUT", f"{type_}/{id_}", {**body, "id": id_}, {}
            case 2:
                return "PUT", f"{type_}/{id_}", {**body, "id": id_}, {"ifMatch": 'W/"2"'}
            case 3:
                asked = f"patient=Patient/{relation}&_lastUpdated=gt2020"
                return "POST", type_, body, {"ifNoneExist": asked}
            case 4:
                return "PUT", f"{type_}?_id={id_},{values['id']}", body, {}
            case _:
                return "DELETE", f"{type_}/{id_}", None, {}


def _bare(value: dict[str, Any]) -> str:
    found = next(iter(value.values()))
    if isinstance(found, dict):
        return str(found["reference"])
    return str(found).lower() if isinstance(found, bool) else str(found)


class Normal:
    """Puts ids and times that the server made in the order of their first appearance."""

    def __init__(self) -> None:
        self._ids: dict[str, str] = {}

    def text(self, said: str) -> str:
        said = _CURSOR.sub(lambda m: f"_cursor={self._cursor(m[1])}", said)
        said = _TIME.sub("TIME", said)
        return _ID.sub(lambda m: self._ids.setdefault(m[0], f"ID{len(self._ids)}"), said)

    def _cursor(self, cursor: str) -> str:
        try:
            return re.sub(r"\d{15,}", "TIME", str(cursors.content_of(cursor)))
        except ValueError:
            return cursor


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("role", ASKERS)
def test_what_may_not_be_seen_changes_no_answer(twins: Twins, role: str) -> None:
    """R111: it is not there, by whatever route."""
    by = random.Random(f"{SEED}{role}")
    twins.reset()
    left, right = twins.worlds
    assert _differ(right, role, by) or role == "open"
    _masked_too(twins.worlds, role)
    asker = Asker(left, by)
    normals = (Normal(), Normal())
    statuses: dict[int, int] = {}
    wrong: list[str] = []
    more: list[tuple[str, str]] = []
    for number in range(REQUESTS):
        if more and by.random() < 0.5:
            urls = more.pop()
            method, body, conditions = "GET", None, dict[str, str]()
        else:
            method, url, body, conditions = asker.one()
            urls = (url, url)
        answers = [
            w.ask(PRINCIPALS[role], method, u, body, **conditions)
            for w, u in zip((left, right), urls, strict=True)
        ]
        statuses[answers[0].status] = statuses.get(answers[0].status, 0) + 1
        said = [n.text(a.text) for n, a in zip(normals, answers, strict=True)]
        if said[0] != said[1]:
            wrong.append(f"{number} {method} {urls[0]} {body} {conditions}\n{_apart(*said)}")
            if len(wrong) > 12:
                break
        following = [_next(a) for a in answers]
        if all(following):
            more.append((following[0], following[1]))
    print(f"\n{role}: {REQUESTS} requests, {dict(sorted(statuses.items()))}")
    assert not wrong, "\n".join(wrong)


def _next(told: Told) -> str:
    links = (told.body or {}).get("link", ()) if isinstance(told.body, dict) else ()
    return next((each["url"] for each in links if each["relation"] == "next"), "")


def _apart(left: str, right: str) -> str:
    at = next((i for i, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), 0)
    start = max(0, at - 160)
    return f"   {left[start : at + 200]!r}\n   {right[start : at + 200]!r}"
