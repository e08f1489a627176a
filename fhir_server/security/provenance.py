"""Says of every write who made it, for which unit and when: a Provenance in the same transaction.

What answers for a resource stands first: its vårdgivare is custodian and its vårdenhet author
(DOMAIN 0.11, R112). Who wrote stands in the role performer, on behalf of the unit they acted for;
a system without a person is enterer. What follows from a write was made by the server: it is
assembler, and the write that caused it an entity.

One Provenance tells of all versions of a transaction that one unit answers for, that were changed
in the same way and are about the same person, so that whoever sees them sees it, and nobody else.
https://hl7.org/fhir/R4/provenance.html
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Protocol
from zoneinfo import ZoneInfo

import uuid_utils

from fhir_server.fhir import json
from fhir_server.fhir.dates import instant_text
from fhir_server.search import labels, ranges, tokens
from fhir_server.search.indexing import IndexEntries, Indexer
from fhir_server.search.labels import Labels
from fhir_server.security.principal import PURPOSES, Principal
from fhir_server.storage.records import RECORDS, Change, StoredResource

PROVENANCE = "Provenance"
# More targets make a document that is large for nothing: who asks for one of them reads all.
MOST_TARGETS = 500
MOST_CAUSES = 20
AGENT_TYPES = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
OPERATIONS = "http://terminology.hl7.org/CodeSystem/v3-DataOperation"
URI = "urn:ietf:rfc:3986"

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Terms:
    """How a server spells what its Provenances say.

    Args:
        indexer: gives the one that makes index entries by the rules in force.
        zone: what dates without a zone are local to.
        profile: canonical that a Provenance with custodian and author conforms to.
        hsa_system: system of the HSA-ids of persons.
        server: address of the server, which names it where it wrote by itself.
    """

    indexer: Callable[[], Indexer]
    zone: ZoneInfo
    profile: str
    hsa_system: str
    server: str


class _Group(NamedTuple):
    """What versions have in common that one Provenance tells of."""

    activity: str
    owner: str
    provider: str
    about: tuple[str, ...]
    hidden: bool
    protected: bool

    @property
    def labels(self) -> Labels:
        """The labels of the Provenance: whoever sees what it tells of sees it."""
        return Labels(
            owner=self.owner,
            provider=self.provider,
            about=self.about,
            hidden=labels.HIDDEN_WHOLE if self.hidden else "",
            protected=self.protected,
        )


class Record(Protocol):
    """What is told of the writes of one request."""

    def of_write(self, changes: Sequence[Change], *, tells_itself: bool) -> list[Change]:
        """Give the Provenances of what is written.

        Args:
            changes: with whole labels.
            tells_itself: versions that Provenances among the changes tell of get no other.
        """

    def of_consequences(self, changes: Sequence[Change], causes: Sequence[Change]) -> list[Change]:
        """Give the Provenances of what followed from a write, with whole labels."""


class Silence:
    """Nothing is told: nobody is known who could be told of."""

    def of_write(self, changes: Sequence[Change], *, tells_itself: bool) -> list[Change]:
        """Give none."""
        return []

    def of_consequences(self, changes: Sequence[Change], causes: Sequence[Change]) -> list[Change]:
        """Give none."""
        return []


class Recorder:
    """Makes Provenances.

    Args:
        terms: of the server.
    """

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._templates = _Templates(terms)

    def of(self, principal: Principal, unit: str) -> Record:
        """Tell of what somebody writes.

        Args:
            principal: who writes.
            unit: ``Organization/[id]`` of the unit they act for; empty for none.
        """
        return _Told(self, self._terms, principal, unit)

    def records(
        self,
        changes: Sequence[Change],
        who: Json,
        purpose: str,
        causes: Sequence[str],
        told: frozenset[str],
    ) -> Iterator[Change]:
        """Give the Provenances of some changes.

        Args:
            changes: with whole labels.
            who: the agent who made them.
            purpose: code of v3-PurposeOfUse; empty for none.
            causes: versions that they follow from.
            told: versions that are told of already.
        """
        groups: dict[_Group, list[Change]] = {}
        for change in changes:
            if _is_told_of(change) and change.new.versioned not in told:
                groups.setdefault(_group(change), []).append(change)
        for group, found in groups.items():
            for first in range(0, len(found), MOST_TARGETS):
                part = found[first : first + MOST_TARGETS]
                yield self._record(group, part, who, purpose, causes)

    def _record(
        self,
        group: _Group,
        changes: Sequence[Change],
        who: Json,
        purpose: str,
        causes: Sequence[str],
    ) -> Change:
        id_ = str(uuid_utils.uuid7())
        now = time.time_ns() // 1_000_000 * 1000
        recorded = instant_text(max(each.new.last_updated for each in changes))
        fixed = self._fixed(group, who, purpose)
        if causes:
            fixed["entity"] = [{"role": "source"}]
        meta = {"versionId": "1", "lastUpdated": instant_text(now), **fixed.get("meta", {})}
        resource: Json = {
            "resourceType": PROVENANCE,
            "id": id_,
            "meta": meta,
            "target": [{"reference": each.new.versioned} for each in changes],
            "recorded": recorded,
            **{name: value for name, value in fixed.items() if name != "meta"},
        }
        if causes:
            resource["entity"] = [_entity(each) for each in causes]
        entries = self._templates.entries(resource, fixed)
        spelled = group.labels.spelled(PROVENANCE)
        stored = StoredResource(PROVENANCE, id_, 1, now, json.dump(resource), tuple(spelled))
        return Change(stored, None, entries.labelled(spelled))

    def _fixed(self, group: _Group, who: Json, purpose: str) -> Json:
        """Give what does not differ from write to write of the same principal."""
        accountable: list[Json] = []
        found: Json = {}
        if group.owner and group.provider:
            accountable = [
                _agent("custodian", {"reference": group.provider}),
                _agent("author", {"reference": group.owner}),
            ]
            found["meta"] = {"profile": [self._terms.profile]}
        if purpose:
            found["reason"] = [{"coding": [{"system": PURPOSES, "code": purpose}]}]
        found["activity"] = {"coding": [{"system": OPERATIONS, "code": group.activity}]}
        found["agent"] = [*accountable, who]
        return found


@dataclass(frozen=True, slots=True)
class _Told:
    """What is told of the writes of one principal."""

    recorder: Recorder
    terms: Terms
    principal: Principal
    unit: str

    def of_write(self, changes: Sequence[Change], *, tells_itself: bool) -> list[Change]:
        told = versions_told(changes) if tells_itself else frozenset()
        who = writer(self.principal, self.unit, self.terms.hsa_system)
        return list(self.recorder.records(changes, who, self.principal.purpose, (), told))

    def of_consequences(self, changes: Sequence[Change], causes: Sequence[Change]) -> list[Change]:
        named = {"system": URI, "value": self.terms.server}
        server = _agent("assembler", {"type": "Device", "identifier": named})
        versions = tuple(each.new.versioned for each in causes if _is_told_of(each))[:MOST_CAUSES]
        purpose = self.principal.purpose
        return list(self.recorder.records(changes, server, purpose, versions, frozenset()))


def writer(principal: Principal, unit: str, hsa_system: str) -> Json:
    """Give the agent who writes: a person by HSA-id, a patient, or a system by its client's id.

    Args:
        principal: who writes.
        unit: ``Organization/[id]`` of the unit they act for; empty for none.
        hsa_system: system of the HSA-ids of persons.
    """
    for_unit = {"onBehalfOf": {"reference": unit}} if unit else {}
    if principal.person:
        number = {"system": hsa_system, "value": principal.person}
        return _agent("performer", {"type": "Practitioner", "identifier": number}) | for_unit
    if principal.patient and principal.role == "patient":
        return _agent("enterer", {"reference": principal.patient})
    kind = "RelatedPerson" if principal.wards else "Device"
    number = {"value": principal.client or principal.id}
    return _agent("enterer", {"type": kind, "identifier": number}) | for_unit


def targets_of(own: Sequence[str]) -> list[str]:
    """Give what a Provenance tells of, as ``Type/id``, from its index tokens."""
    start = tokens.TELLS_OF
    return [each[len(start) :] for each in own if each.startswith(start)]


def versions_told(changes: Sequence[Change]) -> frozenset[str]:
    """Give the versions that the Provenances of a write tell of."""
    found = (c.new.body for c in changes if c.new.resource_type == PROVENANCE and c.new.body)
    targets = (t for body in found for t in json.parse(body).get("target", ()))
    return frozenset(str(each.get("reference", "")) for each in targets)


def _agent(code: str, who: Json) -> Json:
    return {"type": {"coding": [{"system": AGENT_TYPES, "code": code}]}, "who": who}


def _entity(version: str) -> Json:
    return {"role": "source", "what": {"reference": version}}


def _is_told_of(change: Change) -> bool:
    # What tells of others is not told of in turn, or there would be no end.
    return change.new.resource_type not in RECORDS


def _group(change: Change) -> _Group:
    own = labels.read(change.new.labels)
    hidden = own.hidden == labels.HIDDEN_WHOLE
    return _Group(_activity(change), own.owner, own.provider, own.about, hidden, own.protected)


def _activity(change: Change) -> str:
    if change.new.body is None:
        return "DELETE"
    is_new = change.previous is None or change.previous.body is None
    return "CREATE" if is_new else "UPDATE"


# The search parameters whose entries `_Templates` knows how to fill in; with any other, as an
# operator may store, the Indexer makes all of them.
_FILLED_IN = frozenset(
    {
        "agent", "agent-role", "agent-type", "care-giver", "care-unit", "entity", "location",
        "patient", "recorded", "signature-type", "target", "when",
    }
)  # fmt: skip
_RECORDED = f"{PROVENANCE}:recorded"
_MOST_TEMPLATES = 1000


class _Templates:
    """Index entries of Provenances, made once for each shape and then filled in.

    The Indexer takes ten times as long, and a Provenance is written with every write.
    """

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._lock = threading.Lock()
        self._indexer: Indexer | None = None
        self._usable = False
        self._made: dict[str, IndexEntries] = {}

    def entries(self, resource: Json, fixed: Json) -> IndexEntries:
        """Give the entries of a Provenance.

        Args:
            resource: the whole.
            fixed: what it shares with others.
        """
        indexer = self._terms.indexer()
        id_ = f"{PROVENANCE}/{resource['id']}"
        template = self._template(indexer, fixed)
        if template is None:
            return indexer.index(resource, id_)
        own = _spelled(resource)
        low, high = ranges.date_range(resource["recorded"], self._terms.zone)
        return replace(
            template,
            tokens=list(dict.fromkeys((*template.tokens, *own))),
            keys={f"{_RECORDED}<": f"{low} {id_}", f"{_RECORDED}>": f"{high} {id_}"},
            ranges={_RECORDED: [(low, high)]},
            words=list(template.words),
        )

    def _template(self, indexer: Indexer, fixed: Json) -> IndexEntries | None:
        key = json.dump(fixed).decode()
        with self._lock:
            if indexer is not self._indexer or len(self._made) > _MOST_TEMPLATES:
                self._indexer, self._made = indexer, {}
                known = indexer.supported_parameters(PROVENANCE)
                self._usable = all(each in _FILLED_IN or each.startswith("_") for each in known)
            if not self._usable:
                return None
            if key not in self._made:
                bare = {"resourceType": PROVENANCE, "id": "0", **fixed}
                self._made[key] = indexer.index(bare, f"{PROVENANCE}/0")
            return self._made[key]


def _spelled(resource: Json) -> Iterator[str]:
    told = dict.fromkeys(_unversioned(each) for each in resource["target"])
    for reference in told:
        yield f"{tokens.TELLS_OF}{reference}"
        if reference.startswith("Patient/"):
            yield f"{PROVENANCE}.patient{tokens.REFERENCE}{reference}"
    for entity in resource.get("entity", ()):
        reference = _unversioned(entity["what"])
        yield f"{PROVENANCE}.entity{tokens.REFERENCE}{reference}"
        if reference not in told:
            yield tokens.REFERENCE + reference


def _unversioned(reference: Json) -> str:
    return str(reference["reference"]).partition("/_history/")[0]
