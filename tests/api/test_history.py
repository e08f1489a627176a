"""Histories: of one resource, of a type, of all; at moments; page by page while others write."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from fhir_server.fhir.dates import instant_text
from fhir_server.interactions.context import Server
from fhir_server.search.indexing import IndexEntries
from fhir_server.storage.mongo import MongoStore
from fhir_server.storage.mongo_indexes import VERSIONS
from fhir_server.storage.records import Change, StoredResource
from tests.conftest import Fhir

SECOND = 1_000_000
# 2026-03-02T12:00:00Z
NOON = 1_772_452_800 * SECOND

Key = tuple[str, str]


def keys(bundle: dict[str, Any]) -> list[Key]:
    """Give reference and version of each entry."""
    return [
        (entry["fullUrl"].removeprefix("http://localhost/fhir/"), entry["response"]["etag"][3:-1])
        for entry in bundle.get("entry", [])
    ]


def pages(fhir: Fhir, path: str) -> Iterator[dict[str, Any]]:
    """Follow the next links."""
    url: str | None = path
    while url is not None:
        response = fhir.get(url)
        assert response.status_code == 200, response.text
        bundle = response.json
        yield bundle
        links = {link["relation"]: link["url"] for link in bundle["link"]}
        url = links.get("next", "").removeprefix("http://localhost/fhir/") or None


def walk(fhir: Fhir, path: str) -> list[Key]:
    return [key for bundle in pages(fhir, path) for key in keys(bundle)]


class Timeline:
    """Stores versions at moments of one's choice, as a server would have at these moments."""

    def __init__(self, store: MongoStore) -> None:
        self._store = store
        self._current: dict[str, StoredResource] = {}

    def put(self, reference: str, moment: int) -> None:
        type_ = reference.partition("/")[0]
        self._add(reference, moment, f'{{"resourceType":"{type_}"}}'.encode())

    def delete(self, reference: str, moment: int) -> None:
        self._add(reference, moment, None)

    def _add(self, reference: str, moment: int, body: bytes | None) -> None:
        type_, id_ = reference.split("/")
        previous = self._current.get(reference)
        version = previous.version + 1 if previous else 1
        new = StoredResource(type_, id_, version, NOON + moment * SECOND, body)
        entries = IndexEntries([type_], {}, {}) if body is not None else None
        self._store.transact([Change(new, previous, entries)])
        self._current[reference] = new


@pytest.fixture(scope="module")
def timeline(store: MongoStore) -> Timeline:
    """Three substances over an hour from noon: one changed often, one deleted, one made late."""
    made = Timeline(store)
    made.put("Substance/a", 0)
    made.put("Substance/b", 0)
    made.put("Substance/a", 600)
    made.delete("Substance/b", 1210)
    made.put("Substance/a", 1800)
    made.put("Substance/a-1", 1800)
    made.put("Substance/c", 2400)
    made.put("Substance/b", 3000)
    return made


ALL = [
    ("Substance/b", "3"),
    ("Substance/c", "1"),
    ("Substance/a-1", "1"),
    ("Substance/a", "3"),
    ("Substance/b", "2"),
    ("Substance/a", "2"),
    ("Substance/b", "1"),
    ("Substance/a", "1"),
]


def at(moment: int) -> str:
    return instant_text(NOON + moment * SECOND)


