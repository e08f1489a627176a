"""Random lives of a patient's contacts: assigned, changed, ended, in bundles, in any order.

A model beside the server predicts each answer. So the law lets through what it should, refuses what
it should, and never are there two coordinators or two fasta läkarkontakter at one time (R32, R36).
Several clients at once, and the operations on a contact's life: `test_contacts_by_many_at_once`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.domain.clinic import (
    Clinic,
    Json,
    code,
    days,
    ended,
    fast_kontakt,
    reference,
    transaction,
)

PEOPLE = 3
NEVER, ALWAYS = "0001-01-01", "9999-12-31"


@dataclass(frozen=True)
class Contact:
    """One assignment as the model sees it; days are counted from today, None is open."""

    kind: str
    person: int
    status: str = "active"
    start: int | None = 0
    end: int | None = None

    @property
    def begins(self) -> str:
        return NEVER if self.start is None else days(self.start)

    @property
    def ends(self) -> str:
        return ALWAYS if self.end is None else days(self.end)

    def clashes(self, other: Contact) -> bool:
        """Tell whether the law allows only one of the two, at some time from today on."""
        one_of_its_kind = self.kind in ("2", "4") or self.person == other.person
        together = max(self.begins, other.begins, days(0)) <= min(self.ends, other.ends)
        return (
            self.kind == other.kind
            and (self.status, other.status) == ("active", "active")
            and one_of_its_kind
            and together
        )

    @property
    def backwards(self) -> bool:
        return self.ends < self.begins


# A step: what to do, to which of the contacts there are, and how the contact shall be.
CONTACTS = st.builds(
    Contact,
    kind=st.sampled_from("1244"),
    person=st.integers(0, PEOPLE - 1),
    status=st.sampled_from(
        ["active", "active", "active", "proposed", "suspended", "inactive", "entered-in-error"]
    ),
    # Never none: an active assignment says from when (ct-12).
    start=st.sampled_from([-9, -2, 0, 1, 5, 20]),
    end=st.sampled_from([None, None, -5, -1, 0, 4, 5, 30]),
)
CHANGES = st.tuples(st.integers(0, 5), CONTACTS)
STEPS = st.one_of(
    st.tuples(st.just("assign"), st.lists(CHANGES, min_size=1, max_size=1)),
    st.tuples(st.just("post"), st.lists(CHANGES, min_size=1, max_size=1)),
    st.tuples(st.just("put"), st.lists(CHANGES, min_size=1, max_size=1)),
    st.tuples(st.just("bundle"), st.lists(CHANGES, min_size=1, max_size=3)),
)


class Life:
    """One patient's contacts, on the server and in the model."""

    def __init__(self, clinic: Clinic, people: list[str]) -> None:
        self.clinic, self.people = clinic, people
        self.patient = clinic.patient()
        self.model: dict[str, Contact] = {}

    def take(self, step: tuple[str, list[tuple[int, Contact]]]) -> None:
        """Do a step and compare the answer with the model's."""
        way, changes = step
        if way == "assign":
            contact = replace(changes[0][1], status="active", start=changes[0][1].start or 0)
            self._expect({"new-0": contact}, self._assign(contact))
            return
        wanted: dict[str, Contact] = {}
        for number, (which, contact) in enumerate(changes):
            known = list(self.model) if way in ("put", "bundle") else []
            # In a bundle every second change makes a new one.
            new = not known or (way == "bundle" and which % 2 == 0)
            wanted[f"new-{number}" if new else known[which % len(known)]] = contact
        self._expect(wanted, self._write(way, wanted))

    def _expect(self, wanted: dict[str, Contact], answers: tuple[int, list[str]]) -> None:
        status, ids = answers
        after = self.model | wanted
        allowed = not any(
            contact.backwards
            or any(contact.clashes(other) for key, other in after.items() if key != name)
            for name, contact in wanted.items()
        )
        assert status in ((200, 201) if allowed else (422,)), (status, wanted, self.model)
        if allowed:
            self.model |= dict(zip(ids, wanted.values(), strict=True))

    def _assign(self, contact: Contact) -> tuple[int, list[str]]:
        response = self.clinic.fhir.post(
            f"{self.patient}/$assign-fast-vardkontakt",
            {
                "resourceType": "Parameters",
                "parameter": [
                    {"name": "practitionerRole", **reference(self.people[contact.person])},
                    {"name": "type", **code(contact.kind)},
                    {"name": "period", "valuePeriod": self._period(contact)},
                ],
            },
        )
        found = response.json.get("parameter", [{}])[0].get("resource", {})
        return response.status_code, [found.get("id", "")]

    def _write(self, way: str, wanted: dict[str, Contact]) -> tuple[int, list[str]]:
        bodies = {name: self._body(name, contact) for name, contact in wanted.items()}
        if way == "bundle":
            requests = [
                ("POST", "CareTeam", body)
                if name.startswith("new-")
                else ("PUT", f"CareTeam/{name}", body)
                for name, body in bodies.items()
            ]
            response = self.clinic.fhir.post("", transaction(*requests))
            entries = response.json.get("entry", [])
            locations = [entry["response"]["location"] for entry in entries]
            return response.status_code, [each.split("/")[-3] for each in locations]
        [(name, body)] = bodies.items()
        fhir = self.clinic.fhir
        new = name.startswith("new-")
        response = fhir.post("CareTeam", body) if new else fhir.put(f"CareTeam/{name}", body)
        return response.status_code, [response.json.get("id", "")]

    def _body(self, name: str, contact: Contact) -> Json:
        period = self._period(contact) or None
        member = self.people[contact.person]
        care_team = fast_kontakt(self.patient, member, contact.kind, period=period)
        if contact.status == "inactive":
            last = days(max(contact.start or 0, 0))
            care_team = ended(care_team, (period or {}).get("end", last))
        care_team["status"] = contact.status
        return care_team if name.startswith("new-") else care_team | {"id": name}

    @staticmethod
    def _period(contact: Contact) -> Json:
        bounds = (("start", contact.start), ("end", contact.end))
        return {name: days(value) for name, value in bounds if value is not None}

    def two_at_one_time(self) -> list[Any]:
        """List pairs of coordinators, or of fasta läkarkontakter, as the server has stored them."""
        found = self.clinic.fhir.get(f"CareTeam?patient={self.patient}&status=active&_count=200")
        teams = [entry["resource"] for entry in found.json.get("entry", [])]
        stored = [
            (
                team["participant"][0]["role"][0]["coding"][0]["code"],
                max(team.get("period", {}).get("start", NEVER), days(0)),
                team.get("period", {}).get("end", ALWAYS),
            )
            for team in teams
        ]
        return [
            (one, other)
            for number, one in enumerate(stored)
            for other in stored[number + 1 :]
            if one[0] == other[0]
            and one[0] in ("2", "4")
            and max(one[1], other[1]) <= min(one[2], other[2])
        ]


@pytest.fixture(scope="module")
def people_of() -> dict[str, list[str]]:
    """The people of a database, made once."""
    return {}


@settings(
    max_examples=30,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(STEPS, min_size=2, max_size=12))
def test_there_are_never_two_coordinators_or_two_fasta_lakarkontakter(
    clinic: Clinic, people_of: dict[str, list[str]], steps: list[Any]
) -> None:
    """R31, R32, R36, R48, ct-4, ct-6, ct-11."""
    if "here" not in people_of:
        people_of["here"] = [clinic.physician() for _ in range(PEOPLE)]
    life = Life(clinic, people_of["here"])
    for step in steps:
        life.take(step)
    assert life.two_at_one_time() == []
