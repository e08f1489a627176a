"""Reads the workload of a person or a unit: from facts, and from no other resource than it counts.

Beside the facts of assignments it reads the bodies of those that name a deputy, of the units, and
of the people it shows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from fhir_server.interactions.context import Context
from fhir_server.interactions.finder import Finder
from fhir_server.search.tokens import REFERENCE
from fhir_server.storage.snapshot import Snapshot
from fhir_server.sweden import codes
from fhir_server.sweden.elements import Json, child, extension, items, target
from fhir_server.sweden.facts import facts_of, microseconds
from fhir_server.sweden.periods import bounds
from fhir_server.sweden.references import alone, organization_chain
from fhir_server.sweden.workload import Agreed, Assignment, Load, Moment, agreed, loads

# What was in force at some time; proposed ones were not, and entered-in-error ones never were.
_IN_FORCE = ("active", "inactive")
_DEPUTY = f"CareTeam.deputy{REFERENCE}"
# So many are asked about in one request.
_BATCH = 5000


@dataclass(frozen=True, slots=True)
class Group:
    """The workload at one unit, or of one person.

    Args:
        unit: the Organization; empty where the person's role names none here.
        thresholds: that hold there.
        series: by moment, contact by contact.
    """

    unit: Json
    thresholds: Agreed
    series: Sequence[Mapping[str, Load]]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is counted, and when.

    Args:
        kinds: types of contact; empty for all.
        moments: in order; the last is the one asked about.
        now: µs since 1970.
    """

    kinds: Collection[str]
    moments: Sequence[Moment]
    now: int


@dataclass(slots=True)
class WorkloadReader:
    """Reads workloads on behalf of the one who asks."""

    context: Context
    asked: Asked
    _known: dict[str, Json | None] = field(default_factory=dict)

    @property
    def _store(self) -> Snapshot:
        return self.context.store

    def of_role(self, role: Json) -> Group:
        """Give a person's workload in a role, at whatever units."""
        contact = f"PractitionerRole/{role['id']}"
        own = self._assignments(contact, {"f.member": contact})
        wanted: list[dict[str, Any]] = [{"$match": self._wanted()}, {"$project": {"_id": 1}}]
        deputised = self._store.facts_of_referrers("CareTeam", f"{_DEPUTY}{contact}", wanted)
        stand_ins = [
            each
            for each in self._stand_ins(row["_id"] for row in deputised)
            if each.contact == contact
        ]
        organization = self.read(target(child(role, "organization")).literal) or {}
        return self._group(organization, own, stand_ins)

    def of_unit(self, unit: Json) -> Group:
        """Give the workload of all contacts at a unit."""
        reference = f"Organization/{unit['id']}"
        here: dict[str, Any] = {"f.unit": reference}
        own = self._assignments(reference, here)
        with_deputy: list[dict[str, Any]] = [
            {"$match": {"t": {"$regex": f"^{_DEPUTY.replace('.', '[.]')}"}}},
            {"$match": self._wanted() | here},
            {"$project": {"_id": 1}},
        ]
        deputised = self._store.facts_of_referrers("CareTeam", reference, with_deputy)
        return self._group(unit, own, self._stand_ins(row["_id"] for row in deputised))

    def below(self, unit: Json) -> list[Json]:
        """Give the units that are part of a unit, at any depth, in the order of their ids."""
        finder = Finder(self.context.server, self.context.store)
        found: dict[str, Json] = {}
        level = [str(unit["id"])]
        while level:
            asked = ",".join(f"Organization/{each}" for each in level)
            parts = {each["id"]: each for each in finder.search("Organization", partof=asked)}
            level = [id_ for id_ in parts if id_ not in found and id_ != unit["id"]]
            found |= {id_: parts[id_] for id_ in level}
        return [found[id_] for id_ in sorted(found)]

    def listed(self, unit: Json) -> int:
        """Count the living patients listed at a unit, today (R51)."""
        reference = f"Organization/{unit['id']}"
        stages: list[dict[str, Any]] = [
            {"$match": {"f.unit": reference, "f.status": "active"}},
            {"$count": "patients"},
        ]
        found = self._store.facts_of_referrers("Patient", reference, stages)
        return int(found[0]["patients"]) if found else 0

    def read(self, reference: str) -> Json | None:
        """Give a resource by ``Type/id``; each is read once."""
        return self.read_many([reference]).get(reference)

    def read_many(self, references: Iterable[str]) -> dict[str, Json]:
        """Give the resources there are among ``Type/id`` references; each is read once."""
        wanted = list(dict.fromkeys(references))
        new = [each for each in wanted if each and each not in self._known]
        finder = Finder(self.context.server, self.context.store)
        for batch in _batches(new):
            found = finder.read_many(batch)
            self._known.update({each: found.get(each) for each in batch})
        return {each: body for each in wanted if (body := self._known.get(each)) is not None}

    def _group(self, unit: Json, own: list[Assignment], stand_ins: Iterable[Assignment]) -> Group:
        chain = list(organization_chain(alone(unit), self.read)) if unit else []
        listed = list(stand_ins)
        died = self._died({each.patient for each in (*own, *listed)})
        own, listed = [_while_alive(own, died), _while_alive(listed, died)]
        series = [loads(own, listed, moment) for moment in self.asked.moments]
        return Group(unit, agreed(chain, self.asked.kinds), series)

    def _wanted(self) -> dict[str, Any]:
        """Give what the facts of an assignment must be to count at any of the moments."""
        first = self.asked.moments[0].at
        open_or_later = [{"f.end": {"$exists": False}}, {"f.end": {"$gt": first}}]
        wanted: dict[str, Any] = {"f.status": {"$in": _IN_FORCE}, "$or": open_or_later}
        return wanted | ({"f.kind": {"$in": list(self.asked.kinds)}} if self.asked.kinds else {})

    def _assignments(self, reference: str, where: dict[str, Any]) -> list[Assignment]:
        stages: list[dict[str, Any]] = [
            {"$match": self._wanted() | where},
            {"$project": {"_id": 0, **{f"f.{name}": 1 for name in _COUNTED}}},
        ]
        rows = self._store.facts_of_referrers("CareTeam", reference, stages)
        return [
            _assignment(row["f"])
            for row in rows
            if row["f"].get("member") and row["f"].get("patient")
        ]

    def _stand_ins(self, care_teams: Iterable[str]) -> Iterator[Assignment]:
        for batch in _batches(care_teams):
            for team in Finder(self.context.server, self.context.store).read_many(batch).values():
                facts = facts_of(team)
                if facts.get("patient"):
                    yield from _deputies(team, _assignment(facts | {"member": ""}))

    def _died(self, patients: Iterable[str]) -> dict[str, int]:
        """Give when each of those who are dead died: now, where nobody says when."""
        return {
            # What is absent comes out of the index as null.
            row["f"]["patient"]: self.asked.now if row["f"].get("end") is None else row["f"]["end"]
            for batch in _batches(sorted(patients))
            for row in self.context.store.facts_of_persons(
                batch,
                [
                    {"$match": {"f.status": "deceased"}},
                    {"$project": {"_id": 0, "f.patient": 1, "f.end": 1}},
                ],
            )
        }


