"""What searches find and what reads give is one: the criterion and the decision about one version.

Random worlds: units, who answers and to whom it was sent, what is blocked, consented, opened.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_server.app import Parts
from fhir_server.search.indexing import IndexEntries
from fhir_server.search.labels import Labels
from fhir_server.search.matching import Indexed, fulfils
from fhir_server.security.access import Access
from fhir_server.security.organizations import Units
from fhir_server.security.patient_state import PatientState, Viewer
from fhir_server.security.principal import Principal
from fhir_server.security.rights import Rules
from fhir_server.storage.snapshot import Snapshot

PERSON = "Patient/p"
UNITS = (
    "Organization/a",
    "Organization/a1",
    "Organization/a2",
    "Organization/b",
    "Organization/b1",
)
PROVIDERS = ("Organization/a", "Organization/b")
TYPES = ("CarePlan", "Communication", "Consent", "DocumentReference", "Encounter", "Goal", "Task")
HIDDEN = ("", "parts", "patient")

HSA = "urn:oid:1.2.752.29.4.19"
WORLD = Units(
    parents={u: f"Organization/{u[-2]}" if u[-1].isdigit() else "" for u in UNITS},
    by_identifier={f"{HSA}|{u[13:]}": [u] for u in UNITS},
    children={p: [u for u in UNITS if u.startswith(p) and u != p] for p in PROVIDERS},
)


class Given:
    """Gives a state that was drawn."""

    def __init__(self, state: PatientState) -> None:
        self.state = state

    def of(
        self,
        snapshot: Snapshot,
        persons: Sequence[str],
        viewer: Viewer,
        units: Units,
        now: datetime,
    ) -> dict[str, PatientState]:
        return dict.fromkeys(persons, self.state)

    def asked_for(self, snapshot: Snapshot, principal: Principal, now: datetime) -> tuple[str, ...]:
        return (principal.patient,) if principal.patient else ()


states = st.builds(
    PatientState,
    same_provider=st.booleans(),
    other_providers=st.booleans(),
    shared=st.booleans(),
    blocked_units=st.frozensets(st.sampled_from(UNITS), max_size=2),
    blocked_providers=st.frozensets(st.sampled_from(PROVIDERS), max_size=1),
    withheld=st.frozensets(st.sampled_from(["CarePlan/1", "CarePlan/2"])),
)
# A unit may have belonged to another vårdgivare when it wrote something.
owners = st.one_of(st.just(("", "")), st.tuples(st.sampled_from(UNITS), st.sampled_from(PROVIDERS)))
stored = st.builds(
    lambda whose, **more: Labels(owner=whose[0], provider=whose[1], **more),
    owners,
    addressed=st.lists(st.sampled_from(UNITS), max_size=2, unique=True).map(tuple),
    # They may have belonged to another, too.
    received=st.lists(st.sampled_from(PROVIDERS), max_size=2, unique=True).map(tuple),
    about=st.sampled_from([(), (PERSON,), ("Patient/other",), (PERSON, "Patient/other")]),
    hidden=st.sampled_from(HIDDEN),
    protected=st.booleans(),
    contact=st.booleans(),
)
principals = st.one_of(
    st.builds(
        Principal,
        id=st.just("x"),
        role=st.sampled_from(["reader", "coordinator", "manager", "system"]),
        unit=st.sampled_from(["a", "a1", "a2", "b", "b1", "unknown", ""]),
        purpose=st.sampled_from(["TREAT", "HRESCH", ""]),
        person=st.just("SE-1"),
    ),
    st.builds(
        Principal,
        id=st.just("x"),
        role=st.sampled_from(["patient", "national-service", "analyst", "administrator"]),
        patient=st.sampled_from(["", PERSON, "Patient/other"]),
    ),
)


@settings(max_examples=600, deadline=None)
@given(principals, states, st.sampled_from([*TYPES, "CareTeam"]), stored, st.sampled_from("123"))
def test_a_search_finds_what_a_read_gives(
    app: Flask, who: Principal, state: PatientState, type_: str, own: Labels, id_: str
) -> None:
    """R111: for every principal and every state of a person, where the search names the person."""
    parts: Parts = app.extensions["fhir"]
    rules = parts.gate.open(Principal("x", role="reader")).access.rules
    drawn = Rules(
        roles=rules.roles,
        states=Given(state),
        marks=rules.marks,
        reads_search=rules.reads_search,
        types=rules.types,
        signatures=rules.signatures,
    )
    access = Access(who, drawn, WORLD, parts.store)
    reference = f"{type_}/{id_}"
    named = [each for each in own.about if len(own.about) == 1]
    criterion = access.criterion(type_, named)
    entries = IndexEntries([type_, *own.spelled(type_)], {}, {})
    found = fulfils(criterion, Indexed(reference, 0, entries))
    assert found == access.sees_labelled(reference, own)
