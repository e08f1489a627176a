"""The ladder: the same requests on databases of 1k, 10k, 100k and 1M patients, in turns.

    python -m benchmarks.ladder load --folder F --size 10000    (once for each rung)
    python -m benchmarks.ladder measure --folder F              (all rungs that are loaded)

Each rung is a made-up region, loaded by the server's own way to write (`fhir-server demo --size`).
To measure, every rung has a MongoDB and a secured, auditing server of its own, all up at once, and
is asked in turns: whatever else the machine does falls on all of them. What is compared is the
time of a request on a large rung with that on a small one, never one run with another.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from pymongo import MongoClient
from rich.console import Console
from rich.table import Table

from benchmarks import ladder_figures
from benchmarks.clients import HttpClient
from benchmarks.ladder_requests import CASES, Case, Population, Sampler, token
from benchmarks.servers import Running, fhir_server
from fhir_server.commands.region import Plan, load_region
from fhir_server.settings import Settings
from fhir_server.storage import embedded
from fhir_server.storage.mongo_indexes import TOKENS

DATABASE = "fhir"
END = dt.date(2026, 11, 1)
SEED = 1
# Of each patient: a million patients are to be loaded in half an hour.
MOST_VISITS = 2
# Patients that requests are about; each request is about another, so that most are asked cold.
SAMPLE = 1_500
DEEP = 1_000
# A server closes what is not used for longer.
_IDLE_SECONDS = 1.0


@click.group()
def main() -> None:
    """Load the rungs, and measure on them."""


@main.command()
@click.option("--folder", type=click.Path(path_type=Path), required=True, help="For all rungs.")
@click.option("--size", type=int, required=True, help="Patients of this rung.")
@click.option("--cache-gb", default=2.0, show_default=True, help="Cache of the MongoDB.")
@click.option("--processes", default=2, show_default=True, help="How many load.")
def load(folder: Path, size: int, cache_gb: float, processes: int) -> None:
    """Load one rung; what is loaded already stays."""
    place = folder / str(size)
    place.mkdir(parents=True, exist_ok=True)
    mongod = embedded.start(place / "mongo", cache_gb=cache_gb)
    try:
        begin = time.perf_counter()
        plan = Plan(size, SEED, END, MOST_VISITS)
        settings = Settings(mongodb_uri=mongod.uri)
        tally = load_region(settings, plan, quiet=False, processes=processes if size > 500 else 1)
        seconds = time.perf_counter() - begin
    finally:
        mongod.stop()
    assert not tally.failed, tally.failures[:3]
    done = {"resources": tally.stored, "seconds": seconds, "per_second": tally.stored / seconds}
    (place / "loaded.json").write_text(json.dumps(done))
    print(f"{size} patients: {tally.stored} resources in {seconds:.0f} s, "
          f"{tally.stored / seconds:.0f} a second")  # fmt: skip


@main.command()
@click.option("--folder", type=click.Path(path_type=Path), required=True, help="With the rungs.")
@click.option("--requests", default=300, show_default=True, help="Of each kind, on each rung.")
@click.option("--turns", default=10, show_default=True, help="In how many turns.")
@click.option("--cache-gb", default=2.0, show_default=True, help="Cache of each MongoDB.")
@click.option("--only", default="", help="Kinds of requests whose name contains this.")
@click.option("--warm", is_flag=True, help="Read all of each rung into its cache before.")
def measure(
    folder: Path, requests: int, turns: int, cache_gb: float, only: str, *, warm: bool
) -> None:
    """Measure each kind of request on all rungs that are loaded."""
    console = Console(width=130)
    sizes = sorted(int(each.parent.name) for each in folder.glob("*/loaded.json"))
    cases = [case for case in CASES if only in case.name]
    with contextlib.ExitStack() as stack:
        rungs = [stack.enter_context(_rung(folder, size, cache_gb)) for size in sizes]
        if warm:
            for rung in rungs:
                console.print(f"{rung.size:,}: read in {rung.warm():.0f} s")
        found: dict[str, dict[int, ladder_figures.Times]] = {}
        for case in cases:
            found[case.name] = _measured(case, rungs, requests, turns)
            console.print(ladder_figures.line(case.name, found[case.name]))
        if not only:
            found |= _deep(rungs, min(requests, 100))
        about = {rung.size: rung.about() for rung in rungs}
    console.print(_table(found, sizes))
    path = ladder_figures.write(found, about, requests, cache_gb)
    console.print(f"Written to {path}.")


class Rung:
    """A loaded database, its server, and what is asked of it.

    Args:
        size: patients.
        server: its server.
        place: where its data is.
        uri: of its database.
    """

    def __init__(self, size: int, server: Running, place: Path, uri: str) -> None:
        self.size = size
        self._server, self._place, self._uri = server, place, uri
        self._clients: dict[str, tuple[HttpClient, float]] = {}
        population = Population(uri, DATABASE, size, SAMPLE)
        self.sampler = Sampler(population)

    def client(self, who: str) -> HttpClient:
        """Give a connection of a unit's staff that has been used just now.

        A large rung has more units, so that more of its requests would be somebody's first: what
        connecting and reading a token takes says nothing of the size.
        """
        client, used = self._clients.get(who, (None, 0.0))
        if client is None or time.monotonic() - used > _IDLE_SECONDS:
            client = HttpClient(self._server.port, token(self._place, who))
            client.ask("GET", "/fhir/Basic/none", expect=(404,))
        self._clients[who] = client, time.monotonic()
        return client

    def warm(self) -> float:
        """Read all documents and the index of tokens, as a database has that runs a while; in s.

        A small rung is in the cache after a few requests. What reading a page of the disk for the
        first time takes would else be taken for what the size costs.
        """
        began = time.monotonic()
        with MongoClient[dict[str, Any]](self._uri) as client:
            database = client[DATABASE]
            whole: list[dict[str, Any]] = [{"$match": {"b": {"$exists": True}}}, {"$count": "n"}]
            database["resources"].aggregate(whole, hint={"$natural": 1}).to_list()
            database.command("count", "resources", query={"t": {"$gte": ""}}, hint=TOKENS)
        return time.monotonic() - began

    def about(self) -> dict[str, float]:
        """Give how large it is."""
        loaded = json.loads((self._place / "loaded.json").read_text())
        return {**loaded, **ladder_figures.sizes(self._uri, DATABASE)}


@contextlib.contextmanager
def _rung(folder: Path, size: int, cache_gb: float) -> Iterator[Rung]:
    place = folder / str(size)
    mongod = embedded.start(place / "mongo", cache_gb=cache_gb)
    settings = {
        "FHIR_SERVER_LOCAL_TOKENS": "true",
        "FHIR_SERVER_RATE_LIMIT": "off",
        "FHIR_SERVER_DATA_DIR": str(place),
        "FHIR_SERVER_WORKERS": "1",
        "FHIR_SERVER_LOG_LEVEL": "warning",
    }
    try:
        with fhir_server(place, mongod.uri, **settings) as server:
            yield Rung(size, server, place, mongod.uri)
    finally:
        mongod.stop()


def _measured(
    case: Case, rungs: list[Rung], requests: int, turns: int
) -> dict[int, ladder_figures.Times]:
    times: dict[int, list[float]] = {rung.size: [] for rung in rungs}
    asked = {rung.size: rung.sampler.requests(case, requests + requests // turns) for rung in rungs}
    for rung in rungs:  # the first of a kind compiles and opens
        for _ in range(requests // turns):
            _timed(case, rung, next(asked[rung.size]))
    for _ in range(turns):
        for rung in rungs:
            for _ in range(requests // turns):
                times[rung.size].append(_timed(case, rung, next(asked[rung.size])))
    return {size: ladder_figures.Times.of(each) for size, each in times.items()}


def _timed(case: Case, rung: Rung, asked: tuple[str, str, bytes | None, bytes]) -> float:
    who, path, body, expected = asked
    client = rung.client(who)
    begin = time.perf_counter()
    answer = client.ask("POST" if body else "GET", path, body)
    took = time.perf_counter() - begin
    assert expected in answer, f"{case.name}: {path} does not tell of {expected!r}"
    return took


def _deep(rungs: list[Rung], requests: int) -> dict[str, dict[int, ladder_figures.Times]]:
    """Follow `next` a thousand times, then ask for that page and for the first in turns."""
    found: dict[str, dict[int, ladder_figures.Times]] = {"page 1": {}, f"page {DEEP:,}": {}}
    for rung in rungs:
        first = "/fhir/Encounter?status=finished&_count=10"
        who = rung.sampler.largest_unit()
        page, number = first, 1
        while number < DEEP:
            link = _next(rung.client(who).ask("GET", page))
            if link is None:
                break
            page, number = link, number + 1
        if number < DEEP:
            continue
        took: dict[str, list[float]] = {first: [], page: []}
        for _ in range(requests):
            for each, times in took.items():
                client = rung.client(who)
                begin = time.perf_counter()
                client.ask("GET", each)
                times.append(time.perf_counter() - begin)
        for name, each in zip(found, took, strict=True):
            found[name][rung.size] = ladder_figures.Times.of(took[each])
    return found


def _next(answer: bytes) -> str | None:
    links = json.loads(answer)["link"]
    url = next((each["url"] for each in links if each["relation"] == "next"), None)
    return None if url is None else f"/fhir{url.partition('/fhir')[2]}"


def _table(found: dict[str, dict[int, ladder_figures.Times]], sizes: list[int]) -> Table:
    table = Table(title="Time of a request by number of patients: p50 / p95 in ms")
    table.add_column("request")
    for size in sizes:
        table.add_column(f"{size:,}", justify="right")
    table.add_column("p95, largest : 10k", justify="right")
    for name, rungs in found.items():
        cells = [
            f"{rungs[size].p50 * 1e3:.2f} / {rungs[size].p95 * 1e3:.2f}" if size in rungs else ""
            for size in sizes
        ]
        table.add_row(name, *cells, ladder_figures.growth(rungs))
    return table


if __name__ == "__main__":
    main()