_COUNTED = ("member", "patient", "kind", "start", "end", "status", "declined")


def _assignment(facts: Mapping[str, Any]) -> Assignment:
    return Assignment(
        contact=facts["member"],
        patient=facts["patient"],
        kind=facts.get("kind", ""),
        start=facts.get("start"),
        # R7: who said no has no contact from then on.
        end=_earliest(facts.get("end"), facts.get("declined")),
        ended=facts["status"] != "active",
    )


def _deputies(team: Json, of: Assignment) -> Iterator[Assignment]:
    """Give who stands in for a contact: within the time of the assignment (R45)."""
    for _, participant in items(team, "participant"):
        for _, each in items(participant, "extension"):
            deputy = target(child(extension(each, "member"), "valueReference"))
            if each.get("url") == codes.DEPUTY and deputy.local:
                period = child(extension(each, "period"), "valuePeriod")
                start, end = (bounds(period.get(name)) for name in ("start", "end"))
                yield Assignment(
                    deputy.literal,
                    of.patient,
                    of.kind,
                    _latest(of.start, start and microseconds(start[0])),
                    _earliest(of.end, end and microseconds(end[1])),
                    of.ended,
                )


def _while_alive(given: Iterable[Assignment], died: Mapping[str, int]) -> list[Assignment]:
    """Let the dead need no contact: an assignment that nobody ended is over when they died."""
    return [
        Assignment(
            each.contact, each.patient, each.kind, each.start,
            _earliest(each.end, died.get(each.patient)), each.ended,
        )
        for each in given
    ]  # fmt: skip


def _latest(*moments: int | None) -> int | None:
    return max((each for each in moments if each is not None), default=None)


def _earliest(*moments: int | None) -> int | None:
    return min((each for each in moments if each is not None), default=None)


def _batches(given: Iterable[str]) -> Iterator[list[str]]:
    remaining = iter(given)
    while batch := list(islice(remaining, _BATCH)):
        yield batch
