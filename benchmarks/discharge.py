"""`python -m benchmarks.discharge`: what the discharge process and a SIP cost, by ratios.

It serves a MongoDB of its own with a ward full of stays, and sets in relation, within one run and
one after the other on an idle server: `$discharge-timeline` of a stay and of the ward, and what a
SIP takes from `$generate-sip` to `$receive-sip`, beside the read of a patient and the create of a
plan of 3 kB. Then it stores stays and plans of others, and asks again: nothing may grow with them.
"""

from __future__ import annotations

import datetime as dt
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from benchmarks import data
from benchmarks.clients import HttpClient
from benchmarks.servers import fhir_server
from fhir_server.storage import embedded
from fhir_server.sweden import codes

Json = dict[str, Any]

NOW = dt.datetime.now(dt.UTC)
ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
SCOPE = "http://terminology.hl7.org/CodeSystem/consentscope"
TIMES = 7
# So many resources go into one transaction.
PORTION = 500
READ, CREATE = "GET Patient/[id]", "POST CarePlan of 3 kB"


@click.command()
@click.option("--stays", default=200, show_default=True, help="Stays at the ward.")
@click.option("--others", default=4_000, show_default=True, help="Stays at other wards.")
def main(stays: int, others: int) -> None:
    """Measure on this machine; absolute figures do not carry over to another, ratios do."""
    with tempfile.TemporaryDirectory(prefix="fhir-discharge-") as folder:
        mongod = embedded.start(Path(folder) / "mongo", cache_gb=1.0)
        try:
            with fhir_server(Path(folder), mongod.uri, FHIR_SERVER_LOG_LEVEL="warning") as server:
                client = HttpClient(server.port)
                store(client, [*units(), *(each for n in range(stays) for each in stay(n, "ward"))])
                alone = measured(client, stays)
                strangers = (each for n in range(others) for each in stay(n, f"other-{n % 40}"))
                store(client, [*strangers, *(finished(n) for n in range(others))])
                Console(width=110).print(table(alone, measured(client, stays), stays, others))
        finally:
            mongod.stop()


def store(client: HttpClient, resources: list[Json]) -> None:
    """Store resources by their ids."""
    for first in range(0, len(resources), PORTION):
        entries = [
            {"resource": r, "request": {"method": "PUT", "url": f"{r['resourceType']}/{r['id']}"}}
            for r in resources[first : first + PORTION]
        ]
        client.ask_json(
            "POST", "/fhir", {"resourceType": "Bundle", "type": "transaction", "entry": entries}
        )


def units() -> list[Json]:
    """Give the wards, the region and the municipality, who takes part, and who writes."""
    found: list[Json] = [unit(f"other-{n}", codes.REGION) for n in range(40)]
    found += [unit("ward", codes.REGION), unit("home-care", codes.KOMMUN)]
    found.append({"resourceType": "PractitionerRole", "id": "bench-role", "active": True})
    return [*found, *(data.patient(n) for n in range(data.PATIENTS))]


def unit(id_: str, huvudman: str) -> Json:
    """Give a unit that can be reached."""
    return {
        "resourceType": "Organization",
        "id": id_,
        "name": f"Enheten {id_}",
        "identifier": [
            {"system": codes.HSA_ID, "value": f"SE2321000214-{id_.upper().replace('-', '')}"}
        ],
        "telecom": [{"system": "phone", "value": "063-000 00 01"}],
        "extension": [{"url": codes.HUVUDMAN, "valueCode": huvudman}],
    }


