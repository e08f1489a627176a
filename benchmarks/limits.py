"""The bare limits: what the machine, MongoDB and Flask give with nothing of ours.

They have a database of their own, with the same resources and, for what is inserted, a document as
our server stores it and the indexes that it keeps.
"""

from __future__ import annotations

import contextlib
import time
import uuid
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import orjson

from benchmarks.clients import MakeWork, Work, measure
from benchmarks.figures import Slice
from benchmarks.servers import bare_server
from benchmarks.targets import DATABASE, SERVER, Target, cpu_of, with_children

Document = dict[str, Any]

DATABASE_NAME = "bench_bare"
DOCUMENTS, INSERTED = "documents", "inserted"
ROUTE_NOTHING, ROUTE_FIND = "route-nothing", "route-find"
DRIVER_FIND, DRIVER_INSERT = "driver-find", "driver-insert"
TITLES = {
    ROUTE_NOTHING: "Flask route that answers the same bytes",
    ROUTE_FIND: "Flask route with one find_one",
    DRIVER_FIND: "pymongo find_one",
    DRIVER_INSERT: "pymongo insert_one, majority and journal",
}
WORKERS = 2


def fill(uri: str, resources: Iterable[Document]) -> None:
    """Store the resources that are read, as documents of an id and their JSON."""
    documents = _collection(uri, DOCUMENTS)
    documents.insert_many(
        {"_id": f"{each['resourceType']}/{each['id']}", "b": orjson.dumps(each)}
        for each in resources
    )


def prepare_inserts(uri: str, database: str, reference: str) -> None:
    """Take over a stored document, and the indexes of the collection it is in.

    Args:
        uri: of the MongoDB.
        database: of our server.
        reference: of the resource that is inserted over and over.

    Raises:
        RuntimeError: it is in no collection.
    """
    from pymongo import MongoClient

    source = MongoClient[Document](uri)[database]
    for name in source.list_collection_names():
        if name.startswith("system."):
            continue
        found = source[name].find_one({"_id": reference})
        if found is not None:
            target = _collection(uri, INSERTED)
            target.drop()
            for index in source[name].index_information().values():
                keys = [(field, order) for field, order in index["key"]]
                if keys != [("_id", 1)]:
                    other = {
                        k: v for k, v in index.items() if k in {"sparse", "partialFilterExpression"}
                    }
                    target.create_index(keys, **other)
            target.insert_one(found)
            return
    raise RuntimeError(f"{reference} is in no collection of {database}")


@contextlib.contextmanager
def routes(uri: str, mongod: int) -> Iterator[dict[str, Target]]:
    """Run the bare application."""
    with bare_server(uri, DATABASE_NAME, WORKERS) as server:

        def pids() -> dict[str, list[int]]:
            return {SERVER: with_children(server.process.pid), DATABASE: [mongod]}

        base = f"http://127.0.0.1:{server.port}"
        yield {
            ROUTE_NOTHING: Target(ROUTE_NOTHING, f"{base}/nothing", pids),
            ROUTE_FIND: Target(ROUTE_FIND, f"{base}/read", pids),
        }


def nothing_plan(folder: Path) -> Path:
    """Write the plan for the route that does nothing."""
    path = folder / "nothing.json"
    request = {"name": "nothing", "method": "GET", "path": "CarePlan/1", "expect": {}}
    path.write_bytes(orjson.dumps({"requests": [request]}))
    return path


def driver(name: str, uri: str, mongod: int, clients: int, seconds: float) -> Slice:
    """Call the driver from client processes, and give what was measured.

    Args:
        name: `DRIVER_FIND` or `DRIVER_INSERT`.
        uri: of the MongoDB.
        mongod: its process.
        clients: how many side by side.
        seconds: how long.
    """
    make: MakeWork = partial(_inserting if name == DRIVER_INSERT else _finding, uri)
    before = cpu_of(mongod)
    times, errors = measure(make, clients, seconds)
    # measure() warms up for a tenth of the time, which the CPU includes.
    return Slice(
        seconds=seconds,
        times={name: [each * 1000 for each in times]},
        items=len(times),
        wrong=len(errors),
        errors=errors[:3],
        all_requests=round(len(times) * 1.1),
        cpu={DATABASE: cpu_of(mongod) - before},
    )


def _inserting(uri: str) -> Work:
    collection = _collection(uri, INSERTED)
    template = collection.find_one({})
    assert template is not None

    def work(_: int) -> None:
        collection.insert_one({**template, "_id": f"CarePlan/{uuid.uuid4()}-{time.time_ns()}"})

    return work


def _finding(uri: str) -> Work:
    collection = _collection(uri, DOCUMENTS)
    ids = [each["_id"] for each in collection.find({}, {"_id": 1}).limit(1000)]

    def work(n: int) -> None:
        assert collection.find_one({"_id": ids[n % len(ids)]}, {"b": 1}) is not None

    return work


def _collection(uri: str, name: str) -> Any:
    from pymongo import MongoClient

    return MongoClient[Document](uri, w="majority", journal=True)[DATABASE_NAME][name]
