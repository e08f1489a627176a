"""What searches are restricted by, and what is decided about one version, are one rule."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from fhir_server.search.indexing import IndexEntries
from fhir_server.search.labels import Labels, read
from fhir_server.search.matching import Indexed, fulfils
from fhir_server.search.query import HasId
from fhir_server.security.patient_state import PatientState
from fhir_server.security.principal import Principal
from tests.security.worlds import ORGANIZATIONS, hsa, staff
from tests.unit.security.access_parts import access, units

UNITS = sorted(f"Organization/{each}" for each in ORGANIZATIONS)
PERSONS = ["Patient/1", "Patient/2"]
KINDS = ["CarePlan", "CareTeam", "Consent", "Encounter", "Goal", "Observation", "Task",
         "AuditEvent", "Organization", "Practitioner", "ValueSet"]  # fmt: skip

owned = st.sampled_from(["", *UNITS])
some_labels = st.builds(
    lambda owner, addressed, about, hidden, protected, contact: Labels(
        owner,
        units().provider_of(owner) if owner else "",
        tuple(addressed),
        tuple(about),
        hidden,
        protected,
        contact,
    ),
    owned,
    st.lists(st.sampled_from(UNITS), max_size=2, unique=True),
    st.lists(st.sampled_from(PERSONS), max_size=2, unique=True),
    st.sampled_from(["", "patient", "parts"]),
    st.booleans(),
    st.booleans(),
)
some_states = st.builds(
    PatientState,
    same_provider=st.booleans(),
    other_providers=st.booleans(),
    shared=st.booleans(),
    blocked_units=st.frozensets(st.sampled_from(UNITS), max_size=2),
    blocked_providers=st.frozensets(
        st.sampled_from(["Organization/region", "Organization/kommun"]), max_size=1
    ),
    withheld=st.sampled_from([frozenset(), frozenset({"CarePlan/x"})]),
)
principals = st.sampled_from(
    [
        *(staff(unit, role) for unit in ("hc", "psyk", "hemsjukvard")
          for role in ("reader", "coordinator", "sip-coordinator", "manager")),
        replace(staff("hc"), purpose="HRESCH"),
        replace(staff("hc"), unit="SE-unknown"),
        Principal("s", role="system", unit=hsa("region")),
        Principal("n", role="national-service"),
        Principal("a", role="analyst"),
        Principal("d", role="administrator"),
        Principal("p", role="patient", patient="Patient/1"),
        Principal("g", role="guardian", wards=("Patient/1", "Patient/2")),
        Principal("u", role="unknown", unit=hsa("hc")),
    ]
)  # fmt: skip


@settings(max_examples=600, deadline=None)
@given(principals, st.sampled_from(KINDS), some_labels, some_states, some_states)
def test_a_search_that_names_the_person_finds_what_a_read_shows(
    who: Principal, type_: str, own: Labels, first: PatientState, second: PatientState
) -> None:
    """R111: neither gives more than the other."""
    decisions = access(who, dict(zip(PERSONS, (first, second), strict=True)))
    spelled = own.spelled(type_)
    indexed = Indexed(f"{type_}/x", 0, IndexEntries([type_, *spelled], {}, {}, labels=spelled))
    asked = [HasId((f"{type_}/x",))]
    found = fulfils(decisions.criterion(type_, own.about, asked), indexed)
    assert found == decisions.sees_labelled(f"{type_}/x", read(spelled))


@settings(max_examples=300, deadline=None)
@given(principals, st.sampled_from(KINDS), some_labels, some_states)
def test_a_search_that_names_nobody_finds_no_more(
    who: Principal, type_: str, own: Labels, state: PatientState
) -> None:
    """R111: what is found without a name is seen with one."""
    decisions = access(who, dict.fromkeys(PERSONS, state))
    spelled = own.spelled(type_)
    indexed = Indexed(f"{type_}/x", 0, IndexEntries([type_, *spelled], {}, {}, labels=spelled))
    if fulfils(decisions.criterion(type_), indexed):
        assert decisions.sees_labelled(f"{type_}/x", read(spelled))


@given(st.sampled_from(KINDS), some_labels)
def test_labels_are_read_as_they_were_spelled(type_: str, own: Labels) -> None:
    """R112: nothing is lost on the way through the index."""
    assert read(["Other.token=1", *own.spelled(type_)]) == own
