"""How often operations that write ask the database, and that it is no more with much to look at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from flask import Flask
from pymongo import MongoClient

from fhir_server.app import create_app
from fhir_server.interactions.finder import Finder
from fhir_server.settings import Settings
from fhir_server.storage import mongo
from fhir_server.storage.mongo import MongoStore
from fhir_server.sweden import codes
from tests.api.test_round_trips_of_writes import Commands, Watched
from tests.conftest import Fhir
from tests.domain.clinic import Clinic, guidance, reference
from tests.domain.sip_calls import complete, consent_to_sip, generate
from tests.domain.test_assign_in_full import agreeing

Listening = tuple[Flask, Watched]
FIND, COUNT = "find resources", "aggregate resources"
# With the law's lock on the person, and the law read in one round trip behind what is written.
LOCKED = ["update locks", FIND, "insert resources", FIND, "commitTransaction"]


@pytest.fixture(scope="module")
def listening(settings: Settings, mongo_uri: str, store: MongoStore) -> Iterator[Listening]:
    commands = Commands()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(mongo, "MongoClient", partial(MongoClient, event_listeners=[commands]))
        app = create_app(settings, mongo_uri)
    yield app, Watched(app, commands)
    app.extensions["fhir"].store.close()


@pytest.fixture
def watched(listening: Listening) -> Watched:
    """What the server asks the database."""
    return listening[1]


@pytest.fixture
def here(listening: Listening) -> Clinic:
    """A clinic whose server is watched."""
    fhir = Fhir(listening[0].test_client())
    return Clinic(fhir, lambda: fhir)


def asked(watched: Watched, act: Callable[[], Any]) -> list[str]:
    """Give what the database is asked by a call that succeeds."""
    answers: list[Any] = []
    commands = watched.asked(lambda: answers.append(act()))
    assert answers[0].status_code in (200, 201), answers[0].text
    return commands


def test_an_assignment_reads_what_it_names_once(watched: Watched, here: Clinic) -> None:
    """Who appoints, whom, where: in one round trip with all that these lead to."""
    nurse = here.nurse(agreeing(here, 1000))
    head = reference(here.nurse())
    here.assign(here.patient(), nurse, appointedBy=head)  # where they lead is known from now on
    for _ in range(2):
        call = partial(here.assign, here.patient(), nurse, appointedBy=head)
        commands = asked(watched, call)
        # What is named, open tasks, what is referred to; around the assignment, the workload.
        assert commands == [FIND, FIND, FIND, *LOCKED, FIND, COUNT]


def test_a_workload_is_counted_as_it_would_be_one_by_one(here: Clinic) -> None:
    """R49: each patient once, of the threshold's type, whose assignment is in force now."""
    nurse = here.nurse(agreeing(here, 4))
    twice = here.patient()
    here.assign(twice, nurse)
    here.assign(twice, nurse, "4")
    ahead = {"valuePeriod": {"start": "2090-01-01"}}
    over = {"valuePeriod": {"start": "2024-01-01", "end": "2024-12-31"}}
    for period in (ahead, over):
        assert here.assign(here.patient(), nurse, period=period).status_code == 201
    said = []
    for _ in range(4):
        told = guidance(here.assign(here.patient(), nurse))
        words = [each["details"]["text"] for each in told]
        said.append([each.split(" with this")[0] for each in words if "with this one" in each])
    assert said == [[], [], ["The contact has 4 patients"], ["The contact has 5 patients"]]


def test_a_sip_is_put_together_in_one_round_trip(watched: Watched, here: Clinic) -> None:
    """However much there is: contacts, conditions, stays, consents and needs come at once."""
    nurse = here.nurse()
    asked_for = []
    for _ in range(2):  # where the nurse leads is known the second time
        patient = here.patient()
        here.put(consent_to_sip(patient))
        here.assign(patient, nurse)
        call = partial(generate, here, patient, "active", *complete(), author=reference(nurse))
        asked_for.append(asked(watched, call))
    # What it names, what belongs in it, what is referred to; whom to call, and what was said.
    assert asked_for[-1] == [FIND, FIND, FIND, *LOCKED, FIND, FIND]


def test_what_is_foreseen_is_what_searches_find(watched: Watched, here: Clinic) -> None:
    nurse, patient = here.nurse(), here.patient()
    here.assign(patient, nurse)
    here.assign(patient, here.nurse(), "4")
    context = watched.context()
    about = {"patient": patient, "category": codes.NAMED_CONTACTS, "status": "active,proposed"}
    searches = [("CareTeam", about), ("Condition", {"patient": patient})]
    plain, foreseeing = (Finder(context.server, context.store) for _ in range(2))
    foreseeing.expect([nurse, patient, "Organization/nowhere"])

    def foreseen() -> None:
        foreseeing.foresee(*searches)
        for type_, parameters in searches:
            found = list(foreseeing.search(type_, **parameters))
            assert found == list(expected.search(type_, **parameters))
        for each in (nurse, patient, "Organization/nowhere"):
            assert foreseeing.read(each) == held[each]

    held = {each: plain.read(each) for each in (nurse, patient, "Organization/nowhere")}
    expected = plain
    assert held["Organization/nowhere"] is None
    assert len(list(plain.search("CareTeam", **about))) == 2
    foreseen()
    here.assign(patient, here.physician(), "2")
    foreseen()
    assert len(list(foreseeing.search("CareTeam", **about))) == 3


def test_a_search_that_can_not_be_made_with_others_is_made_alone(
    watched: Watched, here: Clinic
) -> None:
    nurse, patient = here.nurse(), here.patient()
    here.assign(patient, nurse)
    context = watched.context()
    finder = Finder(context.server, context.store)
    finder.expect([nurse])
    later = {"patient": patient, "date": "ge2020"}
    finder.foresee(("CareTeam", later))
    assert len(list(finder.search("CareTeam", **later))) == 1
    assert watched.asked(lambda: finder.read(nurse)) == []
