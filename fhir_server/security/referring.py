"""What a write refers to, read in one round trip for all who ask about it.

References must lead somewhere, to what who writes may see; and roles say which unit answers for
what is written. Each question alone would be a round trip before every write.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fhir_server.search import labels
from fhir_server.search.query import HasId, Query, every
from fhir_server.security.access import EVERYTHING, Access
from fhir_server.security.criteria import looks_inside
from fhir_server.storage.documents import Document, stored
from fhir_server.storage.records import StoredResource
from fhir_server.storage.snapshot import Snapshot

ROLE = "PractitionerRole"
_FIELDS: dict[str, Any] = {"del": 1, "a": 1}
# What makes a whole version, but for its bytes.
_VERSION: dict[str, Any] = {"y": 1, "v": 1, "u": 1}
# The tokens of roles name their units; those of others are many, and nobody asks for them.
_TOKENS_OF_ROLES = {"t": {"$cond": [{"$eq": ["$y", ROLE]}, "$t", "$$REMOVE"]}}


@dataclass(frozen=True, slots=True)
class Referred:
    """What is known of a resource that is referred to.

    Args:
        deleted: whether it was deleted.
        labels: whose it is and whom it is about.
        tokens: its index tokens, of a role.
    """

    deleted: bool
    labels: tuple[str, ...]
    tokens: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ahead:
    """What was read before a write of what it refers to.

    Args:
        living: references to living resources, as far as who writes may see them.
        known: the same, with deleted ones.
        found: all there are, by ``Type/id``: to label what is written, not to be given.
        asked: all that were looked for.
    """

    living: frozenset[str] = frozenset()
    known: frozenset[str] = frozenset()
    found: Mapping[str, Referred] = field(default_factory=dict, repr=False)
    asked: frozenset[str] = frozenset()


NOTHING = Ahead()


class Referring(Snapshot):
    """Answers what references lead to: part of the guarded store.

    Args:
        access: what the principal may see.
    """

    access: Access
    _free: bool

    def look_ahead(self, references: Iterable[str]) -> Ahead:
        """Read, before a write, what it refers to; in one round trip, or none for nothing."""
        wanted = frozenset(references)
        return self._ahead(wanted, self._referred(wanted)) if wanted else NOTHING

    def read_with(
        self, resource_type: str, id_: str, references: Iterable[str]
    ) -> tuple[StoredResource | None, Ahead]:
        """Give a version to be replaced, and what the next one refers to, in one round trip.

        Args:
            resource_type: of what is to be replaced.
            id_: of the same.
            references: ``Type/id`` of what is referred to, as far as it is known.
        """
        own, wanted = f"{resource_type}/{id_}", frozenset(references)
        if own in wanted or not wanted:
            return self.read(resource_type, id_), NOTHING
        bytes_of_own = {"b": {"$cond": [{"$eq": ["$_id", own]}, "$b", "$$REMOVE"]}}
        fields = _fields(wanted) | _VERSION | bytes_of_own
        documents = {each["_id"]: each for each in self._found({own, *wanted}, {}, fields)}
        current = documents.pop(own, None)
        previous = None if current is None else self.as_seen(stored(current))
        found = {reference: _referred(each) for reference, each in documents.items()}
        return previous, self._ahead(wanted, found)

    def look_into(
        self, resource_type: str, references: Iterable[str]
    ) -> tuple[dict[str, StoredResource], Ahead]:
        """Look ahead, and give the versions of one type among what is referred to.

        Whether they may be seen is for `as_seen` to say, of each when it is used.
        """
        wanted = frozenset(references)
        bytes_of_type = {"b": {"$cond": [{"$eq": ["$y", resource_type]}, "$b", "$$REMOVE"]}}
        documents = self._found(wanted, {}, _fields(wanted) | _VERSION | bytes_of_type)
        own = {each["_id"]: stored(each) for each in documents if each["y"] == resource_type}
        return own, self._ahead(wanted, {each["_id"]: _referred(each) for each in documents})

    def as_seen(self, version: StoredResource) -> StoredResource | None:
        """Give a version as the principal may see it."""
        raise NotImplementedError

    def _ahead(self, wanted: frozenset[str], found: dict[str, Referred]) -> Ahead:
        seen = frozenset(found if self._free else self._visible(found))
        living = frozenset(each for each in seen if not found[each].deleted)
        return Ahead(living, seen, found, wanted)

    def existing(self, references: Iterable[str], *, deleted_too: bool = False) -> set[str]:
        """Give those of some references that lead to a resource that may be seen."""
        if self._free:
            return super().existing(references, deleted_too=deleted_too)
        found = self._referred(set(references))
        wanted = {ref: each for ref, each in found.items() if deleted_too or not each.deleted}
        return self._visible(wanted)

    def _referred(self, references: Collection[str]) -> dict[str, Referred]:
        found = self._found(references, {}, _fields(references))
        return {document["_id"]: _referred(document) for document in found}

    def _visible(self, found: Mapping[str, Referred]) -> set[str]:
        own = {reference: labels.read(each.labels) for reference, each in found.items()}
        self.access.know(
            labels.persons_of(
                (each, own[each].about) for each in own if not self.access.owns(own[each])
            )
        )
        seen = {each for each in found if self.access.sees_labelled(each, own[each])}
        return {each for each in seen if self._in_scope(each)}

    def _in_scope(self, reference: str) -> bool:
        """Tell whether the token's scopes cover a resource, where they ask about its content."""
        type_ = reference.partition("/")[0]
        wanted = self.access.scoped(type_)
        if wanted == EVERYTHING or not looks_inside(wanted):
            return True
        asked = every(HasId((reference,)), wanted)
        return Snapshot.count(self, Query((type_,), asked), 1) > 0


def _fields(references: Iterable[str]) -> dict[str, Any]:
    has_roles = any(each.startswith(f"{ROLE}/") for each in references)
    return _FIELDS | _TOKENS_OF_ROLES if has_roles else _FIELDS


def _referred(document: Document) -> Referred:
    tokens = tuple(document.get("t", ()))
    return Referred("del" in document, tuple(document.get("a", ())), tokens)