def stay(n: int, ward: str) -> list[Json]:
    """Give a stay that the home care was told of, and its Task."""
    half = data.PATIENTS // 2
    # Who is at the ward is at no other.
    person = n % half + (0 if ward == "ward" else half)
    id_, patient = f"{ward}-{n}", {"reference": f"Patient/bench-{person}"}
    admitted = NOW - dt.timedelta(days=3, hours=n % 24)
    to = {"reference": "Organization/home-care" if ward == "ward" else f"Organization/{ward}"}
    notice = [
        {"url": "at", "valueDateTime": (admitted + dt.timedelta(hours=8)).isoformat()},
        {"url": "to", "valueReference": to},
    ]
    expected = [
        {"url": "time", "valueDateTime": (NOW + dt.timedelta(days=2)).isoformat()},
        {"url": "recorded", "valueDateTime": admitted.isoformat()},
    ]
    encounter = {
        "resourceType": "Encounter",
        "id": id_,
        "status": "in-progress",
        "class": {"system": ACT_CODE, "code": "IMP"},
        "subject": patient,
        "period": {"start": admitted.isoformat()},
        "serviceProvider": {"reference": f"Organization/{ward}"},
        "extension": [
            {"url": codes.ADMISSION_NOTICE_SENT, "extension": notice},
            {"url": codes.EXPECTED_DISCHARGE, "extension": expected},
        ],
    }
    task = {
        "resourceType": "Task",
        "id": id_,
        "status": "requested",
        "intent": "order",
        "code": {"coding": [{"system": codes.TASK_CODE_SYSTEM, "code": codes.PLANERING}]},
        "focus": {"reference": f"Encounter/{id_}"},
        "for": patient,
        "encounter": {"reference": f"Encounter/{id_}"},
        "authoredOn": admitted.isoformat(),
        "owner": to,
    }
    return [encounter, task]


def finished(n: int) -> Json:
    """Give a stay at the ward that ended long ago."""
    [encounter, _] = stay(n, "ward")
    period = {"start": "2024-03-02T08:10:00+01:00", "end": "2024-03-09T12:00:00+01:00"}
    return encounter | {"id": f"past-{n}", "status": "finished", "period": period}


def measured(client: HttpClient, stays: int) -> dict[str, float]:
    """Give the median time of each, in seconds."""
    found = {name: seconds(work) for name, work in asked(client, stays)}
    return found | life_of_plans(client)


def asked(client: HttpClient, stays: int) -> Iterator[tuple[str, Callable[[int], object]]]:
    """Give what is asked of a stay and of units."""
    yield READ, lambda n: client.ask("GET", f"/fhir/Patient/bench-{n}")
    plan = data.care_plan(0)
    yield CREATE, lambda _: client.ask_json("POST", "/fhir/CarePlan", plan)
    name = "$discharge-timeline"
    yield f"Encounter {name}", lambda n: client.ask("GET", f"/fhir/Encounter/ward-{n}/{name}")
    whole = f"/fhir/Organization/ward/{name}?_count=20"
    yield f"Organization {name}, first page of 20", lambda _: client.ask("GET", whole)
    last = f"{whole}&_cursor={max(0, stays - 20)}"
    yield f"Organization {name}, last page", lambda _: client.ask("GET", last)
    page = f"/fhir/Organization/ward/{name}?_format=html"
    yield f"Organization {name}, html", lambda _: client.ask("GET", page)
    told = f"/fhir/Organization/home-care/{name}?_count=20"
    yield f"Organization {name}, who was told", lambda _: client.ask("GET", told)


def life_of_plans(client: HttpClient) -> dict[str, float]:
    """Give the median time of each step in the life of a SIP, over several plans."""
    found: dict[str, list[float]] = {}
    for n in range(TIMES):
        patient = f"Patient/bench-{n}"
        plan: Json = {}
        for name, work in steps_of(client, patient, plan):
            begin = time.perf_counter()
            work()
            found.setdefault(name, []).append(time.perf_counter() - begin)
        close = [reference("by", "Organization/ward"), {"name": "reason", "valueCode": "annat"}]
        client.ask_json("POST", f"/fhir/{plan['url']}/$close-sip", parameters(*close))
    return {name: statistics.median(times) for name, times in found.items()}


