"""Bundles that $export-sip never gave: tampered with, in part, twice, shuffled, about another."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.conftest import Fhir
from tests.domain.clinic import latest
from tests.domain.exchange_partners import (
    Partner,
    activity,
    partner,
    personnummer,
    server,
    stored_plan,
)
from tests.domain.sip_calls import consent_to_sip
from tests.domain.sip_invariants import violations

Json = dict[str, Any]
Change = Callable[[Json], None]


@pytest.fixture(scope="module")
def region_server(mongo_uri: str) -> Iterator[Fhir]:
    yield from server(mongo_uri, "region.example")


@pytest.fixture(scope="module")
def kommun_server(mongo_uri: str) -> Iterator[Fhir]:
    yield from server(mongo_uri, "kommun.example")


@pytest.fixture(scope="module")
def region(region_server: Fhir) -> Partner:
    return partner(region_server, region_server.create)


@pytest.fixture(scope="module")
def kommun(kommun_server: Fhir) -> Partner:
    return partner(kommun_server, kommun_server.create)


@pytest.fixture
def bundle(region: Partner) -> Json:
    plan = stored_plan(region, region.fhir.create, personnummer())
    return region.export(plan, sender="region")


def entries(bundle: Json, type_: str) -> list[Json]:
    return [e for e in bundle["entry"] if e["resource"]["resourceType"] == type_]


def first(bundle: Json, type_: str) -> Json:
    found: Json = entries(bundle, type_)[0]["resource"]
    return found


def kept(bundle: Json, types: str) -> list[Json]:
    return [e for e in bundle["entry"] if e["resource"]["resourceType"] not in types.split()]


def stands_nowhere(partner: Partner) -> list[str]:
    """List what active plans lack by law, of all plans here."""
    plans, consents = (
        [e["resource"] for e in partner.fhir.get(f"{t}?_count=500").json.get("entry", [])]
        for t in ("CarePlan", "Consent")
    )
    own = [
        (plan, [c for c in consents if c["patient"] == plan["subject"]])
        for plan in plans
    ]  # fmt: skip
    return [each for plan, given in own for each in violations([plan], given, set())]


TAMPERED: dict[str, Change] = {
    "no entries": lambda b: b.pop("entry"),
    "no plan": lambda b: b.update(entry=kept(b, "CarePlan")),
    "no Provenance": lambda b: b.update(entry=kept(b, "Provenance")),
    "no consent": lambda b: b.update(entry=kept(b, "Consent")),
    "no patient": lambda b: b.update(entry=kept(b, "Patient")),
    "the plan twice": lambda b: b["entry"].append(copy.deepcopy(entries(b, "CarePlan")[0])),
    "no fullUrl": lambda b: b["entry"][0].pop("fullUrl"),
    "no resource": lambda b: b["entry"][0].pop("resource"),
    "an empty entry": lambda b: b["entry"].append({}),
    "a foreign resource": lambda b: b["entry"].append(
        {"fullUrl": "urn:uuid:x", "resource": {"resourceType": "Observation"}}
    ),
    "a consent withdrawn": lambda b: first(b, "Consent").update(status="inactive"),
    "a consent that says no": lambda b: first(b, "Consent").update(provision={"type": "deny"}),
    "a consent of nobody": lambda b: first(b, "Consent").update(patient={"display": "Ada"}),
    "a consent that is none": lambda b: first(b, "Consent").update(
        category=[{"text": "Samtycke"}]
    ),
    "a plan of nobody": lambda b: first(b, "CarePlan").update(subject={"display": "Ada"}),
    "a plan of a group": lambda b: first(b, "CarePlan").update(subject={"reference": "Group/1"}),
    "one huvudman's activities": lambda b: first(b, "CarePlan")["activity"].pop(),
    "two overall-responsible": lambda b: first(b, "CarePlan").update(
        extension=[e for e in first(b, "CarePlan")["extension"] for _ in (1, 2)]
    ),
    "activities with one id": lambda b: first(b, "CarePlan")["activity"][1].update(id="vikt"),
    "no agent": lambda b: entries(b, "Provenance")[-1]["resource"].pop("agent"),
    "no revisions": lambda b: entries(b, "Provenance")[-1]["resource"].pop("extension"),
    "names that are gone": lambda b: [e["resource"].pop("identifier", 0) for e in b["entry"]],
}  # fmt: skip


@pytest.mark.parametrize("what", TAMPERED)
def test_a_bundle_tampered_with_breaks_no_law_and_is_stored_whole_or_not_at_all(
    bundle: Json, kommun: Partner, what: str
) -> None:
    """R75, R76, R78, R93."""
    TAMPERED[what](bundle)
    before = latest(kommun.fhir)
    answer = kommun.try_receive(bundle)
    assert answer.status_code in (200, 201, 400, 409, 422), answer.text
    if answer.status_code >= 400:
        assert latest(kommun.fhir) == before
        assert answer.json["issue"][0]["details"]["text"]
        assert "Testsson" not in answer.text
    assert stands_nowhere(kommun) == []


def test_a_bundle_without_consent_gives_no_active_plan(bundle: Json, kommun: Partner) -> None:
    """R75, R78: the consent that a plan names must come with it, or be here."""
    bundle["entry"] = kept(bundle, "Consent")
    answer = kommun.try_receive(bundle)
    assert answer.status_code == 422, answer.text
    # With a record that does not tell of a consent either, the law says what is missing.
    record = entries(bundle, "Provenance")[-1]["resource"]
    record["extension"] = [e for e in record["extension"] if "Consent:" not in str(e)]
    answer = kommun.try_receive(bundle)
    assert answer.status_code == 422, answer.text


def test_the_order_of_entries_means_nothing(bundle: Json, kommun: Partner) -> None:
    """R93: and a Bundle replayed in another order changes nothing."""
    chance = random.Random(4)
    chance.shuffle(bundle["entry"])
    assert kommun.try_receive(bundle).status_code == 201
    before = latest(kommun.fhir)
    chance.shuffle(bundle["entry"])
    assert kommun.try_receive(bundle).status_code == 200
    assert latest(kommun.fhir) == before


def test_a_plan_known_here_is_not_made_another_persons(
    bundle: Json, region: Partner, kommun: Partner
) -> None:
    """R75, R100: with the names of a known plan and the people of another."""
    assert kommun.try_receive(bundle).status_code == 201
    known = kommun.try_receive(bundle).json["parameter"][0]["resource"]
    other = region.export(stored_plan(region, region.fhir.create, personnummer()), sender="region")
    stolen = first(other, "CarePlan")
    stolen["identifier"] = first(bundle, "CarePlan")["identifier"]
    answer = kommun.try_receive(other)
    assert answer.status_code == 409, answer.text
    now = kommun.read(f"CarePlan/{known['id']}")
    assert now["subject"] == known["subject"]
    assert stands_nowhere(kommun) == []


def test_a_large_plan_is_taken_and_a_huge_one_refused_in_words(
    region: Partner, kommun: Partner
) -> None:
    """R93: a hundred and fifty activities are more than any plan has."""
    plan = stored_plan(region, region.fhir.create, personnummer())

    def grow(stored_: Json) -> None:
        stored_["activity"] += [
            activity(region, "kommun", f"nr{number}", "Hjälper till " * 20) for number in range(150)
        ]

    region.change(plan, grow)
    bundle = region.export(plan, sender="region")
    answer = kommun.try_receive(bundle)
    assert answer.status_code == 201, answer.text
    first(bundle, "CarePlan")["description"] = "x" * 1_000_000
    first(bundle, "CarePlan")["note"] = [{"text": "x" * 1_000_000} for _ in range(16)]
    answer = kommun.try_receive(bundle)
    assert answer.status_code in (400, 413, 422), answer.text[:300]
    assert answer.json["issue"][0]["details"]["text"]


def test_many_receive_the_same_and_a_withdrawal_at_once(region: Partner, kommun: Partner) -> None:
    """R75, R78, R93: in whatever order, one plan, and none in force without a consent."""
    plan = stored_plan(region, region.fhir.create, personnummer())
    bundle = region.export(plan, sender="region")
    arrived = kommun.receive(bundle)["return"][0]
    consent = arrived["supportingInfo"][0]["reference"]

    def change(stored_: Json) -> None:
        stored_["description"] = "Mer hjälp hemma"

    region.change(plan, change)
    newer = region.export(plan, sender="region")

    def act(number: int) -> int:
        client = Fhir(kommun.fhir.client.application.test_client())
        if number == 2:
            gone = kommun.read(consent) | {"status": "inactive"}
            return int(client.put(consent, gone).status_code)
        return int(Partner(client, kommun.organizations).try_receive(newer).status_code)

    with ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(act, range(5)))
    assert set(answers) <= {200, 201, 409, 422}, answers
    assert stands_nowhere(kommun) == []
    assert kommun.count("CarePlan", subject=arrived["subject"]["reference"]) == 1
    assert kommun.read(f"CarePlan/{arrived['id']}")["status"] == "revoked"


def test_a_consent_of_another_person_does_not_travel_as_this_ones(
    bundle: Json, region: Partner, kommun: Partner
) -> None:
    """R75, R78: here is a consent by that name; it is somebody else's."""
    other = kommun.fhir.create({"resourceType": "Patient", "name": [{"family": "Annan"}]})
    theirs = kommun.fhir.create(
        consent_to_sip(f"Patient/{other['id']}")
        | {"identifier": first(bundle, "Consent")["identifier"]}
    )
    answer = kommun.try_receive(bundle)
    assert answer.status_code in (409, 422), answer.text
    assert (
        kommun.read(f"Consent/{theirs['id']}")["patient"]["reference"] == f"Patient/{other['id']}"
    )
    assert stands_nowhere(kommun) == []


def test_a_person_is_not_taken_for_another_by_name(
    bundle: Json, region: Partner, kommun: Partner
) -> None:
    """R100: the name of one person here and the personnummer of another: nobody can tell whom."""
    assert kommun.try_receive(bundle).status_code == 201
    other = region.export(stored_plan(region, region.fhir.create, personnummer()), sender="region")
    assert kommun.try_receive(other).status_code == 201
    forged = copy.deepcopy(other)
    first(forged, "Patient")["identifier"] = [
        *first(bundle, "Patient")["identifier"][:-1],
        first(other, "Patient")["identifier"][-1],
    ]
    before = latest(kommun.fhir)
    answer = kommun.try_receive(forged)
    assert answer.status_code == 409, answer.text
    assert latest(kommun.fhir) == before
