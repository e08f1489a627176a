"""How often a write asks the database: each time costs both sides more than most of the rest."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient, monitoring

import benchmarks
from fhir_server.app import create_app
from fhir_server.fhir.locations import canonical
from fhir_server.interactions.context import Context
from fhir_server.interactions.create import create
from fhir_server.interactions.delete import delete
from fhir_server.interactions.patch import PatchDocument, patch
from fhir_server.interactions.transaction import transaction
from fhir_server.interactions.update import update
from fhir_server.settings import Settings
from fhir_server.storage import mongo
from fhir_server.storage.mongo import MongoStore
from fhir_server.storage.mongo_indexes import UPDATED
from fhir_server.storage.mongo_together import Sought, filter_of, tokens_of
from fhir_server.sweden import codes
from tests.security.worlds import ORGANIZATIONS, World, organization, staff

Json = dict[str, Any]
ROLE = "PractitionerRole/nurse"
NURSE = staff("hc")
SCOPE = "http://terminology.hl7.org/CodeSystem/consentscope"
INDEX = r"'indexName': '[^']*'"
# What goes on beside the writes: rules that are followed, and the audit trail.
BESIDE = ("audit", "audit_heads", "conformance_state", "search_state")


class Commands(monitoring.CommandListener):
    """Notes what the database is asked."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        at = event.command[event.command_name]
        # Once a second somebody looks whether there is a newer unit.
        if at not in BESIDE and event.command.get("hint") != UPDATED:
            self.sent.append(f"{event.command_name} {at if isinstance(at, str) else ''}".strip())

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None: ...

    def failed(self, event: monitoring.CommandFailedEvent) -> None: ...


class Watched(World):
    """The server's parts, and what they ask the database."""

    def __init__(self, app: Any, commands: Commands) -> None:
        super().__init__(app)
        self.commands = commands

    def asked(self, act: Callable[[], object]) -> list[str]:
        """Give what the database is asked meanwhile."""
        self.commands.sent.clear()
        act()
        return list(self.commands.sent)


@pytest.fixture(scope="module")
def world(settings: Settings, mongo_uri: str, store: MongoStore) -> Iterator[Watched]:
    commands = Commands()
    with pytest.MonkeyPatch.context() as patched:
        listening = partial(MongoClient, event_listeners=[commands])
        patched.setattr(mongo, "MongoClient", listening)
        app = create_app(settings, mongo_uri)
    world = Watched(app, commands)
    world.put(*(organization(each) for each in ORGANIZATIONS))
    world.put({"resourceType": "Patient", "id": "p1"}, {"resourceType": "Patient", "id": "p2"})
    unit = {"reference": "Organization/hc"}
    world.put({"resourceType": "PractitionerRole", "id": "nurse", "organization": unit})
    world.put(*needs_of_the_sip())
    create(world.context(NURSE), "CarePlan", plan())  # what is read once is read now
    yield world
    app.extensions["fhir"].store.close()


def plan(**more: Any) -> Json:
    """Give a plan that refers to a patient and to who wrote it."""
    return {
        "resourceType": "CarePlan",
        "status": "draft",
        "intent": "plan",
        "title": "Plan",
        "subject": {"reference": "Patient/p1"},
        "author": {"reference": ROLE},
        **more,
    }


def stored(context: Context, **more: Any) -> Json:
    """Store a plan, and give it with its id."""
    made = create(context, "CarePlan", plan(**more)).stored
    assert made is not None
    return plan(**more) | {"id": made.id}


def test_a_create_that_refers_to_nothing_asks_once(world: Watched) -> None:
    patient = {"resourceType": "Patient"}
    asked = world.asked(lambda: create(world.context(), "Patient", patient))
    assert asked == ["insert resources"]


def test_a_create_asks_the_database_at_most_twice(world: Watched) -> None:
    """Once for all that it refers to: whether it is there, and which unit a role stands for."""
    asked = world.asked(lambda: create(world.context(), "CarePlan", plan()))
    assert asked == ["find resources", "insert resources"]