def steps_of(
    client: HttpClient, patient: str, plan: Json
) -> Iterator[tuple[str, Callable[[], object]]]:
    """Give the calls, in their order; ``plan`` learns the plan's address and what is exported."""
    consent = consent_to_sip(patient)
    client.ask_json("PUT", f"/fhir/Consent/{consent['id']}", consent)

    def generate() -> None:
        answer = client.ask_json("POST", f"/fhir/{patient}/$generate-sip", draft())
        made = next(p["resource"] for p in answer["parameter"] if p["name"] == "return")
        plan["url"] = f"CarePlan/{made['id']}"

    def activate() -> None:
        by = parameters(reference("by", "Organization/ward"))
        client.ask_json("POST", f"/fhir/{plan['url']}/$activate-sip", by)

    def export() -> None:
        plan["bundle"] = client.ask_json("GET", f"/fhir/{plan['url']}/$export-sip")

    def receive() -> None:
        arrived = {"name": "resource", "resource": plan["bundle"]}
        client.ask_json("POST", "/fhir/CarePlan/$receive-sip", parameters(arrived))

    def written(format_: str) -> Callable[[], object]:
        return lambda: client.ask("GET", f"/fhir/{plan['url']}/$document?_format={format_}")

    yield "$generate-sip, a draft", generate
    yield "$activate-sip", activate
    yield "$document", written("json")
    yield "$document, html", written("html")
    yield "$document, pdf", written("pdf")
    yield "$export-sip", export
    yield "$receive-sip, again", receive


def consent_to_sip(patient: str) -> Json:
    """Give a patient's consent to a SIP."""
    category = {"system": codes.CONSENT_CATEGORY_SYSTEM, "code": codes.CONSENT_TO_SIP}
    return {
        "resourceType": "Consent",
        "id": f"consent-{patient.partition('/')[2]}",
        "status": "active",
        "scope": {"coding": [{"system": SCOPE, "code": "patient-privacy"}]},
        "category": [{"coding": [category]}],
        "patient": {"reference": patient},
        "dateTime": "2026-01-01",
        "performer": [{"reference": patient}],
        "policyRule": {"coding": [{"system": codes.LAW_SYSTEM, "code": "SOL-10-8"}]},
        "provision": {"type": "permit"},
    }


def draft() -> Json:
    """Give a whole plan, as a draft."""
    follow_up = (NOW + dt.timedelta(days=60)).date().isoformat()
    return parameters(
        {"name": "status", "valueCode": "draft"},
        reference("author", "Organization/ward"),
        grouped("goal", description={"valueString": "Gå till brevlådan"}),
        activity(codes.REGION),
        activity(codes.KOMMUN),
        grouped("overallResponsible", huvudman={"valueCode": codes.KOMMUN}),
        grouped("followUp", date={"valueDate": follow_up}),
    )


def activity(huvudman: str) -> Json:
    """Give an activity of a huvudman."""
    said = {"valueString": "Hjälper till"}
    return grouped("activity", description=said, huvudman={"valueCode": huvudman})


def parameters(*given: Json) -> Json:
    """Give a Parameters resource."""
    return {"resourceType": "Parameters", "parameter": list(given)}


def reference(name: str, to: str) -> Json:
    """Give a parameter that refers."""
    return {"name": name, "valueReference": {"reference": to}}


def grouped(name: str, **parts: Json) -> Json:
    """Give a parameter of parts."""
    return {"name": name, "part": [{"name": each, **value} for each, value in parts.items()]}


def seconds(work: Callable[[int], object]) -> float:
    """Give the median time of some work, after once to warm up."""
    took = []
    for n in range(TIMES + 1):
        begin = time.perf_counter()
        work(n)
        took.append(time.perf_counter() - begin)
    return statistics.median(took[1:])


def table(alone: dict[str, float], among: dict[str, float], stays: int, others: int) -> Table:
    """Set in relation what was measured without others and with them."""
    shown = Table(
        title=f"{stays} stays at the ward; then {others} at others and {others} past ones"
    )
    for column in ("what", "ms", "times a read", "times a create", "with others, times as long"):
        shown.add_column(column, justify="left" if column == "what" else "right")
    for name, took in alone.items():
        shown.add_row(
            escape(name),
            f"{took * 1000:,.1f}",
            f"{took / alone[READ]:,.1f}",
            f"{took / alone[CREATE]:,.1f}",
            f"{among[name] / took:.2f}",
        )
    return shown


if __name__ == "__main__":
    main()