@pytest.mark.usefixtures("timeline")
class TestOfAType:
    def test_all_versions_come_newest_first(self, fhir: Fhir) -> None:
        bundle = fhir.get("Substance/_history").json
        assert keys(bundle) == ALL
        assert bundle["total"] == len(ALL)
        assert bundle["type"] == "history"

    @pytest.mark.parametrize("count", [1, 2, 3, 5, 8])
    def test_pages_of_any_size_give_each_version_once(self, fhir: Fhir, count: int) -> None:
        assert walk(fhir, f"Substance/_history?_count={count}") == ALL

    def test_since_gives_versions_of_that_moment_and_later(self, fhir: Fhir) -> None:
        assert walk(fhir, f"Substance/_history?_since={at(1800)}&_count=2") == ALL[:4]

    @pytest.mark.parametrize(
        ("moment", "current"),
        [
            (300, ["b 1", "a 1"]),
            (600, ["a 2", "b 1"]),
            (1100, ["a 2", "b 1"]),
            (1300, ["a 2"]),
            (1900, ["a-1 1", "a 3"]),
            (2999, ["c 1", "a-1 1", "a 3"]),
            (9999, ["b 3", "c 1", "a-1 1", "a 3"]),
        ],
    )
    @pytest.mark.parametrize("count", [1, 20])
    def test_at_gives_what_was_current_then(
        self, fhir: Fhir, moment: int, current: list[str], count: int
    ) -> None:
        found = walk(fhir, f"Substance/_history?_at={at(moment)}&_count={count}")
        assert [f"{reference.split('/')[1]} {version}" for reference, version in found] == current

    def test_at_takes_a_period_and_then_gives_deletions_in_it(self, fhir: Fhir) -> None:
        # The minute from 12:20, in Stockholm's time, which is an hour ahead.
        found = walk(fhir, "Substance/_history?_at=2026-03-02T13:20")
        assert found == [("Substance/b", "2"), ("Substance/a", "2"), ("Substance/b", "1")]
        assert walk(fhir, "Substance/_history?_at=2026-03") == ALL
        assert walk(fhir, "Substance/_history?_at=2026-03-02&_count=3") == ALL
        assert walk(fhir, "Substance/_history?_at=2026-03-01") == []

    def test_at_passes_over_versions_that_were_superseded_long_before(
        self, fhir: Fhir, store: MongoStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = Timeline(store)
        made.put("BodyStructure/still", 0)
        for moment in range(1, 60):
            made.put("BodyStructure/often", moment)
        monkeypatch.setattr("fhir_server.storage.mongo_history.BATCH", 7)
        monkeypatch.setattr("fhir_server.storage.mongo_history.MOST_PASSED", 20)
        found = walk(fhir, f"BodyStructure/_history?_at={at(100)}&_count=1")
        assert found == [("BodyStructure/often", "59"), ("BodyStructure/still", "1")]
        found = walk(fhir, f"BodyStructure/_history?_at={at(30)}&_count=10")
        assert found == [("BodyStructure/often", "30"), ("BodyStructure/still", "1")]

    def test_a_version_written_ahead_of_its_successor_appears_once(
        self, fhir: Fhir, store: MongoStore
    ) -> None:
        made = Timeline(store)
        made.put("Slot/x", 0)
        made.put("Slot/x", 10)
        # What a writer leaves who lost, or died between its two writes.
        document = store.collections.resources.find_one({"_id": "Slot/x"})
        assert document is not None
        ahead = {key: document[key] for key in ("y", "v", "u", "b")}
        store.collections.superseded.insert_one(
            {**ahead, "_id": "Slot/x/0000000002", "r": "Slot/x"}
        )
        for path in ("Slot/_history", "Slot/x/_history", f"Slot/_history?_at={at(5)[:4]}"):
            assert walk(fhir, path) == [("Slot/x", "2"), ("Slot/x", "1")]
        assert walk(fhir, f"Slot/_history?_at={at(20)}") == [("Slot/x", "2")]

    def test_a_type_without_resources_has_an_empty_history(self, fhir: Fhir) -> None:
        bundle = fhir.get("SupplyRequest/_history").json
        assert bundle["total"] == 0
        assert "entry" not in bundle


@pytest.mark.usefixtures("timeline")
class TestOfOneResource:
    def test_all_versions_come_newest_first_with_their_number(self, fhir: Fhir) -> None:
        assert walk(fhir, "Substance/a/_history?_count=1") == [k for k in ALL if k[0][-1] == "a"]
        assert fhir.get("Substance/a/_history?_count=1").json["total"] == 3

    def test_since(self, fhir: Fhir) -> None:
        found = walk(fhir, f"Substance/a/_history?_since={at(600)}&_count=1")
        assert found == [("Substance/a", "3"), ("Substance/a", "2")]

    @pytest.mark.parametrize(
        ("moment", "versions"),
        [(0, ["1"]), (599, ["1"]), (600, ["2"]), (1799, ["2"]), (1800, ["3"]), (9999, ["3"])],
    )
    def test_at_gives_the_version_of_the_moment(
        self, fhir: Fhir, moment: int, versions: list[str]
    ) -> None:
        found = walk(fhir, f"Substance/a/_history?_at={at(moment)}&_count=1")
        assert [version for _, version in found] == versions

    def test_at_of_a_time_without_the_resource_gives_nothing(self, fhir: Fhir) -> None:
        assert walk(fhir, f"Substance/b/_history?_at={at(2000)}") == []
        assert walk(fhir, f"Substance/c/_history?_at={at(0)}") == []
        assert walk(fhir, "Substance/b/_history?_at=2026-03-02T13:20") == [
            ("Substance/b", "2"),
            ("Substance/b", "1"),
        ]

    def test_a_resource_that_never_was_is_not_found(self, fhir: Fhir) -> None:
        assert fhir.get("Substance/never/_history").status_code == 404

    def test_a_cursor_of_another_resource_is_refused(self, fhir: Fhir) -> None:
        first = next(pages(fhir, "Substance/a/_history?_count=1"))
        cursor = first["link"][1]["url"].partition("_cursor=")[2]
        assert fhir.get(f"Substance/b/_history?_cursor={cursor}").status_code == 400


def test_an_entry_says_by_which_request_a_version_came(fhir: Fhir) -> None:
    id_ = fhir.create({"resourceType": "Basic", "code": {"text": "x"}})["id"]
    resource = {"resourceType": "Basic", "id": id_, "code": {"text": "y"}}
    fhir.put(f"Basic/{id_}", resource)
    fhir.delete(f"Basic/{id_}")
    entries = fhir.get(f"Basic/{id_}/_history").json["entry"]
    told = [(e["request"]["method"], e["request"]["url"], e["response"]["status"]) for e in entries]
    assert told == [
        ("DELETE", f"Basic/{id_}", "204"),
        ("PUT", f"Basic/{id_}", "200"),
        ("POST", "Basic", "201"),
    ]
    assert ["resource" in entry for entry in entries] == [False, True, True]
    assert entries[1]["response"]["lastModified"] == entries[1]["resource"]["meta"]["lastUpdated"]
    fhir.put("Basic/chosen", {**resource, "id": "chosen"})
    (entry,) = fhir.get("Basic/chosen/_history").json["entry"]
    assert entry["request"] == {"method": "PUT", "url": "Basic/chosen"}
    assert entry["response"]["status"] == "201"


def test_the_history_of_the_system_holds_all_types_and_is_valid(
    fhir: Fhir, timeline: Timeline, app_server: Server
) -> None:
    found = walk(fhir, "_history?_count=3")
    assert set(ALL) <= set(found)
    assert len(found) == len(set(found))
    assert {reference.split("/")[0] for reference, _ in found} > {"Substance", "Basic"}
    first = fhir.get("_history?_count=5").json
    for entry in first["entry"]:
        entry.pop("resource", None)  # the fixture's are no valid ones
    assert [i for i in app_server.validator.validate(first) if i.severity == "error"] == []
    at_noon = walk(fhir, f"_history?_at={at(700)}")
    assert {("Substance/a", "2"), ("Substance/b", "1")} <= set(at_noon)
    assert ("Substance/a", "1") not in at_noon


@pytest.mark.parametrize(
    "query",
    [
        "_since=2026-03-02",
        "_since=2026-03-02T12:00:00",
        "_since=2026-03-02T12:00:00+01:00",
        "_since=yesterday",
        "_since=2026-02-30T12:00:00Z",
        "_at=2026-13",
        "_at=+2026",
        "_count=0",
        "_count=-1",
        "_count=x",
        "_count=5&_count=6",
        "_cursor=x",
        "_cursor=WzFd",
        "_cursor=" + quote("é"),
        "_sort=_lastUpdated",
        "name=x",
    ],
)
@pytest.mark.parametrize("level", ["_history", "Basic/_history", "Basic/chosen/_history"])
def test_what_can_not_be_used_is_refused(fhir: Fhir, level: str, query: str) -> None:
    response = fhir.get(f"{level}?{query}")
    assert response.status_code == 400, response.text
    assert response.json["issue"][0]["diagnostics"]


def test_an_unknown_parameter_is_refused_with_the_list_or_left_out(fhir: Fhir) -> None:
    refused = fhir.get("Basic/_history?name=x&_count=3")
    assert (
        "Valid: _at, _count, _cursor, _elements, _list, _since, _summary."
        in refused.json["issue"][0]["details"]["text"]
    )
    lenient = fhir.get("Basic/_history?name=x&_count=3", Prefer="handling=lenient")
    assert lenient.status_code == 200
    assert lenient.json["link"][0]["url"] == "http://localhost/fhir/Basic/_history?_count=3"


def test_versions_may_be_asked_for_in_part(fhir: Fhir) -> None:
    resource = {"resourceType": "Basic", "id": "part", "code": {"text": "x"}, "created": "2026"}
    fhir.put("Basic/part", resource)

    def given(query: str) -> Any:
        (entry,) = fhir.get(f"Basic/part/_history?{query}").json["entry"]
        return entry["resource"]

    whole = given("_summary=false")
    assert "tag" not in whole["meta"]
    part = given("_elements=code")
    assert set(part) == {"resourceType", "id", "meta", "code"}
    assert part["meta"]["tag"][0]["code"] == "SUBSETTED"
    assert given("_summary=true")["meta"]["tag"][0]["code"] == "SUBSETTED"
    for refused in ("_summary=count", "_elements=nix", "_summary=true&_elements=code"):
        assert fhir.get(f"Basic/part/_history?{refused}").status_code == 400, refused


def listing(fhir: Fhir, *references: str) -> str:
    entries = [{"item": {"reference": reference}} for reference in references]
    made = {"resourceType": "List", "status": "current", "mode": "working", "entry": entries}
    return str(fhir.create(made)["id"])


@pytest.mark.usefixtures("timeline")
class TestOfAList:
    def test_only_versions_of_what_it_names_are_given(self, fhir: Fhir) -> None:
        id_ = listing(fhir, "Substance/a", "http://localhost/fhir/Substance/b", "Substance/a-1")
        wanted = [key for key in ALL if key[0] != "Substance/c"]
        for count in (1, 3, 20):
            assert walk(fhir, f"Substance/_history?_list={id_}&_count={count}") == wanted
        assert walk(fhir, f"_history?_list=List/{id_}&_count=2") == wanted
        assert walk(fhir, f"Basic/_history?_list={id_}") == []
        since = walk(fhir, f"Substance/_history?_list={id_}&_since={at(1800)}")
        assert since == [key for key in ALL[:4] if key[0] != "Substance/c"]
        then = walk(fhir, f"Substance/_history?_list={id_}&_at={at(9999)}")
        assert then == [ALL[0], ALL[2], ALL[3]]

    def test_a_version_that_it_names_is_given_alone(self, fhir: Fhir) -> None:
        id_ = listing(fhir, "Substance/a/_history/2", "Substance/b/_history/3")
        found = walk(fhir, f"Substance/_history?_list={id_}")
        assert found == [("Substance/b", "3"), ("Substance/a", "2")]

    @pytest.mark.parametrize("value", ["none", "$current-problems", "a_b", ""])
    def test_without_a_list_it_is_refused(self, fhir: Fhir, value: str) -> None:
        assert fhir.get(f"Substance/_history?_list={value}").status_code == 400

    def test_a_version_that_can_not_be_is_the_history_of_nothing(self, fhir: Fhir) -> None:
        for version in ("9" * 30, "x"):
            id_ = listing(fhir, f"Substance/a/_history/{version}")
            assert walk(fhir, f"Substance/_history?_list={id_}") == []

    def test_one_resource_is_no_place_for_it(self, fhir: Fhir) -> None:
        id_ = listing(fhir, "Substance/a")
        assert fhir.get(f"Substance/a/_history?_list={id_}").status_code == 400


def test_an_escaped_zone_is_understood(fhir: Fhir) -> None:
    zoned = quote("2026-03-02T13:30:00+01:00", safe="")
    assert walk(fhir, f"Substance/_history?_since={zoned}") == ALL[:4]


def test_pages_neither_repeat_nor_lose_versions_while_others_write(
    fhir: Fhir, store: MongoStore
) -> None:
    made = Timeline(store)
    for number in range(40):
        made.put(f"Schedule/s{number % 8}", number)
    before = walk(fhir, "Schedule/_history?_count=1000")
    assert len(before) == 40
    stop = threading.Event()

    def write() -> None:
        moment = 100_000
        while not stop.is_set():
            moment += 1
            made.put(f"Schedule/{secrets.choice(['s1', 's2', 's3', 'new'])}", moment)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(5):
            found = walk(fhir, "Schedule/_history?_count=3")
            assert len(found) == len(set(found))
            assert [key for key in found if key in set(before)] == before
    finally:
        stop.set()
        writer.join()


def test_histories_follow_their_indexes(store: MongoStore, app_server: Server) -> None:
    types = list(app_server.definitions.resource_types)
    superseded = store.collections.superseded
    assert VERSIONS in superseded.index_information()
    found = superseded.find({"y": {"$in": types}}).sort([("u", -1), ("r", -1)]).hint(VERSIONS)
    explained = found.limit(21).explain()
    plan = str(explained["queryPlanner"]["winningPlan"])
    # Each type's versions are in order: nothing is sorted, and nothing read that is not given.
    assert "'SORT_MERGE'" in plan
    assert "'SORT'" not in plan
    assert explained["executionStats"]["totalDocsExamined"] <= 21