def test_a_create_of_somebody_known_is_told_of_in_the_same_insert(world: Watched) -> None:
    """What may be seen of what it refers to is decided by the one read, too."""
    asked = world.asked(lambda: create(world.context(NURSE), "CarePlan", plan()))
    assert asked == ["find resources", "insert resources", "commitTransaction"]


def test_an_update_asks_for_what_it_replaces_and_refers_to_at_once(world: Watched) -> None:
    changed = stored(world.context()) | {"title": "Uppföljning"}
    asked = world.asked(lambda: update(world.context(), "CarePlan", changed["id"], changed))
    assert asked == ["find resources", "insert history", "update resources"]


def test_an_update_of_somebody_known_is_told_of_in_the_same_command(world: Watched) -> None:
    changed = stored(world.context(NURSE)) | {"title": "Uppföljning"}
    asked = world.asked(lambda: update(world.context(NURSE), "CarePlan", changed["id"], changed))
    assert asked == ["find resources", "update history", "update resources", "commitTransaction"]


def test_a_patch_asks_four_times(world: Watched) -> None:
    """What it refers to is known only once it is applied."""
    id_ = stored(world.context())["id"]
    body = b'[{"op": "replace", "path": "/title", "value": "Ny"}]'
    server = world.parts.server
    document = PatchDocument.from_body("application/json-patch+json", body, server)
    asked = world.asked(lambda: patch(world.context(), "CarePlan", id_, document))
    assert asked == ["find resources", "find resources", "insert history", "update resources"]


def test_a_delete_asks_four_times(world: Watched) -> None:
    id_ = stored(world.context())["id"]
    asked = world.asked(lambda: delete(world.context(), "CarePlan", id_))
    assert asked == ["find resources", "find resources", "insert history", "update resources"]


def test_a_sip_asks_for_its_law_inside_its_transaction(world: Watched) -> None:
    sip = {"coding": [{"system": codes.CARE_PLAN_CATEGORY, "code": codes.SIP}]}
    written = plan(category=[sip], created="2026-03-12", period={"start": "2026-03-12"})
    asked = world.asked(lambda: create(world.context(), "CarePlan", written))
    assert asked == [
        "find resources", "update locks", "insert resources", "find resources", "commitTransaction"
    ]  # fmt: skip


def test_what_a_profile_follows_is_read_with_all_that_a_plan_refers_to(world: Watched) -> None:
    """The profile asks of goals that they conform to another; the law asks for consents and a unit.

    However many SIPs the person has.
    """
    whole = whole_sip()
    for _ in range(2):
        asked = world.asked(lambda: create(world.context(), "CarePlan", whole))
        assert asked == [
            "find resources", "update locks", "insert resources", "find resources",
            "commitTransaction",
        ]  # fmt: skip


def test_what_the_law_asks_of_a_sip_follows_indexes(world: Watched) -> None:
    """One for ids, one for tokens; and nothing is examined that is not an answer."""
    stored = create(world.context(), "CarePlan", whole_sip()).stored
    assert stored is not None
    store, parse = world.parts.store, world.parts.server.parser.parse
    pairs = [("patient", "Patient/p1"), ("status", "active")]
    queries = [parse(type_, pairs) for type_ in ("CarePlan", "Consent")]
    sought = [Sought(query, tokens_of(query) or []) for query in queries]
    filter_ = filter_of(["Patient/p1", "Consent/p1-sip-samtycke"], sought)
    found = store.collections.resources.find(filter_).explain()
    plan, figures = str(found["queryPlanner"]["winningPlan"]), found["executionStats"]
    assert "COLLSCAN" not in plan
    assert {"'indexName': '_id_'", "'indexName': 't_id'"} <= set(re.findall(INDEX, plan))
    about = ["CarePlan.patient>Patient/p1", "Consent.patient>Patient/p1"]
    own = store.collections.resources.count_documents({"t": {"$in": about}})
    # What is an answer counts a second time, where the two ways are joined.
    assert figures["totalDocsExamined"] == own + figures["nReturned"]


