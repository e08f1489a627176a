"""What security costs: the same requests to an open and to a secured server, and how searches run.

    python -m benchmarks.security [--resources 100000] [--seconds 5] [--both-audited]

Both servers stand on the same data: a thousand units of twenty vårdgivare. The ratio is that of the
times that half the requests stay below (p50), measured in turns, so that what else the machine does
falls on both. The plans are those of the restricted searches, by MongoDB's own account.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from benchmarks.clients import HttpClient, Rate, Work, run
from benchmarks.data import care_plan
from benchmarks.servers import Running, fhir_server
from fhir_server.fhir.locations import canonical
from fhir_server.security.authentication import local_tokens
from fhir_server.security.principal import Principal
from fhir_server.security.trace import Trace
from fhir_server.settings import Settings
from fhir_server.storage import embedded

DATABASE = "fhir"
PROVIDERS, UNITS = 20, 1000
HSA = "urn:oid:1.2.752.29.4.19"
# The unit that asks, in vårdgivare 3, and one of vårdgivare 4.
OWN, OTHER = 63, 104
Resource = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Case:
    """A request that is measured.

    Args:
        name: to show.
        paths: what is asked for, in turn.
    """

    name: str
    paths: tuple[str, ...]


@click.command()
@click.option("--resources", default=100_000, show_default=True, help="CarePlans and Encounters.")
@click.option("--seconds", default=5.0, show_default=True, help="Length of each measurement.")
@click.option("--clients", default=4, show_default=True, help="Client processes side by side.")
@click.option("--turns", default=2, show_default=True, help="How often each is measured.")
@click.option(
    "--both-audited",
    is_flag=True,
    help="Keep the trail on the open server too: the ratio lacks it.",
)
@click.option("--only-plans", is_flag=True, help="Show how searches run and measure nothing.")
def main(
    resources: int, seconds: float, clients: int, turns: int, both_audited: bool, only_plans: bool
) -> None:
    """Measure what authorisation and tokens cost, on this machine."""
    console = Console(width=118)
    with tempfile.TemporaryDirectory(prefix="fhir-bench-") as folder, _mongod(folder) as uri:
        started = time.monotonic()
        _load(Path(folder), uri, resources)
        console.print(f"{resources} resources loaded in {time.monotonic() - started:.0f} s")
        console.print(_plans_table(uri, resources))
        if only_plans:
            return
        open_too = {"FHIR_SERVER_AUDIT": "always"} if both_audited else {}
        secured = {
            "FHIR_SERVER_LOCAL_TOKENS": "true",
            "FHIR_SERVER_RATE_LIMIT": "off",
            "FHIR_SERVER_DATA_DIR": folder,
        }
        with (
            fhir_server(Path(folder), uri, FHIR_SERVER_DATA_DIR=folder, **open_too) as free,
            fhir_server(Path(folder), uri, **secured) as guarded,
        ):
            measured = _measure(
                free, guarded, _token(Path(folder)), resources, seconds, clients, turns
            )
            console.print(_ratios_table(measured))
    load = Path("/proc/loadavg")
    console.print(f"Load at the end: {load.read_text().split()[:3] if load.exists() else '?'}")


# Data


def _load(folder: Path, uri: str, count: int) -> None:
    path = folder / "data.ndjson"
    with path.open("w", encoding="utf-8") as file:
        for each in _resources(count):
            file.write(json.dumps(each) + "\n")
    command = [sys.executable, "-m", "fhir_server.cli", "load", "--quiet", "--mongodb-uri", uri]
    subprocess.run([*command, str(path)], check=True)


def _resources(count: int) -> Iterator[Resource]:
    for n in range(PROVIDERS):
        yield _organization(f"provider-{n}", f"SE000000{n:04d}-A")
    for n in range(UNITS):
        yield _organization(f"unit-{n}", f"SE000000{n:04d}-B", f"provider-{n % PROVIDERS}")
        yield {
            "resourceType": "PractitionerRole",
            "id": f"role-{n}",
            "active": True,
            "organization": {"reference": f"Organization/unit-{n}"},
        }
    patients = _patients(count)
    for n in range(patients):
        yield {"resourceType": "Patient", "id": f"p{n}", "name": [{"family": f"Test{n}"}]}
    for n in range(0, patients, 4):
        yield _consent(n)
    for n in range(count // 2):
        yield _plan(n, patients)
        yield _encounter(n, patients)


def _patients(count: int) -> int:
    return max(count // 20, UNITS)


def _unit_of(n: int) -> int:
    """A person is seen at one unit mostly, and each fifth time at another."""
    return (n if n % 5 else n * 7) % UNITS


def _organization(id_: str, number: str, parent: str = "") -> Resource:
    found: Resource = {
        "resourceType": "Organization",
        "id": id_,
        "name": id_,
        "identifier": [{"system": HSA, "value": number}],
    }
    if parent:
        found["partOf"] = {"reference": f"Organization/{parent}"}
    return found


def _plan(n: int, patients: int) -> Resource:
    made = care_plan(n)
    role = {"reference": f"PractitionerRole/role-{_unit_of(n)}"}
    made["activity"] = made["activity"][:2]
    for each in made["activity"]:
        each["detail"]["performer"] = [role]
    status = "active" if n % 3 else "completed"
    own = {"id": f"c{n}", "subject": {"reference": f"Patient/p{n % patients}"}, "author": role}
    return {**made, **own, "status": status}


def _encounter(n: int, patients: int) -> Resource:
    return {
        "resourceType": "Encounter",
        "id": f"e{n}",
        "status": "in-progress" if n % 2 else "finished",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
        "subject": {"reference": f"Patient/p{n % patients}"},
        "period": {"start": "2026-11-02", **({} if n % 2 else {"end": "2026-11-20"})},
        "serviceProvider": {"reference": f"Organization/unit-{_unit_of(n)}"},
    }


def _consent(n: int) -> Resource:
    """Consent to shared records (SVOD), for the vårdgivare that asks."""
    return {
        "resourceType": "Consent",
        "id": f"svod{n}",
        "status": "active",
        "scope": {"coding": [{"system": _SCOPE, "code": "patient-privacy"}]},
        "category": [{"coding": [{"system": _CONSENTS, "code": "svod"}]}],
        "patient": {"reference": f"Patient/p{n}"},
        "dateTime": "2026-01-01",
        "performer": [{"reference": f"Patient/p{n}"}],
        "organization": [{"reference": f"Organization/unit-{_unit_of(n)}"}],
        "policyRule": {"coding": [{"system": _LAW, "code": "SVOD"}]},
        "provision": {
            "type": "permit",
            "actor": [
                {
                    "role": {"coding": [{"system": _PARTICIPATION, "code": "IRCP"}]},
                    "reference": {"reference": f"Organization/provider-{OWN % PROVIDERS}"},
                }
            ],
        },
    }


_PARTICIPATION = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
_SCOPE = "http://terminology.hl7.org/CodeSystem/consentscope"
_CONSENTS = f"{canonical()}/CodeSystem/consent-category"
_LAW = f"{canonical()}/CodeSystem/law"


# Requests


def _cases(count: int) -> list[Case]:
    patients = _patients(count)
    own = [n for n in range(count // 2) if _unit_of(n) == OWN]
    persons = list(dict.fromkeys(n % patients for n in own))
    consenting = [n for n in persons if n % 4 == 0] or persons
    pick = random.Random(1)
    some = pick.sample(own, min(50, len(own)))

    def of(template: str, ids: Sequence[int]) -> tuple[str, ...]:
        return tuple(f"/fhir/{template.format(n)}" for n in ids)

    return [
        Case("read", of("CarePlan/c{}", some)),
        Case("search by patient", of("CarePlan?patient=p{}&status=active", persons)),
        Case("search by patient with consent", of("Encounter?patient=p{}", consenting)),
        Case("search by performer", (f"/fhir/CarePlan?performer=PractitionerRole/role-{OWN}",)),
        Case("search without a person", ("/fhir/CarePlan?status=active",)),
        Case("count", of("CarePlan?patient=p{}&_summary=count", persons)),
        Case("include", of("CarePlan?patient=p{}&_include=CarePlan:subject", persons)),
        Case("revinclude", of("Patient?_id=p{}&_revinclude=Encounter:subject", persons)),
        Case("$everything", of("Patient/p{}/$everything", persons)),
    ]


def asking(port: int, token: str, paths: Sequence[str]) -> Work:
    """Ask for each of some paths in turn."""
    client = HttpClient(port, token)

    def work(n: int) -> None:
        client.ask("GET", paths[n % len(paths)])

    return work


def _measure(
    free: Running,
    guarded: Running,
    token: str,
    count: int,
    seconds: float,
    clients: int,
    turns: int,
) -> dict[str, list[tuple[Rate, Rate]]]:
    found: dict[str, list[tuple[Rate, Rate]]] = {}
    for case in _cases(count):
        for _ in range(turns):
            rates = (
                run(partial(asking, free.port, "", case.paths), clients, seconds),
                run(partial(asking, guarded.port, token, case.paths), clients, seconds),
            )
            found.setdefault(case.name, []).append(rates)
    return found


def _token(folder: Path) -> str:
    claims = {
        "sub": "bench", "client_id": "bench", "role": "coordinator", "purpose": "TREAT",
        "unit": f"SE000000{OWN:04d}-B", "person": "SE-bench", "scope": "user/*.cruds",
    }  # fmt: skip
    return local_tokens.issue(folder, claims, 600)


def _ratios_table(measured: dict[str, list[tuple[Rate, Rate]]]) -> Table:
    table = Table(title="Secured beside open, p50 in ms; each turn by itself")
    for column in ("request", "open", "secured", "ratio", "rate/s open → secured"):
        table.add_column(column)
    for name, turns in measured.items():
        table.add_row(
            name,
            " ".join(f"{a.p50 * 1e3:.2f}" for a, _ in turns),
            " ".join(f"{b.p50 * 1e3:.2f}" for _, b in turns),
            " ".join(f"{b.p50 / a.p50:.2f}" for a, b in turns),
            " ".join(f"{a.per_second:.0f}→{b.per_second:.0f}" for a, b in turns),
        )
    return table


# How searches run


def _plans_table(uri: str, count: int) -> Table:
    from fhir_server.app import create_gate, create_server
    from fhir_server.security.naming import named_by
    from fhir_server.security.restricting import restricted
    from fhir_server.storage.mongo import MongoStore
    from fhir_server.storage.snapshot import Snapshot

    store = MongoStore(uri, DATABASE)
    server = create_server(Settings(mongodb_database=DATABASE))
    who = Principal(
        "bench", role="coordinator", unit=f"SE000000{OWN:04d}-B", person="SE-b", purpose="TREAT"
    )
    guarded = create_gate(server, store).open(who, Trace())
    table = Table(title=f"A page of 20 of {count} resources, as one unit of {UNITS}")
    for column in ("search", "found", "keys", "documents", "ms", "stages"):
        table.add_column(column)
    for type_, query in _SEARCHES:
        pairs = [
            (name, value)
            for name, _, value in (part.partition("=") for part in query.split("&") if part)
        ]
        asked = server.parser.parse(type_ or None, [*pairs, ("_count", "20")])
        wanted = restricted(guarded.access, asked, named_by(asked.where))
        told = Snapshot.explain(store, wanted)
        begin = time.perf_counter()
        guarded.search(asked)
        took = (time.perf_counter() - begin) * 1e3
        stages = (stage for each in told["queries"] for stage in each["stages"])
        table.add_row(
            f"{type_ or '(all)'}?{query}",
            str(told["returned"]),
            str(told["keys_examined"]),
            str(told["documents_examined"]),
            f"{took:.1f}",
            " ".join(dict.fromkeys(stages)),
        )
    store.close()
    return table


_SEARCHES = (
    ("CarePlan", "status=active"),
    ("CarePlan", ""),
    ("CarePlan", "status=active&_sort=-_lastUpdated"),
    ("CarePlan", "_sort=date"),
    ("CarePlan", "category=VP&status=active"),
    ("CarePlan", "status:not=active"),
    ("Encounter", "status=in-progress"),
    ("Encounter", "_sort=-date"),
    ("Encounter", "date=ge2026-11-01"),
    ("", "_type=CarePlan,Encounter"),
    ("", "_type=CarePlan,Encounter&_lastUpdated=gt2020-01-01"),
    ("CarePlan", "subject:Patient.name=Test63"),
    ("CarePlan", "performer:PractitionerRole.active=true&status=active"),
    ("Patient", "_has:CarePlan:patient:status=active"),
)


@contextmanager
def _mongod(folder: str) -> Iterator[str]:
    mongod = embedded.start(Path(folder) / "mongo", cache_gb=1.0)
    yield mongod.uri
    mongod.stop()


if __name__ == "__main__":
    main()