def whole_sip() -> Json:
    """Give the active plan whose create is measured, of a patient here."""
    path = Path(benchmarks.__file__).parent / "workloads" / "create-sip.json"
    spelled = json.dumps(json.loads(path.read_text("utf-8"))["resource"])
    made: Json = json.loads(spelled.replace("{canonical}", canonical()).replace("{id}", "p1"))
    return made


def needs_of_the_sip() -> Iterator[Json]:
    """Give what that plan refers to."""
    yield {"resourceType": "Organization", "id": "demo-hc-2380-1", "name": "Hälsocentralen"}
    yield {"resourceType": "Organization", "id": "demo-hemsjukvard-2380", "name": "Hemsjukvården"}
    yield {"resourceType": "PractitionerRole", "id": "demo-hc-2380-1-dsk-2"}
    patient = {"reference": "Patient/p1"}
    category = {"system": codes.CONSENT_CATEGORY_SYSTEM, "code": codes.CONSENT_TO_SIP}
    yield {
        "resourceType": "Consent",
        "id": "p1-sip-samtycke",
        "status": "active",
        "scope": {"coding": [{"system": SCOPE, "code": "patient-privacy"}]},
        "category": [{"coding": [category]}],
        "patient": patient,
        "dateTime": "2026-03-01",
        "performer": [patient],
        "policyRule": {"coding": [{"system": codes.LAW_SYSTEM, "code": codes.HSL_16_4.code}]},
        "provision": {"type": "permit"},
    }
    yield {
        "resourceType": "Goal",
        "id": "p1-sip-mal",
        "lifecycleStatus": "active",
        "description": {"text": "Gå till brevlådan själv"},
        "subject": patient,
    }


def bundle(count: int, *more: Json) -> Json:
    """Give a transaction that creates plans."""
    request = {"method": "POST", "url": "CarePlan"}
    entries = [{"resource": plan(), "request": request} for _ in range(count)]
    return {"resourceType": "Bundle", "type": "transaction", "entry": [*entries, *more]}


@pytest.mark.parametrize("count", [1, 40])
def test_a_transaction_asks_as_often_however_many_entries_it_has(
    world: Watched, count: int
) -> None:
    asked = world.asked(lambda: transaction(world.context(), bundle(count)))
    writes = ["insert resources"] if count == 1 else ["insert resources", "commitTransaction"]
    assert asked == ["find resources", *writes]


def test_creates_and_updates_of_a_transaction_go_in_one_command(world: Watched) -> None:
    changed = stored(world.context()) | {"title": "Uppföljning"}
    request = {"method": "PUT", "url": f"CarePlan/{changed['id']}"}
    mixed = bundle(3, {"resource": changed, "request": request})
    asked = world.asked(lambda: transaction(world.context(), mixed))
    reads = ["find resources"] * 2
    assert asked == [*reads, "update history", "update resources", "commitTransaction"]


def visit(number: int) -> Json:
    """Give an entry that names two resources by their identifiers, as Synthea's visits do."""
    role = {
        "resourceType": "PractitionerRole",
        "practitioner": {"reference": f"Practitioner?identifier=urn:rt|{number}"},
        "organization": {"reference": f"Organization?identifier=urn:rt|{number}"},
    }
    return {"resource": role, "request": {"method": "POST", "url": "PractitionerRole"}}


def test_conditional_references_in_one_resource_are_asked_for_at_once(world: Watched) -> None:
    for number in (1, 2):
        named = {"identifier": [{"system": "urn:rt", "value": str(number)}]}
        world.put({"resourceType": "Practitioner", "id": f"rt{number}", **named})
        world.put({"resourceType": "Organization", "id": f"rt{number}", "name": "Rt", **named})
    entries = [visit(1), visit(2), visit(1)]
    sent = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    resolved = json.loads(json.dumps(sent).replace("?identifier=urn:rt|", "/rt"))
    transaction(world.context(), resolved)  # what is read once is read now
    without = world.asked(lambda: transaction(world.context(), resolved))
    asked = world.asked(lambda: transaction(world.context(), sent))
    # Once for each resource that names others than those before it.
    assert asked == ["find resources"] * 2 + without
